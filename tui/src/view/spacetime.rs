//! Space and time: time runs down, a lane is a node, datagrams run across.
//!
//! ```text
//!              beijing    hangzhou  ▌  shanghai
//!    12.034       │──prepare 3.0──▶●▌      │        a delivery: from whom, what, to whom
//!    12.051       │          │   ✕─▌──────│        one that got lost, on its way, and why
//! ▶  12.060       ┳ sell 1   │     ▌      │        an operation of a client begins; the lane is thick
//!    12.100    ═══════════ the cut ════════        what concerns the whole world
//! ```

use super::pen::{Pen, clip, width};
use crate::app::App;
use crate::app::scene::{Relation, Row};
use crate::film::{Film, Life};
use ratatui::layout::Rect;
use ratatui::style::Style;
use simlab_core::wire::Decode;
use simlab_core::{Kind, NodeId, Operation, Outcome, TraceEvent};
use simlab_sim::trace::line;

/// The time, and the mark of the cursor.
const MARGIN: u16 = 11;
/// A lane takes so many columns at least.
const NARROWEST: u16 = 6;

/// Where the lanes stand.
struct Lanes {
    /// The nodes, from left to right.
    nodes: Vec<NodeId>,
    first: u16,
    band: u16,
    /// How many nodes have no lane.
    folded: usize,
}

impl Lanes {
    fn new(app: &App<'_>, area: Rect) -> Lanes {
        let film = app.film();
        let room = area.width.saturating_sub(MARGIN + 1);
        let all = in_order(film);
        let fit = usize::from(room / NARROWEST).max(1);
        let nodes = if all.len() <= fit { all.clone() } else { busiest(app, &all, fit) };
        let band = (room / u16::try_from(nodes.len()).unwrap_or(u16::MAX).max(1)).max(1);
        Lanes { folded: all.len() - nodes.len(), nodes, first: MARGIN, band: band.min(24) }
    }

    fn column(&self, lane: usize) -> u16 {
        self.first + self.band * lane as u16 + self.band / 2
    }

    fn of(&self, node: NodeId) -> Option<u16> {
        self.nodes.iter().position(|other| *other == node).map(|lane| self.column(lane))
    }

