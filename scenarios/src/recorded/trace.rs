//! The history in a trace file.

use super::Recorded;
use crate::Diagnostics;
use crate::builtin;
use crate::diagnostic::{Diagnostic, Span};
use crate::tracefile::Reader;
use simlab_check::Model;
use simlab_check::format::{Format, Place, Recording};
use simlab_core::history::{History, Mark};
use simlab_core::wire::Decode as _;
use simlab_core::{Kind, OpId, Operation, Outcome};
use std::collections::BTreeMap;
use std::io::BufRead;

/// Reads the begins and ends of operations, and checks that the whole file is as it was written.
pub(super) fn read(
    name: &str,
    mut reader: Reader<impl BufRead>,
    model: &'static Model,
    variant: Option<&str>,
) -> Result<Recorded, Diagnostics> {
    let of = |message: String| Diagnostics::of_file(name, Diagnostic::nowhere(message));
    let recorded = reader.header().variant.clone();
    if let Some(asked) = variant.filter(|asked| *asked != recorded) {
        return Err(of(format!("this trace is of the variant `{recorded}`, not of `{asked}`")));
    }
    let mut taken = Taken::default();
    while reader.advance()? {
        let Some(event) = reader.event() else { continue };
        let mark = Mark { seq: event.seq, at: event.at };
        let line = reader.line();
        let mut help = None;
        let done = match event.kind {
            Kind::Invoked { op, session } => match Operation::from_bytes(event.bytes) {
                Ok(operation) if !builtin::accepts(model.name, &operation.call) => {
                    let (model, call) = (model.name, &operation.call);
                    let others: Vec<&str> = builtin::accepting(call).collect();
                    help = Some(format!("--model {} has it", others.join(" or ")));
                    Err(format!("a {model} has no such call: {call} on {}", operation.object))
                }
                Ok(operation) => {
                    taken.begin(op, line);
                    let invoked = taken.history.invoke(op, session, operation, mark);
                    invoked.map_err(|error| error.to_string())
                }
                Err(error) => Err(format!("this is no operation: {error}")),
            },
            Kind::Returned { op } => match Outcome::from_bytes(event.bytes) {
                Ok(outcome) => {
                    taken.end(op, line);
                    let completed = taken.history.complete(op, outcome, mark);
                    completed.map_err(|error| error.to_string())
                }
                Err(error) => Err(format!("this is no outcome: {error}")),
            },
            _ => Ok(()),
        };
        if let Err(message) = done {
            let (line, text) = (usize::try_from(line).unwrap_or(usize::MAX), reader.text());
            let diagnostic = Diagnostic::at(Span::file(0, text.len()), message);
            let diagnostic = help.into_iter().fold(diagnostic, Diagnostic::help);
            return Err(Diagnostics::in_line(name, line, text, diagnostic));
        }
    }
    if taken.places.is_empty() {
        return Err(of("no client did anything in this trace".to_owned()));
    }
    let nodes = reader.names().nodes.clone();
    let Taken { history, places, .. } = taken;
    let recording =
        Recording { history, format: Format::Trace, timed: true, by_line: false, places };
    Ok(Recorded { recording, nodes })
}

/// What was taken so far.
#[derive(Default)]
struct Taken {
    history: History,
    places: Vec<Place>,
    index: BTreeMap<OpId, usize>,
}

impl Taken {
    fn begin(&mut self, op: OpId, line: u64) {
        self.index.insert(op, self.places.len());
        self.places.push(Place { invoked: line, returned: None });
    }

    fn end(&mut self, op: OpId, line: u64) {
        if let Some(place) = self.index.get(&op).and_then(|&index| self.places.get_mut(index)) {
            place.returned = Some(line);
        }
    }
}
