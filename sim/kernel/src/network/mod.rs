//! The network: links, cuts, datagrams under way.

mod adversary;
mod cuts;
mod damage;
mod flight;
mod frame;
mod link;
mod links;
mod reach;
mod shape;
mod weather;

pub use adversary::{Adversary, Insight};
pub(crate) use adversary::{LEAK, edit};
pub(crate) use cuts::Cuts;
pub use damage::Corruption;
pub(crate) use flight::{Flight, LinkId};
pub(crate) use frame::{FrameId, Frames, Load};
pub use link::LinkSpec;
pub(crate) use links::{Links, Passage};
pub use reach::Reach;
pub use shape::Shape;
pub use weather::{Patch, Weather};
