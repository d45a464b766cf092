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
//! Three things keep the configurations few. Operations that change nothing are not ordered at all
//! (see [`Config`]). An operation with an unknown outcome leaves the window for a count of pending
//! operations with the same call, all of which are interchangeable from then on; an unknown read is
//! forgotten. A configuration that another one covers is dropped.

use super::bound::Bound;
use super::config::{Config, Frontier, ResultId, Token};
use super::trail::{self, Trail};
use crate::Specification;
use simlab_core::{Call, OpId, Outcome, Value};
use std::collections::{BTreeMap, BTreeSet};

/// An operation of the window.
#[derive(Clone, Debug)]
struct Open {
    op: OpId,
    token: Token,
    call: Call,
    /// The results that the search met, by their numbers.
    results: BTreeMap<Value, ResultId>,
    /// The result that it will return or returns now, if that is known.
    wanted: Option<(Value, ResultId)>,
}

impl Open {
    fn intern(&mut self, value: &Value) -> ResultId {
        if let Some(&known) = self.results.get(value) {
            return known;
        }
        let fresh = self.results.len() as ResultId;
        self.results.insert(value.clone(), fresh);
        fresh
    }

    /// The number of a result, if it matters that the operation could return it.
    fn notable<S: Specification>(&mut self, spec: &S, value: &Value) -> Option<ResultId> {
        match &self.wanted {
            None => Some(self.intern(value)),
            Some((told, id)) => spec.fits(&self.call, value, told).then_some(*id),
        }
    }

    /// The operation has returned, or it is known what it will return. Returns the numbers of the results
    /// that it met so far and that fit, and from now on the number of those that fit.
    fn want<S: Specification>(&mut self, spec: &S, told: &Value) -> (Vec<ResultId>, ResultId) {
        let fitting = self.results.iter().filter(|(value, _)| spec.fits(&self.call, value, told));
        let fitting = fitting.map(|(_, id)| *id).collect();
        let id = self.intern(told);
        self.wanted = Some((told.clone(), id));
        (fitting, id)
    }
}

/// Pending operations with the same call.
#[derive(Clone, Debug)]
struct Pending {
    call: Call,
    /// How many there are; [`ENDLESS`] if they are not counted.
    members: u32,
    ops: Vec<OpId>,
}

/// So often it is asked whether to give up.
const ASKED_EVERY: usize = 1_024;

/// More configurations than these are not kept in memory at a time: they take some gigabytes.
const LIVE_MAX: usize = 2_000_000;

/// So many pending operations never run out.
const ENDLESS: u32 = u32::MAX;

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
    bound: Bound,
    work: u64,
    window: Vec<Open>,
    pending: Vec<Pending>,
    configs: Vec<Config<S::State>>,
    next: Token,
    /// So many configurations are kept after a return; with fewer than there are, nothing can be said of what
    /// seems impossible.
    width: usize,
    narrowed: bool,
    trail: Trail,
}

/// Whose turn it was on the way to the next configuration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mover {
    Open(Token, ResultId),
    Pending,
}

impl<S: Specification> Search<S> {
    pub(super) fn new(spec: S, bound: Bound) -> Self {
        let configs = vec![Config::new(spec.initial())];
        let (window, pending) = (Vec::new(), Vec::new());
        let (width, narrowed) = (usize::MAX, false);
        Search {
            spec,
            bound,
            work: 0,
            window,
            pending,
            configs,
            next: 0,
            width,
            narrowed,
            trail: Trail::default(),
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
        self.invoke(op, call, None);
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
        self.work
    }

    /// An operation enters the window. If it is known what it will return, this spares work; the
    /// answers stay the same, since until it returns it must not constrain anything.
    pub(super) fn invoke(&mut self, op: OpId, call: &Call, wanted: Option<&Value>) {
        let token = self.next;
        self.next += 1;
        let (call, results) = (call.clone(), BTreeMap::new());
        let mut open = Open { op, token, call, results, wanted: None };
        if let Some(told) = wanted {
            open.want(&self.spec, told);
        }
        for config in &mut self.configs {
            look(&self.spec, &mut open, config, &mut self.trail);
        }
        self.window.push(open);
    }

    /// An operation of the window ends. One that is not in it does not concern this search.
    pub(super) fn complete(&mut self, op: OpId, outcome: &Outcome) -> Step {
        let Some(index) = self.window.iter().position(|open| open.op == op) else {
            return Step::Fine;
        };
        match outcome {
            Outcome::Done(result) => self.done(index, result),
            Outcome::NotDone(_) => self.not_done(index),
            Outcome::Unknown(_) => self.unknown(index),
        }
    }

    fn done(&mut self, index: usize, result: &Value) -> Step {
        let token = self.window[index].token;
        let (fitting, wanted) = self.window[index].want(&self.spec, result);
        let changes = self.spec.changes(&self.window[index].call, result);
        let mut reached = Frontier::of(self.configs.drain(..).map(|mut config| {
            config.settle(token, &fitting, wanted);
            config
        }));
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
            if let Some(result) = config.linearized(token) {
                if result == wanted {
                    kept.insert(without(config, token));
                }
                continue;
            }
            if !is_settled && config.seen(token).any(|result| result == wanted) {
                let mut took = without(config.clone(), token);
                let op = self.window[index].op;
                took.mile = self.trail.go(took.mile, trail::Step::Took(op));
                kept.insert(took);
                is_settled = true;
            }
            if is_settled && !changes {
                continue;
            }
            self.successors(&config, |mover, next| match mover {
                Mover::Open(t, result) if t == token => {
                    if result == wanted {
                        kept.insert(without(next, token));
                    }
                }
                _ => {
                    let before = reached.len();
                    reached.insert(next);
                    if is_settled && reached.len() > before {
                        settled.insert(before);
                    }
                }
            });
            let too_many = reached.len() + kept.len() > LIVE_MAX
                || at.is_multiple_of(ASKED_EVERY) && self.bound.stopped();
            if too_many || self.work + reached.work() + kept.work() > self.bound.configurations {
                return Step::Exhausted;
            }
        }
        self.work += reached.work() + kept.work();
        self.window.remove(index);
        self.keep(kept)
    }

