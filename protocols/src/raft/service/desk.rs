//! Who takes calls of the service down, for the node to answer.

use super::kvs::{Members, Reply, Server, Ticket};
use crate::raft::ReadMode;
use crate::raft::kv::Operation;
use crate::raft::store::Request;
use crate::rpc::server::monitor::JobId;
use crate::rpc::value::Bytes;
use crate::rpc::{Context, Step, Woken};
use simlab_core::NodeId;
use std::collections::BTreeSet;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    /// A command for the log, by a procedure.
    Command(Request, Procedure),
    /// A read beside it.
    Read(String, ReadMode),
    /// Who is in the cluster.
    Members,
    /// A change of that: voters, learners, whether by a joint configuration.
    Change(BTreeSet<NodeId>, BTreeSet<NodeId>, bool),
    /// That another leads.
    Transfer(NodeId),
    /// That this node stands for election.
    Stand,
}

/// Whose command it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Procedure {
    Open,
    Put,
    CompareAndSet,
    Delete,
    Append,
}

/// Takes one call down at a time: the node looks after every event.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Desk {
    pub(super) asked: Option<(JobId, Asked)>,
}

impl Desk {
    fn take_down<R>(&mut self, asked: Asked, to: &Context<'_, '_>) -> Step<R, ()> {
        self.asked = Some((to.job(), asked));
        Step::Park(())
    }

    fn write<R>(
        &mut self,
        ticket: &Ticket,
        operation: Operation,
        procedure: Procedure,
        to: &Context<'_, '_>,
    ) -> Step<R, ()> {
        let Ticket { session, number, settled } = *ticket;
        let request = match session {
            0 => Request::Always(operation),
            _ => Request::Once { session, number, settled, operation },
        };
        self.take_down(Asked::Command(request, procedure), to)
    }
}

fn nodes(numbers: Vec<u32>) -> BTreeSet<NodeId> {
    numbers.into_iter().map(NodeId).collect()
}

impl Server for Desk {
    type Job = ();

    fn open(&mut self, to: &mut Context<'_, '_>) -> Step<u64, ()> {
        self.take_down(Asked::Command(Request::Open, Procedure::Open), to)
    }

    fn get(
        &mut self,
        key: String,
        lease: bool,
        to: &mut Context<'_, '_>,
    ) -> Step<Option<Bytes>, ()> {
        let mode = if lease { ReadMode::Lease } else { ReadMode::Index };
        self.take_down(Asked::Read(key, mode), to)
    }

    fn put(
        &mut self,
        ticket: Ticket,
        key: String,
        value: Bytes,
        to: &mut Context<'_, '_>,
    ) -> Step<(), ()> {
        self.write(&ticket, Operation::Put { key, value: value.0 }, Procedure::Put, to)
    }

    fn compare_and_set(
        &mut self,
        ticket: Ticket,
        key: String,
        expected: Option<Bytes>,
        value: Bytes,
        to: &mut Context<'_, '_>,
    ) -> Step<bool, ()> {
        let expected = expected.map(|bytes| bytes.0);
        let operation = Operation::CompareAndSet { key, expected, value: value.0 };
        self.write(&ticket, operation, Procedure::CompareAndSet, to)
    }

    fn delete(
        &mut self,
        ticket: Ticket,
        key: String,
        to: &mut Context<'_, '_>,
    ) -> Step<Option<Bytes>, ()> {
        self.write(&ticket, Operation::Delete { key }, Procedure::Delete, to)
    }

    fn append(
        &mut self,
        ticket: Ticket,
        key: String,
        value: Bytes,
        to: &mut Context<'_, '_>,
    ) -> Step<(), ()> {
        self.write(&ticket, Operation::Append { key, value: value.0 }, Procedure::Append, to)
    }

    fn members(&mut self, to: &mut Context<'_, '_>) -> Step<Members, ()> {
        self.take_down(Asked::Members, to)
    }

    fn change(
        &mut self,
        voters: Vec<u32>,
        learners: Vec<u32>,
        joint: bool,
        to: &mut Context<'_, '_>,
    ) -> Step<(), ()> {
        self.take_down(Asked::Change(nodes(voters), nodes(learners), joint), to)
    }

    fn transfer(&mut self, node: u32, to: &mut Context<'_, '_>) -> Step<(), ()> {
        self.take_down(Asked::Transfer(NodeId(node)), to)
    }

    fn stand(&mut self, to: &mut Context<'_, '_>) -> Step<(), ()> {
        self.take_down(Asked::Stand, to)
    }

    fn resume(&mut self, _: (), _: Woken, _: &mut Context<'_, '_>) -> Step<Reply, ()> {
        Step::Park(())
    }

    fn redo(&mut self, _: &[u8]) {}

    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> bool {
        true
    }
}
