//! The service `arith` on simulated nodes: what comes back over a bad network, in either encoding.

use simlab::core::wire::Decode;
use simlab::core::{Arguments, BuildError, Entry, Env, Event, FieldValue, Fields, NodeId, Process};
use simlab::protocols::account;
use simlab::protocols::arith::{Arithmetic, arith};
use simlab::protocols::rpc::message::{Codec, Message, Semantics};
use simlab::protocols::rpc::value::{Number, Value};
use simlab::protocols::rpc::{
    self, Client, Completed, Endpoint, Handle, Options, Request, Server, client, parameters,
};
use simlab::scenarios::run::{Setup, build};
use simlab::scenarios::{Catalogue, Source, load};

const SERVER: Entry = Entry::server("arith-server", "computes for whoever calls", server)
    .parameters(account::SERVER.parameters)
    .dissector(arith::dissect);

const CALLER: Entry = Entry::server("arith-caller", "has sums done elsewhere", caller)
    .parameters(account::CALLER.parameters)
    .dissector(arith::dissect);

#[derive(Clone, Hash)]
struct Computes(Endpoint<arith::Skeleton<Arithmetic>>);

fn server(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let (config, table) = parameters::server(arguments)?;
    let client = Client::new(client::Config::default());
    let server = Server::new(config, arith::Skeleton(Arithmetic), table);
    Ok(Box::new(Computes(Endpoint::new(client, server))))
}

impl Process for Computes {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if let (None, event @ Event::Start) | (Some(rpc::PORT), event) = event.peel() {
            self.0.on_event(event, &mut env.at(rpc::PORT));
        }
    }
}

#[derive(Clone, Hash)]
struct Calls {
    server: NodeId,
    options: Options,
    client: Client,
    /// The calls that are open, and the place of each in `told`.
    open: Vec<(usize, Handle<Number>)>,
    told: Vec<String>,
}

fn caller(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let codec = Codec::named(arguments.text("codec")).expect("one of those that there are");
    let options = Options::new(Semantics::AtMostOnce, arguments.duration("deadline"));
    Ok(Box::new(Calls {
        server: arguments.node("server"),
        options: Options { codec, ..options },
        client: Client::new(parameters::client(arguments)?),
        open: Vec::new(),
        told: Vec::new(),
    }))
}

/// What is called, and what is to come back.
fn calls() -> [(Request<Number>, &'static str); 9] {
    let whole = Number::Whole;
    let list = |numbers: &[i64]| numbers.iter().map(|n| whole(*n)).collect();
    [
        (arith::add(whole(2), whole(3)), "5"),
        (arith::add(whole(i64::MAX), whole(1)), "9.223372036854776e+18"),
        (arith::subtract(whole(42), whole(23)), "19"),
        (arith::sum(list(&[1, 2, 4])), "7"),
        (arith::sum(list(&[])), "0"),
        (arith::divide(whole(6), whole(3)), "2"),
        (arith::divide(whole(7), whole(2)), "3.5"),
        (arith::divide(whole(1), whole(0)), "error 1: Division by zero"),
        (
            arith::add(Number::Fraction(1.7e308), Number::Fraction(1.7e308)),
            "error 2: Result out of range",
        ),
    ]
}

impl Calls {
    fn take(&mut self, done: Vec<Completed>) {
        for Completed { call, result } in done {
            let of_call = |(_, handle): &(usize, Handle<Number>)| handle.call == call;
            let at = self.open.iter().position(of_call).expect("it was called, and once");
            let (place, handle) = self.open.swap_remove(at);
            self.told[place] = match handle.read(&result) {
                Ok(number) => number.to_json().to_string(),
                Err(error) => error.to_string(),
            };
        }
    }
}

impl Process for Calls {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let mut done = Vec::new();
        match event.peel() {
            (None, Event::Start) => {
                for (place, (request, _)) in calls().into_iter().enumerate() {
                    let mut port = env.at(rpc::PORT);
                    let client = &mut self.client;
                    let handle =
                        client.call(self.server, &request, self.options, &mut port, &mut done);
                    self.open.push((place, handle));
                    self.told.push("nothing".to_owned());
                }
            }
            (Some(rpc::PORT), Event::Datagram { from, bytes }) => {
                let message = Message::from_bytes(bytes).expect("nobody else sends");
                self.client.hear(from, &message, &mut env.at(rpc::PORT), &mut done);
            }
            (Some(rpc::PORT), Event::Timer { key, .. }) => {
                self.client.timer(key, &mut env.at(rpc::PORT), &mut done);
            }
            _ => {}
        }
        self.take(done);
    }

    fn inspect(&self, view: &mut Fields) {
        for (place, told) in self.told.iter().enumerate() {
            view.text(place.to_string(), told);
        }
    }
}

const STORY: &str = r#"
format = 1
name = "arith"
title = "Sums done elsewhere"
until = "60s"

[[nodes]]
name = "server"
service = "arith-server"

[[nodes]]
name = "caller"
service = "arith-caller"
with = { server = "server", deadline = "never" }

[network]
default = { delay = { uniform = ["1ms", "50ms"] }, loss = "20%", duplicate = "20%" }

[[variants]]
name = "binary"
with = { caller = { codec = "binary" } }

[[variants]]
name = "json"
with = { caller = { codec = "json" } }
"#;

#[test]
fn results_and_errors_come_back_in_either_encoding() {
    let catalogue = Catalogue::with(&[&SERVER, &CALLER]);
    let scenario =
        load(Source::new("arith.toml", STORY), &catalogue, &[]).expect("the story is right");
    for variant in 0..2 {
        for seed in 0..20 {
            let setup = Setup {
                scenario: &scenario,
                catalogue: &catalogue,
                variant,
                seed,
                recording: false,
            };
            let mut world = build(setup).expect("the story can be run");
            world.run_until(scenario.until);
            let state = world.inspect(NodeId(1)).expect("it is up");
            for (place, (request, expected)) in calls().into_iter().enumerate() {
                let told = state.get(&[&place.to_string()]);
                let expected = FieldValue::Text(expected.to_owned());
                assert_eq!(told, Some(&expected), "variant {variant}, seed {seed}: {request:?}");
            }
        }
    }
}
