//! Load balancing: which of several servers is called, and which next if it fails.
//!
//! [`Servers`] knows which servers there are and which of them are ill, [`Balancer`] says how one is chosen, and
//! [`Tried`] goes with a call and its repetitions, so that none of them meets the same server again before it has met
//! all others.

pub mod ring;

use ring::Ring;
use simlab_core::{NodeId, Time};
use std::collections::{BTreeMap, BTreeSet};

/// A way to choose a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Balancer {
    /// One after the other. A slow one gets as many calls as a fast one.
    RoundRobin,
    /// The one with the fewest calls under way, as far as the caller knows; in turn where several have as few. Callers
    /// that know the same all choose the same.
    LeastOutstanding,
    /// Two at random, and of these the one with fewer calls under way: nearly as even, and callers do not flock
    /// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE Transactions on Parallel and
    /// Distributed Systems 12(10), 2001).
    PowerOfTwo,
    /// The one that the key belongs to on a [`Ring`], so that calls of the same key meet in one place.
    ConsistentHash,
}

impl Balancer {
    /// The names in scenarios, in the order of declaration.
    pub const NAMES: [&'static str; 4] =
        ["round-robin", "least-outstanding", "power-of-two", "consistent-hash"];

    /// The way of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Balancer::RoundRobin,
            Balancer::LeastOutstanding,
            Balancer::PowerOfTwo,
            Balancer::ConsistentHash,
        ];
        let index = Self::NAMES.iter().position(|known| *known == name)?;
        all.get(index).copied()
    }
}

/// The servers that one call was sent to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tried {
    servers: BTreeSet<NodeId>,
    last: Option<NodeId>,
}

impl Tried {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Tried { servers: BTreeSet::new(), last: None }
    }
}

/// What a choice may depend on.
pub struct Ask<'a> {
    /// Servers that are ill until later are not chosen.
    pub now: Time,
    /// What the call is about, for [`Balancer::ConsistentHash`]: [`Digest::of`](simlab_core::Digest::of) the key.
    pub key: u64,
    /// How many calls are under way to a server.
    pub outstanding: &'a dyn Fn(NodeId) -> usize,
    /// Draws a number below another one, which is not 0.
    pub below: &'a mut dyn FnMut(u64) -> u64,
}

impl std::fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask")
            .field("now", &self.now)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// The servers of a service, as a caller knows them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Servers {
    balancer: Balancer,
    /// How many points each has on the ring.
    points: usize,
    known: BTreeSet<NodeId>,
    /// Until when those are ill that are.
    ill: BTreeMap<NodeId, Time>,
    ring: Ring,
    /// Who was chosen last in turn.
    last: Option<NodeId>,
}

impl Servers {
    /// No servers. With [`Balancer::ConsistentHash`] each will have so many `points` on the ring, 1 to
    /// [`ring::POINTS_MAX`]; what is outside counts as the nearer of the two.
    #[must_use]
    pub const fn new(balancer: Balancer, points: usize) -> Self {
        Servers {
            balancer,
            points,
            known: BTreeSet::new(),
            ill: BTreeMap::new(),
            ring: Ring::EMPTY,
            last: None,
        }
    }

    /// These are the servers from now on. What is known of those that stay is kept.
    pub fn set(&mut self, servers: impl IntoIterator<Item = NodeId>) {
        let servers: BTreeSet<NodeId> = servers.into_iter().collect();
        if servers == self.known {
            return;
        }
        self.ill.retain(|server, _| servers.contains(server));
        if self.balancer == Balancer::ConsistentHash {
            self.ring = Ring::new(servers.iter().copied(), self.points);
        }
        self.known = servers;
    }

    /// A server is ill: it is not chosen before `until`. One that is no longer known is ignored.
    pub fn exclude(&mut self, server: NodeId, until: Time) {
        if self.known.contains(&server) {
            let end = self.ill.entry(server).or_insert(until);
            *end = until.max(*end);
        }
    }

    /// A server is well.
    pub fn restore(&mut self, server: NodeId) {
        self.ill.remove(&server);
    }

    /// Whether a server may be chosen.
    #[must_use]
    pub fn is_well(&self, server: NodeId, now: Time) -> bool {
        self.known.contains(&server) && self.ill.get(&server).is_none_or(|until| *until <= now)
    }

    /// All servers, in order.
    pub fn known(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.known.iter().copied()
    }

    /// Where to send a call; `tried` says where it was sent before, and then has this place too. When it was sent to
    /// all that are well it begins anew, with another one than the last if there is. `None` if no server is well: a
    /// call that fails at once is better than one more for servers that are down.
    pub fn choose(&mut self, tried: &mut Tried, ask: Ask<'_>) -> Option<NodeId> {
        let well = |server: &NodeId| self.is_well(*server, ask.now);
        let well: Vec<NodeId> = self.known.iter().copied().filter(well).collect();
        let mut open: Vec<NodeId> =
            well.iter().copied().filter(|server| !tried.servers.contains(server)).collect();
        if open.is_empty() {
            tried.servers.clear();
            open = well;
            if open.len() > 1 {
                open.retain(|server| tried.last != Some(*server));
            }
        }
        let chosen = match self.balancer {
            Balancer::RoundRobin => in_turn(&open, &mut self.last),
            Balancer::LeastOutstanding => {
                let least = open.iter().map(|server| (ask.outstanding)(*server)).min();
                open.retain(|server| Some((ask.outstanding)(*server)) == least);
                in_turn(&open, &mut self.last)
            }
            Balancer::PowerOfTwo => of_two(&open, ask.outstanding, ask.below),
            Balancer::ConsistentHash => {
                self.ring.successors(ask.key).find(|server| open.binary_search(server).is_ok())
            }
        }?;
        tried.servers.insert(chosen);
        tried.last = Some(chosen);
        Some(chosen)
    }
}

/// The next one after the last, in the order of ids: whoever joins or leaves, the others keep their turns.
fn in_turn(open: &[NodeId], last: &mut Option<NodeId>) -> Option<NodeId> {
    let after = open.iter().find(|server| last.is_none_or(|last| **server > last));
    let chosen = *after.or(open.first())?;
    *last = Some(chosen);
    Some(chosen)
}

fn of_two(
    open: &[NodeId],
    outstanding: &dyn Fn(NodeId) -> usize,
    below: &mut dyn FnMut(u64) -> u64,
) -> Option<NodeId> {
    if open.len() < 2 {
        return open.first().copied();
    }
    let mut draw = |bound: usize| below(bound as u64) as usize;
    let first = draw(open.len());
    let second = draw(open.len() - 1);
    let second = second + usize::from(second >= first);
    let (first, second) = (*open.get(first)?, *open.get(second)?);
    Some(if outstanding(second) < outstanding(first) { second } else { first })
}

#[cfg(test)]
mod tests;
