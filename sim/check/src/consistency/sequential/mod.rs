//! Sequential consistency: "the result of any execution is the same as if the operations of all the
//! processors were executed in some sequential order, and the operations of each individual
//! processor appear in this sequence in the order specified by its program" (Lamport: How to Make a
//! Multiprocessor Computer That Correctly Executes Multiprocess Programs, 1979).
//!
//! All objects are judged together: histories that are sequentially consistent on each object need
//! not be so on all of them. A pending operation is the last one of its session and may be left out.
//!
//! ```text
//!   machine   what the objects do
//!   search    is there such an order? exponential, within a limit
//! ```
//!
//! On registers with values that tell their writers, causal memory is asked first: what is not even
//! causal is not sequential, and that takes no search.

mod forced;
mod machine;
mod search;
#[cfg(test)]
mod tests;

pub(crate) use machine::{Machine, numbered};

use super::Subject;
use super::accesses::Accesses;
use super::effective::{Effective, Part};
use super::evidence::Check;
use super::meter::{Meter, Spent};
use super::sentence::sentence;
use super::view::{Promise, Views};
use search::{Free, Problem, Step};
use simlab_core::history::{Mark, Record};
use simlab_core::{Call, NodeId, OpId, Outcome, Session, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The check; places are those of records in the history.
pub(super) struct Sequential<'a> {
    subject: Subject<'a>,
    sessions: Vec<usize>,
    objects: Vec<usize>,
    /// How many of each there are.
    counts: (usize, usize),
    causal: Option<Views<'a>>,
}

impl<'a> Sequential<'a> {
    /// `accesses` is the history read as reads and writes, if it can be.
    pub(super) fn new(subject: Subject<'a>, accesses: Option<&'a Accesses<'a>>) -> Self {
        let (mut sessions, mut objects) = (Vec::new(), Vec::new());
        let mut session_of: BTreeMap<(NodeId, Session), usize> = BTreeMap::new();
        let mut object_of: BTreeMap<&str, usize> = BTreeMap::new();
        for record in subject.history.records() {
            let next = session_of.len();
            sessions.push(*session_of.entry((record.op.node(), record.session)).or_insert(next));
            let next = object_of.len();
            objects.push(*object_of.entry(&record.operation.object).or_insert(next));
        }
        let counts = (session_of.len(), object_of.len());
        let causal = accesses.map(|accesses| Views::new(accesses, Promise::Causal));
        Sequential { subject, sessions, objects, counts, causal }
    }

    fn records(&self) -> &'a [Record] {
        self.subject.history.records()
    }

    /// Operations of the part that are impossible for reasons that take no search.
    fn without_search(
        &mut self,
        part: &Part<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Vec<usize>>, Spent> {
        let Some(causal) = &mut self.causal else { return Ok(None) };
        let all = &causal.accesses.all;
        let members: Option<Vec<usize>> = part.members.map(|members| {
            let place = |&record: &usize| all.binary_search_by_key(&record, |a| a.record).ok();
            members.iter().filter_map(place).collect()
        });
        let part = Part { until: part.until, members: members.as_deref() };
        let mut found = causal.contradiction(&part, meter)?;
        if found.is_none()
            && let Ok(effective) = Effective::of(causal.accesses, &part)
            && forced::is_impossible(&effective, meter)?
        {
            let members = effective.all.iter().map(|effect| effect.access);
            let members = members.filter(|&access| part.has(access)).collect();
            found = Some(effective.with_those_who_show(members));
        }
        Ok(found.map(|found| found.into_iter().map(|index| all[index].record).collect()))
    }

    /// What there is to put in order, and the members of the part that matter for it.
    fn problem(&self, part: &Part<'_>) -> (Problem<'a>, Vec<usize>) {
        let mut problem = Problem { objects: self.counts.1, ..Problem::default() };
        problem.sessions.resize_with(self.counts.0, Vec::new);
        let mut members = Vec::new();
        let mut free: BTreeMap<(usize, &Call), u32> = BTreeMap::new();
        for (index, record) in self.records().iter().enumerate() {
            let call = &record.operation.call;
            let object = self.objects[index];
            let ended = record.returned.as_ref().filter(|(at, _)| part.reaches(*at));
            if !part.has(index) {
                if call.writes() {
                    *free.entry((object, call)).or_insert(0) += 1;
                }
                continue;
            }
            let result = match ended {
                Some((_, Outcome::NotDone(_))) => {
                    members.push(index);
                    continue;
                }
                Some((_, Outcome::Done(result))) => Some(result),
                _ if call.writes() => None,
                _ => continue,
            };
            members.push(index);
            let step = Step { object, call, result, index };
            problem.sessions[self.sessions[index]].push(step);
        }
        let of_kind = |((object, call), count)| Free { object, call, count };
        problem.free = free.into_iter().map(of_kind).collect();
        if matches!(self.subject.model.name, "register" | "cas-register" | "kv") {
            problem.know_registers(self.subject.initial);
        }
        (problem, members)
    }
}

