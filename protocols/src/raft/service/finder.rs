//! Calls of the service that find the leader: who is no leader names one, and who does not answer is not asked again.
//!
//! Each time it asks, it makes a call of its own that is sent once: what became of an earlier one this end has to know, for a
//! session may end between two of them. Calls are at-most-once, so that what links double is one call: a copy of it that is
//! refused, or comes when the session is over, is not the answer to another that was carried out.

use super::kvs::Call;
use super::why;
use crate::raft::service::kvs;
use crate::rpc::error::{CallError, Refusal};
use crate::rpc::message::{CallId, Message, Semantics};
use crate::rpc::value::Bytes;
use crate::rpc::{self, Completed, Options, Request};
use simlab_core::wire::Decode;
use simlab_core::{Arguments, BuildError, Duration, Env, Event, Fields, NodeId};
use std::collections::BTreeMap;

/// How long it waits before it asks again where it was told *not now*, or *not I* without a name.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a first hello waits for its answer.
const HELLO: Duration = Duration::from_millis(200);

/// A call that has found its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The number under which it was asked.
    pub(super) key: u64,
    /// The result, or the code of the failure with its words.
    pub(super) result: Result<Vec<u8>, (i64, String)>,
    /// Whether another copy of it may have been carried out, or may be yet.
    pub(super) doubtful: bool,
}

/// A call that looks for its answer.
#[derive(Clone, Debug, Hash)]
struct Search {
    call: Call,
    /// Who alone is asked; the leader if nobody is named.
    whom: Option<NodeId>,
    /// The copy that is under way.
    copy: Option<CallId>,
    /// Whether an earlier copy may be carried out.
    doubtful: bool,
    /// How often in a row it was sent elsewhere at once.
    redirects: u32,
}

/// Who calls.
#[derive(Clone, Debug, Hash)]
pub(super) struct Finder {
    rpc: rpc::Client,
    servers: Vec<NodeId>,
    /// Whom it takes for the leader.
    at: usize,
    /// After what time another is asked.
    attempt: Duration,
    searches: BTreeMap<u64, Search>,
    copies: BTreeMap<CallId, u64>,
    redirected: u64,
}

impl Finder {
    /// One that knows all nodes of the service.
    pub(super) fn new(arguments: &Arguments<'_>, service: &str) -> Result<Self, BuildError> {
        let servers = arguments.roster.iter().filter(|member| member.service == service);
        let servers: Vec<NodeId> = servers.map(|member| member.id).collect();
        if servers.is_empty() {
            let message = format!("there is no node that runs {service}");
            return Err(BuildError { parameter: None, message });
        }
        let attempt = arguments.duration("attempt");
        if attempt == Duration::ZERO {
            let message = "an `attempt` takes some time, or nobody can answer".to_owned();
            return Err(BuildError { parameter: Some("attempt"), message });
        }
        let rpc = rpc::Client::new(rpc::client::Config {
            retransmit: Duration::FOREVER,
            hello: HELLO,
            steps: false,
            ..rpc::client::Config::default()
        });
        let (searches, copies) = (BTreeMap::new(), BTreeMap::new());
        Ok(Finder { rpc, servers, at: 0, attempt, searches, copies, redirected: 0 })
    }

    /// Asks under a number, which is that of a timer too.
    pub(super) fn ask(&mut self, key: u64, call: Call, env: &mut Env<'_>) {
        self.ask_of(None, key, call, env);
    }

    /// The same, of one node alone if one is named.
    pub(super) fn ask_of(&mut self, whom: Option<NodeId>, key: u64, call: Call, env: &mut Env<'_>) {
        let search = Search { call, whom, copy: None, doubtful: false, redirects: 0 };
        self.searches.insert(key, search);
        self.send(key, env);
    }

    /// Whether something is asked under this number.
    pub(super) fn asks(&self, key: u64) -> bool {
        self.searches.contains_key(&key)
    }

    /// Gives a call up; whether it may have been carried out, or may be yet. `None` if there is no such call.
    pub(super) fn give_up(&mut self, key: u64, env: &mut Env<'_>) -> Option<bool> {
        let search = self.searches.remove(&key)?;
        env.cancel_timer(key);
        let sent = search.copy.is_some_and(|copy| self.take_back(copy, env));
        Some(search.doubtful || sent)
    }

    /// Nobody waits for a copy any more; whether it was sent at all.
    fn take_back(&mut self, copy: CallId, env: &mut Env<'_>) -> bool {
        self.copies.remove(&copy);
        let mut done = Vec::new();
        self.rpc.cancel(copy, &mut env.at(rpc::PORT), &mut done);
        let never_sent = Err(CallError::Refused(Refusal::Cancelled));
        !done.iter().any(|completed| completed.call == copy && completed.result == never_sent)
    }

