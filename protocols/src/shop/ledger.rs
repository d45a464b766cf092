//! The value that CASPaxos keeps for each product: what is left, and whose sales are in it.
//!
//! A proposer that was overtaken does not know whether its sale was lost or completed by another:
//! a later proposer finds the value under the highest ballot and goes on from there. When the first
//! one tries again it must see whether its sale is in the value already. Therefore the value carries
//! the numbers of the sales applied, by client ([`ByClient`]).
//!
//! A sale that found too little changes nothing and is not recorded. So 'the number is in' means: it
//! was sold or taken back, and whoever still waits for an answer is told `true`. (A number can also
//! be in because its client gave it up; then nobody waits.) A sold-out attempt that was overtaken is
//! decided anew: nobody was told yet.

use super::numbers::{ByClient, Full};
use simlab_core::NodeId;
use simlab_core::wire::{Decode, Encode, Reader, WireError};

/// What is left of a product, and the changes that led there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ledger {
    units: u64,
    applied: ByClient,
}

/// A client's wish to change the stock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// Who asks.
    pub client: NodeId,
    /// The number of the request among the client's.
    pub id: u64,
    /// Below this number the client waits for nothing any more.
    pub settled: u64,
    /// By how much.
    pub amount: Amount,
}

/// By how much a stock is to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Amount {
    /// So many units less, if there are as many.
    Sell(u32),
    /// So many units more.
    TakeBack(u32),
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is applied now.
    Applied,
    /// It was applied before; the ledger is unchanged.
    AppliedBefore,
    /// There is too little; the ledger is unchanged.
    SoldOut,
}

impl Ledger {
    /// A product of which nothing was sold yet.
    #[must_use]
    pub const fn new(units: u64) -> Self {
        Ledger { units, applied: ByClient::new() }
    }

    /// How many units are left.
    #[must_use]
    pub const fn units(&self) -> u64 {
        self.units
    }

    /// Whether there are as many units as a change takes.
    #[must_use]
    pub const fn covers(&self, amount: Amount) -> bool {
        match amount {
            Amount::Sell(units) => self.units >= units as u64,
            Amount::TakeBack(_) => true,
        }
    }

    /// Drops the record of the changes applied: to be used to see what that is good for.
    pub fn forget(&mut self) {
        self.applied = ByClient::new();
    }

    /// Whether a change is in it.
    #[must_use]
    pub fn contains(&self, client: NodeId, id: u64) -> bool {
        self.applied.contains(client, id)
    }

    /// Applies a change, once. The check of the stock is part of it: that is what makes a sale a
    /// conditional write, for which a majority register without consensus would not do.
    ///
    /// # Errors
    /// If there is no room for the number of the change; it is then not applied.
    pub fn apply(&mut self, change: &Change) -> Result<Verdict, Full> {
        self.apply_if(self.covers(change.amount), change)
    }

    /// Applies a change, once, if there is `enough`, whoever has found that out, and when: to be used
    /// to see what comes of a check that is no part of the write. What is not there is sold all the
    /// same; no less than nothing is left.
    ///
    /// # Errors
    /// If there is no room for the number of the change; it is then not applied.
    pub fn apply_if(&mut self, enough: bool, change: &Change) -> Result<Verdict, Full> {
        if self.contains(change.client, change.id) {
            return Ok(Verdict::AppliedBefore);
        }
        if !enough {
            return Ok(Verdict::SoldOut);
        }
        let left = match change.amount {
            Amount::Sell(units) => self.units.saturating_sub(units.into()),
            Amount::TakeBack(units) => self.units.saturating_add(units.into()),
        };
        self.applied.insert(change.client, change.id, change.settled)?;
        self.units = left;
        Ok(Verdict::Applied)
    }

    /// An encoded ledger in words.
    #[must_use]
    pub fn describe(bytes: &[u8]) -> String {
        match Ledger::from_bytes(bytes) {
            Ok(ledger) => format!("{} left", ledger.units),
            Err(_) => format!("{} bytes", bytes.len()),
        }
    }
}

impl Encode for Ledger {
    fn encode(&self, out: &mut Vec<u8>) {
        self.units.encode(out);
        self.applied.encode(out);
    }
}

