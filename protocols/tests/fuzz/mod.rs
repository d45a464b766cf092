//! Hostile frames for a layer: a node that has it, two peers with the same layer, whose real frames are damaged,
//! repeated, cut and mixed, and a stranger.
//!
//! The same numbers make the same inputs, but for those before them: an input is one more frame in a
//! conversation. Whoever uses this has [`PeakAlloc`] for its global allocator.

mod dice;

use dice::Dice;
use peak_alloc::PeakAlloc;
use simlab_core::{
    Arguments, Counters, Duration, Effect, Entry, Env, Event, Hop, Hops, Layer, Layered, Member,
    Moment, NoDisk, NodeId, Outbox, Role, Scope, Seeded, Time,
};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    /// Frames that the layer was given.
    pub(crate) inputs: u64,
    /// Those of which it passed something on.
    pub(crate) passed: u64,
    /// The most bytes that it held.
    pub(crate) held: usize,
    /// How many bytes it may hold.
    pub(crate) held_max: usize,
    /// The most bytes that it allocated for one frame, what it passed on and sent included.
    pub(crate) peak: usize,
    /// How many bytes it may allocate for one.
    pub(crate) peak_max: usize,
}

/// All layers of the crate.
pub(crate) fn layers() -> impl Iterator<Item = &'static Entry> {
    simlab_protocols::entries().iter().copied().filter(|entry| entry.role == Role::Layer)
}

/// The longest message that is sent here, in bytes.
const MESSAGE_MAX: usize = 60_000;

/// How much a layer may allocate for one frame, with what it passes on and sends, in bytes.
fn peak_max(layered: &Layered) -> usize {
    let of_messages = match layered.name {
        // An acknowledgement can open the whole window.
        "reliable" => layered.count("window") as usize * MESSAGE_MAX,
        "fragments" => layered.count("message") as usize,
        _ => 0,
    };
    of_messages + (64 << 10)
}

/// How many senders of frames there are.
const SENDERS: usize = 3;

/// How much a layer may hold with default arguments, in bytes. One that holds more than most says here from
/// which of its arguments that follows.
fn held_max(layered: &Layered) -> usize {
    let of_peers = match layered.name {
        // What waits to be sent, and what waits for its turn.
        "reliable" => layered.count("backlog") + layered.count("room_bytes"),
        "fragments" => layered.count("memory"),
        _ => 0,
    };
    // What is counted is about what is allocated; a quarter is left for what lies between.
    SENDERS * of_peers as usize * 5 / 4 + (64 << 10)
}

/// A message: mostly a short one, unless all are to be long.
fn message(dice: &mut Dice, long: bool) -> Vec<u8> {
    let most = if long { MESSAGE_MAX } else { [40, 200, 2_000, 6_000][dice.below(4)] };
    let len = dice.below(most);
    vec![dice.next() as u8; len]
}

/// Nodes that know each other: the one that is attacked, two peers, and a stranger.
struct Roster {
    entry: &'static Entry,
    members: Vec<Member>,
}

impl Roster {
    fn new(entry: &'static Entry) -> Self {
        let arguments = entry.parameters.iter().map(|parameter| {
            let text = parameter.default.expect("layers are built with default arguments");
            let argument = parameter.kind.parse(text, &|_| None);
            (parameter.name, argument.expect("a good default"))
        });
        let layered = Layered { name: entry.name, arguments: arguments.collect() };
        let member = |n: usize| Member {
            id: NodeId(n as u32),
            name: format!("n{n}"),
            site: None,
            service: simlab_protocols::messages::SOURCE.name,
            arguments: BTreeMap::new(),
            stack: vec![layered.clone()],
        };
        Roster { entry, members: (0..=SENDERS).map(member).collect() }
    }

    fn layered(&self) -> &Layered {
        &self.members[0].stack[0]
    }

    fn node(&self, me: usize, life: u32) -> Node {
        let me = NodeId(me as u32);
        let arguments = Arguments { me, roster: &self.members, objects: &[], switches: &[] };
        let layer = self.entry.layer.expect("it is a layer");
        let layer = (layer.build)(&arguments, self.layered()).expect("it can be built");
        Node { me, life, layer, counters: Counters::default(), timers: BTreeMap::new() }
    }
}

struct Node {
    me: NodeId,
    life: u32,
    layer: Box<dyn Layer>,
    counters: Counters,
    timers: BTreeMap<u64, Time>,
}

/// What a layer did.
#[derive(Default)]
struct Done {
    sent: Vec<(NodeId, Vec<u8>)>,
    passed: bool,
}

