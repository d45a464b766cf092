//! A run that can be wound to and fro.
//!
//! ```text
//!   world ──step──▶ trace ──▶ index     what every record is, and what became of it
//!     │
//!     └─ now and then ──▶ keyframes ──wind──▶ the world as it was after any record
//! ```
//!
//! The run is made once, a slice at a time, so that the screen is never frozen meanwhile. What a
//! record says comes from the trace; what a node looked like then, from the nearest keyframe before
//! it, from which the same run is made again.

mod index;
mod keyframes;

pub use index::{Index, Life, Operation, is_fault};

use keyframes::Keyframes;
use simlab_core::{Dissection, Fields, Kind, NodeId, Seq, Time, TraceEvent};
use simlab_scenarios::run::{Convergence, Setup, build};
use simlab_scenarios::{Catalogue, Diagnostics, Fault, Scenario, Words};
use simlab_sim::{Names, Script, Trace, World};
use std::rc::Rc;

/// A variant under one seed, as far as it was run.
#[derive(Debug)]
pub struct Film<'c> {
    scenario: Rc<Scenario>,
    catalogue: &'c Catalogue,
    variant: usize,
    seed: u64,
    faults: Vec<Fault>,
    healed: Time,
    world: World,
    convergence: Convergence,
    index: Index,
    keyframes: Keyframes,
    over: bool,
    /// The world as it was when it was looked at last.
    wound: Option<Wound>,
}

/// A world at a record.
#[derive(Debug)]
struct Wound {
    /// It is as the step left it that begins with this record.
    step: u64,
    world: World,
    /// What the nodes that the step touched showed before it.
    before: Vec<(NodeId, Option<Fields>)>,
}

impl<'c> Film<'c> {
    /// The run of a variant, at its start.
    ///
    /// # Errors
    /// If a service refuses the arguments that the scenario gives it.
    pub fn new(
        scenario: Rc<Scenario>,
        catalogue: &'c Catalogue,
        variant: usize,
        seed: u64,
        script: Option<&Script>,
    ) -> Result<Self, Diagnostics> {
        let setup = Setup { scenario: &scenario, catalogue, variant, seed, recording: true };
        let mut world = build(setup)?;
        if let Some(script) = script {
            world.follow(script.clone());
        }
        let (faults, healed) = (setup.faults(), setup.healed());
        let convergence = Convergence::new(&setup);
        let keyframes = Keyframes::new(&world);
        let index = Index::new(scenario.nodes.len());
        Ok(Film {
            scenario,
            catalogue,
            variant,
            seed,
            faults,
            healed,
            world,
            convergence,
            index,
            keyframes,
            over: false,
            wound: None,
        })
    }

    /// Which run it is.
    #[must_use]
    pub fn setup(&self) -> Setup<'_> {
        let (scenario, catalogue) = (&*self.scenario, self.catalogue);
        Setup { scenario, catalogue, variant: self.variant, seed: self.seed, recording: true }
    }

    /// The story.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The name of the variant.
    #[must_use]
    pub fn variant(&self) -> &str {
        &self.scenario.variants[self.variant].name
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The faults of the run, by id.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Goes on with the run for so many steps at most. Returns whether it is over.
    pub fn load(&mut self, steps: u32) -> bool {
        for _ in 0..steps {
            if self.over {
                return true;
            }
            self.step();
        }
        self.over
    }

    fn step(&mut self) {
        let until = self.scenario.until;
        let written = self.world.records();
        if !self.world.step_until(until) {
            self.world.run_until(until);
            self.over = true;
            self.index.finish(&self.world);
            return;
        }
        if self.convergence.watches() && self.world.now() > self.healed {
            self.convergence.look(&self.world);
        }
        let setup = Setup {
            scenario: &self.scenario,
            catalogue: self.catalogue,
            variant: self.variant,
            seed: self.seed,
            recording: true,
        };
        self.index.add(&self.world, written, &setup);
        self.keyframes.offer(&self.world);
    }

    /// Whether the run was made to its end.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// How many records there are so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.world.records()
    }

    /// Whether nothing has happened yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is known of the records beside what they say.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// The world at the end of what was run.
    #[must_use]
    pub const fn last(&self) -> &World {
        &self.world
    }

    /// The trace.
    ///
    /// # Panics
    /// Never: a film records.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        self.world.trace().expect("a film records")
    }

    /// The record with this number.
    #[must_use]
    pub fn event(&self, number: u64) -> Option<TraceEvent<'_>> {
        self.trace().get(Seq(std::num::NonZeroU64::new(number)?))
    }

    /// Names and dissectors.
    #[must_use]
    pub fn words(&self) -> Words<'_> {
        Words { names: self.names(), setup: Some(self.setup()) }
    }

    /// The names of the run.
    #[must_use]
    pub fn names(&self) -> &Names {
        self.world.names()
    }

    /// The datagram that a record is about, decoded; `None` if there is none, or nobody can read it.
    #[must_use]
    pub fn dissect(&self, event: &TraceEvent<'_>) -> Option<Dissection> {
        let here = event.node?;
        let (from, to) = match event.kind {
            Kind::Sent { to, .. } => (here, to),
            Kind::Delivered { from, .. }
            | Kind::Dropped { from, .. }
            | Kind::Corrupted { from, .. } => (from, here),
            _ => return None,
        };
        self.setup().dissect(from, to, event.bytes)
    }

    /// The world as the step left it to which this record belongs.
    pub fn world_at(&mut self, number: u64) -> &World {
        &self.wind(number).world
    }

    /// What a node shows after the step of this record, and what it showed before that if the step
    /// touched it.
    pub fn shown(&mut self, number: u64, node: NodeId) -> (Option<Fields>, Option<Fields>) {
        let wound = self.wind(number);
        let after = wound.world.inspect(node);
        let before = wound.before.iter().find(|(touched, _)| *touched == node);
        let before = before.map_or_else(|| after.clone(), |(_, before)| before.clone());
        (after, before)
    }

    fn wind(&mut self, number: u64) -> &Wound {
        let number = number.clamp(1, self.len().max(1));
        let step = self.index.step(number);
        if self.wound.as_ref().is_none_or(|wound| wound.step != step) {
            let wound = self.wind_to(step);
            self.wound = Some(wound);
        }
        self.wound.as_ref().expect("it was just wound")
    }

    /// The world after the step that begins with record `step`.
    fn wind_to(&mut self, step: u64) -> Wound {
        let until = self.scenario.until;
        // The one that was looked at last may be nearer than a keyframe.
        let mut world = match self.wound.take() {
            Some(wound)
                if wound.world.records() < step
                    && wound.world.records() >= self.keyframes.nearest(step) =>
            {
                wound.world
            }
            _ => self.keyframes.before(step),
        };
        while world.records() + 1 < step && world.step_until(until) {
            self.keyframes.offer_near(&world, step);
        }
        // A step that writes nothing may come in between.
        let nodes = (0..world.node_count()).map(NodeId);
        let shown: Vec<_> = nodes.map(|node| (node, world.inspect(node))).collect();
        while world.records() < step && world.step_until(until) {}
        let touched = world.touched().to_vec();
        let before = shown.into_iter().filter(|(node, _)| touched.contains(node)).collect();
        Wound { step, world, before }
    }
}
