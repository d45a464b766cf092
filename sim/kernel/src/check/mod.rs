//! Checkers: pure functions over the client [`History`](crate::history::History).
//!
//! ```text
//!   spec/          what an object does, one call at a time     ─▶ linearizable/   is there an order?
//!   models         their names                                    stock           oversold, stale …
//!                                                                 service         served, how fast
//! ```
//!
//! They judge by what clients asked and were told, and never look into a process. What is *absent*:
//! any knowledge of protocols, nodes' states, or the network.

mod linearizable;
mod models;
mod service;
mod spec;
pub mod stock;
#[cfg(test)]
mod testing;
mod words;

pub use linearizable::{FirstBreak, Limits, Linearizer, Object, Verdict, check, linearizable};
pub use models::{MODELS, Model, ModelError, model};
pub use service::{Filter, Kinds, Latency, Service, service};
pub use spec::{CasRegister, KeyValue, Register, Specification, Stock};
