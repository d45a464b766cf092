//! Space and time: time runs down, a lane is a node, datagrams run across.
//!
//! ```text
//!              beijing    hangzhou  ▌  shanghai
//!    12.034       │──prepare 3.0──▶●▌      │        a delivery: from whom, what, to whom
//!    12.051       │          │   ✕─▌──────│        one that got lost, on its way, and why
//! ▶  12.060       ┳ sell 1   │     ▌      │        an operation of a client begins; the lane is thick
//!    12.100    ═══════════ the cut ════════        what concerns the whole world
//! ```

mod label;
mod lanes;

use super::pen::{Pen, clip, shorten, width};
use crate::app::scene::{Line, Relation, Row, Scene};
use crate::app::{App, differs};
use crate::film::{Film, Life};
use label::{Label, label};
use lanes::{Lanes, MARGIN};
use ratatui::layout::Rect;
use ratatui::style::Style;
use simlab_core::{Kind, NodeId, OpId, TraceEvent};

/// What is drawn: a variant, and how.
#[derive(Clone, Copy)]
struct Shown<'d, 'c> {
    app: &'d App<'c>,
    film: &'d Film<'c>,
    variant: usize,
}

/// Draws a variant, its scene, in an area; the row above it is the heading.
pub(super) fn draw(app: &App<'_>, variant: usize, scene: &Scene, pen: &mut Pen<'_>, area: Rect) {
    let film = &app.films()[variant];
    let lanes = Lanes::new(app, film, scene, area);
    let shown = Shown { app, film, variant };
    heading(shown, pen, &lanes, area);
    let mut last = None;
    for (line, y) in scene.lines.iter().zip(area.y..area.bottom()) {
        match line {
            Line::Event(row) => {
                last = Some(row.number);
                draw_row(shown, pen, &lanes, *row, y, area);
            }
            Line::Folded(words) => {
                lives(shown, pen, &lanes, last.unwrap_or(1), true, y);
                let text = format!(" {} {words} ", app.glyphs().more);
                let room = area.right().saturating_sub(lanes.first + 2);
                pen.clipped(lanes.first + 1, y, &text, room, app.theme().faint);
            }
            Line::Blank => lives(shown, pen, &lanes, last.unwrap_or(1), true, y),
        }
    }
}

fn heading(shown: Shown<'_, '_>, pen: &mut Pen<'_>, lanes: &Lanes, area: Rect) {
    // In the rule above the diagram, so that it costs no row.
    let Shown { app, film, variant } = shown;
    let y = area.y - 1;
    for (lane, node) in lanes.nodes.iter().enumerate() {
        let name = film.names().node(*node);
        let name = shorten(&name, lanes.band - 1, app.glyphs().more);
        let begin = lanes.column(lane).saturating_sub(width(&name) / 2);
        let same = app.inspected_node() == Some(*node) && variant == app.shown();
        let style = if same { app.theme().cursor } else { app.theme().strong };
        pen.text(begin, y, &name, style);
    }
    if app.scenes().len() > 1 {
        let first = lanes.nodes.first().map_or(0, |node| width(&film.names().node(*node)));
        let free = lanes.column(0).saturating_sub(first.min(lanes.band) / 2 + area.x + 2);
        let name = format!(" {} ", clip(film.variant(), free.max(MARGIN - 2)));
        pen.text(area.x, y, &name, app.theme().strong);
    } else if lanes.folded > 0 {
        pen.text(area.x + 1, y, &format!("+{} nodes", lanes.folded), app.theme().strong);
    }
}

fn draw_row(shown: Shown<'_, '_>, pen: &mut Pen<'_>, lanes: &Lanes, row: Row, y: u16, area: Rect) {
    let Shown { app, film, variant } = shown;
    let (theme, glyphs) = (app.theme(), app.glyphs());
    let Some(event) = film.event(row.number) else { return };
    let style = match row.relation {
        Relation::Same => theme.strong,
        Relation::Past => theme.past,
        Relation::Future => theme.future,
        Relation::Concurrent => theme.faint,
    };
    lives(shown, pen, lanes, row.number, false, y);
    let x = area.x;
    let millis = event.at.nanos() / 1_000_000;
    let time = format!("{:>5}.{:03}", millis / 1_000, millis % 1_000);
    if row.relation == Relation::Same {
        pen.text(x, y, glyphs.cursor, theme.strong);
        pen.text(x + 1, y, clip(&time, MARGIN - 2), theme.cursor);
    } else {
        pen.text(x + 1, y, clip(&time, MARGIN - 2), style);
    }
    let differs = app.partner_of(variant).is_some_and(|other| differs(film, other, &event));
    if app.parts_at(variant, row.number) || differs {
        pen.text(x + MARGIN - 1, y, glyphs.damaged, theme.changed);
    } else if variant == app.shown() && app.marks().contains(&row.number) {
        pen.text(x + MARGIN - 1, y, glyphs.mark, theme.strong);
    }
    let room = area.right().saturating_sub(1);
    let mut drawing = Drawing { shown, pen, lanes, y, room, style, begin: x };
    drawing.event(&event);
}

