//! A server of the account that remembers which call did what, and a caller that is ordered about.

use simlab_core::wire::{Decode, Reader};
use simlab_core::{Duration, Env, Event, Fields, NodeId, Process};
use simlab_protocols::account::account::{self, Receipt, Reply, Server, Skeleton};
use simlab_protocols::rpc::client::Config as Calls;
use simlab_protocols::rpc::message::{CallId, Codec, Message, Semantics};
use simlab_protocols::rpc::server::Config;
use simlab_protocols::rpc::server::table::{Limits, Table};
use simlab_protocols::rpc::{
    self, Client, Completed, Context, Endpoint, Handle, Options, PORT, Step, Woken,
};
use std::collections::{BTreeMap, BTreeSet};

/// Calls from here on are not counted.
pub(super) const UNCOUNTED: u64 = 1 << 63;

/// Whom it calls to find out its total, if not itself; a mutex is held meanwhile.
#[derive(Clone, Debug, Hash)]
struct Keeper {
    other: Option<NodeId>,
    durable: bool,
    total: i64,
    /// How often each call took effect. What is in memory alone knows of this life alone.
    done: BTreeMap<(NodeId, CallId), u32>,
}

#[derive(Clone, Debug, Hash)]
enum Job {
    Adding(i64),
    Locking,
    Asking(Handle<i64>),
}

const MUTEX: u32 = 1;

impl Keeper {
    fn did(&mut self, caller: NodeId, call: CallId, amount: i64) {
        self.total = self.total.wrapping_add(amount);
        *self.done.entry((caller, call)).or_default() += 1;
    }

    fn read(bytes: &[u8]) -> Option<(NodeId, CallId, i64)> {
        let mut reader = Reader::new(bytes);
        Some((NodeId(reader.u32().ok()?), CallId(reader.u64().ok()?), reader.i64().ok()?))
    }

    fn execute(&mut self, amount: i64, context: &mut Context<'_, '_>) -> Receipt {
        let (caller, call) = (context.caller(), context.call_id());
        self.did(caller, call, amount);
        let (id, number) = (caller.0.to_be_bytes(), call.0.to_be_bytes());
        context.effect([&id[..], &number, &amount.to_be_bytes()].concat());
        Receipt { operation: call.0, total: self.total }
    }
}

impl Server for Keeper {
    type Job = Job;
    const CALLS: bool = true;

    fn add(&mut self, _: u64, amount: i64, _: &mut Context<'_, '_>) -> Step<Receipt, Job> {
        Step::Work(Duration::from_millis(2), Job::Adding(amount))
    }

    fn total(&mut self, _: &mut Context<'_, '_>) -> Step<i64, Job> {
        Step::Lock(MUTEX, Job::Locking)
    }

    fn take(&mut self, _: u64, amount: i64, context: &mut Context<'_, '_>) -> Step<Receipt, Job> {
        Step::returns(self.execute(amount.wrapping_neg(), context))
    }

    fn resume(
        &mut self,
        job: Job,
        woken: Woken,
        context: &mut Context<'_, '_>,
    ) -> Step<Reply, Job> {
        match (job, woken) {
            (Job::Adding(amount), _) => Step::returns(Reply::add(self.execute(amount, context))),
            (Job::Locking, Woken::TooLate) => Step::fails(1, "too late"),
            (Job::Locking, _) => {
                let Some(other) = self.other else {
                    return Step::returns(Reply::total(self.total));
                };
                let options = Options::new(Semantics::AtMostOnce, Duration::from_secs(2));
                let handle = context.call(other, &account::total(), options);
                Step::Await(handle.call, Job::Asking(handle))
            }
            (Job::Asking(handle), Woken::Completed(result)) => match handle.read(&result) {
                Ok(total) => Step::returns(Reply::total(self.total.wrapping_add(total))),
                Err(error) => Step::fails(2, error.to_string()),
            },
            (job @ Job::Asking(handle), _) => Step::Await(handle.call, job),
        }
    }

