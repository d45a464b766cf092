//! What a seed draws for the whole of a storm.

use super::dice::Dice;
use super::{Place, Storm};
use rand::Rng;
use serde_json::{Map, Value as Json, json};
use simlab_core::{Duration, FaultKind, Ratio, stream};
use std::fmt;

/// What a seed drew for the whole of a storm: a flat list, one line for each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The kinds that are on, in the order of their declaration, and what they are like.
    pub on: Vec<KindOptions>,
    /// The kinds that the seed switched off.
    pub off: Vec<FaultKind>,
}

/// What the faults of one kind are like in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindOptions {
    /// The kind.
    pub kind: FaultKind,
    /// The mean time from one to the next.
    pub every: Duration,
    /// How long they last on average.
    pub lasts: Duration,
    /// On how many nodes each of them falls at most; of a fault of links, on its smaller side.
    pub nodes: usize,
    /// How strong they are.
    pub strength: Strength,
}

/// How strong the faults of a kind are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// There is no more or less.
    Whole,
    /// Loss, duplicates, damage, failed and misdirected writes: so often.
    Rate(Ratio),
    /// Reordering: datagrams are held back so often and for so long.
    Held {
        /// How often.
        rate: Ratio,
        /// How long.
        by: Duration,
    },
    /// Delays, jumps and slow syncs: up to so long.
    UpTo(Duration),
    /// Flaps: cut for so long, whole for so long, on average.
    Comes {
        /// Cut.
        down: Duration,
        /// Whole.
        up: Duration,
    },
    /// Crashes: every other fault waits for a sync, and crashes so many of them.
    AtSync {
        /// How often.
        rate: Ratio,
        /// How long the node is then down.
        down: Duration,
    },
    /// Slow nodes: so many percent of the usual time.
    Percent(u32),
    /// Drift: so many nanoseconds a second at most.
    Drift(u32),
    /// Full disks: there is room for so many bytes.
    Room(u64),
    /// Rot: so many bits flip at once.
    Bits(u32),
}

impl Options {
    /// The draws of a seed. Each kind is on with probability 1/2; if all are off, then the one that
    /// drew the smallest number is on after all.
    pub(super) fn draw(storm: &Storm, seed: u64) -> Self {
        let (mut on, mut off) = (Vec::new(), Vec::new());
        for kind in storm.all_kinds() {
            let mut dice = stream(seed, &format!("storm: what {kind}"));
            let is_on = dice.one_in(2);
            let last_resort = dice.next_u64();
            let options = KindOptions::draw(storm, kind, &mut dice);
            if is_on { on.push(options) } else { off.push((last_resort, options)) }
        }
        if on.is_empty()
            && let Some(least) = off.iter().min_by_key(|(number, _)| *number).map(|(_, o)| *o)
        {
            off.retain(|(_, options)| options.kind != least.kind);
            on.push(least);
        }
        Options { on, off: off.into_iter().map(|(_, options)| options.kind).collect() }
    }

    /// As one JSON object: the kinds that are on, each with its options, and those that are off.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json!({
            "on": self.on.iter().map(KindOptions::json).collect::<Vec<_>>(),
            "off": self.off.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        })
    }
}

impl KindOptions {
    fn draw(storm: &Storm, kind: FaultKind, dice: &mut impl Rng) -> Self {
        let every = dice.span(Duration(storm.every.nanos() / 4), 3);
        let lasts = dice.span(Duration(storm.longest.nanos() / 16), 4).min(storm.longest);
        let nodes = 1 + dice.below(storm.candidates(kind).len() as u64) as usize;
        let strength = Strength::draw(storm, kind, lasts, dice);
        KindOptions { kind, every, lasts, nodes, strength }
    }

    fn json(&self) -> Json {
        let mut map = Map::new();
        let mut put = |name: &str, value: Json| map.insert(name.to_owned(), value);
        put("kind", self.kind.name().into());
        put("every_ms", self.every.millis().into());
        put("lasts_ms", self.lasts.millis().into());
        put("nodes", self.nodes.into());
        let _ = match self.strength {
            Strength::Whole => None,
            Strength::Rate(rate) => put("rate", rate.to_string().into()),
            Strength::Held { rate, by } => {
                put("rate", rate.to_string().into());
                put("by_us", (by.nanos() / 1_000).into())
            }
            Strength::UpTo(span) => put("up_to_us", (span.nanos() / 1_000).into()),
            Strength::Comes { down, up } => {
                put("cut_ms", down.millis().into());
                put("whole_ms", up.millis().into())
            }
            Strength::AtSync { rate, down } => {
                put("at_sync", rate.to_string().into());
                put("down_ms", down.millis().into())
            }
            Strength::Percent(percent) => put("percent", percent.into()),
            Strength::Drift(nanos) => put("drift_ppb", nanos.into()),
            Strength::Room(bytes) => put("room", bytes.into()),
            Strength::Bits(bits) => put("bits", bits.into()),
        };
        Json::Object(map)
    }
}

