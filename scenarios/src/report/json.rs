//! The report as JSON, in the form that outside tools rely on.

use super::{CheckReport, FaultReport, Metrics, Report, Status, VariantReport};
use crate::Text;
use crate::checks::Observed;
use crate::decisions::point_text;
use crate::{Comparison, Expected};
use serde_json::{Map, Value, json};
use simlab_core::{DropReason, FaultKind, Point, Time};
use simlab_sim::{Departures, Script};

impl Report<'_> {
    /// One JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "scenario": self.scenario.name,
            "seed": self.seed,
            "version": env!("CARGO_PKG_VERSION"),
            "ok": self.status() == Status::Passed,
            "storm": self.storm().map(|drawn| drawn.options.to_json()),
            "variants": self.variants.iter().map(VariantReport::to_json).collect::<Vec<_>>(),
        })
    }
}

impl VariantReport<'_> {
    fn to_json(&self) -> Value {
        let findings = self.findings.iter().map(|finding| {
            json!({
                "name": finding.name,
                "seq": finding.seq.get(),
                "at_ms": finding.at.millis(),
                "detail": finding.detail,
            })
        });
        let mut object = json!({
            "name": self.name,
            "switches": self.run.setup.scenario.variants[self.variant].switches,
            "ok": self.status() == Status::Passed,
            "trace_hash": format!("{:016x}", self.trace_hash),
            "events": self.events,
            "virtual_ms": self.virtual_ms,
            "checks": self.checks.iter().map(CheckReport::to_json).collect::<Vec<_>>(),
            "findings": findings.collect::<Vec<_>>(),
            "faults": self.faults.iter().map(FaultReport::to_json).collect::<Vec<_>>(),
            "metrics": self.metrics.to_json(),
        });
        if let Some(script) = self.run.world.script() {
            object["decisions"] = self.departures(script);
        }
        object
    }

    /// What became of the script that answered choices.
    fn departures(&self, script: &Script) -> Value {
        let names = self.run.world.names();
        let Departures { unasked, refused, unknown } = self.run.world.departures();
        let named = |points: &[Point]| -> Vec<String> {
            points.iter().take(1_000).map(|point| point_text(point, names)).collect()
        };
        json!({
            "answers": script.answers.len(),
            "complete": script.complete,
            "departures": unasked.len() + refused.len() + unknown.len(),
            "unasked": named(&unasked),
            "refused": named(&refused),
            "unknown": named(&unknown),
        })
    }
}

impl FaultReport {
    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "kinds": self.kinds.iter().copied().map(FaultKind::name).collect::<Vec<_>>(),
            "at_ms": self.at.millis(),
            "until_ms": self.until.map(Time::millis),
            "hits": self.hits,
            "outside": self.outside.as_ref().map(|text| text.get(Text::DEFAULT)),
        })
    }
}

impl CheckReport {
    fn to_json(&self) -> Value {
        let expected = match self.expected {
            Expected::Truth(truth) => Value::from(truth),
            Expected::Figure { comparison: Comparison::Equal, value } => Value::from(value),
            Expected::Figure { .. } => Value::from(self.expected.to_string()),
        };
        let observed = match self.observed {
            Observed::Truth(truth) => Value::from(truth),
            Observed::Figure(figure) => Value::from(figure),
            Observed::Unknown => Value::Null,
        };
        json!({
            "name": self.name,
            "quantifier": self.quantifier.name(),
            "expected": expected,
            "observed": observed,
            "ok": self.status == Status::Passed,
            "detail": self.detail,
        })
    }
}

impl Metrics {
    fn to_json(&self) -> Value {
        let mut map = Map::new();
        let mut put = |name: &str, value: Value| {
            map.insert(name.to_owned(), value);
        };
        put("ops_invoked", self.answers.invoked.into());
        put("ops_done", self.answers.done.into());
        put("ops_refused", self.answers.refused.into());
        put("ops_unknown", self.answers.unknown.into());
        if let Some(latency) = self.latency {
            put("latency_median_us", (latency.median.nanos() / 1_000).into());
            put("latency_p99_us", (latency.p99.nanos() / 1_000).into());
            put("latency_max_us", (latency.max.nanos() / 1_000).into());
        }
        for site in &self.sites {
            let counts = json!({
                "invoked": site.answers.invoked,
                "done": site.answers.done,
                "refused": site.answers.refused,
                "unknown": site.answers.unknown,
            });
            put(&format!("site.{}", site.site), counts);
        }
        if let Some(stale) = &self.stale {
            put("stale_reads", stale.reads.into());
            put("stale_units_max", stale.units_max.into());
            put("stale_age_ms", stale.oldest_missed.map(simlab_core::Duration::millis).into());
        }
        if let Some(oversold) = self.oversold {
            put("oversold", oversold.into());
        }
        let stats = &self.stats;
        put("datagrams", stats.sent.into());
        put("bytes", stats.bytes_sent.into());
        put("delivered", stats.delivered.into());
        put("duplicated", stats.duplicated.into());
        put("corrupted", stats.corrupted.into());
        put("edited", stats.edited.into());
        put("replayed", stats.replayed.into());
        put("leaked", stats.leaked.into());
        put("leaked_bytes", stats.leaked_bytes.into());
        put("reordered", stats.reordered.into());
        for why in DropReason::ALL {
            put(&format!("dropped.{}", why.name()), stats.dropped(why).into());
        }
        put("crashes", stats.crashes.into());
        put("ops_not_begun", stats.unheard.into());
        Value::Object(map)
    }
}
