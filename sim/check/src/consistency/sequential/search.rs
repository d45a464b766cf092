//! Is there one order of all operations that contains the order of every session, and in which each
//! operation returns what it returned?
//!
//! The question is NP-complete (Gibbons, Korach: Testing Shared Memories, 1997, §3). This is a
//! depth-first search over *configurations*: how far each session is, and the state of each object.
//! None is visited twice. Two things keep them few.
//!
//! * An operation that only looks is taken as soon as it fits: in any order of the rest it could
//!   stand here as well. (One that could change something and happens not to may be needed later.)
//! * On registers, a value that only one operation writes is not overwritten while somebody still
//!   has to read it: it would never come back.

use super::super::meter::{Meter, Spent};
use super::machine::{FIRST, Machine, StateId};
use simlab_core::{Call, Value};
use std::collections::{BTreeMap, BTreeSet};

/// An operation of a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) object: usize,
    pub(super) call: &'a Call,
    /// What it returned; `None` if it may have taken effect or not.
    pub(super) result: Option<&'a Value>,
    /// Its place in the history.
    pub(super) index: usize,
}

/// Operations with the same call on the same object that belong to no session and may take effect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Free<'a> {
    pub(super) object: usize,
    pub(super) call: &'a Call,
    pub(super) count: u32,
}

/// What is to be put in order.
#[derive(Debug, Default)]
pub(super) struct Problem<'a> {
    /// Of each session first what must be in the order, then what may be.
    pub(super) sessions: Vec<Vec<Step<'a>>>,
    pub(super) free: Vec<Free<'a>>,
    pub(super) objects: usize,
    /// Who reads a value that is written only once, by object and value.
    pub(super) reads: BTreeMap<(usize, &'a Value), Vec<(usize, usize)>>,
}

/// How far everybody is: a place in each session, how many of each free kind took effect, and the
/// state of each object.
type Config = Box<[u32]>;
/// A configuration with the rank of the operation that led to it: those that must be first, in the
/// order of invocation.
type Ranked = ((bool, usize), Config);

/// So many bytes may configurations and states take.
const MEMORY: usize = 1 << 30;
/// What a configuration takes beside its words, in bytes: in its list or set, and with the allocator.
const IN_LISTS: usize = 64;

struct Search<'a, 'p> {
    problem: &'p Problem<'a>,
    machine: Box<dyn Machine>,
    /// How much of each session must be done.
    must: Vec<u32>,
    /// The last read of each state of an object in each session that reads it.
    last: BTreeMap<(usize, StateId), Vec<(usize, u32)>>,
    /// So many bytes it may take up.
    room: usize,
}

/// Whether there is such an order.
pub(super) fn possible(
    problem: &Problem<'_>,
    machine: Box<dyn Machine>,
    meter: &mut Meter<'_>,
) -> Result<bool, Spent> {
    possible_within(MEMORY, problem, machine, meter)
}

fn possible_within(
    room: usize,
    problem: &Problem<'_>,
    mut machine: Box<dyn Machine>,
    meter: &mut Meter<'_>,
) -> Result<bool, Spent> {
    let must = problem
        .sessions
        .iter()
        .map(|steps| steps.iter().filter(|step| step.result.is_some()).count() as u32);
    let must = must.collect();
    let mut last = BTreeMap::new();
    for (&(object, value), readers) in &problem.reads {
        if let Some(state) = machine.step(FIRST, &Call::Write(value.clone()), None) {
            let readers = readers.iter().map(|&(session, at)| (session, at as u32)).collect();
            last.insert((object, state), readers);
        }
    }
    Search { problem, machine, must, last, room }.run(meter)
}

impl Search<'_, '_> {
    fn run(&mut self, meter: &mut Meter<'_>) -> Result<bool, Spent> {
        let words = self.states() + self.problem.objects;
        let mut config: Config = vec![0; words].into();
        config[self.states()..].fill(FIRST);
        let mut visited = BTreeSet::new();
        let mut waiting = vec![config];
        let takes = words * size_of::<u32>() + IN_LISTS;
        while let Some(mut config) = waiting.pop() {
            let held = (visited.len() + waiting.len() + 1).saturating_mul(takes);
            if held.saturating_add(self.machine.held()) > self.room {
                return Err(Spent::Memory(self.room));
            }
            self.settle(&mut config, meter)?;
            if self.must.iter().zip(&config).all(|(must, at)| at >= must) {
                return Ok(true);
            }
            meter.configuration(words)?;
            if visited.contains(&config) {
                continue;
            }
            let mut next = self.successors(&config, meter)?;
            visited.insert(config);
            // The one that was invoked first is tried first.
            next.sort_by_key(|&(rank, _)| std::cmp::Reverse(rank));
            waiting.extend(next.into_iter().map(|(_, config)| config));
        }
        Ok(false)
    }

