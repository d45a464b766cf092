//! What compare-and-sets that failed ask of the chains.
//!
//! Between two events there is room for any number of operations: a *slot*, named by the event that ends it. A
//! chain begins in one slot and ends in the one in which the next chain begins; so do the values in it. A failed
//! compare-and-set asks one thing: that the value which it did not find is not there all the time from its
//! invocation to its return, its *window*.
//!
//! ```text
//!   cas 1 9, failed        ├────────────┤
//!   time of 1        ▐▀▀▀▀▀▀▀▀▀▀▀▀▌               it ends in time
//!   time of 1                  ▐▀▀▀▀▀▀▀▀▀▀▀▀▀▀▌   it begins late enough
//!   time of 1          ▐▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▌        it does not fit
//! ```
//!
//! So the later a value begins, the longer it can stay. All that a chain can do is said by three slots and a
//! function that never falls: it begins from `from` on and in `until` at the latest, it ends in `least` or
//! later, and at the latest in [`Missed::end`] of where it began.

use super::super::finished::{Known, NEVER, Op, Place};
use super::{Stop, Table};
use simlab_core::{Call, OpId, Value};
use std::cell::Cell;

/// The time from the invocation of a failed compare-and-set to its return.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// The segment of the value that it did not find.
    segment: u32,
    invoked: Place,
    returned: Place,
    op: OpId,
}

/// A segment of a chain, with the slots in which it can begin if nothing has failed.
#[derive(Clone, Copy, Debug)]
struct Part {
    segment: u32,
    from: Place,
    until: Place,
    /// Where it begins if it and all before it begin as late as they can.
    latest: Place,
}

/// What can be in the register for some time: a chain that came about, or a value whose write is still open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    /// Slots: it begins from here on ...
    pub(super) from: Place,
    /// ... and here at the latest. [`NEVER`] if it need not come about.
    pub(super) until: Place,
    /// It ends here or later.
    pub(super) least: Place,
    /// Its parts, if any of them has a window, and where it ends if it begins as late as it can.
    parts: (u32, u32),
    latest: Place,
}

impl Chain {
    /// Whether it is certain that it came about.
    pub(super) const fn is_certain(&self) -> bool {
        self.until < NEVER
    }

    /// From here on it fits in between any two others.
    pub(super) fn ready(&self) -> Place {
        self.from.max(self.least)
    }
}

/// A compare-and-set that is still open and may have turned the value of one segment into that of another.
#[derive(Clone, Copy, Debug)]
struct Offshoot {
    before: u32,
    from: Place,
    after: u32,
}

/// The failed compare-and-sets, and the chains as they must be because of them.
pub(super) struct Missed {
    /// By segment and invocation. None contains another one, so that this is the order of the returns too.
    windows: Vec<Window>,
    parts: Vec<Part>,
    /// The first is that of the initial value.
    pub(super) chains: Vec<Chain>,
    /// Sorted.
    offshoots: Vec<Offshoot>,
    /// Where open writes of values begin that nothing keeps from staying, sorted.
    pub(super) jokers: Vec<Place>,
    /// So many steps more may be taken.
    work: Cell<u64>,
    /// Whether something was left out because it would have taken too long.
    cut: Cell<bool>,
}

/// So many steps may be taken for each operation, and so many in any case.
const WORK: (u64, u64) = (64, 1_000_000);
/// So many open compare-and-sets may be followed up at the end of a chain.
const OFFSHOOTS: usize = 256;

