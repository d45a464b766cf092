//! Linearizability as a run goes along: an objection at the very return that breaks it.

use crate::{Linearizer, Object};
use simlab_core::history::Mark;
use simlab_core::wire::Decode;
use simlab_core::{Checker, Interest, Kind, Operation, Outcome, TraceEvent, View, Violation};

/// A checker of the clients' operations, for [`Checker`]'s place in a world: it judges each as it returns, and
/// objects once, at the return that ends the shortest prefix which is not linearizable. That is the
/// [`FirstBreak`](crate::FirstBreak) of the finished history.
///
/// Which operations those are it learns from the records of the trace; an object that was not declared is
/// not judged.
#[derive(Clone, Debug)]
pub struct Online {
    linearizer: Linearizer,
    objected: bool,
}

impl Online {
    /// A checker of the objects that `linearizer` was told of. It must have seen no operation yet.
    #[must_use]
    pub const fn new(linearizer: Linearizer) -> Self {
        Online { linearizer, objected: false }
    }

    /// A checker of one object.
    #[must_use]
    pub fn of(name: &str, object: Object) -> Self {
        let mut linearizer = Linearizer::new(crate::Limits::default());
        linearizer.declare(name, object);
        Online::new(linearizer)
    }

    /// What judges them.
    #[must_use]
    pub const fn linearizer(&self) -> &Linearizer {
        &self.linearizer
    }
}

impl Checker for Online {
    fn name(&self) -> &'static str {
        "linearizable"
    }

    fn interest(&self) -> Interest {
        Interest::OPERATIONS
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        match event.kind {
            Kind::Invoked { op, .. } => {
                if let Ok(operation) = Operation::from_bytes(event.bytes) {
                    self.linearizer.invoke(op, &operation);
                }
                None
            }
            Kind::Returned { op } => {
                let outcome = Outcome::from_bytes(event.bytes).ok()?;
                let mark = Mark { seq: event.seq, at: event.at };
                self.linearizer.complete(op, &outcome, mark);
                if self.objected || !self.linearizer.is_broken() {
                    return None;
                }
                self.objected = true;
                let client = view.name(op.node());
                let detail = format!(
                    "the return of operation {} of {client}, {outcome}, fits no order of the operations",
                    op.number()
                );
                Some(Violation { detail })
            }
            _ => None,
        }
    }
}
