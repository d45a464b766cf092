//! `shop-raft`: every city has all the books, and one of them leads.
//!
//! ```text
//!  customer ─request─▶ replica ──the same, if another leads──▶ leader: into the log
//!                        ▲                                        │ Raft: to a majority
//!                        └──────── applied here, in the order of the log ◀┘
//!  customer ◀─reply────  answered by the replica that was asked
//! ```
//!
//! Reads go through the log as well: what is left is what was left at one place of it.
//!
//! **Asked again.** A replica of which the leader is gone, or whose request was lost on the way, asks whoever leads
//! then. The log may then have a request twice; the state machine decides it once (`books.rs`).
//!
//! **Deadline.** A request that has no answer by then is refused if it was never given to anybody, so that it is in no
//! log; so is a read, which changes nothing. Otherwise the answer is 'unknown': it may be in a log that becomes everybody's,
//! now or when a cut is healed. A change that is refused stays so if a second copy of its request comes (`requests.rs`).

use super::books::{self, Books, Came, Command, Decided};
use super::front::{self, Front, Request};
use super::numbers::Full;
use super::requests::{Answer, Requests};
use super::{
    ASKED, RAFT, REQUESTS, SHARE, arm, count, duration, faults, group, inspector, shown, timeout,
    total,
};
use crate::dissect::Walk;
use crate::raft::config::Config;
use crate::raft::configuration::Configuration;
use crate::raft::{self, Output, Raft, Refused};
use crate::rpc;
use crate::rpc::message::CallId;
use crate::rpc::server::monitor::JobId;
use simlab_core::wire::{Decode, Encode, Reader};
use simlab_core::{
    Arguments, BuildError, Dissection, Duration, Entry, Env, Event, FieldValue, Fields, NodeId,
    Outcome, Process, Ticket, Value,
};
use std::collections::{BTreeMap, BTreeSet};

/// The replicated shop.
pub static ENTRY: Entry = Entry::server(
    "shop-raft",
    "a shop whose cities apply one log in the same order, kept by a leader (Raft)",
    build,
)
.parameters(&[
    SHARE,
    timeout("deadline", "1s", "after this time a request without an answer is refused, or unknown"),
    duration("retransmit", "250ms", "how often the leader is asked again"),
    duration(
        "election",
        "500ms",
        "the shortest election time-out; each is drawn from this to twice of it",
    ),
    duration("heartbeat", "100ms", "how often a leader says that it is there"),
])
.dissector(dissect)
.invariants(raft::INVARIANTS)
.faults(&faults::REPLICATED)
.inspector(inspector::replicated)
.account(account);

/// How many requests may wait at a replica. Beyond that they are refused at once.
const WAITING_MAX: usize = 1_024;

/// How long the name of a product may be, in bytes.
const NAME_MAX: usize = 255;

const NOBODY_LEADS: &str = "refused: nobody led in time";
const OVERLOADED: &str = "refused: too many requests are waiting";
const NO_SUCH_NAME: &str = "refused: the product's name is too long";
const NO_ROOM: &str = "refused: the books have no room for this request's number";
const NO_ANSWER: &str = "refused: no answer in time";
const NO_RECORD: &str = "too many requests of this client are under way";
const IN_DOUBT: &str = "it is in a leader's log, perhaps, but was not applied here in time";

/// A request that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending {
    job: JobId,
    client: NodeId,
    call: CallId,
    command: Command,
    /// The sync that makes its record durable, if it changes something.
    recorded: Option<Ticket>,
    /// Whether it was ever given to a leader, be it this replica itself.
    given: bool,
    /// The term in which this replica put it into its own log.
    proposed: Option<u64>,
}

