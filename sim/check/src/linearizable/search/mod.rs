//! The search for one object: is there an order of its operations, compatible with real time, in
//! which each returns what it returned?
//!
//! This is the search of Wing and Gong ("Testing and verifying concurrent objects", 1993) with the
//! memoisation of Lowe ("Testing for linearizability", 2017, §4), in the *just-in-time* form of
//! Lowe's §5: operations take effect as late as they can, that is when one of them returns.
//!
//! ```text
//!   invoke   the operation enters the window; nothing is decided
//!   return   from every configuration, let open operations take effect in every order until the one
//!            that returns has done so; keep the configurations in which its result is the real one
//! ```
//!
//! If none is left, this return ends the shortest prefix that is not linearizable, since what comes
//! later played no part. Only open operations are in a configuration, so that the cost follows the
//! concurrency and not the length of the history.
//!
//! Five things keep the configurations few. Operations that change nothing are not ordered at all
//! (see [`Config`]). An operation with an unknown outcome leaves the window for a count of pending
//! operations with the same call, all of which are interchangeable from then on; an unknown read is
//! forgotten. A configuration that another one covers is dropped. Of operations with the same call that
//! will return the same, the one that returns first takes effect first: had it been another, the two could
//! change places. And if it is certain what an operation returns, nothing else is followed up (see
//! [`Foreseen`]).
//!
//! A configuration is a few words: a bit for each operation of the window and what it returns, and
//! the number of a state; what an operation does in a state is found out once.

mod bits;
mod config;
mod meter;
mod pending;
mod states;
mod trail;
mod window;

use super::bound::Bound;
use super::foreseen::Foreseen;
use crate::Specification;
use bits::Bits;
use config::{Config, Frontier};
use meter::Meter;
use pending::{ENDLESS, Pending};
use simlab_core::{Call, OpId, Outcome, Value};
use states::States;
use std::collections::BTreeSet;
use trail::Trail;
use window::{Effect, Fact, Window};

/// So many states for each configuration, and some, before those are forgotten that none is in.
const STATES_KEPT: (usize, usize) = (4, 4_096);

/// To find so many operations that can do nothing takes about as long as to make one configuration.
const LOOKS: u64 = 64;

/// What became of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Some order is still possible.
    Fine,
    /// No order is possible any more.
    Broken,
    /// The bound was hit: nothing is known from here on.
    Exhausted,
}

/// The search for one object.
#[derive(Clone, Debug)]
pub(super) struct Search<S: Specification> {
    spec: S,
    meter: Meter,
    states: States<S::State>,
    window: Window,
    pending: Vec<Pending>,
    configs: Vec<Config>,
    /// So many configurations are kept after a return; with fewer than there are, nothing can be said of what
    /// seems impossible.
    width: usize,
    narrowed: bool,
    trail: Trail,
    /// Room for a list that is made for each configuration.
    movers: Vec<usize>,
}

/// What changed the state on the way to the next configuration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mover {
    Open(OpId, Fact),
    Pending,
}

impl<S: Specification> Search<S> {
    pub(super) fn new(spec: S, bound: Bound) -> Self {
        let mut states = States::new();
        let configs = vec![Config::new(states.number(&spec, spec.initial()))];
        let (window, pending, trail) = (Window::new(), Vec::new(), Trail::default());
        let (width, narrowed, movers) = (usize::MAX, false, Vec::new());
        Search {
            spec,
            meter: Meter::new(bound),
            states,
            window,
            pending,
            configs,
            width,
            narrowed,
            trail,
            movers,
        }
    }

    /// Remembers how configurations are reached.
    pub(super) const fn keep_trail(&mut self) {
        self.trail.keep();
    }

    /// An order of all that took effect, if the trail was kept from the beginning and one is possible.
    pub(super) fn order(&self) -> Option<Vec<OpId>> {
        self.configs.first().map(|config| self.trail.order(config.mile))
    }

    /// From now on follows up no more than `width` configurations at a time: what is found possible so is, and
    /// the rest is [`Step::Exhausted`].
    pub(super) const fn narrow(&mut self, width: usize) {
        self.width = width;
    }

