//! The state machine of [`shop-raft`](super::replicated): a ledger for each product, and which requests were decided.
//!
//! A request may be in the log twice: the replica that asks the leader asks again when nothing comes of it. What was
//! decided at its first copy stays so. A ledger knows the sales that are in it, but not those that found too little; a
//! second copy of one of these would be decided anew, when somebody was told already that there is too little.

use super::ledger::{Amount, Change, Ledger, Verdict};
use super::numbers::ByClient;
use crate::raft::machine::Machine;
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_bytes, put_count};
use simlab_core::{Digest, NodeId};
use std::collections::BTreeMap;
use std::fmt;

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Command {
    /// The replica whose customer waits for it, in which of its lives, and under which number.
    pub(super) origin: NodeId,
    pub(super) life: u32,
    pub(super) number: u64,
    pub(super) product: String,
    /// What is to be changed, or nothing if that is to be told which is left.
    pub(super) change: Option<Change>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Decided {
    /// Whose it is, as in the command; `None` if it was none.
    pub(super) of: Option<(NodeId, u32, u64)>,
    pub(super) came: Came,
}

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Came {
    /// So many units are left.
    Left(u64),
    /// It is done; or not, since there is too little.
    Done(bool),
    /// There is no room for its number: certainly not done.
    NoRoom,
    /// It was no command.
    Unreadable,
}

/// The ledgers of a shop.
#[derive(Clone, Debug, Hash)]
pub(super) struct Books {
    /// What there is of each product before the first sale.
    total: u64,
    ledgers: BTreeMap<String, Ledger>,
    decided: ByClient,
}

impl Books {
    pub(super) const fn new(total: u64) -> Self {
        Books { total, ledgers: BTreeMap::new(), decided: ByClient::new() }
    }

    /// The products of which something was asked, and what is left of each.
    pub(super) fn stocks(&self) -> impl Iterator<Item = (&str, u64)> {
        self.ledgers.iter().map(|(product, ledger)| (product.as_str(), ledger.units()))
    }

    fn change(&mut self, product: &str, change: &Change) -> Came {
        let Change { client, id, settled, .. } = *change;
        let ledger =
            self.ledgers.entry(product.to_owned()).or_insert_with(|| Ledger::new(self.total));
        if self.decided.contains(client, id) {
            return Came::Done(ledger.contains(client, id));
        }
        if self.decided.insert(client, id, settled).is_err() {
            return Came::NoRoom;
        }
        match ledger.apply(change) {
            Ok(verdict) => Came::Done(verdict != Verdict::SoldOut),
            Err(_) => Came::NoRoom,
        }
    }
}

impl Machine for Books {
    type Answer = Decided;

    fn apply(&mut self, _: u64, command: &[u8]) -> Decided {
        let Ok(Command { origin, life, number, product, change }) = Command::from_bytes(command)
        else {
            return Decided { of: None, came: Came::Unreadable };
        };
        let came = match &change {
            Some(change) => self.change(&product, change),
            None => Came::Left(self.ledgers.get(&product).map_or(self.total, Ledger::units)),
        };
        Decided { of: Some((origin, life, number)), came }
    }

    fn digest(&self) -> u64 {
        Digest::of(&self.snapshot())
    }

    fn snapshot(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_count(&mut out, self.ledgers.len());
        for (product, ledger) in &self.ledgers {
            put_bytes(&mut out, product.as_bytes());
            ledger.encode(&mut out);
        }
        self.decided.encode(&mut out);
        out
    }

    fn restore(&mut self, snapshot: &[u8]) -> bool {
        let mut reader = Reader::new(snapshot);
        match (read(&mut reader), reader.finish()) {
            (Ok((ledgers, decided)), Ok(())) => {
                (self.ledgers, self.decided) = (ledgers, decided);
                true
            }
            _ => false,
        }
    }
}

fn read(reader: &mut Reader<'_>) -> Result<(BTreeMap<String, Ledger>, ByClient), WireError> {
    let mut ledgers = BTreeMap::new();
    for _ in 0..reader.count(1)? {
        let (product, ledger) = (reader.str()?.to_owned(), Ledger::decode(reader)?);
        if ledgers.last_key_value().is_some_and(|(last, _)| *last >= product) {
            return Err(WireError::Range("products"));
        }
        ledgers.insert(product, ledger);
    }
    Ok((ledgers, ByClient::decode(reader)?))
}

impl Encode for Command {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.origin.0.to_be_bytes());
        out.extend(self.life.to_be_bytes());
        out.extend(self.number.to_be_bytes());
        put_bytes(out, self.product.as_bytes());
        let Some(Change { client, id, settled, amount }) = &self.change else { return out.push(0) };
        let (tag, units) = match amount {
            Amount::Sell(units) => (1, units),
            Amount::TakeBack(units) => (2, units),
        };
        out.push(tag);
        out.extend(units.to_be_bytes());
        out.extend(client.0.to_be_bytes());
        out.extend(id.to_be_bytes());
        out.extend(settled.to_be_bytes());
    }
}

