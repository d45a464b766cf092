//! The one decision point of a run.
//!
//! Whatever could have gone otherwise (is this datagram lost, how long does it take, which bit
//! flips, what does a process draw) is asked as `decide(point, domain)`. The seed answers today;
//! a recording, an override or an enumeration can answer instead, since a [`Point`] names the same
//! choice in every run of the same scenario. Randomness is therefore *keyed, not stored*: the fate
//! of the hundredth datagram on a link does not depend on how many others drew before it.

use crate::digest::{GAMMA, mix};
use crate::{Distribution, NodeId, Ratio, stream};
use rand::Rng;
use std::fmt;
use std::str::FromStr;

/// Whose choice it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The link from one node to another; ordinals are the numbers of its datagrams.
    Link {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
    },
    /// A node; ordinals count its draws, and run on when it restarts.
    Node(NodeId),
}

/// What is chosen. Each kind has its own sequence of ordinals, so that kinds never shift each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// Is the datagram lost?
    Lose,
    /// Does a second copy of the datagram arrive?
    Duplicate,
    /// How long is copy `copy` (0 is the original) under way?
    Delay {
        /// 0 for the original, 1 for the duplicate, 2 for what the adversary sends again.
        copy: u8,
    },
    /// Is the copy held back, so that later datagrams overtake it?
    HoldBack {
        /// 0 for the original, 1 for the duplicate.
        copy: u8,
    },
    /// Is the copy corrupted?
    Corrupt {
        /// 0 for the original, 1 for the duplicate.
        copy: u8,
    },
    /// Which bit of the copy flips?
    FlipBit {
        /// 0 for the original, 1 for the duplicate.
        copy: u8,
        /// Counts the flips of one corruption.
        flip: u8,
    },
    /// Which bits, words or bytes of the copy are damaged, where [`Choice::FlipBit`] does not say?
    Damage {
        /// 0 for the original, 1 for the duplicate.
        copy: u8,
        /// Counts the questions of one damage.
        part: u8,
    },
    /// How long does a sync take? Ordinals count the node's syncs.
    Sync,
    /// Does the node crash when the sync is about to end (what it covers is not durable yet), or
    /// has just ended (it is durable, and the process does not know)? Ordinals as for `Sync`.
    CrashAtSync {
        /// Just after it ended.
        after: bool,
    },
    /// A draw by a process, through [`Env::random`](crate::Env::random).
    Random,
    /// How long does the node take to handle an event? Ordinals count what it handled.
    Service,
    /// What does a crash leave of a write that was not durable: 0 nothing, 1 all, 2 some of its
    /// sectors? Ordinals count the node's writes.
    Survive,
    /// Does this sector of a write that a crash tore survive? Ordinals as for `Survive`.
    KeepSector {
        /// The sector, counted within the write.
        sector: u16,
    },
    /// Does a write fail? Ordinals as for `Survive`.
    FailWrite,
    /// Does a write go astray? Ordinals as for `Survive`.
    Misdirect,
    /// By how many sectors is a write astray? Ordinals as for `Survive`.
    Astray,
    /// Which bit at rest flips? Ordinals count such flips of the node.
    Rot,
    /// Does the adversary edit the copy?
    Tamper {
        /// 0 for the original, 1 for the duplicate.
        copy: u8,
    },
    /// What does the adversary edit: 0 which byte, 1 what is changed in it?
    Edit {
        /// 0 for the original, 1 for the duplicate.
        copy: u8,
        /// Counts the questions of one edit.
        part: u8,
    },
    /// Does the adversary send the datagram again?
    Replay,
    /// How much later?
    ReplayAfter,
}

impl Choice {
    /// As it is written in files of decisions.
    fn parts(self) -> (&'static str, [Option<u16>; 2]) {
        match self {
            Choice::Lose => ("lose", [None, None]),
            Choice::Duplicate => ("duplicate", [None, None]),
            Choice::Delay { copy } => ("delay", [Some(copy.into()), None]),
            Choice::HoldBack { copy } => ("hold-back", [Some(copy.into()), None]),
            Choice::Corrupt { copy } => ("corrupt", [Some(copy.into()), None]),
            Choice::FlipBit { copy, flip } => ("flip-bit", [Some(copy.into()), Some(flip.into())]),
            Choice::Damage { copy, part } => ("damage", [Some(copy.into()), Some(part.into())]),
            Choice::Sync => ("sync", [None, None]),
            Choice::CrashAtSync { after: false } => ("crash-before-sync", [None, None]),
            Choice::CrashAtSync { after: true } => ("crash-after-sync", [None, None]),
            Choice::Random => ("random", [None, None]),
            Choice::Service => ("service", [None, None]),
            Choice::Survive => ("survive", [None, None]),
            Choice::KeepSector { sector } => ("keep-sector", [Some(sector), None]),
            Choice::FailWrite => ("fail-write", [None, None]),
            Choice::Misdirect => ("misdirect", [None, None]),
            Choice::Astray => ("astray", [None, None]),
            Choice::Rot => ("rot", [None, None]),
            Choice::Tamper { copy } => ("tamper", [Some(copy.into()), None]),
            Choice::Edit { copy, part } => ("edit", [Some(copy.into()), Some(part.into())]),
            Choice::Replay => ("replay", [None, None]),
            Choice::ReplayAfter => ("replay-after", [None, None]),
        }
    }