    /// An operation that may take effect at any time from now on, and return anything; if it is `endless`,
    /// then any number of times.
    pub(super) fn free(&mut self, op: OpId, call: &Call, endless: bool) -> Step {
        if self.invoke(op, call, &Foreseen::Nothing) == Step::Exhausted {
            return Step::Exhausted;
        }
        let step = self.complete(op, &Outcome::Unknown(String::new()));
        // Of other objects there are more and more states.
        let endless = endless && self.spec.register().is_some() && !matches!(call, Call::Append(_));
        if endless && let Some(pending) = self.pending.iter_mut().find(|p| p.call == *call) {
            pending.members = ENDLESS;
        }
        step
    }

    pub(super) const fn spec(&self) -> &S {
        &self.spec
    }

    pub(super) const fn work(&self) -> u64 {
        self.meter.work()
    }

    /// An operation enters the window. What is foreseen of it spares work and does not change the answers.
    pub(super) fn invoke(&mut self, op: OpId, call: &Call, foreseen: &Foreseen) -> Step {
        if *foreseen == Foreseen::NotDone {
            return Step::Fine;
        }
        let Search { spec, meter, states, window, configs, trail, .. } = self;
        let index = window.enter(op, call, foreseen);
        let (mut looks, mut held) = (0, 0);
        for config in configs {
            look(window, index, config, spec, states, trail);
            looks += 1;
            // What one returns of which nothing is foreseen is a fact of its own for each state.
            held += config.weight();
            if held > config::HELD_MAX {
                return Step::Exhausted;
            }
            if looks % LOOKS == 0 {
                meter.spend(1);
                meter.take_time(LOOKS * states.heaviness());
                if meter.is_over() || trail.too_much() {
                    return Step::Exhausted;
                }
            }
        }
        Step::Fine
    }

    /// An operation of the window ends. One that is not in it does not concern this search.
    pub(super) fn complete(&mut self, op: OpId, outcome: &Outcome) -> Step {
        let Some(index) = self.window.find(op) else { return Step::Fine };
        match outcome {
            Outcome::Done(result) => self.done(index, result),
            Outcome::NotDone(_) => self.not_done(index),
            Outcome::Unknown(_) => self.unknown(index),
        }
    }

    /// The configurations, now that it is known what an operation returns, and the fact that it does.
    fn settle(&mut self, index: usize, result: &Value) -> (Vec<Config>, Fact) {
        let mut configs = std::mem::take(&mut self.configs);
        if let Some((_, wanted)) = &self.window.get(index).wanted {
            return (configs, *wanted);
        }
        let (fitting, wanted) = self.window.want(&self.spec, index, result);
        let facts = &self.window.get(index).facts;
        for Config { changed, saw, .. } in &mut configs {
            for (has, others_matter) in [(changed, true), (saw, false)] {
                let fits = has.meets(&fitting);
                if fits || !others_matter {
                    has.remove(facts);
                }
                if fits {
                    has.put(wanted);
                }
            }
        }
        (configs, wanted)
    }

    fn done(&mut self, index: usize, result: &Value) -> Step {
        let changes = self.spec.changes(&self.window.get(index).call, result);
        let (configs, wanted) = self.settle(index, result);
        let op = self.window.get(index).op;
        let facts = self.window.get(index).facts.clone();
        let mut meter = self.meter.clone();
        let Some(mut reached) = Frontier::of(configs, &mut meter) else {
            return self.exhausted(meter);
        };
        let mut kept = Frontier::new();
        // Configurations in which the operation could have returned before anything else happened:
        // whatever follows may as well follow later.
        let mut settled = BTreeSet::new();
        let mut at = 0;
        while at < reached.len() {
            if kept.len() >= self.width || kept.len() > 0 && at >= self.width {
                self.narrowed = true;
                break;
            }
            let Some(config) = reached.get(at).cloned() else {
                at += 1;
                continue;
            };
            let mut is_settled = settled.contains(&at);
            at += 1;
            if config.changed.meets(&facts) {
                if config.changed.has(wanted) {
                    kept.insert(config.without(&facts), &mut meter);
                }
                continue;
            }
            if !is_settled && config.saw.has(wanted) {
                let mut took = config.clone().without(&facts);
                took.mile = self.trail.go(took.mile, trail::Step::Took(op));
                kept.insert(took, &mut meter);
                is_settled = true;
            }
            if is_settled && !changes {
                continue;
            }
            let (looks, heaviness) = (self.looks(), self.states.heaviness());
            meter.spend(looks / LOOKS);
            meter.take_time(looks * heaviness);
            self.successors(&config, |mover, next| {
                match mover {
                    Mover::Open(mover, fact) if mover == op => {
                        if fact == wanted {
                            kept.insert(next.without(&facts), &mut meter);
                        }
                    }
                    _ => {
                        let before = reached.len();
                        reached.insert(next, &mut meter);
                        if is_settled && reached.len() > before {
                            settled.insert(before);
                        }
                    }
                }
                !meter.is_over()
            });
            if meter.is_over() || reached.too_much(&kept) || self.too_much() {
                return self.exhausted(meter);
            }
        }
        self.meter = meter;
        self.window.leave(index);
        self.keep(kept)
    }

