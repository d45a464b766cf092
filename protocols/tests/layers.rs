//! Whatever a layer hears, it does not panic, and neither holds nor allocates more than it may.
//!
//! `examples/fuzz_layers.rs` does the same with as many frames as one likes.

mod fuzz;

#[global_allocator]
static ALLOCATOR: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

/// One test, since what is allocated is counted for all threads together.
#[test]
fn every_layer_bears_hostile_frames() {
    for entry in fuzz::layers() {
        let report = fuzz::fuzz(entry, 2_000, 1);
        let fuzz::Report { inputs, passed, held, held_max, peak, peak_max } = report;
        // Or it would have shown nothing.
        assert!(passed > 0 && passed < inputs, "{}: {report:?}", entry.name);
        assert!(held > 0 && peak > 0, "{}: it was measured", entry.name);
        assert!(held <= held_max && peak <= peak_max, "{}: {report:?}", entry.name);
    }
}
