//! The interface of simlab: what a simulated process sees, and what it can cause.
//!
//! A [`Process`] is a plain state machine. A *driver* (the simulation kernel, and later a UDP
//! socket or a pipe) hands it one [`Event`] at a time together with an [`Env`]; the process changes
//! its own state and asks for [`Effect`]s, which the driver carries out after the handler returned.
//!
//! ```text
//!            Event                         Effect list
//!  driver ──────────▶  Process::on_event  ────────────▶  driver
//!            Env: now, wall, random, disk (read)
//! ```
//!
//! What is *absent* here, on purpose: threads, async, sockets, the wall clock, OS entropy, floating
//! point in any state or ordering, and every dependency on the rest of simlab.

mod checker;
mod decision;
mod digest;
mod disk;
mod dissect;
mod distribution;
mod effect;
mod entry;
mod env;
mod fault;
mod fields;
mod gate;
pub mod history;
mod id;
mod layer;
mod layered;
mod params;
mod process;
mod ratio;
mod seed;
mod stack;
mod time;
mod trace;
pub mod wire;

pub use checker::{Checker, CheckerErased, Interest, View, Violation};
pub use decision::{
    Choice, Decide, Domain, ParseChoiceError, Point, Seeded, Sequence, Who, harmless,
};
pub use digest::Digest;
pub use disk::{Disk, DiskError, NoDisk};
pub use dissect::{Dissection, Part};
pub use distribution::Distribution;
pub use effect::{Effect, Outbox, Receivers, Slice};
pub use entry::{
    Account, Arguments, Build, BuildError, Declared, Dissect, Entry, Goal, Inspect, Inspection,
    Invariant, Member, Readable, Role, Switch,
};
pub use env::{Counters, Env, Moment};
pub use fault::{FaultKind, FaultModel, Tolerance, Tolerates, tolerates};
pub use fields::{Field, FieldValue, Fields};
pub use gate::Gate;
pub use history::{Access, Call, Operation, Outcome, Value};
pub use id::{NodeId, OpId, Port, Scope, Seq, Session, Ticket, TimerKey};
pub use layer::{ErasedLayer, Hop, Hops, Layer};
pub use layered::{BuildLayer, LayerEntry, Layered, Peel, Peeled, Repair};
pub use params::{Argument, Parameter, ParameterError, ParameterKind};
pub use process::{Erased, Event, Process};
pub use ratio::{ParseRatioError, Ratio};
pub use seed::stream;
pub use stack::Stack;
pub use time::{Duration, ParseDurationError, Time};
pub use trace::{Damage, DiskAct, DropReason, FaultId, Kind, NameId, TraceEvent, WriteKind};
