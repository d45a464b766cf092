//! Calls that are longer than a datagram, over fragments: all come back right, and take effect once.

mod calls;

use calls::dice::Dice;
use calls::{Lab, Layering, Weather, on_layers};
use simlab_core::wire::{Decode, Reader};
use simlab_core::{Duration, Env, Event, Fields, NodeId, Process};
use simlab_protocols::rpc::message::{CallId, Codec, Message, Semantics};
use simlab_protocols::rpc::server::Config;
use simlab_protocols::rpc::server::table::{Limits, Table};
use simlab_protocols::rpc::value::Bytes;
use simlab_protocols::rpc::{
    self, Client, Completed, Context, Endpoint, Handle, Options, PORT, Step, Woken,
};
use std::collections::BTreeMap;

simlab_protocols::service! {
    /// A mirror that remembers who has looked into it.
    pub service mirror = "mirror", versions 1..=1;

    procedures {
        /// The same bytes from the last to the first.
        1 => turn(bytes: Bytes) -> Bytes;
    }
}

const CALLER: NodeId = NodeId(0);
const SERVER: NodeId = NodeId(1);

/// How often each call took effect.
#[derive(Clone, Debug, Hash)]
struct Mirror(BTreeMap<CallId, u32>);

impl mirror::Server for Mirror {
    type Job = Vec<u8>;

    fn turn(&mut self, bytes: Bytes, _: &mut Context<'_, '_>) -> Step<Bytes, Vec<u8>> {
        Step::Work(Duration::from_millis(3), bytes.0)
    }

    fn resume(
        &mut self,
        mut bytes: Vec<u8>,
        _: Woken,
        context: &mut Context<'_, '_>,
    ) -> Step<mirror::Reply, Vec<u8>> {
        bytes.reverse();
        let call = context.call_id();
        context.effect(call.0.to_be_bytes().to_vec());
        *self.0.entry(call).or_default() += 1;
        Step::returns(mirror::Reply::turn(Bytes(bytes)))
    }

    fn redo(&mut self, effect: &[u8]) {
        let call = Reader::new(effect).u64().expect("it was written");
        *self.0.entry(CallId(call)).or_default() += 1;
    }

    fn snapshot(&self) -> Vec<u8> {
        self.0
            .iter()
            .flat_map(|(call, n)| [call.0, u64::from(*n)])
            .flat_map(u64::to_be_bytes)
            .collect()
    }

    fn restore(&mut self, snapshot: &[u8]) -> bool {
        let mut reader = Reader::new(snapshot);
        while let (Ok(call), Ok(count)) = (reader.u64(), reader.u64()) {
            self.0.insert(CallId(call), count as u32);
        }
        reader.finish().is_ok()
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("calls", self.0.len() as i64);
        view.int("effects", self.0.values().map(|count| i64::from(*count)).sum());
    }
}

#[derive(Clone, Hash)]
struct Node(Endpoint<mirror::Skeleton<Mirror>>);

impl Process for Node {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let (_, event) = event.peel();
        self.0.on_event(event, &mut env.at(PORT));
    }

    fn inspect(&self, view: &mut Fields) {
        self.0.inspect(view);
    }
}

fn server() -> Box<dyn Process> {
    let limits = Limits { calls: 64, callers: 4 };
    let config = Config {
        newest: 1,
        workers: 4,
        queue: 64,
        shed: None,
        rate: None,
        limits,
        durable: true,
        working: None,
        journal_max: 1 << 20,
        steps: false,
        executions: true,
        table_in_memory: false,
        separate_syncs: false,
        deadline_kept: false,
    };
    let service = mirror::Skeleton(Mirror(BTreeMap::new()));
    let server = rpc::Server::new(config, service, Table::new(limits));
    Box::new(Node(Endpoint::new(Client::new(Default::default()), server)))
}

/// Asks for all of it at once.
#[derive(Clone, Hash)]
struct Caller {
    texts: Vec<Vec<u8>>,
    codec: Codec,
    client: Client,
    open: BTreeMap<CallId, (Handle<Bytes>, usize)>,
    right: u32,
    wrong: u32,
}

