//! Gives every layer frames that nobody meant for it: anything, real ones that are damaged, repeated, cut or
//! mixed, of other peers and of earlier lives.
//!
//! ```text
//! cargo run --release -p simlab-protocols --example fuzz_layers -- 1000000 [seed] [layer]
//! ```
//!
//! The same numbers make the same frames. Nothing may panic, no frame may make a layer allocate much, and
//! none may hold more than its arguments allow. The end says for each layer how much that was.

#[path = "../tests/fuzz/mod.rs"]
mod fuzz;

#[allow(clippy::disallowed_types, reason = "it measures the layers")]
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures the layers")]
#[allow(clippy::print_stdout, reason = "it is a program of its own")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: u64| match arguments.get(index) {
        Some(text) => text.parse().expect("a whole number"),
        None => default,
    };
    let (inputs, seed) = (number(0, 100_000), number(1, 1));
    let chosen = |name: &str| arguments.get(2).is_none_or(|asked| asked == name);
    println!(
        "layer                 frames   passed on     held B  of at most  for one B  of at most   time"
    );
    for entry in fuzz::layers().filter(|entry| chosen(entry.name)) {
        let begin = Instant::now();
        let report = fuzz::fuzz(entry, inputs, seed);
        let fuzz::Report { inputs, passed, held, held_max, peak, peak_max } = report;
        let (name, took) = (entry.name, begin.elapsed());
        print!("{name:<18} {inputs:>9} {passed:>11} {held:>10} {held_max:>11}");
        println!(" {peak:>10} {peak_max:>11}   {took:.1?}");
    }
}
