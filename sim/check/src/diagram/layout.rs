//! Where the stops stand: as close together as labels allow, then drawn apart as far as there is room. What does
//! not fit goes on in another panel.

use super::scene::{Bar, Role, Scene};
use super::stops::Stop;
use std::cmp::Reverse;
use std::ops::Range;

/// What a medium needs room for. All lengths are in cells, of which a character of text takes one or two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metrics<'a> {
    /// How wide a panel may be, without the names of lanes.
    pub(super) plot: usize,
    /// How far two stops are apart at least.
    pub(super) step: usize,
    /// How wide the label of each bar is, and how wide where the bar comes from the panel before.
    pub(super) labels: &'a [[usize; 2]],
    /// What a point needs to its left and to its right, by its number.
    pub(super) point: fn(usize) -> [usize; 2],
}

/// Some stops beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Panel {
    pub(super) stops: Range<usize>,
    /// Where each of them stands.
    x: Vec<usize>,
    pub(super) width: usize,
    /// The lanes on which something is, in order.
    pub(super) lanes: Vec<usize>,
}

/// A part of a bar that is in a panel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) index: usize,
    pub(super) bar: &'a Bar,
    pub(super) from: usize,
    /// The last cell.
    pub(super) to: usize,
    /// Whether it begins, and ends, in another panel.
    pub(super) cut: [bool; 2],
}

impl Panel {
    /// Where a stop stands, if it does.
    pub(super) fn x(&self, stop: usize) -> Option<usize> {
        self.x.get(stop.checked_sub(self.stops.start)?).copied()
    }

    fn begins_with_gap(&self, scene: &Scene) -> bool {
        begins_with_gap(scene, self.stops.start)
    }

    /// The parts of bars that are in it.
    pub(super) fn parts<'a>(&self, scene: &'a Scene) -> Vec<Part<'a>> {
        let edge = scene.stops.len().saturating_sub(1);
        let part = |(index, bar): (usize, &'a Bar)| {
            if !bar.reaches(&self.stops) {
                return None;
            }
            let from = bar.from.and_then(|stop| self.x(stop));
            let to = self.x(bar.to.unwrap_or(edge));
            let cut = [from.is_none(), to.is_none() || (bar.to.is_none() && !bar.open)];
            // What began before all that is drawn comes out of the gap there.
            let gap = bar.from.is_none() && self.begins_with_gap(scene);
            let to = to.unwrap_or(self.width.saturating_sub(1));
            let from = from.unwrap_or(if gap { BEHIND.min(to) } else { 0 });
            Some(Part { index, bar, from, to, cut })
        };
        scene.bars.iter().enumerate().filter_map(part).collect()
    }

    /// Where the labels of the axis stand, as many as do not overlap, the more interesting ones first; with the
    /// stops they belong to.
    pub(super) fn ticks<'a>(&self, scene: &'a Scene) -> Vec<(usize, usize, &'a str)> {
        let mut wanted = Vec::new();
        for stop in self.stops.clone() {
            let Some(Stop::Event { bar, tick }) = scene.stops.get(stop) else { continue };
            let (Some(x), Some(bar)) = (self.x(stop), scene.bars.get(*bar)) else { continue };
            let breaks = bar.broke && bar.to == Some(stop);
            let rank = Reverse((breaks, bar.role == Role::Evidence));
            wanted.push((rank, x, stop, tick.as_str()));
        }
        wanted.sort_unstable();
        let mut placed: Vec<(usize, usize, &str)> = Vec::new();
        for (_, x, stop, tick) in wanted {
            let begin = x.min(self.width.saturating_sub(tick.len()));
            let apart = |&(other, _, text): &(usize, usize, &str)| {
                begin > other + text.len() || other > begin + tick.len()
            };
            if begin + tick.len() <= self.width && placed.iter().all(apart) {
                placed.push((begin, stop, tick));
            }
        }
        placed.sort_unstable();
        placed
    }
}

/// Where a bar begins that comes out of a gap at the left edge.
const BEHIND: usize = 1;

fn begins_with_gap(scene: &Scene, start: usize) -> bool {
    matches!(scene.stops.get(start), Some(Stop::Gap { .. }))
}

/// All panels, from top to bottom: as few as there can be, and each about as full as the others.
pub(super) fn panels(scene: &Scene, metrics: &Metrics<'_>) -> Vec<Panel> {
    let full = filled(scene, metrics, metrics.plot);
    // The least room that makes no more panels.
    let (mut least, mut most) = (0, metrics.plot);
    while full.len() > 1 && least < most {
        let room = least.midpoint(most);
        if filled(scene, metrics, room).len() > full.len() {
            least = room + 1;
        } else {
            most = room;
        }
    }
    if full.len() > 1 { filled(scene, metrics, most) } else { full }
}

