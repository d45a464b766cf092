//! Random storms.

use super::part::{At, Definitions, Format, Reader, Toml, table};
use crate::Text;
use crate::diagnostic::Span;
use serde_json::{Value as Json, json};
use simlab_core::{Duration, FaultKind};

table! {
    /// Faults that the seed draws inside what the services tolerate. Each seed switches whole kinds
    /// off and draws how often and how strong the others are.
    StormTable = "a storm" {
        /// No fault begins before this; default "0s".
        "from" from: Duration, optional;
        /// By then all faults are over, and what can come up again is up; the rest of the run is to
        /// heal.
        "until" until: Duration, required;
        /// The kinds of fault that are drawn; default: all that every service of every variant
        /// tolerates on at least one node, but for `leave`, from which nobody comes back.
        "kinds" kinds: Vec<At<FaultKind>>, optional;
        /// Kinds that are drawn wherever the seed likes, although not all services tolerate them.
        "outside" outside: Vec<At<FaultKind>>, optional;
        /// What those break; needed with `outside`.
        "outside_why" outside_why: Text, optional;
        /// About how long it is from one fault of a kind to the next: each seed draws for each kind
        /// something from a quarter to twice of it. Default: a fifth of the storm, at most "10s".
        "every" every: Duration, optional;
        /// No fault lasts longer. Default: a quarter of the storm, at most "8s".
        "longest" longest: Duration, optional;
        /// Goals of services that this storm cannot reach, and that are not asked of its sweeps.
        "unasked" unasked: Vec<At<String>>, optional;
        /// How long after it halted a node is started again, unless its machine says otherwise;
        /// default "1s".
        "restart" restart: Duration, optional;
    }
}

impl StormTable {
    /// Where it ends, or at least where it stands.
    pub(crate) fn end(&self) -> Span {
        self.until.map_or(self.span, |until| until.span)
    }
}

impl Format for FaultKind {
    fn expected() -> String {
        "a kind of fault such as \"crash\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(name) = value.get_ref().as_str() else {
            reader.wrong(value, &Self::expected());
            return None;
        };
        let kind = FaultKind::luck().find(|kind| kind.name() == name);
        if kind.is_none() {
            let known = FaultKind::luck().map(FaultKind::name);
            let span = reader.span(value);
            reader.problems.unknown(span, "kind of fault", "kinds of fault", name, known);
        }
        kind
    }

    fn schema(definitions: &mut Definitions) -> Json {
        if !definitions.contains_key("FaultKind") {
            let kinds = FaultKind::luck()
                .map(|kind| json!({ "const": kind.name(), "description": kind.summary() }));
            let kinds = kinds.collect::<Vec<_>>();
            let kind = json!({ "description": "A kind of fault.", "anyOf": kinds });
            definitions.insert("FaultKind".to_owned(), kind);
        }
        json!({ "$ref": "#/definitions/FaultKind" })
    }
}
