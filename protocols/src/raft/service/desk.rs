//! Who takes calls of the service down, for the node to answer.

use super::kvs::{Members, Reply, Server, Ticket};
use crate::raft::ReadMode;
use crate::raft::kv::Act;
use crate::raft::store::What;
use crate::rpc::server::monitor::JobId;
use crate::rpc::value::Bytes;
use crate::rpc::{Context, Step, Woken};
use simlab_core::NodeId;
use std::collections::BTreeSet;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    /// A command for the log.
    Command(What),
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

/// Which procedure waits for its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Parked {
    Open,
    Get,
    Put,
    CompareAndSet,
    Delete,
    Append,
    Members,
    Change,
    Transfer,
    Stand,
}

/// Takes one call down at a time: the node looks after every event.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Desk {
    pub(super) asked: Option<(JobId, Asked)>,
}

impl Desk {
    fn take_down<R>(
        &mut self,
        asked: Asked,
        parked: Parked,
        to: &Context<'_, '_>,
    ) -> Step<R, Parked> {
        self.asked = Some((to.job(), asked));
        Step::Park(parked)
    }

    fn write<R>(
        &mut self,
        ticket: &Ticket,
        act: Act,
        parked: Parked,
        to: &Context<'_, '_>,
    ) -> Step<R, Parked> {
        let Ticket { session, number, settled } = *ticket;
        let what = match session {
            0 => What::Always(act),
            _ => What::Once { session, number, settled, act },
        };
        self.take_down(Asked::Command(what), parked, to)
    }
}

fn nodes(numbers: Vec<u32>) -> BTreeSet<NodeId> {
    numbers.into_iter().map(NodeId).collect()
}

impl Server for Desk {
    type Job = Parked;

    fn open(&mut self, to: &mut Context<'_, '_>) -> Step<u64, Parked> {
        self.take_down(Asked::Command(What::Open), Parked::Open, to)
    }

    fn get(
        &mut self,
        key: String,
        lease: bool,
        to: &mut Context<'_, '_>,
    ) -> Step<Option<Bytes>, Parked> {
        let mode = if lease { ReadMode::Lease } else { ReadMode::Index };
        self.take_down(Asked::Read(key, mode), Parked::Get, to)
    }

    fn put(
        &mut self,
        ticket: Ticket,
        key: String,
        value: Bytes,
        to: &mut Context<'_, '_>,
    ) -> Step<(), Parked> {
        self.write(&ticket, Act::Put { key, value: value.0 }, Parked::Put, to)
    }

    fn compare_and_set(
        &mut self,
        ticket: Ticket,
        key: String,
        expected: Option<Bytes>,
        value: Bytes,
        to: &mut Context<'_, '_>,
    ) -> Step<bool, Parked> {
        let expected = expected.map(|bytes| bytes.0);
        let act = Act::CompareAndSet { key, expected, value: value.0 };
        self.write(&ticket, act, Parked::CompareAndSet, to)
    }

    fn delete(
        &mut self,
        ticket: Ticket,
        key: String,
        to: &mut Context<'_, '_>,
    ) -> Step<Option<Bytes>, Parked> {
        self.write(&ticket, Act::Delete { key }, Parked::Delete, to)
    }

    fn append(
        &mut self,
        ticket: Ticket,
        key: String,
        value: Bytes,
        to: &mut Context<'_, '_>,
    ) -> Step<(), Parked> {
        self.write(&ticket, Act::Append { key, value: value.0 }, Parked::Append, to)
    }

    fn members(&mut self, to: &mut Context<'_, '_>) -> Step<Members, Parked> {
        self.take_down(Asked::Members, Parked::Members, to)
    }

    fn change(
        &mut self,
        voters: Vec<u32>,
        learners: Vec<u32>,
        joint: bool,
        to: &mut Context<'_, '_>,
    ) -> Step<(), Parked> {
        self.take_down(Asked::Change(nodes(voters), nodes(learners), joint), Parked::Change, to)
    }

    fn transfer(&mut self, node: u32, to: &mut Context<'_, '_>) -> Step<(), Parked> {
        self.take_down(Asked::Transfer(NodeId(node)), Parked::Transfer, to)
    }

    fn stand(&mut self, to: &mut Context<'_, '_>) -> Step<(), Parked> {
        self.take_down(Asked::Stand, Parked::Stand, to)
    }

    fn resume(&mut self, parked: Parked, _: Woken, _: &mut Context<'_, '_>) -> Step<Reply, Parked> {
        Step::Park(parked)
    }

    fn redo(&mut self, _: &[u8]) {}

    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> bool {
        true
    }
}
