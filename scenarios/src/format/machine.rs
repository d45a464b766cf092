//! The machine that a node stands for: its clocks, what its handlers cost, its disk.

use super::amount::scaled;
use super::part::{Definitions, Format, Reader, Toml, table};
use super::scalar::whole;
use crate::diagnostic::Diagnostic;
use serde_json::{Value as Json, json};
use simlab_core::{Distribution, Duration};
use simlab_sim::ClockSpec;
use toml::de::DeValue;

/// A length of time forwards or backwards, in nanoseconds: `"-3s"`, `"+250ms"`, `"1h"`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offset(pub(crate) i64);

impl Format for Offset {
    fn expected() -> String {
        "a time forwards or backwards such as \"250ms\" or \"-3s\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::String(text) = value.get_ref() else {
            reader.wrong(value, &Self::expected());
            return None;
        };
        let (negative, length) = signed(text);
        if length.starts_with(['-', '+']) {
            reader.wrong(value, &Self::expected());
            return None;
        }
        let offset = match length.parse::<Duration>() {
            Ok(length) => i64::try_from(length.nanos()),
            Err(error) => {
                reader.error(value, error.to_string());
                return None;
            }
        };
        if offset.is_err() {
            reader.error(value, "a clock is wrong by at most 292 years");
        }
        offset.ok().map(|offset| Offset(if negative { -offset } else { offset }))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": r"^\s*[-+]?\s*[0-9][0-9_]*(\.[0-9_]+)?\s*(ns|us|µs|ms|s|m|h)\s*$" })
    }
}

/// How much a clock gains, in nanoseconds a second: `"+5%"`, `"-0.5%"`, `"200ppm"`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drift(pub(crate) i64);

impl Format for Drift {
    fn expected() -> String {
        "a drift such as \"200ppm\" or \"-0.5%\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let drift = value.get_ref().as_str().and_then(|text| {
            let (negative, size) = signed(text);
            let (number, unit) = match size.strip_suffix('%') {
                Some(percent) => (percent, 10_000_000),
                None => (size.strip_suffix("ppm")?, 1_000),
            };
            let nanos = i64::try_from(scaled(number.trim(), unit)?).ok()?;
            Some(if negative { -nanos } else { nanos })
        });
        let Some(drift) = drift else {
            reader.wrong(value, &Self::expected());
            return None;
        };
        if !ClockSpec::DRIFT.contains(&drift) {
            let span = reader.span(value);
            let message = "a clock runs at half to twice the right rate";
            let help = "drifts lie between \"-50%\" and \"+100%\"";
            reader.problems.push(Diagnostic::at(span, message).help(help));
            return None;
        }
        Some(Drift(drift))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": r"^\s*[-+]?\s*[0-9]+(\.[0-9]+)?\s*(%|ppm)\s*$" })
    }
}

/// Whether a number is negative, and what follows its sign.
fn signed(text: &str) -> (bool, &str) {
    let text = text.trim();
    match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').map_or(text, str::trim_start)),
    }
}

/// How many things a machine does at a time, or has room for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slots(pub(crate) u32);

/// More slots than these are as good as no limit.
const SLOTS_MAX: u64 = 1_000_000;

impl Format for Slots {
    fn expected() -> String {
        format!("a whole number from 1 to {SLOTS_MAX}")
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        whole(value, reader, 1, SLOTS_MAX).map(|n| Slots(n as u32))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "minimum": 1, "maximum": SLOTS_MAX })
    }
}

table! {
    /// What the clocks of a node are like, from the start on.
    ClockTable = "a clock" {
        /// By how much the wall clock is ahead, or behind with a minus sign: `"-3s"`; default "0s".
        "offset" offset: Offset, optional;
        /// How much both clocks gain, in parts per million or percent: `"200ppm"`, `"-0.5%"`;
        /// default none.
        "drift" drift: Drift, optional;
    }
}

table! {
    /// What handling an event costs a node. Without it handlers take no time.
    CostTable = "a cost" {
        /// How long a worker takes for an event: a time above zero, or a distribution.
        "service" service: Distribution, required;
        /// How many events are worked on at the same time; default 1.
        "workers" workers: Slots, optional;
        /// How many datagrams can wait; further ones are dropped. Default: any number.
        "buffer" buffer: Slots, optional;
    }
}

table! {
    /// The disk of a node.
    DiskTable = "a disk" {
        /// How long a sync takes: a time, or a distribution; default "0s".
        "sync" sync: Distribution, optional;
    }
}

table! {
    /// What is different about the machine of a node.
    MachineTable = "a machine" {
        /// Its clocks.
        "clock" clock: ClockTable, optional;
        /// What handling an event costs it.
        "cost" cost: CostTable, optional;
        /// Its disk.
        "disk" disk: DiskTable, optional;
        /// How long after it halted it is started again; default: not in this run.
        "restart" restart: Duration, optional;
    }
}
