//! Nodes of Raft in the hand of a file: a message arrives when the file delivers it, time passes when the file says so,
//! and the disk is one that can be held.

use super::disk::{Change, Drive, Kept};
use super::words;
use simlab_core::{
    Checker, Choice, Counters, Decide, Digest, Domain, Duration, Effect, Env, Event, Fields, Kind,
    Moment, NodeId, Outbox, Point, Scope, Seq, Ticket, Time, TimerKey, TraceEvent, View, Who,
};
use simlab_protocols::raft::service::{RAFT, SERVER};
use simlab_protocols::raft::store::{Applied, Store};
use simlab_protocols::raft::{Output, Raft};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU64;

/// The keys of a node's timers.
pub(super) const ELECTION: TimerKey = 0;
pub(super) const HEARTBEAT: TimerKey = 1;

/// What all clocks say when a file begins: nobody hears anything at their very zero.
const BOOTED: Time = Time(1_000_000_000);

/// How many things a command may lead to.
const LIMIT: usize = 2_000;

/// A message that is under way.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) bytes: Vec<u8>,
    /// Whether it stays under way until the file lets it go.
    pub(super) held: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pristine: Raft<Store>,
    /// What it is while it is up.
    pub(super) raft: Option<Raft<Store>>,
    started: bool,
    life: u32,
    counters: Counters,
    pub(super) now: Time,
    pub(super) timers: BTreeMap<TimerKey, Time>,
    pub(super) drive: Drive,
    syncs: VecDeque<(Ticket, usize)>,
    /// Whether its disk waits for the file to sync.
    pub(super) slow: bool,
}

/// What nodes draw: what the file says, or else the same of each node every time.
#[derive(Debug, Default)]
pub(super) struct Draws(pub(super) BTreeMap<NodeId, VecDeque<Duration>>);

impl Decide for Draws {
    fn decide(&mut self, point: Point, domain: Domain<'_>) -> u64 {
        let (Who::Node(node), Choice::Random, Domain::Below(bound)) =
            (point.who, point.choice, domain)
        else {
            panic!("a node of Raft draws nothing but time-outs: {point}");
        };
        let said = self.0.get_mut(&node).and_then(VecDeque::pop_front);
        let drawn = said.unwrap_or(Duration::from_millis(50 * u64::from(node.0)));
        drawn.nanos().min(bound - 1)
    }
}

/// What a checker sees besides notes: nothing.
struct Nobody;

impl View for Nobody {
    fn now(&self) -> Time {
        Time::ZERO
    }
    fn nodes(&self) -> u32 {
        0
    }
    fn name(&self, _: NodeId) -> &str {
        "a node"
    }
    fn inspect(&self, _: NodeId) -> Option<Fields> {
        None
    }
}

/// What happens at a node.
pub(super) enum Happens<'a> {
    Event(Event<'a>),
    /// It is asked for something; what it says at once is told.
    Asked(&'a mut Ask<'a>),
}

pub(super) type Ask<'a> = dyn FnMut(&mut Raft<Store>, &mut Env<'_>) -> String + 'a;

/// The nodes and what is between them.
pub(super) struct Cluster {
    pub(super) nodes: BTreeMap<NodeId, Node>,
    pub(super) flights: Vec<Flight>,
    pub(super) draws: Draws,
    /// Links that let nothing pass.
    pub(super) cuts: BTreeSet<(NodeId, NodeId)>,
    /// What was proposed, in the words of the file, by the bytes that stand for it.
    pub(super) proposed: BTreeMap<Vec<u8>, String>,
    /// Reads by number: of whom, and which key.
    pub(super) reads: BTreeMap<u64, String>,
    sent: u64,
    checks: Vec<Box<dyn Checker>>,
    records: u64,
    outbox: Outbox,
    pub(super) told: Vec<String>,
}

impl Cluster {
    pub(super) fn new(nodes: Vec<(NodeId, Raft<Store>)>) -> Cluster {
        let node = |pristine| Node {
            pristine,
            raft: None,
            started: false,
            life: 0,
            counters: Counters::default(),
            now: BOOTED,
            timers: BTreeMap::new(),
            drive: Drive::default(),
            syncs: VecDeque::new(),
            slow: false,
        };
        Cluster {
            nodes: nodes.into_iter().map(|(id, pristine)| (id, node(pristine))).collect(),
            flights: Vec::new(),
            draws: Draws::default(),
            cuts: BTreeSet::new(),
            proposed: BTreeMap::new(),
            reads: BTreeMap::new(),
            sent: 0,
            checks: SERVER.invariants.iter().map(|invariant| (invariant.build)()).collect(),
            records: 0,
            outbox: Outbox::new(),
            told: Vec::new(),
        }
    }

