//! The consistency models that a history can be judged by, and which of them implies which.
//!
//! ```text
//!                     linearizable
//!          ┌───────────────┼──────────────┐
//!      sequential     convergence       fresh
//!          │
//!        causal
//!          ├──────────────────────────────┐
//!        PRAM                   writes-follow-reads
//!          ├───────────────┐              │
//!  read-your-writes  monotonic-writes     │
//!                          └───────┬──────┘
//!                           monotonic-reads
//! ```
//!
//! A line leads from a model to one that it implies. Why they do: in `view` and `sequential` the
//! relation that an order must respect only grows from the weaker to the stronger; a linearization is
//! such an order for everybody; in it, a write that had returned before a read began comes before
//! that read.
//!
//! ```text
//!   clients       what they are called in sentences
//!   accesses      reads, writes, and which write a read saw
//!   effective     what took effect, in a prefix or in a part of a history
//!   view/         causal, PRAM and the session guarantees: polynomial
//!   sequential/   one order for everybody: a search
//!   convergence, staleness
//!   evidence      which return broke it, and which operations show it; sentence: in words
//!   lattice       all of them at once
//! ```

mod accesses;
mod clients;
mod convergence;
mod effective;
mod evidence;
mod lattice;
mod meter;
mod sentence;
mod sequential;
mod staleness;
mod table;
#[cfg(test)]
mod testing;
mod view;

pub use clients::Clients;
pub use lattice::{Lattice, Standing, lattice};
pub(crate) use sequential::{Machine, numbered};
pub use staleness::{Missed, Staleness, staleness};
pub use table::{CONSISTENCIES, Consistency, consistency};

use crate::{Limits, Linearizer, Model, ModelError, Stop, Verdict};
use accesses::Accesses;
use sequential::Sequential;
use simlab_core::history::{History, Mark};
use simlab_core::{OpId, Value};
use view::{Promise, Views};

/// What is judged: a history, and what its objects are.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The operations.
    pub history: &'a History,
    /// What each object is.
    pub model: &'static Model,
    /// What each object holds at first.
    pub initial: &'a Value,
    /// What clients are called in sentences.
    pub clients: Clients<'a>,
}

impl<'a> Subject<'a> {
    /// A history whose clients are called by the numbers of their nodes.
    #[must_use]
    pub const fn new(history: &'a History, model: &'static Model, initial: &'a Value) -> Self {
        Subject { history, model, initial, clients: Clients::Nodes }
    }
}

/// What a check may use up.
#[derive(Clone, Copy, Debug)]
pub struct Budget<'a> {
    /// Counted work, so that the answer does not depend on the machine.
    pub limits: Limits,
    /// Asked now and then whether to give up, for who has no more time: the answer is then
    /// [`Answer::Unknown`].
    pub stop: Option<&'a Stop>,
}

impl Budget<'_> {
    /// So much work, however long it takes.
    #[must_use]
    pub const fn of(limits: Limits) -> Self {
        Budget { limits, stop: None }
    }

    /// Whether to give up now.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stop.is_some_and(Stop::now)
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The history is one that the model allows.
    Satisfied,
    /// It is not.
    Violated(Evidence),
    /// The check was not carried to its end.
    Unknown {
        /// What stopped it, in one sentence.
        why: String,
    },
    /// The model says nothing about such objects, or about such a history.
    NotApplicable {
        /// Why, in one sentence.
        why: String,
    },
}

/// Why a history is not what a model allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The operation whose return broke the model: it ends the shortest prefix that is not allowed.
    /// What has not returned in a prefix counts as pending there: it may have taken effect.
    pub op: OpId,
    /// Where it returned.
    pub mark: Mark,
    /// Its object.
    pub object: String,
    /// What is wrong, in one sentence.
    pub why: String,
    /// Operations that cannot all be true, even if every other operation may take effect at any time, or never,
    /// with any result; sorted. For `linearizable` that holds of the whole history, for the weaker models of
    /// what happened up to that return; for `convergence` they are two reads that should agree.
    pub operations: Vec<OpId>,
    /// Whether each of `operations` is known to be needed for that.
    pub minimal: bool,
}

/// Judges a history by the consistency model of this name.
///
/// # Errors
/// If the initial value does not fit the objects.
pub fn judge(
    subject: Subject<'_>,
    consistency: &Consistency,
    budget: Budget<'_>,
) -> Result<Answer, ModelError> {
    judge_and(subject, consistency, budget, true)
}

/// The same where the verdict alone is wanted: the evidence may then be the broken operation alone.
///
/// # Errors
/// If the initial value does not fit the objects.
pub fn verdict(
    subject: Subject<'_>,
    consistency: &Consistency,
    budget: Budget<'_>,
) -> Result<Answer, ModelError> {
    judge_and(subject, consistency, budget, false)
}

fn judge_and(
    subject: Subject<'_>,
    consistency: &Consistency,
    budget: Budget<'_>,
    explain: bool,
) -> Result<Answer, ModelError> {
    let object = subject.model.object(subject.initial)?;
    Ok(match consistency.name {
        "linearizable" => {
            let mut linearizer = Linearizer::new(budget.limits);
            linearizer.declare_others(object);
            if let Some(stop) = budget.stop {
                linearizer.stop_when(stop.clone());
            }
            linearizer.finish(subject.history);
            match linearizer.verdict(subject.history) {
                Verdict::Linearizable => Answer::Satisfied,
                Verdict::NotLinearizable(first) => {
                    let found = explain.then(|| linearizer.evidence(subject.history)).flatten();
                    let (operations, minimal) = found
                        .map_or((vec![first.op], false), |found| (found.operations, found.minimal));
                    let mark = Mark { seq: first.seq, at: first.at };
                    let (op, object, why) = (first.op, first.object, first.why);
                    Answer::Violated(Evidence { op, mark, object, why, operations, minimal })
                }
                Verdict::Unknown { why } => Answer::Unknown { why },
            }
        }
        "sequential" => {
            let determined = |accesses: &Accesses<'_>| accesses.undetermined.is_none();
            let accesses = Accesses::new(subject).ok().filter(determined);
            let mut check = Sequential::new(subject, accesses.as_ref());
            evidence::answer(&mut check, consistency.name, subject.history, budget)
        }
        "causal" => views(subject, consistency, Promise::Causal, budget),
        "pram" => views(subject, consistency, Promise::Pram, budget),
        "writes-follow-reads" => views(subject, consistency, Promise::WritesFollowReads, budget),
        "monotonic-writes" => views(subject, consistency, Promise::MonotonicWrites, budget),
        "monotonic-reads" => views(subject, consistency, Promise::MonotonicReads, budget),
        "read-your-writes" => views(subject, consistency, Promise::ReadYourWrites, budget),
        "convergence" => convergence::convergence(subject),
        "fresh" => match Accesses::new(subject) {
            Ok(accesses) => staleness::fresh(&accesses),
            Err(why) => Answer::NotApplicable { why },
        },
        name => Answer::Unknown { why: format!("nobody knows how to judge {name}") },
    })
}

fn views(
    subject: Subject<'_>,
    consistency: &Consistency,
    promise: Promise,
    budget: Budget<'_>,
) -> Answer {
    match Accesses::new(subject) {
        Ok(Accesses { undetermined: Some(why), .. }) | Err(why) => Answer::NotApplicable { why },
        Ok(accesses) => {
            let mut check = Views::new(&accesses, promise);
            evidence::answer(&mut check, consistency.name, subject.history, budget)
        }
    }
}
