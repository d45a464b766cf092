//! A procedure that returns what it is given, and who calls it again and again.

use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Entry, Env, Event, Fields, NodeId, Parameter, ParameterKind, Process,
};
use simlab_protocols::rpc::message::{Codec, Message, Semantics};
use simlab_protocols::rpc::parameters::{
    self, CALLING, CODEC, DEADLINE, SEMANTICS, SERVING, joined,
};
use simlab_protocols::rpc::{
    self, Client, Completed, Context, Endpoint, Handle, Options, Step, Woken,
};

simlab_protocols::service! {
    /// What a call costs that does nothing.
    pub service echo = "echo", versions 1..=1;

    procedures {
        /// Returns what it is given.
        1 => back(text: String) -> String;
    }
}

/// Steps are noted only where that is asked for.
const STEPS: Parameter = Parameter { default: Some("false"), ..parameters::STEPS };

const fn serving() -> [Parameter; SERVING.len()] {
    let mut all = SERVING;
    all[SERVING.len() - 1] = STEPS;
    all
}

/// The server.
pub(crate) static SERVER: Entry = Entry::server(
    "echo-server",
    "returns what it is given",
    |arguments: &Arguments<'_>| -> Result<Box<dyn Process>, BuildError> {
        let (config, table) = parameters::server(arguments)?;
        let server = rpc::Server::new(config, echo::Skeleton(Echo), table);
        Ok(Box::new(Node(Endpoint::new(Client::new(Default::default()), server))))
    },
)
.parameters(&serving());

#[derive(Clone, Debug, Hash)]
struct Echo;

impl echo::Server for Echo {
    type Job = ();

    fn back(&mut self, text: String, _: &mut Context<'_, '_>) -> Step<String, ()> {
        Step::returns(text)
    }

    fn resume(&mut self, (): (), _: Woken, _: &mut Context<'_, '_>) -> Step<echo::Reply, ()> {
        Step::fails(1, "it never waits")
    }

    fn redo(&mut self, _: &[u8]) {}

    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _: &[u8]) -> bool {
        true
    }
}

#[derive(Clone, Hash)]
struct Node(Endpoint<echo::Skeleton<Echo>>);

impl Process for Node {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let (_, event) = event.peel();
        self.0.on_event(event, &mut env.at(rpc::PORT));
    }
}

/// The caller.
pub(crate) static CALLER: Entry =
    Entry::server("echo-caller", "makes one call after the other", build_caller).parameters(
        &joined::<13>(&[
            &[
                Parameter {
                    name: "server",
                    kind: ParameterKind::Node,
                    default: None,
                    help: "whom it calls",
                },
                Parameter::with_default(
                    "count",
                    ParameterKind::Count { min: 1, max: 1_000_000 },
                    "100",
                    "how many calls it makes",
                ),
                Parameter::with_default(
                    "size",
                    ParameterKind::Count { min: 0, max: 60_000 },
                    "16",
                    "how long the text is, in bytes",
                ),
                SEMANTICS,
                CODEC,
                DEADLINE,
            ],
            &CALLING,
            &[STEPS],
        ]),
    );

#[derive(Clone, Hash)]
struct Caller {
    server: NodeId,
    left: u64,
    text: String,
    options: Options,
    client: Client,
    open: Option<Handle<String>>,
    returned: u64,
}

fn build_caller(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let semantics = Semantics::named(arguments.text("semantics")).expect("one of them");
    let codec = Codec::named(arguments.text("codec")).expect("one of them");
    Ok(Box::new(Caller {
        server: arguments.node("server"),
        left: arguments.count("count"),
        text: "x".repeat(arguments.count("size") as usize),
        options: Options { codec, ..Options::new(semantics, arguments.duration("deadline")) },
        client: Client::new(parameters::client(arguments)?),
        open: None,
        returned: 0,
    }))
}

impl Caller {
    fn call(&mut self, env: &mut Env<'_>) {
        if self.left > 0 {
            self.left -= 1;
            let request = echo::back(self.text.clone());
            let handle =
                self.client.call(self.server, &request, self.options, env, &mut Vec::new());
            self.open = Some(handle);
        }
    }
}

impl Process for Caller {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let (mut done, port) = (Vec::new(), &mut env.at(rpc::PORT));
        match event.peel() {
            (_, Event::Start) => return self.call(port),
            (_, Event::Datagram { from, bytes }) => {
                if let Ok(message) = Message::from_bytes(bytes) {
                    self.client.hear(from, &message, port, &mut done);
                }
            }
            (_, Event::Timer { key, .. }) => {
                self.client.timer(key, port, &mut done);
            }
            _ => {}
        }
        for Completed { result, .. } in done {
            let text = self.open.take().map(|handle| handle.read(&result));
            self.returned += u64::from(matches!(text, Some(Ok(text)) if text == self.text));
            self.call(port);
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("returned", self.returned as i64);
    }
}
