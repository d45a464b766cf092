//! One event as a line.

use super::json::{Object, hex, unhex};
use super::kinds;
use super::known::{Known, node_text};
use super::line::Mistake;
use serde_json::Value;
use simlab_core::{Kind, NodeId, Seq, Time, TraceEvent};
use simlab_sim::trace::Names;

/// An event with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    seq: Seq,
    at: Time,
    node: Option<NodeId>,
    cause: Option<Seq>,
    kind: Kind,
    bytes: Vec<u8>,
}

impl Record {
    /// A copy of an event.
    #[must_use]
    pub fn new(event: &TraceEvent<'_>) -> Self {
        let TraceEvent { seq, at, node, cause, kind, bytes } = *event;
        Record { seq, at, node, cause, kind, bytes: bytes.to_vec() }
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> TraceEvent<'_> {
        let Record { seq, at, node, cause, kind, ref bytes } = *self;
        TraceEvent { seq, at, node, cause, kind, bytes }
    }

    /// Reads the line of an event. `bytes` are used again.
    pub(super) fn read(text: &str, known: &mut Known, bytes: Vec<u8>) -> Result<Record, Mistake> {
        let Value::Object(fields) = super::line::parse(text)? else {
            return Err(Mistake::new("a line must be a JSON object"));
        };
        let mut record = Record {
            seq: kinds::field(&fields, "seq", known)?,
            at: kinds::field(&fields, "at", known)?,
            node: None,
            cause: None,
            kind: kinds::read(&fields, known)?,
            bytes,
        };
        if fields.contains_key("node") {
            record.node = Some(kinds::field(&fields, "node", known)?);
        }
        if fields.contains_key("cause") {
            record.cause = Some(kinds::field(&fields, "cause", known)?);
        }
        record.bytes.clear();
        if let Some(digits) = fields.get("bytes")
            && !unhex(digits.as_str().unwrap_or("?"), &mut record.bytes)
        {
            return Err(Mistake::new("`bytes` must be hexadecimal digits, two a byte"));
        }
        Ok(record)
    }

    /// The bytes, to be used again.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Writes an event as the text of a line.
pub(super) fn write(event: &TraceEvent<'_>, names: &Names, out: &mut String) {
    let mut object = Object::new(out);
    object.plain("seq", event.seq.get());
    object.plain("at", event.at.nanos());
    if let Some(node) = event.node {
        object.string("node", &node_text(node, names));
    }
    if let Some(cause) = event.cause {
        object.plain("cause", cause.get());
    }
    kinds::write(&event.kind, names, &mut object);
    if !event.bytes.is_empty() {
        hex(event.bytes, object.key("bytes"));
    }
    object.end();
}
