//! Who passes on.

use super::message::dissect;
use super::{FAULTS, path};
use simlab_core::{
    Arguments, BuildError, Entry, Env, Event, Fields, NodeId, Parameter, ParameterKind, Process,
    Ratio,
};

/// The relay.
pub const RELAY: Entry =
    Entry::server("file-relay", "passes on what its neighbours on a path send, both ways", relay)
        .parameters(&[
            path::NEXT,
            Parameter {
                name: "interchange",
                kind: ParameterKind::Probability,
                default: Some("0%"),
                help: "how likely it interchanges two bytes of a message as it copies it in memory",
            },
        ])
        .dissector(dissect)
        .faults(&FAULTS);

/// What it has no room for waits in the layers below, or not at all: it keeps nothing itself.
#[derive(Clone, Hash)]
struct Relay {
    next: NodeId,
    previous: Option<NodeId>,
    interchange: Ratio,
    forwarded: u64,
    interchanged: u64,
    strange: u64,
}

fn relay(args: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    Ok(Box::new(Relay {
        next: path::next(args)?,
        previous: path::previous(args)?,
        interchange: args.probability("interchange"),
        forwarded: 0,
        interchanged: 0,
        strange: 0,
    }))
}

impl Relay {
    /// Where something from a neighbour goes.
    fn way(&self, from: NodeId) -> Option<NodeId> {
        if from == self.next {
            self.previous
        } else {
            (self.previous == Some(from)).then_some(self.next)
        }
    }

    /// Copies a message from the buffer that it came in to the one that it goes out of.
    fn copy(&mut self, bytes: &[u8], env: &mut Env<'_>) -> Vec<u8> {
        let mut copy = bytes.to_vec();
        if !self.interchange.is_zero()
            && env.below(self.interchange.denominator()) < self.interchange.numerator()
            && let Some(pairs) = bytes.len().checked_sub(1).filter(|pairs| *pairs > 0)
        {
            // Of two that are the same nobody could tell.
            let from = env.below(pairs as u64) as usize;
            let mut places = (from..pairs).chain(0..from);
            if let Some(at) = places.find(|at| bytes[*at] != bytes[at + 1]) {
                copy.swap(at, at + 1);
                self.interchanged += 1;
                env.note("file.interchanged", at as u64, self.interchanged);
            }
        }
        copy
    }
}

impl Process for Relay {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let Event::Datagram { from, bytes } = event else { return };
        let Some(to) = self.way(from) else {
            self.strange += 1;
            env.note("file.not-on-the-path", from.0.into(), self.strange);
            return;
        };
        let copy = self.copy(bytes, env);
        self.forwarded += 1;
        env.send(to, &copy[..]);
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("forwarded", self.forwarded as i64);
        view.int("interchanged", self.interchanged as i64);
        view.int("strange", self.strange as i64);
    }
}
