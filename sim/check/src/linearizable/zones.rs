//! Registers to which no value is written twice, in O(n log n) whatever the concurrency.
//!
//! Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26 (1997), §4. The operations on one value,
//! its write and its reads, are a *cluster*, and one after the other in every linearization.
//!
//! ```text
//!   w 1 ├──────┤            ├────┤ r 1
//!          r 1 ├───┤
//!              f: the first return   s: the last invocation
//!              ▐▀▀▀▀▀▀▀▀▀▀▀▀▌                  f < s  a forward zone: all that time the value is 1
//!
//!   w 2   ├─────────────┤
//!            r 2 ├─────────┤
//!                s      f
//!                ▐░░░░░░▌                      s < f  a backward zone: at some moment the value is 2
//! ```
//!
//! The history is linearizable if no read returned what was not written yet, no two forward zones
//! overlap, and no backward zone lies within a forward one. Zones only change when an operation returns,
//! and only one at a time, so all of it can be asked as the history grows; the first answer that is no
//! is the first break.

use super::judge::Claim;
use hashbrown::HashMap;
use simlab_core::history::Record;
use simlab_core::{Call, Digest, OpId, Outcome, Value};
use std::collections::BTreeMap;
use std::hash::BuildHasherDefault;
use std::ops::Bound;

/// A place in the order of events, counted from 1; 0 is before all of them.
type Place = u64;

/// The place of what has not happened.
const NEVER: Place = Place::MAX;

/// The operations on one value.
#[derive(Clone, Debug)]
struct Cluster {
    value: Value,
    /// The write; there is none of the initial value.
    write: Option<OpId>,
    /// Whether the write was refused: then it never happened.
    refused: bool,
    /// Where the first of them returned, and which it was.
    finish: Place,
    first: Option<OpId>,
    /// Where the last of them that is known to return the value was invoked, and which it was.
    start: Place,
    last: Option<OpId>,
}

/// What an open operation is.
#[derive(Clone, Copy, Debug)]
enum Doing {
    Read,
    /// Writes the value of this cluster.
    Write(u32),
    /// Something that a register cannot do.
    Nonsense,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    op: OpId,
    invoked: Place,
    doing: Doing,
}

/// Why no order is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// It returned what nobody had written.
    Unwritten(OpId),
    /// What the first wrote was refused and never happened, but the second has read it.
    Refused(OpId, OpId),
    /// It is something that a register cannot do, or returned what such an operation does not.
    Nonsense(OpId),
    /// Each of the two values was there before the other one was.
    Both { zones: [Zone; 2] },
    /// These cannot all be, which is no matter of zones.
    These(Vec<OpId>),
}

/// What shows when a value was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Zone {
    pub(super) value: Value,
    /// The operation on it that returned first; there is none of the initial value.
    pub(super) first: Option<OpId>,
    /// That which was invoked last.
    pub(super) last: Option<OpId>,
}

impl Conflict {
    /// The operations that cannot all be true. `records` are all on the object: who writes later what was
    /// read is one of them, or it might have done so earlier.
    pub(super) fn evidence(&self, records: &[&Record]) -> Vec<OpId> {
        match self {
            Conflict::Nonsense(op) => vec![*op],
            Conflict::Refused(write, read) => vec![*write, *read],
            Conflict::These(ops) => ops.clone(),
            Conflict::Both { zones, .. } => {
                zones.iter().flat_map(|zone| [zone.first, zone.last]).flatten().collect()
            }
            Conflict::Unwritten(op) => {
                let read = records.iter().find(|record| record.op == *op);
                let value = read.and_then(|read| read.result());
                let writes = records.iter().filter(|record| match &record.operation.call {
                    Call::Write(written) | Call::Cas { to: written, .. } => Some(written) == value,
                    Call::Append(_) => true,
                    _ => false,
                });
                writes.map(|record| record.op).chain([*op]).collect()
            }
        }
    }