/// A city's replica.
#[derive(Clone, Debug, Hash)]
struct Replica {
    front: Front,
    total: u64,
    deadline: Duration,
    retransmit: Duration,
    peers: BTreeSet<NodeId>,
    raft: Raft<Books>,
    requests: Requests,
    /// The requests, by their number in this life.
    waiting: BTreeMap<u64, Pending>,
    number: u64,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let config = Config {
        election: arguments.duration("election"),
        heartbeat: arguments.duration("heartbeat"),
        // No read relies on a lease, so nobody has to keep silent after a restart.
        leases: false,
        ..Config::default()
    };
    let Config { heartbeat, election, .. } = config;
    if heartbeat.nanos() == 0 || heartbeat >= election {
        let message = format!(
            "`heartbeat` is more than nothing, and less than `election`, the shortest election time-out: not {heartbeat} where that is {election}"
        );
        return Err(BuildError { parameter: Some("heartbeat"), message });
    }
    let total = total(arguments)?;
    let initial = Configuration::of(arguments.group().map(|member| member.id));
    Ok(Box::new(Replica {
        front: Front::new(),
        total,
        deadline: arguments.duration("deadline"),
        retransmit: arguments.duration("retransmit"),
        peers: arguments.peers().into_iter().collect(),
        raft: Raft::new(arguments.me, arguments.peers(), initial, config, Books::new(total)),
        requests: Requests::new(),
        waiting: BTreeMap::new(),
        number: 0,
    }))
}

/// The timers of a request: when it is too late for it, and when the leader is asked again.
const fn late(number: u64) -> u64 {
    2 * number
}

const fn again(number: u64) -> u64 {
    2 * number + 1
}

impl Process for Replica {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if event == Event::Start {
            self.requests.on_event(event, &mut env.at(REQUESTS));
            let outputs = self.raft.on_event(event, &mut env.at(RAFT));
            return self.on_outputs(outputs, env);
        }
        match event.peel() {
            (Some(rpc::PORT), event) => {
                if let Some(request) = self.front.on_event(event, &mut env.at(rpc::PORT)) {
                    self.on_request(request, env);
                }
            }
            (Some(RAFT), event) => {
                let outputs = self.raft.on_event(event, &mut env.at(RAFT));
                self.on_outputs(outputs, env);
            }
            (Some(ASKED), Event::Datagram { from, bytes }) => self.on_asked(from, bytes, env),
            (Some(REQUESTS), event) => {
                let answers = self.requests.on_event(event, &mut env.at(REQUESTS));
                for Answer { job, outcome } in answers {
                    self.front.reply(job, outcome, env);
                }
            }
            (None, Event::Timer { key, .. }) if key % 2 == 0 => self.on_deadline(key / 2, env),
            (None, Event::Timer { key, .. }) => self.ask(key / 2, env),
            (_, Event::Datagram { from, bytes }) => {
                env.note("bad datagram", from.0.into(), bytes.len() as u64);
            }
            (_, Event::Command { bytes }) => env.note("bad command", 0, bytes.len() as u64),
            (_, Event::Start | Event::Timer { .. } | Event::Synced { .. }) => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        self.raft.inspect(view);
        view.int("total", shown(self.total));
        view.int("replicas", self.peers.len() as i64 + 1);
        let answers = match self.waiting.len() {
            0 => None,
            waiting => Some(format!("the leader, with {}", count(waiting, "request"))),
        };
        let disk = match self.requests.unsynced() {
            0 => None,
            answers => Some(format!("the disk, with {}", count(answers, "answer"))),
        };
        let waiting: Vec<String> =
            answers.into_iter().chain(disk).chain(self.raft.waits_for()).collect();
        if !waiting.is_empty() {
            view.text("waiting", waiting.join("; "));
        }
        for (product, units) in self.raft.machine().stocks() {
            view.group(product, |group| group.int("stock", shown(units)));
        }
    }
}

impl Replica {
    fn on_request(&mut self, request: Request, env: &mut Env<'_>) {
        let Request { job, client, call, product, change } = request;
        // It is never done whichever copy of the request arrives, so no record is needed.
        if product.len() > NAME_MAX {
            return self.front.reply(job, Outcome::NotDone(NO_SUCH_NAME.to_owned()), env);
        }
        let recorded = match &change {
            Some(change) => {
                let (id, settled) = (change.id, change.settled);
                match self.requests.take(client, id, settled, &mut env.at(REQUESTS)) {
                    Ok(Some(ticket)) => Some(ticket),
                    Ok(None) => return self.ignore(job, client, id, env),
                    // A copy of it may find room later, so this is no definite no.
                    Err(Full) => {
                        return self.front.reply(job, Outcome::Unknown(NO_RECORD.to_owned()), env);
                    }
                }
            }
            None if self
                .waiting
                .values()
                .any(|other| (other.client, other.call) == (client, call)) =>
            {
                return self.ignore(job, client, call.0, env);
            }
            None => None,
        };
        if self.waiting.len() >= WAITING_MAX {
            let outcome = Outcome::NotDone(OVERLOADED.to_owned());
            return self.answer(recorded, Answer { job, outcome }, env);
        }
        self.number += 1;
        let (origin, life, number) = (env.me(), env.life(), self.number);
        let command = Command { origin, life, number, product, change };
        let (given, proposed) = (false, None);
        let pending = Pending { job, client, call, command, recorded, given, proposed };
        self.waiting.insert(number, pending);
        arm(env, late(number), self.deadline);
        self.ask(number, env);
    }

