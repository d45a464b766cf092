//! The `--set` options.

use crate::diagnostic::{self, Diagnostic, Origin, Problems, Span, clip};
use crate::format::link::Link;
use crate::format::part::{At, Format, Reader};
use crate::format::scalar::{Count, Given};
use simlab_core::Duration;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the `--set` options ask for.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) until: Option<At<Duration>>,
    pub(super) jitter: Option<At<Duration>>,
    pub(super) default: Vec<Link>,
    pub(super) same_site: Vec<Link>,
    pub(super) parameters: Vec<Setting>,
    pub(super) switches: Vec<At<String>>,
    /// How many operations each workload has.
    pub(super) operations: Option<At<Count>>,
}

/// A parameter of a role, a service or a node.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) target: At<String>,
    pub(super) parameter: At<String>,
    pub(super) value: At<Given>,
}

/// The keys that are no parameters.
const KEYS: [&str; 6] = [
    "until",
    "jitter",
    "switch",
    "workloads.count",
    "network.default.<field>",
    "network.same_site.<field>",
];

impl Settings {
    /// Reads the options, and makes of them the texts that mistakes are shown in, one a line.
    pub(super) fn read(
        overrides: &[(String, String)],
        problems: &mut Problems,
    ) -> (Self, diagnostic::Given) {
        let mut given = diagnostic::Given::default();
        let mut settings = Settings::default();
        for (key, value) in overrides {
            // `--set switch=NAME` too is shown as the `--switch NAME` that it is.
            if key == "switch" {
                let text = &mut given.switch.text;
                let start = text.len();
                text.push_str(value);
                let span = Span { origin: Origin::Switch, start, end: text.len() };
                settings.switches.push(At { value: value.clone(), span });
                text.push('\n');
                continue;
            }
            let text = &mut given.set.text;
            let key_start = text.len();
            text.push_str(key);
            text.push('=');
            let value_start = text.len();
            text.push_str(value);
            let place = |range: Range<usize>| Span {
                origin: Origin::Set,
                start: range.start,
                end: range.end,
            };
            let end = text.len();
            settings.add(
                At { value: key, span: place(key_start..value_start - 1) },
                At { value, span: place(value_start..end) },
                problems,
            );
            text.push('\n');
        }
        (settings, given)
    }

    fn add(&mut self, key: At<&String>, value: At<&String>, problems: &mut Problems) {
        let partial = false;
        let base = value.span.start;
        let mut reader = Reader { problems, origin: Origin::Set, base, partial };
        let whole = Spanned::new(0..value.value.len(), DeValue::String(value.value.into()));
        match key.value.as_str() {
            "until" => {
                self.until = reader.at::<Duration>(&whole);
                if let Some(until) = self.until.filter(|until| until.value == Duration::ZERO) {
                    let message = "a run must last longer than no time";
                    reader.problems.push(Diagnostic::at(until.span, message));
                }
            }
            "jitter" => self.jitter = reader.at::<Duration>(&whole),
            "workloads.count" => {
                let number = value.value.parse().ok().filter(|n| *n > 0).map(Count);
                if number.is_none() {
                    reader.wrong(&whole, &Count::expected());
                }
                self.operations = number.map(|number| At { value: number, span: value.span });
            }
            name => match name.rsplit_once('.') {
                Some(("network.default", field)) => {
                    self.default.extend(link(key, field, value, reader.problems));
                }
                Some(("network.same_site", field)) => {
                    self.same_site.extend(link(key, field, value, reader.problems));
                }
                Some((target, parameter)) if !name.starts_with("network.") => {
                    let Span { origin, start, end } = key.span;
                    let dot = start + target.len();
                    let target = target.to_owned();
                    let value = Given { text: value.value.clone(), string: true };
                    self.parameters.push(Setting {
                        target: At { value: target, span: Span { origin, start, end: dot } },
                        parameter: At {
                            value: parameter.to_owned(),
                            span: Span { origin, start: dot + 1, end },
                        },
                        value: At { value, span: reader.span(&whole) },
                    });
                }
                _ => unknown(key, reader.problems),
            },
        }
    }
}

fn unknown(key: At<&String>, problems: &mut Problems) {
    let message = format!("unknown setting `{}`", clip(key.value));
    let help = format!("known settings: {}, <role, service or node>.<parameter>", KEYS.join(", "));
    let nearest = crate::nearest::nearest(key.value, &KEYS);
    let mut diagnostic = Diagnostic::at(key.span, message);
    if let Some(nearest) = nearest {
        diagnostic = diagnostic.help(format!("did you mean `{nearest}`?"));
    }
    problems.push(diagnostic.help(help));
}

/// A link with one field. The whole option is TOML if it can be read as such, else its value is a
/// string, so that neither `5%` nor `{ uniform = ["1ms", "2ms"] }` needs quotes of its own.
fn link(
    key: At<&String>,
    field: &str,
    value: At<&String>,
    problems: &mut Problems,
) -> Option<Link> {
    let base = key.span.start;
    let line = format!("{}={}", key.value, value.value);
    // What the file may not do, nest brackets deeply, an option may not either.
    let nested = value.value.matches(['[', '{']).count() > NESTED_MAX;
    let parsed = if nested { None } else { DeTable::parse(&line).ok() };
    let parsed = parsed.and_then(|tree| {
        let network = tree.into_inner().remove("network")?.into_inner();
        let DeValue::Table(network) = network else { return None };
        network.into_iter().next().map(|(_, link)| link)
    });
    let tree = parsed.unwrap_or_else(|| {
        let key_end = key.value.len();
        let name = Spanned::new(key_end - field.len()..key_end, field.into());
        let text = DeValue::String(value.value.into());
        let mut table = DeTable::new();
        table.insert(name, Spanned::new(key_end + 1..line.len(), text));
        Spanned::new(0..key_end, DeValue::Table(table))
    });
    let mut reader = Reader { problems, origin: Origin::Set, base, partial: false };
    Link::read(&tree, &mut reader)
}

/// More brackets than these are in no value of a link.
const NESTED_MAX: usize = 8;
