//! Does one part of the work of `cargo bench` once, and says on standard output how many deliveries,
//! events, resets or sends it was. `benches/instructions.sh` lets valgrind count the instructions in
//! [`counted`] meanwhile: making the world ready is not in it.

#![allow(unreachable_pub, reason = "a program has no callers")]

#[allow(dead_code, reason = "each file of benches/ uses a part of it")]
mod lab;
#[allow(dead_code, reason = "each file of benches/ uses a part of it")]
mod work;

use lab::kv_storm::{self, KvStorm};
use simlab_sim::World;
use std::hint::black_box;
use std::process::ExitCode;
use work::floor::{self, SlabHeap, Wheel};
use work::reset::{self, Does};
use work::{simlab, w2_rounds};

/// As in `cargo bench`: slots of 4 us, and for W3 of 131 us.
const FINE: u32 = 12;
const COARSE: u32 = 17;

/// Valgrind is some fifty times slower, and counts the same every time: less of the work is enough.
const W1: u64 = 40_000;
const W2_PARTS: u64 = 5;
const W3: u64 = 100;
const TURNS: u64 = 30;

/// What does the work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Heap,
    Wheel,
    Off,
    On,
}

/// What is counted. Its name is how valgrind knows.
#[inline(never)]
fn counted(work: &mut dyn FnMut() -> u64) -> u64 {
    // So that the call is no jump, and comes back here.
    black_box(work())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [work, mode] = words.as_slice() else { return usage() };
    let mode = match mode.as_str() {
        "heap" => Mode::Heap,
        "wheel" => Mode::Wheel,
        "off" => Mode::Off,
        "on" => Mode::On,
        _ => return usage(),
    };
    match run(work, mode) {
        Some(count) => {
            #[allow(clippy::print_stdout, reason = "what the script reads")]
            {
                println!("{count}");
            }
            ExitCode::SUCCESS
        }
        None => usage(),
    }
}

/// Does the work; nothing if there is none of that name, or no such floor of it.
fn run(work: &str, mode: Mode) -> Option<u64> {
    let recording = mode == Mode::On;
    let kernel = |mut world: World| counted(&mut || simlab::run(&mut world));
    Some(match (work, mode) {
        ("w1", Mode::Heap) => counted(&mut || floor::w1_part::<SlabHeap<_>>(W1)),
        ("w1", Mode::Wheel) => counted(&mut || floor::w1_part::<Wheel<_, FINE>>(W1)),
        ("w1", _) => kernel(simlab::w1_part(W1, recording)),
        ("w2-10" | "w2-50" | "w2-1000", _) => {
            let nodes = work.strip_prefix("w2-")?.parse().ok()?;
            let rounds = w2_rounds(nodes).div_ceil(W2_PARTS);
            match mode {
                Mode::Heap => counted(&mut || floor::w2_part::<SlabHeap<_>>(nodes, rounds)),
                Mode::Wheel => counted(&mut || floor::w2_part::<Wheel<_, FINE>>(nodes, rounds)),
                Mode::Off | Mode::On => kernel(simlab::w2_part(nodes, rounds, recording)),
            }
        }
        ("w3", Mode::Heap) => counted(&mut || floor::w3_part::<SlabHeap<_>>(W3)),
        ("w3", Mode::Wheel) => counted(&mut || floor::w3_part::<Wheel<_, COARSE>>(W3)),
        ("w3", _) => kernel(simlab::w3_part(W3, recording)),
        (_, Mode::Heap | Mode::Wheel) => return None,
        ("reset", _) => whole(Does::Reset, recording),
        ("send", _) => whole(Does::Send, recording),
        ("send-alone", _) => {
            let mut world = reset::world(Does::Send, TURNS, recording);
            reset::by_turns(&mut world, Does::Send, TURNS, |world, end| {
                counted(&mut || {
                    world.run_until(end);
                    0
                });
            })
        }
        ("w4", _) => {
            let storm = KvStorm::load();
            counted(&mut || kv_storm::events(&storm.run(recording)))
        }
        _ => return None,
    })
}

/// Resets, or sends and their deliveries.
fn whole(does: Does, recording: bool) -> u64 {
    let mut world = reset::world(does, TURNS, recording);
    counted(&mut || reset::run(&mut world, does, TURNS))
}

fn usage() -> ExitCode {
    #[allow(clippy::print_stderr, reason = "a program of its own")]
    {
        eprintln!("usage: instructions w1|w2-10|w2-50|w2-1000|w3 heap|wheel|off|on");
        eprintln!("       instructions reset|send|send-alone|w4 off|on");
    }
    ExitCode::from(2)
}
