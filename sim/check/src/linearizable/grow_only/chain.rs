//! The chain of what was read.

use super::clash::Clash;
use super::{Found, GrowOnly, Look, NEVER, Place};
use simlab_core::{OpId, Value};

/// What something is bounded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Nothing.
    Nothing,
    /// This read, which found so many elements.
    Read(OpId, usize),
    /// This element.
    Element(u32),
}

/// A place before or after which something must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) at: Place,
    pub(super) by: By,
}

impl Limit {
    const FIRST: Limit = Limit { at: 0, by: By::Nothing };
    const LAST: Limit = Limit { at: NEVER, by: By::Nothing };

    fn later(self, other: Limit) -> Limit {
        if other.at > self.at { other } else { self }
    }

    fn earlier(self, other: Limit) -> Limit {
        if other.at < self.at { other } else { self }
    }
}

/// The reads that found the same, and the elements that come in before them and after those that found less.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// One of the reads.
    pub(super) one: OpId,
    elements: Vec<u32>,
    /// None of the elements may come in before the one, nor after the other.
    from: Limit,
    until: Limit,
    /// The reads began before the one, and returned after the other: the latest and the earliest of those.
    began: Limit,
    returned: Limit,
    /// At the earliest all of it is over by then.
    over: Limit,
}

impl Group {
    const fn new(one: OpId) -> Self {
        let (first, last) = (Limit::FIRST, Limit::LAST);
        let (from, until, began, returned) = (first, last, first, last);
        Group { one, elements: Vec::new(), from, until, began, returned, over: first }
    }

    /// An element is bounded so.
    pub(super) fn bound(&mut self, from: Limit, until: Limit) {
        self.from = self.from.later(from);
        self.until = self.until.earlier(until);
    }

    /// The earliest moment of the reads, if all before them is over at `before`.
    const fn start(&self, before: Place) -> Place {
        if before > self.from.at { before } else { self.from.at }
    }
}

impl GrowOnly {
    /// A read has found `all`.
    pub(super) fn read(&mut self, op: OpId, invoked: Place, all: &[Value]) -> Result<(), Clash> {
        // It displays a set as no other, so that none else can have been there.
        if !all.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(Clash::Nonsense(op));
        }
        let size = all.len();
        let lower = self.chain.range(..=size).next_back().map_or(0, |(size, _)| *size);
        let upper = self.chain.range(size..).next().map(|(size, _)| *size);
        // So many of them the one below has too; these only the one above; and these none of both.
        let (mut below, mut fresh, mut astray) = (0, Vec::new(), false);
        for value in all {
            let number = self.element(value);
            let element = &self.elements[number as usize];
            match element.read_in() {
                Some(size) if size <= lower => below += 1,
                read_in => {
                    if element.maker().is_none() {
                        return Err(Clash::Nowhere { element: number, seen: op });
                    }
                    astray |= read_in != upper;
                    fresh.push(number);
                }
            }
        }
        if below < lower {
            return Err(self.apart(op, all, lower));
        }
        if let Some(upper) = upper.filter(|_| astray) {
            return Err(self.apart(op, all, upper));
        }
        let by = By::Read(op, size);
        if upper != Some(size) {
            let group = self.group(Group::new(op), fresh, size);
            self.chain.insert(size, group);
            if let Some(mut above) =
                upper.and_then(|upper| self.chain.remove(&upper).map(|group| (upper, group)))
            {
                let elements = std::mem::take(&mut above.1.elements);
                let left = elements
                    .into_iter()
                    .filter(|element| self.elements[*element as usize].read_in() != Some(size));
                let left = left.collect();
                (above.1.from, above.1.until) = (Limit::FIRST, Limit::LAST);
                let group = self.group(above.1, left, above.0);
                self.chain.insert(above.0, group);
            }
        }
        if let Some(group) = self.chain.get_mut(&size) {
            group.began = group.began.later(Limit { at: invoked, by });
            group.returned = group.returned.earlier(Limit { at: self.now, by });
        }
        self.looked(Look { op, invoked, found: Found::All(size) });
        self.settle(size)
    }

    /// Puts elements into a group.
    fn group(&mut self, mut group: Group, elements: Vec<u32>, size: usize) -> Group {
        for &number in &elements {
            let element = &mut self.elements[number as usize];
            element.is_read_in(size);
            self.unread.remove(&(element.until(), number));
            let limit = |at| Limit { at, by: By::Element(number) };
            group.bound(limit(element.from()), limit(element.until()));
        }
        group.elements = elements;
        group
    }

    /// Two reads that are not one in the other: that which found `all`, and one that found so many elements.
    fn apart(&self, op: OpId, all: &[Value], size: usize) -> Clash {
        let Some(group) = self.chain.get(&size) else { return Clash::Nonsense(op) };
        Clash::Apart { one: op, other: group.one, all: all.to_vec(), size }
    }

    /// Finds the earliest moments again, from the place with so many elements on.
    pub(super) fn settle(&mut self, size: usize) -> Result<(), Clash> {
        let mut before = self.over(size);
        for group in self.chain.range_mut(size..).map(|(_, group)| group) {
            if group.until.at < before.at {
                return Err(Clash::Late { until: group.until.by, from: before.by });
            }
            let start = before.later(group.from);
            if group.returned.at < start.at {
                return Err(Clash::Late { until: group.returned.by, from: start.by });
            }
            let over = start.later(group.began);
            if over.at == group.over.at {
                return Ok(());
            }
            group.over = over;
            before = over;
        }
        self.fit_unread()
    }

    /// Whether the elements that no read found can come in after all reads.
    pub(super) fn fit_unread(&self) -> Result<(), Clash> {
        let last = self.over(usize::MAX);
        match self.unread.first() {
            Some(&(until, element)) if until < last.at => {
                Err(Clash::Late { until: By::Element(element), from: last.by })
            }
            _ => Ok(()),
        }
    }

    /// When all reads are over that found less.
    fn over(&self, size: usize) -> Limit {
        self.chain.range(..size).next_back().map_or(Limit::FIRST, |(_, group)| group.over)
    }

    /// When an element comes in, at the earliest.
    pub(super) fn comes_in(&self, number: u32) -> Place {
        let element = &self.elements[number as usize];
        self.over(element.read_in().unwrap_or(usize::MAX)).at.max(element.from())
    }

    /// When a read that began at `invoked` and found so many elements takes place, at the earliest.
    pub(super) fn takes_place(&self, invoked: Place, size: usize) -> Place {
        let start = self.chain.get(&size).map_or(0, |group| group.start(self.over(size).at));
        start.max(invoked)
    }

    /// One of the elements that a place of the chain has and none before it.
    pub(super) fn one_new(&self, size: usize) -> Option<u32> {
        self.chain.get(&size)?.elements.first().copied()
    }
}
