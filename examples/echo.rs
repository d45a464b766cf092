//! A protocol of one's own: an echo server and a client that measures round trips.
//!
//! `cargo run --example echo -- run examples/echo.toml`

use simlab::core::wire::{Decode, Encode, Reader, WireError};
use simlab::core::{
    Arguments, BuildError, Dissection, Duration, Entry, Env, Event, Fields, NodeId, Parameter,
    ParameterKind, Process, Time,
};

const SERVER: Entry =
    Entry::server("echo-server", "sends back what it gets", |_| Ok(Box::new(Server { echoed: 0 })))
        .dissector(dissect);

const CLIENT: Entry = Entry::server("echo-client", "pings a server and times it", build_client)
    .parameters(&[Parameter {
        name: "server",
        kind: ParameterKind::Node,
        default: None,
        help: "whom to ping",
    }])
    .dissector(dissect);

/// The message: a number and when it was sent.
struct Ping {
    number: u64,
    sent: Time,
}

impl Encode for Ping {
    fn encode(&self, out: &mut Vec<u8>) {
        self.number.encode(out);
        self.sent.nanos().encode(out);
    }
}

impl Decode<'_> for Ping {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Ping { number: reader.u64()?, sent: Time(reader.u64()?) })
    }
}

fn dissect(bytes: &[u8]) -> Option<Dissection> {
    let Ping { number, sent } = Ping::from_bytes(bytes).ok()?;
    Some(Dissection::new("ping", format!("ping {number} of {sent}")).part("number", number, 0..8))
}

#[derive(Clone, Hash)]
struct Server {
    echoed: i64,
}

impl Process for Server {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if let Event::Datagram { from, bytes } = event {
            self.echoed += 1;
            env.send(from, bytes);
        }
    }
    fn inspect(&self, view: &mut Fields) {
        view.int("echoed", self.echoed);
    }
}

#[derive(Clone, Hash)]
struct Client {
    server: NodeId,
    sent: u64,
    longest: Duration,
}

fn build_client(args: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    Ok(Box::new(Client { server: args.node("server"), sent: 0, longest: Duration::ZERO }))
}

impl Process for Client {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start | Event::Timer { .. } => {
                env.send(self.server, &Ping { number: self.sent, sent: env.now() });
                self.sent += 1;
                env.set_timer(0, Duration::from_millis(100));
            }
            Event::Datagram { bytes, .. } => match Ping::from_bytes(bytes) {
                Ok(ping) => self.longest = self.longest.max(env.now().since(ping.sent)),
                Err(_) => env.note("echo.damaged", bytes.len() as u64, 0),
            },
            Event::Synced { .. } | Event::Command { .. } => {}
        }
    }
    fn inspect(&self, view: &mut Fields) {
        view.int("longest_ms", self.longest.millis() as i64);
    }
}

fn main() -> std::process::ExitCode {
    simlab::main_with(&[&SERVER, &CLIENT])
}
