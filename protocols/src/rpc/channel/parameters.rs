//! What scenarios can set of channels.

use super::{Config, Naming};
use crate::rpc::balance::Balancer;
use crate::rpc::balance::ring::POINTS_MAX;
use crate::rpc::directory::{REGISTRY, cache};
use crate::rpc::govern::breaker::{self, NEVER_HALF_OPENS};
use crate::rpc::govern::shed::Class;
use simlab_core::{Arguments, BuildError, Duration, NodeId, Parameter, ParameterKind};

/// How a server is chosen.
pub const BALANCE: Parameter = Parameter::with_default(
    "balance",
    ParameterKind::Choice(&Balancer::NAMES),
    "round-robin",
    "which of several servers is called",
);
/// How many points each server has on the ring.
pub const POINTS: Parameter = Parameter::with_default(
    "points",
    ParameterKind::Count { min: 1, max: POINTS_MAX as u64 },
    "100",
    "with `consistent-hash`, how many points each server has on the ring",
);
/// How long a server is given.
pub const ATTEMPT: Parameter = Parameter::with_default(
    "attempt",
    ParameterKind::Timeout,
    "500ms",
    "after what time without an answer another server is asked, where the semantics allow it",
);
/// How many servers are asked.
pub const ATTEMPTS: Parameter = Parameter::with_default(
    "attempts",
    ParameterKind::Count { min: 1, max: 1_000 },
    "3",
    "how many servers are asked for one call; 1 for no failover",
);
/// How long a server is left alone.
pub const AVOID: Parameter = Parameter::with_default(
    "avoid",
    ParameterKind::Duration,
    "1s",
    "how long a server that did not answer is left alone, while there are others",
);
/// For how long what a registry said is used without a question.
pub const FRESH: Parameter = Parameter::with_default(
    "fresh",
    ParameterKind::Duration,
    "1s",
    "how old what a registry said is when it is asked again",
);
/// For how long it is used at all.
pub const STALE: Parameter = Parameter::with_default(
    "stale",
    ParameterKind::Timeout,
    "1m",
    "how old what a registry said is when it is not used any more, although no newer answer has come",
);
/// Whether there are breakers.
pub const BREAKER: Parameter = Parameter::with_default(
    "breaker",
    ParameterKind::Flag,
    "false",
    "whether a server of whose last 20 calls half failed is left alone for `breaker_open`, and then \
     tried with one call",
);
/// How long a breaker stays open.
pub const BREAKER_OPEN: Parameter = Parameter::with_default(
    "breaker_open",
    ParameterKind::Duration,
    "1s",
    "with `breaker`, how long a server is left alone",
);
/// How much calls matter.
pub const CLASS: Parameter = Parameter::with_default(
    "class",
    ParameterKind::Choice(&Class::NAMES),
    "critical",
    "how much its calls matter where a server has more of them than it can serve",
);

/// What can be set of every channel.
pub const CHOOSING: [Parameter; 10] =
    [BALANCE, POINTS, ATTEMPT, ATTEMPTS, AVOID, FRESH, STALE, BREAKER, BREAKER_OPEN, CLASS];

/// How long an answer of the registry may take before it is asked again.
const PATIENCE: Duration = Duration::from_millis(500);

/// How the servers are found and chosen that the node `server` is one of, or knows.
///
/// # Errors
/// If answers of the registry get stale before they are old, or a server is given no time.
pub fn channel(arguments: &Arguments<'_>, server: NodeId) -> Result<Config, BuildError> {
    let refuse = |parameter, message: &str| BuildError {
        parameter: Some(parameter),
        message: message.to_owned(),
    };
    let (fresh, stale) = (arguments.duration("fresh"), arguments.duration("stale"));
    if stale < fresh {
        return Err(refuse("stale", "what is not used any more is no younger than `fresh`"));
    }
    let attempt = arguments.duration("attempt");
    if attempt == Duration::ZERO {
        return Err(refuse("attempt", "a server is given more than no time"));
    }
    let cache =
        cache::Config { fresh, stale, patience: PATIENCE, services_max: 16, servers_max: 10_000 };
    let naming = match arguments.roster[server.index()].service == REGISTRY.name {
        true => Naming::Registry { at: server, nodes: arguments.roster.len() as u32, cache },
        false => Naming::Fixed(vec![server]),
    };
    let half = "50%".parse().map_err(|_| refuse("breaker", "half is no share"))?;
    let open = arguments.duration("breaker_open");
    let breaker = breaker::Config {
        window: 20,
        minimum: 10,
        failures: half,
        open,
        probes: 1,
        successes: 1,
        probe_timeout: Duration::from_secs(5),
        never_half_opens: arguments.switched(NEVER_HALF_OPENS.name),
    };
    Ok(Config {
        naming,
        balancer: Balancer::named(arguments.text("balance")).unwrap_or(Balancer::RoundRobin),
        points: arguments.count("points") as usize,
        attempt,
        attempts_max: arguments.count("attempts") as u32,
        avoid: arguments.duration("avoid"),
        breaker: arguments.flag("breaker").then_some(breaker),
    })
}
