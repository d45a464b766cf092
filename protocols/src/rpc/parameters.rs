//! What scenarios can set of callers and servers.

use super::client;
use super::directory::{Announcer, REGISTRY};
use super::govern::bucket::Rate;
use super::govern::shed::Control;
use super::message::{Codec, Semantics};
use super::server::table::{EVICT_AND_EXECUTE, Limits, Table, WRONG_CALLER};
use super::server::{self, NO_DEADLINE_PASSED_ON, SEPARATE_SYNCS, TABLE_IN_MEMORY};
use crate::reliable::backoff::Backoff;
use crate::reliable::budget::Limit;
use simlab_core::{Arguments, BuildError, Duration, Parameter, ParameterKind, Ratio, Switch};

/// What to do about calls that are not answered.
pub const SEMANTICS: Parameter = Parameter::with_default(
    "semantics",
    ParameterKind::Choice(&Semantics::NAMES),
    "at-most-once",
    "what is done about a call that is not answered",
);
/// How parameters and results are written.
pub const CODEC: Parameter = Parameter::with_default(
    "codec",
    ParameterKind::Choice(&Codec::NAMES),
    "binary",
    "how parameters and results are written",
);
/// How long a caller waits.
pub const DEADLINE: Parameter = Parameter::with_default(
    "deadline",
    ParameterKind::Timeout,
    "5s",
    "how long a caller waits for what comes of a call",
);
/// When a call is sent again.
pub const RETRANSMIT: Parameter = Parameter::with_default(
    "retransmit",
    ParameterKind::Timeout,
    "200ms",
    "how long to wait for an answer before a call is sent again; `never` on a reliable transport",
);
/// How much longer each time.
pub const BACKOFF: Parameter = Parameter::with_default(
    "backoff",
    ParameterKind::Choice(&Backoff::NAMES),
    "exponential",
    "how much longer to wait each time that nobody answers",
);
/// The longest wait.
pub const RETRANSMIT_MAX: Parameter = Parameter::with_default(
    "retransmit_max",
    ParameterKind::Duration,
    "2s",
    "the longest time after which a call is sent again",
);
/// How long a server at work may be silent.
pub const PATIENCE: Parameter = Parameter::with_default(
    "patience",
    ParameterKind::Duration,
    "2s",
    "how long a server that has said that it is at work may be silent before it is asked again",
);
/// Whether there is a retry budget.
pub const BUDGET: Parameter = Parameter::with_default(
    "budget",
    ParameterKind::Flag,
    "false",
    "whether no more than a tenth of the calls are sent again",
);
/// Whether the steps of calls are noted.
pub const STEPS: Parameter = Parameter::with_default(
    "steps",
    ParameterKind::Flag,
    "true",
    "whether the steps of calls are noted in the trace",
);
/// The newest version that a server speaks.
pub const NEWEST: Parameter = Parameter::with_default(
    "newest",
    ParameterKind::Count { min: 1, max: 65_535 },
    "65535",
    "the newest version of its service that it speaks, if it knows a newer one",
);
/// How many calls are executed at a time.
pub const WORKERS: Parameter = Parameter::with_default(
    "workers",
    ParameterKind::Count { min: 1, max: 10_000 },
    "4",
    "how many calls are executed at a time",
);
/// How many wait for a worker.
pub const QUEUE: Parameter = Parameter::with_default(
    "queue",
    ParameterKind::Count { min: 0, max: 100_000 },
    "64",
    "how many calls may wait for a worker; more are refused",
);
/// How often each caller may call.
pub const RATE: Parameter = Parameter::with_default(
    "rate",
    ParameterKind::Count { min: 0, max: 1_000_000 },
    "0",
    "how many calls a second each caller may make, by a token bucket; 0 for any number",
);
/// How many calls a caller may make at once.
pub const BURST: Parameter = Parameter::with_default(
    "burst",
    ParameterKind::Count { min: 1, max: 1_000_000 },
    "10",
    "with `rate`, how many calls a caller may make at once that has made none for a time",
);
/// Which calls of a queue are refused.
pub const SHED: Parameter = Parameter::with_default(
    "shed",
    ParameterKind::Choice(&["nothing", "late", "late-newest-first"]),
    "nothing",
    "which calls of a standing queue are refused: those that have waited longer than `shed_target`, and      whether the others are served newest first",
);
/// How long calls may wait in a standing queue.
pub const SHED_TARGET: Parameter = Parameter::with_default(
    "shed_target",
    ParameterKind::Duration,
    "50ms",
    "with `shed`, how long a call may wait in a standing queue",
);
/// When a queue is standing.
pub const SHED_INTERVAL: Parameter = Parameter::with_default(
    "shed_interval",
    ParameterKind::Duration,
    "500ms",
    "with `shed`, for how long calls must have waited longer than that for the queue to be standing",
);

