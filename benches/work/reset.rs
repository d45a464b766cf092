//! W3 taken apart: what it costs to set back a timer, and what to send a datagram.
//!
//! 1,000 nodes, and each has its turn every 20 ms, all at the same time: it sets back its election
//! timer ten times, or it sends ten heart-beats to its neighbour. No datagram takes longer than 10
//! ms, so during a turn nothing arrives, and a send can be measured alone.
//!
//! The sends are cheap ones, so that a reset is compared with the least that a send costs: a link is
//! quickest to find if it was the last one used, and ten from each node fit the cache while they are
//! under way (of a hundred from each, a send takes four times as long).

use super::simlab;
use super::w3_patience;
use simlab_core::{Duration, Env, Event, NodeId, Process, Time};
use simlab_sim::{NodeSpec, World};

/// How many nodes there are.
const NODES: u32 = 1_000;
/// What a node does at each of its turns, it does so many times.
const AT_ONCE: u64 = 10;
/// How many turns each has.
pub const TURNS: u64 = 100;
/// The time between two turns.
const PERIOD: u64 = 20_000_000;

/// How many resets or sends there are in so many turns.
#[must_use]
pub const fn resets(turns: u64) -> u64 {
    NODES as u64 * AT_ONCE * turns
}

/// What a node does when it has its turn.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum Does {
    /// Sets back one timer.
    Reset,
    /// Sends to its neighbour.
    Send,
}

#[derive(Clone, Hash)]
struct Busy {
    does: Does,
    turns: u64,
    turn: u64,
}

impl Process for Busy {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => env.set_timer(0, Duration(PERIOD)),
            Event::Timer { key: 0, .. } => {
                let me = env.me().0;
                match self.does {
                    Does::Reset => {
                        (0..AT_ONCE).for_each(|_| env.set_timer(1, Duration(w3_patience(me))));
                    }
                    Does::Send => {
                        let to = NodeId((me + 1) % NODES);
                        (0..AT_ONCE).for_each(|_| env.send(to, &self.turn));
                    }
                }
                self.turn += 1;
                if self.turn < self.turns {
                    env.set_timer(0, Duration(PERIOD));
                }
            }
            _ => {}
        }
    }
}

/// A thousand such nodes with so many turns, ready to run.
#[must_use]
pub fn world(does: Does, turns: u64, recording: bool) -> World {
    let mut world = simlab::world(recording);
    for _ in 0..NODES {
        world.add_node(NodeSpec::new("busy", Box::new(Busy { does, turns, turn: 0 })));
    }
    world
}

/// Runs a world to its end, and checks that all was done. `part` runs each turn, to the end of the
/// time that it is given.
pub fn by_turns(
    world: &mut World,
    does: Does,
    turns: u64,
    mut part: impl FnMut(&mut World, Time),
) -> u64 {
    for n in 1..=turns {
        let at = n * PERIOD;
        world.run_until(Time(at - 1));
        part(world, Time(at));
    }
    run(world, does, turns)
}

/// Runs a world to its end, and checks that all was done; returns how many resets or sends that is.
pub fn run(world: &mut World, does: Does, turns: u64) -> u64 {
    let delivered = simlab::run(world);
    match does {
        Does::Reset => {
            let fired = u64::from(NODES) * (turns + 1);
            assert_eq!(
                world.stats().timers_fired,
                fired,
                "an election timer fires once, at the end"
            );
        }
        Does::Send => assert_eq!(delivered, resets(turns)),
    }
    resets(turns)
}
