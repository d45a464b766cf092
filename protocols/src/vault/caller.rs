//! Who takes from the vault, or tries to.

use super::FAULTS;
use super::server::SERVER;
use super::vault::{dissect, take};
use crate::rpc::error::{CallError, Refusal};
use crate::rpc::message::{Message, Semantics};
use crate::rpc::parameters::STEPS;
use crate::rpc::{self, Client, Completed, Handle, Options, client};
use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Duration, Entry, Env, Event, Fields, NodeId, Parameter, ParameterKind,
    Process,
};
use std::collections::BTreeSet;

/// The caller.
pub const CALLER: Entry =
    Entry::server("vault-caller", "takes 1 out of a vault, again and again", build)
        .parameters(&[
            Parameter {
                name: "server",
                kind: ParameterKind::Node,
                default: None,
                help: "the vault-server that it calls",
            },
            Parameter {
                name: "says",
                kind: ParameterKind::Node,
                default: None,
                help: "whom it says that it is",
            },
            Parameter::with_default(
                "count",
                ParameterKind::Count { min: 1, max: 1_000_000 },
                "100",
                "how often it takes something",
            ),
            Parameter::with_default(
                "every",
                ParameterKind::Duration,
                "100ms",
                "the time from one to the next",
            ),
            STEPS,
        ])
        .dissector(dissect)
        .faults(&FAULTS);

#[derive(Clone, Hash)]
struct Caller {
    server: NodeId,
    says: NodeId,
    count: u64,
    every: Duration,
    client: Client,
    begun: u64,
    open: BTreeSet<Handle<i64>>,
    got: u64,
    denied: u64,
    other: u64,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let server = arguments.node("server");
    if arguments.roster[server.index()].service != SERVER.name {
        let message = format!("`server` is a node that runs {}", SERVER.name);
        return Err(BuildError { parameter: Some("server"), message });
    }
    let config = client::Config { steps: arguments.flag("steps"), ..client::Config::default() };
    Ok(Box::new(Caller {
        server,
        says: arguments.node("says"),
        count: arguments.count("count"),
        every: arguments.duration("every"),
        client: Client::new(config),
        begun: 0,
        open: BTreeSet::new(),
        got: 0,
        denied: 0,
        other: 0,
    }))
}

impl Caller {
    fn begin(&mut self, env: &mut Env<'_>) {
        self.begun += 1;
        let options = Options::new(Semantics::AtMostOnce, Duration::from_secs(5));
        let (request, mut done) = (take(self.says.0, 1), Vec::new());
        let port = &mut env.at(rpc::PORT);
        let handle = self.client.call(self.server, &request, options, port, &mut done);
        self.open.insert(handle);
        self.hear(done);
        if self.begun < self.count {
            env.set_timer(0, self.every);
        }
    }

    fn hear(&mut self, done: Vec<Completed>) {
        for Completed { call, result } in done {
            let Some(handle) = self.open.iter().find(|handle| handle.call == call).copied() else {
                continue;
            };
            self.open.remove(&handle);
            match handle.read(&result) {
                Ok(_) => self.got += 1,
                Err(CallError::Refused(Refusal::Denied)) => self.denied += 1,
                Err(_) => self.other += 1,
            }
        }
    }
}

impl Process for Caller {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let mut done = Vec::new();
        match event.peel() {
            (None, Event::Start | Event::Timer { .. }) => self.begin(env),
            (Some(rpc::PORT), Event::Datagram { from, bytes }) => {
                if let Ok(message) = Message::from_bytes(bytes) {
                    self.client.hear(from, &message, &mut env.at(rpc::PORT), &mut done);
                }
            }
            (Some(rpc::PORT), Event::Timer { key, .. }) => {
                self.client.timer(key, &mut env.at(rpc::PORT), &mut done);
            }
            _ => {}
        }
        self.hear(done);
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("asked", self.begun as i64);
        view.int("open", self.open.len() as i64);
        view.int("got", self.got as i64);
        view.int("denied", self.denied as i64);
        view.int("failed", self.other as i64);
        view.group("calls", |view| self.client.inspect(view));
    }
}
