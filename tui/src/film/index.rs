//! What is known of every record beside what it says: made once, while the run is, so that nothing has
//! to be looked for when a key is pressed.

use super::flags::{AGAIN, ARRIVED, FIRST_OF_STEP, FOLDED, LATE, MANY, STATE_CHANGED};
use super::tallies::{Tallies, Tally};
use simlab_core::{Digest, DropReason, Kind, NodeId, OpId, Outcome, Seq, Time, TraceEvent};
use simlab_scenarios::run::Setup;
use simlab_sim::{Trace, World};
use std::collections::BTreeMap;

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It has not joined yet.
    Absent,
    /// It runs.
    Up,
    /// It runs, and stands still.
    Paused,
    /// It does not run.
    Down,
}

/// An operation of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Which.
    pub op: OpId,
    /// The record of its begin.
    pub invoked: u64,
    /// The record of its end; `None` while it is open.
    pub returned: Option<u64>,
    /// How it ended; [`Ended::Unknown`] while it is open.
    pub ended: Ended,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// It took effect.
    Done,
    /// It did not, for certain.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// What there is to know about the records, by number.
#[derive(Debug)]
pub struct Index {
    flags: Vec<u8>,
    /// Of a send, the record that tells what became of it last; 0 if it is still under way.
    fates: Vec<u32>,
    /// Of a datagram, what type of message it is, by its place among the names; the first is none.
    types: Vec<u16>,
    type_names: Vec<String>,
    types_by_name: BTreeMap<String, u16>,
    /// Of each node, from which record on it is how.
    lives: Vec<Vec<(u64, Life)>>,
    /// From which record on these groups cannot talk to each other.
    groups: Vec<(u64, Vec<Vec<NodeId>>)>,
    /// The operations of each node, by their begin.
    operations: Vec<Vec<Operation>>,
    /// All operations, by their begin.
    order: Vec<OpId>,
    /// Where each operation stands among those of its node.
    places: BTreeMap<OpId, (usize, usize)>,
    /// The send of the latest datagram that came over each link.
    latest: BTreeMap<(NodeId, NodeId), Seq>,
    /// Of each link, why it lost what last, since the last cut or heal.
    lost: BTreeMap<(NodeId, NodeId), (DropReason, u64)>,
    /// The records one after the other that nobody has to see, until now.
    idle: Vec<u64>,
    tallies: Tallies,
    faults: Vec<u64>,
    violations: Vec<u64>,
    digests: Vec<Option<u64>>,
    end: Time,
}

impl Index {
    pub(super) fn new(nodes: usize) -> Self {
        Index {
            flags: Vec::new(),
            fates: Vec::new(),
            types: Vec::new(),
            type_names: vec![String::new()],
            types_by_name: BTreeMap::new(),
            lives: vec![vec![(0, Life::Absent)]; nodes],
            groups: Vec::new(),
            operations: vec![Vec::new(); nodes],
            order: Vec::new(),
            places: BTreeMap::new(),
            latest: BTreeMap::new(),
            lost: BTreeMap::new(),
            idle: Vec::new(),
            tallies: Tallies::default(),
            faults: Vec::new(),
            violations: Vec::new(),
            digests: vec![None; nodes],
            end: Time::ZERO,
        }
    }

    /// Takes in what a step has written, after `written` records.
    pub(super) fn add(&mut self, world: &World, written: u64, setup: &Setup<'_>) {
        let Some(trace) = world.trace() else { return };
        for event in trace.iter_from(written + 1) {
            self.add_one(&event, setup);
            if matches!(event.kind, Kind::Cut { .. } | Kind::Healed { .. }) {
                self.groups.push((event.seq.get(), world.reach().groups()));
            }
        }
        let Some(first) = self.flags.get_mut(written as usize) else { return };
        *first |= FIRST_OF_STEP;
        for node in world.touched() {
            let Some(known) = self.digests.get_mut(node.index()) else { continue };
            let now = world.state_digest(*node);
            if *known != now {
                *known = now;
                let own = trace.iter_from(written + 1).find(|event| event.node == Some(*node));
                if let Some(event) = own {
                    self.flags[event.seq.get() as usize - 1] |= STATE_CHANGED;
                }
            }
        }
        self.look_for_idle(trace, written);
    }

    /// Takes in an event that was written down by somebody else.
    pub(super) fn add_written(&mut self, event: &TraceEvent<'_>, setup: &Setup<'_>) {
        self.add_one(event, setup);
    }

    /// Notes which records of the step after `written` nobody has to see one by one: datagrams that led to
    /// nothing, and losses on a link that loses just that already.
    fn look_for_idle(&mut self, trace: &Trace, written: u64) {
        let alone = trace.len() == written + 1;
        for event in trace.iter_from(written + 1) {
            let number = event.seq.get();
            let boring = match event.kind {
                Kind::Delivered { .. } => {
                    alone && self.flags[number as usize - 1] & (STATE_CHANGED | LATE | AGAIN) == 0
                }
                Kind::Dropped { from, why, .. } => {
                    let to = event.node.unwrap_or(from);
                    let now = (why, Digest::of(event.bytes));
                    self.lost.insert((from, to), now) == Some(now)
                }
                Kind::Cut { .. } | Kind::Healed { .. } => {
                    self.lost.clear();
                    false
                }
                // What has no row among messages comes in between.
                Kind::Sent { .. }
                | Kind::TimerSet { .. }
                | Kind::TimerCancelled { .. }
                | Kind::TimerFired { .. } => continue,
                _ => false,
            };
            if boring {
                self.idle.push(number);
            } else {
                self.fold();
            }
        }
    }

