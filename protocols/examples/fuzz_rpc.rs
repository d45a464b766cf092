//! Gives what reads the parts of remote procedure calls bytes that nobody meant for it, and the ends of calls frames that are
//! damaged, cut, mixed, sent again, sent by others, or of another life or call.
//!
//! ```text
//! cargo run --release -p simlab-protocols --example fuzz_rpc -- 1000000 [seed] [what]
//! ```
//!
//! The same numbers make the same inputs. Nothing may panic; no input may make anybody allocate or hold more than it may; what is
//! read is written as the same again; and no call that is to take effect at most once takes effect twice.

#[path = "../tests/rpc_fuzz/mod.rs"]
mod rpc_fuzz;

use rpc_fuzz::{Report, decoders, ends};
#[allow(clippy::disallowed_types, reason = "it measures")]
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: u64| match arguments.get(index) {
        Some(text) => text.parse().expect("a whole number"),
        None => default,
    };
    let (inputs, seed) = (number(0, 100_000), number(1, 1));
    let chosen = |name: &str| arguments.get(2).is_none_or(|asked| asked == name);
    let head = "                       inputs      taken     held B  of at most  for one B  of at most   time";
    say(head);
    for decoder in decoders::DECODERS.iter().filter(|decoder| chosen(decoder.name)) {
        told(decoder.name, || decoders::fuzz(decoder, inputs, seed));
    }
    if chosen("ends") {
        told("ends", || ends::fuzz(inputs, seed));
    }
}

#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures")]
fn told(name: &str, fuzz: impl FnOnce() -> Report) {
    let begin = Instant::now();
    let Report { inputs, taken, held, held_max, peak, peak_max } = fuzz();
    let took = begin.elapsed();
    say(&format!(
        "{name:<18} {inputs:>10} {taken:>10} {held:>10} {held_max:>11} {peak:>10} {peak_max:>11}   {took:.1?}"
    ));
}

#[allow(clippy::print_stdout, reason = "it is a program of its own")]
fn say(line: &str) {
    println!("{line}");
}
