//! The claims of sums. A frame is damaged in every way that the claim names, or, where those are too many, in
//! every way that a word can change by and in many others.

use crate::text;
use simlab_protocols::checksum::{Checksum, Claim, Errors, Order};
use std::collections::{BTreeMap, BTreeSet};

/// A frame that is damaged is not opened, unless a word of it was turned over, and that is the exception.
fn finds(checksum: &dyn Checksum, claim: &Claim, sealed: &[u8], damaged: &[u8]) {
    let word = claim.but_flipped.max(1) as usize;
    let turned = sealed.chunks(word).zip(damaged.chunks(word)).any(|(one, other)| {
        one.iter().zip(other).all(|(a, b)| a ^ b == 0xff && (*a == 0 || *a == 0xff))
            && one.windows(2).all(|pair| pair[0] == pair[1])
    });
    if damaged == sealed || claim.but_flipped > 0 && turned {
        return;
    }
    let name = checksum.name();
    assert!(checksum.open(damaged).is_none(), "{name}: {claim}: {sealed:02x?} {damaged:02x?}");
}

/// Frames with data of all kinds, sealed.
fn frames(checksum: &dyn Checksum, claim: &Claim) -> Vec<Vec<u8>> {
    let lengths = [6, 7].into_iter().filter(|len| len % claim.words_of as usize == 0);
    let mut frames = Vec::new();
    for len in lengths {
        let mixed = (0..len).map(|n| [0, 0xff, 0x80, 0x01, 0x7f][n * 3 % 5]).collect();
        for mut frame in [text(len), vec![0; len], vec![0xff; len], mixed] {
            checksum.seal(&mut frame);
            frames.push(frame);
        }
    }
    frames
}

/// Flips every pattern of bits within a run, or many of them.
fn burst(checksum: &dyn Checksum, claim: &Claim, len: u32, order: Order) {
    let patterns: u64 = 1 << (len - 1);
    // Each pattern begins with a bit that is flipped, so that shorter ones come too, further on.
    let step = (patterns / 1_000).max(1) | 1;
    for sealed in frames(checksum, claim) {
        for first in 0..=sealed.len() * 8 - len as usize {
            for pattern in (0..patterns).step_by(step as usize) {
                let pattern = pattern << 1 | 1;
                let mut damaged = sealed.clone();
                for bit in (0..len as usize).filter(|bit| pattern >> bit & 1 == 1) {
                    damaged[(first + bit) / 8] ^= order.mask(first + bit);
                }
                finds(checksum, claim, &sealed, &damaged);
            }
        }
    }
}

/// By how much each bit that goes up puts a frame wrong: in each of its sums, the data's less the one that
/// the checksum tells.
fn steps(checksum: &dyn Checksum, bytes: usize, order: Order) -> Vec<[i64; 2]> {
    let modulus = modulus(checksum);
    let wrong = |frame: &[u8]| {
        let (data, told) = frame.split_at(bytes);
        let told = told.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        let sum = checksum.of(data);
        let told = if checksum.low_byte_first() { told.swap_bytes() } else { told };
        [0, 1].map(|part| half(checksum, sum, part) - half(checksum, told, part))
    };
    let mut frame = vec![0; bytes + checksum.width()];
    let right = wrong(&frame);
    let step = |bit: usize| {
        frame[bit / 8] ^= order.mask(bit);
        let wrong = wrong(&frame);
        frame[bit / 8] = 0;
        [0, 1].map(|part| (wrong[part] - right[part]).rem_euclid(modulus))
    };
    (0..(bytes + checksum.width()) * 8).map(step).collect()
}

/// What its sums are taken modulo.
fn modulus(checksum: &dyn Checksum) -> i64 {
    match checksum.name() {
        "sum-8" => 256,
        "fletcher-16" => 255,
        "internet" | "fletcher-32" => 65_535,
        "adler-32" => 65_521,
        name => panic!("{name} has no sums that are known"),
    }
}

/// The sum, or the sum of sums; a checksum with but one sum has nothing there.
fn half(checksum: &dyn Checksum, sum: u32, part: u32) -> i64 {
    match checksum.name() {
        "sum-8" | "internet" if part == 0 => sum.into(),
        "sum-8" | "internet" => 0,
        _ => {
            let bits = checksum.bits() / 2;
            i64::from(sum >> (bits * part) & ((1 << bits) - 1))
        }
    }
}

