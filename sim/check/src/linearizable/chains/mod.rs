//! Registers with compare-and-set and append in which no value comes up twice, in O(n log n).
//!
//! Where no value is written twice, an operation that turns one value into another ties them together: a
//! successful compare-and-set from 1 to 2 comes right after the time of 1, and right before that of 2. So do
//! appends that a read has seen: "ab" comes right after "a". What is tied together is a *chain*; a
//! value that was simply written begins one.
//!
//! ```text
//!   chain:   write 1 ── reads of 1 ── cas 1 2 ── reads of 2 ── cas 2 3 ── reads of 3
//! ```
//!
//! Within a chain the order is given, and it is enough that no operation returned before one that comes
//! earlier in it was invoked. A chain as a whole is in one piece in every order, so that chains are to
//! each other what the clusters of Gibbons and Korach are ("Testing Shared Memories", 1997; see `zones`):
//! with f, the first return, and s, the last invocation, a chain must come before another one if f of the
//! one is before s of the other; and some order fits if no two must come before each other.
//!
//! An append that no read has seen is at the end of whatever was there, and a chain of its own.
//! A compare-and-set that failed saw another value than it expected, so that this value must not have been there all
//! the time. `missed` says what that means for each chain on its own; where no moments of a chain will do, the
//! history is impossible. Otherwise `schedule` tries orders of the chains, with what is still open put
//! in where it helps. What it finds is an order, and if it has tried all there is none.
//!
//! Left to the search are histories in which a value is written twice (that of an open operation counts),
//! in which something can be appended and a compare-and-set failed, in which texts cannot be told apart, or
//! for which `schedule` would have to try too many orders: the work it may do grows with the history alone.

mod missed;
mod schedule;
#[cfg(test)]
mod tests;

use super::finished::{Known, NEVER, Op, Place, Polynomial, Tested};
use super::texts::{Piece, Texts};
use hashbrown::HashMap;
use missed::Missed;
use schedule::Schedule;
use simlab_core::{Call, Digest, OpId, Value};
use std::collections::BTreeMap;
use std::hash::BuildHasherDefault;

/// The test for registers in which no value comes up twice.
#[derive(Debug)]
pub(super) struct Chains {
    pub(super) initial: Value,
}

/// The first return and the last invocation of some operations.
#[derive(Clone, Copy, Debug)]
struct Span {
    finish: Place,
    first: Option<OpId>,
    start: Place,
    last: Option<OpId>,
}

impl Span {
    const NONE: Span = Span { finish: NEVER, first: None, start: 0, last: None };

    fn of(op: &Op<'_>) -> Span {
        Span { finish: op.returned, first: Some(op.op), start: op.invoked, last: Some(op.op) }
    }

    fn join(&mut self, other: Span) {
        if other.finish < self.finish {
            (self.finish, self.first) = (other.finish, other.first);
        }
        if other.start > self.start || self.last.is_none() {
            (self.start, self.last) = (other.start, other.last);
        }
    }
}

/// The time of one value.
#[derive(Debug)]
struct Segment<'a> {
    /// What brings it about: a write, a compare-and-set that succeeds or may, an append; nothing does the
    /// initial value.
    maker: Option<&'a Op<'a>>,
    /// The segments that are tied to it, before and after.
    previous: Option<u32>,
    next: Option<u32>,
    /// Whether it is certain that it came about.
    real: bool,
    looks: Span,
}

/// Some operations that cannot all be true, or a history that the test is not made for.
enum Stop {
    Impossible(Vec<OpId>),
    Unfit,
}