/// All panels, if each is filled with what takes so much room.
fn filled(scene: &Scene, metrics: &Metrics<'_>, room: usize) -> Vec<Panel> {
    let mut panels = Vec::new();
    let mut start = 0;
    while start < scene.stops.len() {
        let panel = Row::new(scene, metrics, start).fill(room);
        start = panel.stops.end;
        panels.push(panel);
    }
    panels
}

/// A panel that is being filled.
struct Row<'a> {
    scene: &'a Scene,
    metrics: &'a Metrics<'a>,
    start: usize,
    x: Vec<usize>,
    /// What each stop needs from its place on.
    needs: Vec<usize>,
    /// For each lane, where the next label and the next end of a bar can stand.
    labels: Vec<usize>,
    bars: Vec<usize>,
}

impl<'a> Row<'a> {
    fn new(scene: &'a Scene, metrics: &'a Metrics<'a>, start: usize) -> Self {
        let lanes = scene.lanes.len();
        let (labels, bars) = (vec![0; lanes], vec![0; lanes]);
        let mut row = Row { scene, metrics, start, x: vec![], needs: vec![], labels, bars };
        for (index, bar) in scene.bars.iter().enumerate() {
            if bar.reaches(&(start..start + 1)) && bar.from != Some(start) {
                let gap = bar.from.is_none() && begins_with_gap(scene, start);
                let x = if gap { BEHIND } else { 0 };
                row.labels[bar.lane] = x + metrics.labels[index][1] + 1;
                row.bars[bar.lane] = x + 1;
            }
        }
        row
    }

    /// Where a stop would stand, and what it needs from there on.
    fn place(&self, stop: &Stop) -> (usize, usize) {
        let next = self.x.last().map_or(0, |last| last + self.metrics.step);
        match stop {
            Stop::Gap { .. } => (next, 2),
            Stop::Edge => (next.max(self.bars.iter().max().copied().unwrap_or(0)), 1),
            Stop::Event { bar: index, .. } => {
                let bar = &self.scene.bars[*index];
                let x = next.max(self.bars[bar.lane]);
                if bar.from == Some(self.start + self.x.len()) {
                    (x.max(self.labels[bar.lane]), self.metrics.labels[*index][0].max(2))
                } else {
                    (x, 1)
                }
            }
            Stop::Point { bar } => {
                let bar = &self.scene.bars[*bar];
                let [before, after] = (self.metrics.point)(bar.point.map_or(0, |(_, n)| n));
                (next.max(self.bars[bar.lane] + before), after + 2)
            }
        }
    }

    fn fill(mut self, room: usize) -> Panel {
        for stop in &self.scene.stops[self.start..] {
            let (x, needs) = self.place(stop);
            if x + needs > room && !self.x.is_empty() {
                break;
            }
            if let Stop::Event { bar: index, .. } | Stop::Point { bar: index } = stop {
                let bar = &self.scene.bars[*index];
                if bar.from == Some(self.start + self.x.len()) {
                    self.labels[bar.lane] = x + needs + 1;
                }
                self.bars[bar.lane] = match stop {
                    Stop::Point { .. } => x + needs - 1,
                    _ => x + 1,
                };
            }
            self.x.push(x);
            self.needs.push(needs);
        }
        self.stretch();
        self.panel()
    }

    /// Moves the stops apart, all by the same factor, at most [`STRETCH`]. Rounded down, two stops are never closer than before.
    fn stretch(&mut self) {
        let Some(&last) = self.x.last() else { return };
        let room = |(&x, &needs): (&usize, &usize)| {
            (self.metrics.plot.saturating_sub(needs) * last).checked_div(x)
        };
        let widest = self.x.iter().zip(&self.needs).filter_map(room).min().unwrap_or(last);
        let widest = widest.clamp(last, last * STRETCH);
        for x in &mut self.x {
            *x = (*x * widest).checked_div(last).unwrap_or(*x);
        }
    }

    fn panel(self) -> Panel {
        let scene = self.scene;
        let stops = self.start..self.start + self.x.len();
        let ends = self.x.iter().zip(&self.needs).map(|(x, needs)| x + needs);
        let going_on = stops.end < scene.stops.len();
        let width = if going_on { self.metrics.plot } else { ends.max().unwrap_or(0) };
        let mut panel = Panel { stops, x: self.x, width, lanes: vec![] };
        let parts = panel.parts(scene);
        // What comes from the panel before has its label at the left.
        let labels = parts.iter().filter(|part| part.cut[0]);
        let end = |part: &Part<'_>| part.from + self.metrics.labels[part.index][1];
        let widest = labels.map(end).max().unwrap_or(0);
        panel.width = panel.width.max(widest).min(self.metrics.plot);
        panel.lanes = parts.iter().map(|part| part.bar.lane).collect();
        panel.lanes.sort_unstable();
        panel.lanes.dedup();
        panel
    }
}

/// So many times the least distance may two stops be apart to fill the width.
const STRETCH: usize = 3;
