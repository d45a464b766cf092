//! When an element can have come into a set that only grows.

use super::{NEVER, Place};
use simlab_core::OpId;

/// What became of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nobody knows.
    Nothing,
    /// It was done, and brought the element in.
    Inserted,
    /// It was done; whether the element was there before is not told.
    Done,
    /// It was done, and the element was there before.
    WasThere,
    /// It did not happen.
    Refused,
}

impl Told {
    /// Whether it can have brought the element in.
    const fn may_insert(self) -> bool {
        matches!(self, Told::Nothing | Told::Inserted | Told::Done)
    }
}

/// An insertion of an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Insert {
    pub(super) op: OpId,
    pub(super) invoked: Place,
    pub(super) told: Told,
}

/// An element: what is known of its insertions, and of the questions whether it is there.
#[derive(Clone, Debug)]
pub(super) struct Element {
    /// In the order of their invocation.
    inserts: Vec<Insert>,
    /// Which of them was the first to insert it, if it is told.
    certain: Option<u32>,
    /// None before this one can have brought it in.
    first: usize,
    /// Where a question began that did not find it, the last of these.
    missing: Option<(Place, OpId)>,
    /// Where the first returned that says that it is in.
    until: Place,
    until_by: Option<OpId>,
    /// The number of elements of the first place in the chain that has it.
    read_in: Option<usize>,
}

impl Default for Element {
    fn default() -> Self {
        Element {
            inserts: Vec::new(),
            certain: None,
            first: 0,
            missing: None,
            until: NEVER,
            until_by: None,
            read_in: None,
        }
    }
}

impl Element {
    /// One more insertion; returns its number.
    pub(super) fn insert(&mut self, op: OpId, invoked: Place) -> u32 {
        self.inserts.push(Insert { op, invoked, told: Told::Nothing });
        (self.inserts.len() - 1) as u32
    }

    /// It is now known what became of an insertion. Returns that which brought the element in already, if both say that
    /// they did.
    pub(super) fn told(&mut self, place: u32, told: Told) -> Option<OpId> {
        self.inserts[place as usize].told = told;
        while self.inserts.get(self.first).is_some_and(|insert| !insert.told.may_insert()) {
            self.first += 1;
        }
        if told != Told::Inserted {
            return None;
        }
        let other = self.certain.replace(place);
        other.map(|other| self.inserts[other as usize].op)
    }

    /// The element is in when `op` returns at `at`.
    pub(super) fn is_in(&mut self, at: Place, op: OpId) {
        if at < self.until {
            (self.until, self.until_by) = (at, Some(op));
        }
    }

    /// The element was not in at some moment after `at`, where `op` began.
    pub(super) fn was_missing(&mut self, at: Place, op: OpId) {
        self.missing = self.missing.max(Some((at, op)));
    }

    /// The insertion that brings it in, if one can.
    pub(super) fn maker(&self) -> Option<&Insert> {
        match self.certain {
            Some(certain) => self.inserts.get(certain as usize),
            None => self.inserts.get(self.first),
        }
    }

    /// The insertions that were done but did not bring it in.
    pub(super) fn repeated(&self) -> impl Iterator<Item = &Insert> {
        let maker = self.maker().map(|maker| maker.op);
        let done = |told| !matches!(told, Told::Nothing | Told::Refused);
        self.inserts.iter().filter(move |insert| done(insert.told) && Some(insert.op) != maker)
    }

    /// Not before this place does it come in; [`NEVER`] if nothing can have inserted it.
    pub(super) fn from(&self) -> Place {
        let missing = self.missing.map_or(0, |(at, _)| at);
        self.maker().map_or(NEVER, |maker| maker.invoked.max(missing))
    }

    /// What makes it come in so late; the last of them is the one that begins there.
    pub(super) fn late_by(&self) -> Vec<OpId> {
        match (self.missing, self.maker()) {
            (Some((at, op)), Some(maker)) if at > maker.invoked => vec![op],
            (_, Some(maker)) if maker.told == Told::Inserted => vec![maker.op],
            // Any other one could have done it, if nothing were known of that.
            (_, maker) => {
                let last = maker.map(|maker| maker.op);
                let others = self.inserts.iter().map(|insert| insert.op);
                others.filter(|op| Some(*op) != last).chain(last).collect()
            }
        }
    }

    /// Not after this place does it come in; [`NEVER`] if it need not come in at all.
    pub(super) const fn until(&self) -> Place {
        self.until
    }

    /// What shows that.
    pub(super) const fn until_by(&self) -> Option<OpId> {
        self.until_by
    }

    /// The number of elements of the first place in the chain that has it; `None` if none has.
    pub(super) const fn read_in(&self) -> Option<usize> {
        self.read_in
    }

    /// A place of the chain with `size` elements has it, and none before that has.
    pub(super) const fn is_read_in(&mut self, size: usize) {
        self.read_in = Some(size);
    }
}
