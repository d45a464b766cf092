//! The network: links, cuts, datagrams under way.

mod link;
mod shape;

pub use link::LinkSpec;
pub use shape::Shape;
