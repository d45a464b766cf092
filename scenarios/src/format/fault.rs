//! Faults: what is done to the world, when, and to whom.

use super::amount::{Room, scaled};
use super::link::LinksFault;
use super::machine::{Drift, Offset};
use super::part::{At, Definitions, Format, Reader, Toml, described, one_key, table};
use super::scalar::{Names, integer, whole};
use crate::Text;
use serde_json::{Value as Json, json};
use simlab_core::{Distribution, Duration, Ratio};
use toml::de::DeValue;

table! {
    /// A fault.
    FaultTable = "a fault" {
        /// What it is called.
        "name" name: String, optional;
        /// When it begins.
        "at" at: Duration, required;
        /// When it ends: cut links heal, crashed nodes restart; default: not in this run.
        "until" until: Duration, optional;
        /// What it does.
        "do" action: ActionTable, required;
        /// What it breaks, if it is more than a service that it concerns tolerates.
        "outside" outside: Text, optional;
    }
}

table! {
    /// A cut of one direction.
    OneWay = "a one-way cut" {
        /// The senders that are not heard: nodes or sites.
        "from" from: Names, required;
        /// The receivers that do not hear them: nodes or sites.
        "to" to: Names, required;
    }
}

table! {
    /// A cut between two sides with nodes between them that reach both.
    Bridge = "a bridge" {
        /// One side: nodes or sites.
        "left" left: Names, required;
        /// The other side: nodes or sites.
        "right" right: Names, required;
        /// The nodes or sites that reach both.
        "via" via: Names, required;
    }
}

table! {
    /// A cut that comes and goes: it begins cut, and is whole at the end. Exactly one of
    /// `partition`, `one_way`, `bridge` and `isolate` is given.
    Flap = "a flap" {
        /// Groups of nodes or sites that cannot reach each other.
        "partition" partition: Groups, optional;
        /// Nothing passes in one direction.
        "one_way" one_way: OneWay, optional;
        /// Two sides that only some nodes reach.
        "bridge" bridge: Bridge, optional;
        /// Nodes or sites that reach nobody.
        "isolate" isolate: Names, optional;
        /// How long the links work in between: a time above zero, or a distribution.
        "up" up: Distribution, required;
        /// How long they are cut: a time above zero, or a distribution.
        "down" down: Distribution, required;
    }
}

table! {
    /// Syncs at which nodes crash.
    CrashAtSync = "a crash at syncs" {
        /// Whose syncs: nodes or sites.
        "nodes" nodes: Names, required;
        /// How likely a sync crashes its node.
        "rate" rate: Ratio, required;
        /// How long the node is then down; default "1s".
        "down" down: Duration, optional;
    }
}

table! {
    /// Nodes that take longer to handle events.
    Slow = "a slow-down" {
        /// Which nodes or sites; all must have a `cost`.
        "nodes" nodes: Names, required;
        /// How many times longer they take.
        "factor" factor: Factor, required;
    }
}

table! {
    /// Clocks that change.
    ClockFault = "a fault of clocks" {
        /// Whose: nodes or sites.
        "nodes" nodes: Names, required;
        /// By how much their wall clocks jump: `"-3s"`; at the end they are set right again.
        "jump" jump: Offset, optional;
        /// How much their clocks gain meanwhile, instead of what they usually do: `"200ppm"`,
        /// `"-0.5%"`.
        "drift" drift: Drift, optional;
    }
}

table! {
    /// Disks that do not do what they are told: exactly one of the faults is given.
    DiskFault = "a fault of disks" {
        /// Whose: nodes or sites.
        "nodes" nodes: Names, required;
        /// How likely a write fails; the next sync says so.
        "write_errors" write_errors: Ratio, optional;
        /// Files that cannot be read: those whose names begin so; "" for all.
        "read_errors" read_errors: String, optional;
        /// How long a sync takes instead.
        "slow_sync" slow_sync: Distribution, optional;
        /// `true`: syncs do nothing and say that all is well.
        "lying_sync" lying_sync: bool, optional;
        /// How likely a write goes to another place.
        "misdirected" misdirected: Ratio, optional;
        /// For how many bytes there is room.
        "full" full: Room, optional;
        /// How many bits flip, at the beginning of the fault.
        "rot" rot: Flips, optional;
    }
}

/// The keys of a flap of which exactly one is given.
pub(crate) const SHAPES: [&str; 4] = ["partition", "one_way", "bridge", "isolate"];

/// The keys of a fault of disks of which exactly one is given.
pub(crate) const DISK_FAULTS: [&str; 7] =
    ["write_errors", "read_errors", "slow_sync", "lying_sync", "misdirected", "full", "rot"];

/// What a fault does.
#[derive(Debug)]
pub(crate) enum ActionTable {
    Partition(Vec<At<Names>>),
    OneWay(OneWay),
    Bridge(Bridge),
    Isolate(Names),
    Flap(Box<Flap>),
    Links(Box<LinksFault>),
    Crash(Names),
    Wipe(Names),
    CrashAtSync(CrashAtSync),
    Pause(Names),
    Slow(Slow),
    Clock(ClockFault),
    Disk(DiskFault),
    Leave(Names),
}

