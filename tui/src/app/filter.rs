//! What is looked for, or shown alone: `node:shanghai -type:gossip read`.
//!
//! Words without a colon are searched for in the line of the log. Of several names for one thing one has to
//! fit, and all different things have to; whatever has a minus must not.

use crate::film::Film;
use simlab_core::wire::Decode;
use simlab_core::{Kind, NodeId, Operation, TraceEvent};
use simlab_sim::trace::line;

/// One thing that an event can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    /// Whether it happened at a node, or concerns a datagram from or to it.
    Node(NodeId),
    /// Whether it is about a datagram of this type.
    Type(String),
    /// Whether it is of this kind.
    Kind(&'static str),
    /// Whether it begins or ends an operation with these words, or with this name (`customer-b.3`).
    Operation(String),
    /// Whether its line has these letters.
    Text(String),
}

impl Term {
    /// Terms of one key are alternatives.
    const fn key(&self) -> u8 {
        match self {
            Term::Node(_) => 0,
            Term::Type(_) => 1,
            Term::Kind(_) => 2,
            Term::Operation(_) => 3,
            Term::Text(_) => 4,
        }
    }

    fn fits(&self, film: &Film<'_>, event: &TraceEvent<'_>) -> bool {
        match self {
            Term::Node(node) => ends(event).contains(&Some(*node)),
            Term::Type(name) => film.index().message(event.seq.get()) == Some(name),
            Term::Kind(name) => event.kind.name() == *name,
            Term::Operation(words) => {
                let name = match event.kind {
                    Kind::Invoked { op, .. } | Kind::Returned { op } => {
                        format!("{}.{}", film.names().node(op.node()), op.number())
                    }
                    _ => return false,
                };
                let text = operation(film, event).unwrap_or_default().to_lowercase();
                name == *words || text.contains(words)
            }
            Term::Text(words) => {
                let found = |text: &str| text.to_lowercase().contains(words);
                found(&line(event, &film.words()))
                    || operation(film, event).is_some_and(|text| found(&text))
            }
        }
    }
}

/// The nodes that an event is about.
pub(crate) const fn ends(event: &TraceEvent<'_>) -> [Option<NodeId>; 2] {
    match event.kind {
        Kind::Sent { to, .. } => [event.node, Some(to)],
        Kind::Delivered { from, .. }
        | Kind::Dropped { from, .. }
        | Kind::Corrupted { from, .. }
        | Kind::Duplicated { from, .. }
        | Kind::Replayed { from, .. } => [event.node, Some(from)],
        _ => [event.node, None],
    }
}

/// The operation that an event begins or ends, in words.
pub(crate) fn operation(film: &Film<'_>, event: &TraceEvent<'_>) -> Option<String> {
    let bytes = match event.kind {
        Kind::Invoked { .. } => event.bytes.to_vec(),
        Kind::Returned { op } => {
            let invoked = film.index().operation_of(op)?.invoked;
            film.event(invoked)?.bytes.to_vec()
        }
        _ => return None,
    };
    Operation::from_bytes(&bytes).ok().map(|operation| operation.to_string())
}

/// What an event has to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// As it was typed.
    pub text: String,
    wanted: Vec<Term>,
    unwanted: Vec<Term>,
}

impl Filter {
    /// Reads what was typed.
    ///
    /// # Errors
    /// If a name in it means nothing in this run: which, and what there is.
    pub fn parse(text: &str, film: &Film<'_>) -> Result<Filter, String> {
        let mut filter = Filter { text: text.trim().to_owned(), ..Filter::default() };
        for word in text.split_whitespace() {
            let (into, word) = match word.strip_prefix('-') {
                Some(word) if !word.is_empty() => (&mut filter.unwanted, word),
                _ => (&mut filter.wanted, word),
            };
            into.push(term(word, film)?);
        }
        Ok(filter)
    }

    /// Whether nothing is asked of an event.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    /// Whether something is asked for, and not only wished away.
    #[must_use]
    pub const fn asks(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Whether an event is as it has to be.
    #[must_use]
    pub fn fits(&self, film: &Film<'_>, event: &TraceEvent<'_>) -> bool {
        // The words cost most, and come last.
        let key = |key: u8| {
            let mut same = self.wanted.iter().filter(|term| term.key() == key).peekable();
            let text = key == 4;
            if text {
                same.all(|term| term.fits(film, event))
            } else {
                same.peek().is_none() || same.any(|term| term.fits(film, event))
            }
        };
        (0..4).all(key) && !self.unwanted.iter().any(|term| term.fits(film, event)) && key(4)
    }

    /// Whether nothing of this node is shown.
    #[must_use]
    pub fn hides(&self, node: NodeId) -> bool {
        self.unwanted.contains(&Term::Node(node))
    }
}

fn term(word: &str, film: &Film<'_>) -> Result<Term, String> {
    let Some((key, value)) = word.split_once(':') else {
        return Ok(Term::Text(word.to_lowercase()));
    };
    let unknown = |what: &str, all: &mut dyn Iterator<Item = String>| {
        let all: Vec<String> = all.collect();
        format!("no {what} `{value}`: there are {}", all.join(", "))
    };
    match key {
        "node" => {
            let nodes = &film.scenario().nodes;
            let found = nodes.iter().find(|node| node.name == value).map(|node| node.id);
            let names = || unknown("node", &mut nodes.iter().map(|node| node.name.clone()));
            found.map(Term::Node).ok_or_else(names)
        }
        "type" => {
            let mut all = film.index().messages();
            let known = all.any(|name| name == value);
            let names = || unknown("type", &mut film.index().messages().map(str::to_owned));
            if known { Ok(Term::Type(value.to_owned())) } else { Err(names()) }
        }
        "kind" => {
            let found = Kind::NAMES.iter().find(|name| **name == value);
            let names = || unknown("kind", &mut Kind::NAMES.iter().map(|name| (*name).to_owned()));
            found.map(|name| Term::Kind(name)).ok_or_else(names)
        }
        "op" => Ok(Term::Operation(value.to_lowercase())),
        _ => Ok(Term::Text(word.to_lowercase())),
    }
}

/// The records of a film that fit a filter, as far as it was looked through.
#[derive(Clone, Debug, Default)]
pub(super) struct Sieve {
    numbers: Vec<u64>,
    upto: u64,
}

impl Sieve {
    /// Looks through what is new.
    pub(super) fn sift(&mut self, filter: &Filter, film: &Film<'_>) {
        let new = film.trace().iter_from(self.upto + 1).filter(|event| filter.fits(film, event));
        self.numbers.extend(new.map(|event| event.seq.get()));
        self.upto = film.len();
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.numbers.binary_search(&number).is_ok()
    }

    /// Those after this record.
    pub(super) fn after(&self, number: u64) -> &[u64] {
        &self.numbers[self.numbers.partition_point(|other| *other <= number)..]
    }

    /// Those before this record.
    pub(super) fn before(&self, number: u64) -> &[u64] {
        &self.numbers[..self.numbers.partition_point(|other| *other < number)]
    }
}
