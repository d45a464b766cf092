//! What the variants showed of one seed, as a line.
//!
//! ```text
//! {"seed":7,"variants":[{"checks":[["linearizable","always",true],["oversold","never",[">",0]]],
//!  "seen":"12","details":[[1,"5 sold of 3"]],"findings":[],"events":812,"virtual_ms":9000,
//!  "ops":[10,9,0,1],"goals":[0,3],"faults":{"hitting":2,"kinds":[["crash",1,3,2]]}}],"hash":"…"}
//! ```
//!
//! `seen` has a digit for each check: 1 held, 2 failed, 4 unknown, 0 none of them. `checks`, what is
//! expected, is left out where it is the same as in the last line that has it. `ops` are the operations
//! that were invoked, done, refused and are unknown; `goals` are those that were reached, by their place in
//! the header; a kind of fault was on (1) or not, drawn and hit so
//! often.

use super::super::tally::{CheckTally, Figures, Shown};
use crate::report::Answers;
use crate::storm::{FaultFigures, KindFigures};
use crate::{Comparison, Expected, Quantifier};
use serde_json::{Map, Value, json};
use simlab_core::FaultKind;

/// What is expected of the runs of one variant: name, quantifier, and what.
type Expectations = Vec<(String, Quantifier, Expected)>;

/// No run comes near; with it, no sum of what a file says overflows.
const COUNT_MAX: u64 = 1 << 40;

/// What lines say of all that follow.
#[derive(Clone, Debug, Default)]
pub(super) struct Codec {
    /// Of each variant.
    expectations: Vec<Expectations>,
    /// How many goals there are.
    goals: usize,
}

impl Codec {
    pub(super) fn new(variants: usize, goals: usize) -> Self {
        Codec { expectations: vec![Vec::new(); variants], goals }
    }

    /// The line of a seed, without its hash.
    pub(super) fn write(&mut self, seed: u64, shown: &[Shown]) -> Value {
        let known = self.expectations.iter_mut();
        let variants = shown.iter().zip(known).map(|(shown, known)| variant(shown, known));
        json!({ "seed": seed, "variants": variants.collect::<Vec<_>>() })
    }

    /// What a line says of the seed that it must be of; `None` if it is not what [`Codec::write`]
    /// writes.
    pub(super) fn read(&mut self, seed: u64, line: &Value) -> Option<Vec<Shown>> {
        let variants = line["variants"].as_array()?;
        if line["seed"].as_u64()? != seed || variants.len() != self.expectations.len() {
            return None;
        }
        let all = variants.iter().zip(&mut self.expectations);
        let goals = self.goals;
        all.map(|(value, known)| read_variant(seed, value, known, goals)).collect()
    }
}

fn variant(shown: &Shown, known: &mut Expectations) -> Value {
    let Shown { checks, findings, figures, goals, .. } = shown;
    let own = checks.iter().map(|(c, _)| (c.name.clone(), c.quantifier, c.expected));
    let own: Expectations = own.collect();
    let seen = checks.iter().map(|(c, _)| c.held + 2 * c.failed + 4 * c.unknown);
    let details = checks.iter().enumerate();
    let details = details.filter_map(|(n, (_, detail))| Some(json!([n, detail.as_ref()?])));
    let Answers { invoked, done, refused, unknown } = figures.answers;
    let mut object = json!({
        "seen": seen.map(|digit| digit.to_string()).collect::<String>(),
        "details": details.collect::<Vec<_>>(),
        "findings": findings,
        "events": figures.events,
        "virtual_ms": figures.virtual_ms,
        "ops": [invoked, done, refused, unknown],
        "goals": goals,
    });
    if own != *known {
        let write = |(name, quantifier, expected): &(String, Quantifier, Expected)| {
            json!([name, quantifier.name(), write_expected(*expected)])
        };
        object["checks"] = own.iter().map(write).collect();
        *known = own;
    }
    if let Some(hitting) = figures.faults.hitting_of_one() {
        let kinds = figures.faults.kinds.iter();
        let kinds = kinds.map(|(kind, k)| json!([kind.name(), k.on, k.drawn, k.hit]));
        object["faults"] = json!({ "hitting": hitting, "kinds": kinds.collect::<Vec<_>>() });
    }
    object
}

