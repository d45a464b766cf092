//! Who adds to the account for others: a server whose procedure makes a call of its own.
//!
//! Orders are served one after the other, under a mutex that is held while the account is asked: who holds it past its
//! deadline holds all others up.

use super::account::{self, Receipt};
use super::server::SERVER;
use super::{FAULTS, invariant};
use crate::rpc::message::Semantics;
use crate::rpc::parameters::{self, CALLING, NESTING_SWITCHES, SERVING, joined};
use crate::rpc::{
    self, CallError, Client, Context, Handle, Host, NO_WORK_PAST_DEADLINE, Options, Step, Woken,
};
use simlab_core::{
    Arguments, BuildError, Duration, Entry, Fields, NodeId, Parameter, ParameterKind, Process,
};

crate::service! {
    /// A desk that takes orders for an account.
    pub service desk = "desk", versions 1..=1;

    procedures {
        /// Adds an amount to the account that it speaks for.
        1 => order(operation: u64, amount: i64) -> Receipt;
    }
}

/// The desk.
pub const DESK: Entry =
    Entry::server("account-desk", "takes orders, and calls an account for each", build)
        .parameters(&joined::<22>(&[&OWN, &SERVING, &CALLING]))
        .switches(&NESTING_SWITCHES)
        .invariants(&[invariant::EFFECTS_ONCE, invariant::REPLIES_MATCH, NO_WORK_PAST_DEADLINE])
        .dissector(|bytes| desk::dissect(bytes).or_else(|| account::dissect(bytes)))
        .faults(&FAULTS);

const OWN: [Parameter; 3] = [
    Parameter {
        name: "account",
        kind: ParameterKind::Node,
        default: None,
        help: "the account-server that it calls",
    },
    Parameter::with_default(
        "mutex",
        ParameterKind::Flag,
        "false",
        "whether one order is served at a time, under a mutex",
    ),
    Parameter::with_default(
        "nested",
        ParameterKind::Timeout,
        "never",
        "how long a nested call takes at most, if its order has no earlier deadline",
    ),
];

/// The mutex under which orders are served.
const TILL: u32 = 1;

/// What an order fails with that the account did not do.
const NOT_DONE: i64 = 1;

#[derive(Clone, Debug, Hash)]
struct Desk {
    account: NodeId,
    mutex: bool,
    nested: Duration,
    done: u64,
    failed: u64,
    too_late: u64,
}

#[derive(Clone, Debug, Hash)]
enum Job {
    /// It waits for the mutex.
    Queueing { operation: u64, amount: i64 },
    /// It waits for the account.
    Asking(Handle<Receipt>),
}

impl Desk {
    fn ask<R>(&self, operation: u64, amount: i64, context: &mut Context<'_, '_>) -> Step<R, Job> {
        let options = Options::new(Semantics::AtMostOnce, self.nested);
        let handle = context.call(self.account, &account::add(operation, amount), options);
        Step::Await(handle.call, Job::Asking(handle))
    }
}

impl desk::Server for Desk {
    type Job = Job;
    const CALLS: bool = true;

    fn order(
        &mut self,
        operation: u64,
        amount: i64,
        context: &mut Context<'_, '_>,
    ) -> Step<Receipt, Job> {
        if self.mutex {
            return Step::Lock(TILL, Job::Queueing { operation, amount });
        }
        self.ask(operation, amount, context)
    }

    fn resume(
        &mut self,
        job: Job,
        woken: Woken,
        context: &mut Context<'_, '_>,
    ) -> Step<desk::Reply, Job> {
        match (job, woken) {
            (Job::Queueing { .. }, Woken::TooLate) => {
                self.too_late += 1;
                Step::fails(NOT_DONE, "the till was taken for too long")
            }
            (Job::Queueing { operation, amount }, _) => self.ask(operation, amount, context),
            (Job::Asking(handle), Woken::Completed(result)) => match handle.read(&result) {
                Ok(receipt) => {
                    self.done += 1;
                    Step::returns(desk::Reply::order(receipt))
                }
                Err(error) => {
                    self.failed += 1;
                    let code = if matches!(error, CallError::Refused(_)) { NOT_DONE } else { 2 };
                    Step::fails(code, error.to_string())
                }
            },
            (job @ Job::Asking(handle), _) => Step::Await(handle.call, job),
        }
    }

    fn redo(&mut self, _: &[u8]) {}

    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> bool {
        true
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("done", self.done as i64);
        view.int("failed", self.failed as i64);
        view.int("till_too_late", self.too_late as i64);
    }
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let account = arguments.node("account");
    if arguments.roster[account.index()].service != SERVER.name {
        let message = format!("`account` is a node that runs {}", SERVER.name);
        return Err(BuildError { parameter: Some("account"), message });
    }
    let (config, table) = parameters::server(arguments)?;
    let (mutex, nested) = (arguments.flag("mutex"), arguments.duration("nested"));
    let desk = Desk { account, mutex, nested, done: 0, failed: 0, too_late: 0 };
    let server = rpc::Server::new(config, desk::Skeleton(desk), table);
    let client = Client::new(parameters::client(arguments)?);
    Ok(Box::new(Host::calling(client, server)))
}
