//! An account that is called from afar: what the lessons about calls are told with.
//!
//! To *add* to it is not idempotent, so that each execution too many shows. Every operation of a customer has a number
//! in its payload, apart from the number of the call that it travels in: by these numbers a judge counts what was
//! done, whatever calls were sent for it.

mod caller;
pub mod desk;
mod invariant;
mod server;

pub use caller::CALLER;
pub use desk::DESK;
pub use server::SERVER;

use crate::rpc::faults::{DRIFT_MAX, TOLERATES};
use simlab_core::FaultModel;

crate::service! {
    /// An account to which amounts are added.
    pub service account = "account", versions 1..=2;

    records {
        /// What a customer is told.
        Receipt {
            /// The operation that was done.
            operation: u64,
            /// What the account holds then.
            total: i64,
        }
    }

    procedures {
        /// Adds an amount.
        1 => add(operation: u64, amount: i64) -> Receipt;
        /// What the account holds.
        2 => total() -> i64;
        /// Takes an amount away, if there is as much.
        3 since 2 => take(operation: u64, amount: i64) -> Receipt;
    }
}

/// Whatever happens, at-most-once calls take effect once at most. Damage is for a layer.
const FAULTS: FaultModel = FaultModel {
    summary: "at-most-once calls take effect once or not at all; what was acknowledged is on disk",
    tolerates: TOLERATES,
    drift_max: DRIFT_MAX,
};
