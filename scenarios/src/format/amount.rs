//! Amounts with a unit: times, probabilities, bytes; and the distributions made of them.

use super::part::{At, Definitions, Format, Reader, Toml, described, one_key, table};
use super::scalar::integer;
use crate::diagnostic::Diagnostic;
use serde_json::{Value as Json, json};
use simlab_core::{Distribution, Duration, Ratio};
use toml::de::DeValue;

impl Format for Duration {
    fn expected() -> String {
        "a time such as \"250ms\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(text) => match text.parse() {
                Ok(duration) => return Some(duration),
                Err(error) => reader.error(value, error.to_string()),
            },
            DeValue::Integer(_) | DeValue::Float(_) => {
                let span = reader.span(value);
                let message = "a time is a string with a unit, such as \"250ms\"";
                let units = "the units are ns, us, ms, s, m and h";
                reader.problems.push(Diagnostic::at(span, message).help(units));
            }
            _ => reader.wrong(value, &Self::expected()),
        }
        None
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": r"^\s*[0-9][0-9_]*(\.[0-9_]+)?\s*(ns|us|µs|ms|s|m|h)\s*$" })
    }
}

impl Format for Ratio {
    fn expected() -> String {
        "a probability such as \"2.5%\", \"1/8\" or 0.025".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(n) => n.to_string(),
            DeValue::Float(x) => x.as_str().to_owned(),
            _ => {
                reader.wrong(value, &Self::expected());
                return None;
            }
        };
        let ratio = text.parse::<Ratio>();
        if let Err(error) = &ratio {
            reader.error(value, error.to_string());
        }
        ratio.ok()
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "anyOf": [
            { "type": "number", "minimum": 0, "maximum": 1 },
            { "type": "string", "pattern": r"^\s*([0-9]+(\.[0-9]+)?\s*%?|[0-9]+\s*/\s*[0-9]+)\s*$" },
        ]})
    }
}

/// A decimal number times `unit`, exactly; `None` if it is none, too large or not whole.
pub(super) fn scaled(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |s: &str| !s.is_empty() && s.len() <= 20 && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let scale = 10_u128.pow(fraction.len() as u32);
    let digits = format!("{whole}{fraction}").parse::<u128>().ok()?;
    let product = digits.checked_mul(u128::from(unit))?;
    (product % scale == 0).then(|| u64::try_from(product / scale).ok()).flatten()
}

/// Reads an integer, or a string with one of some units.
fn with_unit(
    value: &Toml<'_>,
    reader: &mut Reader<'_>,
    units: &[(&str, u64, u64)],
    least: u64,
    expected: &str,
) -> Option<u64> {
    let amount = match value.get_ref() {
        DeValue::Integer(n) => integer(n).and_then(|n| u64::try_from(n).ok()),
        DeValue::String(text) => {
            let text = text.trim().replace('_', "");
            let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
            let (number, unit) = text.split_at(split);
            let unit = units.iter().find(|(name, ..)| *name == unit.trim());
            // A bit is an eighth of a byte, hence the divisor.
            unit.and_then(|(_, times, by)| scaled(number, *times).map(|n| n / by))
        }
        _ => None,
    };
    let amount = amount.filter(|n| *n >= least);
    if amount.is_none() {
        reader.wrong(value, expected);
    }
    amount
}

const BYTES: [(&str, u64, u64); 7] = [
    ("B", 1, 1),
    ("KB", 1_000, 1),
    ("MB", 1_000_000, 1),
    ("GB", 1_000_000_000, 1),
    ("KiB", 1 << 10, 1),
    ("MiB", 1 << 20, 1),
    ("GiB", 1 << 30, 1),
];

/// A number of bytes, at least 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes(pub(crate) u64);

impl Format for Bytes {
    fn expected() -> String {
        "a number of bytes such as 1500 or \"64KB\" (B, KB, MB, GB, KiB, MiB, GiB)".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        with_unit(value, reader, &BYTES, 1, &Self::expected()).map(Bytes)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 1 },
            { "type": "string", "pattern": r"^\s*[0-9][0-9_]*(\.[0-9_]+)?\s*(B|[KMG]i?B)\s*$" },
        ]})
    }
}

/// For how many bytes there is room; for none, too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room(pub(crate) u64);

impl Format for Room {
    fn expected() -> String {
        "a number of bytes such as 0, 1500 or \"64KB\" (B, KB, MB, GB, KiB, MiB, GiB)".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        with_unit(value, reader, &BYTES, 0, &Self::expected()).map(Room)
    }

    fn schema(definitions: &mut Definitions) -> Json {
        let mut bytes = Bytes::schema(definitions);
        bytes["anyOf"][0]["minimum"] = 0.into();
        bytes
    }
}

/// Bytes a second, at least 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bandwidth(pub(crate) u64);

impl Format for Bandwidth {
    fn expected() -> String {
        "bytes a second such as 125000, \"125KB/s\" or \"1Mbit/s\" (K, M, G)".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let units = [
            ("B/s", 1, 1),
            ("KB/s", 1_000, 1),
            ("MB/s", 1_000_000, 1),
            ("GB/s", 1_000_000_000, 1),
            ("bit/s", 1, 8),
            ("Kbit/s", 1_000, 8),
            ("kbit/s", 1_000, 8),
            ("Mbit/s", 1_000_000, 8),
            ("Gbit/s", 1_000_000_000, 8),
        ];
        with_unit(value, reader, &units, 1, &Self::expected()).map(Bandwidth)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 1 },
            {
                "type": "string",
                "pattern": r"^\s*[0-9][0-9_]*(\.[0-9_]+)?\s*([KMG]?B|[KkMG]?bit)/s\s*$",
            },
        ]})
    }
}

