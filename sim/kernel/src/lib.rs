//! The simulation kernel: one thread, one clock, one trace.
//!
//! ```text
//!   Action ─▶ ┌────────┐  Event   ┌─────────┐  effects   ┌──────────────┐
//!   (story)   │ queue  │ ───────▶ │ process │ ─────────▶ │ World        │
//!             │ (time, │          └─────────┘            │ links, cuts, │
//!             │ order) │ ◀────── arrivals, timers, syncs │ disks, trace │
//!             └────────┘                                 └──────────────┘
//! ```
//!
//! [`World`] is the whole of it: add nodes, give links a behaviour, schedule [`Action`]s, run. Every
//! choice goes through the one decision point of `simlab-core`; every event becomes a record of the
//! one [`Trace`]. A world can be cloned at any step.
//!
//! What is *absent*: threads, the wall clock, OS entropy, hash-map order, any knowledge of protocols
//! and of scenario files.

mod clock;
mod decisions;
mod disk;
mod fault;
mod limits;
mod network;
mod node;
mod panics;
mod queue;
mod stats;
#[cfg(test)]
mod testing;
mod timers;
pub mod trace;
mod world;

pub use decisions::{Departures, Rest, Script};
pub use disk::DiskFault;
pub use fault::Fault;
pub use limits::{Finding, Limits};
pub use network::{Adversary, Corruption, Insight, LinkSpec, Patch, Reach, Shape, Weather};
pub use node::{ClockSpec, Cost, NodeSpec, Status};
pub use panics::{Caught, guard};
pub use stats::Stats;
pub use trace::{Names, Trace};
pub use world::{Action, Flying, Options, World};
