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
//! A compare-and-set that failed saw another value than it expected. Where an order is found without those,
//! it is asked whether they fit into it; if they do not, another order may do, and the search has to say.

use super::finished::{Known, NEVER, Op, Place, Polynomial, Tested};
use super::texts::{Piece, Texts};
use hashbrown::HashMap;
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
        let failed = table.read(ops)?;
        let chains = table.chains()?;
        let order = in_order(chains)?;
        if failed.is_empty() || Placed::new(&table, &order, ops).fit(failed) {
            Ok(())
        } else {
            Err(Stop::Unfit)
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
    /// Which segment each operation looks at, by its place among the operations.
    looks_at: Vec<Option<u32>>,
}

/// A compare-and-set that found another value than it expected.
struct Failed {
    invoked: Place,
    returned: Place,
    /// The segment of that value; `None` if it never came about.
    from: Option<u32>,
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
            looks_at: vec![None; ops.len()],
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

    /// Takes in what the operations returned. Returns those that found another value than they expected.
    fn read(&mut self, ops: &'a [Op<'a>]) -> Result<Vec<Failed>, Stop> {
        let mut failed = Vec::new();
        // What was seen ties appends together, which must be known before anything is followed back.
        for (n, op) in ops.iter().enumerate() {
            let impossible = Err(Stop::Impossible(vec![op.op]));
            let Known::Done(result) = op.known else { continue };
            match (op.call, result) {
                (Call::Read, value) => {
                    let segment = self.find(value, op)?;
                    self.segments[segment as usize].looks.join(Span::of(op));
                    self.looks_at[n] = Some(segment);
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
                    if let Some(segment) = self.looks_at[n] {
                        self.make_real(segment, op)?;
                    }
                }
                (Call::Cas { from, .. }, Value::Bool(false)) => {
                    // What an append that nobody saw has made of a text depends on the order.
                    if self.texts.is_some() {
                        return Err(Stop::Unfit);
                    }
                    let from = self.by_value.get(from).copied();
                    failed.push(Failed { invoked: op.invoked, returned: op.returned, from });
                }
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
        Ok(failed)
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

    /// The segments of a chain that came about.
    fn chain(&self, head: u32) -> impl Iterator<Item = u32> {
        let real = |at: &u32| self.segments[*at as usize].real;
        let next = move |at: &u32| self.segments[*at as usize].next.filter(real);
        std::iter::successors(Some(head), next)
    }
}

/// The chains, by their first segments, in an order that fits.
fn in_order(chains: Vec<(u32, Span)>) -> Result<Vec<u32>, Stop> {
    let both = |one: &Span, other: &Span| {
        let ops = [one.first, one.last, other.first, other.last];
        Stop::Impossible(ops.into_iter().flatten().collect())
    };
    let (mut forward, backward): (Vec<_>, Vec<_>) =
        chains.into_iter().partition(|(_, span)| span.finish < span.start);
    forward.sort_unstable_by_key(|(_, span)| span.finish);
    for pair in forward.windows(2) {
        if pair[1].1.finish < pair[0].1.start {
            return Err(both(&pair[0].1, &pair[1].1));
        }
    }
    let mut order: Vec<(Place, u32)> =
        forward.iter().map(|(head, span)| (span.finish, *head)).collect();
    for (head, span) in &backward {
        let before = forward.partition_point(|(_, other)| other.finish < span.start);
        let there = before.checked_sub(1).map(|at| &forward[at].1);
        if let Some(there) = there.filter(|there| span.finish < there.start) {
            return Err(both(there, span));
        }
        // At its beginning, unless another chain is there: then as soon as that is over. The initial value,
        // which nobody may have asked for, comes first.
        let until = there.map_or(0, |there| there.start);
        order.push((if *head == 0 { 0 } else { span.start.max(until).max(1) }, *head));
    }
    order.sort_unstable();
    Ok(order.into_iter().map(|(_, head)| head).collect())
}

/// All operations that took effect, in an order that fits.
struct Placed {
    /// The segment in which each of them stands.
    segments: Vec<u32>,
    /// The returns, each with the last place of all up to it.
    returned: Vec<(Place, usize)>,
    /// The invocations, each with the first place of all from it on.
    invoked: Vec<(Place, usize)>,
    /// Where each segment ends.
    ends: BTreeMap<u32, usize>,
}

impl Placed {
    fn new(table: &Table<'_>, order: &[u32], ops: &[Op<'_>]) -> Self {
        let mut looks: Vec<(u32, Place, &Op<'_>)> = ops
            .iter()
            .zip(&table.looks_at)
            .filter_map(|(op, segment)| Some(((*segment)?, op.invoked, op)))
            .collect();
        looks.sort_unstable_by_key(|&(segment, invoked, _)| (segment, invoked));
        let mut placed = Placed {
            segments: Vec::new(),
            returned: Vec::new(),
            invoked: Vec::new(),
            ends: BTreeMap::new(),
        };
        for segment in order.iter().flat_map(|head| table.chain(*head)) {
            let maker = table.segments[segment as usize].maker;
            let from = looks.partition_point(|(other, ..)| *other < segment);
            let looks = looks[from..].iter().take_while(|(other, ..)| *other == segment);
            for op in maker.into_iter().chain(looks.map(|(.., op)| *op)) {
                let place = placed.segments.len();
                placed.segments.push(segment);
                placed.returned.push((op.returned, place));
                placed.invoked.push((op.invoked, place));
            }
            placed.ends.insert(segment, placed.segments.len());
        }
        placed.returned.sort_unstable();
        placed.invoked.sort_unstable();
        let mut last = 0;
        for (_, place) in &mut placed.returned {
            last = last.max(*place);
            *place = last;
        }
        let mut first = usize::MAX;
        for (_, place) in placed.invoked.iter_mut().rev() {
            first = first.min(*place);
            *place = first;
        }
        placed
    }

    /// Whether each of `failed` has a moment at which another value is there. Each takes the first that comes
    /// after those of all that had returned before it began.
    fn fit(&self, mut failed: Vec<Failed>) -> bool {
        failed.sort_unstable_by_key(|cas| cas.invoked);
        let mut by_return: Vec<usize> = (0..failed.len()).collect();
        by_return.sort_unstable_by_key(|&at| failed[at].returned);
        let mut over = by_return.into_iter().peekable();
        let mut moments = vec![0; failed.len()];
        let mut earliest = 0;
        for (n, cas) in failed.iter().enumerate() {
            while let Some(before) = over.next_if(|&at| failed[at].returned < cas.invoked) {
                earliest = earliest.max(moments[before]);
            }
            let before = self.returned.partition_point(|(at, _)| *at < cas.invoked);
            let after = self.invoked.partition_point(|(at, _)| *at < cas.returned);
            // So many operations come before it, at least and at most.
            let least = before.checked_sub(1).map_or(0, |at| self.returned[at].1 + 1).max(earliest);
            let most = self.invoked.get(after).map_or(self.segments.len(), |(_, place)| *place);
            let there = least.checked_sub(1).map_or(0, |at| self.segments[at]);
            // The first operation after the time of the value that it did not find ends that.
            let end = || self.ends.get(&there).copied().unwrap_or(0) + 1;
            moments[n] = if cas.from == Some(there) { end() } else { least };
            if moments[n] > most || moments[n] > self.segments.len() {
                return false;
            }
        }
        true
    }
}
