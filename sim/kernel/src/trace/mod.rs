//! The trace: the record of a run, its hash, and how it reads.

mod format;
mod names;
mod observer;
mod store;
mod writer;

pub use format::{Describe, line, timer};
pub use names::Names;
pub use observer::Observer;
pub use store::{Iter, Memory, Payload, Trace};
pub(crate) use writer::{Body, Head, Writer};