    /// A second copy of a request.
    fn ignore(&mut self, job: JobId, client: NodeId, number: u64, env: &mut Env<'_>) {
        env.note("second copy of a request", client.0.into(), number);
        self.front.ignore(job, env);
    }

    /// Puts a request into the log, or asks who leads to do so; and again in a while.
    fn ask(&mut self, number: u64, env: &mut Env<'_>) {
        let Some(pending) = self.waiting.get_mut(&number) else { return };
        env.set_timer(again(number), self.retransmit);
        let term = self.raft.term();
        if self.raft.leads() && pending.proposed == Some(term) {
            // It is in the log of this term's leader, which sends it until the others have it.
            return;
        }
        match self.raft.propose(pending.command.to_bytes(), &mut env.at(RAFT)) {
            Ok(_) => (pending.given, pending.proposed) = (true, Some(term)),
            Err(Refused::NotLeader(Some(leader)) | Refused::GivingWay(leader)) => {
                pending.given = true;
                env.at(ASKED).send(leader, &pending.command);
            }
            // Nobody leads.
            Err(_) => {}
        }
        let outputs = self.raft.finish(&mut env.at(RAFT));
        self.on_outputs(outputs, env);
    }

    /// Another replica takes this one for the leader. If it is wrong it asks again.
    fn on_asked(&mut self, from: NodeId, bytes: &[u8], env: &mut Env<'_>) {
        if !self.peers.contains(&from) || Command::from_bytes(bytes).is_err() {
            return env.note("bad datagram", from.0.into(), bytes.len() as u64);
        }
        if self.raft.propose(bytes.to_vec(), &mut env.at(RAFT)).is_ok() {
            let outputs = self.raft.finish(&mut env.at(RAFT));
            self.on_outputs(outputs, env);
        }
    }

    fn on_outputs(&mut self, outputs: Vec<Output<Decided>>, env: &mut Env<'_>) {
        let here = (env.me(), env.life());
        for output in outputs {
            if let Output::Applied {
                answer: Decided { of: Some((origin, life, number)), came },
                ..
            } = output
                && (origin, life) == here
                && let Some(pending) = self.take(number, env)
            {
                let outcome = match came {
                    Came::Left(units) => Outcome::Done(Value::Int(shown(units))),
                    Came::Done(done) => Outcome::Done(Value::Bool(done)),
                    Came::NoRoom | Came::Unreadable => Outcome::NotDone(NO_ROOM.to_owned()),
                };
                self.answer(pending.recorded, Answer { job: pending.job, outcome }, env);
            }
        }
    }

    fn on_deadline(&mut self, number: u64, env: &mut Env<'_>) {
        let Some(Pending { job, recorded, given, .. }) = self.take(number, env) else { return };
        let outcome = match (given, recorded) {
            (false, _) => Outcome::NotDone(NOBODY_LEADS.to_owned()),
            // A read changes nothing, whenever it is applied.
            (true, None) => Outcome::NotDone(NO_ANSWER.to_owned()),
            (true, Some(_)) => Outcome::Unknown(IN_DOUBT.to_owned()),
        };
        self.answer(recorded, Answer { job, outcome }, env);
    }

    fn take(&mut self, number: u64, env: &mut Env<'_>) -> Option<Pending> {
        let pending = self.waiting.remove(&number)?;
        env.cancel_timer(late(number));
        env.cancel_timer(again(number));
        Some(pending)
    }

    /// Answers a request; a change once its record is durable.
    fn answer(&mut self, recorded: Option<Ticket>, answer: Answer, env: &mut Env<'_>) {
        let answer = match recorded {
            Some(recorded) => self.requests.when_durable(recorded, answer),
            None => Some(answer),
        };
        if let Some(Answer { job, outcome }) = answer {
            self.front.reply(job, outcome, env);
        }
    }
}