    pub(super) fn node(&mut self, id: NodeId) -> Result<&mut Node, String> {
        self.nodes.get_mut(&id).ok_or_else(|| format!("there is no {id}"))
    }

    /// A node that is up.
    pub(super) fn running(&mut self, id: NodeId) -> Result<&mut Raft<Store>, String> {
        self.node(id)?.raft.as_mut().ok_or_else(|| format!("{id} is down"))
    }

    pub(super) fn tell(&mut self, line: impl Into<String>) {
        self.told.push(line.into());
    }

    /// A node that is down begins its first or its next life.
    pub(super) fn start(&mut self, id: NodeId) -> Result<(), String> {
        let node = self.node(id)?;
        if node.raft.is_some() {
            return Err(format!("{id} is up"));
        }
        node.life += u32::from(node.started);
        node.started = true;
        node.raft = Some(node.pristine.clone());
        self.happen(id, Happens::Event(Event::Start))
    }

    /// Writes to a disk, before the node's first life, what an earlier one has left there.
    pub(super) fn prepare(
        &mut self,
        id: NodeId,
        write: impl FnOnce(&mut Env<'_>),
    ) -> Result<(), String> {
        let node = self.node(id)?;
        if node.started {
            return Err(format!("{id} has been up: its disk is its own"));
        }
        let moment = Moment { me: id, now: node.now, wall: node.now, life: 0 };
        let (mut outbox, mut draws) = (Outbox::new(), Draws::default());
        let mut env = Env::new(moment, &mut outbox, &mut node.counters, &mut draws, &node.drive);
        write(&mut env.at(RAFT));
        for effect in outbox.effects() {
            if let Effect::Append { file, data } = effect {
                let bytes = outbox.bytes(*data).to_vec();
                node.drive.write(outbox.text(*file), Change::Append(bytes));
            }
        }
        node.drive.settle(node.drive.written());
        Ok(())
    }

    pub(super) fn crash(&mut self, id: NodeId, kept: &[Kept]) -> Result<(), String> {
        self.running(id)?;
        let node = self.node(id)?;
        node.drive.crash(kept)?;
        node.raft = None;
        node.timers.clear();
        node.syncs.clear();
        Ok(())
    }

    /// Delivers a message that was taken out of those under way.
    pub(super) fn deliver(&mut self, flight: &Flight) -> Result<(), String> {
        let Flight { number, from, to, bytes, .. } = flight;
        let kind = words::kind(bytes);
        if self.nodes.get(to).is_none_or(|node| node.raft.is_none()) {
            self.tell(format!("#{number} {from} -> {to}: {kind} is lost: {to} is down"));
            return Ok(());
        }
        self.tell(format!("#{number} {from} -> {to}: {kind} arrives"));
        let datagram = Event::Datagram { from: *from, bytes };
        self.happen(*to, Happens::Event(datagram.peel().1))
    }

    /// Lets a timer of a node fire, and its clock go to when that is due.
    pub(super) fn fire(&mut self, id: NodeId, key: TimerKey) -> Result<(), String> {
        self.running(id)?;
        let name = if key == ELECTION { "election" } else { "heartbeat" };
        let node = self.node(id)?;
        let at = node.timers.remove(&key).ok_or_else(|| format!("{id} has no {name} timer set"))?;
        node.now = node.now.max(at);
        self.tell(format!("{id}: {name} timer"));
        let scope = Scope::ROOT;
        self.happen(id, Happens::Event(Event::Timer { scope, key }))
    }

    /// A disk that is held ends the first sync that it was asked for.
    pub(super) fn sync(&mut self, id: NodeId) -> Result<(), String> {
        self.running(id)?;
        let node = self.node(id)?;
        let asked = node.syncs.pop_front();
        let (ticket, writes) = asked.ok_or_else(|| format!("{id} has asked for no sync"))?;
        node.drive.settle(writes);
        let scope = Scope::ROOT;
        self.happen(id, Happens::Event(Event::Synced { scope, ticket, result: Ok(()) }))
    }

    /// Something happens at a node that is up, and what that leads to is carried out and told.
    pub(super) fn happen(&mut self, id: NodeId, what: Happens<'_>) -> Result<(), String> {
        self.handle(id, what)?;
        self.end_syncs(id)
    }

    /// A disk that is not held ends what it was asked for.
    fn end_syncs(&mut self, id: NodeId) -> Result<(), String> {
        for _ in 0..LIMIT {
            if self.nodes.get(&id).is_none_or(|node| node.slow || node.syncs.is_empty()) {
                return Ok(());
            }
            self.sync(id)?;
        }
        Err(format!("{id} syncs without end"))
    }

    /// A disk is held no longer.
    pub(super) fn quicken(&mut self, id: NodeId) -> Result<(), String> {
        self.node(id)?.slow = false;
        self.end_syncs(id)
    }

    fn handle(&mut self, id: NodeId, what: Happens<'_>) -> Result<(), String> {
        let node = self.nodes.get_mut(&id).ok_or_else(|| format!("there is no {id}"))?;
        let raft = node.raft.as_mut().ok_or_else(|| format!("{id} is down"))?;
        let moment = Moment { me: id, now: node.now, wall: node.now, life: node.life };
        let mut outbox = std::mem::take(&mut self.outbox);
        outbox.clear();
        let mut env =
            Env::new(moment, &mut outbox, &mut node.counters, &mut self.draws, &node.drive);
        let (said, outputs) = match what {
            Happens::Event(event) => (None, raft.on_event(event, &mut env.at(RAFT))),
            Happens::Asked(ask) => {
                let said = ask(raft, &mut env.at(RAFT));
                (Some(said), raft.finish(&mut env.at(RAFT)))
            }
        };
        self.told.extend(said.map(|said| format!("  {id} {said}")));
        let mut again = None;
        for effect in outbox.effects() {
            self.carry_out(id, *effect, &outbox, &mut again);
        }
        self.outbox = outbox;
        for output in outputs {
            self.output(id, output);
        }
        Ok(())
    }

    /// `again` is where the last message stands that the node has sent, and what it is: the same to another is the same line.
    fn carry_out(
        &mut self,
        id: NodeId,
        effect: Effect,
        outbox: &Outbox,
        again: &mut Option<(usize, Vec<u8>)>,
    ) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let slow = node.slow;
        match effect {
            Effect::Send { to, payload } => {
                for to in outbox.receivers(to) {
                    self.send(id, *to, outbox.bytes(payload), again);
                }
            }
            Effect::SetTimer { key, after, .. } => {
                node.timers.insert(key, node.now + after);
            }
            Effect::CancelTimer { key, .. } => {
                node.timers.remove(&key);
            }
            Effect::Append { file, data } => {
                let bytes = outbox.bytes(data).to_vec();
                self.told.extend(slow.then(|| words::writes(id, &bytes)));
                node.drive.write(outbox.text(file), Change::Append(bytes));
            }
            Effect::Replace { file, data } => {
                let bytes = outbox.bytes(data).to_vec();
                self.told.extend(slow.then(|| words::writes(id, &bytes)));
                node.drive.write(outbox.text(file), Change::Replace(bytes));
            }
            Effect::Remove { file } => {
                self.told.extend(slow.then(|| format!("  {id} removes a file")));
                node.drive.write(outbox.text(file), Change::Remove);
            }
            Effect::Sync { ticket, .. } => {
                let writes = node.drive.written();
                node.syncs.push_back((ticket, writes));
                self.told.extend(slow.then(|| format!("  {id} asks its disk to sync")));
            }
            Effect::Note { name, a, b, text } => self.note(id, (name, a, b), outbox.text(text)),
            Effect::Halt => {
                self.tell(format!("  {id} halts"));
                // What is not synced is lost with it, as in a crash.
                let crashed = self.crash(id, &[]);
                debug_assert_eq!(crashed, Ok(()), "it was up");
            }
            Effect::Reached { name } => self.tell(format!("  {id} reaches the goal {name}")),
            other => panic!("Raft asks for nothing of that kind: {other:?}"),
        }
    }

