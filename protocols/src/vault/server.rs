//! Who keeps the vault.

use super::vault::{Reply, Server, Skeleton, dissect};
use super::{FAULTS, invariant};
use crate::rpc::parameters::STEPS;
use crate::rpc::server::table::{Limits, Table};
use crate::rpc::{self, Context, Host, Step, Woken, server};
use simlab_core::{
    Arguments, BuildError, Entry, Fields, NodeId, Parameter, ParameterKind, Process,
};

/// The server.
pub const SERVER: Entry =
    Entry::server("vault-server", "keeps what its owner takes out bit by bit", build)
        .parameters(&[
            Parameter {
                name: "owner",
                kind: ParameterKind::Node,
                default: None,
                help: "whose it is",
            },
            Parameter::with_default(
                "holds",
                ParameterKind::Count { min: 0, max: 1_000_000_000 },
                "1000",
                "what is in it",
            ),
            Parameter::with_default(
                "believes",
                ParameterKind::Choice(&["channel", "message"]),
                "channel",
                "what says who calls: the channel on which the request came, or the request itself",
            ),
            STEPS,
        ])
        .invariants(&[invariant::OWNER_ONLY])
        .dissector(dissect)
        .faults(&FAULTS);

/// What a call fails with that is not the owner's, by its own words; and one that would take more than there is.
const NOT_THE_OWNER: i64 = 1;
const NOT_ENOUGH: i64 = 2;

#[derive(Clone, Debug, Hash)]
struct Vault {
    owner: NodeId,
    left: i64,
    taken: u64,
    by_channel: bool,
}

impl Server for Vault {
    type Job = ();

    fn may(&self, caller: NodeId, _: u16) -> bool {
        !self.by_channel || caller == self.owner
    }

    fn take(&mut self, owner: u32, amount: i64, context: &mut Context<'_, '_>) -> Step<i64, ()> {
        if NodeId(owner) != self.owner {
            return Step::fails(NOT_THE_OWNER, "that is not who it belongs to");
        }
        if !(0..=self.left).contains(&amount) {
            return Step::fails(NOT_ENOUGH, format!("there are {} left", self.left));
        }
        let caller = context.caller();
        invariant::note_taken(caller, self.owner, context.env());
        self.left -= amount;
        self.taken += 1;
        context.effect(self.left.to_be_bytes().to_vec());
        Step::returns(self.left)
    }

    fn resume(&mut self, (): (), _: Woken, _: &mut Context<'_, '_>) -> Step<Reply, ()> {
        unreachable!("no procedure waits")
    }

    fn redo(&mut self, effect: &[u8]) {
        let read = self.restore(effect);
        assert!(read, "a checksum says that we have written it");
    }

    fn snapshot(&self) -> Vec<u8> {
        self.left.to_be_bytes().to_vec()
    }

    fn restore(&mut self, snapshot: &[u8]) -> bool {
        let left = snapshot.try_into().map(i64::from_be_bytes);
        left.map(|left| self.left = left).is_ok()
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("left", self.left);
        view.int("taken", self.taken as i64);
    }
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let (owner, left) = (arguments.node("owner"), arguments.count("holds") as i64);
    let by_channel = arguments.text("believes") == "channel";
    let vault = Vault { owner, left, taken: 0, by_channel };
    let limits = Limits { calls: 1_024, callers: 1 << 16 };
    let config = server::Config {
        durable: true,
        steps: arguments.flag("steps"),
        ..server::Config::in_memory(limits)
    };
    let server = rpc::Server::new(config, Skeleton(vault), Table::new(limits));
    Ok(Box::new(Host::new(server)))
}
