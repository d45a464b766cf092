//! The first line of a file of results: of which sweep it is.

use super::super::{Seeds, Shard, Sweep};
use super::ResultsError;
use crate::Source;
use serde_json::{Value, json};
use std::path::Path;

/// What the first line of every file of results calls it.
const FORMAT: &str = "simlab-results";
/// The version of the format that this build writes, and the only one that it reads.
const VERSION: u64 = 2;

/// Of which sweep a file of results is: all that its runs depend on, so that the report can be made from
/// files alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The version of simlab that ran it: another may come to other results.
    pub simlab: String,
    /// The scenario, and the name of its file as people gave it.
    pub source: Source,
    /// The settings of the command line, switches among them.
    pub settings: Vec<(String, String)>,
    /// The names of the variants, in the order of the report.
    pub variants: Vec<String>,
    /// The names of the coverage goals, in the order of the report.
    pub goals: Vec<String>,
    /// All seeds of the sweep, those of other shards included.
    pub seeds: Seeds,
    /// The part that this file has.
    pub shard: Shard,
}

impl Header {
    /// The header of a sweep of a scenario that was loaded with these settings.
    #[must_use]
    pub fn of(sweep: &Sweep<'_>, settings: &[(String, String)]) -> Self {
        let name = |&variant: &usize| sweep.scenario.variants[variant].name.clone();
        Header {
            simlab: env!("CARGO_PKG_VERSION").to_owned(),
            source: sweep.scenario.source.clone(),
            settings: settings.to_vec(),
            variants: sweep.variants.iter().map(name).collect(),
            goals: sweep.goals().into_iter().map(|goal| goal.name.clone()).collect(),
            seeds: sweep.seeds,
            shard: sweep.shard,
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "format": FORMAT,
            "version": VERSION,
            "simlab": self.simlab,
            "file": self.source.name,
            "scenario": self.source.text,
            "settings": self.settings,
            "variants": self.variants,
            "goals": self.goals,
            "seeds": self.seeds.to_string(),
            "shard": self.shard.to_string(),
        })
    }

    /// What the first line of a file says.
    pub(super) fn read(file: &Path, line: &Value) -> Result<Self, ResultsError> {
        let foreign = |why: String| ResultsError::Foreign { file: file.to_owned(), why };
        if line["format"] != FORMAT {
            return Err(foreign("its first line is of something else".to_owned()));
        }
        if line["version"] != VERSION {
            let found = &line["version"];
            return Err(foreign(format!("its version is {found}, and this build reads {VERSION}")));
        }
        Self::fields(line).ok_or_else(|| foreign("its first line is incomplete".to_owned()))
    }

    fn fields(line: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let setting = |value: &Value| Some((text(value.get(0)?)?, text(value.get(1)?)?));
        Some(Header {
            simlab: text(&line["simlab"])?,
            source: Source::new(text(&line["file"])?, text(&line["scenario"])?),
            settings: line["settings"].as_array()?.iter().map(setting).collect::<Option<_>>()?,
            variants: line["variants"].as_array()?.iter().map(text).collect::<Option<_>>()?,
            goals: line["goals"].as_array()?.iter().map(text).collect::<Option<_>>()?,
            seeds: line["seeds"].as_str()?.parse().ok()?,
            shard: line["shard"].as_str()?.parse().ok()?,
        })
    }

    /// Says in what a file with the header `found` is not of the sweep that this one is of. The name of
    /// the scenario's file does not matter, nor does which shard it is.
    pub(super) fn same_sweep(&self, file: &Path, found: &Header) -> Result<(), ResultsError> {
        let differs = |what, found: String, expected: String| {
            Err(ResultsError::Differs { file: file.to_owned(), what, found, expected })
        };
        if self.source.text != found.source.text {
            let name = |header: &Header| format!("that of {}", header.source.name);
            return differs("scenario", name(found), format!("the text of {}", self.source.name));
        }
        let settings = |header: &Header| {
            let all = header.settings.iter().map(|(key, value)| format!("{key}={value}"));
            format!("`{}`", all.collect::<Vec<_>>().join(" "))
        };
        if self.settings != found.settings {
            return differs("list of settings", settings(found), settings(self));
        }
        let parts = |header: &Header| {
            let Header { simlab, variants, goals, seeds, shard, .. } = header;
            [
                ("list of variants", variants.join(", ")),
                ("list of coverage goals", goals.join(", ")),
                ("range of seeds", seeds.to_string()),
                ("number of shards", shard.of().to_string()),
                ("version of simlab", simlab.clone()),
            ]
        };
        for ((what, own), (_, other)) in parts(self).into_iter().zip(parts(found)) {
            if own != other {
                return differs(what, other, own);
            }
        }
        Ok(())
    }
}