fn read_variant(
    seed: u64,
    value: &Value,
    known: &mut Expectations,
    goals_all: usize,
) -> Option<Shown> {
    let object = value.as_object()?;
    if let Some(checks) = object.get("checks") {
        *known = checks.as_array()?.iter().map(read_expectation).collect::<Option<_>>()?;
    }
    let seen = object.get("seen")?.as_str()?.as_bytes();
    if seen.len() != known.len() {
        return None;
    }
    let mut checks: Vec<(CheckTally, Option<String>)> = Vec::new();
    for ((name, quantifier, expected), digit) in known.iter().zip(seen) {
        let bits = u64::from(digit.checked_sub(b'0').filter(|bits| *bits < 8)?);
        let failed = bits >> 1 & 1;
        let tally = CheckTally {
            name: name.clone(),
            quantifier: *quantifier,
            expected: *expected,
            held: bits & 1,
            failed,
            unknown: bits >> 2,
            first_failed: (failed > 0).then_some(seed),
        };
        checks.push((tally, None));
    }
    for detail in object.get("details")?.as_array()? {
        let [place, words] = list(detail)?;
        let place = usize::try_from(place.as_u64()?).ok()?;
        checks.get_mut(place)?.1 = Some(words.as_str()?.to_owned());
    }
    let finding = |value: &Value| {
        let [name, words] = list(value)?;
        Some((name.as_str()?.to_owned(), words.as_str()?.to_owned()))
    };
    let findings = object.get("findings")?.as_array()?.iter().map(finding);
    let [invoked, done, refused, unknown] = counts(object.get("ops")?)?;
    let figures = Figures {
        events: count(object.get("events")?)?,
        virtual_ms: count(object.get("virtual_ms")?)?,
        answers: Answers { invoked, done, refused, unknown },
        faults: object.get("faults").map_or(Some(FaultFigures::default()), read_faults)?,
    };
    let findings = findings.collect::<Option<_>>()?;
    let goals = read_goals(object.get("goals")?, goals_all)?;
    Some(Shown { seed, checks, findings, figures, goals })
}

/// Places of goals, which rise.
fn read_goals(value: &Value, all: usize) -> Option<Vec<usize>> {
    let place = |value: &Value| usize::try_from(value.as_u64()?).ok().filter(|goal| *goal < all);
    let goals: Vec<usize> = value.as_array()?.iter().map(place).collect::<Option<_>>()?;
    goals.is_sorted_by(|a, b| a < b).then_some(goals)
}

fn read_faults(value: &Value) -> Option<FaultFigures> {
    let object: &Map<_, _> = value.as_object()?;
    let kind = |value: &Value| {
        let [name, on, drawn, hit] = list(value)?;
        let name = name.as_str()?;
        let kind = FaultKind::ALL.into_iter().find(|kind| kind.name() == name)?;
        let figures = KindFigures { on: count(on)?, drawn: count(drawn)?, hit: count(hit)? };
        Some((kind, figures))
    };
    let kinds = object.get("kinds")?.as_array()?.iter().map(kind).collect::<Option<_>>()?;
    Some(FaultFigures::of_one(count(object.get("hitting")?)?, kinds))
}

fn read_expectation(value: &Value) -> Option<(String, Quantifier, Expected)> {
    let [name, quantifier, expected] = list(value)?;
    let all = [Quantifier::Always, Quantifier::Never, Quantifier::Sometimes];
    let quantifier = all.into_iter().find(|q| quantifier == q.name())?;
    Some((name.as_str()?.to_owned(), quantifier, read_expected(expected)?))
}

fn write_expected(expected: Expected) -> Value {
    match expected {
        Expected::Truth(truth) => truth.into(),
        Expected::Figure { comparison, value } => json!([comparison.sign(), value]),
    }
}

fn read_expected(value: &Value) -> Option<Expected> {
    if let Some(truth) = value.as_bool() {
        return Some(Expected::Truth(truth));
    }
    let [sign, value] = list(value)?;
    let all = [
        Comparison::Below,
        Comparison::AtMost,
        Comparison::Equal,
        Comparison::AtLeast,
        Comparison::Above,
    ];
    let comparison = all.into_iter().find(|comparison| sign == comparison.sign())?;
    Some(Expected::Figure { comparison, value: value.as_i64()? })
}

/// The elements of a list of just so many.
fn list<const N: usize>(value: &Value) -> Option<&[Value; N]> {
    value.as_array()?.as_slice().try_into().ok()
}

fn count(value: &Value) -> Option<u64> {
    value.as_u64().filter(|count| *count <= COUNT_MAX)
}

