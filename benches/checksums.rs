//! How fast checksums are: the reference, the fast version and the crates that others use, by turns on the
//! same bytes. `cargo bench --bench checksums` prints a table; with names behind `--` only of these.
//!
//! Each is run for a millisecond and then the next, many times, and the least of each counts: on a machine that
//! others use too, what is measured in another second met other neighbours.

#![allow(clippy::print_stdout, reason = "it is a program")]

use crc::{Crc, Table};
use simlab::protocols::checksum::{ALL, Checksum};
use std::hint::black_box;

/// How long a text is: a small frame, what Ethernet carries, and the largest datagram.
const LENGTHS: [usize; 3] = [64, 1_500, 65_536];
/// So often each has its turn.
const TURNS: u32 = 60;
/// A turn takes about so long, in nanoseconds.
const TURN: u128 = 1_000_000;

static ARC: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&crc::CRC_16_ARC);
static CCITT: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&crc::CRC_16_IBM_3740);
static ISO_HDLC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&crc::CRC_32_ISO_HDLC);
static ISCSI: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&crc::CRC_32_ISCSI);

/// Somebody else's function, and what it uses that safe code cannot have.
type Peer = (&'static str, fn(&[u8]) -> u32);

/// The crates that have this checksum.
fn peers(name: &str) -> &'static [Peer] {
    match name {
        "internet" => &[("internet-checksum", |bytes| {
            u32::from(u16::from_be_bytes(internet_checksum::checksum(bytes)))
        })],
        "fletcher-16" => &[("fletcher", |bytes| u32::from(fletcher::calc_fletcher16(bytes)))],
        "fletcher-32" => &[("fletcher", fletcher_32)],
        "adler-32" => &[("simd-adler32 (SIMD)", |bytes| simd_adler32::adler32(&bytes))],
        "crc-16-arc" => &[("crc, 16 tables", |bytes| ARC.checksum(bytes).into())],
        "crc-16-ccitt-false" => &[("crc, 16 tables", |bytes| CCITT.checksum(bytes).into())],
        "crc-32" => &[
            ("crc, 16 tables", |bytes| ISO_HDLC.checksum(bytes)),
            ("crc32fast (CLMUL)", crc32fast::hash),
        ],
        "crc-32c" => &[
            ("crc, 16 tables", |bytes| ISCSI.checksum(bytes)),
            ("crc32c (SSE 4.2)", crc32c::crc32c),
        ],
        _ => &[],
    }
}

/// That crate takes words, so that making them of bytes is part of it.
fn fletcher_32(bytes: &[u8]) -> u32 {
    let words = bytes.as_chunks::<2>().0.iter().map(|word| u16::from_le_bytes(*word));
    fletcher::calc_fletcher32(&words.collect::<Vec<u16>>())
}

/// Runs something so often, in nanoseconds.
#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures")]
fn timed(times: u32, run: &dyn Fn() -> u32) -> u128 {
    let begun = std::time::Instant::now();
    for _ in 0..times {
        black_box(run());
    }
    begun.elapsed().as_nanos()
}

/// GiB/s of the fastest turn of each.
fn by_turns(len: usize, runs: &[Box<dyn Fn() -> u32 + '_>]) -> Vec<f64> {
    let times: Vec<u32> = runs
        .iter()
        .map(|run| (8 * TURN / timed(8, run).max(1)).clamp(1, 1_000_000) as u32)
        .collect();
    let mut least = vec![f64::INFINITY; runs.len()];
    for _ in 0..TURNS {
        for ((run, times), least) in runs.iter().zip(&times).zip(&mut least) {
            *least = least.min(timed(*times, run) as f64 / f64::from(*times));
        }
    }
    least.iter().map(|ns| len as f64 / ns * 1e9 / f64::from(1 << 30)).collect()
}

fn measure(checksum: &dyn Checksum, text: &[u8]) {
    let peers = peers(checksum.name());
    let bytes = || black_box(text);
    let mut runs: Vec<Box<dyn Fn() -> u32 + '_>> =
        vec![Box::new(|| checksum.reference(bytes())), Box::new(|| checksum.of(bytes()))];
    for (name, peer) in peers {
        assert_eq!(peer(text), checksum.of(text), "{name} has another result");
        runs.push(Box::new(move || peer(bytes())));
    }
    let speeds = by_turns(text.len(), &runs);
    let (reference, fast) = (speeds[0], speeds[1]);
    let mut row = format!(
        "| {} | {} | {reference:.2} | {fast:.2} | {:.0} |",
        checksum.name(),
        text.len(),
        fast / reference
    );
    for ((name, _), speed) in peers.iter().zip(&speeds[2..]) {
        row += &format!(" {name} {speed:.2}: {:.2} of it;", fast / speed);
    }
    println!("{} |", row.trim_end_matches(';'));
}

fn main() {
    // Cargo puts an argument of its own behind those of the user.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    println!("| | bytes | reference, GiB/s | fast, GiB/s | ratio | beside, GiB/s |");
    println!("|---|---:|---:|---:|---:|---|");
    for checksum in ALL {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == checksum.name()) {
            continue;
        }
        for len in LENGTHS {
            let text: Vec<u8> =
                (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            measure(checksum, &text);
        }
    }
}