/// All ways in which bits can go up (1), down (-1) or stay (0) that cancel, but for all staying.
fn cancelling(steps: &[[i64; 2]], modulus: i64) -> Vec<Vec<i64>> {
    let (left, right) = steps.split_at(steps.len() / 2);
    let ways = |steps: &[[i64; 2]]| {
        let mut ways = vec![([0, 0], Vec::new())];
        for step in steps {
            let with = |(sum, way): &([i64; 2], Vec<i64>)| {
                [-1, 0, 1].map(|by| {
                    let part = |part: usize| (sum[part] + by * step[part]).rem_euclid(modulus);
                    ([part(0), part(1)], [way.as_slice(), &[by]].concat())
                })
            };
            ways = ways.iter().flat_map(with).collect();
        }
        ways
    };
    let mut known: BTreeMap<[i64; 2], Vec<Vec<i64>>> = BTreeMap::new();
    for (sum, way) in ways(left) {
        known.entry(sum).or_default().push(way);
    }
    let mut found = Vec::new();
    for (sum, way) in ways(right) {
        let opposite = sum.map(|part| (modulus - part) % modulus);
        let lefts = known.get(&opposite).into_iter().flatten();
        found.extend(lefts.map(|left| [left.as_slice(), &way].concat()));
    }
    found.retain(|way| way.iter().any(|by| *by != 0));
    found
}

/// Whether a change turns a whole word over that the claim excepts.
fn turns(claim: &Claim, first: usize, way: &[i64]) -> bool {
    let width = claim.but_flipped as usize * 8;
    width > 0
        && (0..way.len()).any(|at| {
            let word = way.get(at..at + width).filter(|_| (first + at).is_multiple_of(width));
            word.is_some_and(|word| [1, -1].iter().any(|by| word.iter().all(|bit| bit == by)))
        })
}

/// Whether no burst of this length cancels, wherever it is and whatever the frame holds. What strikes the
/// checksum alone is found without sums: it is another then.
fn no_burst(checksum: &dyn Checksum, claim: &Claim, len: usize, order: Order) -> bool {
    let mut lengths = [6, 7].into_iter().filter(|bytes| bytes % claim.words_of as usize == 0);
    lengths.all(|bytes| {
        let steps = steps(checksum, bytes, order);
        steps.windows(len).enumerate().all(|(first, steps)| {
            let data = (bytes * 8).saturating_sub(first).min(len);
            let ways = cancelling(steps, modulus(checksum)).into_iter();
            let mut ways = ways.filter(|way| way[..data].iter().any(|by| *by != 0));
            ways.all(|way| turns(claim, first, &way))
        })
    })
}

/// No two bits cancel, whichever way they are flipped: no step is another, or another's opposite. (A
/// checksum that is no remainder is none, so a bit of it that makes it one is found too.)
fn two_bits(checksum: &dyn Checksum, bytes: usize) -> bool {
    let modulus = modulus(checksum);
    let mut seen = BTreeSet::new();
    steps(checksum, bytes, Order::LowFirst).into_iter().all(|step| {
        let opposite = step.map(|part| (modulus - part) % modulus);
        let new = step != [0, 0] && !seen.contains(&step) && !seen.contains(&opposite);
        seen.insert(step);
        new
    })
}

