//! The work as processes of this project's kernel, bytes and all.

use super::{
    DELAY_MAX, DELAY_MIN, W1_DELIVERIES, W2_PERIOD, W3_GROUPS, W3_MEMBERS, W3_PERIOD, W3_ROUNDS,
    w2_begin, w2_rounds, w3_patience,
};
use simlab_core::wire::{Decode, Encode, Reader, WireError};
use simlab_core::{Distribution, Duration, Env, Event, NodeId, Process, Time};
use simlab_sim::{Limits, LinkSpec, NodeSpec, Options, World};

/// A message of 64 bytes.
struct Ping<'a> {
    count: u64,
    body: &'a [u8],
}

impl Encode for Ping<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.count.encode(out);
        out.extend_from_slice(self.body);
    }
}

impl<'a> Decode<'a> for Ping<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        Ok(Ping { count: reader.u64()?, body: reader.take(56)? })
    }
}

/// W1: sends back what it gets, counted.
#[derive(Clone, Hash)]
struct Ponger {
    first: bool,
    deliveries: u64,
}

impl Process for Ponger {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start if self.first => env.send(NodeId(1), &Ping { count: 1, body: &[7; 56] }),
            Event::Datagram { from, bytes } => {
                let Ok(ping) = Ping::from_bytes(bytes) else { return };
                if ping.count < self.deliveries {
                    env.send(from, &Ping { count: ping.count + 1, ..ping });
                }
            }
            _ => {}
        }
    }
}

/// A message of W2: the round, and when it was sent.
struct Round {
    round: u64,
    sent: Time,
}

impl Encode for Round {
    fn encode(&self, out: &mut Vec<u8>) {
        self.round.encode(out);
        self.sent.nanos().encode(out);
    }
}

impl Decode<'_> for Round {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Round { round: reader.u64()?, sent: Time(reader.u64()?) })
    }
}

/// W2: sends to all others, now and then.
#[derive(Clone, Hash)]
struct Broadcaster {
    nodes: u32,
    rounds: u64,
    round: u64,
    received: u64,
    sum: u64,
    last: NodeId,
}

impl Process for Broadcaster {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => self.begin(env),
            Event::Timer { .. } => self.tick(env),
            Event::Datagram { from, bytes } => {
                let Ok(Round { round, sent }) = Round::from_bytes(bytes) else { return };
                self.received += 1;
                self.sum = self.sum.wrapping_add(round ^ env.now().since(sent).nanos());
                self.last = from;
            }
            _ => {}
        }
    }
}

impl Broadcaster {
    #[inline(never)]
    fn begin(&self, env: &mut Env<'_>) {
        env.set_timer(0, Duration(w2_begin(env.me().0, self.nodes)));
    }

    #[inline(never)]
    fn tick(&mut self, env: &mut Env<'_>) {
        let me = env.me();
        let others = (0..self.nodes).map(NodeId).filter(|&to| to != me);
        env.broadcast(others, &Round { round: self.round, sent: env.now() });
        self.round += 1;
        if self.round < self.rounds {
            env.set_timer(0, Duration(W2_PERIOD));
        }
    }
}

/// W3: a member of a group.
#[derive(Clone, Hash)]
struct Member {
    leads: bool,
    rounds: u64,
    round: u64,
    elections: u64,
}

impl Process for Member {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let me = env.me().0;
        match event {
            Event::Start if self.leads => {
                let group = u64::from(me / W3_MEMBERS);
                env.set_timer(0, Duration(W3_PERIOD * group / u64::from(W3_GROUPS)));
            }
            Event::Timer { .. } if self.leads => {
                env.broadcast((me + 1..me + W3_MEMBERS).map(NodeId), &self.round);
                self.round += 1;
                if self.round < self.rounds {
                    env.set_timer(0, Duration(W3_PERIOD));
                }
            }
            Event::Datagram { .. } => env.set_timer(1, Duration(w3_patience(me))),
            Event::Timer { .. } => self.elections += 1,
            _ => {}
        }
    }
}

/// A world without nodes.
pub(super) fn world(recording: bool) -> World {
    let most = u64::MAX;
    let limits = Limits { events: most, records: most, in_flight_bytes: most, ..Limits::default() };
    let mut world = World::new(Options { recording, limits, ..Options::seed(7) });
    let delay = Distribution::Uniform { min: Duration(DELAY_MIN), max: Duration(DELAY_MAX) };
    world.set_default_link(LinkSpec { delay, ..LinkSpec::default() });
    world
}

/// W1, ready to run.
#[must_use]
pub fn w1(recording: bool) -> World {
    w1_part(W1_DELIVERIES, recording)
}

/// W1 with so many deliveries, ready to run.
#[must_use]
pub fn w1_part(deliveries: u64, recording: bool) -> World {
    let mut world = world(recording);
    for first in [true, false] {
        world.add_node(NodeSpec::new("ponger", Box::new(Ponger { first, deliveries })));
    }
    world
}

/// W2, ready to run.
#[must_use]
pub fn w2(nodes: u32, recording: bool) -> World {
    w2_part(nodes, w2_rounds(nodes), recording)
}

/// W2 with so many rounds, ready to run.
#[must_use]
pub fn w2_part(nodes: u32, rounds: u64, recording: bool) -> World {
    let mut world = world(recording);
    for _ in 0..nodes {
        let process = Broadcaster { nodes, rounds, round: 0, received: 0, sum: 0, last: NodeId(0) };
        world.add_node(NodeSpec::new("node", Box::new(process)));
    }
    world
}

/// W3, ready to run.
#[must_use]
pub fn w3(recording: bool) -> World {
    w3_part(W3_ROUNDS, recording)
}

/// W3 with so many rounds, ready to run.
#[must_use]
pub fn w3_part(rounds: u64, recording: bool) -> World {
    let mut world = world(recording);
    for node in 0..W3_GROUPS * W3_MEMBERS {
        let process = Member { leads: node % W3_MEMBERS == 0, rounds, round: 0, elections: 0 };
        world.add_node(NodeSpec::new("member", Box::new(process)));
    }
    world
}

/// Runs a world to its end; returns how many datagrams were delivered.
pub fn run(world: &mut World) -> u64 {
    world.run_until(Time(3_600_000_000_000));
    assert!(world.findings().is_empty(), "{:?}", world.findings());
    world.stats().delivered
}