/// Whether a registry is told.
pub const ANNOUNCE: Parameter = Parameter::with_default(
    "announce",
    ParameterKind::Flag,
    "false",
    "whether the scenario's registry is told, again and again, that it is there",
);
/// How often.
pub const HEARTBEAT: Parameter = Parameter::with_default(
    "heartbeat",
    ParameterKind::Duration,
    "1s",
    "with `announce`, how often",
);

/// Whether the duplicate table survives a restart.
pub const DURABLE: Parameter = Parameter::with_default(
    "durable",
    ParameterKind::Flag,
    "true",
    "whether it is known after a restart which calls were executed",
);
/// What the duplicate table remembers.
pub const REMEMBERED: Parameter = Parameter::with_default(
    "remembered",
    ParameterKind::Count { min: 1, max: 1_000_000 },
    "1024",
    "how many calls of each caller the duplicate table has room for",
);
/// How often a caller is told that its call is worked at.
pub const WORKING: Parameter = Parameter::with_default(
    "working",
    ParameterKind::Timeout,
    "never",
    "how often a caller is told that its call is worked at",
);
/// How long the journal gets.
pub const JOURNAL: Parameter = Parameter::with_default(
    "journal",
    ParameterKind::Count { min: 64, max: 1 << 30 },
    "65536",
    "how many bytes the journal has before it is replaced by a snapshot",
);

/// What can be set of every caller, beside its own parameters.
pub const CALLING: [Parameter; 6] = [RETRANSMIT, BACKOFF, RETRANSMIT_MAX, PATIENCE, DRIFT, BUDGET];
/// What can be set of every server, beside its own parameters.
pub const SERVING: [Parameter; 13] = [
    NEWEST,
    WORKERS,
    QUEUE,
    RATE,
    BURST,
    SHED,
    SHED_TARGET,
    SHED_INTERVAL,
    DURABLE,
    REMEMBERED,
    WORKING,
    JOURNAL,
    STEPS,
];

/// All these parameters in one list.
///
/// # Panics
/// If there are not as many as the list is long.
#[must_use]
pub const fn joined<const N: usize>(lists: &[&[Parameter]]) -> [Parameter; N] {
    let (mut all, mut len, mut list) = ([STEPS; N], 0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            all[len] = lists[list][at];
            (at, len) = (at + 1, len + 1);
        }
        list += 1;
    }
    assert!(len == N, "the list is as long as they are together");
    all
}

/// The switches of a caller.
pub const CLIENT_SWITCHES: [Switch; 1] = [client::NEW_ID];
/// The switches of a server.
pub const SERVER_SWITCHES: [Switch; 4] =
    [TABLE_IN_MEMORY, SEPARATE_SYNCS, EVICT_AND_EXECUTE, WRONG_CALLER];
/// The switches of a server whose procedures make calls of their own.
pub const NESTING_SWITCHES: [Switch; 5] =
    [TABLE_IN_MEMORY, SEPARATE_SYNCS, EVICT_AND_EXECUTE, WRONG_CALLER, NO_DEADLINE_PASSED_ON];

/// How far clocks may drift apart.
pub const DRIFT: Parameter = Parameter::with_default(
    "drift",
    ParameterKind::Probability,
    "0.1%",
    "by how much the clocks of two nodes may drift apart: by so much deadlines are earlier elsewhere",
);

