//! Who receives.

use super::assembly::{Assembly, Whole};
use super::content::{content, digest};
use super::message::{Attempt, Message, dissect};
use super::{FAULTS, invariant, path};
use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Entry, Env, Event, Fields, Member, NodeId, Parameter, ParameterKind,
    Process, Time,
};
use std::collections::BTreeMap;

/// The sink.
pub const SINK: Entry = Entry::server("file-sink", "puts files together and checks them", sink)
    .parameters(&[Parameter {
        name: "room",
        kind: ParameterKind::Count { min: 1, max: 1 << 20 },
        default: Some("65536"),
        help: "how many bytes a file may have; what is longer is refused",
    }])
    .invariants(&[invariant::FILE_INTACT])
    .dissector(dissect)
    .faults(&FAULTS);

#[derive(Clone, Hash)]
struct Sink {
    room: usize,
    /// The ways that end here, by the neighbour that they come from.
    ways: BTreeMap<NodeId, Way>,
    taken: u64,
    damaged: u64,
    wrong: u64,
    again: u64,
    too_large: u64,
    malformed: u64,
    strange: u64,
    last_at: Time,
}

/// What has come from one source.
#[derive(Clone, Hash)]
struct Way {
    /// How long its files are. Only to count what no protocol can know.
    size: Option<usize>,
    /// Only one attempt is kept: a source has no two.
    assembly: Option<Assembly>,
    /// The life of the source and the number of the file that was taken last.
    last: Option<(u32, u32)>,
}

impl Way {
    /// What there is of an attempt.
    fn assembly(&mut self, of: Attempt) -> &mut Assembly {
        let kept = self.assembly.take().filter(|assembly| assembly.of == of);
        self.assembly.insert(kept.unwrap_or_else(|| Assembly::new(of)))
    }
}

fn sink(args: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let way = |(last, source): (NodeId, Option<&Member>)| {
        let size = source.map(|source| source.count("size") as usize);
        (last, Way { size, assembly: None, last: None })
    };
    Ok(Box::new(Sink {
        room: args.count("room") as usize,
        ways: path::ways(args).map(way).collect(),
        taken: 0,
        damaged: 0,
        wrong: 0,
        again: 0,
        too_large: 0,
        malformed: 0,
        strange: 0,
        last_at: Time::ZERO,
    }))
}

impl Sink {
    fn take(&mut self, from: NodeId, message: &Message<'_>, env: &mut Env<'_>) {
        let Some(way) = self.ways.get_mut(&from) else {
            self.strange += 1;
            return env.note("file.not-on-the-path", from.0.into(), self.strange);
        };
        let (Message::Block { of, .. } | Message::End { of, .. } | Message::Answer { of, .. }) =
            *message;
        let known = way.last.is_some_and(|last| (of.life, of.file) <= last);
        match *message {
            Message::Block { .. } if known => {
                self.again += 1;
            }
            Message::Block { number, data, .. } => {
                if !way.assembly(of).block(number, data, self.room) {
                    self.too_large += 1;
                    env.note("file.too-large", of.file.into(), self.too_large);
                }
            }
            // The answer has not arrived, or too late.
            Message::End { .. } if known => {
                self.again += 1;
                if way.last == Some((of.life, of.file)) {
                    env.send(from, &Message::Answer { of, whole: true });
                }
            }
            Message::End { blocks, check, value, .. } => {
                way.assembly(of).end(blocks, check, value);
            }
            Message::Answer { .. } => return self.refuse(from, env),
        }
        self.finish(from, env);
    }

    /// Says what has become of an attempt, once there is all of it.
    fn finish(&mut self, from: NodeId, env: &mut Env<'_>) {
        let Some(way) = self.ways.get_mut(&from) else { return };
        let Some(assembly) = &way.assembly else { return };
        let Some(Whole { content: bytes, right }) = assembly.whole() else { return };
        let of = assembly.of;
        way.assembly = None;
        if right {
            self.taken += 1;
            way.last = Some((of.life, of.file));
            self.last_at = env.now();
            let good = way.size == Some(bytes.len()) && bytes == content(of.file, bytes.len());
            self.damaged += u64::from(!good);
            invariant::note_taken(of.file, digest(&bytes), env);
        } else {
            self.wrong += 1;
            env.note("file.wrong", of.file.into(), of.number.into());
        }
        env.send(from, &Message::Answer { of, whole: right });
    }

    fn refuse(&mut self, from: NodeId, env: &mut Env<'_>) {
        self.malformed += 1;
        env.note("file.malformed", from.0.into(), self.malformed);
    }
}

impl Process for Sink {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let Event::Datagram { from, bytes } = event else { return };
        match Message::from_bytes(bytes) {
            Ok(message) => self.take(from, &message, env),
            Err(_) => self.refuse(from, env),
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("taken", self.taken as i64);
        view.int("damaged_files", self.damaged as i64);
        view.int("found_wrong", self.wrong as i64);
        view.int("again", self.again as i64);
        view.int("too_large", self.too_large as i64);
        view.int("malformed", self.malformed as i64);
        view.int("strange", self.strange as i64);
        view.int("last_ms", self.last_at.millis() as i64);
    }
}
