//! Scenarios: the lessons as files, and what loads them.
//!
//! ```text
//!  file ──▶ Source ──▶ toml's spanned tree ──▶ Document ──▶ Scenario
//!            size,       all mistakes of        format/:      resolve/: names, times,
//!            UTF-8,      grammar                keys, types   services, parameters
//!            depth
//! ```
//!
//! Every step goes on after a mistake where it can, and all mistakes end in one [`Diagnostics`].
//! The tree is walked by hand and not by serde, which stops at the first mistake of a table. So
//! that the reader, the types and the JSON schema cannot drift apart, `format::part::table!` makes
//! all three from one declaration.

mod builtin;
mod catalogue;
mod checks;
mod concrete;
pub mod decisions;
mod diagnostic;
mod format;
mod goal;
mod lessons;
mod narrative;
mod nearest;
mod network;
mod recorded;
pub mod report;
mod resolve;
pub mod run;
mod scenario;
mod schema;
pub mod shrink;
mod source;
pub mod storm;
pub mod sweep;
mod text;
pub mod tracefile;
mod whole_file;
mod words;

pub use catalogue::{Catalogue, CheckSignature, ModelSignature};
pub use checks::{CHECKS, Check, Evidence, Observation, Observed};
pub use concrete::Concrete;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use goal::{Ended, Goal, Sight};
pub use lessons::{LESSONS, LONG_LESSONS, lesson};
pub use narrative::narrative;
pub use nearest::{advice, nearest};
pub use network::Network;
pub use recorded::Recorded;
pub use resolve::load;
pub use scenario::{
    Command, Comparison, Counterexample, Expectation, Expected, Fault, Filler, Flap, Limits,
    Machine, Mix, Narration, Node, Object, Quantifier, Scenario, ScriptedOperation, Variant,
    Workload,
};
pub use schema::schema;
pub use source::Source;
pub use text::Text;
pub use whole_file::WholeFile;
pub use words::{Words, seconds};