pub(super) fn summed(checksum: &dyn Checksum, claim: &Claim) {
    match claim.errors {
        // Too many ways to look at: some thousands of them.
        Errors::Burst(len, Order::Any) if len > 20 => {
            burst(checksum, claim, len, Order::HighFirst);
            burst(checksum, claim, len, Order::LowFirst);
        }
        Errors::Burst(len, Order::Any) => {
            for order in [Order::HighFirst, Order::LowFirst] {
                assert!(no_burst(checksum, claim, len as usize, order), "{claim}");
            }
            assert!(!no_burst(checksum, claim, len as usize + 1, Order::LowFirst), "{claim}");
        }
        Errors::Bits(1) => {
            for sealed in frames(checksum, claim) {
                for bit in 0..sealed.len() * 8 {
                    let mut damaged = sealed.clone();
                    damaged[bit / 8] ^= Order::LowFirst.mask(bit);
                    finds(checksum, claim, &sealed, &damaged);
                }
            }
        }
        Errors::Bits(2) if checksum.name() == "fletcher-16" => {
            let bytes = claim.up_to.expect("a length") as usize;
            assert!(two_bits(checksum, bytes) && !two_bits(checksum, bytes + 1));
        }
        // As many words as that take long; at both ends, and where the distance is a divisor of 65,535.
        Errors::Bits(2) => fletcher_32(checksum, claim.up_to.expect("a length") as usize),
        Errors::Bytes(n) => {
            let up_to = claim.up_to.unwrap_or(70_000) as usize;
            for (len, distance) in [(20, 1), (20, 2), (20, 19), (20, 20), (up_to, up_to - 1)] {
                changes(checksum, claim, len, [0, distance].map(|at| at.min(len)), 1, n);
            }
            // With one byte more, the first changes nothing but the sum, and so does one of the checksum.
            if claim.up_to.is_some() {
                let mut frame = vec![0; up_to + 1];
                checksum.seal(&mut frame);
                frame[0] += 1;
                *frame.last_mut().expect("a byte") += 1;
                assert!(checksum.open(&frame).is_some(), "{claim}");
            }
        }
        Errors::Words { count, bytes } => {
            for (first, len) in [(0, 20), (6, 20), (18, 20), (19, 20), (20, 20)] {
                let width = bytes as usize;
                let first = first / width * width;
                changes(checksum, claim, len, [first, first + width], bytes, count);
            }
        }
        other => panic!("{}: there is no proof of {other:?}", checksum.name()),
    }
}

/// Changes one word or two by whatever they can change by.
fn changes(
    checksum: &dyn Checksum,
    claim: &Claim,
    len: usize,
    at: [usize; 2],
    width: u32,
    words: u32,
) {
    let width = width as usize;
    let most = (1_i64 << (8 * width)) - 1;
    let step = if width == 1 && len < 100 { 1 } else { most as usize / 4 };
    let all = || (-most..=most).step_by(step).chain([-256, -255, -1, 1, 255, 256]);
    let all: Vec<i64> = all().filter(|by| by.abs() <= most).collect();
    let few = if words == 2 { all.as_slice() } else { &[0] };
    let mut clean = vec![0_u8; len];
    checksum.seal(&mut clean);
    let put = |frame: &mut [u8], at: usize, value: i64| {
        for (place, byte) in frame[at..].iter_mut().take(width).enumerate() {
            *byte = (value >> (8 * place)) as u8;
        }
    };
    for (one, other) in all.iter().flat_map(|one| few.iter().map(move |other| (*one, *other))) {
        // From the less of two words to the more, or the reverse; what the seal says stays as it is.
        let (mut before, mut after) = (clean[..len].to_vec(), clean[..len].to_vec());
        for (at, by) in at.into_iter().zip([one, other]).filter(|(at, _)| at + width <= len) {
            put(&mut before, at, (-by).max(0));
            put(&mut after, at, by.max(0));
        }
        checksum.seal(&mut before);
        after.extend_from_slice(&before[len..]);
        for (at, by) in at.into_iter().zip([one, other]) {
            if at >= len && at + width <= after.len() && by != 0 {
                after[at] = after[at].wrapping_add(by as u8);
            }
        }
        finds(checksum, claim, &before, &after);
    }
}

fn fletcher_32(checksum: &dyn Checksum, up_to: usize) {
    assert!(two_bits(checksum, 64) && two_bits(checksum, 65));
    // Word w from the end steps by (2^i, 2^i w). Only 2^i is its own opposite's opposite, so w must
    // differ by a multiple of 65,535; and a bit of the checksum steps in one of the sums alone.
    let words = up_to / 2;
    let mut text = vec![0_u8; up_to + 2];
    let zero = checksum.of(&text[..up_to]);
    assert_eq!((zero, words), (0, 65_534));
    for weight in [1, 2, 3, 5, 17, 257, 4_369, 21_845, 65_533, 65_534] {
        for bit in 0..16 {
            let at = up_to - 2 * weight + bit / 8;
            text[at] = 1 << (bit % 8);
            let sum = checksum.of(&text[..up_to]);
            let power = 1_u64 << bit;
            assert_eq!(u64::from(sum), (power * weight as u64 % 65_535) << 16 | power);
            text[at] = 0;
        }
    }
    // With one word more, the first word steps in the sum alone, as a bit of the checksum does.
    text[0] = 1;
    assert_eq!(checksum.of(&text), 1);
}
