//! The protocols of simlab: real modules with real encodings, sans-IO.
//!
//! ```text
//!   shop/client ──request──▶ shop/consistent ─▶ caspaxos     consensus per product, by majority
//!                            shop/replicated ─▶ raft         one log of everything, by a leader
//!               ◀──reply───  shop/available ─┐
//!                            shop/escrow ────┴▶ pn_counter   a counter per product, by gossip
//! ```
//!
//! A *service* is a [`Process`](simlab_core::Process) with an [`Entry`] in the table below; a
//! *component* ([`caspaxos`], [`pn_counter`]) is a field of a service: it is called with events and
//! returns what it decided.
//!
//! What is *absent*: the simulator. This crate depends on `simlab-core` alone, and runs unchanged
//! under any driver.

pub mod account;
pub mod arith;
pub mod auth;
pub mod caspaxos;
pub mod checksum;
mod dissect;
pub mod files;
pub mod fragment;
pub mod lease;
pub mod messages;
mod named;
pub mod pn_counter;
pub mod raft;
pub mod reliable;
pub mod rpc;
pub mod shop;
pub mod stream;
mod threads;
pub mod vault;

use simlab_core::Entry;

/// All services and clients of this crate.
#[must_use]
pub fn entries() -> &'static [&'static Entry] {
    static ENTRIES: [&Entry; 36] = [
        &shop::consistent::ENTRY,
        &shop::replicated::ENTRY,
        &shop::available::ENTRY,
        &shop::escrow::ENTRY,
        &shop::client::ENTRY,
        &stream::SOURCE,
        &stream::SINK,
        &lease::GRANTER,
        &lease::HOLDER,
        &messages::SOURCE,
        &messages::SINK,
        &account::SERVER,
        &account::CALLER,
        &account::DESK,
        &rpc::directory::REGISTRY,
        &vault::SERVER,
        &vault::CALLER,
        &raft::service::SERVER,
        &raft::service::CLIENT,
        &raft::service::OPERATOR,
        &files::SOURCE,
        &files::RELAY,
        &files::SINK,
        &reliable::RELIABLE,
        &fragment::FRAGMENTS,
        &checksum::layer::SUM_8,
        &checksum::layer::INTERNET,
        &checksum::layer::FLETCHER_16,
        &checksum::layer::FLETCHER_32,
        &checksum::layer::ADLER_32,
        &checksum::layer::CRC_16_ARC,
        &checksum::layer::CRC_16_CCITT_FALSE,
        &checksum::layer::CRC_32,
        &checksum::layer::CRC_32C,
        &auth::HMAC_SHA_256,
        &auth::AEAD,
    ];
    &ENTRIES
}
