//! `shop-escrow`: every city sells what it holds itself, and asks nobody.
//!
//! The escrow method (O'Neil, "The Escrow Transactional Method", 1986) splits a quantity into shares
//! that can be used up independently; Barbará and Garcia-Molina ("The Demarcation Protocol", 1994)
//! keep a global bound by local ones in the same way. The stock is never below zero, because no share
//! is:
//!
//! ```text
//!   own share = share + units taken back here − units sold here   ≥ 0, always
//!   stock     = sum of the own shares                              ≥ 0
//! ```
//!
//! What a city cannot serve from its own share it refuses, although others may hold enough: a
//! definite 'not done', not 'sold out'. (Shares are not moved between cities here; that would take
//! a transfer that is neither lost nor made twice.) Reads tell the own share exactly and the others
//! as last heard, so they may be stale.
//!
//! As in [`available`](super::available), a request that arrives twice is counted once.

use super::ledger::Amount;
use super::stock::{self, Request, Stock};
use super::{SHARE, duration, faults, goals, inspector, reply, shown, switches, total};
use crate::pn_counter::{self, Entry as Counted};
use simlab_core::{
    Arguments, BuildError, Call, Entry, Env, Event, Fields, Outcome, Process, Value,
};

/// The shop with divided shares.
pub static ENTRY: Entry = Entry::server(
    "shop-escrow",
    "a shop whose cities sell their own share only, without asking (escrow)",
    build,
)
.parameters(&[
    SHARE,
    duration("gossip", "500ms", "how often a city tells all others what it knows"),
])
.dissector(stock::dissect)
.invariants(pn_counter::INVARIANTS)
.switches(switches::COUNTERS)
.goals(goals::ESCROW)
.faults(&faults::COUNTERS)
.inspector(inspector::counters)
.account(stock::account);

const SHARE_TOO_SMALL: &str = "refused: this city's share is too small";

/// A city's replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Replica {
    total: u64,
    share: u64,
    stock: Stock,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let stock = Stock::new(arguments);
    Ok(Box::new(Replica { total: total(arguments)?, share: arguments.count("share"), stock }))
}

impl Process for Replica {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if let Some(request) = self.stock.on_event(event, env) {
            self.on_request(request, env);
        }
        // No city sells more than its share, so a file that says so is not what this city wrote.
        if event == Event::Start && self.stock.products().any(|product| self.own(product) < 0) {
            env.note("disk unreadable", 0, 0);
            env.halt();
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("total", shown(self.total));
        view.int("share", shown(self.share));
        self.stock.inspect(view, |product, group| {
            group.int("stock", shown(self.total).saturating_add(self.stock.shown(product)));
            group.int("own", self.own(product));
        });
    }
}

impl Replica {
    /// What this city may still sell.
    fn own(&self, product: &str) -> i64 {
        let Counted { increments, decrements } = self.stock.own(product);
        shown(self.share.saturating_add(increments)).saturating_sub(shown(decrements))
    }

    fn on_request(&mut self, request: Request, env: &mut Env<'_>) {
        let product = &request.operation.object;
        assert!(self.own(product) >= 0, "a city never sells more than its share");
        let done = Outcome::Done(Value::Bool(true));
        let (change, outcome) = match (Amount::of(&request.operation.call), &request.operation.call)
        {
            (Some(Amount::Sell(units)), _) if self.own(product) >= i64::from(units) => {
                (Counted { increments: 0, decrements: units.into() }, done)
            }
            (Some(Amount::Sell(units)), _) => {
                let all = shown(self.total).saturating_add(self.stock.counted(product));
                if all >= i64::from(units) {
                    env.reached(goals::SHARE_USED_UP);
                }
                (Counted::default(), Outcome::NotDone(SHARE_TOO_SMALL.to_owned()))
            }
            (Some(Amount::TakeBack(units)), _) => {
                (Counted { increments: units.into(), decrements: 0 }, done)
            }
            (None, Call::Read) => {
                let left = shown(self.total).saturating_add(self.stock.shown(product));
                return reply(env, request.client, request.id, Outcome::Done(Value::Int(left)));
            }
            (None, _) => {
                let outcome = Outcome::NotDone(super::NO_SUCH_CALL.to_owned());
                return reply(env, request.client, request.id, outcome);
            }
        };
        self.stock.decide(request, change, outcome, env);
    }
}