impl Node {
    fn act(
        &mut self,
        now: Time,
        seed: u64,
        body: impl FnOnce(&mut dyn Layer, &mut Hops, &mut Env<'_>) -> Done,
    ) -> Done {
        let moment = Moment { me: self.me, now, wall: now, life: self.life };
        let (mut outbox, mut hops, mut seeded) = (Outbox::new(), Hops::new(), Seeded::new(seed));
        let mut env = Env::new(moment, &mut outbox, &mut self.counters, &mut seeded, &NoDisk);
        let mut done = body(&mut *self.layer, &mut hops, &mut env);
        for hop in hops.drain() {
            match hop {
                Hop::Down { to, frame } => done.sent.push((to, frame)),
                Hop::Up { .. } => done.passed = true,
            }
        }
        for effect in outbox.effects() {
            match *effect {
                Effect::SetTimer { key, after, .. } => {
                    self.timers.insert(key, now + after);
                }
                Effect::CancelTimer { key, .. } => {
                    self.timers.remove(&key);
                }
                _ => {}
            }
        }
        done
    }

    fn push(&mut self, to: NodeId, message: Vec<u8>, now: Time, seed: u64) -> Done {
        self.act(now, seed, |layer, hops, env| {
            let mut frame = message;
            let passes = layer.down(to, &mut frame, hops, env);
            Done { sent: passes.then_some((to, frame)).into_iter().collect(), passed: false }
        })
    }

    fn hear(&mut self, from: NodeId, frame: &[u8], now: Time, seed: u64) -> Done {
        self.act(now, seed, |layer, hops, env| {
            let passed = layer.up(from, frame, hops, env).is_some();
            Done { sent: Vec::new(), passed }
        })
    }

    /// Lets what is due ring, or some of it.
    fn ring(&mut self, now: Time, seed: u64) -> Done {
        let mut all = Done::default();
        for _ in 0..16 {
            let due = self.timers.iter().find(|(_, at)| **at <= now).map(|(key, _)| *key);
            let Some(key) = due else { break };
            self.timers.remove(&key);
            let event = Event::Timer { scope: Scope::ROOT, key };
            let done = self.act(now, seed, |layer, hops, env| {
                layer.on_event(event, hops, env);
                Done::default()
            });
            all.sent.extend(done.sent);
        }
        all
    }
}

/// A conversation that is disturbed.
struct Session {
    roster: Roster,
    /// The one that is attacked, and its peers.
    nodes: [Node; 3],
    /// Frames that somebody sent, with their senders: the last ones.
    pool: VecDeque<(NodeId, Vec<u8>)>,
    now: Time,
    /// How long it is to the next frame at most, mostly, in milliseconds.
    pace: usize,
    /// Whether messages are long and come fast, and nobody forgets what it has got of them.
    flood: bool,
    /// How many frames it goes on.
    left: u64,
}

/// How many frames there are to choose from.
const POOL_MAX: usize = 64;

impl Session {
    fn new(entry: &'static Entry, dice: &mut Dice) -> Self {
        let roster = Roster::new(entry);
        let nodes = [0, 1, 2].map(|n| roster.node(n, 0));
        // A frame that tells of a life to come can end a conversation for good: most are short.
        let flood = dice.one_in(16);
        let left = if flood { 3_000 } else { [300, 20_000][usize::from(dice.one_in(64))] };
        let pace = if flood { 1 } else { [1, 20, 1_000][dice.below(3)] };
        let pool = VecDeque::new();
        Session { roster, nodes, pool, now: Time::ZERO, pace, flood, left }
    }

    /// What a node sent goes to the pool, and mostly to whom it was sent, who may answer.
    fn carry(&mut self, from: usize, done: Done, dice: &mut Dice, report: &mut Report) {
        let mut todo: VecDeque<(usize, NodeId, Vec<u8>)> =
            done.sent.into_iter().map(|(to, frame)| (from, to, frame)).collect();
        let lossy = self.flood || dice.one_in(2);
        // Two ends could talk for ever.
        for _ in 0..64 {
            let Some((from, to, frame)) = todo.pop_front() else { return };
            if !(lossy && dice.one_in(4)) && to.index() < self.nodes.len() {
                let from = NodeId(from as u32);
                let answer = self.hear(to.index(), from, &frame, dice, report);
                todo.extend(answer.sent.into_iter().map(|(next, frame)| (to.index(), next, frame)));
            }
            if self.pool.len() == POOL_MAX {
                self.pool.pop_front();
            }
            self.pool.push_back((NodeId(from as u32), frame));
        }
    }

    /// Lets a node hear a frame; what the attacked one does is measured.
    fn hear(
        &mut self,
        at: usize,
        from: NodeId,
        frame: &[u8],
        dice: &mut Dice,
        report: &mut Report,
    ) -> Done {
        let seed = dice.next();
        PeakAlloc.reset_peak_usage();
        let before = PeakAlloc.current_usage();
        let done = self.nodes[at].hear(from, frame, self.now, seed);
        if at == 0 {
            let peak = PeakAlloc.peak_usage() - before;
            report.peak = report.peak.max(peak);
            report.peak_max = peak_max(self.roster.layered());
            let most = report.peak_max;
            assert!(peak <= most, "{peak} bytes are allocated for a frame, of {most}");
            report.inputs += 1;
            report.passed += u64::from(done.passed);
        }
        done
    }

