//! The report of a sweep as JSON, in the form that outside tools rely on.

use super::{CheckTally, FindingTally, GoalTally, Shard, Tally, VariantTally, Violation};
use crate::report::Status;
use crate::{Quantifier, Scenario};
use serde_json::{Map, Value, json};

impl Tally {
    /// One JSON object. A violation has the options of the storm that its seed drew, if the scenario has
    /// one; a shard of several has its number. `replay` gives the command that replays a violation, `counterexample` the file of it made small; `wall_s` is how long the
    /// sweep took, and with the rate that follows from it the only part that depends on the machine.
    #[must_use]
    pub fn to_json(
        &self,
        scenario: &Scenario,
        wall_s: f64,
        replay: &dyn Fn(&Violation) -> String,
        counterexample: &dyn Fn(&Violation) -> Option<String>,
    ) -> Value {
        let runs = self.runs();
        let violations = self.violations.iter().map(|violation| {
            let mut object = json!({
                "seed": violation.seed,
                "variant": violation.variant,
                "check": violation.check,
                "detail": violation.detail,
                "replay": replay(violation),
                "counterexample": counterexample(violation),
            });
            if let Some(drawn) = scenario.draw_storm(violation.seed) {
                object["storm"] = drawn.options.to_json();
            }
            object
        });
        let variants = self.variants.iter();
        let sometimes = variants.clone().flat_map(|variant| {
            let checks = variant.checks.iter();
            let some = checks.filter(|check| check.quantifier == Quantifier::Sometimes);
            some.map(|check| {
                json!({
                    "variant": variant.name,
                    "name": check.name,
                    "hits": check.held,
                    "ok": !check.is_unmet(),
                })
            })
        });
        let hits = |goal: &GoalTally| (goal.name.clone(), Value::from(goal.seeds));
        let first = |goal: &GoalTally| (goal.name.clone(), Value::from(goal.first));
        // What JSON cannot hold exactly it gets as text; no sweep comes near.
        let number = |n: u128| u64::try_from(n).map_or_else(|_| json!(n.to_string()), Value::from);
        let mut object = json!({
            "scenario": scenario.name,
            "version": env!("CARGO_PKG_VERSION"),
            "from": self.seeds.from,
            "to": number(self.seeds.to),
            "runs": number(runs),
            "ok": self.status() == Status::Passed,
            "violations": violations.collect::<Vec<_>>(),
            "violations_all": self.violated,
            "unknown": self.unknown(),
            "sometimes": sometimes.collect::<Vec<_>>(),
            "goals": self.goals.iter().map(hits).collect::<Map<_, _>>(),
            "goals_first_seed": self.goals.iter().map(first).collect::<Map<_, _>>(),
            "goals_missed": self.missed().map(|goal| &goal.name).collect::<Vec<_>>(),
            "variants": variants.map(VariantTally::to_json).collect::<Vec<_>>(),
            "wall_s": wall_s,
            "runs_per_s": if wall_s > 0.0 { runs as f64 / wall_s } else { 0.0 },
        });
        if self.shard != Shard::WHOLE {
            object["shard"] = self.shard.to_string().into();
        }
        let faults = self.faults();
        if faults.runs > 0 {
            object["faults"] = faults.to_json();
        }
        object
    }
}

impl VariantTally {
    fn to_json(&self) -> Value {
        let answers = &self.figures.answers;
        json!({
            "name": self.name,
            "switches": self.switches,
            "runs": self.runs,
            "events": self.figures.events,
            "virtual_ms": self.figures.virtual_ms,
            "ops_invoked": answers.invoked,
            "ops_done": answers.done,
            "ops_refused": answers.refused,
            "ops_unknown": answers.unknown,
            "checks": self.checks.iter().map(CheckTally::to_json).collect::<Vec<_>>(),
            "findings": self.findings.iter().map(FindingTally::to_json).collect::<Vec<_>>(),
        })
    }
}

impl FindingTally {
    fn to_json(&self) -> Value {
        json!({ "name": self.name, "runs": self.runs, "first_seed": self.first })
    }
}

impl CheckTally {
    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "expected": self.expectation(),
            "held": self.held,
            "failed": self.failed,
            "unknown": self.unknown,
            "first_failed": self.first_failed,
        })
    }
}
