//! `shop-caspaxos`: a product is a register of CASPaxos that holds a [`Ledger`].
//!
//! Every replica is an acceptor, and the coordinator of the requests that reach it:
//!
//! ```text
//!  client ─request─▶ replica: one change at a time for each product, the others queue up
//!                      prepare ─▶ majority ─▶ ledger under the highest ballot
//!                      apply the change: sold, sold out, or applied before
//!                      accept  ─▶ majority ─▶ chosen
//!  client ◀─reply───
//! ```
//!
//! A change that turns out to change nothing goes through the accept phase all the same: the value on
//! which 'sold out' rests must be confirmed as chosen, and writing it again does that.
//!
//! **Deadline.** A request that has no answer by then is refused if no accept was ever sent for it:
//! nobody can complete what nobody was asked to accept, so that is a definite no. Otherwise the
//! answer is 'unknown'. A refused change is dropped for good, even if a second copy of its request
//! comes later, and even if this replica restarts in between (`requests.rs`).

use super::front::{self, Front, Request};
use super::ledger::{Amount, Change, Ledger, Verdict};
use super::numbers::Full;
use super::requests::{Answer, Requests};
use super::{
    PAXOS, REQUESTS, SHARE, arm, count, duration, faults, goals, group, inspector, shown, switches,
    timeout, total,
};
use crate::caspaxos::{self, CasPaxos, Decision, Group, KEY_MAX};
use crate::rpc;
use crate::rpc::message::CallId;
use crate::rpc::server::monitor::JobId;
use simlab_core::wire::{Decode, Encode};
use simlab_core::{
    Arguments, BuildError, Dissection, Duration, Entry, Env, Event, Fields, NodeId, Outcome,
    Process, Ticket, Value,
};
use std::collections::{BTreeMap, VecDeque};

/// The consistent shop.
pub static ENTRY: Entry = Entry::server(
    "shop-caspaxos",
    "a shop that answers what a majority of its cities decided (CASPaxos)",
    build,
)
.parameters(&[
    SHARE,
    timeout("deadline", "1s", "after this time a request without an answer is refused, or unknown"),
    duration("retransmit", "250ms", "how often a message that was not answered is said again"),
    duration("backoff", "50ms", "the longest random wait after a first refusal; doubles with each"),
])
.dissector(dissect)
.invariants(caspaxos::INVARIANTS)
.switches(switches::CASPAXOS)
.goals(goals::CASPAXOS)
.faults(&faults::MAJORITY)
.inspector(inspector::ledger)
.account(account);

/// How many requests may wait at a replica, reads and the changes of one product each. Beyond that
/// they are refused at once.
const WAITING_MAX: usize = 1_024;

const NO_MAJORITY: &str = "refused: no majority in time";
const OVERLOADED: &str = "refused: too many requests are waiting";
const NO_SUCH_NAME: &str = "refused: the product's name is too long";
const NO_ROOM: &str = "refused: the ledger has no room for this request's number";
const BAD_LEDGER: &str = "refused: the ledger is damaged";
const NO_RECORD: &str = "too many requests of this client are under way";
const IN_DOUBT: &str = "accepts were sent, but no majority answered in time";

/// A change that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending {
    job: JobId,
    change: Change,
    /// The sync that makes its record durable.
    recorded: Ticket,
    /// The key of its deadline.
    timer: u64,
    /// Whether an accept was ever sent for it, in any round.
    accept_sent: bool,
    /// Whether there was enough when it came, if that is when the stock is checked.
    enough: Option<bool>,
    /// What the last accept that was sent for it says.
    verdict: Option<Verdict>,
}

/// A read that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Query {
    job: JobId,
    client: NodeId,
    call: CallId,
    object: String,
    /// The key of its deadline.
    timer: u64,
}

