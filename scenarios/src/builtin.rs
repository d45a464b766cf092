//! The catalogue of this build: our services and the user's, our checks, our models.

use crate::checks::CHECKS;
use crate::{Catalogue, ModelSignature};
use simlab_check::model;
use simlab_core::{Call, Entry, Role, Value};

impl Catalogue {
    /// All that the lab brings along, and `entries` of the user's own. A user's entry of the same
    /// name hides ours.
    #[must_use]
    pub fn with(entries: &[&'static Entry]) -> Self {
        let ours = simlab_protocols::entries().iter().copied();
        let hidden = |entry: &&Entry| !entries.iter().any(|own| own.name == entry.name);
        let all = entries.iter().copied().chain(ours.filter(hidden));
        let (layers, services) = all.partition(|entry| entry.role == Role::Layer);
        Catalogue {
            services,
            layers,
            checks: CHECKS.iter().map(|check| check.signature).collect(),
            models: MODELS.to_vec(),
        }
    }
}

/// What calls mean something to each of the kernel's models.
const MODELS: [ModelSignature; 9] = [
    ModelSignature {
        name: "register",
        summary: "a register: read, write",
        accepts: |call| matches!(call, Call::Read | Call::Write(_)),
        initial: |value| initial("register", value),
    },
    ModelSignature {
        name: "cas-register",
        summary: "a register with compare-and-set: read, write, cas",
        accepts: |call| matches!(call, Call::Read | Call::Write(_) | Call::Cas { .. }),
        initial: |value| initial("cas-register", value),
    },
    ModelSignature {
        name: "kv",
        summary: "keys with values: get, put, cas, append; each key is judged on its own",
        accepts: |call| {
            matches!(call, Call::Read | Call::Write(_) | Call::Cas { .. } | Call::Append(_))
        },
        initial: |value| initial("kv", value),
    },
    ModelSignature {
        name: "multi-register",
        summary: "several registers: transactions that read and write some of them at one moment",
        accepts: |call| matches!(call, Call::Transaction(_)),
        initial: |value| initial("multi-register", value),
    },
    ModelSignature {
        name: "counter",
        summary: "a counter: add, read",
        accepts: |call| matches!(call, Call::Read | Call::Add(_)),
        initial: |value| initial("counter", value),
    },
    ModelSignature {
        name: "set",
        summary: "a set: insert, remove, contains, read",
        accepts: |call| {
            matches!(call, Call::Read | Call::Insert(_) | Call::Remove(_) | Call::Contains(_))
        },
        initial: |value| initial("set", value),
    },
    ModelSignature {
        name: "queue",
        summary: "a queue, first in, first out: enqueue, dequeue",
        accepts: |call| matches!(call, Call::Enqueue(_) | Call::Dequeue),
        initial: |value| initial("queue", value),
    },
    ModelSignature {
        name: "mutex",
        summary: "a lock: acquire, release",
        accepts: |call| matches!(call, Call::Acquire | Call::Release),
        initial: |value| initial("mutex", value),
    },
    ModelSignature {
        name: "stock",
        summary: "the stock of a product, never negative: read, sell, take back",
        accepts: |call| matches!(call, Call::Read | Call::Sell(_) | Call::TakeBack(_)),
        initial: |value| initial("stock", value),
    },
];

/// Whether a call means something to objects of this model.
pub(crate) fn accepts(model: &str, call: &Call) -> bool {
    MODELS.iter().any(|known| known.name == model && (known.accepts)(call))
}

/// The names of the models to whose objects a call means something.
pub(crate) fn accepting(call: &Call) -> impl Iterator<Item = &'static str> {
    MODELS.iter().filter(|known| (known.accepts)(call)).map(|known| known.name)
}

fn initial(name: &str, value: &Value) -> Result<(), String> {
    let object = model(name).and_then(|model| model.object(value));
    object.map(|_| ()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_of_the_kernel_has_a_signature() {
        let ours: Vec<_> = MODELS.iter().map(|m| (m.name, m.summary)).collect();
        let kernels: Vec<_> = simlab_check::MODELS.iter().map(|m| (m.name, m.summary)).collect();
        assert_eq!(ours, kernels);
    }
}
