//! What each model asks of the view of a session, as edges.

use super::super::effective::{Effective, Saw};
use super::Promise;
use super::graph::{Edge, NONE};
use super::saturate::Relation;

/// What all views have in common, so that it is written down once.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    effective: &'a Effective,
    promise: Promise,
    edges: Vec<Edge>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(effective: &'a Effective, promise: Promise) -> Self {
        let mut shared = Shared { effective, promise, edges: Vec::new() };
        // The last write of a session on each object.
        let mut last = vec![NONE; effective.objects];
        for session in &effective.sessions {
            match promise {
                Promise::Causal => shared.everything(session),
                Promise::Pram | Promise::MonotonicWrites => shared.writes(session),
                Promise::ReadYourWrites | Promise::MonotonicReads => {
                    shared.objects(session, &mut last);
                }
                Promise::WritesFollowReads => {
                    shared.objects(session, &mut last);
                    shared.relays(session);
                }
            }
        }
        shared
    }

    /// The write that an operation saw, if it was not the initial value.
    fn saw(&self, operation: usize) -> Option<usize> {
        match self.effective.all[operation].reads {
            Some(Saw::Write(write)) => Some(write),
            _ => None,
        }
    }

    /// Session order, and each read after the write that it saw.
    fn everything(&mut self, session: &[usize]) {
        self.edges.extend(session.windows(2).map(|pair| Edge::new(pair[0], pair[1])));
        for &operation in session {
            self.edges.extend(self.saw(operation).map(|write| Edge::new(write, operation)));
        }
    }

    /// The writes of a session in its order.
    fn writes(&mut self, session: &[usize]) {
        let mut last = NONE;
        for &operation in session {
            if self.effective.all[operation].writes {
                if last != NONE {
                    self.edges.push(Edge::new(last, operation));
                }
                last = operation;
            }
        }
    }

    /// The writes of a session on each object in its order.
    fn objects(&mut self, session: &[usize], last: &mut [usize]) {
        for &operation in session {
            let effect = &self.effective.all[operation];
            if effect.writes {
                let before = std::mem::replace(&mut last[effect.object], operation);
                if before != NONE {
                    self.edges.push(Edge::new(before, operation));
                }
            }
        }
        for &operation in session {
            last[self.effective.all[operation].object] = NONE;
        }
    }

    /// What a session saw before what it then wrote. The relay of a read comes after all writes
    /// that were seen up to then; it is no operation, since where the read stands in a view is
    /// another matter.
    fn relays(&mut self, session: &[usize]) {
        let mut last = NONE;
        for &operation in session {
            let effect = &self.effective.all[operation];
            if effect.reads.is_some() {
                let relay = self.effective.all.len() + operation;
                if last != NONE {
                    self.edges.push(Edge::new(last, relay));
                }
                self.edges.extend(self.saw(operation).map(|write| Edge::new(write, relay)));
                last = relay;
            }
            if effect.writes && last != NONE {
                self.edges.push(Edge::new(last, operation));
            }
        }
    }

    /// What the view of this session must respect. For read-your-writes the rule of the reads is in
    /// it already, as far as that goes edge by edge.
    pub(super) fn relation(&self, session: usize) -> Relation {
        let operations = &self.effective.sessions[session];
        let reads = |&operation: &usize| self.effective.all[operation].reads.is_some();
        let view: Vec<usize> = operations.iter().copied().filter(reads).collect();
        let relayed = self.promise == Promise::WritesFollowReads;
        let initial = self.effective.all.len() * if relayed { 2 } else { 1 };
        let nodes = initial + self.effective.objects;
        let mut relation = Relation { nodes, initial, edges: self.edges.clone(), view };
        self.initial_values(&mut relation);
        match self.promise {
            Promise::Causal => {}
            Promise::Pram => {
                let pairs = operations.windows(2).map(|pair| Edge::new(pair[0], pair[1]));
                relation.edges.extend(pairs);
                self.saw_in_view(&mut relation);
            }
            Promise::MonotonicReads | Promise::MonotonicWrites | Promise::WritesFollowReads => {
                let pairs = relation.view.windows(2).map(|pair| Edge::new(pair[0], pair[1]));
                relation.edges.extend(pairs);
                self.saw_in_view(&mut relation);
                self.own_writes(operations, &mut relation, false);
            }
            Promise::ReadYourWrites => self.own_writes(operations, &mut relation, true),
        }
        relation
    }

    /// The initial value of each object that the view read before all writes on it.
    fn initial_values(&self, relation: &mut Relation) {
        let mut read = vec![false; self.effective.objects];
        for &operation in &relation.view {
            let effect = &self.effective.all[operation];
            read[effect.object] |= effect.reads == Some(Saw::Initial);
        }
        if !read.contains(&true) {
            return;
        }
        for (write, effect) in self.effective.all.iter().enumerate() {
            if effect.writes && read[effect.object] {
                relation.edges.push(Edge::new(relation.initial + effect.object, write));
            }
        }
    }

    fn saw_in_view(&self, relation: &mut Relation) {
        for &read in &relation.view {
            relation.edges.extend(self.saw(read).map(|write| Edge::new(write, read)));
        }
    }

    /// What the session saw of an object before what it then wrote there. With `seen`, also what it
    /// had written there before what it saw then.
    fn own_writes(&self, operations: &[usize], relation: &mut Relation, seen: bool) {
        let mut last = vec![NONE; self.effective.objects];
        let mut reads: Vec<Vec<usize>> = vec![Vec::new(); self.effective.objects];
        for &operation in operations {
            let effect = &self.effective.all[operation];
            let object = effect.object;
            if let (Some(saw), true) = (effect.reads, seen) {
                let source = match saw {
                    Saw::Initial => relation.initial + object,
                    Saw::Write(write) => write,
                };
                let written = last[object];
                if written != NONE && written != source {
                    relation.edges.push(Edge::via(written, source, operation));
                }
                if effect.writes {
                    relation.edges.push(Edge::new(source, operation));
                }
            }
            if effect.writes {
                for read in reads[object].drain(..) {
                    let source = self.saw(read);
                    let edge = source.map(|write| Edge::via(write, operation, read));
                    relation.edges.extend(edge);
                }
                last[object] = operation;
            }
            if effect.reads.is_some() {
                reads[object].push(operation);
            }
        }
    }
}
