//! The definitions, tried out in every order.

use crate::draw::{Drawn, Ending};

/// A model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
    WritesFollowReads,
    Pram,
    Causal,
    Sequential,
}

impl Model {
    pub(crate) const ALL: [Model; 7] = [
        Model::ReadYourWrites,
        Model::MonotonicReads,
        Model::MonotonicWrites,
        Model::WritesFollowReads,
        Model::Pram,
        Model::Causal,
        Model::Sequential,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Model::ReadYourWrites => "read-your-writes",
            Model::MonotonicReads => "monotonic-reads",
            Model::MonotonicWrites => "monotonic-writes",
            Model::WritesFollowReads => "writes-follow-reads",
            Model::Pram => "pram",
            Model::Causal => "causal",
            Model::Sequential => "sequential",
        }
    }
}

/// A part of a history: what is not among the members may be as it likes.
pub(crate) struct Given<'a> {
    pub(crate) drawn: &'a [Drawn],
    pub(crate) until: u64,
    pub(crate) members: Option<&'a [usize]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Must,
    May,
    Free,
    Not,
}

impl Given<'_> {
    pub(crate) fn part(&self, op: usize) -> Part {
        let drawn = &self.drawn[op];
        if self.members.is_some_and(|members| !members.contains(&op)) {
            return if drawn.writes.is_some() { Part::Free } else { Part::Not };
        }
        match drawn.end {
            Some((at, Ending::Done)) if at <= self.until => Part::Must,
            Some((at, Ending::NotDone)) if at <= self.until => Part::Not,
            _ if drawn.writes.is_some() => Part::May,
            _ => Part::Not,
        }
    }

    pub(crate) fn writer(&self, read: usize) -> Option<usize> {
        let (object, value) = (self.drawn[read].object, self.drawn[read].reads?);
        let wrote = |op: &Drawn| op.object == object && op.writes == Some(value);
        self.drawn.iter().position(wrote)
    }

    /// Session order.
    fn so(&self, a: usize, b: usize) -> bool {
        let free = |op| self.part(op) == Part::Free;
        a < b && self.drawn[a].session == self.drawn[b].session && !free(a) && !free(b)
    }
}

/// The return that ends the shortest prefix that the model does not allow.
pub(crate) fn first_break(model: Model, drawn: &[Drawn]) -> Option<u64> {
    let mut ends: Vec<u64> = drawn.iter().filter_map(Drawn::returned_at).collect();
    ends.sort_unstable();
    let broken: Vec<bool> =
        ends.iter().map(|&until| !allows(model, &Given { drawn, until, members: None })).collect();
    assert!(broken.is_sorted(), "what is not allowed stays so: {model:?} {drawn:?}");
    broken.iter().position(|&broken| broken).map(|index| ends[index])
}

/// Whether the model allows a part of a history.
pub(crate) fn allows(model: Model, given: &Given<'_>) -> bool {
    if model == Model::Sequential {
        let values = vec![0; 2];
        return some_order(given, &mut Vec::new(), &values);
    }
    let Some(effective) = effective(given) else { return false };
    (0..3).all(|session| {
        let reads = |op: usize| given.drawn[op].reads.is_some() && given.part(op) != Part::Free;
        let own = |op: usize| given.drawn[op].session == session && reads(op);
        let view: Vec<usize> = effective
            .iter()
            .copied()
            .filter(|&op| given.drawn[op].writes.is_some() || own(op))
            .collect();
        let before: Vec<Vec<usize>> = view
            .iter()
            .map(|&b| {
                let before = |&a: &usize| related(model, given, &effective, session, a, b);
                view.iter().copied().filter(before).collect()
            })
            .collect();
        some_view(given, session, &view, &before, &mut Vec::new())
    })
}

/// What took effect; `None` if something was read that nobody wrote.
pub(crate) fn effective(given: &Given<'_>) -> Option<Vec<usize>> {
    let mut effective: Vec<usize> =
        (0..given.drawn.len()).filter(|&op| given.part(op) == Part::Must).collect();
    let mut at = 0;
    while at < effective.len() {
        let op = effective[at];
        at += 1;
        if given.part(op) == Part::Free || given.drawn[op].reads.is_none_or(|value| value == 0) {
            continue;
        }
        let writer = given.writer(op)?;
        if given.part(writer) == Part::Not {
            return None;
        }
        if !effective.contains(&writer) {
            effective.push(writer);
        }
    }
    effective.sort_unstable();
    Some(effective)
}

/// Whether `a` must be before `b` in a view of the session, by the definition of the model.
pub(crate) fn related(
    model: Model,
    given: &Given<'_>,
    effective: &[usize],
    session: usize,
    a: usize,
    b: usize,
) -> bool {
    let drawn = given.drawn;
    let so = |a, b| given.so(a, b);
    let own = |op: usize| drawn[op].session == session && given.part(op) != Part::Free;
    let reads = |op: usize| drawn[op].reads.is_some() && given.part(op) != Part::Free;
    let writes = |op: usize| drawn[op].writes.is_some();
    let same = |a: usize, b: usize| drawn[a].object == drawn[b].object;
    let rf = |a: usize, b: usize| reads(b) && given.writer(b) == Some(a);
    let base = (so(a, b) && writes(a) && writes(b) && same(a, b))
        || (writes(b) && effective.iter().any(|&r| own(r) && so(r, b) && same(r, b) && rf(a, r)));
    let own_reads = so(a, b) && own(a) && reads(a) && reads(b);
    let all_writes = so(a, b) && writes(a) && writes(b);
    match model {
        Model::ReadYourWrites => {
            base || (so(a, b) && own(a) && writes(a) && reads(b) && same(a, b))
        }
        Model::MonotonicReads => base || own_reads,
        Model::MonotonicWrites => base || own_reads || all_writes,
        Model::WritesFollowReads => {
            let follows = |&r: &usize| rf(a, r) && (so(r, b) || r == b);
            base || own_reads || (writes(b) && effective.iter().any(follows))
        }
        Model::Pram => all_writes || (so(a, b) && own(a)),
        Model::Causal => causes(given, effective, a, b),
        Model::Sequential => unreachable!("it has no views"),
    }
}

