//! Who executes.
//!
//! ```text
//!  request ─▶ which life? ─▶ known? ─▶ room? ─▶ queue ─▶ worker ─▶ procedure ─▶ journal ─▶ reply
//!               reopen      answered   busy             │  computes, waits for a mutex, a condition,
//!                           working                     │  a call of its own, or its parent
//! ```
//!
//! A worker is held by one call from its start to its end, as a thread is, even while the call waits. Effects and what
//! the duplicate table remembers of them are one record with one sync.

mod admission;
mod config;
pub mod context;
mod execution;
mod job;
pub mod journal;
mod marshal;
pub mod monitor;
mod park;
pub mod table;

pub use config::{Config, NO_DEADLINE_PASSED_ON, SEPARATE_SYNCS, TABLE_IN_MEMORY};

use super::interface::{Call, Interface};
use super::message::{CallId, Header, Message, Presence};
use super::steps::{self, Step as Noted};
use crate::rpc::client::{Client, Completed};
use crate::rpc::govern::bucket::Buckets;
use crate::rpc::govern::shed::{self, Queue};
use context::{Service, Woken};
use job::{Job, Stage};
use journal::{Entry, Journal, Record};
use monitor::{JobId, Monitor};
use simlab_core::wire::Reader;
use simlab_core::{Env, Fields, Gate, NodeId, Ticket, TimerKey};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use table::{Answered, Table};

/// What was done, for people.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Counts {
    requests: u64,
    executed: u64,
    duplicates: u64,
    refused: u64,
    /// Of those: to callers that may not, or not so often; and after some time in the queue.
    denied: u64,
    limited: u64,
    shed: u64,
    too_late: u64,
    reopened: u64,
    snapshots: u64,
}

/// What waits for a sync.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Leaving {
    /// A call whose procedure is to take its first step.
    Start(JobId),
    Reply {
        to: NodeId,
        header: Header,
        answered: Answered,
    },
    /// With [`SEPARATE_SYNCS`]: what is to be remembered is written now.
    Entry {
        to: NodeId,
        header: Header,
        answered: Answered,
    },
}

/// A server of one service.
#[derive(Clone, Debug, Hash)]
pub struct Server<S: Service> {
    config: Config,
    service: S,
    table: Table,
    jobs: BTreeMap<JobId, Job<S::Job>>,
    /// Those that wait for a worker.
    queue: Queue<JobId>,
    /// How often callers may still call.
    buckets: Option<Buckets>,
    busy: usize,
    next: JobId,
    monitor: Monitor,
    gate: Gate<Leaving>,
    /// Answers that are not durable yet.
    syncing: BTreeSet<(NodeId, CallId)>,
    journal: Journal,
    counts: Counts,
}

/// What is to go on.
type Ready = VecDeque<(JobId, Woken)>;

impl<S: Service> Server<S> {
    /// A server that has executed nothing.
    #[must_use]
    pub fn new(config: Config, service: S, table: Table) -> Self {
        Server {
            config,
            service,
            table,
            jobs: BTreeMap::new(),
            queue: Queue::new(shed::Config { size: config.queue, control: config.shed }),
            buckets: config.rate.map(|rate| Buckets::new(rate, config.limits.callers)),
            busy: 0,
            next: 0,
            monitor: Monitor::default(),
            gate: Gate::new(),
            syncing: BTreeSet::new(),
            journal: Journal::new(config.journal_max),
            counts: Counts::default(),
        }
    }

    /// What it runs.
    #[must_use]
    pub const fn service(&self) -> &S {
        &self.service
    }

    /// What it runs, to take from it what its procedures have left there for the parent.
    pub const fn service_mut(&mut self) -> &mut S {
        &mut self.service
    }

