//! simcore: components with callbacks. A datagram is an event that is emitted with a delay, drawn
//! from the simulation's own generator.

use crate::work::{DELAY_MAX, DELAY_MIN, W2_PERIOD, w2_begin};
use crate::{Ready, Work};
use serde::Serialize;
use simcore::{Event, EventHandler, Id, Simulation, SimulationContext, cast};
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

const SEED: u64 = 7;

/// simcore tells time in seconds.
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// The delay of a datagram.
fn delay(context: &SimulationContext) -> f64 {
    context.gen_range(seconds(DELAY_MIN)..seconds(DELAY_MAX))
}

/// A message of 64 bytes; the first word counts.
#[derive(Clone, Serialize)]
struct Ping {
    body: [u64; 8],
}

/// W1: sends back what it gets, counted.
struct Ponger {
    context: SimulationContext,
    last: u64,
    received: u64,
}

impl EventHandler for Ponger {
    fn on(&mut self, event: Event) {
        let from = event.src;
        cast!(match event.data {
            Ping { mut body } => {
                self.received += 1;
                if body[0] < self.last {
                    body[0] += 1;
                    self.context.emit(Ping { body }, from, delay(&self.context));
                }
            }
        });
    }
}

/// A message of W2: the round, and when it was sent.
#[derive(Clone, Serialize)]
struct Round {
    round: u64,
    sent: f64,
}

/// W2: a node's turn to send has come.
#[derive(Clone, Serialize)]
struct Tick {}

/// W2: sends to all others, now and then.
struct Broadcaster {
    context: SimulationContext,
    nodes: u32,
    rounds: u64,
    round: u64,
    received: u64,
    sum: u64,
    last: Id,
}

impl EventHandler for Broadcaster {
    fn on(&mut self, event: Event) {
        let (from, now) = (event.src, event.time);
        // The frequent one first: the types are tried in turn.
        cast!(match event.data {
            Round { round, sent } => {
                self.received += 1;
                self.sum = self.sum.wrapping_add(round ^ (now - sent).to_bits());
                self.last = from;
            }
            Tick {} => {
                let me = self.context.id();
                for to in (0..self.nodes).filter(|&to| to != me) {
                    let message = Round { round: self.round, sent: now };
                    self.context.emit(message, to, delay(&self.context));
                }
                self.round += 1;
                if self.round < self.rounds {
                    self.context.emit_self(Tick {}, seconds(W2_PERIOD));
                }
            }
        });
    }
}

/// Makes a simulation.
pub fn prepare(work: Work) -> Ready {
    let mut simulation = Simulation::new(SEED);
    match work {
        Work::PingPong { deliveries } => {
            let pongers = ["left", "right"].map(|name| {
                let context = simulation.create_context(name);
                let ponger = Ponger { context, last: deliveries, received: 0 };
                let ponger = Rc::new(RefCell::new(ponger));
                simulation.add_handler(name, ponger.clone());
                ponger
            });
            Box::new(move || {
                {
                    let first = pongers[0].borrow();
                    let to = pongers[1].borrow().context.id();
                    let body = [1, 7, 7, 7, 7, 7, 7, 7];
                    first.context.emit(Ping { body }, to, delay(&first.context));
                }
                simulation.step_until_no_events();
                pongers.iter().map(|ponger| ponger.borrow().received).sum()
            })
        }
        Work::Broadcast { nodes, rounds } => {
            let nodes: Vec<_> = (0..nodes)
                .map(|node| {
                    let name = format!("node {node}");
                    let context = simulation.create_context(&name);
                    // The numbers of the nodes are those of the components.
                    assert_eq!(context.id(), node);
                    context.emit_self(Tick {}, seconds(w2_begin(node, nodes)));
                    let (round, received, sum, last) = (0, 0, 0, 0);
                    let node = Broadcaster { context, nodes, rounds, round, received, sum, last };
                    let node = Rc::new(RefCell::new(node));
                    simulation.add_handler(name, node.clone());
                    node
                })
                .collect();
            Box::new(move || {
                simulation.step_until_no_events();
                let nodes = nodes.iter().map(|node| node.borrow());
                nodes.map(|node| black_box((node.received, node.sum, node.last)).0).sum()
            })
        }
    }
}
