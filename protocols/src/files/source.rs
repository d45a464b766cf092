//! Who sends.

use super::check::{Check, NAMES};
use super::content::{content, digest};
use super::message::{Attempt, Message, dissect};
use super::{BLOCKS_MAX, FAULTS, invariant, path};
use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Duration, Entry, Env, Event, Fields, NodeId, Parameter, ParameterKind,
    Process, Time,
};

/// The source.
pub const SOURCE: Entry =
    Entry::server("file-source", "sends files along a path, one after the other", source)
        .parameters(&[
            path::NEXT,
            Parameter {
                name: "files",
                kind: ParameterKind::Count { min: 1, max: 1_000_000 },
                default: Some("1"),
                help: "how many files to send",
            },
            Parameter {
                name: "size",
                kind: ParameterKind::Count { min: 1, max: 1 << 20 },
                default: Some("20000"),
                help: "the length of a file in bytes",
            },
            Parameter {
                name: "block",
                kind: ParameterKind::Count { min: 1, max: 60_000 },
                default: Some("1000"),
                help: "how many bytes of a file go into a message",
            },
            Parameter {
                name: "check",
                kind: ParameterKind::Choice(&NAMES),
                default: Some("crc-32c"),
                help: "the check over the whole file that the sink makes as well",
            },
            Parameter {
                name: "timeout",
                kind: ParameterKind::Timeout,
                default: Some("5s"),
                help: "how long to wait for the sink's answer before a file is sent anew",
            },
            Parameter {
                name: "attempts",
                kind: ParameterKind::Count { min: 1, max: 1_000_000 },
                default: Some("100"),
                help: "how often a file is sent before it is given up",
            },
        ])
        .dissector(dissect)
        .faults(&FAULTS);

#[derive(Clone, Hash)]
struct Source {
    next: NodeId,
    files: u32,
    size: usize,
    block: usize,
    check: Check,
    timeout: Duration,
    attempts_max: u32,
    /// The file that is being sent, and which attempt it is.
    file: u32,
    attempt: u32,
    delivered: u64,
    attempts: u64,
    wrong: u64,
    timeouts: u64,
    given_up: u64,
    strange: u64,
    done: Option<Time>,
}

fn source(args: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let (size, block) = (args.count("size"), args.count("block"));
    let refuse = |parameter, message| Err(BuildError { parameter: Some(parameter), message });
    if size.div_ceil(block) > BLOCKS_MAX.into() {
        let message = format!("a file has {BLOCKS_MAX} blocks at most: `block` is too small");
        return refuse("block", message);
    }
    let timeout = args.duration("timeout");
    if timeout == Duration::ZERO {
        return refuse("timeout", "`timeout` must be longer than no time".to_owned());
    }
    let name = args.text("check");
    let Some(check) = Check::named(name) else {
        return refuse("check", format!("there is no check `{name}`"));
    };
    Ok(Box::new(Source {
        next: path::next(args)?,
        files: args.count("files") as u32,
        size: size as usize,
        block: block as usize,
        check,
        timeout,
        attempts_max: args.count("attempts") as u32,
        file: 0,
        attempt: 0,
        delivered: 0,
        attempts: 0,
        wrong: 0,
        timeouts: 0,
        given_up: 0,
        strange: 0,
        done: None,
    }))
}

impl Source {
    const fn current(&self, env: &Env<'_>) -> Attempt {
        Attempt { life: env.life(), file: self.file, number: self.attempt }
    }

    /// Sends the file, from the first block to the check.
    fn send(&mut self, env: &mut Env<'_>) {
        let bytes = content(self.file, self.size);
        if self.attempt == 0 {
            invariant::note_sent(self.file, digest(&bytes), env);
        }
        self.attempt += 1;
        self.attempts += 1;
        let of = self.current(env);
        let mut blocks = 0;
        for data in bytes.chunks(self.block) {
            env.send(self.next, &Message::Block { of, number: blocks, data });
            blocks += 1;
        }
        let value = self.check.of(&bytes);
        env.send(self.next, &Message::End { of, blocks, check: self.check, value: &value });
        if self.timeout < Duration::FOREVER {
            env.set_timer(0, self.timeout);
        }
    }

    /// The same file once more, or the next one if this is enough.
    fn retry(&mut self, env: &mut Env<'_>) {
        if self.attempt < self.attempts_max {
            return self.send(env);
        }
        self.given_up += 1;
        env.note("file.given-up", self.file.into(), self.attempt.into());
        self.advance(env);
    }

    fn advance(&mut self, env: &mut Env<'_>) {
        (self.file, self.attempt) = (self.file + 1, 0);
        if self.file < self.files {
            return self.send(env);
        }
        env.cancel_timer(0);
        self.done = Some(env.now());
    }

    fn hear(&mut self, bytes: &[u8], env: &mut Env<'_>) {
        match Message::from_bytes(bytes) {
            Ok(Message::Answer { of, whole }) if self.done.is_none() && of == self.current(env) => {
                if whole {
                    self.delivered += 1;
                    self.advance(env);
                } else {
                    self.wrong += 1;
                    self.retry(env);
                }
            }
            // Late, or damaged on its way: if it was the one that counts, the time-out makes up for it.
            _ => {
                self.strange += 1;
                env.note("file.strange-answer", self.strange, 0);
            }
        }
    }
}

impl Process for Source {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => self.send(env),
            Event::Timer { .. } if self.done.is_none() => {
                self.timeouts += 1;
                self.retry(env);
            }
            Event::Datagram { bytes, .. } => self.hear(bytes, env),
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("delivered", self.delivered as i64);
        view.int("attempts", self.attempts as i64);
        view.int("told_wrong", self.wrong as i64);
        view.int("timeouts", self.timeouts as i64);
        view.int("given_up", self.given_up as i64);
        view.int("strange", self.strange as i64);
        match self.done {
            Some(done) => view.int("done_ms", done.millis() as i64),
            None => view.text("waiting", format_args!("the answer to file {}", self.file)),
        }
    }
}
