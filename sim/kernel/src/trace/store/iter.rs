//! Going through the records of a trace.

use super::Trace;
use super::chunk::{RECORDS_PER_BLOCK, Reader};
use simlab_core::TraceEvent;
use std::iter::FusedIterator;

/// The records of a trace, in order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    trace: &'a Trace,
    /// How many records are before the next, and before the end.
    next: u64,
    end: u64,
    /// Stands before the next record, if that does not begin a block.
    reader: Option<Reader<'a>>,
    /// Records before the end, read already.
    tail: Vec<TraceEvent<'a>>,
}

impl<'a> Iter<'a> {
    pub(super) fn new(trace: &'a Trace, next: u64) -> Self {
        let end = trace.len();
        Iter { trace, next: next.min(end), end, reader: None, tail: Vec::new() }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = TraceEvent<'a>;

    #[inline]
    fn next(&mut self) -> Option<TraceEvent<'a>> {
        if self.next == self.end {
            return None;
        }
        if self.reader.is_none() {
            self.reader = self.trace.read(self.next);
        }
        let reader = self.reader.as_mut()?;
        let record = reader.next();
        self.next += 1;
        if self.next.is_multiple_of(RECORDS_PER_BLOCK) {
            self.reader = None;
        }
        Some(self.trace.event(self.next, record))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.end - self.next);
        (*left.as_ref().unwrap_or(&usize::MAX), left.ok())
    }

    fn nth(&mut self, n: usize) -> Option<TraceEvent<'a>> {
        let next = self.next.saturating_add(n as u64).min(self.end);
        if next / RECORDS_PER_BLOCK != self.next / RECORDS_PER_BLOCK {
            self.reader = None;
        } else if let Some(reader) = &mut self.reader {
            while reader.before() < next {
                reader.next();
            }
        }
        self.next = next;
        self.next()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.next == self.end {
            return None;
        }
        if self.tail.is_empty() {
            // Records can be read forwards alone: a block at a time.
            let begin = (self.end - 1) / RECORDS_PER_BLOCK * RECORDS_PER_BLOCK;
            let front = Iter {
                trace: self.trace,
                next: begin.max(self.next),
                end: self.end,
                reader: None,
                tail: Vec::new(),
            };
            self.tail.extend(front);
        }
        self.end -= 1;
        self.tail.pop()
    }
}

impl FusedIterator for Iter<'_> {}