    fn redo(&mut self, effect: &[u8]) {
        let (caller, call, amount) = Keeper::read(effect).expect("it was written");
        if self.durable {
            self.did(caller, call, amount);
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        let one = |(&(caller, call), &count): (&(NodeId, CallId), &u32)| {
            let (id, number) = (caller.0.to_be_bytes(), call.0.to_be_bytes());
            [&id[..], &number, &i64::from(count).to_be_bytes()].concat()
        };
        self.total.to_be_bytes().into_iter().chain(self.done.iter().flat_map(one)).collect()
    }

    fn restore(&mut self, snapshot: &[u8]) -> bool {
        let Some((total, done)) = snapshot.split_first_chunk() else { return false };
        self.total = i64::from_be_bytes(*total);
        if self.durable {
            for one in done.chunks(20) {
                let (caller, call, count) = Keeper::read(one).expect("it was written");
                self.done.insert((caller, call), count as u32);
            }
        }
        true
    }

    fn inspect(&self, view: &mut Fields) {
        let counted = self.done.iter().filter(|((_, call), _)| call.0 < UNCOUNTED);
        view.int("most", counted.map(|(_, count)| i64::from(*count)).max().unwrap_or(0));
        view.int("done", self.done.len() as i64);
    }
}

#[derive(Clone, Hash)]
struct Node(Endpoint<Skeleton<Keeper>>);

/// What a caller and the client in a server have for bounds.
fn calls() -> Calls {
    Calls { open_max: 16, size_max: 4_000, steps: false, ..Calls::default() }
}

/// The duplicate table's room.
pub(super) const LIMITS: Limits = Limits { calls: 8, callers: 4 };
/// How many calls wait.
pub(super) const QUEUE: usize = 8;

/// A server; the total of `other` is part of its own.
pub(super) fn server(other: Option<NodeId>, durable: bool) -> Box<dyn Process> {
    let config = Config {
        newest: u16::MAX,
        workers: 2,
        queue: QUEUE,
        shed: None,
        rate: None,
        limits: LIMITS,
        durable,
        working: Some(Duration::from_millis(500)),
        journal_max: 4_000,
        steps: false,
        executions: true,
        table_in_memory: false,
        separate_syncs: false,
        deadline_kept: false,
    };
    let keeper = Keeper { other, durable, total: 0, done: BTreeMap::new() };
    let server = rpc::Server::new(config, Skeleton(keeper), Table::new(LIMITS));
    Box::new(Node(Endpoint::new(Client::new(calls()), server)))
}

impl Process for Node {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event.peel() {
            (None, Event::Start) | (Some(PORT), _) => {
                let (_, event) = event.peel();
                let left = self.0.on_event(event, &mut env.at(PORT));
                assert_eq!(left, [], "all calls are those of procedures");
            }
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        self.0.inspect(view);
    }
}

/// Who calls, and polls for every fourth call.
#[derive(Clone, Hash)]
struct Caller {
    semantics: Semantics,
    client: Client,
    /// Calls that have not ended.
    open: BTreeSet<CallId>,
    polled: BTreeSet<Handle<Receipt>>,
    ended: u64,
}

/// A caller with these semantics.
pub(super) fn caller(semantics: Semantics) -> Box<dyn Process> {
    let (open, polled) = (BTreeSet::new(), BTreeSet::new());
    Box::new(Caller { semantics, client: Client::new(calls()), open, polled, ended: 0 })
}

impl Caller {
    /// Does what two numbers say.
    fn obey(&mut self, what: u8, which: u8, env: &mut Env<'_>, done: &mut Vec<Completed>) {
        let codec = if which & 1 == 0 { Codec::Binary } else { Codec::Json };
        let time = Duration::from_millis(100 << (which >> 1 & 7));
        let options = Options { codec, ..Options::new(self.semantics, time) };
        let to = NodeId(u32::from(which >> 7));
        let call = match what {
            0 => self.client.call(to, &account::total(), options, env, done).call,
            1 => self.client.call(to, &account::take(7, 1), options, env, done).call,
            2 => {
                let options = Options { polled: true, ..options };
                let handle = self.client.call(to, &account::add(7, 1), options, env, done);
                self.polled.insert(handle);
                return;
            }
            3 => {
                let call = self.open.first().copied();
                return call.into_iter().for_each(|call| self.client.cancel(call, env, done));
            }
            4 => {
                let client = &mut self.client;
                return self.polled.retain(|handle| client.poll(handle).is_none());
            }
            _ => self.client.call(to, &account::add(7, 1), options, env, done).call,
        };
        self.open.insert(call);
    }
}

impl Process for Caller {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let (mut done, port) = (Vec::new(), &mut env.at(PORT));
        match event.peel() {
            (None, Event::Command { bytes: &[what, which] }) => {
                self.obey(what, which, port, &mut done);
            }
            (Some(PORT), Event::Datagram { from, bytes }) => {
                if let Ok(message) = Message::from_bytes(bytes) {
                    self.client.hear(from, &message, port, &mut done);
                }
            }
            (Some(PORT), Event::Timer { key, .. }) => {
                self.client.timer(key, port, &mut done);
            }
            _ => {}
        }
        for Completed { call, .. } in done {
            assert!(self.open.remove(&call), "call {call} ends once");
            self.ended += 1;
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("open", self.open.len() as i64);
        view.int("under_way", self.client.outstanding(None) as i64);
        view.int("ended", self.ended as i64);
    }
}
