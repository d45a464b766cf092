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
        let nodes = if all.len() <= fit { all.clone() } else { some(film, scene, &all, fit) };
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

/// So many of the nodes, the first ones: they stay where they are as time goes on. Those of the event at the
/// cursor have a lane in any case.
fn some(film: &Film<'_>, scene: &Scene, all: &[NodeId], many: usize) -> Vec<NodeId> {
    let rows = scene.lines.iter().filter_map(Line::row);
    let here = rows.into_iter().find(|row| row.relation == Relation::Same);
    let event = here.and_then(|row| film.event(row.number));
    let needed: Vec<NodeId> = event.iter().flat_map(ends).flatten().collect();
    let mut chosen: Vec<NodeId> =
        all.iter().copied().filter(|node| needed.contains(node)).collect();
    for node in all {
        if chosen.len() < many && !chosen.contains(node) {
            chosen.push(*node);
        }
    }
    all.iter().copied().filter(|node| chosen.contains(node)).collect()
}
