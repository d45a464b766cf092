//! What is known of an operation when it begins, if the history is finished.

use super::finished::Place;
use simlab_core::history::Record;
use simlab_core::{Outcome, Value};

/// How an operation will end, as far as that may be used from its beginning on.
///
/// To judge a finished history is to ask whether there is an order in which everything returns what it did. To
/// find its *first break* is to ask the same of its prefixes, and in a prefix nothing is known of what
/// returns later. So that which returns up to some place is *certain*, and no order in which it returns
/// anything else is followed up; what returns later is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Foreseen {
    /// Nothing is known, or nothing may be used.
    Nothing,
    /// It returns this.
    Done {
        result: Value,
        /// Where it returns.
        at: Place,
        certain: bool,
    },
    /// It is certain that it does not take effect, or that nothing follows from it: a read of which nobody will ever
    /// know what it returned.
    NotDone,
}

impl Foreseen {
    /// What will become of an operation, if the returns up to `horizon` are certain.
    pub(super) fn of(record: &Record, horizon: Place) -> Self {
        let writes = record.operation.call.writes();
        let Some((mark, outcome)) = &record.returned else {
            return if writes { Foreseen::Nothing } else { Foreseen::NotDone };
        };
        let at = mark.seq.get();
        let certain = at <= horizon;
        match outcome {
            Outcome::Done(result) => Foreseen::Done { result: result.clone(), at, certain },
            Outcome::NotDone(_) if certain => Foreseen::NotDone,
            Outcome::Unknown(_) if !writes => Foreseen::NotDone,
            Outcome::NotDone(_) | Outcome::Unknown(_) => Foreseen::Nothing,
        }
    }
}
