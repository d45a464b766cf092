//! Sets of request numbers that stay small.

use simlab_core::NodeId;
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_count};
use std::collections::{BTreeMap, BTreeSet};

/// How many clients a [`ByClient`] knows at most.
pub const CLIENTS_MAX: usize = 1_024;

/// How many numbers above the floor a set holds at most.
pub const ABOVE_MAX: usize = 1_024;

/// A set of one client's request numbers: all below a floor, and single ones above it.
///
/// A client numbers all its requests in one row, so the numbers that end up in one set (the sales
/// applied to one product, say) have holes: reads, requests for other products, requests that were
/// refused or lost. If the set only counted upwards, the first hole would stop the floor for ever.
/// Therefore each request says too below which number its client has *settled* everything, that is,
/// waits for nothing any more (Lee et al., "Implementing Linearizability at Large Scale and Low
/// Latency", 2015, §3.3, call it the first incomplete number). The floor is raised to it, which
/// fills the holes: a number below the floor was applied, *or its client has given it up*, and then
/// it must never be applied any more, however late a copy of its request arrives.
///
/// So the set holds at most as many single numbers as the client has requests under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Numbers {
    floor: u64,
    above: BTreeSet<u64>,
}

/// No room for another number above the floor, or for another client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Numbers {
    /// Whether `number` is in the set.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        number < self.floor || self.above.contains(&number)
    }

    /// Takes in all numbers below `floor`.
    pub fn settle(&mut self, floor: u64) {
        if floor > self.floor {
            self.floor = floor;
            self.above = self.above.split_off(&floor);
            self.rise();
        }
    }

    /// Takes in one number.
    ///
    /// # Errors
    /// If there is no room; the set is then unchanged.
    pub fn insert(&mut self, number: u64) -> Result<(), Full> {
        if self.contains(number) {
            return Ok(());
        }
        if self.above.len() >= ABOVE_MAX {
            return Err(Full);
        }
        self.above.insert(number);
        self.rise();
        Ok(())
    }

    /// The floor rises over the numbers that touch it.
    fn rise(&mut self) {
        while let Some(next) = self.floor.checked_add(1)
            && self.above.remove(&self.floor)
        {
            self.floor = next;
        }
    }
}

impl Encode for Numbers {
    fn encode(&self, out: &mut Vec<u8>) {
        self.floor.encode(out);
        put_count(out, self.above.len());
        for number in &self.above {
            number.encode(out);
        }
    }
}

/// Only what [`Encode`] can have written: numbers in order, above the floor, not too many. A set has
/// then one encoding, so that equal values are equal bytes.
impl Decode<'_> for Numbers {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let floor = reader.u64()?;
        let count = reader.count(8)?;
        if count > ABOVE_MAX {
            return Err(WireError::Range("count of numbers"));
        }
        let mut above = BTreeSet::new();
        let mut last = floor;
        for _ in 0..count {
            let number = reader.u64()?;
            if number <= last {
                return Err(WireError::Range("number"));
            }
            above.insert(number);
            last = number;
        }
        Ok(Numbers { floor, above })
    }
}

/// The request numbers of several clients: those that were acted on, and those that were given up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ByClient {
    clients: BTreeMap<NodeId, Numbers>,
}

impl ByClient {
    /// Without any.
    #[must_use]
    pub const fn new() -> Self {
        ByClient { clients: BTreeMap::new() }
    }

    /// Whether a client's number is in it.
    #[must_use]
    pub fn contains(&self, client: NodeId, number: u64) -> bool {
        self.clients.get(&client).is_some_and(|numbers| numbers.contains(number))
    }

    /// Takes in a client's number, and all below `settled`, for which it waits no more.
    ///
    /// # Errors
    /// If there is no room; the number is then not in it.
    pub fn insert(&mut self, client: NodeId, number: u64, settled: u64) -> Result<(), Full> {
        if !self.clients.contains_key(&client) && self.clients.len() >= CLIENTS_MAX {
            return Err(Full);
        }
        let numbers = self.clients.entry(client).or_default();
        // A client that waits for a number cannot have given it up, whatever a damaged request says.
        numbers.settle(settled.min(number));
        numbers.insert(number)
    }
}

impl Encode for ByClient {
    fn encode(&self, out: &mut Vec<u8>) {
        put_count(out, self.clients.len());
        for (client, numbers) in &self.clients {
            out.extend(client.0.to_be_bytes());
            numbers.encode(out);
        }
    }
}

impl Decode<'_> for ByClient {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let count = reader.count(14)?;
        if count > CLIENTS_MAX {
            return Err(WireError::Range("count of clients"));
        }
        let mut clients = BTreeMap::new();
        for _ in 0..count {
            let client = NodeId(reader.u32()?);
            if clients.last_key_value().is_some_and(|(last, _)| *last >= client) {
                return Err(WireError::Range("client"));
            }
            clients.insert(client, Numbers::decode(reader)?);
        }
        Ok(ByClient { clients })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64),
        Settle(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..60_u64).prop_map(Step::Insert),
            1 => (0..60_u64).prop_map(Step::Settle),
        ];
        proptest::collection::vec(step, 0..80)
    }

    proptest! {
        /// Against the plain set that it stands for.
        #[test]
        fn it_is_the_set_that_it_stands_for(steps in steps()) {
            let (mut numbers, mut model) = (Numbers::default(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Insert(n) => {
                        prop_assert_eq!(numbers.insert(n), Ok(()));
                        model.insert(n);
                    }
                    Step::Settle(floor) => {
                        numbers.settle(floor);
                        model.extend(0..floor);
                    }
                }
                for n in 0..61 {
                    prop_assert_eq!(numbers.contains(n), model.contains(&n));
                }
                prop_assert_eq!(Numbers::from_bytes(&numbers.to_bytes()), Ok(numbers.clone()));
                // Nothing above touches the floor: the encoding is the shortest there is.
                prop_assert!(!numbers.above.contains(&numbers.floor));
            }
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes: Vec<u8>) {
            if let Ok(numbers) = Numbers::from_bytes(&bytes) {
                prop_assert_eq!(numbers.to_bytes(), bytes.clone());
            }
            if let Ok(clients) = ByClient::from_bytes(&bytes) {
                prop_assert_eq!(clients.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn both_sides_of_every_bound() {
        let mut numbers = Numbers::default();
        for n in 0..ABOVE_MAX as u64 {
            assert_eq!(numbers.insert(2 * n + 1), Ok(()));
        }
        assert_eq!(numbers.insert(9_999), Err(Full));
        assert_eq!(numbers.insert(1), Ok(()), "a number that it holds takes no room");
        numbers.settle(2); // 0 and 1, and so the floor
        assert_eq!(numbers.insert(9_999), Ok(()));
        numbers.settle(u64::MAX);
        assert_eq!(numbers.insert(u64::MAX), Ok(()));
        assert!(numbers.contains(u64::MAX));
    }
}