    const fn code(self) -> u64 {
        match self {
            Choice::Lose => 1,
            Choice::Duplicate => 2,
            Choice::Delay { copy } => 3 | (copy as u64) << 8,
            Choice::HoldBack { copy } => 4 | (copy as u64) << 8,
            Choice::Corrupt { copy } => 5 | (copy as u64) << 8,
            Choice::FlipBit { copy, flip } => 6 | (copy as u64) << 8 | (flip as u64) << 16,
            Choice::Random => 7,
            Choice::Sync => 8,
            Choice::Damage { copy, part } => 9 | (copy as u64) << 8 | (part as u64) << 16,
            Choice::CrashAtSync { after } => 10 | (after as u64) << 8,
            Choice::Service => 11,
            Choice::Survive => 12,
            Choice::KeepSector { sector } => 13 | (sector as u64) << 8,
            Choice::FailWrite => 14,
            Choice::Misdirect => 15,
            Choice::Astray => 16,
            Choice::Rot => 17,
            Choice::Tamper { copy } => 18 | (copy as u64) << 8,
            Choice::Edit { copy, part } => 19 | (copy as u64) << 8 | (part as u64) << 16,
            Choice::Replay => 20,
            Choice::ReplayAfter => 21,
        }
    }
}

/// `lose`, `delay.1`, `flip-bit.0.3`: the word, and what numbers it has.
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, numbers) = self.parts();
        f.write_str(word)?;
        numbers.iter().flatten().try_for_each(|number| write!(f, ".{number}"))
    }
}

/// A text that names no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseChoiceError;

impl fmt::Display for ParseChoiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Choice::WORDS.join(", ");
        write!(f, "expected one of {words}, some with numbers as in delay.0 or flip-bit.0.3")
    }
}

impl std::error::Error for ParseChoiceError {}

impl FromStr for Choice {
    type Err = ParseChoiceError;

    fn from_str(text: &str) -> Result<Self, ParseChoiceError> {
        let mut parts = text.split('.');
        let word = parts.next().ok_or(ParseChoiceError)?;
        let numbers: Vec<u16> =
            parts.map(str::parse).collect::<Result<_, _>>().map_err(|_| ParseChoiceError)?;
        let byte = |n: u16| u8::try_from(n).map_err(|_| ParseChoiceError);
        let choice = match (word, numbers.as_slice()) {
            ("lose", []) => Choice::Lose,
            ("duplicate", []) => Choice::Duplicate,
            ("delay", [copy]) => Choice::Delay { copy: byte(*copy)? },
            ("hold-back", [copy]) => Choice::HoldBack { copy: byte(*copy)? },
            ("corrupt", [copy]) => Choice::Corrupt { copy: byte(*copy)? },
            ("flip-bit", [copy, flip]) => {
                Choice::FlipBit { copy: byte(*copy)?, flip: byte(*flip)? }
            }
            ("damage", [copy, part]) => Choice::Damage { copy: byte(*copy)?, part: byte(*part)? },
            ("sync", []) => Choice::Sync,
            ("crash-before-sync", []) => Choice::CrashAtSync { after: false },
            ("crash-after-sync", []) => Choice::CrashAtSync { after: true },
            ("random", []) => Choice::Random,
            ("service", []) => Choice::Service,
            ("survive", []) => Choice::Survive,
            ("keep-sector", [sector]) => Choice::KeepSector { sector: *sector },
            ("fail-write", []) => Choice::FailWrite,
            ("misdirect", []) => Choice::Misdirect,
            ("astray", []) => Choice::Astray,
            ("rot", []) => Choice::Rot,
            ("tamper", [copy]) => Choice::Tamper { copy: byte(*copy)? },
            ("edit", [copy, part]) => Choice::Edit { copy: byte(*copy)?, part: byte(*part)? },
            ("replay", []) => Choice::Replay,
            ("replay-after", []) => Choice::ReplayAfter,
            _ => return Err(ParseChoiceError),
        };
        // One way to write each: no leading zeros or signs.
        if choice.to_string() == text { Ok(choice) } else { Err(ParseChoiceError) }
    }
}