impl Strength {
    fn draw(storm: &Storm, kind: FaultKind, lasts: Duration, dice: &mut impl Rng) -> Self {
        let place = &storm.place;
        let mut percent = |least, octaves| Ratio::new(dice.scaled(least, octaves).min(100), 100);
        let (often, seldom) = (percent(2, 5), percent(1, 4));
        let (often, seldom) = (often.unwrap_or(Ratio::ONE), seldom.unwrap_or(Ratio::ONE));
        let usual = |least: Duration| place.delay.max(least);
        match kind {
            FaultKind::Cut
            | FaultKind::OneWay
            | FaultKind::Bridge
            | FaultKind::Pause
            | FaultKind::ReadError
            | FaultKind::LyingSync
            | FaultKind::Wipe
            | FaultKind::Leave
            | FaultKind::Tamper
            | FaultKind::Replay => Strength::Whole,
            FaultKind::Flap => {
                let least = Duration(lasts.nanos() / 32);
                Strength::Comes { down: dice.span(least, 3), up: dice.span(least, 3) }
            }
            // A storm is not better weather than usual.
            FaultKind::Loss => Strength::Rate(worse(often, place)),
            FaultKind::Duplicate | FaultKind::WriteError | FaultKind::Misdirect => {
                Strength::Rate(often)
            }
            FaultKind::Corrupt => Strength::Rate(seldom),
            FaultKind::Delay => {
                Strength::UpTo(dice.span(usual(Duration::from_millis(5)).times(2), 5))
            }
            FaultKind::Reorder => {
                let by = dice.span(usual(Duration::from_millis(1)), 4);
                Strength::Held { rate: often, by }
            }
            FaultKind::Crash => {
                let down = dice.around(lasts).min(storm.longest);
                Strength::AtSync { rate: often, down }
            }
            FaultKind::Slow => Strength::Percent(dice.scaled(200, 5) as u32),
            FaultKind::Drift => {
                let most = storm.drift_limit();
                Strength::Drift(most - dice.below(u64::from(most)) as u32)
            }
            FaultKind::Jump => Strength::UpTo(dice.span(Duration::from_millis(10), 18)),
            FaultKind::SlowSync => {
                let usual = place.sync.max(Duration::from_millis(5));
                Strength::UpTo(dice.span(usual.times(2), 6))
            }
            FaultKind::FullDisk => Strength::Room(dice.scaled(1, 12) - 1),
            FaultKind::Rot => Strength::Bits(dice.scaled(1, 3) as u32),
        }
    }
}

fn worse(rate: Ratio, place: &Place) -> Ratio {
    let lost = |rate: Ratio| rate.numerator() * 100 / rate.denominator();
    Ratio::new(lost(rate).max(place.loss).min(100), 100).unwrap_or(rate)
}

/// `crash ~4.2s x3 at syncs 12%, cut ~6.3s x1; off: pause, drift`
impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, options) in self.on.iter().enumerate() {
            write!(f, "{}{options}", if n > 0 { ", " } else { "" })?;
        }
        for (n, kind) in self.off.iter().enumerate() {
            write!(f, "{}{kind}", if n > 0 { ", " } else { "; off: " })?;
        }
        Ok(())
    }
}

/// `crash ~4.2s x3 at syncs 12%`: a crash about every 4.2 s, of up to 3 nodes.
impl fmt::Display for KindOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ~{} x{}", self.kind, Short(self.every), self.nodes)?;
        match self.strength {
            Strength::Whole => Ok(()),
            Strength::Rate(rate) => write!(f, " {rate}"),
            Strength::Held { rate, by } => write!(f, " {rate} by {}", Short(by)),
            Strength::UpTo(span) => write!(f, " <{}", Short(span)),
            Strength::Comes { down, up } => write!(f, " {}/{}", Short(down), Short(up)),
            Strength::AtSync { rate, .. } => write!(f, " at syncs {rate}"),
            Strength::Percent(percent) => write!(f, " {percent}%"),
            Strength::Drift(nanos) => write!(f, " <{}ppm", nanos.div_ceil(1_000)),
            Strength::Room(bytes) => write!(f, " at {bytes}B"),
            Strength::Bits(bits) => write!(f, " {bits} bits"),
        }
    }
}

/// A length of time in two or three digits.
struct Short(Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.nanos() / 1_000;
        match micros {
            0..1_000 => write!(f, "{micros}us"),
            1_000..1_000_000 => write!(f, "{}ms", micros / 1_000),
            1_000_000..10_000_000 => {
                write!(f, "{}.{}s", micros / 1_000_000, micros % 1_000_000 / 100_000)
            }
            _ => write!(f, "{}s", micros / 1_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_read_like_a_sentence() {
        let options = |kind, strength| KindOptions {
            kind,
            every: Duration::from_millis(4_250),
            lasts: Duration::from_secs(1),
            nodes: 3,
            strength,
        };
        let tenth = Ratio::new(1, 10).expect("a ratio");
        let crash = Strength::AtSync { rate: tenth, down: Duration::from_secs(1) };
        let on = vec![
            options(FaultKind::Loss, Strength::Rate(tenth)),
            options(FaultKind::Crash, crash),
            options(FaultKind::Jump, Strength::UpTo(Duration::from_secs(600))),
        ];
        let options = Options { on, off: vec![FaultKind::Cut, FaultKind::Pause] };
        assert_eq!(
            options.to_string(),
            "loss ~4.2s x3 10%, crash ~4.2s x3 at syncs 10%, jump ~4.2s x3 <600s; off: cut, pause"
        );
    }
}
