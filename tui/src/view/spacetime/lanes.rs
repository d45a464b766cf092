//! Where the lanes stand, and whose they are.

use crate::app::scene::{Line, Relation, Scene};
use crate::app::{App, ends};
use crate::film::Film;
use ratatui::layout::Rect;
use simlab_core::NodeId;

/// The time, and the mark of the cursor.
pub(super) const MARGIN: u16 = 11;
/// A lane takes so many columns at least.
const NARROWEST: u16 = 6;

/// Where the lanes stand.
pub(super) struct Lanes {
    /// The nodes, from left to right.
    pub(super) nodes: Vec<NodeId>,
    pub(super) first: u16,
    pub(super) band: u16,
    /// How many nodes have no lane.
    pub(super) folded: usize,
}

impl Lanes {
    pub(super) fn new(app: &App<'_>, film: &Film<'_>, scene: &Scene, area: Rect) -> Lanes {
        let room = area.width.saturating_sub(MARGIN + 1);
        let mut all = in_order(film);
        let hidden = |node: &NodeId| app.filter().is_some_and(|filter| filter.hides(*node));
        if !all.iter().all(hidden) {
            all.retain(|node| !hidden(node));
        }
        let fit = usize::from(room / NARROWEST).max(1);
        let nodes = if all.len() <= fit { all.clone() } else { busiest(film, scene, &all, fit) };
        let band = (room / u16::try_from(nodes.len()).unwrap_or(u16::MAX).max(1)).max(1);
        Lanes { folded: all.len() - nodes.len(), nodes, first: area.x + MARGIN, band: band.min(24) }
    }

    pub(super) fn column(&self, lane: usize) -> u16 {
        self.first + self.band * lane as u16 + self.band / 2
    }

    pub(super) fn of(&self, node: NodeId) -> Option<u16> {
        self.nodes.iter().position(|other| *other == node).map(|lane| self.column(lane))
    }

    pub(super) fn end(&self) -> u16 {
        self.first + self.band * self.nodes.len() as u16
    }
}

/// All nodes: those that can still talk to each other in the first cut side by side, so that the wall is a
/// straight line, and the nodes of a site beside each other.
fn in_order(film: &Film<'_>) -> Vec<NodeId> {
    let nodes = &film.scenario().nodes;
    let groups = film.index().first_parting();
    let group = |node: NodeId| groups.iter().position(|group| group.contains(&node));
    let site = |id: NodeId| {
        let site = nodes[id.index()].site.as_deref();
        nodes.iter().position(|other| site.is_some() && other.site.as_deref() == site)
    };
    let mut all: Vec<NodeId> = nodes.iter().map(|node| node.id).collect();
    all.sort_by_key(|id| (group(*id), site(*id).unwrap_or(id.index()), *id));
    all
}

/// So many of the nodes, those that the rows are about most, and that of the cursor in any case.
fn busiest(film: &Film<'_>, scene: &Scene, all: &[NodeId], many: usize) -> Vec<NodeId> {
    let mut counts: Vec<(u64, NodeId)> = all.iter().map(|node| (0, *node)).collect();
    for row in scene.lines.iter().filter_map(Line::row) {
        let Some(event) = film.event(row.number) else { continue };
        let weight = if row.relation == Relation::Same { 1_000 } else { 1 };
        for node in ends(&event).into_iter().flatten() {
            if let Some(count) = counts.iter_mut().find(|(_, other)| *other == node) {
                count.0 += weight;
            }
        }
    }
    counts.sort_by_key(|(count, node)| (std::cmp::Reverse(*count), *node));
    let chosen: Vec<NodeId> = counts.into_iter().take(many).map(|(_, node)| node).collect();
    all.iter().copied().filter(|node| chosen.contains(node)).collect()
}