impl Choice {
    /// The words of all choices.
    pub const WORDS: [&'static str; 22] = [
        "lose",
        "duplicate",
        "delay",
        "hold-back",
        "corrupt",
        "flip-bit",
        "damage",
        "sync",
        "crash-before-sync",
        "crash-after-sync",
        "random",
        "service",
        "survive",
        "keep-sector",
        "fail-write",
        "misdirect",
        "astray",
        "rot",
        "tamper",
        "edit",
        "replay",
        "replay-after",
    ];
}

/// One choice of a run, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    /// Whose it is.
    pub who: Who,
    /// What is chosen.
    pub choice: Choice,
    /// Which one of its kind, from 0.
    pub ordinal: u64,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.who {
            Who::Link { from, to } => write!(f, "{from}->{to}")?,
            Who::Node(node) => write!(f, "{node}")?,
        }
        write!(f, " {} {}", self.choice, self.ordinal)
    }
}

/// What the answer may be.
#[derive(Clone, Copy, Debug)]
pub enum Domain<'a> {
    /// 1 with this probability, else 0.
    Chance(Ratio),
    /// A length of time in nanoseconds.
    Span(&'a Distribution),
    /// A whole number below this bound, which must not be zero; all are equally likely.
    Below(u64),
    /// Any 64 bits.
    Bits,
}

impl Domain<'_> {
    /// The answer that 64 uniform bits stand for.
    #[must_use]
    #[inline(always)]
    pub fn sample(&self, bits: u64) -> u64 {
        match *self {
            Domain::Chance(ratio) => {
                u64::from(below(bits, ratio.denominator()) < ratio.numerator())
            }
            Domain::Span(distribution) => distribution.sample(bits).nanos(),
            Domain::Below(bound) => below(bits, bound),
            Domain::Bits => bits,
        }
    }

    /// Whether an answer from outside (a recording, an override) makes sense. What the odds rule out
    /// is still possible: an override may lose a datagram on a link that loses none.
    #[must_use]
    pub const fn admits(&self, answer: u64) -> bool {
        match *self {
            Domain::Chance(_) => answer <= 1,
            Domain::Below(bound) => answer < bound,
            Domain::Span(_) | Domain::Bits => true,
        }
    }

    /// Whether only one answer is possible, and which.
    #[must_use]
    #[inline]
    pub fn certain(&self) -> Option<u64> {
        match *self {
            Domain::Chance(ratio) if ratio.is_zero() => Some(0),
            Domain::Span(Distribution::Fixed(d)) => Some(d.nanos()),
            Domain::Below(1) => Some(0),
            _ => None,
        }
    }
}

/// The harmless answer to a choice: nothing is lost, doubled, held back, damaged or delayed more than
/// it must be, nothing crashes or fails, and what a crash could take away stays. What a process draws for
/// itself is neither harmful nor harmless, but must differ between processes, or those that wait at random
/// would wait the same time for ever: it is the same mixture in every run.
#[must_use]
pub fn harmless(point: Point, domain: Domain<'_>) -> u64 {
    if let Some(only) = domain.certain() {
        return only;
    }
    match (domain, point.choice) {
        (Domain::Span(distribution), _) => distribution.least().nanos(),
        (_, Choice::Survive | Choice::KeepSector { .. }) => 1,
        (Domain::Chance(_), _) => 0,
        (Domain::Below(_) | Domain::Bits, Choice::Random) => {
            let sequence = Seeded { key: [0; 2] }.sequence(point.who, point.choice);
            domain.sample(sequence.bits(point.ordinal))
        }
        (Domain::Below(_) | Domain::Bits, _) => 0,
    }
}

/// Maps 64 uniform bits to `0..bound` (Lemire 2019 without the rejection: the bias is below
/// `bound / 2^64`).
#[inline]
const fn below(bits: u64, bound: u64) -> u64 {
    ((bits as u128 * bound as u128) >> 64) as u64
}

/// Whatever answers the choices of a run.
pub trait Decide {
    /// The answer to `point`, within `domain`.
    fn decide(&mut self, point: Point, domain: Domain<'_>) -> u64;
}

/// Lets the seed answer: a counter-based generator, keyed from ChaCha.
///
/// A point is folded into a stream number, and the answer is the `ordinal`-th output of
/// `SplitMix64` on that stream. Nothing is stored, so a world of a million links costs no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seeded {
    key: [u64; 2],
}