/// How each node is at a record, or after it, and who cannot talk to whom.
fn lives(shown: Shown<'_, '_>, pen: &mut Pen<'_>, lanes: &Lanes, number: u64, after: bool, y: u16) {
    let Shown { app, film, .. } = shown;
    let (index, theme, glyphs) = (film.index(), app.theme(), app.glyphs());
    for (lane, node) in lanes.nodes.iter().enumerate() {
        let glyph = match index.life(*node, number) {
            Life::Absent => " ",
            Life::Down => glyphs.down,
            Life::Paused => glyphs.paused,
            Life::Up if index.is_busy(*node, number, after) => glyphs.busy,
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

/// How far a datagram comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It arrives.
    Whole,
    /// It arrives late, or again.
    Odd,
    /// Something happens to it half-way.
    Half,
}

/// One row.
struct Drawing<'d, 'c, 'a> {
    shown: Shown<'d, 'c>,
    pen: &'d mut Pen<'a>,
    lanes: &'d Lanes,
    y: u16,
    /// Where the area begins, and where it ends.
    begin: u16,
    room: u16,
    style: Style,
}

impl Drawing<'_, '_, '_> {
    fn event(&mut self, event: &TraceEvent<'_>) {
        let glyphs = self.shown.app.glyphs();
        let film = self.shown.film;
        let text = label(film, event);
        match event.kind {
            Kind::Delivered { from, .. } => {
                let index = film.index();
                let changed = index.changes_state(event.seq.get());
                let end = if changed { glyphs.changed } else { glyphs.event };
                let late = index.is_late(event.seq.get()) || index.is_again(event.seq.get());
                let way = if late { Way::Odd } else { Way::Whole };
                self.arrow(Some(from), event.node, end, &text, way);
            }
            Kind::Dropped { from, .. } => {
                self.arrow(Some(from), event.node, glyphs.lost, &text, Way::Half)
            }
            Kind::Corrupted { from, .. } => {
                self.arrow(Some(from), event.node, glyphs.damaged, &text, Way::Half);
            }
            Kind::Duplicated { from, .. } | Kind::Replayed { from, .. } => {
                self.arrow(Some(from), event.node, glyphs.doubled, &text, Way::Half);
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
        let glyphs = self.shown.app.glyphs();
        match event.kind {
            Kind::Sent { .. } => glyphs.sent,
            Kind::Invoked { .. } => glyphs.invoked,
            Kind::Returned { op } if self.is_wrong(op, event) => glyphs.violation,
            Kind::Returned { .. } => glyphs.returned,
            Kind::TimerFired { .. } => glyphs.timer,
            Kind::Crashed | Kind::Halted | Kind::Left | Kind::Wiped => glyphs.crash,
            Kind::Restarted | Kind::Resumed { .. } => glyphs.restart,
            Kind::Paused => glyphs.paused,
            Kind::Found { .. } => glyphs.violation,
            Kind::ClockChanged { .. } | Kind::DiskActed { .. } => glyphs.damaged,
            _ if self.shown.film.index().changes_state(event.seq.get()) => glyphs.changed,
            _ => glyphs.event,
        }
    }

    /// Whether an answer is one that ought not to be.
    fn is_wrong(&self, op: OpId, event: &TraceEvent<'_>) -> bool {
        self.shown.film.verdict().is_some_and(|verdict| {
            verdict.stale(op).is_some() || verdict.broke_at(event.seq.get()).is_some()
        })
    }

    /// Something at one node: its glyph, and words beside it.
    fn local(&mut self, node: NodeId, glyph: &str, text: &Label) {
        let Some(at) = self.lanes.of(node) else {
            let text = format!("{} {glyph} {}", self.shown.film.names().node(node), text.long);
            let room = self.room.saturating_sub(self.lanes.first);
            self.pen.clipped(self.lanes.first, self.y, &text, room, self.style);
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
        let before = left.saturating_sub(self.begin + MARGIN + 1);
        let more = self.shown.app.glyphs().more;
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
        way: Way,
    ) {
        let glyphs = self.shown.app.glyphs();
        let halts = way == Way::Half;
        let wire = if way == Way::Odd { glyphs.odd_wire } else { glyphs.wire };
        let lane = |node: Option<NodeId>| node.and_then(|node| self.lanes.of(node));
        let (Some(from_at), Some(to_at)) = (lane(from), lane(to)) else {
            let name = |node: Option<NodeId>| {
                node.map_or_else(String::new, |node| self.shown.film.names().node(node))
            };
            let text = format!("{} {} {} {end} {}", name(from), glyphs.right, name(to), text.long);
            let room = self.room.saturating_sub(self.lanes.first);
            self.pen.clipped(self.lanes.first, self.y, &text, room, self.style);
            return;
        };
        if from_at == to_at {
            self.pen.cell(to_at, self.y, end, self.style);
            return self.beside(to_at, to_at, text);
        }
        let is_lane = |x: u16| (0..self.lanes.nodes.len()).any(|lane| self.lanes.column(lane) == x);
        let stop = match u16::midpoint(from_at, to_at) {
            // Where another node's lane is, it would look as if that had lost it.
            middle if halts && is_lane(middle) && middle > from_at => middle - 1,
            middle if halts && is_lane(middle) => middle + 1,
            middle if halts => middle,
            _ => to_at,
        };
        let (low, high) = (from_at.min(stop), from_at.max(stop));
        for x in low + 1..high {
            let lane = (0..self.lanes.nodes.len()).any(|lane| self.lanes.column(lane) == x);
            self.pen.cell(x, self.y, if lane { glyphs.crossing } else { wire }, self.style);
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
        let (glyphs, theme) = (self.shown.app.glyphs(), self.shown.app.theme());
        let end = self.lanes.end().min(self.room);
        for x in self.lanes.first..end {
            self.pen.cell(x, self.y, glyphs.banner, theme.fault);
        }
        let room = end.saturating_sub(self.lanes.first + 4);
        let text = text.fitting(room, glyphs.more);
        self.pen.text(self.lanes.first + 2, self.y, &format!(" {text} "), theme.fault);
    }
}