impl Polynomial for Chains {
    fn test(&self, ops: &[Op<'_>]) -> Tested {
        match self.judge(ops) {
            Ok(()) => Tested::Possible,
            Err(Stop::Impossible(ops)) => Tested::Impossible(ops),
            Err(Stop::Unfit) => Tested::Unfit,
        }
    }
}

impl Chains {
    fn judge(&self, ops: &[Op<'_>]) -> Result<(), Stop> {
        let mut table = Table::new(&self.initial, ops)?;
        table.read(ops)?;
        let chains = table.chains()?;
        let heads = chains.iter().map(|(head, _)| *head).collect::<Vec<_>>();
        fit(chains)?;
        match Missed::new(&table, heads.into_iter(), ops)? {
            Some(missed) => Schedule::new(missed).find(),
            None => Ok(()),
        }
    }
}

/// The values of a history, and what is tied to what.
struct Table<'a> {
    /// The first is that of the initial value.
    segments: Vec<Segment<'a>>,
    /// The segments of what was written, not appended.
    by_value: HashMap<&'a Value, u32, BuildHasherDefault<Digest>>,
    by_append: BTreeMap<OpId, u32>,
    /// `None` if nothing is appended.
    texts: Option<Texts<'a>>,
}

impl<'a> Table<'a> {
    fn new(initial: &'a Value, ops: &'a [Op<'a>]) -> Result<Self, Stop> {
        let segment =
            |maker| Segment { maker, previous: None, next: None, real: false, looks: Span::NONE };
        let mut table = Table {
            segments: vec![segment(None)],
            by_value: HashMap::default(),
            by_append: BTreeMap::new(),
            texts: None,
        };
        table.segments[0].real = true;
        table.by_value.insert(initial, 0);
        let mut pieces = Vec::new();
        let mut numbers = !matches!(initial, Value::Nil | Value::Text(_));
        if let Value::Text(text) = initial
            && !text.is_empty()
        {
            pieces.push((text.as_str(), Piece::Base(0)));
        }
        for op in ops {
            let place = table.segments.len() as u32;
            match op.call {
                Call::Read => continue,
                Call::Cas { .. } if op.known == Known::Done(&Value::Bool(false)) => continue,
                Call::Write(value) | Call::Cas { to: value, .. } => {
                    if table.by_value.insert(value, place).is_some() {
                        return Err(Stop::Unfit);
                    }
                    match value {
                        Value::Text(text) => pieces.push((text, Piece::Base(place))),
                        _ => numbers = true,
                    }
                }
                Call::Append(text) => {
                    table.by_append.insert(op.op, place);
                    pieces.push((text, Piece::Appended(op.op)));
                }
                // It is no call of a register.
                _ => match op.known {
                    Known::Done(_) => return Err(Stop::Impossible(vec![op.op])),
                    _ => continue,
                },
            }
            table.segments.push(segment(Some(op)));
        }
        if !table.by_append.is_empty() {
            // Nothing can be appended to a number.
            let texts = if numbers { None } else { Texts::new(pieces) };
            table.texts = Some(texts.ok_or(Stop::Unfit)?);
        }
        Ok(table)
    }

    /// The segment of a value that `who` has found, tied to what it is put together from.
    fn find(&mut self, value: &Value, who: &Op<'_>) -> Result<u32, Stop> {
        let missing = || Stop::Impossible(vec![who.op]);
        let (Some(texts), Value::Text(text)) = (&self.texts, value) else {
            return self.by_value.get(value).copied().ok_or_else(missing);
        };
        if self.by_value.get(value) == Some(&0) {
            return Ok(0);
        }
        if text.is_empty() {
            return Err(missing());
        }
        let pieces = texts.take_apart(text).ok_or_else(missing)?;
        let mut at = 0;
        for (n, piece) in pieces.into_iter().enumerate() {
            at = match piece {
                Piece::Base(segment) if n == 0 => segment,
                Piece::Base(_) => return Err(missing()),
                Piece::Appended(op) => {
                    // On nothing, if that was there at first and no other text was.
                    if n == 0 && !self.begins_empty() {
                        return Err(missing());
                    }
                    let segment = self.by_append[&op];
                    self.tie(at, segment, who)?;
                    segment
                }
            };
        }
        Ok(at)
    }

    /// Whether what is appended at first makes the whole text.
    fn begins_empty(&self) -> bool {
        let empty = [Value::Nil, Value::Text(String::new())];
        empty.iter().any(|value| self.by_value.get(value) == Some(&0))
    }

    /// The one comes right before the other.
    fn tie(&mut self, before: u32, after: u32, who: &Op<'_>) -> Result<(), Stop> {
        let known = (self.segments[before as usize].next, self.segments[after as usize].previous);
        match known {
            (Some(next), Some(previous)) if (next, previous) == (after, before) => Ok(()),
            (None, None) if before != after => {
                self.segments[before as usize].next = Some(after);
                self.segments[after as usize].previous = Some(before);
                Ok(())
            }
            (next, _) => {
                let maker = |segment: u32| self.segments[segment as usize].maker.map(|op| op.op);
                let both = next.and_then(maker).into_iter().chain(maker(after)).chain([who.op]);
                Err(Stop::Impossible(both.collect()))
            }
        }
    }

    /// It is certain that the value came about.
    fn make_real(&mut self, segment: u32, who: &Op<'_>) -> Result<(), Stop> {
        let mut segment = segment;
        while !self.segments[segment as usize].real {
            self.segments[segment as usize].real = true;
            let Some(maker) = self.segments[segment as usize].maker else { break };
            if maker.known == Known::Refused {
                return Err(Stop::Impossible(vec![maker.op, who.op]));
            }
            segment = match maker.call {
                Call::Cas { from, .. } => {
                    let before = self.find(from, maker)?;
                    self.tie(before, segment, maker)?;
                    before
                }
                Call::Append(_) => match self.segments[segment as usize].previous {
                    Some(before) => before,
                    None => break,
                },
                _ => break,
            };
        }
        Ok(())
    }

    /// Takes in what the operations returned.
    fn read(&mut self, ops: &'a [Op<'a>]) -> Result<(), Stop> {
        let mut looks_at = vec![None; ops.len()];
        // What was seen ties appends together, which must be known before anything is followed back.
        for (n, op) in ops.iter().enumerate() {
            let impossible = Err(Stop::Impossible(vec![op.op]));
            let Known::Done(result) = op.known else { continue };
            match (op.call, result) {
                (Call::Read, value) => {
                    let segment = self.find(value, op)?;
                    self.segments[segment as usize].looks.join(Span::of(op));
                    looks_at[n] = Some(segment);
                }
                (Call::Cas { from, .. }, Value::Bool(true)) => {
                    self.find(from, op)?;
                }
                (Call::Cas { .. }, Value::Bool(false))
                | (Call::Write(_) | Call::Append(_), Value::Nil) => {}
                _ => return impossible,
            }
        }
        for (n, op) in ops.iter().enumerate() {
            let Known::Done(result) = op.known else { continue };
            match (op.call, result) {
                (Call::Read, _) => {
                    if let Some(segment) = looks_at[n] {
                        self.make_real(segment, op)?;
                    }
                }
                // What an append that nobody saw has made of a text depends on the order.
                (Call::Cas { .. }, Value::Bool(false)) if self.texts.is_some() => {
                    return Err(Stop::Unfit);
                }
                (Call::Cas { .. }, Value::Bool(false)) => {}
                (Call::Write(value) | Call::Cas { to: value, .. }, _) => {
                    let segment = self.by_value[value];
                    self.make_real(segment, op)?;
                }
                (Call::Append(_), _) => {
                    let segment = self.by_append[&op.op];
                    self.make_real(segment, op)?;
                }
                _ => {}
            }
        }
        // What a compare-and-set that is still open has found may tie more together.
        while let Some((before, who)) = self.unreal() {
            self.make_real(before, who)?;
        }
        Ok(())
    }