impl Decode<'_> for Ledger {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Ledger { units: reader.u64()?, applied: ByClient::decode(reader)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::numbers::CLIENTS_MAX;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn change(client: u32, id: u64, settled: u64, amount: Amount) -> Change {
        Change { client: NodeId(client), id, settled, amount }
    }

    #[test]
    fn a_sale_is_applied_once() {
        let mut ledger = Ledger::new(10);
        let sale = change(5, 0, 0, Amount::Sell(10));
        assert_eq!(ledger.apply(&sale), Ok(Verdict::Applied));
        assert_eq!(ledger.apply(&sale), Ok(Verdict::AppliedBefore));
        assert_eq!(ledger.apply(&change(5, 1, 1, Amount::Sell(1))), Ok(Verdict::SoldOut));
        assert!(!ledger.contains(NodeId(5), 1));
        assert_eq!(ledger.apply(&change(6, 0, 0, Amount::TakeBack(1))), Ok(Verdict::Applied));
        assert_eq!(ledger.apply(&change(5, 1, 1, Amount::Sell(1))), Ok(Verdict::Applied));
        assert_eq!(ledger.units(), 0);
    }

    #[test]
    fn a_look_beforehand_sells_what_is_gone_by_then() {
        let mut ledger = Ledger::new(10);
        let sales = [5, 6].map(|client| change(client, 0, 0, Amount::Sell(10)));
        let enough = sales.each_ref().map(|sale| ledger.covers(sale.amount));
        for (enough, sale) in enough.into_iter().zip(&sales) {
            assert_eq!(ledger.apply_if(enough, sale), Ok(Verdict::Applied));
        }
        assert_eq!(ledger.units(), 0, "twenty of ten");
    }

    #[test]
    fn a_ledger_that_forgets_applies_a_sale_again() {
        let mut ledger = Ledger::new(10);
        let sale = change(5, 0, 0, Amount::Sell(4));
        for left in [6, 2] {
            assert_eq!(ledger.apply(&sale), Ok(Verdict::Applied));
            ledger.forget();
            assert_eq!(ledger.units(), left);
        }
    }

    #[test]
    fn what_a_client_gave_up_is_never_applied() {
        let mut ledger = Ledger::new(10);
        assert_eq!(ledger.apply(&change(5, 7, 7, Amount::Sell(1))), Ok(Verdict::Applied));
        assert_eq!(ledger.apply(&change(5, 6, 6, Amount::Sell(1))), Ok(Verdict::AppliedBefore));
        assert_eq!(ledger.units(), 9);
    }

    /// What one of a client's requests meets on its way.
    #[derive(Clone, Copy, Debug)]
    struct Fate {
        sell: bool,
        units: u32,
        lost: bool,
        copies: usize,
        late: usize,
    }

    fn fate() -> impl Strategy<Value = Fate> {
        (any::<bool>(), 0..5_u32, proptest::bool::weighted(0.2), 1..4_usize, 0..8_usize)
            .prop_map(|(sell, units, lost, copies, late)| Fate { sell, units, lost, copies, late })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Three clients with up to four requests under way each; requests are lost, come several
        /// times, late, and out of order, thousands of them. No number is applied twice, the stock
        /// is what the applied ones make it, and the ledger stays small.
        #[test]
        fn thousands_of_requests_leave_a_small_ledger(
            fates in proptest::collection::vec((0..3_u32, fate()), 3_000),
        ) {
            let mut ledger = Ledger::new(100);
            let mut applied = BTreeSet::new();
            let mut units: i64 = 100;
            let mut next = [0_u64; 3];
            // Copies on their way: those whose turn has come are handled.
            let mut under_way: Vec<(usize, Change)> = Vec::new();
            for (turn, (client, fate)) in fates.into_iter().enumerate() {
                let id = next[client as usize];
                next[client as usize] += 1;
                let amount =
                    if fate.sell { Amount::Sell(fate.units) } else { Amount::TakeBack(fate.units) };
                let change = change(client, id, id.saturating_sub(3), amount);
                let copies = if fate.lost { 0 } else { fate.copies };
                for copy in 0..copies {
                    under_way.push((turn + fate.late * copy, change.clone()));
                }
                let (now, later) = under_way.into_iter().partition(|(due, _)| *due <= turn);
                under_way = later;
                let now: Vec<(usize, Change)> = now;
                for (_, change) in now.into_iter().rev() {
                    let before = ledger.units();
                    match ledger.apply(&change) {
                        Ok(Verdict::Applied) => {
                            prop_assert!(applied.insert((change.client, change.id)));
                            units += match change.amount {
                                Amount::Sell(n) => -i64::from(n),
                                Amount::TakeBack(n) => i64::from(n),
                            };
                        }
                        Ok(_) => prop_assert_eq!(ledger.units(), before),
                        Err(Full) => prop_assert!(false, "four numbers find room"),
                    }
                }
                prop_assert_eq!(i64::try_from(ledger.units()), Ok(units));
                // 10 bytes, and for each client 14 and at most four numbers of 8.
                prop_assert!(ledger.to_bytes().len() <= 10 + 3 * (14 + 4 * 8));
            }
            prop_assert_eq!(Ledger::from_bytes(&ledger.to_bytes()), Ok(ledger));
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes: Vec<u8>) {
            if let Ok(ledger) = Ledger::from_bytes(&bytes) {
                prop_assert_eq!(ledger.to_bytes(), bytes.clone());
            }
            let _ = Ledger::describe(&bytes);
        }
    }

    #[test]
    fn a_ledger_has_room_for_so_many_clients() {
        let mut ledger = Ledger::new(0);
        for client in 0..CLIENTS_MAX as u32 {
            assert_eq!(ledger.apply(&change(client, 0, 0, Amount::Sell(0))), Ok(Verdict::Applied));
        }
        let one_more = change(CLIENTS_MAX as u32, 0, 0, Amount::Sell(0));
        assert_eq!(ledger.apply(&one_more), Err(Full));
        assert_eq!(ledger.apply(&change(0, 1, 0, Amount::Sell(0))), Ok(Verdict::Applied));
    }
}