    /// Lets time pass, messages be sent, nodes restart, and then the attacked one hear something.
    fn step(&mut self, dice: &mut Dice, report: &mut Report) {
        self.left = self.left.saturating_sub(1);
        let most = if !self.flood && dice.one_in(2_000) { 100_000 } else { self.pace };
        self.now += Duration::from_millis(dice.below(most) as u64);
        for at in 0..self.nodes.len() {
            let done = self.nodes[at].ring(self.now, dice.next());
            self.carry(at, done, dice, report);
        }
        if dice.one_in(3) {
            let (from, to) = [(0, 1), (0, 2), (1, 0), (2, 0)][dice.below(4)];
            let message = message(dice, self.flood);
            let done = self.nodes[from].push(NodeId(to), message, self.now, dice.next());
            self.carry(from, done, dice, report);
        }
        if !self.flood && dice.one_in(500) {
            let at = dice.below(self.nodes.len());
            let life = self.nodes[at].life + 1;
            self.nodes[at] = self.roster.node(at, life);
        }
        let (from, frame) = self.forge(dice);
        let done = self.hear(0, from, &frame, dice, report);
        self.carry(0, done, dice, report);
    }

    /// A frame that nobody sent, or not now, or not so.
    fn forge(&self, dice: &mut Dice) -> (NodeId, Vec<u8>) {
        let anybody = NodeId(1 + dice.below(SENDERS) as u32);
        if self.pool.is_empty() || dice.one_in(10) {
            let len = dice.below(100);
            return (anybody, dice.bytes(len));
        }
        let any = |dice: &mut Dice| &self.pool[dice.below(self.pool.len())];
        let (sender, frame) = any(dice);
        let from = if sender.index() == 0 || dice.one_in(8) { anybody } else { *sender };
        let mut frame = frame.clone();
        let most = 1 << dice.below(3);
        for _ in 0..dice.below(most + 1) {
            // Layers stand behind the message.
            let behind = frame.len().min(40);
            let start = if dice.one_in(4) { 0 } else { frame.len() - behind };
            let at = start + dice.below(frame.len() - start + 1);
            match dice.below(7) {
                0 if at < frame.len() => frame[at] ^= 1 << dice.below(8),
                1 if at < frame.len() => frame[at] = dice.next() as u8,
                2 => {
                    let value = [0, 0xff, 0x7f, 0x80, 1][dice.below(5)];
                    let end = (at + (1 << dice.below(4))).min(frame.len());
                    frame[at..end].fill(value);
                }
                3 => frame.truncate(at),
                4 => {
                    let len = dice.below(20);
                    let more = dice.bytes(len);
                    frame.splice(at..at, more);
                }
                5 => {
                    let other = &any(dice).1;
                    let end = other.len() - dice.below(other.len().min(40) + 1);
                    frame.truncate(at);
                    frame.extend_from_slice(&other[end..]);
                }
                // A number that is one too large, or too small.
                _ if at < frame.len() => {
                    let by = if dice.one_in(2) { 1 } else { u8::MAX };
                    frame[at] = frame[at].wrapping_add(by);
                }
                _ => {}
            }
        }
        (from, frame)
    }

    /// What the attacked one holds: what a copy of it takes.
    fn held(&self, report: &mut Report) {
        let before = PeakAlloc.current_usage();
        let copy = self.nodes[0].layer.fork();
        let held = PeakAlloc.current_usage() - before;
        drop(copy);
        report.held = report.held.max(held);
        report.held_max = held_max(self.roster.layered());
        let most = report.held_max;
        assert!(held <= most, "{held} bytes are held, of {most}");
    }
}

/// Gives a layer so many frames.
///
/// # Panics
/// If the layer does, or allocates more than it may; the message says at which step.
pub(crate) fn fuzz(entry: &'static Entry, inputs: u64, seed: u64) -> Report {
    let mut report = Report::default();
    let mut session = None;
    let mut step = 0_u64;
    while report.inputs < inputs {
        let mut dice = Dice(seed.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ step);
        let body = AssertUnwindSafe(|| {
            let session = session.get_or_insert_with(|| Session::new(entry, &mut dice));
            session.step(&mut dice, &mut report);
            if step.is_multiple_of(64) || session.left == 0 {
                session.held(&mut report);
            }
        });
        if catch_unwind(body).is_err() {
            panic!("step {step} of seed {seed} is too much for {}", entry.name);
        }
        session = session.filter(|session| session.left > 0);
        step += 1;
    }
    report
}