    /// Takes another one for the leader.
    fn next(&mut self) {
        self.at = (self.at + 1) % self.servers.len();
    }

    fn send(&mut self, key: u64, env: &mut Env<'_>) {
        let Some(search) = self.searches.get_mut(&key) else { return };
        let to = search.whom.unwrap_or(self.servers[self.at]);
        let options = Options::new(Semantics::AtMostOnce, Duration::FOREVER);
        let (request, mut done) = (Request::<Bytes>::new(&search.call), Vec::new());
        let handle = self.rpc.call(to, &request, options, &mut env.at(rpc::PORT), &mut done);
        if done.is_empty() {
            search.copy = Some(handle.call);
            self.copies.insert(handle.call, key);
            env.set_timer(key, self.attempt);
        } else {
            // There are too many of them.
            env.set_timer(key, PAUSE);
        }
    }

    /// A timer has run out: nobody has answered in time, or it is time to ask again. Whether it was one of a call.
    pub(super) fn on_timer(&mut self, key: u64, env: &mut Env<'_>) -> bool {
        let Some(search) = self.searches.get_mut(&key) else { return false };
        search.redirects = 0;
        if let Some(copy) = search.copy.take() {
            if self.take_back(copy, env)
                && let Some(search) = self.searches.get_mut(&key)
            {
                search.doubtful = true;
            }
            self.next();
        }
        self.send(key, env);
        true
    }

    /// Handles an event of the port of calls. What comes back has found its answer.
    pub(super) fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Vec<Found> {
        let mut done = Vec::new();
        match event {
            Event::Datagram { from, bytes } => {
                let read = Message::from_bytes(bytes).ok();
                let heard = read.is_some_and(|message| {
                    self.rpc.hear(from, &message, &mut env.at(rpc::PORT), &mut done)
                });
                if !heard {
                    env.note("bad datagram", from.0.into(), bytes.len() as u64);
                }
            }
            Event::Timer { key, .. } => {
                self.rpc.timer(key, &mut env.at(rpc::PORT), &mut done);
            }
            _ => {}
        }
        done.into_iter().filter_map(|done| self.on_completed(done, env)).collect()
    }

    fn on_completed(&mut self, completed: Completed, env: &mut Env<'_>) -> Option<Found> {
        let Completed { call, result } = completed;
        let key = self.copies.remove(&call)?;
        let search = self.searches.get_mut(&key)?;
        search.copy = None;
        let found = match result {
            Ok(bytes) => Ok(bytes),
            Err(CallError::Application { code: why::NOT_LEADER, message }) => {
                self.redirect(key, &message, env);
                return None;
            }
            Err(CallError::Application { code: why::NOT_NOW, .. }) => {
                env.set_timer(key, PAUSE);
                return None;
            }
            Err(CallError::Application { code, message }) if code != why::DEPOSED => {
                Err((code, message))
            }
            Err(error) => {
                search.doubtful |= !error.is_certainly_not_executed();
                self.next();
                env.set_timer(key, PAUSE);
                return None;
            }
        };
        env.cancel_timer(key);
        let search = self.searches.remove(&key)?;
        Some(Found { key, result: found, doubtful: search.doubtful })
    }

    /// Who was asked does not lead, and may know who does.
    fn redirect(&mut self, key: u64, leader: &str, env: &mut Env<'_>) {
        self.redirected += 1;
        let named = leader.parse().ok().map(NodeId);
        let named = named.and_then(|named| self.servers.iter().position(|server| *server == named));
        let Some(search) = self.searches.get_mut(&key) else { return };
        search.redirects += 1;
        let at_once = named.is_some() && search.redirects <= 3;
        match named {
            Some(named) => self.at = named,
            None => self.next(),
        }
        if at_once { self.send(key, env) } else { env.set_timer(key, PAUSE) }
    }

    pub(super) fn inspect(&self, view: &mut Fields) {
        view.text("leader", self.servers[self.at]);
        view.int("redirected", self.redirected as i64);
    }
}

/// Reads the result of a procedure.
pub(super) fn read<V: rpc::value::Value>(bytes: &[u8]) -> Option<V> {
    let mut reader = simlab_core::wire::Reader::new(bytes);
    let value = V::take(&mut reader).ok()?;
    reader.finish().ok().map(|()| value)
}

/// Dissects a datagram of who calls.
pub(super) fn dissect(bytes: &[u8]) -> Option<simlab_core::Dissection> {
    kvs::dissect(bytes)
}