fn dissect(bytes: &[u8]) -> Option<Dissection> {
    let (&port, message) = bytes.split_last()?;
    if port == RAFT.0.get() {
        return raft::dissect::raft(message, port, books::describe);
    }
    if port != ASKED.0.get() {
        return front::dissect(bytes);
    }
    let command = Command::from_bytes(message).ok()?;
    let mut walk = Walk::new(message);
    walk.shown("origin", Reader::u32, |origin| NodeId(*origin).to_string())?;
    walk.field("life", Reader::u32)?;
    walk.field("number", Reader::u64)?;
    walk.field("product", Reader::str)?;
    walk.shown("change", Reader::u8, |tag| {
        ["none", "sell", "take back"][usize::from(*tag).min(2)].to_owned()
    })?;
    if command.change.is_some() {
        walk.field("units", Reader::u32)?;
        walk.shown("client", Reader::u32, |client| NodeId(*client).to_string())?;
        walk.field("request", Reader::u64)?;
        walk.field("settled", Reader::u64)?;
    }
    walk.finish("ask", &command.to_string(), port)
}

/// What is left at a leader that has applied all that is in its log, of as high a term as any other replica has: its log
/// has all that was ever committed (leader completeness). If there is none, or half of the replicas are away, there is no
/// account.
fn account(states: &[Fields], product: &str) -> Option<i64> {
    let first = states.first()?;
    if first.get_int(&["replicas"])? >= 2 * states.len() as i64 {
        return None;
    }
    let term = states.iter().filter_map(|state| state.get_int(&["term"])).max()?;
    let leads = |state: &&Fields| match state.get(&["role"]) {
        Some(FieldValue::Text(role)) => role == "leader",
        _ => false,
    };
    let leader = states.iter().filter(leads).find(|state| {
        state.get_int(&["term"]) == Some(term)
            && state.get_int(&["applied"]) == state.get_int(&["last"])
    })?;
    match group(leader, product) {
        Some(group) => group.get_int(&["stock"]),
        None => leader.get_int(&["total"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn state(role: &str, term: i64, (applied, last): (i64, i64), stock: i64) -> Fields {
        let mut state = Fields::new();
        state.text("role", role);
        state.int("term", term);
        state.int("applied", applied);
        state.int("last", last);
        state.int("total", 60);
        state.int("replicas", 3);
        state.group("phone", |group| group.int("stock", stock));
        state
    }

    #[test]
    fn the_account_is_that_of_a_leader_that_has_applied_everything() {
        let (old, follower) = (state("leader", 1, (4, 4), 60), state("follower", 2, (5, 6), 58));
        let leader = state("leader", 2, (6, 6), 57);
        assert_eq!(account(&[old.clone(), follower.clone(), leader.clone()], "phone"), Some(57));
        assert_eq!(account(&[leader.clone(), follower.clone()], "book"), Some(60), "never sold");
        assert_eq!(account(&[old, follower.clone()], "phone"), None, "who leads now is away");
        assert_eq!(account(&[state("leader", 2, (5, 6), 57), follower], "phone"), None);
        assert_eq!(account(&[leader], "phone"), None, "most are away");
    }

    proptest! {
        /// Every byte of a request that is passed on belongs to exactly one field, in order.
        #[test]
        fn every_byte_is_shown(product in ".{0,9}", units: u32, number: u64, sells: bool) {
            use crate::shop::ledger::{Amount, Change};
            let change = Change { client: NodeId(9), id: 4, settled: 2, amount: Amount::Sell(units) };
            let change = sells.then_some(change);
            let command = Command { origin: NodeId(1), life: 2, number, product, change };
            let mut bytes = command.to_bytes();
            bytes.push(ASKED.0.get());
            let dissection = dissect(&bytes).expect("ours");
            let end = dissection.parts.iter().fold(0, |end, part| {
                assert_eq!(part.bytes.start, end);
                part.bytes.end
            });
            prop_assert_eq!(end, bytes.len());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, port in 0_u8..9) {
            let _ = dissect(&[&bytes[..], &[port]].concat());
        }
    }
}
