//! What scenarios can set of a node of Raft.

use crate::raft::config::Config;
use simlab_core::{Argument, Arguments, BuildError, Member, Parameter, ParameterKind};

const fn duration(name: &'static str, default: &'static str, help: &'static str) -> Parameter {
    Parameter::with_default(name, ParameterKind::Duration, default, help)
}

const fn count(
    name: &'static str,
    (min, max): (u64, u64),
    default: &'static str,
    help: &'static str,
) -> Parameter {
    Parameter::with_default(name, ParameterKind::Count { min, max }, default, help)
}

const fn flag(name: &'static str, default: &'static str, help: &'static str) -> Parameter {
    Parameter::with_default(name, ParameterKind::Flag, default, help)
}

/// Of every node of Raft, whatever its state machine is.
pub(in crate::raft) const NODE: [Parameter; 16] = [
    flag("voter", "true", "whether it is in the cluster from the start; if not, it may be added"),
    duration(
        "election",
        "500ms",
        "the shortest election time-out; each is drawn from this to twice of it",
    ),
    duration("heartbeat", "100ms", "how often a leader says that it is there"),
    count("batch", (1, 1_000), "64", "how many entries a message has at most"),
    flag("batch_drawn", "false", "whether each life of a node draws how many, up to `batch`"),
    count(
        "batch_bytes",
        (1, 1_000_000),
        "1024",
        "how many bytes of entries a message has at most; with its head (some 60) it must get through the links' `mtu`, or through a layer that cuts it up",
    ),
    count(
        "window",
        (1, 1_000),
        "8",
        "how many messages with entries may be under way to a follower",
    ),
    count(
        "chunk",
        (1, 1_000_000),
        "1024",
        "how many bytes of a snapshot a message has at most; `mtu` as for `batch_bytes`",
    ),
    count(
        "compact",
        (1, 1_000_000_000),
        "1000",
        "after how many applied entries a snapshot is taken",
    ),
    count(
        "trailing",
        (0, 1_000_000_000),
        "0",
        "how many entries stay in the log behind a snapshot",
    ),
    Parameter::with_default(
        "drift",
        ParameterKind::Probability,
        "20%",
        "by how much clocks may run fast or slow: leases are so much shorter (storms draw up to 20 %)",
    ),
    flag(
        "pre_vote",
        "true",
        "whether nodes ask whether they would be elected before they begin a term",
    ),
    flag(
        "check_quorum",
        "true",
        "whether a leader that hears no majority steps down, and nobody votes who hears a leader",
    ),
    flag(
        "leases",
        "true",
        "whether leaders may have leases, and a node that restarts grants no vote for a time",
    ),
    duration("session", "1m", "how long a client's session lives that is not used"),
    count("sessions", (1, 65_535), "1000", "how many sessions there are"),
];

/// How a node is set up.
pub(in crate::raft) fn config(arguments: &Arguments<'_>) -> Result<Config, BuildError> {
    let wrong = |parameter, message: &str| {
        Err(BuildError { parameter: Some(parameter), message: message.to_owned() })
    };
    let size = |name| usize::try_from(arguments.count(name)).unwrap_or(usize::MAX);
    let drift = arguments.probability("drift");
    let millionths = u128::from(drift.numerator()) * 1_000_000 / u128::from(drift.denominator());
    let config = Config {
        election: arguments.duration("election"),
        heartbeat: arguments.duration("heartbeat"),
        batch: size("batch"),
        batch_bytes: size("batch_bytes"),
        window: size("window"),
        chunk: size("chunk"),
        compact: arguments.count("compact"),
        trailing: arguments.count("trailing"),
        drift: u64::try_from(millionths).unwrap_or(u64::MAX),
        pre_vote: arguments.flag("pre_vote"),
        check_quorum: arguments.flag("check_quorum"),
        leases: arguments.flag("leases"),
    };
    if config.heartbeat >= config.election {
        let Config { heartbeat, election, .. } = config;
        let often = "`heartbeat` is less than `election`, the shortest election time-out";
        return wrong("heartbeat", &format!("{often}: not {heartbeat} where that is {election}"));
    }
    if config.heartbeat.nanos() == 0 {
        return wrong("heartbeat", "a heart-beat takes some time");
    }
    if arguments.duration("session").nanos() == 0 {
        return wrong("session", "a `session` lives for some time, or no write is known again");
    }
    agree(arguments)?;
    if config.leases && !config.check_quorum {
        return wrong("leases", "`leases` rest on `check_quorum`: nobody votes who hears a leader");
    }
    Ok(config)
}

/// Whether the node has what all must have in common: what most of them have; of what equally many have, what the first has.
fn agree(arguments: &Arguments<'_>) -> Result<(), BuildError> {
    let Some(me) = arguments.group().find(|member| member.id == arguments.me) else {
        return Ok(());
    };
    let leases = |member: &Member| member.arguments.get("leases") == Some(&Argument::Flag(true));
    let rest_on_it = ["leases", "election", "drift", "check_quorum"];
    let rest_on_it = if arguments.group().any(leases) { &rest_on_it[..] } else { &[] };
    let ends_by_it = ["session", "sessions"];
    let kinds = [
        (rest_on_it, "leases rest on it"),
        (&ends_by_it[..], "it decides when a session ends, which all states tell alike"),
    ];
    for (name, why) in kinds.iter().flat_map(|(names, why)| names.iter().map(move |n| (n, why))) {
        let usual = usual(arguments, name);
        if me.arguments.get(name) != usual {
            let usual = usual.map(Argument::to_string).unwrap_or_default();
            let message =
                format!("`{name}` is the same at all nodes, and most have {usual}: {why}");
            return Err(BuildError { parameter: Some(name), message });
        }
    }
    Ok(())
}

/// What most nodes have for a parameter.
fn usual<'a>(arguments: &Arguments<'a>, name: &str) -> Option<&'a Argument> {
    // There are hardly ever two, so to look each one up costs nothing.
    let mut counts: Vec<(Option<&Argument>, usize)> = Vec::new();
    for member in arguments.group() {
        let value = member.arguments.get(name);
        match counts.iter_mut().find(|(known, _)| *known == value) {
            Some((_, count)) => *count += 1,
            None => counts.push((value, 1)),
        }
    }
    // The last of the greatest is found, so they are gone through from the end.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).and_then(|(value, _)| value)
}