impl Missed {
    /// `None` if nothing has failed that matters.
    pub(super) fn new(
        table: &Table<'_>,
        heads: impl Iterator<Item = u32>,
        ops: &[Op<'_>],
    ) -> Result<Option<Self>, Stop> {
        let windows = windows(table, ops);
        if windows.is_empty() {
            return Ok(None);
        }
        let mut missed = Missed {
            windows,
            parts: Vec::new(),
            chains: Vec::new(),
            offshoots: Vec::new(),
            jokers: Vec::new(),
            work: Cell::new(WORK.0 * ops.len() as u64 + WORK.1),
            cut: Cell::new(false),
        };
        let mut segments = Vec::new();
        for head in heads {
            segments.clear();
            segments.extend(table.chain(head));
            let chain = missed.chain(table, &segments)?;
            missed.chains.push(chain);
        }
        missed.open(table);
        Ok(Some(missed))
    }

    /// So many steps were taken.
    pub(super) fn spend(&self, steps: usize) {
        self.work.set(self.work.get().saturating_sub(steps as u64));
    }

    /// Whether no more may be taken.
    pub(super) const fn is_spent(&self) -> bool {
        self.work.get() == 0
    }

    /// Something is not tried, because it would take too long.
    pub(super) fn leave_out(&self) {
        self.cut.set(true);
    }

    /// Whether all was tried.
    pub(super) const fn is_complete(&self) -> bool {
        !self.cut.get()
    }

    /// Where a value must have ended that began at `start`.
    fn ends(&self, segment: u32, start: Place) -> Place {
        let key = (segment, start);
        let at = self.windows.partition_point(|window| (window.segment, window.invoked) < key);
        let window = self.windows.get(at).filter(|window| window.segment == segment);
        window.map_or(NEVER, |window| window.returned)
    }

    /// The window because of which a value that ends at `end` must not have begun before.
    fn begun(&self, segment: u32, end: Place) -> Option<&Window> {
        let key = (segment, end);
        let at = self.windows.partition_point(|window| (window.segment, window.returned) < key);
        let window = at.checked_sub(1).map(|at| &self.windows[at]);
        window.filter(|window| window.segment == segment)
    }

    /// A chain of these segments.
    fn chain(&mut self, table: &Table<'_>, segments: &[u32]) -> Result<Chain, Stop> {
        let first = self.parts.len();
        let initial = segments.first() == Some(&0);
        // All that is invoked so far comes before the end.
        let mut invoked = 0;
        for &segment in segments {
            let (maker, looks) = table.spans(segment);
            invoked = maker.start.max(invoked);
            let from = if initial && self.parts.len() == first { 0 } else { invoked + 1 };
            self.parts.push(Part { segment, from, until: NEVER, latest: NEVER });
            invoked = looks.start.max(invoked);
        }
        let least = invoked + 1;
        let mut returned = NEVER;
        for part in self.parts[first..].iter_mut().rev() {
            let (maker, looks) = table.spans(part.segment);
            returned = returned.min(maker.finish).min(looks.finish);
            part.until = returned;
        }
        let parts = &mut self.parts[first..];
        if initial && let Some(part) = parts.first_mut() {
            part.until = 0;
        }
        // From the end back: nothing may have begun too early. `since` is the part that says so.
        let (mut from, mut since) = (least, segments.len());
        for n in (0..segments.len()).rev() {
            let part = self.parts[first + n];
            let late = self.begun(part.segment, from).map_or(0, |window| window.invoked + 1);
            if late <= part.from {
                since = n;
            }
            from = late.max(part.from);
            if from > part.until {
                return Err(self.contradiction(table, &self.parts[first..], n, since, least));
            }
        }
        let until = self.parts[first].until;
        // From the beginning on: nothing may stay too long.
        let (mut latest, mut windows) = (until, false);
        for at in first..self.parts.len() {
            let part = &mut self.parts[at];
            part.latest = latest.min(part.until);
            let Part { segment, latest: start, .. } = *part;
            latest = self.ends(segment, start);
            windows |= self.ends(segment, 0) < NEVER;
        }
        if !windows {
            self.parts.truncate(first);
        }
        let parts = (first as u32, self.parts.len() as u32);
        Ok(Chain { from, until, least, parts, latest })
    }

    /// Operations that cannot all be true: part `n` begins too early for part `since`, or the end, to begin as
    /// late as it does.
    fn contradiction(
        &self,
        table: &Table<'_>,
        parts: &[Part],
        n: usize,
        since: usize,
        least: Place,
    ) -> Stop {
        let mut ops = Vec::new();
        let mut late = parts.get(since).map_or(least, |part| part.from);
        let (returned, invoked) = (parts[n].until, late.saturating_sub(1));
        // What returned first and what was invoked last, and all that ties the one to the other.
        let (mut low, mut high) = (n, since.min(parts.len() - 1));
        for (at, part) in parts.iter().enumerate() {
            let (maker, looks) = table.spans(part.segment);
            for span in [maker, looks] {
                if span.finish == returned || span.start == invoked {
                    (low, high) = (low.min(at), high.max(at));
                    ops.extend(span.first.filter(|_| span.finish == returned));
                    ops.extend(span.last.filter(|_| span.start == invoked));
                }
            }
        }
        ops.extend(parts[low..=high].iter().filter_map(|part| table.maker(part.segment)));
        for part in parts[n..since].iter().rev() {
            if let Some(window) = self.begun(part.segment, late) {
                ops.push(window.op);
                late = window.invoked + 1;
            }
        }
        Stop::Impossible(ops)
    }

    /// Takes in what is still open: it may come about or not.
    fn open(&mut self, table: &Table<'_>) {
        let mut writes = Vec::new();
        for (segment, maker) in table.open() {
            let from = maker.invoked + 1;
            match maker.call {
                Call::Write(_) => writes.push((segment, from)),
                Call::Cas { from: value, .. } => {
                    let before = table.by_value.get(value).copied();
                    let offshoot = |before| Offshoot { before, from, after: segment };
                    self.offshoots.extend(before.map(offshoot));
                }
                _ => {}
            }
        }
        self.offshoots.sort_unstable_by_key(|offshoot| (offshoot.before, offshoot.from));
        for (segment, from) in writes {
            let first = self.parts.len() as u32;
            self.parts.push(Part { segment, from, until: NEVER, latest: NEVER });
            let latest = self.ends(segment, NEVER);
            let parts = (first, first + 1);
            self.chains.push(Chain { from, until: NEVER, least: from, parts, latest });
            if self.end(self.chains.len() - 1, from) == NEVER {
                self.chains.pop();
                self.parts.pop();
                self.jokers.push(from);
            }
        }
        self.jokers.sort_unstable();
    }

    /// Where a chain must have ended that began at `start`.
    pub(super) fn end(&self, chain: usize, start: Place) -> Place {
        let Chain { parts, latest, .. } = self.chains[chain];
        let (mut end, mut last) = (NEVER, None);
        for at in parts.0..parts.1 {
            let part = self.parts[at as usize];
            self.spend(1);
            let begun = if at == parts.0 { start } else { end }.min(part.until);
            if begun == part.latest {
                // From here on all goes as it does at the latest.
                end = latest;
                last = self.parts.get(parts.1 as usize - 1).map(|part| part.segment);
                break;
            }
            end = self.ends(part.segment, begun);
            last = Some(part.segment);
        }
        match last {
            Some(segment) if end < NEVER => self.prolonged(segment, end),
            _ => end,
        }
    }

    /// The end of a value that must have ended at `end`, or of what open compare-and-sets may have made of it:
    /// they need nothing but that it is there.
    fn prolonged(&self, segment: u32, end: Place) -> Place {
        let mut best = end;
        let mut stack = vec![(segment, end)];
        let mut steps = OFFSHOOTS;
        while let Some((segment, end)) = stack.pop() {
            best = best.max(end);
            let at = self.offshoots.partition_point(|offshoot| offshoot.before < segment);
            let after = self.offshoots[at..].iter();
            let begun = after.take_while(|shoot| shoot.before == segment && shoot.from <= end);
            for offshoot in begun {
                if best == NEVER {
                    return best;
                }
                if steps == 0 {
                    self.leave_out();
                    return best;
                }
                steps -= 1;
                self.spend(1);
                stack.push((offshoot.after, self.ends(offshoot.after, end)));
                best = best.max(self.ends(offshoot.after, end));
            }
        }
        best
    }
}

/// The windows of all values that can have come about, without those that contain another one: where the value
/// is gone in that one, it is gone in both.
fn windows(table: &Table<'_>, ops: &[Op<'_>]) -> Vec<Window> {
    let mut all: Vec<Window> = ops
        .iter()
        .filter_map(|op| match (op.call, op.known) {
            (Call::Cas { from, .. }, Known::Done(Value::Bool(false))) => {
                let segment = *table.by_value.get(from)?;
                Some(Window { segment, invoked: op.invoked, returned: op.returned, op: op.op })
            }
            _ => None,
        })
        .collect();
    all.sort_unstable_by_key(|window| (window.segment, window.invoked));
    let mut kept: Vec<Window> = Vec::new();
    for window in all.into_iter().rev() {
        let next = kept.last().filter(|next| next.segment == window.segment);
        if next.is_none_or(|next| window.returned < next.returned) {
            kept.push(window);
        }
    }
    kept.reverse();
    kept
}
