//! `shop-pn-counter`: every city answers at once from what it knows.
//!
//! The stock is the total plus a PN-counter. A sale is decided on the local value, so two cities that
//! do not hear each other may both sell the last unit; the counter then shows how many units are
//! owed. Nothing is lost, nothing is counted twice, and all cities agree as soon as they hear each
//! other.
//!
//! A request is counted once, however often it arrives: its number is written with its entry
//! (`stock.rs`). The client never retries all the same, since a second request would be another one.

use super::front::Request;
use super::ledger::Amount;
use super::stock::{self, Stock};
use super::{SHARE, duration, faults, goals, inspector, shown, switches, total};
use crate::pn_counter::{self, Entry as Counted};
use simlab_core::{Arguments, BuildError, Entry, Env, Event, Fields, Outcome, Process, Value};

/// The available shop.
pub static ENTRY: Entry = Entry::server(
    "shop-pn-counter",
    "a shop whose cities answer at once from a counter merged by gossip (PN-counter)",
    build,
)
.parameters(&[
    SHARE,
    duration("gossip", "500ms", "how often a city tells all others what it knows"),
])
.dissector(stock::dissect)
.invariants(pn_counter::INVARIANTS)
.switches(switches::COUNTERS)
.goals(goals::COUNTERS)
.faults(&faults::COUNTERS)
.inspector(inspector::counters)
.account(stock::account);

/// A city's replica.
#[derive(Clone, Debug, Hash)]
struct Replica {
    total: u64,
    stock: Stock,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    Ok(Box::new(Replica { total: total(arguments)?, stock: Stock::new(arguments) }))
}

impl Process for Replica {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if let Some(request) = self.stock.on_event(event, env) {
            self.on_request(request, env);
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("total", shown(self.total));
        self.stock.inspect(view, |product, group| {
            group.int("stock", shown(self.total).saturating_add(self.stock.shown(product)));
        });
    }
}

impl Replica {
    fn on_request(&mut self, request: Request, env: &mut Env<'_>) {
        let Request { job, product, change, .. } = request;
        let Some(change) = change else {
            let left = shown(self.total).saturating_add(self.stock.shown(&product));
            return self.stock.reply(job, Outcome::Done(Value::Int(left)), env);
        };
        let (counted, done) = match change.amount {
            Amount::Sell(units) => {
                let left = shown(self.total).saturating_add(self.stock.counted(&product));
                let enough = left >= i64::from(units);
                (
                    Counted { increments: 0, decrements: if enough { units.into() } else { 0 } },
                    enough,
                )
            }
            Amount::TakeBack(units) => (Counted { increments: units.into(), decrements: 0 }, true),
        };
        let outcome = Outcome::Done(Value::Bool(done));
        self.stock.decide(job, (product, change), counted, outcome, env);
    }
}
