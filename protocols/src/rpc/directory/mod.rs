//! Naming: who offers a service now.
//!
//! Servers register at a registry, and say again and again that they are there ([`leases`]): one that is silent for a
//! lease is gone. Callers ask the registry, and remember what it said ([`cache`]), so that they can still call while
//! the registry cannot be reached. Both are *soft state* (Clark, "The Design Philosophy of the DARPA Internet
//! Protocols", SIGCOMM 1988): wrong for a time that is known, and right again by itself.

pub mod cache;
pub mod leases;
