//! A vault that is its owner's: what the lesson about identity is told with.
//!
//! Whoever calls says in the message who the owner is. A server may believe that, or look at who the channel says that it is.

mod caller;
mod invariant;
mod server;

pub use caller::CALLER;
pub use server::SERVER;

use crate::rpc::faults::{DRIFT_MAX, TOLERATES};
use simlab_core::FaultModel;

crate::service! {
    /// A vault from which its owner takes.
    pub service vault = "vault", versions 1..=1;

    procedures {
        /// Takes an amount out, if the owner says so: what is left.
        1 => take(owner: u32, amount: i64) -> i64;
    }
}

const FAULTS: FaultModel = FaultModel {
    summary: "whatever links and nodes do, nobody but the owner takes anything, if channels are authentic",
    tolerates: TOLERATES,
    drift_max: DRIFT_MAX,
};