impl Decode<'_> for Command {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let (origin, life, number) = (NodeId(reader.u32()?), reader.u32()?, reader.u64()?);
        let product = reader.str()?.to_owned();
        let amount = match reader.u8()? {
            0 => None,
            1 => Some(Amount::Sell(reader.u32()?)),
            2 => Some(Amount::TakeBack(reader.u32()?)),
            tag => return Err(WireError::Tag { what: "change", tag }),
        };
        let change = match amount {
            Some(amount) => {
                let (client, id, settled) = (NodeId(reader.u32()?), reader.u64()?, reader.u64()?);
                Some(Change { client, id, settled, amount })
            }
            None => None,
        };
        Ok(Command { origin, life, number, product, change })
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Command { origin, number, product, change, .. } = self;
        let call = match change.as_ref().map(|change| change.amount) {
            None => simlab_core::Call::Read,
            Some(Amount::Sell(units)) => simlab_core::Call::Sell(units),
            Some(Amount::TakeBack(units)) => simlab_core::Call::TakeBack(units),
        };
        write!(f, "{product} {call} ({origin}/{number})")
    }
}

/// An entry in words.
pub(super) fn describe(command: &[u8]) -> String {
    match Command::from_bytes(command) {
        Ok(command) => command.to_string(),
        Err(_) => format!("{} bytes", command.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sell(id: u64, units: u32) -> Vec<u8> {
        let change = Change { client: NodeId(7), id, settled: 0, amount: Amount::Sell(units) };
        let change = Some(change);
        Command { origin: NodeId(1), life: 0, number: id, product: "phone".into(), change }
            .to_bytes()
    }

    fn back(id: u64, units: u32) -> Vec<u8> {
        let change = Change { client: NodeId(7), id, settled: 0, amount: Amount::TakeBack(units) };
        let change = Some(change);
        Command { origin: NodeId(1), life: 0, number: id, product: "phone".into(), change }
            .to_bytes()
    }

    fn look() -> Vec<u8> {
        let product = "phone".to_owned();
        Command { origin: NodeId(2), life: 3, number: 9, product, change: None }.to_bytes()
    }

    #[test]
    fn a_request_is_decided_once() {
        let mut books = Books::new(10);
        assert_eq!(books.apply(1, &sell(0, 4)).came, Came::Done(true));
        assert_eq!(books.apply(2, &sell(0, 4)).came, Came::Done(true), "a second copy");
        assert_eq!(books.apply(3, &sell(1, 9)).came, Came::Done(false));
        assert_eq!(books.apply(4, &back(2, 5)).came, Came::Done(true));
        assert_eq!(
            books.apply(5, &sell(1, 9)).came,
            Came::Done(false),
            "it was told that there is too little"
        );
        let left = Decided { of: Some((NodeId(2), 3, 9)), came: Came::Left(11) };
        assert_eq!(books.apply(6, &look()), left);
        assert_eq!(books.apply(7, b"what"), Decided { of: None, came: Came::Unreadable });
    }

    #[test]
    fn a_snapshot_is_all_of_it() {
        let mut books = Books::new(10);
        books.apply(1, &sell(0, 4));
        books.apply(2, &sell(1, 9));
        let mut other = Books::new(10);
        assert!(other.restore(&books.snapshot()));
        assert_eq!(other.digest(), books.digest());
        assert_eq!(other.apply(3, &sell(1, 1)).came, Came::Done(false));
        assert!(!other.restore(b"what") && other.digest() == books.digest());
    }

    #[test]
    fn entries_in_words() {
        assert_eq!(describe(&sell(4, 2)), "phone sell 2 (n1/4)");
        assert_eq!(describe(&look()), "phone read (n2/9)");
        assert_eq!(describe(b"what"), "4 bytes");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let mut books = Books::new(10);
            books.apply(1, &bytes);
            books.restore(&bytes);
            if let Ok(command) = Command::from_bytes(&bytes) {
                prop_assert_eq!(command.to_bytes(), bytes);
            }
        }
    }
}
