//! What is known of the cursor's place: worked out after each command, and only read by what draws.

use super::App;
use crate::app::filter::ends;
use simlab_core::{Dissection, Fields, Inspection, Kind, NodeId, Seq, Time};
use simlab_sim::{Flying, Reach, Status};

/// With more nodes than this it is not worked out who can talk to whom.
const REACHED: usize = 64;

/// A datagram at a record.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// The record.
    pub number: u64,
    /// What the record says.
    pub event: Kind,
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// The record of the send, and its time.
    pub sent: Option<(Seq, Time)>,
    /// Its bytes at this record.
    pub bytes: Vec<u8>,
    /// Its bytes as they were sent.
    pub original: Vec<u8>,
    /// What they mean.
    pub dissection: Option<Dissection>,
}

/// A file of a node.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name.
    pub name: String,
    /// As a read finds it.
    pub now: Vec<u8>,
    /// As far as it would survive a crash.
    pub durable: Vec<u8>,
}

/// What a node and the network looked like at the cursor.
#[derive(Clone, Debug, Default)]
pub struct Inspected {
    /// The node.
    pub node: Option<NodeId>,
    /// Whether there is no world: the events are on paper.
    pub nothing: bool,
    /// Whether it runs.
    pub status: Option<Status>,
    /// Its state; `None` while it is down.
    pub state: Option<Fields>,
    /// Its state before the event at the cursor.
    pub before: Option<Fields>,
    /// What its service says of the state.
    pub explained: Inspection,
    /// What it says of the state before the event at the cursor.
    pub explained_before: Option<Inspection>,
    /// Whether it stands still.
    pub paused: bool,
    /// How many events wait at it.
    pub waiting: usize,
    /// What its clocks show, the monotonic one and the wall clock.
    pub clocks: Option<(Time, Time)>,
    /// Its timers: their names, and when they are due.
    pub timers: Vec<(String, Time)>,
    /// Its files.
    pub files: Vec<File>,
    /// How many of its writes are not durable.
    pub unsynced: usize,
    /// The datagram at the cursor.
    pub datagram: Option<Datagram>,
    /// What is under way, by when it is due.
    pub flights: Vec<Flying>,
    /// Who can talk to whom, if there are not too many nodes.
    pub reach: Option<Reach>,
    /// Each node in very few words, as its service has them.
    pub headlines: Vec<Option<String>>,
}

impl App<'_> {
    pub(super) fn inspect(&mut self) -> Inspected {
        let (cursor, node) = (self.cursor(), self.inspected_node());
        let film = &mut self.films[self.shown];
        let Some(node) = node.filter(|_| !film.is_empty()) else { return Inspected::default() };
        let mut inspected = Inspected { node: Some(node), ..Inspected::default() };
        inspected.datagram = datagram(film, cursor);
        (inspected.state, inspected.before) = film.shown(cursor, node);
        let nodes = film.scenario().nodes.len();
        let Some(world) = film.world_at(cursor) else {
            return Inspected { nothing: true, ..inspected };
        };
        inspected.status = Some(world.status(node));
        inspected.paused = world.is_paused(node);
        inspected.waiting = world.waiting(node);
        inspected.clocks = Some(world.clocks(node));
        let timers: Vec<_> = world.timers(node).collect();
        inspected.unsynced = world.unsynced(node);
        let durable: Vec<_> = world.durable_files(node).collect();
        let kept = |name: &str| durable.iter().find(|(other, _)| *other == name);
        let files = world.files(node).map(|(name, now)| File {
            name: name.to_owned(),
            now: now.to_vec(),
            durable: kept(name).map(|(_, bytes)| bytes.to_vec()).unwrap_or_default(),
        });
        inspected.files = files.collect();
        inspected.flights = world.flights().collect();
        let mut states: Vec<Option<Fields>> = Vec::new();
        if nodes <= REACHED {
            inspected.reach = Some(world.reach());
            states = (0..nodes as u32).map(|node| world.inspect(NodeId(node))).collect();
        }
        let headline = |(node, state): (usize, &Option<Fields>)| {
            film.explain(NodeId(node as u32), state.as_ref()?).headline
        };
        let words = film.words();
        let named = |(scope, key, due)| (simlab_sim::trace::timer(node, scope, key, &words), due);
        inspected.timers = timers.into_iter().map(named).collect();
        inspected.headlines = states.iter().enumerate().map(headline).collect();
        if let Some(state) = &inspected.state {
            inspected.explained = film.explain(node, state);
            let before = inspected.before.as_ref();
            inspected.explained_before = before.map(|before| film.explain(node, before));
        }
        inspected
    }
}

/// The datagram that a record is about.
fn datagram(film: &crate::film::Film<'_>, number: u64) -> Option<Datagram> {
    let event = film.event(number)?;
    let sent = match event.kind {
        Kind::Sent { .. } => Some(event.seq),
        Kind::Delivered { datagram, .. }
        | Kind::Dropped { datagram, .. }
        | Kind::Corrupted { datagram, .. }
        | Kind::Duplicated { datagram, .. }
        | Kind::Replayed { datagram, .. } => Some(datagram),
        _ => return None,
    };
    let [here, there] = ends(&event).map(|node| node.unwrap_or(NodeId(0)));
    let outgoing = matches!(event.kind, Kind::Sent { .. });
    let (from, to) = if outgoing { (here, there) } else { (there, here) };
    let send = sent.and_then(|seq| film.event(seq.get()));
    let original = send.map(|send| send.bytes.to_vec()).unwrap_or_default();
    let own = matches!(event.kind, Kind::Delivered { .. } | Kind::Corrupted { .. });
    let bytes = if own { event.bytes.to_vec() } else { original.clone() };
    let dissection = film.setup().dissect(from, to, &bytes);
    let sent = send.map(|send| (send.seq, send.at));
    Some(Datagram { number, event: event.kind, from, to, sent, bytes, original, dissection })
}
