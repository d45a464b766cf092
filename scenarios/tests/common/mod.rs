//! What the tests of the loader share: a catalogue that stands for the real one.

#![allow(dead_code, reason = "each test uses a part of it")]

use simlab_core::{
    Arguments, BuildError, Call, Checker, Entry, FaultKind, FaultModel, Goal, Invariant, Parameter,
    ParameterKind, Process, Switch, Tolerance, Tolerates, Value, tolerates,
};
use simlab_scenarios::{Catalogue, CheckSignature, ModelSignature};
use std::path::{Path, PathBuf};

fn build(_: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    Err(BuildError { parameter: Some("share"), message: "the shares do not add up".to_owned() })
}

fn checker() -> Box<dyn Checker> {
    unreachable!("the loader builds no checkers")
}

const fn parameter(
    name: &'static str,
    kind: ParameterKind,
    default: Option<&'static str>,
    help: &'static str,
) -> Parameter {
    Parameter { name, kind, default, help }
}

const GOSSIP: Parameter =
    parameter("gossip", ParameterKind::Duration, Some("500ms"), "the time between two gossips");

const TOLERATED: &[Tolerates] = &[
    tolerates(FaultKind::Cut, Tolerance::Minority),
    tolerates(FaultKind::OneWay, Tolerance::Minority),
    tolerates(FaultKind::Flap, Tolerance::Minority),
    tolerates(FaultKind::Loss, Tolerance::Any),
    tolerates(FaultKind::Delay, Tolerance::Any),
    tolerates(FaultKind::Crash, Tolerance::Minority),
    Tolerates { kind: FaultKind::Pause, safety: Tolerance::AtMost(2), liveness: Tolerance::Never },
    Tolerates { kind: FaultKind::Bridge, safety: Tolerance::Minority, liveness: Tolerance::Never },
    tolerates(FaultKind::Slow, Tolerance::Any),
    tolerates(FaultKind::Drift, Tolerance::Any),
    tolerates(FaultKind::Jump, Tolerance::Any),
    tolerates(FaultKind::WriteError, Tolerance::Any),
    tolerates(FaultKind::ReadError, Tolerance::Any),
    tolerates(FaultKind::SlowSync, Tolerance::Any),
    tolerates(FaultKind::FullDisk, Tolerance::Any),
    tolerates(FaultKind::Leave, Tolerance::Minority),
];

static GUARDED: FaultModel = FaultModel {
    summary: "crashes with good disks, and clocks that drift by up to 0.1%",
    tolerates: TOLERATED,
    drift_max: 1_000_000,
};

const FORGET: Switch = Switch { name: "forget", breaks: "it remembers", caught_by: "linearizable" };
const WATCHED: Goal = Goal::new("watched", "a guard watched all night").seeds_min(5);
const DOZED: Goal = Goal::new("dozed", "a guard dozed");
const ALARMED: Goal = Goal::new("alarmed", "a guard was alarmed");
const BOAST: Switch = Switch { name: "boast", breaks: "it is modest", caught_by: "linearizable" };

static SERVICES: [Entry; 6] = [
    Entry::server("guard", "a server that says what it tolerates", build)
        .faults(&GUARDED)
        .goals(&[WATCHED, DOZED, ALARMED])
        .switches(&[FORGET, BOAST]),
    Entry::server("shop-caspaxos", "a consistent shop", build)
        .parameters(&[parameter(
            "deadline",
            ParameterKind::Timeout,
            Some("1s"),
            "how long a coordinator tries",
        )])
        .invariants(&[Invariant {
            name: "one-value-a-ballot",
            summary: "no ballot has two values",
            build: checker,
        }]),
    Entry::server("shop-counter", "an available shop", build).parameters(&[GOSSIP]),
    Entry::server("shop-escrow", "a shop that sells shares", build).parameters(&[
        GOSSIP,
        parameter(
            "share",
            ParameterKind::Count { min: 1, max: 1_000 },
            None,
            "how many units the node may sell by itself",
        ),
    ]),
    Entry::client("shop-client", "a customer", build).parameters(&[
        parameter("timeout", ParameterKind::Timeout, Some("2s"), "when the customer gives up"),
        parameter("server", ParameterKind::Node, None, "the node that the customer asks"),
    ]),
    Entry::server("everything", "a parameter of each kind", build).parameters(&[
        parameter("loss", ParameterKind::Probability, Some("0"), "a probability"),
        parameter("loud", ParameterKind::Flag, Some("false"), "a truth value"),
        parameter("motto", ParameterKind::Text, Some(""), "a text"),
        parameter("peer", ParameterKind::Node, None, "a node"),
        parameter("mode", ParameterKind::Choice(&["reads", "writes"]), Some("reads"), "a word"),
    ]),
];

/// The layers that the test files may use.
const LAYERS: &[Entry] = &[
    Entry::layer("marks", "puts a letter behind each frame", |_, _| unreachable!()).parameters(&[
        parameter("letter", ParameterKind::Text, Some("x"), "the letter"),
        parameter("count", ParameterKind::Count { min: 1, max: 9 }, Some("1"), "how many"),
    ]),
    Entry::layer("seals", "seals frames", |_, _| unreachable!()),
];

const fn check(
    name: &'static str,
    figure: bool,
    parameters: &'static [Parameter],
) -> CheckSignature {
    CheckSignature { name, summary: "a check", figure, parameters }
}

/// The names that the test files may use.
pub(crate) fn catalogue() -> Catalogue {
    const SITE: Parameter = parameter("site", ParameterKind::Text, None, "the site");
    const OBJECT: Parameter = parameter("object", ParameterKind::Text, Some("any"), "the object");
    const WITHIN: Parameter =
        parameter("within", ParameterKind::Duration, Some("1s"), "how long it may take");
    Catalogue {
        services: SERVICES.iter().collect(),
        layers: LAYERS.iter().collect(),
        checks: vec![
            check("linearizable", false, &[]),
            check("converged", false, &[WITHIN]),
            check("served", true, &[SITE]),
            check("oversold", true, &[OBJECT]),
        ],
        models: vec![
            ModelSignature {
                name: "stock",
                summary: "units to sell",
                accepts: |call| matches!(call, Call::Read | Call::Sell(_) | Call::TakeBack(_)),
                initial: |value| match value {
                    Value::Int(0..) => Ok(()),
                    _ => Err("a stock begins with a whole number, at least 0".to_owned()),
                },
            },
            ModelSignature {
                name: "register",
                summary: "a value",
                accepts: |call| matches!(call, Call::Read | Call::Write(_) | Call::Cas { .. }),
                initial: |_| Ok(()),
            },
            ModelSignature {
                name: "list",
                summary: "a text that grows",
                accepts: |call| matches!(call, Call::Read | Call::Append(_)),
                initial: |_| Ok(()),
            },
        ],
    }
}

/// A folder of the tests.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The TOML files of a folder of the tests, sorted.
pub(crate) fn files(name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(name)).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = paths.filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    paths
}
