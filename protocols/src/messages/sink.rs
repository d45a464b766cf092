//! Who receives.

use super::message::{Message, dissect, readable};
use super::source::SOURCE;
use super::{FAULTS, invariant};
use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Entry, Env, Event, Fields, NodeId, Parameter, ParameterKind, Process,
    Time,
};
use std::collections::{BTreeMap, BTreeSet};

/// The sink.
pub const SINK: Entry =
    Entry::server("message-sink", "counts what comes of numbered messages, and how", sink)
        .parameters(&[
            Parameter {
                name: "strict",
                kind: ParameterKind::Flag,
                default: Some("false"),
                help: "whether every message is to come once, in order and undamaged",
            },
            Parameter {
                name: "measure_from",
                kind: ParameterKind::Duration,
                default: Some("0s"),
                help: "from when on received messages count as measured, by the sink's clock",
            },
        ])
        .invariants(&[invariant::EXACTLY_ONCE_IN_ORDER])
        .dissector(dissect)
        .readable(readable)
        .faults(&FAULTS);

#[derive(Clone, Hash)]
struct Sink {
    strict: bool,
    /// How many messages its sources send in one life.
    expected: u64,
    streams: BTreeMap<NodeId, Stream>,
    good: u64,
    duplicates: u64,
    late: u64,
    stale: u64,
    damaged: u64,
    last: Time,
    measure_from: Time,
    measured: u64,
}

/// What has come from a source.
#[derive(Clone, Default, Hash)]
struct Stream {
    life: u32,
    /// All numbers before this one were seen.
    next: u64,
    /// Those after it that were seen.
    seen: BTreeSet<u64>,
}

fn sink(args: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let sources = args.roster.iter().filter(|member| member.service == SOURCE.name);
    Ok(Box::new(Sink {
        strict: args.flag("strict"),
        expected: sources.map(|source| source.count("count")).sum(),
        streams: BTreeMap::new(),
        good: 0,
        duplicates: 0,
        late: 0,
        stale: 0,
        damaged: 0,
        last: Time::ZERO,
        measure_from: Time::ZERO + args.duration("measure_from"),
        measured: 0,
    }))
}

impl Sink {
    fn take(&mut self, from: NodeId, message: Message, env: &mut Env<'_>) {
        let Message { life, number, .. } = message;
        if self.strict {
            invariant::note_passed(from, life, number, env);
        }
        let stream = self.streams.entry(from).or_default();
        if life < stream.life {
            self.stale += 1;
            env.note("message.stale", number, life.into());
            return;
        }
        if life > stream.life {
            *stream = Stream { life, ..Stream::default() };
        }
        if number < stream.next || stream.seen.contains(&number) {
            self.duplicates += 1;
            env.note("message.duplicate", number, 0);
            return;
        }
        if stream.seen.last().is_some_and(|last| *last > number) {
            self.late += 1;
            env.note("message.late", number, 0);
        }
        stream.seen.insert(number);
        while stream.seen.remove(&stream.next) {
            stream.next += 1;
        }
        self.good += 1;
        self.last = env.now();
        self.measured += u64::from(self.last >= self.measure_from);
    }
}

impl Process for Sink {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start if self.strict => invariant::note_started(env),
            Event::Datagram { from, bytes } => match Message::from_bytes(bytes) {
                Ok(message) => self.take(from, message, env),
                Err(_) => {
                    self.damaged += 1;
                    if self.strict {
                        invariant::note_damaged(from, env);
                    } else {
                        env.note("message.damaged", self.damaged, 0);
                    }
                }
            },
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("received", self.good as i64);
        view.int("missing", self.expected.saturating_sub(self.good) as i64);
        view.int("duplicates", self.duplicates as i64);
        view.int("late", self.late as i64);
        view.int("stale", self.stale as i64);
        view.int("damaged", self.damaged as i64);
        let millionths = (self.damaged * 1_000_000).checked_div(self.expected);
        if let Some(millionths) = millionths.filter(|_| self.damaged > 0) {
            view.int("damaged_per_million", millionths as i64);
        }
        if self.measure_from > Time::ZERO {
            view.int("measured", self.measured as i64);
        }
        view.int("last_ms", self.last.millis() as i64);
    }
}
