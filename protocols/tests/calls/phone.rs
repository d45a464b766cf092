//! A caller that does what it is told: `add 5`, `take 5`, `total`, `order 5`, `cancel 3`.

use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Entry, Env, Event, Fields, NodeId, Parameter, ParameterKind, Process,
};
use simlab_protocols::account::account::{self, Receipt};
use simlab_protocols::account::desk::desk;
use simlab_protocols::rpc::message::{CallId, Codec, Message, Semantics};
use simlab_protocols::rpc::parameters::{
    self, CALLING, CLIENT_SWITCHES, CODEC, DEADLINE, SEMANTICS, STEPS, joined,
};
use simlab_protocols::rpc::{CallError, Client, Completed, Handle, Options, PORT};
use std::collections::BTreeMap;

const SERVER: Parameter =
    Parameter { name: "server", kind: ParameterKind::Node, default: None, help: "whom it calls" };

/// The caller.
pub(crate) static PHONE: Entry = Entry::server("phone", "does what it is told", build)
    .parameters(&joined::<11>(&[&[SERVER, SEMANTICS, CODEC, DEADLINE], &CALLING, &[STEPS]]))
    .switches(&CLIENT_SWITCHES)
    .dissector(|bytes| account::dissect(bytes).or_else(|| desk::dissect(bytes)));

/// What was asked for, and how what comes of it is read.
#[derive(Clone, Copy, Hash)]
enum Asked {
    Receipt(Handle<Receipt>),
    Total(Handle<i64>),
}

#[derive(Clone, Hash)]
struct Phone {
    server: NodeId,
    options: Options,
    client: Client,
    begun: u64,
    open: BTreeMap<CallId, Asked>,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let semantics = Semantics::named(arguments.text("semantics")).expect("one of them");
    let codec = Codec::named(arguments.text("codec")).expect("one of them");
    let options = Options { codec, ..Options::new(semantics, arguments.duration("deadline")) };
    Ok(Box::new(Phone {
        server: arguments.node("server"),
        options,
        client: Client::new(parameters::client(arguments)?),
        begun: 0,
        open: BTreeMap::new(),
    }))
}

impl Phone {
    fn obey(&mut self, words: &str, env: &mut Env<'_>, done: &mut Vec<Completed>) {
        let (word, number) = words.split_once(' ').unwrap_or((words, "0"));
        let number: i64 = number.parse().expect("a whole number");
        let operation =
            u64::from(env.me().0) << 48 | u64::from(env.life() & 0xffff) << 32 | self.begun;
        self.begun += 1;
        let request = match word {
            "add" => account::add(operation, number),
            "take" => account::take(operation, number),
            "order" => desk::order(operation, number),
            "total" => {
                let (request, mut port) = (account::total(), env.at(PORT));
                let (to, options) = (self.server, self.options);
                let handle = self.client.call(to, &request, options, &mut port, done);
                self.open.insert(handle.call, Asked::Total(handle));
                return;
            }
            "cancel" => {
                let call = CallId::of(env.life(), number as u32);
                return self.client.cancel(call, &mut env.at(PORT), done);
            }
            other => panic!("it does not know how to {other}"),
        };
        let mut port = env.at(PORT);
        let handle = self.client.call(self.server, &request, self.options, &mut port, done);
        self.open.insert(handle.call, Asked::Receipt(handle));
    }

    fn tell(&mut self, Completed { call, result }: &Completed, env: &mut Env<'_>) {
        let asked = self.open.remove(call).expect("it was asked for, and has not ended");
        let told = match asked {
            Asked::Receipt(handle) => handle.read(result).map(|receipt| receipt.total),
            Asked::Total(handle) => handle.read(result),
        };
        let words = match &told {
            Ok(total) => format!("call {call}: there are {total}"),
            Err(error @ CallError::Application { .. }) => format!("call {call}: {error}"),
            Err(error) => format!("call {call}: {error}; executed: {:?}", error.executed()),
        };
        env.note_with(if told.is_ok() { "told" } else { "failed" }, call.0, 0, words);
    }
}

impl Process for Phone {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let mut done = Vec::new();
        match event.peel() {
            (None, Event::Command { bytes }) => {
                let words = std::str::from_utf8(bytes).expect("words");
                self.obey(words, env, &mut done);
            }
            (Some(PORT), Event::Datagram { from, bytes }) => {
                let mut port = env.at(PORT);
                let known = Message::from_bytes(bytes)
                    .is_ok_and(|message| self.client.hear(from, &message, &mut port, &mut done));
                if !known {
                    env.note("strange", from.0.into(), 0);
                }
            }
            (Some(PORT), Event::Timer { key, .. }) => {
                self.client.timer(key, &mut env.at(PORT), &mut done);
            }
            _ => {}
        }
        done.iter().for_each(|done| self.tell(done, env));
    }

    fn inspect(&self, view: &mut Fields) {
        self.client.inspect(view);
    }
}
