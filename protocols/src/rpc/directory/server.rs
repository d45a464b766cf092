//! The registry: who offers which service.
//!
//! It writes nothing down: after a restart it has heard of everybody again within a heart-beat.

use super::invariant::{self, DIRECTORY_FRESH};
use super::leases::{Config, Leases, NEVER_DROPPED, Refused};
use super::registry::{Reply, Server, Skeleton, dissect};
use crate::rpc::faults::{DRIFT_MAX, TOLERATES};
use crate::rpc::parameters::STEPS;
use crate::rpc::server::table::{Limits, Table};
use crate::rpc::{self, Context, Host, Step, Woken, server};
use simlab_core::{
    Arguments, BuildError, Duration, Entry, FaultModel, Fields, NodeId, Parameter, ParameterKind,
    Process,
};

/// The registry.
pub const REGISTRY: Entry =
    Entry::server("registry", "knows who offers which service, for as long as a lease", build)
        .parameters(&[
            Parameter::with_default(
                "lease",
                ParameterKind::Duration,
                "3s",
                "how long it is known that a server is there after it has said so",
            ),
            Parameter::with_default(
                "registrations",
                ParameterKind::Count { min: 1, max: 1_000_000 },
                "1000",
                "how many servers of services it has room for",
            ),
            STEPS,
        ])
        .switches(&[NEVER_DROPPED])
        .invariants(&[DIRECTORY_FRESH])
        .dissector(dissect)
        .faults(&FAULTS);

const FAULTS: FaultModel = FaultModel {
    summary: "who is gone is not named later than a lease and a heart-beat; it forgets all when it \
              crashes, and has heard of all again within a heart-beat",
    tolerates: TOLERATES,
    drift_max: DRIFT_MAX,
};

/// In bytes, of a service's name.
const NAME_MAX: usize = 64;

/// What a registration fails with: no room, no such name.
const FULL: i64 = 1;
const NAME: i64 = 2;

#[derive(Clone, Debug, Hash)]
struct Registry {
    leases: Leases,
}

impl Server for Registry {
    type Job = ();

    fn register(&mut self, service: String, context: &mut Context<'_, '_>) -> Step<u64, ()> {
        let (server, now) = (context.caller(), context.env().now());
        match self.leases.register(&service, server, now) {
            Ok(end) => Step::returns(end.since(now).nanos()),
            Err(Refused::Full) => Step::fails(FULL, "there is no room for one more"),
            Err(Refused::Name | Refused::Unknown) => {
                Step::fails(NAME, format!("a name has 1 to {NAME_MAX} bytes"))
            }
        }
    }

    fn look_up(&mut self, service: String, context: &mut Context<'_, '_>) -> Step<Vec<u32>, ()> {
        let servers = self.leases.look_up(&service, context.env().now());
        for server in &servers {
            invariant::note_returned(*server, self.leases.lease(), context.env());
        }
        Step::returns(servers.into_iter().map(|NodeId(server)| server).collect())
    }

    fn resume(&mut self, (): (), _: Woken, _: &mut Context<'_, '_>) -> Step<Reply, ()> {
        unreachable!("no procedure waits")
    }

    // It has no effects that it would do again.
    fn redo(&mut self, _: &[u8]) {}

    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, snapshot: &[u8]) -> bool {
        snapshot.is_empty()
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("registrations", self.leases.len() as i64);
        for (service, servers) in self.leases.all() {
            let servers: Vec<String> = servers.map(|server| server.to_string()).collect();
            view.text(service, servers.join(" "));
        }
    }
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let lease = arguments.duration("lease");
    if lease == Duration::ZERO {
        let message = "a lease lasts longer than no time".to_owned();
        return Err(BuildError { parameter: Some("lease"), message });
    }
    let leases = Leases::new(Config {
        lease,
        registrations_max: arguments.count("registrations") as usize,
        name_max: NAME_MAX,
        never_dropped: arguments.switched(NEVER_DROPPED.name),
    });
    // To register and to look up may be done twice, so that no call need be known again.
    let limits = Limits { calls: 1, callers: 1 << 16 };
    let config =
        server::Config { steps: arguments.flag("steps"), ..server::Config::in_memory(limits) };
    let server = rpc::Server::new(config, Skeleton(Registry { leases }), Table::new(limits));
    Ok(Box::new(Host::new(server)))
}