    fn fold(&mut self) {
        if self.idle.len() >= MANY {
            for number in &self.idle {
                self.flags[*number as usize - 1] |= FOLDED;
            }
        }
        self.idle.clear();
    }

    fn add_one(&mut self, event: &TraceEvent<'_>, setup: &Setup<'_>) {
        let number = event.seq.get();
        let mut kind = 0;
        self.flags.push(0);
        self.fates.push(0);
        self.tallies.add(event);
        self.end = event.at;
        if let (Kind::Delivered { from, datagram }, Some(to)) = (event.kind, event.node) {
            self.delivered(from, to, datagram);
        }
        match event.kind {
            Kind::Sent { to, .. } => kind = self.type_of(event, to, setup),
            Kind::Delivered { datagram, .. } | Kind::Dropped { datagram, .. } => {
                kind = self.types[datagram.get() as usize - 1];
                self.fates[datagram.get() as usize - 1] = number as u32;
            }
            Kind::Corrupted { datagram, .. }
            | Kind::Duplicated { datagram, .. }
            | Kind::Replayed { datagram, .. } => {
                kind = self.types[datagram.get() as usize - 1];
            }
            Kind::Invoked { op, .. } => self.invoked(op, event.node, number),
            Kind::Returned { op } => {
                if let Some(&(node, place)) = self.places.get(&op) {
                    let operation = &mut self.operations[node][place];
                    operation.returned = Some(number);
                    operation.ended = ended(event.bytes);
                }
            }
            Kind::Found { .. } => self.violations.push(number),
            _ => {}
        }
        self.types.push(kind);
        if is_fault(&event.kind) {
            self.faults.push(number);
        }
        let life = match event.kind {
            Kind::Started | Kind::Restarted | Kind::Resumed { .. } => Life::Up,
            Kind::Paused => Life::Paused,
            Kind::Crashed | Kind::Halted | Kind::Left => Life::Down,
            _ => return,
        };
        if let Some(lives) = event.node.and_then(|node| self.lives.get_mut(node.index())) {
            lives.push((number, life));
        }
    }

    fn invoked(&mut self, op: OpId, node: Option<NodeId>, number: u64) {
        let Some(node) = node.map(NodeId::index) else { return };
        let Some(own) = self.operations.get_mut(node) else { return };
        own.push(Operation { op, invoked: number, returned: None, ended: Ended::Unknown });
        self.places.insert(op, (node, own.len() - 1));
        self.order.push(op);
    }

    fn delivered(&mut self, from: NodeId, to: NodeId, datagram: Seq) {
        let before = self.is(datagram.get(), ARRIVED);
        self.flags[datagram.get() as usize - 1] |= ARRIVED;
        let latest = self.latest.entry((from, to)).or_insert(datagram);
        let late = datagram < *latest;
        *latest = (*latest).max(datagram);
        if let Some(flags) = self.flags.last_mut() {
            *flags |= if before { AGAIN } else { 0 } | if late { LATE } else { 0 };
        }
    }

    /// The type of the message that is sent.
    fn type_of(&mut self, event: &TraceEvent<'_>, to: NodeId, setup: &Setup<'_>) -> u16 {
        let Some(from) = event.node else { return 0 };
        let Some(dissection) = setup.dissect(from, to, event.bytes) else { return 0 };
        if let Some(known) = self.types_by_name.get(&dissection.kind) {
            return *known;
        }
        let Ok(new) = u16::try_from(self.type_names.len()) else { return 0 };
        self.type_names.push(dissection.kind.clone());
        self.types_by_name.insert(dissection.kind, new);
        new
    }

    pub(super) fn finish(&mut self) {
        self.fold();
    }

    /// The first record of the step that wrote this one.
    pub(super) fn step(&self, number: u64) -> u64 {
        let upto = self.flags.get(..number as usize).unwrap_or(&self.flags);
        let first = upto.iter().rposition(|flags| flags & FIRST_OF_STEP != 0);
        first.map_or(1, |place| place as u64 + 1)
    }

    fn is(&self, number: u64, flag: u8) -> bool {
        self.flags.get(number as usize - 1).is_some_and(|flags| flags & flag != 0)
    }

    /// Whether a node's state is another one after this record's step.
    #[must_use]
    pub fn changes_state(&self, number: u64) -> bool {
        self.is(number, STATE_CHANGED)
    }

    /// Whether it is one of many datagrams in a row that led to nothing, or were lost like those before them.
    #[must_use]
    pub fn is_boring(&self, number: u64) -> bool {
        self.is(number, FOLDED)
    }

