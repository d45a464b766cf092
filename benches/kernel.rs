//! How fast the kernel is, beside the least code that could do the same. `cargo bench` runs it;
//! `benches/README.md` says what was measured, and how to read it.

#![allow(missing_docs, reason = "the macros of the harness make public functions")]
#![allow(unreachable_pub, reason = "a bench has no callers")]

mod work;

use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use simlab_sim::World;
use std::time::Duration;
use work::floor::{self, SlabHeap, Wheel};
use work::{W1_DELIVERIES, W2_NODES, W3_DELIVERIES, simlab, w2_deliveries};

/// The wheel of W1 and W2: slots of 4 us.
const FINE: u32 = 12;
/// The wheel of W3, which has to reach 300 ms: slots of 131 us.
const COARSE: u32 = 17;

/// How each is measured: what a run takes is a tenth of a second and more, so that few are enough.
fn measured(group: &mut BenchmarkGroup<'_, WallTime>, deliveries: u64) {
    group.sample_size(10).throughput(Throughput::Elements(deliveries));
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
}

/// Measures a floor.
fn floor(c: &mut Criterion, group: &str, name: &str, deliveries: u64, run: impl Fn() -> u64) {
    let mut group = c.benchmark_group(group);
    measured(&mut group, deliveries);
    group.bench_function(name, |b| b.iter(&run));
    assert_eq!(run(), deliveries, "{name}");
}

/// Measures the kernel, with its trace off and on.
fn kernel(c: &mut Criterion, group: &str, deliveries: u64, world: impl Fn(bool) -> World) {
    let mut group = c.benchmark_group(group);
    measured(&mut group, deliveries);
    for (recording, name) in [(false, "simlab-off"), (true, "simlab-on")] {
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            let run = |mut world: World| {
                assert_eq!(simlab::run(&mut world), deliveries, "{name}");
                world
            };
            b.iter_batched(|| world(recording), run, BatchSize::PerIteration);
        });
    }
}

fn w1(c: &mut Criterion) {
    let name = "w1-ping-pong";
    floor(c, name, "floor-heap", W1_DELIVERIES, floor::w1::<SlabHeap<_>>);
    floor(c, name, "floor-wheel", W1_DELIVERIES, floor::w1::<Wheel<_, FINE>>);
    kernel(c, name, W1_DELIVERIES, simlab::w1);
}

fn w2(c: &mut Criterion) {
    for nodes in W2_NODES {
        let (name, deliveries) = (format!("w2-broadcast-{nodes}"), w2_deliveries(nodes));
        floor(c, &name, "floor-heap", deliveries, || floor::w2::<SlabHeap<_>>(nodes));
        floor(c, &name, "floor-wheel", deliveries, || floor::w2::<Wheel<_, FINE>>(nodes));
        kernel(c, &name, deliveries, |recording| simlab::w2(nodes, recording));
    }
}

fn w3(c: &mut Criterion) {
    let name = "w3-timers";
    floor(c, name, "floor-heap", W3_DELIVERIES, floor::w3::<SlabHeap<_>>);
    floor(c, name, "floor-wheel", W3_DELIVERIES, floor::w3::<Wheel<_, COARSE>>);
    kernel(c, name, W3_DELIVERIES, simlab::w3);
}

criterion_group!(benches, w1, w2, w3);
criterion_main!(benches);