/// What a call writes and what it reads if it returned `result`.
fn access<'a>(call: &'a Call, result: Option<&'a Value>) -> (Option<&'a Value>, Option<&'a Value>) {
    match call {
        Call::Read => (None, result),
        Call::Write(value) => (Some(value), None),
        Call::Cas { .. } if result == Some(&Value::Bool(false)) => (None, None),
        Call::Cas { from, to } => (Some(to), Some(from)),
        _ => (None, None),
    }
}

impl<'a> Problem<'a> {
    /// Finds the reads of values that are written once, and forgets those writes of what nobody asks
    /// for that can be left out. Appends write values that cannot be told beforehand: then nothing
    /// is known.
    fn know_registers(&mut self, initial: &'a Value) {
        let steps = || self.sessions.iter().flatten();
        let mut calls = steps().map(|step| step.call).chain(self.free.iter().map(|free| free.call));
        if calls.any(|call| matches!(call, Call::Append(_))) {
            return;
        }
        // A failed compare-and-set asks for any other value.
        let any = steps().any(|step| step.result == Some(&Value::Bool(false)));
        let mut wanted: BTreeSet<(usize, &Value)> = BTreeSet::new();
        let mut writers: BTreeMap<(usize, &Value), u32> = BTreeMap::new();
        let mut reads: BTreeMap<(usize, &Value), Vec<(usize, usize)>> = BTreeMap::new();
        for (session, steps) in self.sessions.iter().enumerate() {
            for (at, step) in steps.iter().enumerate() {
                let (writes, saw) = access(step.call, step.result);
                wanted.extend(saw.map(|value| (step.object, value)));
                if let Some(value) = writes {
                    *writers.entry((step.object, value)).or_insert(0) += 1;
                }
                if let (Some(value), Some(_)) = (saw, step.result) {
                    let readers = reads.entry((step.object, value)).or_default();
                    match readers.last_mut() {
                        Some(last) if last.0 == session => last.1 = at,
                        _ => readers.push((session, at)),
                    }
                }
            }
        }
        for free in &self.free {
            let (writes, saw) = access(free.call, None);
            wanted.extend(saw.map(|value| (free.object, value)));
            if let Some(value) = writes {
                *writers.entry((free.object, value)).or_insert(0) += free.count;
            }
        }
        let asked_for = |object: usize, call: &Call| {
            let (writes, _) = access(call, None);
            any || writes.is_some_and(|value| wanted.contains(&(object, value)))
        };
        self.free.retain(|free| asked_for(free.object, free.call));
        for steps in &mut self.sessions {
            steps.retain(|step| step.result.is_some() || asked_for(step.object, step.call));
        }
        let writers = |&(object, value): &(usize, &'a Value)| {
            let written = writers.get(&(object, value)).copied().unwrap_or(0);
            written + u32::from(value == initial)
        };
        reads.retain(|key, _| writers(key) <= 1);
        self.reads = reads;
    }
}

impl Check for Sequential<'_> {
    fn contradiction(
        &mut self,
        part: &Part<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Vec<usize>>, Spent> {
        if let Some(found) = self.without_search(part, meter)? {
            return Ok(Some(found));
        }
        meter.steps(self.records().len() as u64)?;
        let (problem, members) = self.problem(part);
        let Ok(machine) = self.subject.model.machine(self.subject.initial) else { return Ok(None) };
        Ok((!search::possible(&problem, machine, meter)?).then_some(members))
    }

    fn suspicion(
        &mut self,
        part: &Part<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Vec<usize>>, Spent> {
        self.contradiction(part, meter)
    }

    fn returns(&self) -> Vec<(Mark, usize)> {
        let known = |(index, record): (usize, &Record)| match &record.returned {
            Some((at, Outcome::Done(_) | Outcome::NotDone(_))) => Some((*at, index)),
            _ => None,
        };
        self.records().iter().enumerate().filter_map(known).collect()
    }

    fn op(&self, index: usize) -> OpId {
        self.records()[index].op
    }

    fn why(&self, broken: usize, operations: &[usize]) -> String {
        let records = self.records();
        let evidence: Vec<&Record> = operations.iter().map(|&index| &records[index]).collect();
        let says = "no order of all operations, those of each session in its order, explains this";
        sentence(&evidence, &records[broken], says, self.subject.clients)
    }
}