    /// A segment that did not come about yet, before one that did.
    fn unreal(&self) -> Option<(u32, &'a Op<'a>)> {
        self.segments.iter().filter(|segment| segment.real).find_map(|segment| {
            let before = segment.previous?;
            (!self.segments[before as usize].real).then_some((before, segment.maker?))
        })
    }

    /// The chains of all that came about, by their first segments, with the span of each.
    fn chains(&self) -> Result<Vec<(u32, Span)>, Stop> {
        let mut chains = Vec::new();
        let mut reached = 0;
        let real = self.segments.iter().filter(|segment| segment.real).count();
        for (head, segment) in (0..).zip(&self.segments) {
            if !segment.real || segment.previous.is_some() {
                continue;
            }
            // The initial value comes before all.
            let mut whole = Span::NONE;
            if head == 0 {
                whole.finish = 0;
            }
            let mut at = Some(head);
            while let Some(segment) = at.map(|at| &self.segments[at as usize]) {
                if !segment.real {
                    break;
                }
                reached += 1;
                for part in [segment.maker.map(Span::of), Some(segment.looks)].into_iter().flatten()
                {
                    if part.finish < whole.start {
                        let both = part.first.into_iter().chain(whole.last);
                        return Err(Stop::Impossible(both.collect()));
                    }
                    whole.join(part);
                }
                at = segment.next;
            }
            chains.push((head, whole));
        }
        // What is tied in a ring has no first.
        if reached < real { Err(Stop::Impossible(Vec::new())) } else { Ok(chains) }
    }

    /// What brings a segment about, if anything does.
    fn maker(&self, segment: u32) -> Option<OpId> {
        self.segments[segment as usize].maker.map(|op| op.op)
    }

    /// What brings a segment about, and the looks at it.
    fn spans(&self, segment: u32) -> (Span, Span) {
        let Segment { maker, looks, .. } = &self.segments[segment as usize];
        (maker.map_or(Span::NONE, Span::of), *looks)
    }

    /// The segments of which nobody knows whether they came about, with what would have brought them about.
    fn open(&self) -> impl Iterator<Item = (u32, &'a Op<'a>)> {
        let open = |segment: &Segment<'a>| {
            segment.maker.filter(|op| !segment.real && op.known == Known::Open)
        };
        (0..).zip(&self.segments).filter_map(move |(at, segment)| Some((at, open(segment)?)))
    }

    /// The segments of a chain that came about.
    fn chain(&self, head: u32) -> impl Iterator<Item = u32> {
        let real = |at: &u32| self.segments[*at as usize].real;
        let next = move |at: &u32| self.segments[*at as usize].next.filter(real);
        std::iter::successors(Some(head), next)
    }
}

/// Whether there is an order of the chains that fits.
fn fit(chains: Vec<(u32, Span)>) -> Result<(), Stop> {
    let both = |one: &Span, other: &Span| {
        let ops = [one.first, one.last, other.first, other.last];
        Stop::Impossible(ops.into_iter().flatten().collect())
    };
    let (mut forward, backward): (Vec<_>, Vec<_>) =
        chains.into_iter().map(|(_, span)| span).partition(|span| span.finish < span.start);
    forward.sort_unstable_by_key(|span| span.finish);
    for pair in forward.windows(2) {
        if pair[1].finish < pair[0].start {
            return Err(both(&pair[0], &pair[1]));
        }
    }
    for span in &backward {
        let before = forward.partition_point(|other| other.finish < span.start);
        let there = before.checked_sub(1).map(|at| &forward[at]);
        if let Some(there) = there.filter(|there| span.finish < there.start) {
            return Err(both(there, span));
        }
    }
    Ok(())
}
