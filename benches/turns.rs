//! The kernel and the floors by turns: whether it is as fast as it is to be.
//!
//! Criterion measures one thing for seconds and then the next, and on a machine that others use too
//! the two may have met different neighbours. Here each is run once and then the other, many times;
//! what the least of each took is compared. `cargo bench --bench turns` prints two tables.

#![allow(clippy::print_stdout, reason = "it is a program")]

#[allow(dead_code, unreachable_pub, reason = "only a part of the work, and a bench has no callers")]
mod work;

use std::time::Duration;
use work::floor::{self, SlabHeap, Wheel};
use work::{W1_DELIVERIES, simlab, w2_deliveries};

/// The allocator of `simlab`; the floors have it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The wheel: slots of 4 us, as in the other benchmark.
const FINE: u32 = 12;
/// So often each is run.
const TURNS: usize = 9;

/// A run, timed without what makes it ready.
type Run = Box<dyn Fn() -> Duration>;

/// Nanoseconds a delivery, of the fastest run of each.
#[derive(Clone, Copy, Debug)]
struct Least {
    floor: f64,
    off: f64,
    on: f64,
}

/// A ratio that has an aim.
struct Aimed {
    what: &'static str,
    is: f64,
    aim: f64,
}

#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures")]
fn timed(run: impl FnOnce() -> u64, deliveries: u64) -> Duration {
    let begun = std::time::Instant::now();
    let delivered = run();
    let taken = begun.elapsed();
    assert_eq!(delivered, deliveries);
    taken
}

fn floor(run: fn(u32) -> u64, nodes: u32, deliveries: u64) -> Run {
    Box::new(move || timed(|| run(nodes), deliveries))
}

fn kernel(world: impl Fn() -> simlab_sim::World + 'static, deliveries: u64) -> Run {
    Box::new(move || {
        let mut world = world();
        timed(|| simlab::run(&mut world), deliveries)
    })
}

/// Runs all by turns, and prints a row of each.
fn by_turns(work: &str, deliveries: u64, heap: Run, wheel: Run, off: Run, on: Run) -> Least {
    let names = ["floor, heap", "floor, wheel", "simlab, trace off", "simlab, trace on"];
    let runs = [heap, wheel, off, on];
    let mut taken = [const { Vec::new() }; 4];
    for _ in 0..TURNS {
        for (run, taken) in runs.iter().zip(&mut taken) {
            taken.push(run().as_nanos() as f64 / deliveries as f64);
        }
    }
    taken.iter_mut().for_each(|taken| taken.sort_unstable_by(f64::total_cmp));
    let [heap, wheel, off, on] = [0, 1, 2, 3].map(|at| taken[at][0]);
    let floor = heap.min(wheel);
    for (name, taken) in names.iter().zip(&taken) {
        let (least, median) = (taken[0], taken[TURNS / 2]);
        println!("| {work} | {name} | {least:.1} | {median:.1} | {:.2} |", least / floor);
    }
    Least { floor, off, on }
}

fn w1() -> Least {
    let n = W1_DELIVERIES;
    let heap = floor(|_| floor::w1::<SlabHeap<_>>(), 2, n);
    let wheel = floor(|_| floor::w1::<Wheel<_, FINE>>(), 2, n);
    by_turns("W1", n, heap, wheel, kernel(|| simlab::w1(false), n), kernel(|| simlab::w1(true), n))
}

fn w2(nodes: u32) -> Least {
    let n = w2_deliveries(nodes);
    let heap = floor(floor::w2::<SlabHeap<_>>, nodes, n);
    let wheel = floor(floor::w2::<Wheel<_, FINE>>, nodes, n);
    let off = kernel(move || simlab::w2(nodes, false), n);
    let on = kernel(move || simlab::w2(nodes, true), n);
    by_turns(&format!("W2, {nodes} nodes"), n, heap, wheel, off, on)
}

fn main() {
    println!("| work | on | ns a delivery: least | median | to better floor |");
    println!("|---|---|---:|---:|---:|");
    let (w1, few, usual, many) = (w1(), w2(10), w2(50), w2(1_000));
    let growth = many.floor / few.floor;
    let aimed = [
        Aimed { what: "W1, off / floor", is: w1.off / w1.floor, aim: 2.0 },
        Aimed { what: "W2 with 50 nodes, off / floor", is: usual.off / usual.floor, aim: 1.4 },
        Aimed { what: "W2 with 50 nodes, on / floor", is: usual.on / usual.floor, aim: 1.8 },
        Aimed {
            what: "W2, growth from 10 to 1,000 nodes / the floor's, off",
            is: many.off / few.off / growth,
            aim: 1.3,
        },
        Aimed { what: "the same, on", is: many.on / few.on / growth, aim: 1.3 },
    ];
    println!("\n| | is | at most | |\n|---|---:|---:|---|");
    for Aimed { what, is, aim } in aimed {
        println!("| {what} | {is:.2} | {aim:.2} | {} |", if is <= aim { "holds" } else { "FAILS" });
    }
}
