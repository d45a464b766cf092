//! Invocations and what ended them, put together to operations.

use super::call::{self, Dialect, Verb};
use super::event::{Event, Type};
use super::mistake::{Mistake, Mistakes, clip};
use super::token::Atom;
use super::{Format, Place, Recording};
use crate::Model;
use simlab_core::history::{History, Mark};
use simlab_core::{NodeId, OpId, Operation, Outcome, Seq, Session, Time};
use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// The object of a file whose operations name none.
const OBJECT: &str = "x";

/// Takes the events of a file, one after the other.
#[derive(Debug)]
pub(super) struct Pairing<'a> {
    text: &'a str,
    model: &'static Model,
    dialect: Dialect,
    processes: BTreeMap<u32, Process<'a>>,
    operations: Vec<Operated>,
    /// The operations in the order of the events, with their lines: once for the invocation, once for the end.
    order: Vec<(usize, u64)>,
    lines: Lines<'a>,
    key: Option<KeyKind>,
    /// Whether all events have times, and the latest so far.
    timed: bool,
    latest: u64,
    pub(super) mistakes: Mistakes,
}

#[derive(Debug, Default)]
struct Process<'a> {
    /// How many operations it has begun.
    begun: u32,
    now: Now<'a>,
}

#[derive(Debug, Default)]
enum Now<'a> {
    #[default]
    Free,
    /// Its operation is open.
    Open { operation: usize, verb: Verb, f: &'a str, began: usize },
    /// It began something with a mistake in it: what ends that is not looked at.
    Spoilt,
    /// Its operation ended unknown, here.
    Retired(usize),
}

#[derive(Debug)]
struct Operated {
    op: OpId,
    operation: Operation,
    place: Place,
    invoked: u64,
    returned: Option<(u64, Outcome)>,
}

/// A file whose keys are texts has no keys that are numbers: `"1"` and `1` would be one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyKind {
    Text,
    Number,
    Keyword,
}

/// The number of lines up to ascending places.
#[derive(Debug)]
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn line(&mut self, at: usize) -> u64 {
        let passed = self.text.as_bytes().get(self.at..at).unwrap_or_default();
        self.line += passed.iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.at = self.at.max(at);
        self.line
    }
}

impl<'a> Pairing<'a> {
    pub(super) fn new(text: &'a str, model: &'static Model, dialect: Dialect) -> Self {
        Pairing {
            text,
            model,
            dialect,
            processes: BTreeMap::new(),
            operations: Vec::new(),
            order: Vec::new(),
            lines: Lines { text, at: 0, line: 1 },
            key: None,
            timed: true,
            latest: 0,
            mistakes: Mistakes::default(),
        }
    }

    /// Takes the next event.
    pub(super) fn take(&mut self, event: &Event<'_, 'a>) {
        let taken = match event.kind {
            Type::Invoke => self.begin(event),
            Type::Ok | Type::Fail | Type::Info => self.end(event),
        };
        if let Err(mistake) = taken {
            self.mistakes.push(mistake);
        }
    }

    /// Takes a mistake that was found instead of an event of this process, if that is known.
    pub(super) fn spoil(&mut self, process: Option<u32>, mistake: Mistake) {
        if let Some(process) = process {
            self.processes.entry(process).or_default().now = Now::Spoilt;
        }
        self.mistakes.push(mistake);
    }

    fn begin(&mut self, event: &Event<'_, 'a>) -> Result<(), Mistake> {
        let process = self.processes.entry(event.process).or_default();
        let refuse = |what: &str, words: &str, at| {
            let message = format!("process {} {what}", event.process);
            Err(Mistake::at(event.span.clone(), message).elsewhere(words, at))
        };
        match process.now {
            Now::Free | Now::Spoilt => {}
            Now::Open { began, .. } => {
                process.now = Now::Spoilt;
                let what = "has two operations open";
                return refuse(what, "the first began, and did not end, in", began);
            }
            Now::Retired(at) => {
                process.now = Now::Spoilt;
                let what = "goes on after an operation of unknown outcome";
                let refused = refuse(what, "its operation ended in :info in", at);
                let help =
                    "that operation may still take effect: a client goes on as another process";
                return refused.map_err(|mistake: Mistake| mistake.help(help));
            }
        }
        // Until all of it is read.
        process.now = Now::Spoilt;
        let number = process.begun;
        process.begun = process.begun.saturating_add(1);
        let verb = call::verb(self.model.name, event)?;
        let call = call::call(verb, event)?;
        let object = self.object(event)?.unwrap_or_else(|| OBJECT.to_owned());
        let (invoked, line) = self.now(event);
        let operation = self.operations.len();
        self.order.push((operation, line));
        self.operations.push(Operated {
            op: OpId::of(NodeId(event.process), number),
            operation: Operation { object, call },
            place: Place { invoked: line, returned: None },
            invoked,
            returned: None,
        });
        if let Some(process) = self.processes.get_mut(&event.process) {
            process.now = Now::Open { operation, verb, f: event.f, began: event.span.start };
        }
        Ok(())
    }

