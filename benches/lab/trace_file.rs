//! Traces that go to a file while the run goes on, as those of `simlab run --trace` do.

use simlab_scenarios::report::Status;
use simlab_scenarios::run::Setup;
use simlab_scenarios::tracefile::{Header, TraceFile, Verdict};
use simlab_sim::World;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A file in the folder for temporary files; it goes away with this.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let name = format!("simlab-bench-{process}-{number}.jsonl");
        Scratch(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may never have been finished.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The trace file of a run that is not over.
#[derive(Debug)]
pub struct Streamed {
    // Before the place: an unfinished file takes itself away.
    file: TraceFile,
    place: Scratch,
}

impl Streamed {
    /// The file of a world that comes from no scenario.
    ///
    /// # Panics
    /// If it cannot be created.
    #[must_use]
    pub fn of_world(world: &mut World) -> Self {
        let nodes = world.names().nodes.clone();
        let simlab = env!("CARGO_PKG_VERSION").to_owned();
        let scenario = "bench".to_owned();
        Self::with(world, &Header { simlab, scenario, nodes, ..Header::default() })
    }

    /// The file of a scenario's run.
    ///
    /// # Panics
    /// If it cannot be created.
    #[must_use]
    pub fn of_run(setup: &Setup<'_>, world: &mut World) -> Self {
        let header = Header::new(setup, &[], world.script(), world.names());
        Self::with(world, &header)
    }

    fn with(world: &mut World, header: &Header) -> Self {
        let place = Scratch::new();
        let file =
            TraceFile::create(&place.0).expect("the folder for temporary files takes a file");
        file.observe(world, header);
        Streamed { file, place }
    }

    /// Writes the last line. What is handed back is for the caller to drop when time no longer counts.
    ///
    /// # Panics
    /// If not all could be written.
    #[must_use]
    pub fn finish(self) -> Scratch {
        let Streamed { file, place } = self;
        let verdict = Verdict { status: Status::Passed, checks: Vec::new(), findings: Vec::new() };
        file.finish(verdict).expect("there is room for the trace");
        place
    }
}