    /// Why the claim cannot be, in one sentence.
    pub(super) fn sentence(&self, claim: &Claim<'_>) -> String {
        let call = &claim.broken.operation.call;
        let result = claim.broken.result();
        match (self, result) {
            (Conflict::Unwritten(_), Some(result)) => {
                format!("{call} returned {result}, which nobody had begun to write")
            }
            (Conflict::Refused(..), _) => "what was read was reported as not written".to_owned(),
            (Conflict::Both { zones: [one, other] }, Some(result)) => {
                let [one, other] = [one, other].map(|zone| &zone.value);
                let first = claim.before(self, 0);
                let second = claim.before(self, 1);
                format!(
                    "{call} returned {result}, but {one} must come before {other} ({first}), and \
                     {other} before {one} ({second})"
                )
            }
            _ => claim.refusal(),
        }
    }
}

type ByValue = HashMap<Value, u32, BuildHasherDefault<Digest>>;

/// Judges one register as its history grows.
#[derive(Clone, Debug)]
pub(super) struct Zones {
    now: Place,
    /// The first is that of the initial value.
    clusters: Vec<Cluster>,
    by_value: ByValue,
    open: Vec<Open>,
    /// The forward zones, by where they begin. No two of them overlap.
    forward: BTreeMap<Place, u32>,
    /// The backward zones, by where they end.
    backward: BTreeMap<Place, u32>,
    conflict: Option<Conflict>,
}

impl Zones {
    pub(super) fn new(initial: &Value) -> Self {
        let of_initial = Cluster {
            value: initial.clone(),
            write: None,
            refused: false,
            finish: 0,
            first: None,
            start: 0,
            last: None,
        };
        let mut by_value = ByValue::default();
        by_value.insert(initial.clone(), 0);
        Zones {
            now: 0,
            clusters: vec![of_initial],
            by_value,
            open: Vec::new(),
            forward: BTreeMap::new(),
            backward: BTreeMap::new(),
            conflict: None,
        }
    }

    /// Why it broke, if it did.
    pub(super) const fn conflict(&self) -> Option<&Conflict> {
        self.conflict.as_ref()
    }

    /// An operation begins. Returns whether this is still a register to which no value is written twice.
    pub(super) fn invoke(&mut self, op: OpId, call: &Call) -> bool {
        self.now += 1;
        let doing = match call {
            Call::Read => Doing::Read,
            Call::Write(value) => {
                let cluster = self.clusters.len() as u32;
                if self.by_value.insert(value.clone(), cluster).is_some() {
                    return false;
                }
                self.clusters.push(Cluster {
                    value: value.clone(),
                    write: Some(op),
                    refused: false,
                    finish: NEVER,
                    first: None,
                    start: self.now,
                    last: Some(op),
                });
                Doing::Write(cluster)
            }
            Call::Cas { .. } | Call::Append(_) => return false,
            _ => Doing::Nonsense,
        };
        self.open.push(Open { op, invoked: self.now, doing });
        true
    }

    /// An operation ends. One that is not open does not concern this register. Returns whether some order is
    /// still possible; after that no more is to be asked.
    pub(super) fn complete(&mut self, op: OpId, outcome: &Outcome) -> bool {
        self.now += 1;
        let Some(at) = self.open.iter().rposition(|open| open.op == op) else { return true };
        let Open { invoked, doing, .. } = self.open.swap_remove(at);
        self.conflict = match (doing, outcome) {
            (_, Outcome::Unknown(_)) | (Doing::Read | Doing::Nonsense, Outcome::NotDone(_)) => None,
            (Doing::Read, Outcome::Done(value)) => self.read(op, invoked, value),
            (Doing::Write(cluster), Outcome::Done(Value::Nil)) => self.written(op, cluster),
            (Doing::Write(cluster), Outcome::NotDone(_)) => self.refused(op, cluster),
            (Doing::Write(_) | Doing::Nonsense, Outcome::Done(_)) => Some(Conflict::Nonsense(op)),
        };
        self.conflict.is_none()
    }

    fn refused(&mut self, op: OpId, cluster: u32) -> Option<Conflict> {
        let cluster = &mut self.clusters[cluster as usize];
        cluster.refused = true;
        cluster.first.map(|read| Conflict::Refused(op, read))
    }

