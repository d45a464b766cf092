//! A stream of numbered datagrams, for looking at what links do to them.
//!
//! A source sends the same datagrams to every sink; each sink counts what it can see of its link
//! without any protocol's help: what is missing, what came twice, late, or damaged. There is no
//! acknowledgement and no repetition, on purpose.

use crate::messages::ANYTHING;
use simlab_core::wire::{Decode, Encode, Reader, WireError};
use simlab_core::{
    Arguments, BuildError, Dissection, Duration, Entry, Env, Event, FaultModel, Fields, Member,
    NodeId, Parameter, ParameterKind, Process,
};
use std::collections::BTreeSet;

/// What the stream tolerates: everything that links and machines do, since it promises nothing. It is
/// there to show damage, so even damage is inside; what a crash forgets is counted anew. Neither end
/// has anything on a disk.
const FAULTS: FaultModel = FaultModel {
    summary: "promises nothing, and counts what it sees of whatever happens",
    tolerates: ANYTHING,
    drift_max: 100_000_000,
};

/// The source.
pub const SOURCE: Entry =
    Entry::server("stream-source", "sends numbered datagrams to every stream-sink", source)
        .parameters(&[
            Parameter {
                name: "count",
                kind: ParameterKind::Count { min: 1, max: 1_000_000 },
                default: Some("500"),
                help: "how many datagrams to send to each sink",
            },
            Parameter {
                name: "every",
                kind: ParameterKind::Duration,
                default: Some("10ms"),
                help: "the time between two datagrams",
            },
            Parameter {
                name: "size",
                kind: ParameterKind::Count { min: 16, max: 60_000 },
                default: Some("64"),
                help: "the length of a datagram in bytes",
            },
            Parameter {
                name: "large",
                kind: ParameterKind::Count { min: 16, max: 60_000 },
                default: Some("64"),
                help: "the length of every tenth datagram in bytes",
            },
        ])
        .dissector(dissect)
        .faults(&FAULTS);

/// The sink.
pub const SINK: Entry =
    Entry::server("stream-sink", "counts what arrives of a stream, and how", sink)
        .dissector(dissect)
        .faults(&FAULTS);

/// A numbered datagram: its number twice, and a filling that follows from it, so that the receiver
/// sees any single flipped bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbered {
    number: u64,
    len: usize,
}

impl Encode for Numbered {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.number.to_be_bytes());
        out.extend((!self.number).to_be_bytes());
        out.extend((16..self.len).map(|_| self.number as u8));
    }
}

impl Decode<'_> for Numbered {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let (number, complement) = (reader.u64()?, reader.u64()?);
        let filling = reader.take(reader.rest().len())?;
        if complement != !number || filling.iter().any(|byte| *byte != number as u8) {
            return Err(WireError::Range("number"));
        }
        Ok(Numbered { number, len: 16 + filling.len() })
    }
}

#[derive(Clone, Hash)]
struct Source {
    sinks: Vec<NodeId>,
    count: u64,
    every: Duration,
    size: usize,
    large: usize,
    sent: u64,
}

fn source(args: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let sinks: Vec<NodeId> =
        args.roster.iter().filter(|m| m.service == SINK.name).map(|m| m.id).collect();
    if sinks.is_empty() {
        let message = format!("there is no {} to send to", SINK.name);
        return Err(BuildError { parameter: None, message });
    }
    Ok(Box::new(Source {
        sinks,
        count: args.count("count"),
        every: args.duration("every"),
        size: args.count("size") as usize,
        large: args.count("large") as usize,
        sent: 0,
    }))
}

impl Process for Source {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start | Event::Timer { .. } if self.sent < self.count => {
                let len = if self.sent % 10 == 9 { self.large } else { self.size };
                env.broadcast(self.sinks.iter().copied(), &Numbered { number: self.sent, len });
                self.sent += 1;
                env.set_timer(0, self.every);
            }
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("sent", self.sent as i64);
    }
}

#[derive(Clone, Hash)]
struct Sink {
    expected: u64,
    received: u64,
    seen: BTreeSet<u64>,
    duplicates: u64,
    late: u64,
    damaged: u64,
}

fn sink(args: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let source: Option<&Member> = args.roster.iter().find(|m| m.service == SOURCE.name);
    let Some(source) = source else {
        let message = format!("there is no {} to listen to", SOURCE.name);
        return Err(BuildError { parameter: None, message });
    };
    Ok(Box::new(Sink {
        expected: source.count("count"),
        received: 0,
        seen: BTreeSet::new(),
        duplicates: 0,
        late: 0,
        damaged: 0,
    }))
}

impl Process for Sink {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let Event::Datagram { bytes, .. } = event else { return };
        self.received += 1;
        match Numbered::from_bytes(bytes) {
            Err(_) => {
                self.damaged += 1;
                env.note("stream.damaged", self.damaged, 0);
            }
            Ok(Numbered { number, .. }) => {
                let overtaken = self.seen.last().is_some_and(|last| *last > number);
                if !self.seen.insert(number) {
                    self.duplicates += 1;
                    env.note("stream.duplicate", number, 0);
                } else if overtaken {
                    self.late += 1;
                    env.note("stream.late", number, 0);
                }
            }
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("received", self.received as i64);
        view.int("missing", self.expected.saturating_sub(self.seen.len() as u64) as i64);
        view.int("duplicates", self.duplicates as i64);
        view.int("late", self.late as i64);
        view.int("damaged", self.damaged as i64);
    }
}

fn dissect(bytes: &[u8]) -> Option<Dissection> {
    Some(match Numbered::from_bytes(bytes) {
        Ok(Numbered { number, len }) => {
            Dissection::new("number", format!("number {number} ({len} B)"))
                .part("number", number, 0..8)
                .part("complement", "matches", 8..16)
                .part("filling", format!("{} bytes", len - 16), 16..len)
        }
        Err(_) => Dissection::new("damaged", format!("a damaged number ({} B)", bytes.len())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_flipped_bit_is_seen() {
        let datagram = Numbered { number: 258, len: 20 };
        let good = datagram.to_bytes();
        assert_eq!(Numbered::from_bytes(&good), Ok(datagram));
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Numbered::from_bytes(&bad).is_err(), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, number: u64, cut in 0..24_usize) {
            let real = Numbered { number, len: 20 }.to_bytes();
            for bytes in [&bytes[..], &[&real[..cut.min(20)], &bytes].concat()] {
                if let Ok(numbered) = Numbered::from_bytes(bytes) {
                    prop_assert_eq!(numbered.to_bytes(), bytes);
                }
            }
        }
    }
}
