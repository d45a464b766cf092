//! Is there a view of one session? The order that it must respect, closed under what its reads say.
//!
//! Let H be the relation of the model with "write before its read", closed transitively and under
//!
//! ```text
//!     write 1 ──H──▶ read ◀── write 2        ⟹   write 1 ──H──▶ write 2
//!         (another write)   (which it saw)
//! ```
//!
//! for the reads of the session, all writes being on one object. If H has a cycle there is no view.
//! If it has none and the reads of the session are totally ordered, there is one: list the past of
//! the first read, then that read, then what is new in the past of the second read, and so on. Of
//! the writes in the past of a read all others are before the one it saw, so that each read returns
//! the last write before it. (These are the bad patterns of CM in Bouajjani, Enea, Guerraoui, Hamza:
//! On Verifying Causal Consistency, POPL 2017, §5; the initial value is a write before all others.)
//!
//! Since the reads are totally ordered, r₀ before r₁ and so on, the past of all of them is told by one
//! number a node: its *level*, the first read that has it in its past. No vector clock is needed,
//! and no bit set. The rule says with it: if the level of a write is not after the last read of
//! another write of the object, its level is not after that one's level either. Levels only ever
//! sink, along edges and by the rule, until nothing changes. And of the edges that the rule adds, one
//! a write is enough: to the first write, in the order of their last reads, that has to follow it.
//! If that leaves out an edge which would close a cycle, two writes that were read have to follow
//! each other; then among the writes whose last reads are not later, everyone has such an edge to
//! another one, and so there is a cycle among those.

use super::super::effective::{Effective, Saw};
use super::super::meter::{Meter, Spent};
use super::graph::{Edge, Ending, NONE, cycle};
use std::collections::BTreeSet;

/// The relation that the view of a session must respect.
#[derive(Debug)]
pub(super) struct Relation {
    /// How many nodes there are: the operations, then a relay for each of them if the model needs
    /// such, then the initial values of the objects.
    pub(super) nodes: usize,
    /// The node that stands for the initial value of the first object.
    pub(super) initial: usize,
    pub(super) edges: Vec<Edge>,
    /// The operations of the session that read, in its order.
    pub(super) view: Vec<usize>,
}

/// Why a node has its level.
#[derive(Clone, Copy)]
enum Reason {
    /// It is that read.
    Read,
    /// It is before a node with that level.
    Edge { index: usize, next: usize },
    /// It is a write before the last read of another one: both by what had been known.
    Rule { read: usize, reached: usize, next: usize },
}

#[derive(Clone, Copy)]
struct Event {
    node: usize,
    reason: Reason,
}

struct Saturation<'a> {
    effective: &'a Effective,
    relation: &'a Relation,
    ending: Ending,
    level: Vec<usize>,
    /// The place of each node among the reads, or [`NONE`].
    place: Vec<usize>,
    /// The latest event of each node.
    why: Vec<usize>,
    events: Vec<Event>,
    /// The last read of each node that was read, or [`NONE`].
    last: Vec<usize>,
    /// Those of each object that were read, with their last reads, in the order of these.
    sources: Vec<Vec<(usize, usize)>>,
    /// The writes on each object that have a level, by the level as writes.
    written: Vec<BTreeSet<(usize, usize)>>,
    /// Nodes whose level sank and whose neighbours are still to be looked at.
    sunk: Vec<usize>,
}

/// Operations of which there can be no view; `None` if there is one.
pub(super) fn contradiction(
    effective: &Effective,
    relation: &Relation,
    meter: &mut Meter<'_>,
) -> Result<Option<Vec<usize>>, Spent> {
    meter.steps(2 * (relation.nodes + relation.edges.len()) as u64)?;
    let mut saturation = Saturation::new(effective, relation);
    for (index, &read) in relation.view.iter().enumerate() {
        saturation.sink(read, index, Reason::Read);
        saturation.spread(meter)?;
    }
    Ok(saturation.cycle())
}

impl<'a> Saturation<'a> {
    fn new(effective: &'a Effective, relation: &'a Relation) -> Self {
        let nodes = relation.nodes;
        let mut last = vec![NONE; nodes];
        let mut place = vec![NONE; nodes];
        let mut sources = vec![Vec::new(); effective.objects];
        for (index, &read) in relation.view.iter().enumerate() {
            last[seen(effective, relation, read)] = index;
            place[read] = index;
        }
        for (index, &read) in relation.view.iter().enumerate() {
            let source = seen(effective, relation, read);
            if last[source] == index {
                sources[effective.all[read].object].push((index, source));
            }
        }
        Saturation {
            effective,
            relation,
            ending: Ending::new(nodes, &relation.edges),
            level: vec![NONE; nodes],
            place,
            why: vec![NONE; nodes],
            events: Vec::new(),
            last,
            sources,
            written: vec![BTreeSet::new(); effective.objects],
            sunk: Vec::new(),
        }
    }

