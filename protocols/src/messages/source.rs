//! Who sends.

use super::FAULTS;
use super::message::{HEAD, Message, dissect, readable};
use super::sink::SINK;
use simlab_core::{
    Arguments, BuildError, Duration, Entry, Env, Event, Fields, NodeId, Parameter, ParameterKind,
    Process,
};

/// The source.
pub const SOURCE: Entry =
    Entry::server("message-source", "sends numbered messages to every message-sink", source)
        .parameters(&[
            Parameter {
                name: "count",
                kind: ParameterKind::Count { min: 1, max: 1_000_000 },
                default: Some("500"),
                help: "how many messages to send to each sink",
            },
            Parameter {
                name: "every",
                kind: ParameterKind::Duration,
                default: Some("10ms"),
                help: "the time between two messages; 0s sends all of them at once",
            },
            Parameter {
                name: "size",
                kind: ParameterKind::Count { min: HEAD as u64, max: 60_000 },
                default: Some("64"),
                help: "the length of a message in bytes",
            },
            Parameter {
                name: "after",
                kind: ParameterKind::Duration,
                default: Some("0s"),
                help: "when the first one is sent",
            },
        ])
        .dissector(dissect)
        .readable(readable)
        .faults(&FAULTS);

#[derive(Clone, Hash)]
struct Source {
    sinks: Vec<NodeId>,
    count: u64,
    every: Duration,
    after: Duration,
    size: usize,
    sent: u64,
}

fn source(args: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let sinks = args.roster.iter().filter(|m| m.service == SINK.name).map(|m| m.id);
    let sinks: Vec<NodeId> = sinks.collect();
    if sinks.is_empty() {
        let message = format!("there is no {} to send to", SINK.name);
        return Err(BuildError { parameter: None, message });
    }
    Ok(Box::new(Source {
        sinks,
        count: args.count("count"),
        every: args.duration("every"),
        after: args.duration("after"),
        size: args.count("size") as usize,
        sent: 0,
    }))
}

impl Source {
    fn send(&mut self, env: &mut Env<'_>) {
        let message = Message { life: env.life(), number: self.sent, len: self.size };
        env.broadcast(self.sinks.iter().copied(), &message);
        self.sent += 1;
    }
}

impl Process for Source {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start if self.after > Duration::ZERO => env.set_timer(0, self.after),
            Event::Start | Event::Timer { .. } => {
                let at_once = if self.every == Duration::ZERO { self.count } else { 1 };
                for _ in 0..at_once.min(self.count - self.sent) {
                    self.send(env);
                }
                if self.sent < self.count {
                    env.set_timer(0, self.every);
                }
            }
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("sent", self.sent as i64);
    }
}