    fn written(&mut self, op: OpId, cluster: u32) -> Option<Conflict> {
        if self.clusters[cluster as usize].finish == NEVER {
            self.begin(op, cluster);
        }
        None
    }

    /// The first operation of a cluster has returned: its zone, a backward one, ends now. Nothing can
    /// surround it yet.
    fn begin(&mut self, op: OpId, cluster: u32) {
        let now = self.now;
        let begun = &mut self.clusters[cluster as usize];
        (begun.finish, begun.first) = (now, Some(op));
        self.backward.insert(now, cluster);
    }

    fn read(&mut self, op: OpId, invoked: Place, value: &Value) -> Option<Conflict> {
        let Some(&cluster) = self.by_value.get(value) else {
            return Some(Conflict::Unwritten(op));
        };
        let read = &self.clusters[cluster as usize];
        if let (true, Some(write)) = (read.refused, read.write) {
            return Some(Conflict::Refused(write, op));
        }
        if read.finish == NEVER {
            self.begin(op, cluster);
        }
        let read = &mut self.clusters[cluster as usize];
        if invoked <= read.start {
            return None;
        }
        let (finish, before) = (read.finish, read.start);
        (read.start, read.last) = (invoked, Some(op));
        let other = if invoked < finish {
            self.surrounding(invoked, finish)
        } else {
            if before <= finish {
                self.backward.remove(&finish);
                self.forward.insert(finish, cluster);
            }
            self.overlapping(finish, invoked)
                .or_else(|| self.surrounded(finish, before.max(finish), invoked))
        };
        other.map(|other| self.both(cluster, other))
    }

    /// The forward zone in which a backward one lies.
    fn surrounding(&self, start: Place, finish: Place) -> Option<u32> {
        let (_, &zone) = self.forward.range(..start).next_back()?;
        (self.clusters[zone as usize].start > finish).then_some(zone)
    }

    /// A forward zone that overlaps one that has just grown.
    fn overlapping(&self, finish: Place, start: Place) -> Option<u32> {
        let after = (Bound::Excluded(finish), Bound::Excluded(start));
        let next = self.forward.range(after).next().map(|(_, &zone)| zone);
        next.or_else(|| {
            let (_, &zone) = self.forward.range(..finish).next_back()?;
            (self.clusters[zone as usize].start > finish).then_some(zone)
        })
    }

    /// A backward zone within a forward one that has grown, from `grown` on: what ends before that was asked
    /// about when the one or the other changed. So each end of a backward zone is come across once.
    fn surrounded(&self, finish: Place, grown: Place, start: Place) -> Option<u32> {
        let grown = (Bound::Excluded(grown), Bound::Excluded(start));
        let mut ends = self.backward.range(grown).map(|(_, &zone)| zone);
        ends.find(|&zone| self.clusters[zone as usize].start > finish)
    }

    fn both(&self, one: u32, other: u32) -> Conflict {
        let zone = |cluster: u32| {
            let Cluster { value, first, last, .. } = &self.clusters[cluster as usize];
            Zone { value: value.clone(), first: *first, last: *last }
        };
        Conflict::Both { zones: [zone(one), zone(other)] }
    }

    /// The values in the order in which the register can have had them, the initial one first if it was read.
    /// Those that need not have been written are left out.
    pub(super) fn order(&self) -> Vec<&Value> {
        let mut order: Vec<(Place, u32)> =
            self.forward.iter().map(|(&at, &zone)| (at, zone)).collect();
        for &zone in self.backward.values() {
            let start = self.clusters[zone as usize].start;
            // At its beginning, unless another value is there: then as soon as that can go.
            let there = self.forward.range(..start).next_back();
            let until = there.map_or(0, |(_, &there)| self.clusters[there as usize].start);
            order.push((start.max(until), zone));
        }
        order.sort_unstable();
        order.into_iter().map(|(_, zone)| &self.clusters[zone as usize].value).collect()
    }
}
