//! A history of registers or keys as reads and writes, each read with the write whose value it
//! returned.
//!
//! That a read tells its write is what makes the models weaker than linearizability decidable in
//! polynomial time; with values that were written twice it is NP-complete already for causal memory
//! (Bouajjani, Enea, Guerraoui, Hamza: On Verifying Causal Consistency, POPL 2017, §4).

use super::{Clients, Subject};
use simlab_core::history::{Mark, Record};
use simlab_core::{Call, NodeId, OpId, Outcome, Session, Value};
use std::collections::BTreeMap;

/// Which write a read saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// None: it returned what was there at first.
    Initial,
    /// This access.
    Write(usize),
    /// Nobody ever wrote what it returned.
    Nobody,
}

/// How an access ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It took effect and returned.
    Done(Mark),
    /// It returned and did not take effect.
    Refused(Mark),
    /// It was never completed, or as unknown.
    Pending,
}

impl Ended {
    /// Where it returned, if what became of it is known.
    pub(super) const fn at(self) -> Option<Mark> {
        match self {
            Ended::Done(at) | Ended::Refused(at) => Some(at),
            Ended::Pending => None,
        }
    }
}

/// A read, a write, or a compare-and-set that matched, which is both at one point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    /// Its place among the records of the history.
    pub(super) record: usize,
    pub(super) session: usize,
    pub(super) object: usize,
    pub(super) writes: bool,
    pub(super) reads: Option<Source>,
    pub(super) invoked: Mark,
    pub(super) ended: Ended,
}

/// The accesses of a history in the order of invocation. Reads that were not completed are not among
/// them: they saw nothing. Sessions and objects are numbered as they first appear.
#[derive(Clone, Debug)]
pub(super) struct Accesses<'a> {
    pub(super) all: Vec<Access>,
    pub(super) sessions: usize,
    pub(super) objects: usize,
    pub(super) records: &'a [Record],
    /// What clients are called in sentences.
    pub(super) clients: Clients<'a>,
    /// What happened that says something about values but not which, in one sentence.
    pub(super) undetermined: Option<String>,
}

/// The names of the models whose objects are registers.
const REGISTERS: [&str; 3] = ["register", "cas-register", "kv"];

/// What an operation wrote, and what it read.
type Parts<'a> = (Option<&'a Value>, Option<&'a Value>);

/// What one object was given.
#[derive(Default)]
struct Written<'a> {
    /// For each value its first writer, and a second one if there is.
    by: BTreeMap<&'a Value, (usize, Option<usize>)>,
}

impl<'a> Accesses<'a> {
    /// Reads a history so.
    ///
    /// # Errors
    /// Why it cannot be read so, in one sentence.
    pub(super) fn new(subject: Subject<'a>) -> Result<Self, String> {
        let name = subject.model.name;
        if !REGISTERS.contains(&name) {
            return Err(format!("this model is about registers and keys, not about a {name}"));
        }
        let records = subject.history.records();
        let mut accesses = Accesses {
            all: Vec::new(),
            sessions: 0,
            objects: 0,
            records,
            clients: subject.clients,
            undetermined: None,
        };
        let mut sessions: BTreeMap<(NodeId, Session), usize> = BTreeMap::new();
        let mut objects: BTreeMap<&str, usize> = BTreeMap::new();
        // What the reads of the accesses returned, and what was written.
        let mut returned: Vec<Option<&Value>> = Vec::new();
        let mut written: Vec<Written<'_>> = Vec::new();
        for (index, record) in records.iter().enumerate() {
            let Some((put, got)) = accesses.parts(record)? else { continue };
            let next = sessions.len();
            let session = *sessions.entry((record.op.node(), record.session)).or_insert(next);
            let next = objects.len();
            let object = *objects.entry(&record.operation.object).or_insert(next);
            if object == written.len() {
                written.push(Written::default());
            }
            if let Some(value) = put {
                let at = accesses.all.len();
                let writers = written[object].by.entry(value).or_insert((at, None));
                if writers.0 != at && writers.1.is_none() {
                    writers.1 = Some(at);
                }
            }
            let ended = match &record.returned {
                Some((at, Outcome::Done(_))) => Ended::Done(*at),
                Some((at, Outcome::NotDone(_))) => Ended::Refused(*at),
                _ => Ended::Pending,
            };
            let (writes, invoked) = (put.is_some(), record.invoked);
            let access =
                Access { record: index, session, object, writes, reads: None, invoked, ended };
            accesses.all.push(access);
            returned.push(got);
        }
        (accesses.sessions, accesses.objects) = (sessions.len(), objects.len());
        for (index, got) in returned.into_iter().enumerate() {
            let Some(value) = got else { continue };
            let object = accesses.all[index].object;
            let writers = written[object].by.get(value).copied();
            let source = accesses.source(index, value, writers, value == subject.initial)?;
            accesses.all[index].reads = Some(source);
        }
        Ok(accesses)
    }

    /// What an operation wrote and what it read, if it is of any account.
    fn parts(&mut self, record: &'a Record) -> Result<Option<Parts<'a>>, String> {
        let operation = &record.operation;
        Ok(match (&operation.call, record.result()) {
            (Call::Read, result) => result.map(|value| (None, Some(value))),
            (Call::Write(value), None | Some(Value::Nil)) => Some((Some(value), None)),
            (Call::Cas { from, to }, None | Some(Value::Bool(true))) => {
                Some((Some(to), Some(from)))
            }
            (Call::Cas { .. }, Some(Value::Bool(false))) => {
                self.undetermined.get_or_insert_with(|| {
                    let who = self.clients.name(record.op.node());
                    format!("{operation} of {who} found another value, but which one is not known")
                });
                None
            }
            (_, None) if !operation.call.writes() => None,
            (_, Some(result)) if matches!(operation.call, Call::Write(_) | Call::Cas { .. }) => {
                return Err(format!("{operation} returned {result}, which is no answer to it"));
            }
            _ => {
                return Err(format!(
                    "this model is about reads and writes, and {operation} is neither"
                ));
            }
        })
    }

    fn source(
        &self,
        reader: usize,
        value: &Value,
        writers: Option<(usize, Option<usize>)>,
        initial: bool,
    ) -> Result<Source, String> {
        let object = &self.record(reader).operation.object;
        let who = |index: usize| self.clients.name(self.op(index).node());
        let untold = "so that nobody can tell which of them a read of it saw";
        match writers {
            None if initial => Ok(Source::Initial),
            None => Ok(Source::Nobody),
            Some((writer, None)) if !initial => Ok(Source::Write(writer)),
            Some((writer, _)) if initial => Err(format!(
                "{object} held {value} at first, and {} wrote it again, {untold}",
                who(writer)
            )),
            Some((first, second)) => {
                let [first, second] = [first, second.unwrap_or(first)].map(who);
                let by = if first == second {
                    format!("twice by {first}")
                } else {
                    format!("by {first} and by {second}")
                };
                Err(format!("{value} was written to {object} {by}, {untold}"))
            }
        }
    }

    /// The record of an access.
    pub(super) fn record(&self, index: usize) -> &'a Record {
        &self.records[self.all[index].record]
    }

    /// The id of an access.
    pub(super) fn op(&self, index: usize) -> OpId {
        self.record(index).op
    }
}