impl Format for ActionTable {
    fn expected() -> String {
        "a fault such as { partition = [[\"a\"], [\"b\"]] } or { crash = [\"a\"] }".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        const KINDS: [&str; 14] = [
            "partition",
            "one_way",
            "bridge",
            "isolate",
            "flap",
            "links",
            "crash",
            "wipe",
            "crash_at_sync",
            "pause",
            "slow",
            "clock",
            "disk",
            "leave",
        ];
        let (kind, value) = reader.choice(value, "a fault", &Self::expected(), &KINDS)?;
        Some(match kind {
            "partition" => ActionTable::Partition(Groups::read(value, reader)?.0),
            "one_way" => ActionTable::OneWay(Format::read(value, reader)?),
            "bridge" => ActionTable::Bridge(Format::read(value, reader)?),
            "isolate" => ActionTable::Isolate(Format::read(value, reader)?),
            "flap" => ActionTable::Flap(Box::new(Flap::read(value, reader)?)),
            "links" => ActionTable::Links(Box::new(LinksFault::read(value, reader)?)),
            "crash" => ActionTable::Crash(Format::read(value, reader)?),
            "wipe" => ActionTable::Wipe(Format::read(value, reader)?),
            "crash_at_sync" => ActionTable::CrashAtSync(Format::read(value, reader)?),
            "pause" => ActionTable::Pause(Format::read(value, reader)?),
            "slow" => ActionTable::Slow(Format::read(value, reader)?),
            "clock" => ActionTable::Clock(Format::read(value, reader)?),
            "disk" => ActionTable::Disk(Format::read(value, reader)?),
            _ => ActionTable::Leave(Format::read(value, reader)?),
        })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        if !definitions.contains_key("Action") {
            let names = Names::schema(definitions);
            let groups = Groups::schema(definitions);
            let of = |key, what| one_key(key, names.clone(), what);
            let action = json!({ "description": "What a fault does.", "anyOf": [
                one_key("partition", groups, "Groups of nodes or sites that cannot reach each other."),
                one_key("one_way", OneWay::schema(definitions), "Nothing passes in one direction."),
                one_key("bridge", Bridge::schema(definitions), "Two sides that only some nodes reach."),
                of("isolate", "Nodes or sites that reach nobody."),
                one_key("flap", Flap::schema(definitions), "A cut that comes and goes."),
                one_key("links", LinksFault::schema(definitions), "Links that are other than usual."),
                of("crash", "Nodes or sites that stop; at the end they restart."),
                of("wipe", "Nodes or sites that stop, and restart with an empty disk."),
                one_key("crash_at_sync", CrashAtSync::schema(definitions), "Nodes that crash as they sync."),
                of("pause", "Nodes or sites that stand still, and go on at the end."),
                one_key("slow", Slow::schema(definitions), "Nodes that take longer to handle events."),
                one_key("clock", ClockFault::schema(definitions), "Clocks that jump, or run fast or slow."),
                one_key("disk", DiskFault::schema(definitions), "Disks that do not do what they are told."),
                of("leave", "Nodes or sites that leave for good."),
            ]});
            definitions.insert("Action".to_owned(), action);
        }
        described(json!({ "$ref": "#/definitions/Action" }), "What a fault does.")
    }
}

/// Groups of nodes or sites: at least two.
#[derive(Debug)]
pub(crate) struct Groups(pub(crate) Vec<At<Names>>);

impl Format for Groups {
    fn expected() -> String {
        "groups of nodes or sites such as [[\"a\"], [\"b\"]]".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if value.get_ref().as_array().is_some_and(|groups| groups.len() < 2) {
            reader.error(value, "a partition has at least two groups");
        }
        Format::read(value, reader).map(Groups)
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "type": "array", "items": Names::schema(definitions), "minItems": 2 })
    }
}

/// How many times longer something takes, in percent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor(pub(crate) u32);

/// The largest factor: what takes longer is a pause.
const FACTOR_MAX: u64 = 10_000;

impl Format for Factor {
    fn expected() -> String {
        format!("a number above 1, up to {FACTOR_MAX}, with at most two digits after the point")
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = match value.get_ref() {
            DeValue::Integer(n) => integer(n).map_or_else(String::new, |n| n.to_string()),
            DeValue::Float(x) => x.as_str().to_owned(),
            _ => String::new(),
        };
        let percent = scaled(&text, 100).filter(|n| (101..=FACTOR_MAX * 100).contains(n));
        if percent.is_none() {
            reader.wrong(value, &Self::expected());
        }
        percent.map(|percent| Factor(percent as u32))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "number", "exclusiveMinimum": 1, "maximum": FACTOR_MAX })
    }
}

/// How many bits of a disk flip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flips(pub(crate) u32);

/// The most bits that flip at once: each is a record of the trace.
const FLIPS_MAX: u64 = 10_000;

impl Format for Flips {
    fn expected() -> String {
        format!("a whole number from 1 to {FLIPS_MAX}")
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        whole(value, reader, 1, FLIPS_MAX).map(|n| Flips(n as u32))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "minimum": 1, "maximum": FLIPS_MAX })
    }
}
