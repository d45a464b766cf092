//! How the fields of events are written and read.

use super::intern::intern;
use super::json::{plain, string};
use super::known::{Known, node_text};
use serde_json::Value;
use simlab_core::{
    Damage, DiskAct, DiskError, DropReason, FaultId, NameId, NodeId, OpId, Scope, Seq, Session,
    Ticket, Time, WriteKind,
};
use simlab_sim::trace::Names;
use std::num::NonZeroU64;

/// A field of an event. What cannot be read is answered with what was expected.
pub(super) trait Field: Sized {
    fn write(&self, names: &Names, out: &mut String);
    fn read(value: &Value, known: &mut Known) -> Result<Self, String>;
}

/// Fields that are whole numbers.
macro_rules! numbers {
    ($($type:ty: $write:expr, $read:expr;)*) => {
        $(impl Field for $type {
            fn write(&self, _: &Names, out: &mut String) {
                let number: fn(&$type) -> u64 = $write;
                plain(number(self), out);
            }
            fn read(value: &Value, _: &mut Known) -> Result<Self, String> {
                let read: fn(u64) -> Option<$type> = $read;
                let number = value.as_u64().and_then(read);
                number.ok_or_else(|| "a whole number in its range".to_owned())
            }
        })*
    };
}

numbers! {
    u64: |n| *n, Some;
    u32: |n| u64::from(*n), |n| n.try_into().ok();
    Time: |n| n.0, |n| Some(Time(n));
    Seq: |n| n.get(), |n| NonZeroU64::new(n).map(Seq);
    Scope: |n| u64::from(n.bits()), |n| Scope::from_bits(n.try_into().ok()?);
    Ticket: |n| n.0, |n| Some(Ticket(n));
    Session: |n| u64::from(n.0), |n| n.try_into().ok().map(Session);
    FaultId: |n| u64::from(n.0), |n| n.try_into().ok().map(FaultId);
}

impl Field for i64 {
    fn write(&self, _: &Names, out: &mut String) {
        plain(self, out);
    }
    fn read(value: &Value, _: &mut Known) -> Result<Self, String> {
        value.as_i64().ok_or_else(|| "a whole number in its range".to_owned())
    }
}

/// Fields that are one of a few words.
macro_rules! words {
    ($($type:ty { $($word:literal = $value:pat => $make:expr,)* })*) => {
        $(impl Field for $type {
            fn write(&self, _: &Names, out: &mut String) {
                string(match self { $($value => $word,)* }, out);
            }
            fn read(value: &Value, _: &mut Known) -> Result<Self, String> {
                match value.as_str() {
                    $(Some($word) => Ok($make),)*
                    _ => Err(format!("one of {}", [$($word),*].join(", "))),
                }
            }
        })*
    };
}

words! {
    WriteKind {
        "append" = WriteKind::Append => WriteKind::Append,
        "write-at" = WriteKind::WriteAt => WriteKind::WriteAt,
        "replace" = WriteKind::Replace => WriteKind::Replace,
        "truncate" = WriteKind::Truncate => WriteKind::Truncate,
        "remove" = WriteKind::Remove => WriteKind::Remove,
        "rename" = WriteKind::Rename => WriteKind::Rename,
    }
    Result<(), DiskError> {
        "ok" = Ok(()) => Ok(()),
        "read-error" = Err(DiskError::Read) => Err(DiskError::Read),
        "write-error" = Err(DiskError::Write) => Err(DiskError::Write),
        "disk-full" = Err(DiskError::Full) => Err(DiskError::Full),
    }
}

impl Field for DropReason {
    fn write(&self, _: &Names, out: &mut String) {
        string(self.name(), out);
    }
    fn read(value: &Value, _: &mut Known) -> Result<Self, String> {
        named(value, &DropReason::ALL, DropReason::name)
    }
}

impl Field for DiskAct {
    fn write(&self, _: &Names, out: &mut String) {
        string(self.name(), out);
    }
    fn read(value: &Value, _: &mut Known) -> Result<Self, String> {
        named(value, &DiskAct::ALL, DiskAct::name)
    }
}

/// The one of `all` that has this name.
fn named<T: Copy>(value: &Value, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().find(|one| value.as_str() == Some(name(**one)));
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        format!("one of {}", names.join(", "))
    })
}

impl Field for NodeId {
    fn write(&self, names: &Names, out: &mut String) {
        string(&node_text(*self, names), out);
    }
    fn read(value: &Value, known: &mut Known) -> Result<Self, String> {
        known.read_node(value.as_str().unwrap_or(""))
    }
}

/// `customer-b.3`: the node, and the number of its operation.
impl Field for OpId {
    fn write(&self, names: &Names, out: &mut String) {
        string(&format!("{}.{}", node_text(self.node(), names), self.number()), out);
    }
    fn read(value: &Value, known: &mut Known) -> Result<Self, String> {
        let parts = value.as_str().and_then(|text| text.rsplit_once('.'));
        let op = parts.and_then(|(node, number)| {
            Some(OpId::of(known.read_node(node).ok()?, number.parse().ok()?))
        });
        op.ok_or_else(|| "an operation such as \"customer-b.3\"".to_owned())
    }
}

impl Field for NameId {
    fn write(&self, names: &Names, out: &mut String) {
        string(names.file(*self), out);
    }
    fn read(value: &Value, known: &mut Known) -> Result<Self, String> {
        known.read_file(value)
    }
}

impl Field for Option<NameId> {
    fn write(&self, names: &Names, out: &mut String) {
        match self {
            Some(file) => file.write(names, out),
            None => out.push_str("null"),
        }
    }
    fn read(value: &Value, known: &mut Known) -> Result<Self, String> {
        if value.is_null() { Ok(None) } else { known.read_file(value).map(Some) }
    }
}

impl Field for &'static str {
    fn write(&self, _: &Names, out: &mut String) {
        string(self, out);
    }
    fn read(value: &Value, _: &mut Known) -> Result<Self, String> {
        intern(value.as_str().ok_or_else(|| "a name".to_owned())?)
    }
}

/// `["burst",16,9]`: the mode, and its numbers in the order in which [`Damage`] has them.
impl Field for Damage {
    fn write(&self, _: &Names, out: &mut String) {
        plain(
            match self {
                Damage::Flipped { bits } => format!(r#"["flipped",{bits}]"#),
                Damage::Burst { first, len } => format!(r#"["burst",{first},{len}]"#),
                Damage::Swapped { first, second } => format!(r#"["swapped",{first},{second}]"#),
                Damage::Zeroed { start, len } => format!(r#"["zeroed",{start},{len}]"#),
                Damage::Edited { at } => format!(r#"["edited",{at}]"#),
            },
            out,
        );
    }
    fn read(value: &Value, _: &mut Known) -> Result<Self, String> {
        let parts = value.as_array().map_or(&[][..], Vec::as_slice);
        let number = |n: usize| parts.get(n)?.as_u64()?.try_into().ok();
        let damage = match parts.first().and_then(Value::as_str) {
            Some("flipped") => number(1).map(|bits| Damage::Flipped { bits }),
            Some("burst") => {
                number(1).zip(number(2)).map(|(first, len)| Damage::Burst { first, len })
            }
            Some("swapped") => {
                number(1).zip(number(2)).map(|(first, second)| Damage::Swapped { first, second })
            }
            Some("zeroed") => {
                number(1).zip(number(2)).map(|(start, len)| Damage::Zeroed { start, len })
            }
            Some("edited") => number(1).map(|at| Damage::Edited { at }),
            _ => None,
        };
        damage.ok_or_else(|| "a damage such as [\"burst\",16,9]".to_owned())
    }
}
