//! Causal memory, PRAM and the session guarantees: does every session have a view?
//!
//! A *view* of a session is a total order of all writes that took effect, on all objects, and of the
//! session's own completed reads, in which each read returns what the latest write before it on its
//! object wrote, or the initial value if there is none. A model allows a history if every session
//! has a view that respects the model's relation. (This is how Ahamad, Neiger, Burns, Kohli, Hutto:
//! Causal memory, 1995, §2 define theirs. The session guarantees of Terry et al.: Session Guarantees
//! for Weakly Consistent Replicated Data, 1994, speak of servers; said of what clients see alone
//! they are as below.)
//!
//! All relations contain the *base*: the writes of each session on one object in its order, and
//! whatever write the session itself saw of an object before what it then wrote there.
//!
//! | model | the relation, besides the base |
//! |---|---|
//! | read-your-writes | the session's writes before its later reads of the same object |
//! | monotonic-reads | the session's reads in its order |
//! | monotonic-writes | that, and the writes of every session in its order |
//! | writes-follow-reads | monotonic-reads, and in every session what it saw before what it then wrote |
//! | pram | the writes of every session in its order, and all operations of this one |
//! | causal | (session order ∪ write before its read)⁺, through all sessions |
//!
//! Time plays no part in any of them: a read may return what is only written later.
//!
//! Writes that took effect are the completed ones and those pending ones (open, or with an unknown
//! outcome) that somebody read. A compare-and-set that matched is in its own session's view a read
//! and a write at one point, and a write in those of others.
//!
//! ```text
//!   relation    the edges of a model, for one session
//!   saturate    is there a view, if the reads of the session are in order?
//!   unordered   is there one, if they are not?  (read-your-writes)
//!   graph       cycles
//! ```

mod graph;
mod relation;
mod saturate;
#[cfg(test)]
mod tests;
mod unordered;

use super::accesses::Accesses;
use super::effective::{Effective, Part};
use super::evidence::Check;
use super::meter::{Meter, Spent};
use super::sentence::sentence;
use relation::Shared;
use simlab_core::OpId;
use simlab_core::history::{Mark, Record};

/// What a view must respect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
    WritesFollowReads,
    Pram,
    Causal,
}

/// The check of one model.
pub(super) struct Views<'a> {
    pub(super) accesses: &'a Accesses<'a>,
    pub(super) promise: Promise,
    /// The session whose view was the last to be impossible: it is asked first.
    suspect: usize,
}

impl<'a> Views<'a> {
    pub(super) const fn new(accesses: &'a Accesses<'a>, promise: Promise) -> Self {
        Views { accesses, promise, suspect: 0 }
    }
}

impl Views<'_> {
    /// Asks the sessions for a contradiction, the suspect first; or it alone.
    fn ask(
        &mut self,
        part: &Part<'_>,
        all: bool,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Vec<usize>>, Spent> {
        meter.steps(self.accesses.all.len() as u64)?;
        let effective = match Effective::of(self.accesses, part) {
            Ok(effective) => effective,
            Err(impossible) => return Ok(Some(impossible.operations())),
        };
        let shared = Shared::new(&effective, self.promise);
        let others = if all { 0..self.accesses.sessions } else { 0..0 };
        let others = others.filter(|&session| session != self.suspect);
        for session in std::iter::once(self.suspect).chain(others) {
            let reads = |&operation: &usize| effective.all[operation].reads.is_some();
            if !effective.sessions.get(session).is_some_and(|all| all.iter().any(reads)) {
                continue;
            }
            let mut relation = shared.relation(session);
            let found = match self.promise {
                Promise::ReadYourWrites => {
                    unordered::contradiction(&effective, &mut relation, meter)?
                }
                _ => saturate::contradiction(&effective, &relation, meter)?,
            };
            if let Some(found) = found {
                self.suspect = session;
                return Ok(Some(effective.with_those_who_show(found)));
            }
        }
        Ok(None)
    }
}

impl Check for Views<'_> {
    fn contradiction(
        &mut self,
        part: &Part<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Vec<usize>>, Spent> {
        self.ask(part, true, meter)
    }

    fn suspicion(
        &mut self,
        part: &Part<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Vec<usize>>, Spent> {
        self.ask(part, false, meter)
    }

    fn returns(&self) -> Vec<(Mark, usize)> {
        let ends = self.accesses.all.iter().enumerate();
        ends.filter_map(|(index, access)| Some((access.ended.at()?, index))).collect()
    }

    fn op(&self, index: usize) -> OpId {
        self.accesses.op(index)
    }

    fn why(&self, broken: usize, operations: &[usize]) -> String {
        let record = |&index: &usize| self.accesses.record(index);
        let evidence: Vec<&Record> = operations.iter().map(record).collect();
        sentence(&evidence, record(&broken), self.promise.says(), self.accesses.clients)
    }
}

impl Promise {
    /// What the sessions cannot agree on, as the end of a sentence.
    const fn says(self) -> &'static str {
        match self {
            Promise::ReadYourWrites => {
                "no order of the writes lets this session see its own writes or newer ones"
            }
            Promise::MonotonicReads => {
                "no order of the writes on each object lets this session never see an older one"
            }
            Promise::MonotonicWrites => {
                "no order of the writes, those of each session in its order, lets this session \
                 never see an older one"
            }
            Promise::WritesFollowReads => {
                "no order of the writes, each after what its session had read, lets this session \
                 never see an older one"
            }
            Promise::Pram => {
                "no order of all writes, those of each session in its order, is what this session \
                 saw"
            }
            Promise::Causal => {
                "no order of all writes that puts causes before effects is what a \
                                session saw"
            }
        }
    }
}