/// How a caller with these parameters calls.
///
/// # Errors
/// If the time after which a call is sent again is none, or longer than the longest.
pub fn client(arguments: &Arguments<'_>) -> Result<client::Config, BuildError> {
    let (retransmit, most) =
        (arguments.duration("retransmit"), arguments.duration("retransmit_max"));
    if retransmit == Duration::ZERO || (retransmit > most && retransmit < Duration::FOREVER) {
        let message = "`retransmit` is longer than no time, and not longer than `retransmit_max`";
        let message = message.to_owned();
        return Err(BuildError { parameter: Some("retransmit"), message });
    }
    let share = "10%".parse().ok();
    let limit = share.map(|share| Limit { share, floor: 1 });
    Ok(client::Config {
        retransmit,
        backoff: Backoff::named(arguments.text("backoff")).unwrap_or(Backoff::Exponential),
        retransmit_max: most,
        budget: limit.filter(|_| arguments.flag("budget")),
        patience: arguments.duration("patience"),
        drift: millionths(arguments.probability("drift")),
        steps: arguments.flag("steps"),
        new_id: arguments.switched(client::NEW_ID.name),
        ..client::Config::default()
    })
}

/// How a server with these parameters executes, and its duplicate table.
///
/// # Errors
/// If a caller is to be told without a pause that its call is worked at.
pub fn server(arguments: &Arguments<'_>) -> Result<(server::Config, Table), BuildError> {
    let on = |switch: Switch| arguments.switched(switch.name);
    let working = arguments.duration("working");
    if working == Duration::ZERO {
        let message = "who says without a pause that it is at work does nothing else".to_owned();
        return Err(BuildError { parameter: Some("working"), message });
    }
    let limits = Limits { calls: arguments.count("remembered") as usize, callers: 1 << 16 };
    let per_second = arguments.count("rate");
    let rate = Rate { per_second, burst: arguments.count("burst") };
    let control = Control {
        target: arguments.duration("shed_target"),
        interval: arguments.duration("shed_interval"),
        newest_first: arguments.text("shed") == "late-newest-first",
    };
    let config = server::Config {
        newest: arguments.count("newest") as u16,
        workers: arguments.count("workers") as usize,
        queue: arguments.count("queue") as usize,
        shed: (arguments.text("shed") != "nothing").then_some(control),
        rate: (per_second > 0).then_some(rate),
        limits,
        durable: arguments.flag("durable"),
        working: (working < Duration::FOREVER).then_some(working),
        journal_max: arguments.count("journal") as usize,
        steps: arguments.flag("steps"),
        executions: true,
        table_in_memory: on(TABLE_IN_MEMORY),
        separate_syncs: on(SEPARATE_SYNCS),
        deadline_kept: on(NO_DEADLINE_PASSED_ON),
    };
    Ok((config, Table::new(limits).without(on(EVICT_AND_EXECUTE), on(WRONG_CALLER))))
}

/// Who tells the registry of a server, if it is to be told.
///
/// # Errors
/// If there is not one registry, or it is told so seldom that it forgets in between.
pub fn announcer(arguments: &Arguments<'_>) -> Result<Option<Announcer>, BuildError> {
    if !arguments.flag("announce") {
        return Ok(None);
    }
    let mut registries = arguments.roster.iter().filter(|one| one.service == REGISTRY.name);
    let (Some(registry), None) = (registries.next(), registries.next()) else {
        let message = format!("to be told there is one node that runs {}", REGISTRY.name);
        return Err(BuildError { parameter: Some("announce"), message });
    };
    let (every, lease) = (arguments.duration("heartbeat"), registry.duration("lease"));
    if every == Duration::ZERO || every >= lease {
        let message = format!("it is more than no time, and less than the lease of {lease}");
        return Err(BuildError { parameter: Some("heartbeat"), message });
    }
    Ok(Some(Announcer::new(registry.id, every)))
}

fn millionths(share: Ratio) -> u64 {
    let (part, whole) = (u128::from(share.numerator()), u128::from(share.denominator().max(1)));
    u64::try_from((part * 1_000_000).div_ceil(whole)).unwrap_or(1_000_000)
}