fn counts(value: &Value) -> Option<[u64; 4]> {
    let [a, b, c, d] = list(value)?;
    Some([count(a)?, count(b)?, count(c)?, count(d)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: usize, seed: u64, seen: u64) -> (CheckTally, Option<String>) {
        let figure = |comparison| Expected::Figure { comparison, value: -3 };
        let all = [
            (Quantifier::Always, Expected::Truth(true)),
            (Quantifier::Never, figure(Comparison::Above)),
            (Quantifier::Sometimes, figure(Comparison::Equal)),
            (Quantifier::Always, figure(Comparison::AtMost)),
        ];
        let (quantifier, expected) = all[place % all.len()];
        let tally = CheckTally {
            name: format!("check {place}"),
            quantifier,
            expected,
            held: (seen == 0).into(),
            failed: (seen == 1).into(),
            unknown: (seen == 2).into(),
            first_failed: (seen == 1).then_some(seed),
        };
        (tally, (seen > 0).then(|| format!("why \"{seen}\"\n")))
    }

    fn shown(seed: u64, checks: usize) -> Shown {
        let crash = KindFigures { on: 1, drawn: 3, hit: seed };
        let kinds = [(FaultKind::Crash, crash), (FaultKind::Rot, KindFigures::default())];
        Shown {
            seed,
            checks: (0..checks).map(|n| check(n, seed, (n as u64 + seed) % 4)).collect(),
            findings: vec![
                ("panic".to_owned(), "a panic, on purpose".to_owned());
                seed as usize % 2
            ],
            figures: Figures {
                events: 100 + seed,
                virtual_ms: 9_000,
                answers: Answers { invoked: 10, done: 7, refused: 2, unknown: 1 },
                faults: match seed % 3 {
                    0 => FaultFigures::default(),
                    _ => FaultFigures::of_one(seed, kinds.into()),
                },
            },
            goals: (0..3).filter(|goal| seed >> goal & 1 == 1).collect(),
        }
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let (mut writer, mut reader) = (Codec::new(2, 3), Codec::new(2, 3));
        for seed in 0..24 {
            // A run in which simlab panics has no checks; then there are some again.
            let all = [shown(seed, 4), shown(seed + 1, if seed == 7 { 0 } else { 3 })];
            let all = all.map(|shown| Shown { seed, ..shown });
            let all = all.map(|mut shown| {
                for (check, _) in &mut shown.checks {
                    check.first_failed = (check.failed > 0).then_some(seed);
                }
                shown
            });
            let line = writer.write(seed, &all);
            let text = line.to_string();
            assert_eq!(text.contains("\"checks\""), [0, 7, 8].contains(&seed), "{text}");
            let line = serde_json::from_str(&text).expect("JSON");
            assert_eq!(reader.read(seed, &line), Some(all.to_vec()), "{text}");
        }
    }

    #[test]
    fn what_nobody_writes_is_refused() {
        let good = Codec::new(1, 3).write(5, &[shown(5, 4)]);
        assert!(Codec::new(1, 3).read(5, &good).is_some());
        assert!(Codec::new(1, 3).read(6, &good).is_none(), "another seed");
        assert!(Codec::new(2, 3).read(5, &good).is_none(), "a variant less");
        assert!(Codec::new(1, 2).read(5, &good).is_none(), "a goal more");
        let changes: [(&str, Value); 18] = [
            ("checks", json!([["check", "perhaps", true]])),
            ("checks", json!([["check", "always", ["?", 1]]])),
            ("checks", json!([])),
            ("seen", json!("111")),
            ("seen", json!("1118")),
            ("seen", json!("111/")),
            ("details", json!([[4, "no such check"]])),
            ("details", json!([[0]])),
            ("findings", json!([["a name"]])),
            ("events", json!(-1)),
            ("events", json!(COUNT_MAX + 1)),
            ("ops", json!([1, 2, 3])),
            ("goals", json!([3])),
            ("goals", json!([1, 0])),
            ("goals", json!([1, 1])),
            ("goals", json!("1")),
            ("faults", json!({ "hitting": 1, "kinds": [["rain", 1, 1, 1]] })),
            ("faults", json!(null)),
        ];
        for (field, value) in changes {
            let mut bad = good.clone();
            bad["variants"][0][field] = value;
            assert!(Codec::new(1, 3).read(5, &bad).is_none(), "{}", bad["variants"][0][field]);
        }
        for field in ["seen", "details", "findings", "events", "virtual_ms", "ops", "goals"] {
            let mut bad = good.clone();
            bad["variants"][0].as_object_mut().expect("an object").remove(field);
            assert!(Codec::new(1, 3).read(5, &bad).is_none(), "without {field}");
        }
    }
}
