//! How fast the kernel is, beside the least code that could do the same. `cargo bench` runs it;
//! `benches/README.md` says what was measured, and how to read it.

#![allow(missing_docs, reason = "the macros of the harness make public functions")]
#![allow(unreachable_pub, reason = "a bench has no callers")]

mod lab;
mod work;

use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use lab::kv_storm::{self, KvStorm};
use lab::trace_file::Streamed;
use simlab_sim::World;
use std::time::Duration;
use work::floor::{self, SlabHeap, Wheel};
use work::reset::{self, Does, TURNS};
use work::{
    W1_DELIVERIES, W2_NODES, W3_DELIVERIES, W3_ROUNDS, simlab, w2_deliveries, w2_deliveries_in,
    w2_rounds, w3_deliveries,
};

/// The allocator of `simlab`; the floors have it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The wheel of W1 and W2: slots of 4 us.
const FINE: u32 = 12;
/// The wheel of W3, which has to reach 300 ms: slots of 131 us.
const COARSE: u32 = 17;

/// To a file goes one part in so many of the work: a delivery takes hundreds of bytes there.
const FILE_PARTS: u64 = 10;

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

/// Measures the kernel, with its trace going to a file.
fn streamed(c: &mut Criterion, group: &str, deliveries: u64, world: impl Fn() -> World) {
    let mut group = c.benchmark_group(group);
    measured(&mut group, deliveries);
    group.bench_function("simlab-file", |b| {
        let prepare = || {
            let mut world = world();
            let file = Streamed::of_world(&mut world);
            (world, file)
        };
        let run = |(mut world, file): (World, Streamed)| {
            assert_eq!(simlab::run(&mut world), deliveries);
            (world, file.finish())
        };
        b.iter_batched(prepare, run, BatchSize::PerIteration);
    });
}

fn w1(c: &mut Criterion) {
    let name = "w1-ping-pong";
    floor(c, name, "floor-heap", W1_DELIVERIES, floor::w1::<SlabHeap<_>>);
    floor(c, name, "floor-wheel", W1_DELIVERIES, floor::w1::<Wheel<_, FINE>>);
    kernel(c, name, W1_DELIVERIES, simlab::w1);
    let part = W1_DELIVERIES / FILE_PARTS;
    streamed(c, name, part, || simlab::w1_part(part, false));
}

fn w2(c: &mut Criterion) {
    for nodes in W2_NODES {
        let (name, deliveries) = (format!("w2-broadcast-{nodes}"), w2_deliveries(nodes));
        floor(c, &name, "floor-heap", deliveries, || floor::w2::<SlabHeap<_>>(nodes));
        floor(c, &name, "floor-wheel", deliveries, || floor::w2::<Wheel<_, FINE>>(nodes));
        kernel(c, &name, deliveries, |recording| simlab::w2(nodes, recording));
        let rounds = w2_rounds(nodes).div_ceil(FILE_PARTS);
        let part = w2_deliveries_in(nodes, rounds);
        streamed(c, &name, part, || simlab::w2_part(nodes, rounds, false));
    }
}

fn w3(c: &mut Criterion) {
    let name = "w3-timers";
    floor(c, name, "floor-heap", W3_DELIVERIES, floor::w3::<SlabHeap<_>>);
    floor(c, name, "floor-wheel", W3_DELIVERIES, floor::w3::<Wheel<_, COARSE>>);
    kernel(c, name, W3_DELIVERIES, simlab::w3);
    let rounds = W3_ROUNDS / FILE_PARTS;
    streamed(c, name, w3_deliveries(rounds), || simlab::w3_part(rounds, false));
}

/// A reset beside a send, with the trace off: `send` has its delivery in it, `send-alone` has not.
fn w3_reset(c: &mut Criterion) {
    let mut group = c.benchmark_group("w3-reset");
    measured(&mut group, reset::resets(TURNS));
    for (does, name) in [(Does::Reset, "reset"), (Does::Send, "send")] {
        group.bench_function(name, |b| {
            let run = |mut world: World| {
                reset::run(&mut world, does, TURNS);
                world
            };
            b.iter_batched(|| reset::world(does, TURNS, false), run, BatchSize::PerIteration);
        });
    }
    group.bench_function("send-alone", |b| b.iter_custom(sends_alone));
}

/// How long the sends of so many runs take, without their deliveries.
#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures")]
fn sends_alone(runs: u64) -> Duration {
    let mut taken = Duration::ZERO;
    for _ in 0..runs {
        let mut world = reset::world(Does::Send, TURNS, false);
        reset::by_turns(&mut world, Does::Send, TURNS, |world, end| {
            let begun = std::time::Instant::now();
            world.run_until(end);
            taken += begun.elapsed();
        });
    }
    taken
}

/// The runs of a lesson, all faults and disks and clients of it; counted by the event.
fn w4(c: &mut Criterion) {
    let storm = KvStorm::load();
    let events = kv_storm::events(&storm.run(false));
    let mut group = c.benchmark_group("w4-kv-storm");
    measured(&mut group, events);
    for (recording, name) in [(false, "simlab-off"), (true, "simlab-on")] {
        group.bench_function(name, |b| {
            b.iter_with_large_drop(|| {
                let runs = storm.run(recording);
                assert_eq!(kv_storm::events(&runs), events, "{name}");
                runs
            });
        });
    }
    group.bench_function("simlab-file", |b| {
        b.iter_with_large_drop(|| {
            let runs = storm.stream();
            assert_eq!(kv_storm::events(runs.iter().map(|(run, _)| run)), events);
            runs
        });
    });
    group.bench_function("sweep", |b| {
        b.iter_with_large_drop(|| {
            let judged = storm.sweep();
            assert_eq!(kv_storm::events(judged.iter().map(|report| &report.run)), events);
            judged
        });
    });
}

criterion_group!(benches, w1, w2, w3, w3_reset, w4);
criterion_main!(benches);
