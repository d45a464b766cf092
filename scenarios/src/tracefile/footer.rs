//! The last line: how the run came out.

use super::header::{list_of, wrong};
use super::json::{Object, plain, string};
use super::line::{self, Mistake};
use crate::Observed;
use crate::report::{Status, VariantReport};
use serde_json::Value;

/// How a run came out: what its checks saw, and what ought not to happen and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether all was as expected.
    pub status: Status,
    /// Each check by name, with what it observed.
    pub checks: Vec<(String, Observed)>,
    /// The names of the findings that no check is about.
    pub findings: Vec<String>,
}

impl Verdict {
    /// The verdict of a run that was judged.
    #[must_use]
    pub fn of(report: &VariantReport<'_>) -> Self {
        Verdict {
            status: report.status(),
            checks: report.checks.iter().map(|c| (c.name.clone(), c.observed)).collect(),
            findings: report.findings.iter().map(|f| f.name.to_owned()).collect(),
        }
    }

    /// The status as a word: `passed`, `inconclusive` or `failed`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        STATUSES
            .iter()
            .find(|(_, status)| *status == self.status)
            .map_or("failed", |(word, _)| word)
    }
}

/// The last line of a trace file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footer {
    /// How many records the trace has.
    pub records: u64,
    /// The hash of the trace.
    pub trace_hash: u64,
    /// How the run came out.
    pub verdict: Verdict,
}

const STATUSES: [(&str, Status); 3] = [
    ("passed", Status::Passed),
    ("inconclusive", Status::Inconclusive),
    ("failed", Status::Failed),
];

impl Footer {
    pub(super) fn write(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.plain("end", true);
        object.plain("records", self.records);
        object.string("trace_hash", &format!("{:016x}", self.trace_hash));
        let Verdict { status, checks, findings } = &self.verdict;
        let mut verdict = Object::new(object.key("verdict"));
        verdict.plain("ok", *status == Status::Passed);
        verdict.string("status", self.verdict.word());
        verdict.list("checks", checks, |(name, observed), out| {
            let mut check = Object::new(out);
            check.string("name", name);
            let out = check.key("observed");
            match observed {
                Observed::Truth(truth) => plain(truth, out),
                Observed::Figure(figure) => plain(figure, out),
                Observed::Unknown => out.push_str("null"),
            }
            check.end();
        });
        verdict.list("findings", findings, |name, out| string(name, out));
        verdict.end();
        object.end();
    }

    /// Whether a line is the last one, and no event.
    pub(super) fn begins(text: &str) -> bool {
        text.starts_with("{\"end\":")
    }

    pub(super) fn read(text: &str) -> Result<Footer, Mistake> {
        let value = line::parse(text)?;
        let verdict = &value["verdict"];
        let status = STATUSES.iter().find(|(word, _)| verdict["status"] == *word);
        let hash = value["trace_hash"].as_str().filter(|digits| digits.len() == 16);
        let hash = hash.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        Ok(Footer {
            records: value["records"].as_u64().ok_or_else(|| wrong("records", "a number"))?,
            trace_hash: hash.ok_or_else(|| wrong("trace_hash", "16 hexadecimal digits"))?,
            verdict: Verdict {
                status: status.ok_or_else(|| wrong("status", "passed, inconclusive or failed"))?.1,
                checks: list_of(verdict, "checks", |check| {
                    let observed = match &check["observed"] {
                        Value::Bool(truth) => Observed::Truth(*truth),
                        Value::Number(figure) => Observed::Figure(figure.as_i64()?),
                        Value::Null => Observed::Unknown,
                        _ => return None,
                    };
                    Some((check["name"].as_str()?.to_owned(), observed))
                })?,
                findings: list_of(verdict, "findings", |name| Some(name.as_str()?.to_owned()))?,
            },
        })
    }
}
