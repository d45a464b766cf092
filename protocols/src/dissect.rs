//! Reading a datagram field by field, with the place of each field.

use simlab_core::wire::{Reader, WireError};
use simlab_core::{Dissection, Part};
use std::fmt;

/// A [`Reader`] that remembers where it found what.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    reader: Reader<'a>,
    parts: Vec<Part>,
}

impl<'a> Walk<'a> {
    /// A walk from the start of `bytes`.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Walk { reader: Reader::new(bytes), parts: Vec::new() }
    }

    /// Reads one field and shows it as it prints.
    pub(crate) fn field<T: fmt::Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, WireError>,
    ) -> Option<T> {
        self.shown(name, read, T::to_string)
    }

    /// Reads one field and shows it as `show` says.
    pub(crate) fn shown<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, WireError>,
        show: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let start = self.reader.position();
        let value = read(&mut self.reader).ok()?;
        let bytes = start..self.reader.position();
        self.parts.push(Part { name, value: show(&value), bytes });
        Some(value)
    }

    /// The dissection, if the walk has come to the end; `port` is the byte that a parent peeled off.
    pub(crate) fn finish(mut self, kind: &str, summary: &str, port: u8) -> Option<Dissection> {
        let end = self.reader.position();
        self.parts.push(Part { name: "port", value: port.to_string(), bytes: end..end + 1 });
        self.end(kind, summary)
    }

    /// The same for a datagram that has no port.
    pub(crate) fn end(self, kind: &str, summary: &str) -> Option<Dissection> {
        self.reader.finish().ok()?;
        let summary =
            if summary.is_empty() { kind.to_owned() } else { format!("{kind} {summary}") };
        Some(Dissection { kind: kind.to_owned(), summary, parts: self.parts })
    }
}