    /// Whether it is a datagram that one overtook which was sent later.
    #[must_use]
    pub fn is_late(&self, number: u64) -> bool {
        self.is(number, LATE)
    }

    /// Whether it is a datagram that had come before.
    #[must_use]
    pub fn is_again(&self, number: u64) -> bool {
        self.is(number, AGAIN)
    }

    /// What was counted up to this record.
    #[must_use]
    pub fn tally(&self, trace: &Trace, number: u64) -> Tally {
        self.tallies.at(trace, number)
    }

    /// An operation.
    #[must_use]
    pub fn operation_of(&self, op: OpId) -> Option<&Operation> {
        let (node, place) = self.places.get(&op)?;
        Some(&self.operations[*node][*place])
    }

    /// Of a send, the record that tells what became of it last, if it is not under way.
    #[must_use]
    pub fn fate(&self, send: u64) -> Option<u64> {
        let fate = u64::from(*self.fates.get(send as usize - 1)?);
        (fate != 0).then_some(fate)
    }

    /// The type of the message that a record is about.
    #[must_use]
    pub fn message(&self, number: u64) -> Option<&str> {
        let kind = *self.types.get(number as usize - 1)?;
        (kind != 0).then(|| self.type_names[usize::from(kind)].as_str())
    }

    /// All types of messages.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.type_names.iter().skip(1).map(String::as_str)
    }

    /// How a node was after this record.
    #[must_use]
    pub fn life(&self, node: NodeId, number: u64) -> Life {
        let lives = &self.lives[node.index()];
        let after = lives.partition_point(|(from, _)| *from <= number);
        after.checked_sub(1).map_or(Life::Absent, |last| lives[last].1)
    }

    /// Who could talk to whom after this record: groups that could not talk to each other.
    #[must_use]
    pub fn groups(&self, number: u64) -> &[Vec<NodeId>] {
        let after = self.groups.partition_point(|(from, _)| *from <= number);
        after.checked_sub(1).map_or(&[], |last| &self.groups[last].1)
    }

    /// The groups of the first cut that parts them.
    #[must_use]
    pub fn first_parting(&self) -> &[Vec<NodeId>] {
        self.groups.iter().find(|(_, groups)| groups.len() > 1).map_or(&[], |(_, groups)| groups)
    }

    /// Whether a node has an operation open at this record, or after it.
    #[must_use]
    pub fn is_busy(&self, node: NodeId, number: u64, after: bool) -> bool {
        let own = &self.operations[node.index()];
        let begun = own.partition_point(|operation| operation.invoked <= number);
        let last = if after { number } else { number.saturating_sub(1) };
        let open = |operation: &Operation| operation.returned.is_none_or(|end| end > last);
        own[..begun].iter().rev().take(16).any(open)
    }

    /// All operations, by their begin.
    #[must_use]
    pub fn all_operations(&self) -> &[OpId] {
        &self.order
    }

    /// How many operations had begun at this record.
    #[must_use]
    pub fn begun(&self, number: u64) -> usize {
        let invoked = |op: &OpId| self.operation_of(*op).map_or(0, |operation| operation.invoked);
        self.order.partition_point(|op| invoked(op) <= number)
    }

    /// The operations of a node, by their begin.
    #[must_use]
    pub fn operations(&self, node: NodeId) -> &[Operation] {
        &self.operations[node.index()]
    }

    /// The records that tell of faults.
    #[must_use]
    pub fn faults(&self) -> &[u64] {
        &self.faults
    }

    /// The records that tell of violations.
    #[must_use]
    pub fn violations(&self) -> &[u64] {
        &self.violations
    }

    /// When the run ended, or how far it is.
    #[must_use]
    pub const fn end(&self) -> Time {
        self.end
    }

    /// The next record after this one that changes a state, or the last one before it.
    #[must_use]
    pub fn next_change(&self, number: u64, forward: bool) -> Option<u64> {
        let changes = |flags: &u8| flags & STATE_CHANGED != 0;
        let number = number as usize;
        let found = if forward {
            self.flags.iter().skip(number).position(changes).map(|ahead| number + ahead)
        } else {
            self.flags.get(..number.saturating_sub(1))?.iter().rposition(changes)
        };
        found.map(|place| place as u64 + 1)
    }
}

/// Whether a record tells that something was broken, or is whole again.
#[must_use]
pub const fn is_fault(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Cut { .. }
            | Kind::Healed { .. }
            | Kind::Began { .. }
            | Kind::Ended { .. }
            | Kind::Crashed
            | Kind::Restarted
            | Kind::Halted
            | Kind::Left
            | Kind::Paused
            | Kind::Resumed { .. }
            | Kind::ClockChanged { .. }
            | Kind::DiskActed { .. }
            | Kind::Wiped
    )
}

fn ended(outcome: &[u8]) -> Ended {
    use simlab_core::wire::Decode;
    match Outcome::from_bytes(outcome) {
        Ok(Outcome::Done(_)) => Ended::Done,
        Ok(Outcome::NotDone(_)) => Ended::Refused,
        Ok(Outcome::Unknown(_)) | Err(_) => Ended::Unknown,
    }
}
