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

use super::front::Request;
use super::ledger::Amount;
use super::stock::{self, Stock};
use super::{SHARE, duration, faults, goals, inspector, shown, switches, total};
use crate::pn_counter::{self, Entry as Counted};
use simlab_core::{Arguments, BuildError, Entry, Env, Event, Fields, Outcome, Process, Value};

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
#[derive(Clone, Debug, Hash)]
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
        let Request { job, product, change, .. } = request;
        assert!(self.own(&product) >= 0, "a city never sells more than its share");
        let Some(change) = change else {
            let left = shown(self.total).saturating_add(self.stock.shown(&product));
            return self.stock.reply(job, Outcome::Done(Value::Int(left)), env);
        };
        let done = Outcome::Done(Value::Bool(true));
        let (counted, outcome) = match change.amount {
            Amount::Sell(units) if self.own(&product) >= i64::from(units) => {
                (Counted { increments: 0, decrements: units.into() }, done)
            }
            Amount::Sell(units) => {
                let all = shown(self.total).saturating_add(self.stock.counted(&product));
                if all >= i64::from(units) {
                    env.reached(goals::SHARE_USED_UP);
                }
                (Counted::default(), Outcome::NotDone(SHARE_TOO_SMALL.to_owned()))
            }
            Amount::TakeBack(units) => (Counted { increments: units.into(), decrements: 0 }, done),
        };
        self.stock.decide(job, (product, change), counted, outcome, env);
    }
}
