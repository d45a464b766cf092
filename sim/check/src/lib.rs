//! Checkers: pure functions over the client [`History`](simlab_core::history::History).
//!
//! ```text
//!   spec/          what an object does, one call at a time     ─▶ linearizable/   is there an order?
//!   format/        files ─▶ History                                consistency/    the other models
//!   models         their names                                    stock           oversold, stale …
//!   diagram/       operations as bars                             service         served, how fast
//! ```
//!
//! They judge by what clients asked and were told, and never look into a process. What is *absent*:
//! any knowledge of protocols, nodes' states, or the network.

mod consistency;
pub mod diagram;
pub mod format;
mod linearizable;
mod models;
mod online;
mod service;
mod spec;
pub mod stock;
#[cfg(test)]
mod testing;
mod words;

pub use consistency::{
    Answer, Budget, CONSISTENCIES, Clients, Consistency, Evidence, Lattice, Missed, Staleness,
    Standing, Subject, consistency, judge, lattice, staleness, verdict,
};
pub use linearizable::{
    FirstBreak, Limits, Linearizer, MinimalEvidence, Object, Stop, Verdict, check, linearizable,
};
pub use models::{MODELS, Model, ModelError, model};
pub use online::Online;
pub use service::{Filter, Kinds, Latency, Service, service};
pub use spec::{
    CasRegister, Counter, KeyValue, MultiRegister, Mutex, Queue, Register, Set, Specification,
    Stock,
};
pub use words::span;
