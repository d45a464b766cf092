//! The report of a sweep, of one process or merged.

use super::args::Format;
use super::output::{Exit, Output, program, quoted};
use super::shrunk::Counterexamples;
use super::{balance, story};
use simlab_scenarios::Scenario;
use simlab_scenarios::report::Status;
use simlab_scenarios::sweep::{Shard, Tally, Violation};
use std::time::Duration;

/// How a sweep is reported.
#[derive(Debug)]
pub(super) struct Summary<'a> {
    pub(super) scenario: &'a Scenario,
    /// What the command line changed of it.
    pub(super) settings: &'a [(String, String)],
    pub(super) format: Format,
    pub(super) lang: Option<&'a str>,
    /// How long it took.
    pub(super) wall: Duration,
    /// What its failures come to when they are made small.
    pub(super) small: &'a Counterexamples,
}

impl Summary<'_> {
    /// Prints what a sweep came to.
    pub(super) fn print(&self, tally: &Tally, output: &mut Output) {
        let Summary { scenario, wall, .. } = *self;
        let replay = |violation: &Violation| self.replay(violation);
        if self.format == Format::Json {
            let file = |violation: &Violation| self.small.file(violation);
            return output.line(&tally.to_json(scenario, wall.as_secs_f64(), &replay, &file));
        }
        let lang = story::language(self.lang);
        let title = scenario.title.get(&lang).to_owned();
        let mut of = format!("{}, seeds {}", scenario.name, tally.seeds);
        if tally.shard != Shard::WHOLE {
            of.push_str(&format!(", shard {}", tally.shard));
        }
        output.line(&format!("{title} ({of})"));
        let told = |violation: &Violation| {
            let mut lines = vec![self.replay(violation)];
            lines.extend(self.small.told(violation).iter().cloned());
            lines
        };
        for line in balance::text(tally, scenario, (wall, &lang), &told) {
            output.line(&line);
        }
    }

    /// The command that runs once more what a violation is of.
    fn replay(&self, violation: &Violation) -> String {
        let (seed, variant) = (violation.seed, quoted(&violation.variant));
        let source = quoted(&self.scenario.source.name);
        let settings = story::settings(self.settings);
        format!("{} run {source} --seed {seed}{settings} --variant {variant}", program())
    }
}

/// The exit status of a sweep that came to this.
pub(super) fn exit(tally: &Tally) -> Exit {
    match tally.status() {
        Status::Passed => Exit::Passed,
        Status::Inconclusive => Exit::Inconclusive,
        Status::Failed => Exit::Failed,
    }
}