/// A positive number with at most three digits after the point, in thousandths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thousandths(pub(crate) u32);

/// The largest parameter of a curve. Beyond it the samples are all but zero or endless.
const CURVE_MAX: u32 = 100_000;

impl Format for Thousandths {
    fn expected() -> String {
        "a number above 0, up to 100, with at most three digits after the point".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = match value.get_ref() {
            DeValue::Integer(n) => n.to_string(),
            DeValue::Float(x) => x.as_str().to_owned(),
            _ => String::new(),
        };
        let milli = scaled(&text, 1_000).and_then(|n| u32::try_from(n).ok());
        let milli = milli.filter(|n| (1..=CURVE_MAX).contains(n));
        if milli.is_none() {
            reader.wrong(value, &Self::expected());
        }
        milli.map(Thousandths)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "number", "exclusiveMinimum": 0, "maximum": CURVE_MAX / 1_000 })
    }
}

table! {
    /// An exponential distribution: a memoryless wait.
    Exponential = "an exponential distribution" {
        /// The least it takes; default "0s".
        "min" min: Duration, optional;
        /// The mean of the part above `min`.
        "mean" mean: Duration, required;
    }
}

table! {
    /// A log-normal distribution, a usual model of network and service times.
    LogNormal = "a log-normal distribution" {
        /// Half of the samples are shorter.
        "median" median: Duration, required;
        /// The standard deviation of the logarithm.
        "sigma" sigma: Thousandths, required;
    }
}

table! {
    /// A Pareto distribution: few samples are very long.
    LongTail = "a long-tail distribution" {
        /// The least it takes, above zero.
        "min" min: Duration, required;
        /// The exponent of the tail: the smaller, the longer the tail.
        "shape" shape: Thousandths, required;
        /// No sample is longer.
        "max" max: Duration, required;
    }
}

impl Format for Distribution {
    fn expected() -> String {
        "a time such as \"5ms\", or a distribution such as { uniform = [\"1ms\", \"2ms\"] }"
            .to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if value.get_ref().is_str() {
            return Duration::read(value, reader).map(Distribution::Fixed);
        }
        let kinds = ["fixed", "uniform", "exponential", "log_normal", "long_tail"];
        let (kind, value) = reader.choice(value, "a distribution", &Self::expected(), &kinds)?;
        Some(match kind {
            "fixed" => Distribution::Fixed(Duration::read(value, reader)?),
            "uniform" => {
                let bounds = Vec::<At<Duration>>::read(value, reader)?;
                let [min, max] = *bounds else {
                    // Elements that are no times were reported already.
                    if value.get_ref().as_array().is_some_and(|all| all.len() != 2) {
                        reader.error(
                            value,
                            "`uniform` takes two times, the shortest and the longest",
                        );
                    }
                    return None;
                };
                ordered(reader, min, max)?;
                Distribution::Uniform { min: min.value, max: max.value }
            }
            "exponential" => {
                let Exponential { min, mean, .. } = Exponential::read(value, reader)?;
                let min = min.map_or(Duration::ZERO, |min| min.value);
                Distribution::Exponential { min, mean: mean?.value }
            }
            "log_normal" => {
                let LogNormal { median, sigma, .. } = LogNormal::read(value, reader)?;
                let (median, sigma) = (median?.value, sigma?.value);
                Distribution::LogNormal { median, sigma_milli: sigma.0 }
            }
            _ => {
                let LongTail { min, shape, max, .. } = LongTail::read(value, reader)?;
                let (min, shape, max) = (min?, shape?, max?);
                ordered(reader, min, max)?;
                if min.value == Duration::ZERO {
                    let message = "the least time of a long tail is above zero";
                    reader.problems.push(Diagnostic::at(min.span, message));
                    return None;
                }
                let (min, max) = (min.value, max.value);
                Distribution::LongTail { min, shape_milli: shape.value.0, max }
            }
        })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        if !definitions.contains_key("Distribution") {
            let time = Duration::schema(definitions);
            let two = json!({ "type": "array", "items": time, "minItems": 2, "maxItems": 2 });
            let distribution = json!({ "description": "How long something takes.", "anyOf": [
                described(time.clone(), "Always the same time."),
                one_key("fixed", time, "Always the same time."),
                one_key("uniform", two, "Between two times, equally likely."),
                one_key("exponential", Exponential::schema(definitions), "A memoryless wait."),
                one_key("log_normal", LogNormal::schema(definitions), "A log-normal time."),
                one_key("long_tail", LongTail::schema(definitions), "A Pareto time."),
            ]});
            definitions.insert("Distribution".to_owned(), distribution);
        }
        json!({ "$ref": "#/definitions/Distribution" })
    }
}

/// Reports a shortest time that is longer than the longest.
fn ordered(reader: &mut Reader<'_>, min: At<Duration>, max: At<Duration>) -> Option<()> {
    if min.value <= max.value {
        return Some(());
    }
    let message = format!("the shortest time, {}, is longer than the longest", min.value);
    let longest = format!("the longest, {}", max.value);
    reader
        .problems
        .push(Diagnostic::at(min.span, message).label("the shortest").also(max.span, longest));
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_numbers_are_scaled_exactly() {
        assert_eq!(scaled("1.5", 1_000), Some(1_500));
        assert_eq!(scaled("0.0005", 1_000), None);
        assert_eq!(scaled("99999999999999999999", 1_000), None);
        assert_eq!(scaled("", 1), None);
        assert_eq!(scaled("1.", 1), None);
    }
}
