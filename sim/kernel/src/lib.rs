//! The simulation kernel.

mod network;

pub use network::{LinkSpec, Shape};