/// A city's replica.
#[derive(Clone, Debug, Hash)]
struct Replica {
    front: Front,
    total: u64,
    deadline: Duration,
    paxos: CasPaxos,
    requests: Requests,
    /// The changes of each product; the round under way is the first one's. No queue is empty.
    queues: BTreeMap<String, VecDeque<Pending>>,
    /// The reads, by their number in CASPaxos.
    queries: BTreeMap<u64, Query>,
    timers: u64,
    /// Whether the stock is checked before the round begins, not in it: a switch.
    checks_outside: bool,
    /// Whether the ledger does not say whose sales are in it: a switch.
    forgets_sales: bool,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let group = Group::new(arguments.me, arguments.peers());
    let retransmit = arguments.duration("retransmit");
    let paxos = CasPaxos::new(group, retransmit, arguments.duration("backoff"));
    let left_out = switches::RULES.iter().filter(|(name, _)| arguments.switched(name));
    Ok(Box::new(Replica {
        front: Front::new(),
        total: total(arguments)?,
        deadline: arguments.duration("deadline"),
        paxos: left_out.fold(paxos, |paxos, (_, rule)| paxos.without(*rule)),
        requests: Requests::new(),
        queues: BTreeMap::new(),
        queries: BTreeMap::new(),
        timers: 0,
        checks_outside: arguments.switched(switches::CHECK_OUTSIDE),
        forgets_sales: arguments.switched(switches::FORGET_SALES),
    }))
}

impl Process for Replica {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if event == Event::Start {
            self.requests.on_event(event, &mut env.at(REQUESTS));
            self.paxos.on_event(event, &mut env.at(PAXOS));
            return;
        }
        match event.peel() {
            (Some(rpc::PORT), event) => {
                if let Some(request) = self.front.on_event(event, &mut env.at(rpc::PORT)) {
                    self.on_request(request, env);
                }
            }
            (Some(PAXOS), event) => {
                let decisions = self.paxos.on_event(event, &mut env.at(PAXOS));
                self.on_decisions(decisions, env);
            }
            (Some(REQUESTS), event) => {
                let answers = self.requests.on_event(event, &mut env.at(REQUESTS));
                for Answer { job, outcome } in answers {
                    self.front.reply(job, outcome, env);
                }
            }
            (None, Event::Timer { key, .. }) => self.on_deadline(key, env),
            (_, Event::Datagram { from, bytes }) => {
                env.note("bad datagram", from.0.into(), bytes.len() as u64);
            }
            (_, Event::Command { bytes }) => env.note("bad command", 0, bytes.len() as u64),
            (_, Event::Start | Event::Timer { .. } | Event::Synced { .. }) => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("total", shown(self.total));
        view.int("replicas", self.paxos.members() as i64);
        let waiting = self.waiting();
        if !waiting.is_empty() {
            view.text("waiting", waiting.join("; "));
        }
        for (object, register) in self.paxos.registers() {
            view.group(object, |group| {
                if let Some(vote) = &register.accepted {
                    if let Ok(ledger) = Ledger::from_bytes(&vote.value) {
                        group.int("stock", shown(ledger.units()));
                    }
                    group.int("ballot", vote.ballot.counter.into());
                    group.int("by", vote.ballot.node.0.into());
                } else {
                    group.int("stock", shown(self.total));
                    group.int("ballot", 0);
                    group.int("by", 0);
                }
                group.text("promise", register.promise);
            });
        }
    }
}

impl Replica {
    fn on_request(&mut self, request: Request, env: &mut Env<'_>) {
        let Request { job, client, call, product: object, change } = request;
        // It is never done whichever copy of the request arrives, so no record is needed.
        if object.len() > KEY_MAX {
            return self.front.reply(job, Outcome::NotDone(NO_SUCH_NAME.to_owned()), env);
        }
        match change {
            Some(change) => self.on_change(job, object, change, env),
            None => self.on_read(job, (client, call), object, env),
        }
    }

    fn on_read(
        &mut self,
        job: JobId,
        (client, call): (NodeId, CallId),
        object: String,
        env: &mut Env<'_>,
    ) {
        if self.queries.values().any(|query| (query.client, query.call) == (client, call)) {
            return self.ignore(job, client, call.0, env);
        }
        if self.queries.len() >= WAITING_MAX {
            return self.front.reply(job, Outcome::NotDone(OVERLOADED.to_owned()), env);
        }
        let timer = self.set_deadline(env);
        let (number, decisions) = self.paxos.read(&object, &mut env.at(PAXOS));
        self.queries.insert(number, Query { job, client, call, object, timer });
        self.on_decisions(decisions, env);
    }

    /// A second copy of a request.
    fn ignore(&mut self, job: JobId, client: NodeId, number: u64, env: &mut Env<'_>) {
        env.reached(goals::SECOND_COPY);
        env.note("second copy of a request", client.0.into(), number);
        self.front.ignore(job, env);
    }