    fn end(&self) -> u16 {
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
fn busiest(app: &App<'_>, all: &[NodeId], many: usize) -> Vec<NodeId> {
    let film = app.film();
    let mut counts: Vec<(u64, NodeId)> = all.iter().map(|node| (0, *node)).collect();
    for row in &app.scene().rows {
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

/// The nodes that an event is about.
const fn ends(event: &TraceEvent<'_>) -> [Option<NodeId>; 2] {
    match event.kind {
        Kind::Sent { to, .. } => [event.node, Some(to)],
        Kind::Delivered { from, .. }
        | Kind::Dropped { from, .. }
        | Kind::Corrupted { from, .. }
        | Kind::Duplicated { from, .. } => [event.node, Some(from)],
        _ => [event.node, None],
    }
}

pub(super) fn draw(app: &App<'_>, pen: &mut Pen<'_>, area: Rect) {
    let lanes = Lanes::new(app, area);
    heading(app, pen, &lanes, area);
    for (row, y) in app.scene().rows.iter().zip(area.y..area.bottom()) {
        draw_row(app, pen, &lanes, *row, y, area);
    }
}

fn heading(app: &App<'_>, pen: &mut Pen<'_>, lanes: &Lanes, area: Rect) {
    // In the rule above the diagram, so that it costs no row.
    let y = area.y - 1;
    for (lane, node) in lanes.nodes.iter().enumerate() {
        let name = app.film().names().node(*node);
        let name = clip(&name, lanes.band - 1);
        let begin = lanes.column(lane).saturating_sub(width(name) / 2);
        let same = app.inspected_node() == Some(*node);
        let style = if same { app.theme().cursor } else { app.theme().strong };
        pen.text(begin, y, name, style);
    }
    if lanes.folded > 0 {
        pen.text(1, y, &format!("+{} nodes", lanes.folded), app.theme().strong);
    }
}

fn draw_row(app: &App<'_>, pen: &mut Pen<'_>, lanes: &Lanes, row: Row, y: u16, area: Rect) {
    let (film, theme, glyphs) = (app.film(), app.theme(), app.glyphs());
    let Some(event) = film.event(row.number) else { return };
    let style = match row.relation {
        Relation::Same => theme.strong,
        Relation::Past => theme.past,
        Relation::Future => theme.future,
        Relation::Concurrent => theme.faint,
    };
    lives(app, pen, lanes, row.number, y);
    let millis = event.at.nanos() / 1_000_000;
    let time = format!("{:>5}.{:03}", millis / 1_000, millis % 1_000);
    if row.relation == Relation::Same {
        pen.text(0, y, glyphs.cursor, theme.strong);
        pen.text(1, y, clip(&time, MARGIN - 2), theme.cursor);
    } else {
        pen.text(1, y, clip(&time, MARGIN - 2), style);
    }
    let room = area.width.saturating_sub(1);
    let mut drawing = Drawing { app, pen, lanes, y, room, style };
    drawing.event(&event);
}

/// How each node is then, and who cannot talk to whom.
fn lives(app: &App<'_>, pen: &mut Pen<'_>, lanes: &Lanes, number: u64, y: u16) {
    let (index, theme, glyphs) = (app.film().index(), app.theme(), app.glyphs());
    for (lane, node) in lanes.nodes.iter().enumerate() {
        let glyph = match index.life(*node, number) {
            Life::Absent => " ",
            Life::Down => glyphs.down,
            Life::Paused => glyphs.paused,
            Life::Up if index.operation(*node, number).is_some() => glyphs.busy,
            Life::Up => glyphs.lane,
        };
        pen.cell(lanes.column(lane), y, glyph, theme.faint);
    }
    let groups = index.groups(number);
    if groups.len() < 2 {
        return;
    }
    let group = |node: &NodeId| groups.iter().position(|group| group.contains(node));
    for (lane, pair) in lanes.nodes.windows(2).enumerate() {
        if group(&pair[0]) != group(&pair[1]) {
            let between = u16::midpoint(lanes.column(lane), lanes.column(lane + 1));
            pen.cell(between, y, glyphs.wall, theme.fault);
        }
    }
}

/// One row.
struct Drawing<'d, 'a> {
    app: &'d App<'d>,
    pen: &'d mut Pen<'a>,
    lanes: &'d Lanes,
    y: u16,
    room: u16,
    style: Style,
}

impl Drawing<'_, '_> {
    fn event(&mut self, event: &TraceEvent<'_>) {
        let glyphs = self.app.glyphs();
        let film = self.app.film();
        let text = label(film, event);
        match event.kind {
            Kind::Delivered { from, .. } => {
                let changed = film.index().changes_state(event.seq.get());
                let end = if changed { glyphs.changed } else { glyphs.event };
                self.arrow(Some(from), event.node, end, &text, false);
            }
            Kind::Dropped { from, .. } => {
                self.arrow(Some(from), event.node, glyphs.lost, &text, true)
            }
            Kind::Corrupted { from, .. } => {
                self.arrow(Some(from), event.node, glyphs.damaged, &text, true);
            }
            Kind::Duplicated { from, .. } => {
                self.arrow(Some(from), event.node, glyphs.doubled, &text, true);
            }
            Kind::Cut { .. } | Kind::Healed { .. } | Kind::Began { .. } | Kind::Ended { .. } => {
                self.banner(&text);
            }
            _ => match event.node {
                Some(node) => self.local(node, self.glyph(event), &text),
                None => self.banner(&text),
            },
        }
    }

    fn glyph(&self, event: &TraceEvent<'_>) -> &'static str {
        let glyphs = self.app.glyphs();
        match event.kind {
            Kind::Sent { .. } => glyphs.sent,
            Kind::Invoked { .. } => glyphs.invoked,
            Kind::Returned { .. } => glyphs.returned,
            Kind::TimerFired { .. } => glyphs.timer,
            Kind::Crashed | Kind::Halted | Kind::Left | Kind::Wiped => glyphs.crash,
            Kind::Restarted | Kind::Resumed { .. } => glyphs.restart,
            Kind::Paused => glyphs.paused,
            Kind::Found { .. } => glyphs.violation,
            Kind::ClockChanged { .. } | Kind::DiskActed { .. } => glyphs.damaged,
            _ if self.app.film().index().changes_state(event.seq.get()) => glyphs.changed,
            _ => glyphs.event,
        }
    }

    /// Something at one node: its glyph, and words beside it.
    fn local(&mut self, node: NodeId, glyph: &str, text: &Label) {
        let Some(at) = self.lanes.of(node) else {
            let text = format!("{} {glyph} {}", self.app.film().names().node(node), text.long);
            self.pen.clipped(self.lanes.first, self.y, &text, self.room, self.style);
            return;
        };
        self.pen.cell(at, self.y, glyph, self.style);
        self.beside(at, at, text);
    }

    /// Words right of `right`, or left of `left` where there is more room.
    fn beside(&mut self, left: u16, right: u16, text: &Label) {
        if text.long.is_empty() {
            return;
        }
        let after = self.room.saturating_sub(right + 2);
        let before = left.saturating_sub(MARGIN + 1);
        let more = self.app.glyphs().more;
        if width(&text.long) <= after || after >= before {
            let text = text.fitting(after, more);
            self.pen.text(right + 1, self.y, &format!(" {text}"), self.style);
        } else {
            let text = text.fitting(before, more);
            let begin = left.saturating_sub(width(&text) + 1);
            self.pen.text(begin, self.y, &format!("{text} "), self.style);
        }
    }

    /// A datagram on its way, with words on the wire if they fit, or beside it. One that does not arrive
    /// ends half-way.
    fn arrow(
        &mut self,
        from: Option<NodeId>,
        to: Option<NodeId>,
        end: &str,
        text: &Label,
        halts: bool,
    ) {
        let glyphs = self.app.glyphs();
        let lane = |node: Option<NodeId>| node.and_then(|node| self.lanes.of(node));
        let (Some(from_at), Some(to_at)) = (lane(from), lane(to)) else {
            let name = |node: Option<NodeId>| {
                node.map_or_else(String::new, |node| self.app.film().names().node(node))
            };
            let text = format!("{} {} {} {end} {}", name(from), glyphs.right, name(to), text.long);
            self.pen.clipped(self.lanes.first, self.y, &text, self.room, self.style);
            return;
        };
        if from_at == to_at {
            self.pen.cell(to_at, self.y, end, self.style);
            return self.beside(to_at, to_at, text);
        }
        let stop = if halts { u16::midpoint(from_at, to_at) } else { to_at };
        let (low, high) = (from_at.min(stop), from_at.max(stop));
        for x in low + 1..high {
            let lane = (0..self.lanes.nodes.len()).any(|lane| self.lanes.column(lane) == x);
            self.pen.cell(x, self.y, if lane { glyphs.crossing } else { glyphs.wire }, self.style);
        }
        self.pen.cell(from_at, self.y, glyphs.sent, self.style);
        self.pen.cell(stop, self.y, end, self.style);
        if !halts && high - low > 1 {
            let (head, at) =
                if from_at < to_at { (glyphs.right, stop - 1) } else { (glyphs.left, stop + 1) };
            self.pen.cell(at, self.y, head, self.style);
        }
        let inside = (high - low).saturating_sub(3);
        let all = [Some(&text.long), text.short.as_ref()];
        let fitting = |words: &&String| !halts && width(words) + 2 <= inside;
        if let Some(words) = all.into_iter().flatten().find(fitting) {
            let begin = low + 1 + (high - low - width(words)) / 2;
            self.pen.text(begin, self.y, words, self.style);
        } else {
            let (left, right) = (low.min(to_at), high.max(to_at));
            self.beside(left, right, text);
        }
    }

    /// Something that concerns the whole world.
    fn banner(&mut self, text: &Label) {
        let (glyphs, theme) = (self.app.glyphs(), self.app.theme());
        let end = self.lanes.end().min(self.room);
        for x in self.lanes.first..end {
            self.pen.cell(x, self.y, glyphs.banner, theme.fault);
        }
        let room = end.saturating_sub(self.lanes.first + 4);
        let text = text.fitting(room, glyphs.more);
        self.pen.text(self.lanes.first + 2, self.y, &format!(" {text} "), theme.fault);
    }
}

/// An event in few words, and in fewer still for where these do not fit.
struct Label {
    long: String,
    short: Option<String>,
}

impl Label {
    /// The longer one that takes at most so many cells, or the begin of the shorter.
    fn fitting(&self, room: u16, more: &str) -> String {
        let all = [Some(&self.long), self.short.as_ref()];
        let mut fitting = all.into_iter().flatten().filter(|words| width(words) <= room);
        fitting.next().cloned().unwrap_or_else(|| {
            let short = self.short.as_ref().unwrap_or(&self.long);
            format!("{}{more}", clip(short, room.saturating_sub(1)))
        })
    }
}

fn label(film: &Film<'_>, event: &TraceEvent<'_>) -> Label {
    let kind = film.index().message(event.seq.get()).unwrap_or("datagram");
    let message = || {
        let read = film.dissect(event).map(|dissection| dissection.summary);
        read.unwrap_or_else(|| format!("{} bytes", event.bytes.len()))
    };
    let (long, short) = match event.kind {
        Kind::Sent { to, .. } => {
            (format!("{} to {}", message(), film.names().node(to)), kind.to_owned())
        }
        Kind::Delivered { .. } => (message(), kind.to_owned()),
        Kind::Dropped { why, .. } => (format!("lost: {why} ({})", message()), why.to_string()),
        Kind::Corrupted { .. } => (format!("damaged ({})", message()), "damaged".to_owned()),
        Kind::Duplicated { .. } => (format!("a second {kind}"), "again".to_owned()),
        _ => return Label { long: words(film, event), short: None },
    };
    Label { long, short: Some(short) }
}

/// An event that is no datagram's.
fn words(film: &Film<'_>, event: &TraceEvent<'_>) -> String {
    let bytes = || String::from_utf8_lossy(event.bytes).into_owned();
    match event.kind {
        Kind::Invoked { .. } => Operation::from_bytes(event.bytes)
            .map_or_else(|error| error.to_string(), |o| o.to_string()),
        Kind::Returned { .. } => Outcome::from_bytes(event.bytes)
            .map_or_else(|error| error.to_string(), |o| o.to_string()),
        Kind::Cut { fault } => format!("CUT {}", film.names().fault(fault)),
        Kind::Healed { fault } => format!("HEAL {}", film.names().fault(fault)),
        Kind::Began { fault } => format!("FAULT {}: {}", film.names().fault(fault), bytes()),
        Kind::Ended { fault } => format!("over: {}", film.names().fault(fault)),
        Kind::Crashed => "CRASH".to_owned(),
        Kind::Restarted => "RESTART".to_owned(),
        Kind::Halted => "HALT".to_owned(),
        Kind::Left => "LEFT".to_owned(),
        Kind::Wiped => "WIPED".to_owned(),
        Kind::Paused => "PAUSE".to_owned(),
        Kind::Noted { name, .. } => {
            let words = bytes();
            if words.is_empty() { name.to_owned() } else { format!("{name}: {words}") }
        }
        Kind::Found { name } => format!("{name}: {}", bytes()),
        Kind::TimerFired { key, .. } => format!("timer {key}"),
        Kind::TimerSet { key, due, .. } => format!("sets timer {key} to {due}"),
        Kind::TimerCancelled { key, .. } => format!("forgets timer {key}"),
        _ => {
            // As the log has it, without the node and the name of the kind.
            let whole = line(event, &film.words());
            whole.get(19..).map_or(whole.clone(), |rest| rest.trim().to_owned())
        }
    }
}
