//! Naming: who offers a service now.
//!
//! Servers register at a registry, and say again and again that they are there ([`leases`]): one that is silent for a
//! lease is gone. Callers ask the registry, and remember what it said ([`cache`]), so that they can still call while
//! the registry cannot be reached. Both are *soft state* (Clark, "The Design Philosophy of the DARPA Internet
//! Protocols", SIGCOMM 1988): wrong for a time that is known, and right again by itself.

mod announcer;
pub mod cache;
mod invariant;
pub mod leases;
mod server;

pub use announcer::Announcer;
pub use invariant::DIRECTORY_FRESH;
pub use server::REGISTRY;

crate::service! {
    /// A registry of who offers which service.
    pub service registry = "registry", versions 1..=1;

    procedures {
        /// Offers a service, or says that it is still offered. How long that holds, in nanoseconds.
        1 => register(service: String) -> u64;
        /// Who offers a service: the numbers of the nodes.
        2 => look_up(service: String) -> Vec<u32>;
    }
}