    fn on_change(&mut self, job: JobId, object: String, change: Change, env: &mut Env<'_>) {
        let Change { client, id, settled, .. } = change;
        let recorded = match self.requests.take(client, id, settled, &mut env.at(REQUESTS)) {
            Ok(Some(ticket)) => ticket,
            Ok(None) => return self.ignore(job, client, id, env),
            // A copy of it may find room later, so this is no definite no.
            Err(Full) => {
                return self.front.reply(job, Outcome::Unknown(NO_RECORD.to_owned()), env);
            }
        };
        if self.queues.get(&object).is_some_and(|queue| queue.len() >= WAITING_MAX) {
            let outcome = Outcome::NotDone(OVERLOADED.to_owned());
            return self.answer(recorded, Answer { job, outcome }, env);
        }
        let timer = self.set_deadline(env);
        let enough = self.checks_outside.then(|| self.has(&object, change.amount));
        let (accept_sent, verdict) = (false, None);
        let pending = Pending { job, change, recorded, timer, accept_sent, enough, verdict };
        self.queues.entry(object.clone()).or_default().push_back(pending);
        self.paxos.propose(&object, &mut env.at(PAXOS));
    }

    /// Whether there is enough for a change, by what this replica accepted last.
    fn has(&self, object: &str, amount: Amount) -> bool {
        let mut registers = self.paxos.registers();
        let register = registers.find(|(key, _)| *key == object).map(|(_, register)| register);
        let vote = register.and_then(|register| register.accepted.as_ref());
        let ledger = ledger(vote.map(|vote| vote.value.clone()), self.total);
        ledger.is_none_or(|ledger| ledger.covers(amount))
    }

    fn set_deadline(&mut self, env: &mut Env<'_>) -> u64 {
        self.timers += 1;
        arm(env, self.timers, self.deadline);
        self.timers
    }

    fn on_decisions(&mut self, decisions: Vec<Decision>, env: &mut Env<'_>) {
        for decision in decisions {
            match decision {
                Decision::Prepared { key, value } => self.on_prepared(&key, value, env),
                Decision::Chosen { key } => self.on_chosen(&key, env),
                Decision::Read { number, value } => self.on_value(number, value, env),
            }
        }
    }

    /// A majority has promised: this is the ledger, change it. If no change waits, the round is one
    /// that a read asked for, and the ledger stays as it is.
    fn on_prepared(&mut self, object: &str, value: Option<Vec<u8>>, env: &mut Env<'_>) {
        let Some(mut ledger) = ledger(value, self.total) else {
            env.note("bad ledger", 0, 0);
            self.paxos.abandon(object, &mut env.at(PAXOS));
            return self.give_up(object, 0, BAD_LEDGER, env);
        };
        if let Some(first) = self.queues.get_mut(object).and_then(VecDeque::front_mut) {
            let enough = first.enough.unwrap_or_else(|| ledger.covers(first.change.amount));
            let Ok(verdict) = ledger.apply_if(enough, &first.change) else {
                return self.give_up(object, 0, NO_ROOM, env);
            };
            if verdict == Verdict::AppliedBefore {
                env.note("applied before", first.change.client.0.into(), first.change.id);
                env.reached(goals::APPLIED_BEFORE);
            }
            first.verdict = Some(verdict);
            first.accept_sent = true;
        }
        if self.forgets_sales {
            ledger.forget();
        }
        let decisions = self.paxos.accept(object, &ledger.to_bytes(), &mut env.at(PAXOS));
        self.on_decisions(decisions, env);
    }

    /// The ledger that was proposed is chosen: answer the change that was in it, if any, and go on
    /// with the next one.
    fn on_chosen(&mut self, object: &str, env: &mut Env<'_>) {
        let first = self.queues.get(object).and_then(VecDeque::front);
        if first.is_some_and(|first| first.accept_sent)
            && let Some(pending) = self.take(object, 0, env)
        {
            let Pending { job, recorded, verdict, .. } = pending;
            let done = verdict != Some(Verdict::SoldOut);
            let outcome = Outcome::Done(Value::Bool(done));
            self.answer(recorded, Answer { job, outcome }, env);
        }
        self.go_on(object, env);
    }

    fn on_value(&mut self, number: u64, value: Option<Vec<u8>>, env: &mut Env<'_>) {
        let Some(query) = self.queries.remove(&number) else { return };
        env.cancel_timer(query.timer);
        let outcome = match ledger(value, self.total) {
            Some(ledger) => Outcome::Done(Value::Int(shown(ledger.units()))),
            None => {
                env.note("bad ledger", 0, 0);
                Outcome::NotDone(BAD_LEDGER.to_owned())
            }
        };
        self.front.reply(query.job, outcome, env);
    }