    /// Where the states of the objects begin in a configuration.
    fn states(&self) -> usize {
        self.problem.sessions.len() + self.problem.free.len()
    }

    /// Takes all that only looks and fits.
    fn settle(&mut self, config: &mut Config, meter: &mut Meter<'_>) -> Result<(), Spent> {
        for session in 0..self.problem.sessions.len() {
            while config[session] < self.must[session] {
                meter.steps(2)?;
                let step = &self.problem.sessions[session][config[session] as usize];
                let state = config[self.states() + step.object];
                let looks = step.result.is_some_and(|it| !self.machine.changes(step.call, it));
                if !looks || self.machine.step(state, step.call, step.result) != Some(state) {
                    break;
                }
                config[session] += 1;
            }
        }
        Ok(())
    }

    /// Lets each operation that can be next take effect, with the rank by which it is tried.
    fn successors(&mut self, config: &Config, meter: &mut Meter<'_>) -> Result<Vec<Ranked>, Spent> {
        let mut found = Vec::new();
        let problem = self.problem;
        for (session, steps) in problem.sessions.iter().enumerate() {
            for (at, step) in steps.iter().enumerate().skip(config[session] as usize) {
                meter.steps(2)?;
                if let Some(mut next) = self.moved(config, step.object, step.call, step.result) {
                    next[session] = at as u32 + 1;
                    if self.leaves_nobody_behind(config, &next, step.object) {
                        found.push(((step.result.is_none(), step.index), next));
                    }
                }
                // What may be left out may be passed over.
                if step.result.is_some() {
                    break;
                }
            }
        }
        for (kind, free) in problem.free.iter().enumerate() {
            let at = problem.sessions.len() + kind;
            if config[at] >= free.count {
                continue;
            }
            meter.steps(2)?;
            if let Some(mut next) = self.moved(config, free.object, free.call, None) {
                next[at] += 1;
                if self.leaves_nobody_behind(config, &next, free.object) {
                    found.push(((true, usize::MAX), next));
                }
            }
        }
        Ok(found)
    }

    /// The configuration with an object in its next state. What need not take effect does so only
    /// if that is another one.
    fn moved(
        &mut self,
        config: &Config,
        object: usize,
        call: &Call,
        result: Option<&Value>,
    ) -> Option<Config> {
        let at = self.states() + object;
        let state = self.machine.step(config[at], call, result)?;
        (result.is_some() || state != config[at]).then(|| {
            let mut next = config.clone();
            next[at] = state;
            next
        })
    }

    /// Whether nobody has still to read the state that the object had, if it has another one now.
    fn leaves_nobody_behind(&self, before: &Config, after: &Config, object: usize) -> bool {
        let at = self.states() + object;
        if before[at] == after[at] {
            return true;
        }
        let readers = self.last.get(&(object, before[at]));
        readers.is_none_or(|readers| readers.iter().all(|&(session, at)| at < after[session]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Budget;
    use super::*;
    use crate::{Limits, model};

    /// Two sessions write and a third reads what is never there: all their orders have to be gone through.
    #[test]
    fn what_takes_too_much_memory_is_given_up() {
        let writes: Vec<Call> = (0..40).map(|n| Call::Write(Value::Int(n % 2))).collect();
        let (nil, never) = (Value::Nil, Value::Int(7));
        let step = |(index, call)| Step { object: 0, call, result: Some(&nil), index };
        let half = |from: usize| writes.iter().enumerate().skip(from).take(20).map(step).collect();
        let read = vec![Step { object: 0, call: &Call::Read, result: Some(&never), index: 40 }];
        let sessions = vec![half(0), half(20), read];
        let problem = Problem { sessions, objects: 1, ..Problem::default() };
        let within = |room| {
            let register = model("register").expect("it is in the table");
            let machine = register.machine(&Value::Nil).expect("any value fits");
            let mut meter = Meter::new(Budget::of(Limits::default()));
            possible_within(room, &problem, machine, &mut meter)
        };
        assert_eq!(within(MEMORY), Ok(false));
        assert_eq!(within(10_000), Err(Spent::Memory(10_000)));
        let said = Spent::Memory(MEMORY).sentence("sequential");
        assert_eq!(said, "the check of sequential took 1024 MiB of memory and was stopped");
    }
}
