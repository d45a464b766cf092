//! The relation of a view as a whole table, closed until nothing changes: slow and plain.

use crate::draw::Drawn;
use crate::oracle::{Given, Model, effective, related};

/// The models in whose views the reads of the session are totally ordered.
pub(crate) const MODELS: [Model; 5] = [
    Model::MonotonicReads,
    Model::MonotonicWrites,
    Model::WritesFollowReads,
    Model::Pram,
    Model::Causal,
];

/// Whether the model allows the whole history.
pub(crate) fn allows(model: Model, drawn: &[Drawn]) -> bool {
    let given = Given { drawn, until: u64::MAX, members: None };
    let Some(effective) = effective(&given) else { return false };
    (0..3).all(|session| {
        let own = |op: usize| drawn[op].session == session && drawn[op].reads.is_some();
        let view: Vec<usize> =
            effective.iter().copied().filter(|&op| drawn[op].writes.is_some() || own(op)).collect();
        let count = view.len();
        let mut before = vec![vec![false; count]; count];
        for a in 0..count {
            for b in 0..count {
                before[a][b] = related(model, &given, &effective, session, view[a], view[b])
                    || (own(view[b]) && given.writer(view[b]) == Some(view[a]));
            }
        }
        loop {
            close(&mut before);
            let mut changed = false;
            for (r, &read) in view.iter().enumerate().filter(|&(_, &read)| own(read)) {
                for (w, &write) in view.iter().enumerate() {
                    let same = drawn[write].object == drawn[read].object;
                    if drawn[write].writes.is_none() || !same || !before[w][r] {
                        continue;
                    }
                    match given.writer(read) {
                        None => return false,
                        Some(source) if source == write => {}
                        Some(source) => {
                            let s = view.iter().position(|&op| op == source);
                            let s = s.expect("what was read took effect");
                            changed |= !std::mem::replace(&mut before[w][s], true);
                        }
                    }
                }
            }
            if (0..count).any(|a| before[a][a]) {
                return false;
            }
            if !changed {
                return true;
            }
        }
    })
}

/// Transitively (Warshall 1962).
fn close(before: &mut [Vec<bool>]) {
    for middle in 0..before.len() {
        let onward = before[middle].clone();
        for row in before.iter_mut().filter(|row| row[middle]) {
            for (to, &reached) in row.iter_mut().zip(&onward) {
                *to |= reached;
            }
        }
    }
}
