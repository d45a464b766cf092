//! The first line: what the run was made of.

use super::json::{Object, list, string};
use super::line::{self, Mistake};
use super::{FORMAT, VERSION};
use crate::diagnostic::Diagnostic;
use crate::run::Setup;
use crate::{Catalogue, Diagnostics, Scenario, Source, load};
use serde_json::Value;
use simlab_sim::{Names, Script};

/// All that a run was made of, so that it can be made again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The version of simlab that wrote the file.
    pub simlab: String,
    /// The name of the scenario.
    pub scenario: String,
    /// The scenario file, whole.
    pub source: Source,
    /// What answered the random choices.
    pub seed: u64,
    /// The variant, by name.
    pub variant: String,
    /// The `--set` options.
    pub set: Vec<(String, String)>,
    /// The switches that are on in the variant, whoever turned them on.
    pub switches: Vec<String>,
    /// Whether a script answered choices, whether it was complete, and with how many answers; they
    /// follow the header, one a line.
    pub script: Option<(bool, u64)>,
    /// The names of the nodes, by id.
    pub nodes: Vec<String>,
    /// The names of the faults, by id.
    pub faults: Vec<String>,
}

impl Header {
    /// The header of a run that is about to begin. `set` are the `--set` options that the scenario was
    /// loaded with.
    #[must_use]
    pub fn new(
        setup: &Setup<'_>,
        set: &[(String, String)],
        script: Option<&Script>,
        names: &Names,
    ) -> Self {
        let scenario = setup.scenario;
        let variant = &scenario.variants[setup.variant];
        Header {
            simlab: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.name.clone(),
            source: scenario.source.clone(),
            seed: setup.seed,
            variant: variant.name.clone(),
            set: set.to_vec(),
            switches: variant.switches.iter().map(|name| (*name).to_owned()).collect(),
            script: script.map(|script| (script.complete, script.answers.len() as u64)),
            nodes: names.nodes.clone(),
            faults: names.faults.clone(),
        }
    }

    /// Whether this build wrote it, so that the run must come out the same.
    #[must_use]
    pub fn is_of_this_version(&self) -> bool {
        self.simlab == env!("CARGO_PKG_VERSION")
    }

    /// Loads the scenario, and finds the variant, with its switches as they were.
    ///
    /// # Errors
    /// If this build cannot load it: it may lack a service or a switch.
    pub fn load(&self, catalogue: &Catalogue) -> Result<(Scenario, usize), Diagnostics> {
        let mut scenario = load(self.source.clone(), catalogue, &self.set)?;
        let lacks = |what: &str, name: &str| {
            let message = format!("there is no {what} `{name}`, which the trace is of");
            Diagnostics::of_file(&self.source.name, Diagnostic::nowhere(message))
        };
        let variant = scenario.variant(&self.variant);
        let variant = variant.ok_or_else(|| lacks("variant", &self.variant))?;
        let known = || catalogue.entries().flat_map(|entry| entry.switches);
        let switches = self.switches.iter().map(|name| {
            let switch = known().find(|switch| switch.name == name);
            switch.map(|switch| switch.name).ok_or_else(|| lacks("switch", name))
        });
        scenario.variants[variant].switches = switches.collect::<Result<_, _>>()?;
        Ok((scenario, variant))
    }

    pub(super) fn write(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.string("format", FORMAT);
        object.plain("version", VERSION);
        object.string("simlab", &self.simlab);
        object.string("scenario", &self.scenario);
        object.plain("seed", self.seed);
        object.string("variant", &self.variant);
        object.list("set", &self.set, |(key, value), out| {
            list([key, value], out, |s, out| string(s, out))
        });
        object.list("switches", &self.switches, |name, out| string(name, out));
        if let Some((complete, answers)) = self.script {
            let mut script = Object::new(object.key("decisions"));
            script.plain("complete", complete);
            script.plain("answers", answers);
            script.end();
        }
        object.list("nodes", &self.nodes, |name, out| string(name, out));
        object.list("faults", &self.faults, |name, out| string(name, out));
        let mut source = Object::new(object.key("source"));
        source.string("name", &self.source.name);
        source.string("text", &self.source.text);
        source.end();
        object.end();
    }

    /// Says what a file is whose first line is no header that can be read: another file, a newer one.
    pub(super) fn vet(text: &[u8]) -> Result<(), Mistake> {
        let foreign = || {
            let begins = format!("{{\"format\":\"{FORMAT}\",\"version\":{VERSION},");
            Mistake::new("this is no trace file")
                .at(0)
                .help(format!("a trace file begins with {begins}"))
        };
        let cut = text.starts_with(format!("{{\"format\":\"{FORMAT}\"").as_bytes());
        let value = std::str::from_utf8(text).ok().and_then(|text| line::parse(text).ok());
        let Some(value) = value else {
            // Of a cut or changed header the hash says so.
            return if cut { Ok(()) } else { Err(foreign()) };
        };
        if value["format"] != FORMAT {
            return Err(foreign());
        }
        match value["version"].as_u64() {
            Some(VERSION) => Ok(()),
            Some(version) if version > VERSION => {
                let message = format!("this trace file is newer: it has version {version}");
                Err(Mistake::new(message).help(format!("this simlab reads version {VERSION}")))
            }
            _ => Err(Mistake::new(format!("the version of a trace file must be {VERSION}"))),
        }
    }

    pub(super) fn read(text: &str) -> Result<Header, Mistake> {
        let value = line::parse(text)?;
        let source = &value["source"];
        let header = Header {
            simlab: text_of(&value, "simlab")?,
            scenario: text_of(&value, "scenario")?,
            source: Source::new(text_of(source, "name")?, text_of(source, "text")?),
            seed: value["seed"].as_u64().ok_or_else(|| wrong("seed", "a whole number"))?,
            variant: text_of(&value, "variant")?,
            set: list_of(&value, "set", |pair| {
                let [key, value] = pair.as_array()?.as_slice() else { return None };
                Some((key.as_str()?.to_owned(), value.as_str()?.to_owned()))
            })?,
            switches: list_of(&value, "switches", |name| Some(name.as_str()?.to_owned()))?,
            script: match &value["decisions"] {
                Value::Null => None,
                script => {
                    let both = script["complete"].as_bool().zip(script["answers"].as_u64());
                    Some(both.ok_or_else(|| wrong("decisions", "an object"))?)
                }
            },
            nodes: list_of(&value, "nodes", |name| Some(name.as_str()?.to_owned()))?,
            faults: list_of(&value, "faults", |name| Some(name.as_str()?.to_owned()))?,
        };
        Ok(header)
    }
}

pub(super) fn wrong(name: &str, expected: &str) -> Mistake {
    Mistake::new(format!("`{name}` must be {expected}"))
}

fn text_of(value: &Value, name: &str) -> Result<String, Mistake> {
    value[name].as_str().map(str::to_owned).ok_or_else(|| wrong(name, "a string"))
}

pub(super) fn list_of<T>(
    value: &Value,
    name: &str,
    read: impl FnMut(&Value) -> Option<T>,
) -> Result<Vec<T>, Mistake> {
    let items = value[name].as_array().and_then(|list| list.iter().map(read).collect());
    items.ok_or_else(|| wrong(name, "a list"))
}