    /// The object that a node writes, if it does; the initial value counts as a write.
    fn writes(&self, node: usize) -> Option<usize> {
        match self.effective.all.get(node) {
            Some(effect) => effect.writes.then_some(effect.object),
            None => node.checked_sub(self.relation.initial),
        }
    }

    /// The first read that comes after this write and is not the same operation. (If an earlier read
    /// comes after a compare-and-set of the session there is a cycle without it.)
    fn write_level(&self, level: usize, node: usize) -> usize {
        match self.place[node] {
            NONE => level,
            place => level.max(place + 1),
        }
    }

    fn sink(&mut self, node: usize, level: usize, reason: Reason) {
        let before = self.level[node];
        if before <= level {
            return;
        }
        if let Some(object) = self.writes(node) {
            let [old, new] = [before, level].map(|level| self.write_level(level, node));
            self.written[object].remove(&(old, node));
            self.written[object].insert((new, node));
        }
        self.level[node] = level;
        self.why[node] = self.events.len();
        self.events.push(Event { node, reason });
        self.sunk.push(node);
    }

    fn spread(&mut self, meter: &mut Meter<'_>) -> Result<(), Spent> {
        while let Some(node) = self.sunk.pop() {
            let (level, next) = (self.level[node], self.why[node]);
            let places = self.ending.places(node);
            meter.steps(1 + places.len() as u64)?;
            for place in places {
                let index = self.ending.nth(place);
                self.sink(self.relation.edges[index].from, level, Reason::Edge { index, next });
            }
            let Some(object) = self.writes(node) else { continue };
            if let Some((last, source)) = self.follower(object, node) {
                let (read, reached) = (self.relation.view[last], next);
                let (level, next) = (self.level[source], self.why[source]);
                self.sink(node, level, Reason::Rule { read, reached, next });
            }
            let last = self.last[node];
            if last == NONE {
                continue;
            }
            let (level, next) = (self.level[node], self.why[node]);
            let later = (level + 1, 0)..(last + 1, 0);
            if later.start < later.end {
                let late: Vec<usize> =
                    self.written[object].range(later).map(|&(_, write)| write).collect();
                for write in late {
                    let (read, reached) = (self.relation.view[last], self.why[write]);
                    self.sink(write, level, Reason::Rule { read, reached, next });
                }
            }
        }
        Ok(())
    }

    /// The first of the writes that have to follow `node`, and its last read.
    fn follower(&self, object: usize, node: usize) -> Option<(usize, usize)> {
        let sources = &self.sources[object];
        let level = self.write_level(self.level[node], node);
        let start = sources.partition_point(|&(last, _)| last < level);
        sources[start..].iter().find(|&&(_, source)| source != node).copied()
    }

    /// Operations behind a cycle, if there is one.
    fn cycle(&self) -> Option<Vec<usize>> {
        let known = self.relation.edges.len();
        let mut edges = self.relation.edges.clone();
        let mut because = Vec::new();
        for (object, written) in self.written.iter().enumerate() {
            for &(_, write) in written {
                if let Some((last, source)) = self.follower(object, write) {
                    edges.push(Edge::new(write, source));
                    because.push(self.relation.view[last]);
                }
            }
        }
        let cycle = cycle(self.relation.nodes, &edges)?;
        let mut nodes = BTreeSet::new();
        let mut events = Vec::new();
        for index in cycle {
            let edge = edges[index];
            nodes.extend([edge.from, edge.to, edge.via]);
            if index >= known {
                nodes.insert(because[index - known]);
                events.push(self.why[edge.from]);
            }
        }
        self.trace(events, &mut nodes);
        Some(self.relation.operations(self.effective, nodes))
    }

    /// Adds all that made these events come about.
    fn trace(&self, mut events: Vec<usize>, nodes: &mut BTreeSet<usize>) {
        let mut passed = vec![false; self.events.len()];
        while let Some(event) = events.pop() {
            if std::mem::replace(&mut passed[event], true) {
                continue;
            }
            let Event { node, reason } = self.events[event];
            nodes.insert(node);
            match reason {
                Reason::Read => {}
                Reason::Edge { index, next } => {
                    nodes.insert(self.relation.edges[index].via);
                    events.push(next);
                }
                Reason::Rule { read, reached, next } => {
                    nodes.insert(read);
                    events.extend([reached, next]);
                }
            }
        }
    }
}

/// The node whose value a read of the view returned.
fn seen(effective: &Effective, relation: &Relation, read: usize) -> usize {
    match effective.all[read].reads {
        Some(Saw::Write(write)) => write,
        _ => relation.initial + effective.all[read].object,
    }
}

impl Relation {
    /// The operations among these nodes, and those that others stand for, by their places among the
    /// accesses.
    pub(super) fn operations(
        &self,
        effective: &Effective,
        nodes: impl IntoIterator<Item = usize>,
    ) -> Vec<usize> {
        let count = effective.all.len();
        let known = nodes.into_iter().filter(|&node| node < self.initial);
        let mut found: Vec<usize> = known
            .map(|node| if node < count { node } else { node - count })
            .map(|node| effective.all[node].access)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