    fn send(
        &mut self,
        from: NodeId,
        to: NodeId,
        bytes: &[u8],
        again: &mut Option<(usize, Vec<u8>)>,
    ) {
        let what = words::message(bytes, &self.proposed);
        if self.cuts.contains(&(from, to)) {
            *again = None;
            return self.tell(format!("  {from} -> {to}: {what}; the link is cut"));
        }
        self.sent += 1;
        let number = self.sent;
        self.flights.push(Flight { number, from, to, bytes: bytes.to_vec(), held: false });
        match again {
            Some((line, sent)) if sent == bytes && *line + 1 == self.told.len() => {
                let (head, rest) = self.told[*line].split_once(':').expect("a message has words");
                self.told[*line] = format!("{head}, #{number} to {to}:{rest}");
            }
            _ => {
                *again = Some((self.told.len(), bytes.to_vec()));
                self.tell(format!("  {from} sends #{number} to {to}: {what}"));
            }
        }
    }

    fn note(&mut self, id: NodeId, (name, a, b): (&'static str, u64, u64), text: &str) {
        let mut text = text.to_owned();
        if let Some((_, words)) = self.proposed.iter().find(|(command, _)| Digest::of(command) == b)
        {
            // The entry of a command: what it is in the words of the file.
            text = format!("{text}: {words}");
        }
        if let Some(line) = words::note(id, (name, a), &text) {
            self.tell(format!("  {line}"));
        }
        self.records += 1;
        let event = TraceEvent {
            seq: Seq(NonZeroU64::new(self.records).expect("it counts from 1")),
            at: Time::ZERO,
            node: Some(id),
            cause: None,
            kind: Kind::Noted { name, a, b },
            bytes: &[],
        };
        for check in &mut self.checks {
            if let Some(violation) = check.on_event(&event, &Nobody) {
                self.told.push(format!("!! {}: {}", check.name(), violation.detail));
            }
        }
    }

    fn output(&mut self, id: NodeId, output: Output<Applied>) {
        let line = match output {
            Output::Applied { at, answer } => words::applied(at, &answer),
            Output::Configured { at, joint: true } => {
                format!("has committed the joint configuration of {at}")
            }
            Output::Configured { at, joint: false } => {
                format!("has committed the configuration of {at}")
            }
            Output::Readable(number) => {
                let key = self.reads.remove(&number).unwrap_or_default();
                let raft = self.nodes.get(&id).and_then(|node| node.raft.as_ref());
                let held = raft.map(|raft| raft.machine().kv().get(&key));
                format!(
                    "answers the read of {key}: {}",
                    held.map_or_else(String::new, |held| words::held(&held))
                )
            }
            Output::Unreadable(number) => {
                let key = self.reads.remove(&number).unwrap_or_default();
                format!("does not answer the read of {key}")
            }
            Output::Deposed => "no longer knows what becomes of what it has proposed".to_owned(),
        };
        let line = format!("  {id} {line}");
        match self.told.last_mut() {
            // Several entries, of which the same comes: one line.
            Some(last) if words::same_of_next(last, &line) => {
                let next = line.rsplit(" applies ").next().unwrap_or_default();
                let end = last.rfind(": ").unwrap_or(last.len());
                last.replace_range(end.., &format!(", {next}"));
            }
            _ => self.tell(line),
        }
    }

    /// Delivers all that is under way and not held, and what that leads to, until there is nothing more.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        for _ in 0..LIMIT {
            let Some(place) = self.flights.iter().position(|flight| !flight.held) else {
                return Ok(());
            };
            let flight = self.flights.remove(place);
            self.deliver(&flight)?;
        }
        Err(format!("after {LIMIT} messages there are still some under way"))
    }

    /// Lets time pass for these nodes; their timers fire when they are due, `then` is done after each.
    pub(super) fn pass(
        &mut self,
        who: &BTreeSet<NodeId>,
        time: Duration,
        mut then: impl FnMut(&mut Cluster) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut left = time;
        for _ in 0..LIMIT {
            let due = |(id, node): (&NodeId, &Node)| {
                let timers = node.timers.iter().map(|(key, at)| (at.since(node.now), *id, *key));
                timers.min()
            };
            let running = self.nodes.iter().filter(|(id, _)| who.contains(id));
            let next = running.filter_map(due).min().filter(|(after, ..)| *after <= left);
            let step = next.map_or(left, |(after, ..)| after);
            for (_, node) in self.nodes.iter_mut().filter(|(id, _)| who.contains(id)) {
                node.now += step;
            }
            left = Duration::from_nanos(left.nanos() - step.nanos());
            let Some((_, id, key)) = next else { return Ok(()) };
            self.fire(id, key)?;
            then(self)?;
        }
        Err(format!("more than {LIMIT} timers fire in that time"))
    }
}
