//! Who keeps the account.

use super::account::{Receipt, Reply, Server, Skeleton, dissect};
use super::{FAULTS, invariant};
use crate::rpc::directory::registry;
use crate::rpc::message::CallId;
use crate::rpc::parameters::{self, ANNOUNCE, HEARTBEAT, SERVER_SWITCHES, SERVING, joined};
use crate::rpc::{self, Client, Context, Endpoint, Step, Woken, client};
use simlab_core::wire::Reader;
use simlab_core::{
    Arguments, BuildError, Duration, Entry, Env, Event, Fields, NodeId, Parameter, ParameterKind,
    Process,
};
use std::collections::BTreeMap;

/// The server.
pub const SERVER: Entry =
    Entry::server("account-server", "keeps an account to which calls from afar add", build)
        .parameters(&joined::<16>(&[&[WORK, ANNOUNCE, HEARTBEAT], &SERVING]))
        .switches(&SERVER_SWITCHES)
        .invariants(&[invariant::EFFECTS_ONCE, invariant::REPLIES_MATCH])
        .dissector(|bytes| dissect(bytes).or_else(|| registry::dissect(bytes)))
        .faults(&FAULTS);

const WORK: Parameter = Parameter::with_default(
    "work",
    ParameterKind::Duration,
    "1ms",
    "how long a worker computes for a call",
);

/// An account.
#[derive(Clone, Debug, Hash)]
struct Account {
    work: Duration,
    total: i64,
    /// How often each operation was done.
    done: BTreeMap<u64, u32>,
    /// How often each call was executed in this life, by its caller and number: for people.
    executions: BTreeMap<(NodeId, CallId), u32>,
}

/// What is left of a call.
#[derive(Clone, Debug, Hash)]
enum Job {
    Adding { operation: u64, amount: i64 },
    Taking { operation: u64, amount: i64 },
    Telling,
}

/// What a call fails with that would take more than there is.
const NOT_ENOUGH: i64 = 1;

impl Account {
    /// Does an operation, and writes it down.
    fn execute(&mut self, operation: u64, amount: i64, context: &mut Context<'_, '_>) -> Receipt {
        let count = self.add(operation, amount);
        invariant::note_added(operation, count, context.env());
        let executions = self.executions.entry((context.caller(), context.call_id()));
        *executions.or_default() += 1;
        context.effect([operation.to_be_bytes(), amount.to_be_bytes()].concat());
        Receipt { operation, total: self.total }
    }

    fn add(&mut self, operation: u64, amount: i64) -> u32 {
        self.total = self.total.wrapping_add(amount);
        let count = self.done.entry(operation).or_default();
        *count = count.saturating_add(1);
        *count
    }
}

fn pair(bytes: &[u8]) -> Option<(u64, i64)> {
    let mut reader = Reader::new(bytes);
    let pair = (reader.u64().ok()?, reader.i64().ok()?);
    reader.finish().ok().map(|()| pair)
}

impl Server for Account {
    type Job = Job;

    fn add(&mut self, operation: u64, amount: i64, _: &mut Context<'_, '_>) -> Step<Receipt, Job> {
        Step::Work(self.work, Job::Adding { operation, amount })
    }

    fn take(&mut self, operation: u64, amount: i64, _: &mut Context<'_, '_>) -> Step<Receipt, Job> {
        Step::Work(self.work, Job::Taking { operation, amount })
    }

    fn total(&mut self, _: &mut Context<'_, '_>) -> Step<i64, Job> {
        Step::Work(self.work, Job::Telling)
    }

    fn resume(&mut self, job: Job, _: Woken, context: &mut Context<'_, '_>) -> Step<Reply, Job> {
        match job {
            Job::Adding { operation, amount } => {
                Step::returns(Reply::add(self.execute(operation, amount, context)))
            }
            Job::Taking { amount, .. } if !(0..=self.total).contains(&amount) => {
                Step::fails(NOT_ENOUGH, format!("there are {} on the account", self.total))
            }
            Job::Taking { operation, amount } => {
                Step::returns(Reply::take(self.execute(operation, -amount, context)))
            }
            Job::Telling => Step::returns(Reply::total(self.total)),
        }
    }

    fn redo(&mut self, effect: &[u8]) {
        let (operation, amount) = pair(effect).expect("a checksum says that we have written it");
        Account::add(self, operation, amount);
    }

    fn snapshot(&self) -> Vec<u8> {
        let done = self.done.iter().flat_map(|(operation, count)| {
            [operation.to_be_bytes(), i64::from(*count).to_be_bytes()].concat()
        });
        self.total.to_be_bytes().into_iter().chain(done).collect()
    }

    fn restore(&mut self, snapshot: &[u8]) -> bool {
        let Some((total, done)) = snapshot.split_first_chunk() else { return false };
        self.total = i64::from_be_bytes(*total);
        let read = done.chunks(16).map(|one| {
            let (operation, count) = pair(one)?;
            Some((operation, u32::try_from(count).ok()?))
        });
        let read: Option<BTreeMap<u64, u32>> = read.collect();
        read.map(|done| self.done = done).is_some()
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("total", self.total);
        view.int("operations", self.done.len() as i64);
        let again = self.done.values().filter(|count| **count > 1).count();
        view.int("done_again", again as i64);
        let most = self.executions.values().copied().max().unwrap_or(0);
        view.int("executions_per_call", most.into());
    }
}

#[derive(Clone, Hash)]
struct Node {
    rpc: Endpoint<Skeleton<Account>>,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let (config, table) = parameters::server(arguments)?;
    let work = arguments.duration("work");
    let (done, executions) = (BTreeMap::new(), BTreeMap::new());
    let account = Account { work, total: 0, done, executions };
    let server = rpc::Server::new(config, Skeleton(account), table);
    // It calls nobody.
    let client = Client::new(client::Config::default());
    let rpc = Endpoint::new(client, server).announced(parameters::announcer(arguments)?);
    Ok(Box::new(Node { rpc }))
}

impl Process for Node {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event.peel() {
            (None, Event::Start) => {
                invariant::note_begins(env);
                self.rpc.on_event(event, &mut env.at(rpc::PORT));
                for (operation, count) in &self.rpc.server.service().0.done {
                    invariant::note_restored(*operation, *count, env);
                }
            }
            (Some(rpc::PORT), event) => {
                self.rpc.on_event(event, &mut env.at(rpc::PORT));
            }
            (_, Event::Datagram { from, bytes }) => {
                env.note("bad datagram", from.0.into(), bytes.len() as u64);
            }
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        self.rpc.inspect(view);
    }
}