    /// The operation never happened: orders in which it did are out.
    fn not_done(&mut self, index: usize) -> Step {
        let token = self.window.remove(index).token;
        let configs = self.configs.drain(..).filter(|config| config.linearized(token).is_none());
        let kept = Frontier::of(configs.map(|config| without(config, token)));
        self.work += kept.work();
        self.keep(kept)
    }

    /// The operation may take effect at any later time, and its result will never be known.
    fn unknown(&mut self, index: usize) -> Step {
        let open = self.window.remove(index);
        let kind = open.call.writes().then(|| {
            let known = self.pending.iter().position(|pending| pending.call == open.call);
            known.unwrap_or_else(|| {
                self.pending.push(Pending { call: open.call, members: 0, ops: Vec::new() });
                self.pending.len() - 1
            })
        });
        if let Some(kind) = kind {
            let Pending { members, ops, .. } = &mut self.pending[kind];
            *members = members.saturating_add(1);
            ops.push(open.op);
        }
        let configs = self.configs.drain(..).map(|mut config| {
            if let (Some(kind), Some(_)) = (kind, config.linearized(open.token)) {
                config.spend(kind);
            }
            without(config, open.token)
        });
        let kept = Frontier::of(configs);
        self.work += kept.work();
        self.keep(kept)
    }

    fn keep(&mut self, kept: Frontier<S::State>) -> Step {
        self.configs = kept.into_configs();
        if self.configs.is_empty() {
            if self.narrowed { Step::Exhausted } else { Step::Broken }
        } else if self.work > self.bound.configurations {
            Step::Exhausted
        } else {
            Step::Fine
        }
    }

    /// Lets each operation that can change the state take effect, alone.
    fn successors(
        &mut self,
        config: &Config<S::State>,
        mut found: impl FnMut(Mover, Config<S::State>),
    ) {
        for index in 0..self.window.len() {
            let open = &mut self.window[index];
            if config.linearized(open.token).is_some() {
                continue;
            }
            let Some((state, value)) = self.spec.apply(&config.state, &open.call) else { continue };
            if state == config.state {
                continue;
            }
            let token = open.token;
            // What does not fit stays possible until it returns.
            let fitting = open.notable(&self.spec, &value);
            let result = fitting.unwrap_or_else(|| open.intern(&value));
            let mut next = config.moved(state);
            next.mile = self.trail.go(next.mile, trail::Step::Effect(open.op));
            next.linearize(token, result);
            self.look_around(&mut next);
            found(Mover::Open(token, result), next);
        }
        for kind in 0..self.pending.len() {
            let pending = &self.pending[kind];
            if config.used(kind) >= pending.members {
                continue;
            }
            let Some((state, _)) = self.spec.apply(&config.state, &pending.call) else { continue };
            if state == config.state {
                continue;
            }
            let mut next = config.moved(state);
            if let Some(op) = pending.ops.get(config.used(kind) as usize) {
                next.mile = self.trail.go(next.mile, trail::Step::Effect(*op));
            }
            if pending.members != ENDLESS {
                next.spend(kind);
            }
            self.look_around(&mut next);
            found(Mover::Pending, next);
        }
    }

    fn look_around(&mut self, config: &mut Config<S::State>) {
        for open in &mut self.window {
            if config.linearized(open.token).is_none() {
                look(&self.spec, open, config, &mut self.trail);
            }
        }
    }

    /// All that an open operation, invoked without a known result, could return now; `None` if the bound was hit first.
    pub(super) fn possible(&mut self, op: OpId) -> Option<BTreeSet<Value>> {
        let index = self.window.iter().position(|open| open.op == op)?;
        let token = self.window[index].token;
        let mut reached = Frontier::of(self.configs.iter().cloned());
        let mut results = BTreeSet::new();
        let mut at = 0;
        while at < reached.len() {
            let config = reached.get(at).cloned();
            at += 1;
            let Some(config) = config else { continue };
            results.extend(config.linearized(token));
            if config.linearized(token).is_none() {
                results.extend(config.seen(token));
                self.successors(&config, |_, next| reached.insert(next));
            }
            if self.work + reached.work() > self.bound.configurations {
                return None;
            }
        }
        let known = self.window[index].results.iter();
        Some(known.filter(|(_, id)| results.contains(id)).map(|(value, _)| value.clone()).collect())
    }
}

/// Notes what an open operation could return in the state of `config`, if it changes nothing there.
fn look<S: Specification>(
    spec: &S,
    open: &mut Open,
    config: &mut Config<S::State>,
    trail: &mut Trail,
) {
    if let Some((state, value)) = spec.apply(&config.state, &open.call)
        && state == config.state
        && let Some(result) = open.notable(spec, &value)
    {
        let new = config.see(open.token, result);
        if new && open.wanted.as_ref().is_none_or(|(_, wanted)| *wanted == result) {
            config.mile = trail.go(config.mile, trail::Step::Chance(open.op));
        }
    }
}

fn without<T: Eq + std::hash::Hash>(mut config: Config<T>, token: Token) -> Config<T> {
    config.forget(token);
    config
}