    fn on_deadline(&mut self, timer: u64, env: &mut Env<'_>) {
        let query = self.queries.iter().find(|(_, query)| query.timer == timer);
        if let Some((&number, query)) = query {
            self.front.reply(query.job, Outcome::NotDone(NO_MAJORITY.to_owned()), env);
            self.queries.remove(&number);
            return self.paxos.abandon_read(number, &mut env.at(PAXOS));
        }
        let place = self.queues.iter().find_map(|(object, queue)| {
            let index = queue.iter().position(|pending| pending.timer == timer)?;
            Some((object.clone(), index))
        });
        if let Some((object, index)) = place {
            self.give_up(&object, index, NO_MAJORITY, env);
        }
    }

    /// Ends a change without a result. The round of a first change in which no accept was sent knows
    /// nothing but the product, and goes on for the next one; another is abandoned.
    fn give_up(&mut self, object: &str, index: usize, why: &str, env: &mut Env<'_>) {
        let Some(pending) = self.take(object, index, env) else { return };
        let Pending { job, recorded, accept_sent, .. } = pending;
        let outcome = if accept_sent {
            Outcome::Unknown(IN_DOUBT.to_owned())
        } else {
            Outcome::NotDone(why.to_owned())
        };
        self.answer(recorded, Answer { job, outcome }, env);
        if index == 0 {
            self.paxos.abandon(object, &mut env.at(PAXOS));
            self.go_on(object, env);
        }
    }

    /// Begins a round for the next change of a product, if there is one.
    fn go_on(&mut self, object: &str, env: &mut Env<'_>) {
        if self.queues.contains_key(object) {
            self.paxos.propose(object, &mut env.at(PAXOS));
        }
    }

    fn take(&mut self, object: &str, index: usize, env: &mut Env<'_>) -> Option<Pending> {
        let queue = self.queues.get_mut(object)?;
        let pending = queue.remove(index)?;
        if queue.is_empty() {
            self.queues.remove(object);
        }
        env.cancel_timer(pending.timer);
        Some(pending)
    }

    /// Answers a change, once its record is durable.
    fn answer(&mut self, recorded: Ticket, answer: Answer, env: &mut Env<'_>) {
        if let Some(Answer { job, outcome }) = self.requests.when_durable(recorded, answer) {
            self.front.reply(job, outcome, env);
        }
    }

    /// What this replica still waits for, in words.
    fn waiting(&self) -> Vec<String> {
        let mut waiting = Vec::new();
        for (object, queue) in &self.queues {
            let progress = self.paxos.progress(object).unwrap_or_default();
            waiting.push(format!("{} of {object}: {progress}", count(queue.len(), "change")));
        }
        for (number, query) in &self.queries {
            let progress = self.paxos.read_progress(*number).unwrap_or_default();
            waiting.push(format!("a read of {} for {}: {progress}", query.object, query.client));
        }
        match self.paxos.unsynced() + self.requests.unsynced() {
            0 => {}
            n => waiting.push(format!("the disk, with {}", count(n, "answer"))),
        }
        waiting
    }
}

/// The ledger that a value is; a register that was never written holds the first one.
fn ledger(value: Option<Vec<u8>>, total: u64) -> Option<Ledger> {
    match value {
        Some(bytes) => Ledger::from_bytes(&bytes).ok(),
        None => Some(Ledger::new(total)),
    }
}

fn dissect(bytes: &[u8]) -> Option<Dissection> {
    if bytes.last() == Some(&PAXOS.0.get()) {
        return caspaxos::dissect::dissect(bytes, Ledger::describe);
    }
    front::dissect(bytes)
}

/// The stock at the acceptor that accepted the highest ballot. A product that no acceptor knows was
/// never sold. If half of them are down, those may be the ones that know, and there is no account.
fn account(states: &[Fields], object: &str) -> Option<i64> {
    let first = states.first()?;
    if first.get_int(&["replicas"])? >= 2 * states.len() as i64 {
        return None;
    }
    let groups = states.iter().filter_map(|state| group(state, object));
    let highest = groups.max_by_key(|group| (group.get_int(&["ballot"]), group.get_int(&["by"])));
    match highest {
        Some(group) => group.get_int(&["stock"]),
        None => first.get_int(&["total"]),
    }
}
