//! Checks of what the system promised its clients about the data.

use super::{Check, Evidence, OBJECT, Observation, Parameters};
use crate::{CheckSignature, Object};
use simlab_check::{Verdict, stock};
use simlab_core::{Duration, Parameter, ParameterKind, Role};
use simlab_sim::guard;

/// The objects that the parameters speak of.
fn selected<'a>(
    evidence: &Evidence<'a>,
    parameters: &Parameters<'_>,
) -> impl Iterator<Item = (usize, &'a Object)> {
    let only = parameters.text("object").map(str::to_owned);
    let all = evidence.objects().iter().enumerate();
    all.filter(move |(_, object)| only.as_ref().is_none_or(|only| *only == object.name))
}

/// The stocks that the parameters speak of, with their initial units.
fn stocks<'a>(
    evidence: &Evidence<'a>,
    parameters: &Parameters<'_>,
) -> impl Iterator<Item = (&'a str, i64)> {
    let only = parameters.text("object").map(str::to_owned);
    evidence.stocks().filter(move |(name, _)| only.as_ref().is_none_or(|only| only == name))
}

pub(super) const LINEARIZABLE: Check = Check {
    signature: CheckSignature {
        name: "linearizable",
        summary: "some order of the operations, compatible with real time, explains all answers",
        figure: false,
        parameters: &[OBJECT],
    },
    observe: linearizable,
};

fn linearizable(evidence: &Evidence<'_>, parameters: &Parameters<'_>) -> Observation {
    let verdicts = evidence.verdicts();
    let mut unknown = None;
    for (index, _) in selected(evidence, parameters) {
        match &verdicts[index] {
            Verdict::Linearizable => {}
            Verdict::NotLinearizable(first) => return Observation::truth(false, first.to_string()),
            Verdict::Unknown { why } => unknown = Some(why),
        }
    }
    match unknown {
        Some(why) => Observation::unknown(why.clone()),
        None => Observation::truth(true, "an order was found that explains every answer"),
    }
}

pub(super) const CONVERGED: Check = Check {
    signature: CheckSignature {
        name: "converged",
        summary: "all replicas show the same stock, so long after the last fault",
        figure: false,
        parameters: &[Parameter {
            name: "within",
            kind: ParameterKind::Duration,
            default: None,
            help: "how long after the end of the last fault they must agree at the latest",
        }],
    },
    observe: converged,
};

fn converged(evidence: &Evidence<'_>, parameters: &Parameters<'_>) -> Observation {
    let within = parameters.duration("within").unwrap_or(Duration::ZERO);
    let run = evidence.run;
    let (healed, end) = (run.plan.healed(), run.setup.scenario.until);
    if healed + within > end {
        return Observation::unknown(format!(
            "the run ends before {within} have passed since the heal"
        ));
    }
    match run.convergence.after_heal(within) {
        Some(after) => {
            let millis = after.millis();
            Observation::truth(true, format!("all replicas agree {millis} ms after the heal"))
        }
        None => Observation::truth(false, format!("the replicas disagree {within} after the heal")),
    }
}

/// What the service's own state says that an object holds.
fn account(evidence: &Evidence<'_>, object: &str) -> Option<i64> {
    let setup = evidence.run.setup;
    let roster = &setup.scenario.variants[setup.variant].roster;
    let entry = roster
        .iter()
        .filter_map(|member| setup.catalogue.service(member.service))
        .find(|entry| entry.role == Role::Server && entry.account.is_some())?;
    let servers = roster.iter().filter(|member| member.service == entry.name);
    let states: Vec<_> = servers.filter_map(|m| evidence.run.world.inspect(m.id)).collect();
    let account = entry.account?;
    guard(|| account(&states, object)).ok()?
}

pub(super) const CONSERVED: Check = Check {
    signature: CheckSignature {
        name: "conserved",
        summary: "what is left, by the replicas' own account, is what was there less what was sold",
        figure: false,
        parameters: &[OBJECT],
    },
    observe: conserved,
};

fn conserved(evidence: &Evidence<'_>, parameters: &Parameters<'_>) -> Observation {
    let mut details = Vec::new();
    for (object, initial) in stocks(evidence, parameters) {
        let Some(left) = account(evidence, object) else {
            return Observation::unknown(format!("the service gives no account of {object}"));
        };
        let found = stock::conserved(evidence.history(), object, initial, left);
        match found.holds {
            Some(true) => details.push(found.detail),
            Some(false) => return Observation::truth(false, found.detail),
            None => return Observation::unknown(found.detail),
        }
    }
    Observation::truth(true, details.join("; "))
}

pub(super) const OVERSOLD: Check = Check {
    signature: CheckSignature {
        name: "oversold",
        summary: "units that clients were sold and nobody had, by the client history",
        figure: true,
        parameters: &[OBJECT],
    },
    observe: |evidence, parameters| {
        let history = evidence.history();
        let units: i64 = stocks(evidence, parameters)
            .map(|(object, initial)| stock::oversold(history, object, initial))
            .sum();
        Observation::figure(units, format!("{} sold beyond the stock", in_units(units)))
    },
};

/// "1 unit", "2 units".
fn in_units(n: i64) -> String {
    if n == 1 { "1 unit".to_owned() } else { format!("{n} units") }
}

pub(super) const OWED: Check = Check {
    signature: CheckSignature {
        name: "owed",
        summary: "units below zero, by the replicas' own account: a second witness of oversold",
        figure: true,
        parameters: &[OBJECT],
    },
    observe: owed,
};

fn owed(evidence: &Evidence<'_>, parameters: &Parameters<'_>) -> Observation {
    let mut units = 0;
    let mut details = Vec::new();
    for (object, _) in stocks(evidence, parameters) {
        let Some(left) = account(evidence, object) else {
            return Observation::unknown(format!("the service gives no account of {object}"));
        };
        units += left.min(0).saturating_neg();
        details.push(format!("the replicas' account of {object} is {left}"));
    }
    Observation::figure(units, details.join("; "))
}

pub(super) const STALE: Check = Check {
    signature: CheckSignature {
        name: "stale",
        summary: "reads that returned more than the completed operations allow",
        figure: true,
        parameters: &[OBJECT],
    },
    observe: stale,
};

fn stale(evidence: &Evidence<'_>, parameters: &Parameters<'_>) -> Observation {
    let mut reads = 0;
    let mut details = Vec::new();
    for (object, initial) in stocks(evidence, parameters) {
        let found = stock::stale(evidence.history(), object, initial);
        reads += found.reads;
        if let (true, Some(age)) = (found.reads > 0, found.oldest_missed) {
            // Rounded, as the report has it.
            let tenths = (age.millis() + 50) / 100;
            details.push(format!(
                "{object}: up to {} too many, missing a sale at least {}.{} s old",
                in_units(found.units_max),
                tenths / 10,
                tenths % 10,
            ));
        }
    }
    let detail = if details.is_empty() { "no stale read".to_owned() } else { details.join("; ") };
    Observation::figure(i64::try_from(reads).unwrap_or(i64::MAX), detail)
}
