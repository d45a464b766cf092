//! Holder and granter by hand: what they say, and when they stop.

use super::message::Message;
use super::{GRANTER, HOLDER};
use simlab_core::wire::{Decode, Encode};
use simlab_core::{
    Argument, Arguments, Counters, Duration, Effect, Env, Event, Member, Moment, NoDisk, NodeId,
    Outbox, Process, Ratio, Scope, Seeded, Time,
};
use std::collections::BTreeMap;

const GRANTS: NodeId = NodeId(0);
const ALICE: NodeId = NodeId(1);
const BOB: NodeId = NodeId(2);

/// One of the two, alone, with a clock that the test sets.
struct Alone {
    process: Box<dyn Process>,
    me: NodeId,
    life: u32,
    counters: Counters,
}

impl Alone {
    fn new(me: NodeId) -> Self {
        let member = |id: NodeId, service, arguments: Vec<(&'static str, Argument)>| {
            let arguments: BTreeMap<_, _> = arguments.into_iter().collect();
            Member { id, name: id.to_string(), site: None, service, arguments, stack: Vec::new() }
        };
        let holder = |id| {
            let tenth = Ratio::new(1, 10).expect("a ratio");
            member(
                id,
                HOLDER.name,
                vec![
                    ("granter", Argument::Node(GRANTS)),
                    ("every", Argument::Duration(Duration::from_millis(20))),
                    ("margin", Argument::Probability(tenth)),
                ],
            )
        };
        let term = ("term", Argument::Duration(Duration::from_secs(2)));
        let roster = [member(GRANTS, GRANTER.name, vec![term]), holder(ALICE), holder(BOB)];
        let arguments = Arguments { me, roster: &roster, objects: &[], switches: &[] };
        let entry = if me == GRANTS { &GRANTER } else { &HOLDER };
        let process = (entry.build)(&arguments).expect("good arguments");
        Alone { process, me, life: 0, counters: Counters::default() }
    }

    /// Handles an event at a time and returns what it sends.
    fn at(&mut self, ms: u64, event: Event<'_>) -> Vec<Message> {
        let now = Time::ZERO + Duration::from_millis(ms);
        let moment = Moment { me: self.me, now, wall: now, life: self.life };
        let (mut out, mut seeded) = (Outbox::new(), Seeded::new(1));
        let mut env = Env::new(moment, &mut out, &mut self.counters, &mut seeded, &NoDisk);
        self.process.on_event(event, &mut env);
        let sent = out.effects().iter().flat_map(|effect| match effect {
            Effect::Send { to, payload } => vec![out.bytes(*payload); out.receivers(*to).len()],
            _ => Vec::new(),
        });
        sent.map(|bytes| Message::from_bytes(bytes).expect("our own message")).collect()
    }

    fn told(&mut self, ms: u64, from: NodeId, message: Message) -> Vec<Message> {
        self.at(ms, Event::Datagram { from, bytes: &message.to_bytes() })
    }

    fn turn(&mut self, ms: u64) -> Vec<Message> {
        self.at(ms, Event::Timer { scope: Scope::ROOT, key: 0 })
    }

    fn shown(&self, field: &str) -> Option<i64> {
        let mut fields = simlab_core::Fields::new();
        self.process.inspect(&mut fields);
        fields.get_int(&[field])
    }
}

fn granted(id: u64, lease: u64) -> Message {
    Message::Granted { id, lease, term: Duration::from_secs(2) }
}

#[test]
fn one_at_a_time_has_the_lease_and_may_renew_it() {
    let mut granter = Alone::new(GRANTS);
    granter.at(0, Event::Start);
    let ask = |id| Message::Request { id };
    assert_eq!(granter.told(0, ALICE, ask(1)), [granted(1, 1)]);
    assert_eq!(granter.told(1_000, BOB, ask(1)), [Message::Refused { id: 1 }]);
    assert_eq!(granter.told(1_000, ALICE, ask(2)), [granted(2, 1)]);
    assert_eq!(granter.told(2_999, BOB, ask(2)), [Message::Refused { id: 2 }]);
    assert_eq!(granter.told(3_000, BOB, ask(3)), [granted(3, 2)]);
}

#[test]
fn a_granter_that_restarts_lets_a_term_pass() {
    let mut granter = Alone::new(GRANTS);
    granter.life = 1;
    granter.at(5_000, Event::Start);
    let ask = |id| Message::Request { id };
    assert_eq!(granter.told(6_999, ALICE, ask(1)), [Message::Refused { id: 1 }]);
    // Its numbers are above all of the earlier life.
    assert_eq!(granter.told(7_000, ALICE, ask(2)), [granted(2, (1 << 32) + 1)]);
}

#[test]
fn a_holder_counts_from_its_request_and_stops_the_margin_early() {
    let mut alice = Alone::new(ALICE);
    assert_eq!(alice.at(100, Event::Start), [Message::Request { id: 1 }]);
    alice.told(500, GRANTS, granted(1, 1));
    assert_eq!(alice.shown("acted"), Some(1));
    // 1.8 s after the request, not after the answer.
    alice.turn(1_899);
    assert_eq!((alice.shown("acted"), alice.shown("lease")), (Some(2), Some(1)));
    alice.turn(1_900);
    assert_eq!((alice.shown("acted"), alice.shown("lease")), (Some(2), None));
}

#[test]
fn an_answer_that_comes_late_counts_from_its_own_request() {
    let mut alice = Alone::new(ALICE);
    alice.at(0, Event::Start);
    for ms in (20..1_000).step_by(20) {
        assert_eq!(alice.turn(ms).len(), 1, "it asks again");
    }
    // Requests 1 to 50 are open; of the first ones nothing is remembered.
    alice.told(1_000, GRANTS, granted(1, 1));
    assert_eq!(alice.shown("lease"), None);
    alice.told(1_000, GRANTS, granted(50, 1));
    alice.told(1_000, GRANTS, granted(40, 1));
    alice.turn(980 + 1_799);
    assert_eq!(alice.shown("lease"), Some(1), "the older answer does not shorten the lease");
    // A second copy of an answer is nothing new.
    alice.told(980 + 1_800, GRANTS, granted(50, 1));
    alice.turn(980 + 1_800);
    assert_eq!(alice.shown("lease"), None);
}

#[test]
fn damaged_and_foreign_messages_change_nothing() {
    let mut alice = Alone::new(ALICE);
    alice.at(0, Event::Start);
    assert!(alice.told(1, BOB, granted(1, 1)).is_empty());
    assert!(alice.at(1, Event::Datagram { from: GRANTS, bytes: &[2, 0] }).is_empty());
    assert_eq!(alice.shown("lease"), None);
}