    /// The bound was hit.
    fn exhausted(&mut self, meter: Meter) -> Step {
        self.meter = meter;
        Step::Exhausted
    }

    /// Whether it takes more memory than it may, beside the configurations.
    const fn too_much(&self) -> bool {
        self.states.too_much() || self.trail.too_much()
    }

    /// So many operations are looked at for each configuration.
    const fn looks(&self) -> u64 {
        (self.window.len() + self.pending.len()) as u64
    }

    /// The operation never happened: orders in which it did are out.
    fn not_done(&mut self, index: usize) -> Step {
        let facts = self.window.leave(index).facts;
        let configs = self.configs.drain(..).filter(|config| !config.changed.meets(&facts));
        let kept = Frontier::of(configs.map(|config| config.without(&facts)), &mut self.meter);
        kept.map_or(Step::Exhausted, |kept| self.keep(kept))
    }

    /// The operation may take effect at any later time, and its result will never be known.
    fn unknown(&mut self, index: usize) -> Step {
        let open = self.window.leave(index);
        let kind = open.call.writes().then(|| {
            let known = self.pending.iter().position(|pending| pending.call == open.call);
            known.unwrap_or_else(|| {
                self.pending.push(Pending::new(open.call.clone()));
                self.pending.len() - 1
            })
        });
        if let Some(kind) = kind {
            self.pending[kind].join(open.op);
        }
        let configs = self.configs.drain(..).map(|mut config| {
            if let Some(kind) = kind.filter(|_| config.changed.meets(&open.facts)) {
                config.spend(kind as u32);
            }
            config.without(&open.facts)
        });
        let kept = Frontier::of(configs, &mut self.meter);
        kept.map_or(Step::Exhausted, |kept| self.keep(kept))
    }

    fn keep(&mut self, kept: Frontier) -> Step {
        self.configs = kept.into_configs();
        let (times, some) = STATES_KEPT;
        let (all, live) = (self.states.len(), self.configs.len());
        if all > times * live + some || self.states.is_heavy() && all > 2 * live {
            let live = self.configs.iter_mut().map(|config| &mut config.state);
            self.states.keep(&self.spec, live);
            self.window.forget();
            self.pending.iter_mut().for_each(|pending| pending.forget());
        }
        if self.configs.is_empty() {
            if self.narrowed { Step::Exhausted } else { Step::Broken }
        } else if self.meter.is_over() {
            Step::Exhausted
        } else {
            Step::Fine
        }
    }

    /// Lets each operation that can change the state take effect, alone, as long as `found` wants more.
    fn successors(&mut self, config: &Config, mut found: impl FnMut(Mover, Config) -> bool) {
        let movers = self.movers(config);
        for &index in &movers {
            let Search { spec, states, window, .. } = self;
            if let Effect::Moves(fact) = window.effect(index, config.state, spec, states) {
                let to = window.leads(index, config.state, spec, states);
                let op = window.get(index).op;
                let mut next = config.moved(to);
                next.mile = self.trail.go(next.mile, trail::Step::Effect(op));
                next.changed.put(fact);
                self.look_around(&mut next);
                if !found(Mover::Open(op, fact), next) {
                    break;
                }
            }
        }
        self.movers = movers;
        let many = self.pending.len();
        for kind in 0..many {
            let Search { spec, states, pending, trail, .. } = self;
            let (pending, used) = (&mut pending[kind], config.used(kind as u32));
            if used >= pending.members {
                continue;
            }
            let to = pending.leads(config.state, spec, states, many);
            if to == config.state {
                continue;
            }
            let mut next = config.moved(to);
            if let Some(op) = pending.ops.get(used as usize) {
                next.mile = trail.go(next.mile, trail::Step::Effect(*op));
            }
            if pending.members != ENDLESS {
                next.spend(kind as u32);
            }
            self.look_around(&mut next);
            if !found(Mover::Pending, next) {
                break;
            }
        }
    }

