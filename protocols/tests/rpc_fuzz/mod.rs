//! Hostile bytes for remote procedure calls: for whatever reads any ([`decoders`]), and for a server, with the client by which
//! its procedures call others, and a caller ([`ends`]).
//!
//! The same numbers make the same inputs. Whoever uses this has `PeakAlloc` for its global allocator.

#[path = "../calls/mod.rs"]
mod calls;
pub(crate) mod decoders;
pub(crate) mod ends;
mod keeper;
mod marshalled;

use calls::dice::Dice;
use peak_alloc::PeakAlloc;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    /// How many inputs there were.
    pub(crate) inputs: u64,
    /// How many of them were taken for what they seemed to be.
    pub(crate) taken: u64,
    /// The most bytes that were held, and how many may be.
    pub(crate) held: usize,
    pub(crate) held_max: usize,
    /// The most bytes that were allocated for one input, and how many may be.
    pub(crate) peak: usize,
    pub(crate) peak_max: usize,
}

impl Report {
    /// Measures what is allocated while something is done that may take so much.
    fn measure<T>(&mut self, most: usize, body: impl FnOnce() -> T) -> T {
        PeakAlloc.reset_peak_usage();
        let before = PeakAlloc.current_usage();
        let done = body();
        let peak = PeakAlloc.peak_usage() - before;
        assert!(peak <= most, "{peak} bytes are allocated for an input, of {most}");
        self.inputs += 1;
        // The input that comes nearest to what it may take is told of.
        if peak as f64 * self.peak_max as f64 >= self.peak as f64 * most as f64 {
            (self.peak, self.peak_max) = (peak, most);
        }
        done
    }
}

/// Damages bytes here and there; some of `other` may take the place of their end.
fn mangle(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let most = 1 << dice.below(3);
    for _ in 0..dice.below(most + 1) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = dice.next() as u8,
            2 => {
                let value = [0, 0xff, 0x7f, 0x80, 1][dice.below(5)];
                let end = (at + (1 << dice.below(4))).min(bytes.len());
                bytes[at..end].fill(value);
            }
            3 => bytes.truncate(at),
            4 => {
                let len = dice.below(20);
                let more = dice.bytes(len);
                bytes.splice(at..at, more);
            }
            5 => {
                bytes.truncate(at);
                bytes.extend_from_slice(&other[other.len() - dice.below(other.len() + 1)..]);
            }
            // What is there is there again.
            6 => {
                let end = (at + dice.below(30)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            // A number that is one too large, or too small.
            _ if at < bytes.len() => {
                let by = if dice.one_in(2) { 1 } else { u8::MAX };
                bytes[at] = bytes[at].wrapping_add(by);
            }
            _ => {}
        }
    }
}

/// Does something; if it panics, says at which step.
fn step(step: u64, seed: u64, of: &str, body: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(body)).is_err() {
        panic!("step {step} of seed {seed} is too much for {of}");
    }
}

/// The dice of a step, which those of other steps do not move.
const fn dice(step: u64, seed: u64) -> Dice {
    Dice(seed.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ step)
}
