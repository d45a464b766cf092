//! The kinds of events with their fields: one table for the writer and the reader.

use super::field::Field;
use super::json::Object;
use super::known::Known;
use super::line::Mistake;
use serde_json::{Map, Value};
use simlab_core::Kind;
use simlab_sim::trace::Names;

/// The field of this name.
pub(super) fn field<T: Field>(
    fields: &Map<String, Value>,
    name: &str,
    known: &mut Known,
) -> Result<T, Mistake> {
    let value = fields.get(name).unwrap_or(&Value::Null);
    T::read(value, known).map_err(|expected| Mistake::new(format!("`{name}` must be {expected}")))
}

/// `"the name of the kind" Variant { field = "its name in the file" }`.
macro_rules! kinds {
    ($($kind:literal $variant:ident { $($field:ident = $key:literal),* })*) => {
        /// Writes the name of a kind and its fields.
        pub(super) fn write(kind: &Kind, names: &Names, out: &mut Object<'_>) {
            out.string("kind", kind.name());
            match kind {
                $(Kind::$variant { $($field),* } => {
                    $($field.write(names, out.key($key));)*
                })*
            }
        }

        /// Reads a kind and its fields.
        pub(super) fn read(
            fields: &Map<String, Value>,
            known: &mut Known,
        ) -> Result<Kind, Mistake> {
            Ok(match fields.get("kind").and_then(Value::as_str) {
                $(Some($kind) => Kind::$variant { $($field: field(fields, $key, known)?),* },)*
                _ => return Err(Mistake::new("`kind` must be a kind of event")),
            })
        }
    };
}

kinds! {
    "start" Started {}
    "send" Sent { to = "to", number = "number", len = "len" }
    "deliver" Delivered { from = "from", datagram = "datagram" }
    "drop" Dropped { from = "from", datagram = "datagram", why = "why" }
    "corrupt" Corrupted { from = "from", datagram = "datagram", damage = "damage" }
    "duplicate" Duplicated { from = "from", datagram = "datagram" }
    "timer-set" TimerSet { scope = "scope", key = "key", due = "due" }
    "timer-cancel" TimerCancelled { scope = "scope", key = "key" }
    "timer" TimerFired { scope = "scope", key = "key" }
    "write" Wrote { file = "file", how = "how", at = "offset", len = "len" }
    "sync" SyncAsked { ticket = "ticket", file = "file" }
    "synced" Synced { ticket = "ticket", result = "result" }
    "lost" LostOnCrash { lost = "lost", torn = "torn", kept = "kept" }
    "crash" Crashed {}
    "restart" Restarted {}
    "halt" Halted {}
    "cut" Cut { fault = "fault" }
    "heal" Healed { fault = "fault" }
    "command" Commanded {}
    "unheard" Unheard {}
    "invoke" Invoked { op = "op", session = "session" }
    "return" Returned { op = "op" }
    "note" Noted { name = "name", a = "a", b = "b" }
    "violation" Found { name = "name" }
    "pause" Paused {}
    "resume" Resumed { held = "held" }
    "clock" ClockChanged { jump = "jump", drift = "drift" }
    "leave" Left {}
    "fault" Began { fault = "fault" }
    "fault-end" Ended { fault = "fault" }
    "disk-fault" DiskActed { what = "what", file = "file", at = "place" }
    "wipe" Wiped {}
    "replay" Replayed { from = "from", datagram = "datagram" }
}