/// Whether session order and reads lead from `a` to `b`.
fn causes(given: &Given<'_>, effective: &[usize], a: usize, b: usize) -> bool {
    let step = |a: usize, b: usize| {
        let reads = given.part(b) != Part::Free && given.writer(b) == Some(a);
        given.so(a, b) || reads
    };
    let mut reached: Vec<usize> = effective.iter().copied().filter(|&op| step(a, op)).collect();
    let mut at = 0;
    while at < reached.len() {
        let from = reached[at];
        at += 1;
        for &op in effective {
            if step(from, op) && !reached.contains(&op) {
                reached.push(op);
            }
        }
    }
    reached.contains(&b)
}

fn some_view(
    given: &Given<'_>,
    session: usize,
    view: &[usize],
    before: &[Vec<usize>],
    placed: &mut Vec<usize>,
) -> bool {
    if placed.len() == view.len() {
        return true;
    }
    for (index, &op) in view.iter().enumerate() {
        if placed.contains(&op) || !before[index].iter().all(|op| placed.contains(op)) {
            continue;
        }
        let drawn = &given.drawn[op];
        let own = drawn.session == session && given.part(op) != Part::Free;
        if let (Some(value), true) = (drawn.reads, own) {
            let last = placed.iter().rev().map(|&op| &given.drawn[op]);
            let mut last = last.filter(|other| other.object == drawn.object);
            let current = last.find_map(|other| other.writes).unwrap_or(0);
            if current != value {
                continue;
            }
        }
        placed.push(op);
        if some_view(given, session, view, before, placed) {
            return true;
        }
        placed.pop();
    }
    false
}

/// One order for everybody: what must be in it, and any of what may be.
fn some_order(given: &Given<'_>, placed: &mut Vec<usize>, values: &[i64]) -> bool {
    let all = 0..given.drawn.len();
    let missing = |placed: &[usize], op| given.part(op) == Part::Must && !placed.contains(&op);
    if !all.clone().any(|op| missing(placed, op)) {
        return true;
    }
    for op in all.clone() {
        let part = given.part(op);
        // What was left out may not come later than its successors.
        let late = all.clone().any(|other| {
            (given.so(other, op) && missing(placed, other))
                || (given.so(op, other) && placed.contains(&other))
        });
        if placed.contains(&op) || part == Part::Not || late {
            continue;
        }
        let drawn = &given.drawn[op];
        let mut values = values.to_vec();
        if drawn.reads.is_some_and(|value| value != values[drawn.object]) {
            continue;
        }
        if let Some(value) = drawn.writes {
            values[drawn.object] = value;
        }
        placed.push(op);
        if some_order(given, placed, &values) {
            return true;
        }
        placed.pop();
    }
    false
}

/// The stale reads, with how many writes each missed and for how long.
pub(crate) fn missed(drawn: &[Drawn]) -> Vec<(usize, u64, u64)> {
    let done = |op: &Drawn| match op.end {
        Some((at, Ending::Done)) => Some(at),
        _ => None,
    };
    let mut found = Vec::new();
    for (index, read) in drawn.iter().enumerate() {
        let (Some(value), Some(_)) = (read.reads, done(read)) else { continue };
        let here = || drawn.iter().filter(|op| op.object == read.object);
        let saw = here().find(|op| op.writes == Some(value));
        let since = match (value, saw) {
            (0, _) => Some(0),
            (_, Some(saw)) => done(saw),
            _ => None,
        };
        let Some(since) = since else { continue };
        let missed: Vec<u64> = here()
            .filter(|op| op.writes.is_some() && op.invoked > since)
            .filter_map(done)
            .filter(|&returned| returned < read.invoked)
            .collect();
        if let Some(first) = missed.iter().min() {
            found.push((index, missed.len() as u64, read.invoked - first));
        }
    }
    found
}

/// Whether those who read last read the same.
pub(crate) fn converges(drawn: &[Drawn]) -> bool {
    (0..2).all(|object| {
        let writes = || drawn.iter().filter(|op| op.object == object && op.writes.is_some());
        let pending = |op: &Drawn| matches!(op.end, None | Some((_, Ending::Unknown)));
        if writes().any(pending) {
            return true;
        }
        let settled = writes().filter_map(Drawn::returned_at).max().unwrap_or(0);
        let last: Vec<Option<i64>> = (0..3)
            .filter_map(|session| {
                let mut reads = drawn.iter().filter(|op| {
                    (op.object, op.session) == (object, session)
                        && op.writes.is_none()
                        && matches!(op.end, Some((_, Ending::Done)))
                        && op.invoked > settled
                });
                reads.next_back().map(|read| read.reads)
            })
            .collect();
        last.windows(2).all(|pair| pair[0] == pair[1])
    })
}
