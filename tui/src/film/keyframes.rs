//! Copies of the world from which a run goes on again.

use simlab_sim::World;
use std::collections::VecDeque;

/// How many there are at most over the whole run; with more, every second one is given up.
const MOST: usize = 32;
/// At first they stand so many records apart.
const APART: u64 = 256;
/// How many there are besides, near to where the run was wound to last.
const NEAR: usize = 6;

/// Copies of the world as it was now and then, at distances that grow with the run; and a few more where it was
/// looked at last, so that to go on step by step takes little, backwards too.
#[derive(Debug)]
pub(super) struct Keyframes {
    /// By how many records there were.
    all: Vec<(u64, World)>,
    apart: u64,
    /// In the order in which they were made.
    near: VecDeque<(u64, World)>,
}

impl Keyframes {
    pub(super) fn new(start: &World) -> Self {
        let all = vec![(start.records(), start.fork_untraced())];
        Keyframes { all, apart: APART, near: VecDeque::new() }
    }

    /// Keeps the world as it is now, if it is time to: while the run is made.
    pub(super) fn offer(&mut self, world: &World) {
        let last = self.all.last().map_or(0, |(records, _)| *records);
        if world.records() < last + self.apart {
            return;
        }
        if self.all.len() == MOST {
            let mut number = 0;
            self.all.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.apart *= 2;
            return self.offer(world);
        }
        self.all.push((world.records(), world.fork_untraced()));
    }

    /// Keeps the world on the way to the step that begins with this record, if it is a good place to come back
    /// to: half of what is left of the way is behind it.
    pub(super) fn offer_near(&mut self, world: &World, step: u64) {
        let records = world.records();
        let left = step.saturating_sub(records);
        let nearest = self.nearest(step);
        if left < APART / 4 || records < nearest + left.max(APART) {
            return;
        }
        if self.near.len() == NEAR {
            self.near.pop_front();
        }
        self.near.push_back((records, world.fork_untraced()));
    }

    /// How many records there were at the last keyframe before the step that begins with this one.
    pub(super) fn nearest(&self, step: u64) -> u64 {
        self.frame(step).map_or(0, |(records, _)| *records)
    }

    /// A copy of the world at that keyframe.
    pub(super) fn before(&self, step: u64) -> World {
        self.frame(step).unwrap_or(&self.all[0]).1.fork_untraced()
    }

    fn frame(&self, step: u64) -> Option<&(u64, World)> {
        let place = self.all.partition_point(|(records, _)| *records < step).checked_sub(1);
        let wide = place.map(|place| &self.all[place]);
        let near = self.near.iter().filter(|(records, _)| *records < step);
        near.chain(wide).max_by_key(|(records, _)| *records)
    }
}
