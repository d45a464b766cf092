//! Taking the events of a world out as it is stepped.

use super::Record;
use simlab_core::TraceEvent;
use simlab_sim::World;
use simlab_sim::trace::Names;
use std::sync::{Arc, Mutex, PoisonError};

/// Collects what happens in a world until someone takes it. Whoever steps a world and takes after
/// every step holds no more than one step's events.
#[derive(Debug)]
pub struct Tap(Arc<Mutex<Vec<Record>>>);

impl Tap {
    /// A tap on a world.
    #[must_use]
    pub fn on(world: &mut World) -> Self {
        let shared = Arc::new(Mutex::new(Vec::new()));
        let other = Arc::clone(&shared);
        world.observe(Box::new(move |event: &TraceEvent<'_>, _: &Names, _: u64| {
            other.lock().unwrap_or_else(PoisonError::into_inner).push(Record::new(event));
        }));
        Tap(shared)
    }

    /// What has happened since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<Record> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
