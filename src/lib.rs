//! simlab: a deterministic distributed-systems simulator and teaching lab.
//!
//! The command line is a library too. A crate with a protocol of its own writes a [`Process`], an
//! [`Entry`] that describes it, and
//!
//! ```no_run
//! # use simlab::core::Entry;
//! # const MY_ENTRY: Entry = Entry::server("mine", "does nothing", |_| unreachable!());
//! fn main() -> std::process::ExitCode {
//!     simlab::main_with(&[&MY_ENTRY])
//! }
//! ```
//!
//! and has `run`, `log`, `list` and all the rest with its own services in them
//! (`examples/echo.rs` is a whole one). [`property`] tests it: a failure becomes a counterexample in ten
//! sentences (`examples/register.rs`).
//!
//! [`Process`]: simlab_core::Process
//! [`Entry`]: simlab_core::Entry

mod cli;
pub mod property;

pub use simlab_check as check;
pub use simlab_core as core;
pub use simlab_protocols as protocols;
pub use simlab_scenarios as scenarios;
pub use simlab_sim as sim;

use simlab_core::Entry;
use std::process::ExitCode;

/// The whole command line, with the user's own services beside the lab's. An entry that has the
/// name of one of the lab's takes its place.
///
/// Exit status: 0 everything as expected, 1 an expectation failed, 2 usage or bad input, 3
/// inconclusive.
#[must_use]
pub fn main_with(entries: &[&'static Entry]) -> ExitCode {
    cli::main(entries)
}
