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

mod flags;
mod index;
mod keyframes;
mod score;
mod tallies;

pub use index::{Ended, Index, Life, Operation, is_fault};
pub use score::{Answering, Score, Verdict};
pub use tallies::Tally;

use keyframes::Keyframes;
use simlab_core::{Dissection, Fields, Inspection, Kind, NodeId, Seq, Time, TraceEvent};
use simlab_scenarios::run::{Convergence, Setup, build};
use simlab_scenarios::tracefile::Reader;
use simlab_scenarios::{Catalogue, Diagnostics, Fault, Scenario, Words};
use simlab_sim::{Names, Script, Trace, World, guard};
use std::path::Path;
use std::rc::Rc;

/// A variant under one seed, as far as it was run.
#[derive(Debug)]
pub struct Film<'c> {
    scenario: Rc<Scenario>,
    catalogue: &'c Catalogue,
    variant: usize,
    seed: u64,
    faults: Vec<Fault>,
    source: Source,
    index: Index,
    over: bool,
    /// What the run came to, once it is over.
    verdict: Option<Verdict>,
}

/// Where the events come from.
#[derive(Debug)]
enum Source {
    /// The run is made here.
    Run(Box<Running>),
    /// They were written down; there is no world.
    Paper(Box<Paper>),
}

/// Events that were written down.
#[derive(Debug)]
struct Paper {
    trace: Trace,
    names: Names,
}

/// A run while it is made, and whatever it takes to come back to any place of it.
#[derive(Debug)]
struct Running {
    world: World,
    healed: Time,
    convergence: Convergence,
    keyframes: Keyframes,
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
        let plan = setup.plan();
        let (faults, healed) = (plan.faults().cloned().collect(), plan.healed());
        let convergence = Convergence::new(&setup, healed);
        let keyframes = Keyframes::new(&world);
        let index = Index::new(scenario.nodes.len());
        let source = Box::new(Running { world, healed, convergence, keyframes, wound: None });
        Ok(Film {
            scenario,
            catalogue,
            variant,
            seed,
            faults,
            source: Source::Run(source),
            index,
            over: false,
            verdict: None,
        })
    }

    /// The events of a trace file, for when this build makes another run of it: what the nodes looked like
    /// nobody can tell.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or is of a scenario that this build refuses.
    pub fn on_paper(path: &Path, catalogue: &'c Catalogue) -> Result<Self, Diagnostics> {
        let mut reader = Reader::open(path)?;
        let (scenario, variant) = reader.header().load(catalogue)?;
        let (scenario, seed) = (Rc::new(scenario), reader.header().seed);
        let setup = Setup { scenario: &scenario, catalogue, variant, seed, recording: true };
        let faults = setup.faults();
        let mut index = Index::new(scenario.nodes.len());
        let mut trace = Trace::default();
        while reader.advance()? {
            let Some(event) = reader.event() else { break };
            trace.add(&event);
            index.add_written(&event, &setup);
        }
        index.finish();
        let names = reader.names().clone();
        let source = Source::Paper(Box::new(Paper { trace, names }));
        let verdict = None;
        Ok(Film { scenario, catalogue, variant, seed, faults, source, index, over: true, verdict })
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
        let Source::Run(run) = &mut self.source else { return };
        let until = self.scenario.until;
        let written = run.world.records();
        if !run.world.step_until(until) {
            run.world.run_until(until);
            self.over = true;
            self.index.finish();
            self.verdict = Some(Verdict::of(self));
            return;
        }
        if run.convergence.watches() && run.world.now() > run.healed {
            run.convergence.look(&run.world);
        }
        let setup = Setup {
            scenario: &self.scenario,
            catalogue: self.catalogue,
            variant: self.variant,
            seed: self.seed,
            recording: true,
        };
        self.index.add(&run.world, written, &setup);
        run.keyframes.offer(&run.world);
    }

    /// Whether the run was made to its end.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// How many records there are so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        match &self.source {
            Source::Run(run) => run.world.records(),
            Source::Paper(paper) => paper.trace.len(),
        }
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

    /// The world at the end of what was run; `None` if there is none.
    #[must_use]
    pub fn last(&self) -> Option<&World> {
        match &self.source {
            Source::Run(run) => Some(&run.world),
            Source::Paper(_) => None,
        }
    }

    /// What the run came to; `None` while it is made, and of one on paper.
    #[must_use]
    pub const fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref()
    }

    /// How it went up to this record.
    #[must_use]
    pub fn score(&self, number: u64) -> Score {
        Score::at(self, number)
    }

    /// The records at which something was found that ought not to be, or at which a promise broke.
    #[must_use]
    pub fn violations(&self) -> &[u64] {
        self.verdict.as_ref().map_or(self.index.violations(), Verdict::violations)
    }

    /// The trace.
    ///
    /// # Panics
    /// Never: a film records.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        match &self.source {
            Source::Run(run) => run.world.trace().expect("a film records"),
            Source::Paper(paper) => &paper.trace,
        }
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
        match &self.source {
            Source::Run(run) => run.world.names(),
            Source::Paper(paper) => &paper.names,
        }
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

    /// What a node's service says of a state of it.
    #[must_use]
    pub fn explain(&self, node: NodeId, state: &Fields) -> Inspection {
        let setup = self.setup();
        let Some(inspect) = setup.service(node).and_then(|service| service.inspector) else {
            return Inspection::default();
        };
        guard(|| inspect(state)).unwrap_or_else(|caught| {
            let line = format!("its inspector panicked: {caught}");
            Inspection { headline: None, lines: vec![line] }
        })
    }

    /// The events of a trace file of the same run.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or is of a scenario that this build refuses.
    pub fn again_on_paper(&self, path: &Path) -> Result<Self, Diagnostics> {
        Film::on_paper(path, self.catalogue)
    }

    /// The world as the step left it to which this record belongs; `None` if there is none.
    pub fn world_at(&mut self, number: u64) -> Option<&World> {
        Some(&self.wind(number)?.world)
    }

    /// What a node shows after the step of this record, and what it showed before that if the step
    /// touched it.
    pub fn shown(&mut self, number: u64, node: NodeId) -> (Option<Fields>, Option<Fields>) {
        let Some(wound) = self.wind(number) else { return (None, None) };
        let after = wound.world.inspect(node);
        let before = wound.before.iter().find(|(touched, _)| *touched == node);
        let before = before.map_or_else(|| after.clone(), |(_, before)| before.clone());
        (after, before)
    }

    fn wind(&mut self, number: u64) -> Option<&Wound> {
        let number = number.clamp(1, self.len().max(1));
        let (step, until) = (self.index.step(number), self.scenario.until);
        match &mut self.source {
            Source::Run(run) => Some(run.wind(step, until)),
            Source::Paper(_) => None,
        }
    }
}

impl Running {
    /// The world after the step that begins with record `step`.
    fn wind(&mut self, step: u64, until: Time) -> &Wound {
        let wound = match self.wound.take() {
            Some(wound) if wound.step == step => wound,
            last => self.wind_on(last, step, until),
        };
        self.wound.insert(wound)
    }

    fn wind_on(&mut self, last: Option<Wound>, step: u64, until: Time) -> Wound {
        // The one that was looked at last may be nearer than a keyframe.
        let nearest = self.keyframes.nearest(step);
        let near = |wound: &Wound| (nearest..step).contains(&wound.world.records());
        let mut world = match last.filter(near) {
            Some(wound) => wound.world,
            None => self.keyframes.before(step),
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