impl Process for Caller {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let (mut done, port) = (Vec::new(), &mut env.at(PORT));
        match event.peel() {
            (_, Event::Start) => {
                let time = Duration::from_secs(60);
                let options =
                    Options { codec: self.codec, ..Options::new(Semantics::AtMostOnce, time) };
                for (n, text) in self.texts.iter().enumerate() {
                    let request = mirror::turn(Bytes(text.clone()));
                    let handle = self.client.call(SERVER, &request, options, port, &mut done);
                    self.open.insert(handle.call, (handle, n));
                }
            }
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
        for Completed { call, result } in done {
            let (handle, n) = self.open.remove(&call).expect("it has not ended");
            let turned: Vec<u8> = self.texts[n].iter().rev().copied().collect();
            let right = handle.read(&result) == Ok(Bytes(turned));
            *(if right { &mut self.right } else { &mut self.wrong }) += 1;
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("right", self.right.into());
        view.int("wrong", self.wrong.into());
        self.client.inspect(view);
    }
}

fn caller(texts: Vec<Vec<u8>>, codec: Codec) -> Box<dyn Process> {
    let client = Client::new(Default::default());
    Box::new(Caller { texts, codec, client, open: BTreeMap::new(), right: 0, wrong: 0 })
}

/// What a run came to: how many calls were sent again.
fn run(seed: u64, sizes: &[usize], codec: Codec, layers: &[Layering<'_>], weather: Weather) -> i64 {
    let dice = &mut Dice(seed);
    let texts = sizes.iter().map(|size| dice.bytes(*size)).collect();
    let nodes = [(CALLER, caller(texts, codec)), (SERVER, server())];
    let nodes = nodes.map(|(me, app)| on_layers(layers, me, app));
    let mut lab = Lab::new(seed, nodes.into());
    let all = sizes.len() as i64;
    let field = |lab: &Lab, node, name| lab.inspect(node).get_int(&[name]);
    for _ in 0..600 {
        lab.blow(100, weather, dice);
        let longest = lab.flights.values().map(|flight| flight.bytes.len()).max();
        assert!(longest.is_none_or(|len| len <= 1_500), "{longest:?}");
        if field(&lab, CALLER, "under_way") == Some(0) {
            break;
        }
    }
    assert_eq!(field(&lab, CALLER, "right"), Some(all), "seed {seed}: all come back right");
    assert_eq!(field(&lab, CALLER, "wrong"), Some(0), "seed {seed}");
    assert_eq!(field(&lab, SERVER, "calls"), Some(all), "seed {seed}");
    assert_eq!(field(&lab, SERVER, "effects"), Some(all), "seed {seed}: each took effect once");
    field(&lab, CALLER, "sent_again").expect("it counts")
}

/// Fragments on a checksum: what is damaged is lost, and what has lost a fragment is asked for again.
const FRAGMENTS: [Layering<'static>; 2] = [
    ("fragments", &[("message", "600000"), ("memory", "8000000"), ("timeout", "5s")]),
    ("crc-32c", &[]),
];

#[test]
fn calls_longer_than_a_datagram_come_back_and_take_effect_once() {
    let weather = Weather { loss: 100, double: 20, damage: 500 };
    let sizes = [10, 1_400, 1_500, 20_000, 20_000, 20_000];
    let again = |seed| run(seed, &sizes, Codec::Binary, &FRAGMENTS, weather);
    let again: i64 = (0..20).map(again).sum();
    assert!(again >= 20, "something was lost: {again}");
}

#[test]
fn calls_of_200_kilobytes_come_back_and_take_effect_once() {
    let weather = Weather { loss: 300, double: 30, damage: 2_000 };
    for codec in [Codec::Binary, Codec::Json] {
        let again = |seed| run(seed, &[200_000, 200_000, 5], codec, &FRAGMENTS, weather);
        let again: i64 = (0..3).map(again).sum();
        assert!(again >= 3, "something was lost: {again}");
    }
}

/// The transport sends again what is lost, so that callers need not.
#[test]
fn long_calls_on_a_reliable_transport_take_effect_once() {
    let layers: [Layering<'_>; 3] = [("reliable", &[]), FRAGMENTS[0], FRAGMENTS[1]];
    let weather = Weather { loss: 100, double: 20, damage: 500 };
    for seed in 0..5 {
        run(seed, &[10, 20_000, 20_000, 50_000], Codec::Binary, &layers, weather);
    }
}