    pub(super) const fn interface() -> &'static Interface {
        <S::Call as Call>::INTERFACE
    }

    fn presence(env: &Env<'_>) -> Presence {
        Presence { life: env.life(), clock: env.now() }
    }

    /// Begins a life: what earlier ones have written down is done again.
    pub fn start(&mut self, env: &mut Env<'_>) {
        let Ok((records, torn)) = self.journal.open(env) else { return env.halt() };
        let count = records.len() as u64;
        for record in records {
            match record {
                Record::Snapshot { service, table } => {
                    let mut reader = Reader::new(table);
                    let read =
                        self.service.restore(service) && self.table.take(&mut reader).is_ok();
                    assert!(read, "a checksum says that we have written it");
                }
                Record::Done { effects, entry } => {
                    effects.iter().for_each(|effect| self.service.redo(effect));
                    if let Some(Entry { caller, call, answered }) = entry {
                        self.table.answer(caller, call, answered);
                    }
                }
            }
        }
        env.note("rpc.recovered", count, torn as u64);
    }

    /// Takes a message in; whether it was one for servers.
    pub fn hear(
        &mut self,
        from: NodeId,
        message: &Message<'_>,
        client: &mut Client,
        env: &mut Env<'_>,
    ) -> bool {
        match message {
            Message::Hello { nonce } => {
                let presence = Self::presence(env);
                env.send(from, &Message::Welcome { nonce: *nonce, presence });
            }
            Message::Request { header, body } => {
                self.counts.requests += 1;
                self.request(from, header, body, env);
                self.go_on(Ready::new(), client, env);
            }
            Message::Cancel { call, life } if *life == env.life() => {
                let mut ready = Ready::new();
                self.cancel(from, *call, &mut ready, env);
                self.go_on(ready, client, env);
            }
            Message::Cancel { .. } => {}
            _ => return false,
        }
        true
    }

    /// The timer of this key; whether it was a server's.
    pub fn timer(&mut self, key: TimerKey, client: &mut Client, env: &mut Env<'_>) -> bool {
        let Some((kind, id)) = job::TimerKind::read(key) else { return false };
        let mut ready = Ready::new();
        if let Some(job) = self.jobs.get_mut(&id) {
            match kind {
                job::WORK => ready.push_back((id, Woken::Worked)),
                job::DEADLINE => self.too_late(id, &mut ready),
                _ => {
                    let (to, call) = (job.caller, job.header.call);
                    self.at_work(to, call, env);
                    if let Some(every) = self.config.working {
                        env.set_timer(key, every);
                    }
                }
            }
        }
        self.go_on(ready, client, env);
        true
    }

    /// Calls that its procedures have made have ended; those that are not theirs stay in `done`.
    pub fn completed(&mut self, done: &mut Vec<Completed>, client: &mut Client, env: &mut Env<'_>) {
        let mut ready = Ready::new();
        self.take_completed(done, &mut ready);
        self.go_on(ready, client, env);
    }

    fn take_completed(&mut self, done: &mut Vec<Completed>, ready: &mut Ready) {
        done.retain(|Completed { call, result }| {
            let mut jobs = self.jobs.iter_mut();
            let Some((id, job)) = jobs.find(|(_, job)| job.calls.contains(call)) else {
                return true;
            };
            job.calls.remove(call);
            match &job.stage {
                Stage::Awaiting(awaited, _) if awaited == call => {
                    ready.push_back((*id, Woken::Completed(result.clone())));
                }
                _ => {
                    job.arrived.insert(*call, result.clone());
                }
            }
            false
        });
    }

    /// A sync has ended.
    pub fn synced(&mut self, ticket: Ticket, good: bool, client: &mut Client, env: &mut Env<'_>) {
        if !good {
            // Nothing is known of what it covered.
            return env.halt();
        }
        self.journal.synced(ticket, env);
        let mut ready = Ready::new();
        while let Some(leaving) = self.gate.open(ticket) {
            match leaving {
                Leaving::Start(id) => self.begun(id, &mut ready, client, env),
                Leaving::Reply { to, header, answered } => {
                    self.syncing.remove(&(to, header.call));
                    self.leave(to, &header, answered, env);
                }
                Leaving::Entry { to, header, answered } => {
                    let entry = Entry { caller: to, call: header.call, answered: answered.clone() };
                    self.table.answer(to, header.call, answered.clone());
                    let record = Record::Done { effects: Vec::new(), entry: Some(entry) };
                    let ticket = self.write(&record, env);
                    self.gate.hold(ticket, Leaving::Reply { to, header, answered });
                }
            }
        }
        self.go_on(ready, client, env);
    }

    fn leave(&self, to: NodeId, header: &Header, answered: Answered, env: &mut Env<'_>) {
        self.step(Noted::Return, header, env);
        self.reply(to, header.call, answered, env);
    }

    fn step(&self, step: Noted, header: &Header, env: &mut Env<'_>) {
        if self.config.steps {
            steps::note(step, header.trace, header.call, env);
        }
    }

    /// Writes a record; the sync that makes it durable.
    fn write(&mut self, record: &Record<'_>, env: &mut Env<'_>) -> Ticket {
        let Server { config, service, table, journal, .. } = self;
        let snapshot = || {
            let mut bytes = Vec::new();
            match config.durable && !config.table_in_memory {
                true => table.put(S::CALLS, &mut bytes),
                false => Table::new(config.limits).put(S::CALLS, &mut bytes),
            }
            (service.snapshot(), bytes)
        };
        let (ticket, anew) = journal.write(record, snapshot, env);
        self.counts.snapshots += u64::from(anew);
        ticket
    }

    /// What it shows of itself.
    pub fn inspect(&self, view: &mut Fields) {
        let Counts { requests, executed, duplicates, refused, too_late, .. } = self.counts;
        let Counts { denied, limited, shed, reopened, snapshots, .. } = self.counts;
        view.int("requests", requests as i64);
        view.int("executed", executed as i64);
        view.int("duplicates", duplicates as i64);
        view.int("refused", refused as i64);
        view.int("denied", denied as i64);
        view.int("limited", limited as i64);
        view.int("shed", shed as i64);
        view.int("too_late", too_late as i64);
        view.int("reopened", reopened as i64);
        view.int("busy", self.busy as i64);
        view.int("queued", self.queue.len() as i64);
        let (remembered, evicted) = self.table.counts();
        view.int("remembered", remembered as i64);
        view.int("evicted", evicted as i64);
        view.int("snapshots", snapshots as i64);
        self.service.inspect(view);
    }
}
