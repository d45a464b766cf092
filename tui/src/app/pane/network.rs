//! The network: who can talk to whom, what is under way, what links are like.

use super::{Goal, Line, Role, seconds};
use crate::app::App;
use simlab_core::{NodeId, Time};

/// A datagram under way, for the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// How much of the way is behind it, in thousandths.
    pub done: u16,
}

pub(super) fn lines(app: &App<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let Some(here) = app.inspected().node else { return lines };
    let (film, inspected) = (app.film(), app.inspected());
    if inspected.nothing {
        return vec![Line::plain("these are events on paper: nobody knows what was under way")];
    }
    let name = |node: NodeId| film.names().node(node);
    lines.push(Line::heading(format!("links of {}", name(here))));
    for node in &film.scenario().nodes {
        if node.id == here {
            continue;
        }
        let ways = [(here, node.id), (node.id, here)];
        let open = ways.map(|(from, to)| app.open(from, to));
        let glyphs = app.glyphs();
        let arrow = match open {
            [true, true] => format!("{}{}", glyphs.left, glyphs.right),
            [true, false] => format!("{}{}", glyphs.lost, glyphs.right),
            [false, true] => format!("{}{}", glyphs.left, glyphs.lost),
            [false, false] => format!("{}{}", glyphs.lost, glyphs.lost),
        };
        let role = if open == [true, true] { Role::Plain } else { Role::Fault };
        let cut = match open {
            [true, true] => "",
            [false, false] => ", cut",
            _ => ", cut one way",
        };
        let under_way =
            inspected.flights.iter().filter(|flight| ways.contains(&(flight.from, flight.to)));
        let many = match under_way.count() {
            0 => String::new(),
            many => format!(", {many} under way"),
        };
        let spec = film.scenario().link(here, node.id);
        let text = format!("{arrow} {}: {spec}{cut}{many}", node.name);
        lines.push(Line::new(1, role, text).to(Goal::Node(node.id)));
    }
    under_way(app, &mut lines);
    lines
}

/// What is under way, the first to arrive first.
fn under_way(app: &App<'_>, lines: &mut Vec<Line>) {
    const MOST: usize = 24;
    let (film, flights) = (app.film(), &app.inspected().flights);
    lines.push(Line::heading(format!("{} under way", flights.len())));
    for flight in flights.iter().take(MOST) {
        let kind = film.index().message(flight.datagram.get()).unwrap_or("datagram");
        let text = format!(
            "{} {} {} {} {}",
            seconds(flight.due),
            film.names().node(flight.from),
            app.glyphs().right,
            film.names().node(flight.to),
            kind
        );
        lines.push(Line::plain(text).to(Goal::Record(flight.datagram.get())));
    }
    if flights.len() > MOST {
        lines.push(Line::new(1, Role::Faint, format!("and {} more", flights.len() - MOST)));
    }
}

impl App<'_> {
    /// Whether datagrams from one node get to another at the cursor.
    #[must_use]
    pub fn open(&self, from: NodeId, to: NodeId) -> bool {
        self.inspected().reach.as_ref().is_none_or(|reach| reach.direct(from, to))
    }

    /// What is under way at the cursor.
    #[must_use]
    pub fn flows(&self) -> Vec<Flow> {
        let now = self.now();
        let flow = |flight: &simlab_sim::Flying| {
            let sent = self.film().event(flight.datagram.get()).map_or(Time::ZERO, |sent| sent.at);
            let way = flight.due.since(sent).nanos().max(1);
            let done = u128::from(now.since(sent).nanos()) * 1_000 / u128::from(way);
            Flow { from: flight.from, to: flight.to, done: done.min(1_000) as u16 }
        };
        self.inspected().flights.iter().map(flow).collect()
    }
}
