//! `shop-client`: a customer of one replica, who keeps the record of what was asked and answered.
//!
//! It never retries. An operation that is not answered in time ends *unknown*, and stays so: an
//! answer that comes later is noted and ignored.
//!
//! **Numbers.** A request goes under the number of its operation in the history. The driver gives
//! those, and gives none twice, restarts included.
//!
//! **Sessions** are the client's logical threads in the history; operations of one session must not
//! overlap. Each operation takes the lowest session that is free. One that ends unknown keeps its
//! session for ever, since it may still take effect at any time. So do those that a crash leaves
//! open; a restarted client does not know them, and therefore takes sessions of a range of its own,
//! that of its life.

use super::faults::CUSTOMERS;
use super::message::{self, Message};
use super::{CLIENT, arm, goals, inspector, timeout};
use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Duration, Entry, Env, Event, Fields, NodeId, OpId, Operation, Outcome,
    Parameter, ParameterKind, Process, Session,
};
use std::collections::{BTreeMap, BTreeSet};

/// The customer.
pub static ENTRY: Entry = Entry::client(
    "shop-client",
    "a customer who asks one replica, waits, and never asks twice",
    build,
)
.parameters(&[
    Parameter {
        name: "server",
        kind: ParameterKind::Node,
        default: None,
        help: "the replica that this customer speaks to",
    },
    timeout("timeout", "2s", "after this time an operation without an answer ends unknown"),
])
.inspector(inspector::client)
.dissector(message::dissect)
.goals(goals::CUSTOMERS)
.faults(&CUSTOMERS);

/// How many sessions a life has for itself.
const SESSIONS_OF_A_LIFE: u32 = 1 << 16;

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Client {
    server: NodeId,
    timeout: Duration,
    /// The first session of this life.
    first: u32,
    /// How many sessions of this life have ever been used.
    used: u32,
    /// Those of them that may be used again.
    free: BTreeSet<u32>,
    /// The operations that wait for an answer, by their number, with their session.
    open: BTreeMap<u32, Open>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Open {
    session: u32,
    operation: Operation,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let server = arguments.node("server");
    if server == arguments.me {
        let message = "a customer cannot be its own replica".to_owned();
        return Err(BuildError { parameter: Some("server"), message });
    }
    let timeout = arguments.duration("timeout");
    let (free, open) = (BTreeSet::new(), BTreeMap::new());
    Ok(Box::new(Client { server, timeout, first: 0, used: 0, free, open }))
}

impl Process for Client {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if event == Event::Start {
            self.first = env.life().wrapping_mul(SESSIONS_OF_A_LIFE);
            return;
        }
        match event.peel() {
            (None, Event::Command { bytes }) => match Operation::from_bytes(bytes) {
                Ok(operation) => self.invoke(operation, env),
                Err(_) => env.note("bad command", 0, bytes.len() as u64),
            },
            (Some(CLIENT), Event::Datagram { from, bytes }) => match Message::from_bytes(bytes) {
                Ok(Message::Reply { id, outcome }) if from == self.server => {
                    self.on_reply(id, &outcome, env);
                }
                Ok(Message::Reply { .. }) => env.note("stranger", from.0.into(), 0),
                Ok(Message::Request { .. }) | Err(_) => {
                    env.note("bad datagram", from.0.into(), bytes.len() as u64);
                }
            },
            (None, Event::Timer { key, .. }) => {
                let op = OpId::of(env.me(), key as u32);
                env.reached(goals::TIMED_OUT);
                self.end(op, &Outcome::Unknown("timed out".to_owned()), env);
            }
            (_, Event::Datagram { from, bytes }) => {
                env.note("bad datagram", from.0.into(), bytes.len() as u64);
            }
            (_, Event::Start | Event::Synced { .. })
            | (_, Event::Command { .. } | Event::Timer { .. }) => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("open", self.open.len() as i64);
        if !self.open.is_empty() {
            let waiting: Vec<String> =
                self.open.iter().map(|(id, open)| format!("{id}: {}", open.operation)).collect();
            view.text("waiting", waiting.join("; "));
        }
        // The sessions that no operation has and none will have again.
        let retired = self.used as usize - self.free.len() - self.open.len();
        view.int("retired", retired as i64);
    }
}

impl Client {
    fn invoke(&mut self, operation: Operation, env: &mut Env<'_>) {
        let session = match self.free.pop_first() {
            Some(session) => session,
            None if self.used < SESSIONS_OF_A_LIFE => {
                self.used += 1;
                self.used - 1
            }
            None => return env.note("sessions used up", self.used.into(), 0),
        };
        let op = env.invoke(Session(self.first.wrapping_add(session)), &operation);
        let number = op.number();
        self.open.insert(number, Open { session, operation: operation.clone() });
        // Nothing below the lowest open number matters any more: not what was answered, not what
        // timed out, not what an earlier life left open.
        let settled = self.open.keys().next().copied().unwrap_or(number);
        arm(env, number.into(), self.timeout);
        let request = Message::Request { id: number.into(), settled: settled.into(), operation };
        env.at(CLIENT).send(self.server, &request);
    }

    fn on_reply(&mut self, id: u64, outcome: &Outcome, env: &mut Env<'_>) {
        match u32::try_from(id) {
            Ok(number) if self.open.contains_key(&number) => {
                env.cancel_timer(id);
                self.end(OpId::of(env.me(), number), outcome, env);
            }
            _ => {
                if matches!(outcome, Outcome::Done(_)) {
                    env.reached(goals::TOO_LATE);
                }
                env.note("late reply", id, 0);
            }
        }
    }

    /// Completes an operation, once.
    fn end(&mut self, op: OpId, outcome: &Outcome, env: &mut Env<'_>) {
        let Some(open) = self.open.remove(&op.number()) else { return };
        if !matches!(outcome, Outcome::Unknown(_)) {
            self.free.insert(open.session);
        }
        env.complete(op, outcome);
    }
}