impl Seeded {
    /// The answers of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut keys = stream(seed, "decisions");
        Seeded { key: [keys.next_u64(), keys.next_u64()] }
    }

    /// The 64 uniform bits behind the answer to `point`.
    #[must_use]
    #[inline]
    pub const fn bits(&self, point: Point) -> u64 {
        self.sequence(point.who, point.choice).bits(point.ordinal)
    }

    /// The bits behind all answers to one kind of choice of one link or node. Whoever asks often
    /// keeps it: it is most of the work.
    #[must_use]
    #[inline]
    pub const fn sequence(&self, who: Who, choice: Choice) -> Sequence {
        let (tag, name) = match who {
            Who::Link { from, to } => (0, (from.0 as u64) << 32 | to.0 as u64),
            Who::Node(node) => (1, node.0 as u64),
        };
        Sequence(mix(mix(self.key[0] ^ name) ^ self.key[1] ^ (choice.code() << 1 | tag)))
    }
}

/// The bits behind the answers to one kind of choice of one link or node, by their ordinals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sequence(u64);

impl Sequence {
    /// The 64 uniform bits behind the answer with this ordinal.
    #[must_use]
    #[inline]
    pub const fn bits(self, ordinal: u64) -> u64 {
        mix(self.0.wrapping_add(ordinal.wrapping_add(1).wrapping_mul(GAMMA)))
    }
}

impl Decide for Seeded {
    #[inline]
    fn decide(&mut self, point: Point, domain: Domain<'_>) -> u64 {
        domain.certain().unwrap_or_else(|| domain.sample(self.bits(point)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(ordinal: u64) -> Point {
        let who = Who::Link { from: NodeId(0), to: NodeId(1) };
        Point { who, choice: Choice::Lose, ordinal }
    }

    #[test]
    fn the_same_point_has_the_same_answer() {
        let (a, b) = (Seeded::new(7), Seeded::new(7));
        assert_eq!(a.bits(link(3)), b.bits(link(3)));
        assert_ne!(a.bits(link(3)), a.bits(link(4)));
        assert_ne!(a.bits(link(3)), Seeded::new(8).bits(link(3)));
    }

    /// Streams that differ only in who, what or which must look unrelated: about half of the bits
    /// differ between neighbours.
    #[test]
    fn neighbouring_points_are_unrelated() {
        let seeded = Seeded::new(1);
        let points = (0..40_u32).flat_map(|n| {
            let back = Who::Link { from: NodeId(1), to: NodeId(n) };
            [
                link(n.into()),
                Point { who: back, ..link(0) },
                Point { who: Who::Node(NodeId(n)), choice: Choice::Random, ordinal: 0 },
                Point { choice: Choice::Delay { copy: n as u8 }, ..link(0) },
                Point { choice: Choice::FlipBit { copy: 0, flip: n as u8 }, ..link(0) },
            ]
        });
        let bits: Vec<u64> = points.map(|p| seeded.bits(p)).collect();
        for (i, a) in bits.iter().enumerate() {
            for b in &bits[i + 1..] {
                let differing = (a ^ b).count_ones();
                assert!((8..=56).contains(&differing), "{a:016x} and {b:016x}");
            }
        }
    }

    #[test]
    fn choices_are_read_as_they_are_written() {
        let choices = [
            Choice::Lose,
            Choice::Delay { copy: 1 },
            Choice::FlipBit { copy: 0, flip: 254 },
            Choice::Damage { copy: 1, part: 2 },
            Choice::CrashAtSync { after: true },
            Choice::KeepSector { sector: 65_535 },
            Choice::Rot,
            Choice::Edit { copy: 0, part: 1 },
        ];
        for choice in choices {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        for wrong in ["", "delay", "delay.256", "delay.01", "delay.+1", "lose.0", "Lose", "x"] {
            assert_eq!(wrong.parse::<Choice>(), Err(ParseChoiceError), "{wrong}");
        }
    }

    #[test]
    fn chances_come_out_as_often_as_they_should() {
        let mut seeded = Seeded::new(5);
        let ratio = Ratio::new(3, 10).expect("a ratio");
        let hits: u64 = (0..100_000).map(|n| seeded.decide(link(n), Domain::Chance(ratio))).sum();
        assert!((29_500..30_500).contains(&hits), "{hits} of 100000 at 30 %");
    }

    #[test]
    fn below_reaches_every_value() {
        let mut seeded = Seeded::new(5);
        let mut seen = [0; 6];
        for n in 0..6_000 {
            seen[seeded.decide(link(n), Domain::Below(6)) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| (850..1_150).contains(&n)), "{seen:?}");
    }
}
