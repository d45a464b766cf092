//! **Remote procedure call** (Birrell and Nelson, "Implementing Remote Procedure Calls", ACM TOCS 2(1), 1984).
//!
//! ```text
//!  caller                                        server, life 3
//!    │ ── hello ───────────────────────────────▶ │                     once for each life of the server
//!    │ ◀─────────────── welcome, life 3, clock ── │
//!    │ ── request 7: add(5), deadline 12.4 s ───▶ │ not in the table: it is executed
//!    │                  ✗──────── reply 7: 105 ── │ the reply is kept
//!    │ ── request 7: add(5), deadline 12.4 s ───▶ │ in the table
//!    │ ◀───────────────────────── reply 7: 105 ── │
//! ```
//!
//! * **Interface** ([`service!`](crate::service)): one definition makes the stub of the caller, the skeleton of the
//!   server and what shows both to people. Values go in network byte order ([`value`]) or as JSON-RPC 2.0 ([`json`]).
//! * **Semantics** ([`Semantics`](message::Semantics)): maybe, at-least-once, at-most-once, by a duplicate table
//!   ([`server::table`]) in memory or on disk.
//! * **Lives**: a caller asks first which life the server is in, and each request names it. So no request is executed in
//!   another life than the one that it was sent to, whatever the network holds back; whether it may be sent to the
//!   next one is the caller's to decide, who knows what was answered.
//! * **Deadlines** are on the server's clock, which the caller knows to be no earlier than what the server last said
//!   ([`client`]): a nested call is never begun when nobody waits for its root, however long messages take.
//! * **Server** ([`server`]): workers, a bounded queue, calls that wait for mutexes, conditions, and calls of their own.
//! * **Channels** ([`channel`]): who offers a service ([`directory`]), whom of them to call ([`balance`]), whom to leave alone
//!   ([`govern::breaker`]), and where to go when that one does not answer.
//!
//! It needs no transport below it, and gains by one: a checksum, so that damage becomes loss; fragments for calls
//! that are longer than a datagram; an authentic layer, so that callers are who they are.

pub mod balance;
pub mod channel;
pub mod client;
pub mod directory;
mod dissect;
mod endpoint;
pub mod error;
pub(crate) mod faults;
pub mod govern;
mod host;
pub mod interface;
mod invariant;
pub mod json;
pub mod message;
pub mod parameters;
mod request;
pub mod server;
mod service;
pub mod steps;
pub mod value;

pub use channel::Channel;
pub use client::{Client, Completed, Options};
pub use endpoint::Endpoint;
pub use error::CallError;
pub use host::Host;
pub use invariant::NO_WORK_PAST_DEADLINE;
pub use request::{Handle, Request};
pub use server::Server;
pub use server::context::{Context, Failure, Step, Woken};

use simlab_core::Port;

/// The port at which calls are made and answered.
pub const PORT: Port = Port::new(20);

/// What the code uses that [`service!`](crate::service) makes.
pub mod service_parts {
    pub use super::dissect::dissect;
    pub use super::interface::{Call, Interface, Procedure, Reply};
    pub use super::json::{Json, Object, Params};
    pub use super::request::Request;
    pub use super::server::context::{Context, Service, Step, Woken};
    pub use super::value::Value;
    pub use simlab_core::wire::{Reader, WireError};
    pub use simlab_core::{Dissection, Fields, NodeId};
}