    /// The places of the open operations that may be the next to change the state: of those of a class,
    /// which are as good as each other, one that has seen what it wants and one that has not, each the first to
    /// return; and of those that would return something else the last, since it can do so the longest.
    fn movers(&mut self, config: &Config) -> Vec<usize> {
        let Search { spec, states, window, .. } = self;
        let mut movers = std::mem::take(&mut self.movers);
        movers.clear();
        let mut chosen = [None; 3];
        let mut class = None;
        for turn in 0..window.len() {
            let index = window.by_class(turn);
            if class.replace(window.get(index).class) != Some(window.get(index).class) {
                movers.extend(std::mem::take(&mut chosen).into_iter().flatten());
            }
            let [seen, unseen, other] = &mut chosen;
            if config.changed.meets(&window.get(index).facts) {
                continue;
            }
            let effect = window.effect(index, config.state, spec, states);
            let Effect::Moves(fact) = effect else { continue };
            let open = window.get(index);
            if open.wanted.is_some() && !open.wants(fact) {
                *other = Some(index);
            } else {
                let first = if config.saw.has(fact) { seen } else { unseen };
                *first = first.or(Some(index));
            }
        }
        movers.extend(chosen.into_iter().flatten());
        movers
    }

    /// Notes what the open operations could return in the state of `config`, if they change nothing there.
    fn look_around(&mut self, config: &mut Config) {
        let Search { spec, states, window, trail, .. } = self;
        if trail.is_kept() {
            for index in 0..window.len() {
                look(window, index, config, spec, states, trail);
            }
        } else {
            config.saw.add(&window.looks(config.state, spec, states));
        }
        // What has changed the state need not have seen anything.
        for open in window.iter() {
            if config.changed.meets(&open.facts) {
                config.saw.remove(&open.facts);
            }
        }
    }

    /// All that an open operation, of which nothing was foreseen, could return now; `None` if the bound was
    /// hit first.
    pub(super) fn possible(&mut self, op: OpId) -> Option<BTreeSet<Value>> {
        let index = self.window.find(op)?;
        let mut meter = self.meter.clone();
        let mut reached = Frontier::of(self.configs.iter().cloned(), &mut meter)?;
        let mut facts = Bits::new();
        let mut at = 0;
        while at < reached.len() {
            let config = reached.get(at).cloned();
            at += 1;
            let Some(config) = config else { continue };
            facts.add(&config.changed);
            if !config.changed.meets(&self.window.get(index).facts) {
                facts.add(&config.saw);
                meter.spend(self.looks() / LOOKS);
                self.successors(&config, |_, next| {
                    reached.insert(next, &mut meter);
                    !meter.is_over()
                });
            }
            if meter.is_over() || reached.too_much(&Frontier::new()) || self.too_much() {
                return None;
            }
        }
        let known = self.window.results(index).iter();
        Some(known.filter(|(_, fact)| facts.has(**fact)).map(|(value, _)| value.clone()).collect())
    }
}

/// Notes what an open operation could return in the state of `config`, if it changes nothing there.
fn look<S: Specification>(
    window: &mut Window,
    index: usize,
    config: &mut Config,
    spec: &S,
    states: &States<S::State>,
    trail: &mut Trail,
) {
    if config.changed.meets(&window.get(index).facts) {
        return;
    }
    if let Effect::Looks(fact) = window.effect(index, config.state, spec, states)
        && !config.saw.has(fact)
    {
        config.saw.put(fact);
        let open = window.get(index);
        if open.wanted.is_none() || open.wants(fact) {
            config.mile = trail.go(config.mile, trail::Step::Chance(open.op));
        }
    }
}
