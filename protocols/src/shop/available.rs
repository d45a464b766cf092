//! `shop-pn-counter`: every city answers at once from what it knows.
//!
//! The stock is the total plus a PN-counter. A sale is decided on the local value, so two cities that
//! do not hear each other may both sell the last unit; the counter then shows how many units are
//! owed. Nothing is lost, nothing is counted twice, and all cities agree as soon as they hear each
//! other.
//!
//! A request is counted once, however often it arrives: its number is written with its entry
//! (`stock.rs`). The client never retries all the same, since a second request would be another one.

use super::ledger::Amount;
use super::stock::{self, Request, Stock};
use super::{SHARE, duration, faults, goals, inspector, reply, shown, switches, total};
use crate::pn_counter::{self, Entry as Counted};
use simlab_core::{
    Arguments, BuildError, Call, Entry, Env, Event, Fields, Outcome, Process, Value,
};

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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
        let product = &request.operation.object;
        let (change, done) = match (Amount::of(&request.operation.call), &request.operation.call) {
            (Some(Amount::Sell(units)), _) => {
                let left = shown(self.total).saturating_add(self.stock.counted(product));
                let enough = left >= i64::from(units);
                (
                    Counted { increments: 0, decrements: if enough { units.into() } else { 0 } },
                    enough,
                )
            }
            (Some(Amount::TakeBack(units)), _) => {
                (Counted { increments: units.into(), decrements: 0 }, true)
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
        self.stock.decide(request, change, Outcome::Done(Value::Bool(done)), env);
    }
}
