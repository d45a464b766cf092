//! What a sweep must have visited.

use super::part::{Definitions, Format, Reader, Toml, table};
use super::scalar::{Count, Name, Names};
use crate::diagnostic::Span;
use crate::{Ended, Text};
use serde_json::{Value as Json, json};
use simlab_core::{DropReason, FaultKind, Value};

table! {
    /// A state that a sweep must have visited: it counts the seeds that show it in some variant, and a goal
    /// that no seed shows fails it. Exactly one of `reached`, `note`, `fault`, `dropped` and `outcome` is
    /// given.
    GoalTable = "a coverage goal" {
        /// The name in the report; default: that of `reached`. It takes the place of a service's goal of
        /// that name.
        "name" name: Name, optional;
        /// What the state is, in a line; needed unless it is a service's.
        "words" words: Text, optional;
        /// The variants in which it counts; default: all, and for `reached` those with such a service.
        "variants" variants: Names, optional;
        /// Of how many seeds at least it is asked: a sweep of fewer counts it, but is not failed by it;
        /// default 1.
        "seeds_min" seeds_min: Count, optional;
        /// A goal of a service (`simlab list goals`) was reached. Those of all services are asked anyway if
        /// there is a storm.
        "reached" reached: String, optional;
        /// A process left a note of this name.
        "note" note: String, optional;
        /// A fault of this kind, scheduled or of the storm, hit something.
        "fault" fault: FaultKind, optional;
        /// A datagram was dropped for this reason.
        "dropped" dropped: DropReason, optional;
        /// A client's operation ended so.
        "outcome" outcome: Ended, optional;
        /// With `outcome`: what the operation was, as in "sell"; default: anything.
        "call" call: Verb, optional;
        /// With `outcome = "done"`: what it returned; default: anything.
        "returned" returned: Value, optional;
    }
}

/// The keys of a goal of which exactly one is given.
pub(crate) const SIGHTS: [&str; 5] = ["reached", "note", "fault", "dropped", "outcome"];

/// A kind of operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verb(pub(crate) &'static str);

impl Verb {
    /// What scenarios can ask.
    const ALL: [&str; 6] = ["read", "sell", "take_back", "write", "cas", "append"];
}

/// Reads one of some words.
fn word<T: Copy, const N: usize>(
    value: &Toml<'_>,
    reader: &mut Reader<'_>,
    expected: &str,
    (what, plural): (&str, &str),
    known: [(&'static str, T); N],
) -> Option<T> {
    let Some(name) = value.get_ref().as_str() else {
        reader.wrong(value, expected);
        return None;
    };
    let found = known.iter().find(|(known, _)| *known == name);
    if found.is_none() {
        let span = reader.span(value);
        reader.problems.unknown(span, what, plural, name, known.iter().map(|(known, _)| *known));
    }
    found.map(|(_, found)| *found)
}

impl Format for Ended {
    fn expected() -> String {
        "\"done\", \"refused\" or \"unknown\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let known = Ended::ALL.map(|ended| (ended.name(), ended));
        word(value, reader, &Self::expected(), ("outcome", "outcomes"), known)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "enum": Ended::ALL.map(Ended::name) })
    }
}

impl Format for DropReason {
    fn expected() -> String {
        "a reason such as \"loss\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let known = DropReason::ALL.map(|why| (why.name(), why));
        word(value, reader, &Self::expected(), ("reason", "reasons"), known)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "enum": DropReason::ALL.map(DropReason::name) })
    }
}

impl Format for Verb {
    fn expected() -> String {
        "an operation such as \"sell\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let known = Verb::ALL.map(|verb| (verb, Verb(verb)));
        word(value, reader, &Self::expected(), ("operation", "operations"), known)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "enum": Verb::ALL })
    }
}

impl GoalTable {
    /// The first of the keys that are given and mean something with `outcome` only.
    pub(crate) fn of_outcomes(&self) -> Option<(&'static str, Span)> {
        let call = self.call.as_ref().map(|call| ("call", call.span));
        call.or(self.returned.as_ref().map(|returned| ("returned", returned.span)))
    }
}
