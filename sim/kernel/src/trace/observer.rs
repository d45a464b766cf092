//! Whoever wants to see the records of a run as they are written.

use super::Names;
use simlab_core::TraceEvent;
use std::fmt;

/// Is shown every record of a run as it is written: a file, a log, a counter. It sees and does not
/// touch; what it does cannot change the run.
pub trait Observer: Send {
    /// A record was written. `names` are those known so far; `hash` is the hash of the trace up to
    /// and with this record.
    fn record(&mut self, event: &TraceEvent<'_>, names: &Names, hash: u64);
}

impl<F: FnMut(&TraceEvent<'_>, &Names, u64) + Send> Observer for F {
    fn record(&mut self, event: &TraceEvent<'_>, names: &Names, hash: u64) {
        self(event, names, hash);
    }
}

impl fmt::Debug for dyn Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
