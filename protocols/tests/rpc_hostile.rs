//! Whatever the ends of a call hear, and whatever is given to those who read a part of one: nobody panics, or
//! allocates or holds more than it may, and what is read is written as the same again.
//!
//! `examples/fuzz_rpc.rs` does the same with as many inputs as one likes.

mod rpc_fuzz;

#[global_allocator]
static ALLOCATOR: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

/// One test, since what is allocated is counted for all threads together.
#[test]
fn calls_bear_hostile_bytes() {
    for decoder in &rpc_fuzz::decoders::DECODERS {
        let report = rpc_fuzz::decoders::fuzz(decoder, 2_000, 1);
        // Or it would have shown nothing.
        let (taken, inputs) = (report.taken, report.inputs);
        assert!(taken > 0 && taken < inputs, "{}: {report:?}", decoder.name);
    }
    let report = rpc_fuzz::ends::fuzz(20_000, 1);
    assert!(report.taken > 0 && report.taken < report.inputs, "{report:?}");
    assert!(report.held > 0 && report.peak > 0, "it was measured");
}