    fn end(&mut self, event: &Event<'_, 'a>) -> Result<(), Mistake> {
        let process = self.processes.entry(event.process).or_default();
        let info = event.kind == Type::Info;
        let after = if info { Now::Retired(event.span.start) } else { Now::Free };
        let (operation, verb, f, began) = match process.now {
            Now::Open { operation, verb, f, began } => (operation, verb, f, began),
            Now::Spoilt => {
                process.now = after;
                return Ok(());
            }
            Now::Free | Now::Retired(_) => {
                let message = format!("process {} has no operation open", event.process);
                let mistake = Mistake::at(event.span.clone(), message);
                return Err(mistake.label("this ends an operation that never began"));
            }
        };
        process.now = after;
        if f != event.f {
            let message = format!("`:{}` does not end `:{}`", clip(event.f), clip(f));
            let mistake = Mistake::at(event.f_span.clone(), message);
            let words = format!("the open operation of process {} began in", event.process);
            return Err(mistake.elsewhere(words, began));
        }
        let key = self.object(event)?;
        let (returned, line) = self.now(event);
        let Some(open) = self.operations.get_mut(operation) else { return Ok(()) };
        if key.is_some_and(|key| key != open.operation.object) {
            let span = event.key.map_or_else(|| event.span.clone(), |form| form.span());
            let mistake = Mistake::at(span, "this is not the key of the open operation");
            return Err(mistake.elsewhere("that began in", began));
        }
        let outcome = call::outcome(verb, &mut open.operation.call, event, self.dialect)?;
        open.place.returned = Some(line);
        open.returned = Some((returned, outcome));
        self.order.push((operation, line));
        Ok(())
    }

    /// The object that an event names. Of a key-value store it must.
    fn object(&mut self, event: &Event<'_, 'a>) -> Result<Option<String>, Mistake> {
        let Some(form) = event.key else {
            if self.model.name != "kv" || event.kind != Type::Invoke {
                return Ok(None);
            }
            let mistake = Mistake::at(event.span.clone(), "this operation has no :key");
            let help = "the operations of a kv name a :key each; is it another model?";
            return Err(mistake
                .label("expected :key with a text, a number or a keyword")
                .help(help));
        };
        let name = call::name_of(&form)?;
        let kind = match form.atom() {
            Some(Atom::Int(_)) => KeyKind::Number,
            Some(Atom::Keyword(_)) => KeyKind::Keyword,
            _ => KeyKind::Text,
        };
        if *self.key.get_or_insert(kind) != kind {
            let message = "this key is of another type than those before it";
            return Err(Mistake::at(form.span(), message)
                .label("expected only texts, only numbers or only keywords"));
        }
        Ok(Some(name))
    }

    /// The time of an event, and its line. Recorders take the time a little before they write the line:
    /// the order of the lines counts, and time does not run backwards.
    fn now(&mut self, event: &Event<'_, '_>) -> (u64, u64) {
        self.timed &= event.time.is_some();
        self.latest = self.latest.max(event.time.unwrap_or(0));
        (self.latest, self.lines.line(event.span.start))
    }

    /// All operations as a history.
    pub(super) fn finish(mut self, format: Format) -> Result<Recording, Mistakes> {
        if self.operations.is_empty() && self.mistakes.is_empty() {
            self.mistakes.push(nothing(self.text));
        }
        if !self.mistakes.is_empty() {
            self.mistakes.list.sort_by_key(|mistake| mistake.span.start);
            return Err(self.mistakes);
        }
        let mut history = History::new();
        let mut begun = vec![false; self.operations.len()];
        let lines = self.operations.iter().map(|operated| operated.place).collect();
        let by_line = self.order.is_sorted_by(|(_, before), (_, after)| before < after);
        for (number, (index, line)) in (1..).zip(self.order) {
            let seq = if by_line { line } else { number };
            let Some(seq) = NonZeroU64::new(seq).map(Seq) else { continue };
            let (Some(operated), Some(begun)) =
                (self.operations.get_mut(index), begun.get_mut(index))
            else {
                continue;
            };
            let mark = |at: u64| Mark { seq, at: Time(if self.timed { at } else { 0 }) };
            let added = if *begun {
                let Some((at, outcome)) = operated.returned.take() else { continue };
                history.complete(operated.op, outcome, mark(at))
            } else {
                *begun = true;
                // Nothing looks at the operation again.
                let operation = Operation {
                    object: std::mem::take(&mut operated.operation.object),
                    call: std::mem::replace(&mut operated.operation.call, simlab_core::Call::Read),
                };
                history.invoke(operated.op, Session(0), operation, mark(operated.invoked))
            };
            // What a history refuses was refused above, with its place.
            if let Err(error) = added {
                return Err(Mistake::at(0..0, error.to_string()).into());
            }
        }
        Ok(Recording { history, format, timed: self.timed, by_line, places: lines })
    }
}

/// The mistake that a file has no operations.
pub(super) fn nothing(text: &str) -> Mistake {
    let empty = text.trim().is_empty();
    let message = if empty { "the file is empty" } else { "no operation can be read in this file" };
    let first = text.find(|c: char| !c.is_whitespace() && c != '\u{feff}').unwrap_or(0);
    let line = text[first..].find('\n').map_or(text.len(), |len| first + len);
    Mistake::at(first..line, message)
        .help("a history has lines such as `0 :invoke :write 1` (of a Jepsen log),")
        .help("or maps such as {:process 0, :type :invoke, :f :write, :value 1}")
}
