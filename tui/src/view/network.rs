//! The network as a graph: the nodes of a place in a box, lines between boxes, dots for what is under way.
//!
//! ```text
//!   ┌A Beijing──┐                ┌A Hangzhou─┐
//!   │beijing 59 │────●─────────▶─│hangzhou 59│
//!   └───────────┘╲               └───────────┘
//!                 ╲      ▌
//!                  ✕─▌ ┌B Shanghai─┐
//!                      │shanghai 60│
//!                      └───────────┘
//! ```

use super::pen::{Pen, clip, width};
use crate::app::App;
use crate::film::Life;
use ratatui::layout::Rect;
use simlab_core::NodeId;

/// The graph is drawn in so much room at least.
const LEAST: (u16, u16) = (33, 9);
/// With more places than this there is a list instead.
const PLACES: usize = 12;

/// A place with its nodes.
struct Place {
    name: String,
    nodes: Vec<NodeId>,
    area: Rect,
}

/// Draws the graph in the upper part of an area. Returns how many rows it takes.
pub(super) fn draw(app: &App<'_>, pen: &mut Pen<'_>, area: Rect) -> u16 {
    let mut places = places(app);
    let rows = (area.height * 3 / 5).clamp(LEAST.1, 30);
    // Some rows are for the lines below.
    if app.inspected().nothing || area.width < LEAST.0 || area.height < rows + 3 {
        return list(app, pen, area);
    }
    if places.len() > PLACES {
        return list(app, pen, area);
    }
    let area = Rect { height: rows, ..area };
    if !arrange(app, &mut places, area) {
        return list(app, pen, area);
    }
    for (one, place) in places.iter().enumerate() {
        for other in &places[one + 1..] {
            link(app, pen, place, other);
        }
    }
    places.iter().for_each(|place| draw_place(app, pen, place));
    flows(app, pen, &places);
    rows
}

/// The places of the story, and the nodes that are nowhere, each for itself.
fn places(app: &App<'_>) -> Vec<Place> {
    let scenario = app.scenario();
    let area = Rect::default();
    let hidden = |node: &NodeId| app.filter().is_some_and(|filter| filter.hides(*node));
    let sites = scenario.sites.iter().map(|(name, nodes)| {
        let nodes = nodes.iter().copied().filter(|node| !hidden(node)).collect();
        Place { name: name.clone(), nodes, area }
    });
    let alone = scenario.nodes.iter().filter(|node| node.site.is_none() && !hidden(&node.id));
    let alone = alone.map(|node| Place { name: String::new(), nodes: vec![node.id], area });
    sites.chain(alone).filter(|place| !place.nodes.is_empty()).collect()
}

/// What is said of a node in a box of so many columns inside: of a long name only the begin.
fn words(app: &App<'_>, node: NodeId, room: u16) -> String {
    let (film, cursor) = (app.film(), app.cursor());
    let glyphs = app.glyphs();
    let name = film.names().node(node);
    let headline = app.inspected().headlines.get(node.index()).and_then(Option::as_ref);
    let life = match film.index().life(node, cursor) {
        Life::Up => String::new(),
        Life::Absent => format!(" {}", glyphs.calm),
        Life::Paused => format!(" {} still", glyphs.paused),
        Life::Down => format!(" {} down", glyphs.crash),
    };
    let rest = match headline {
        Some(headline) => format!("{life} {headline}"),
        None => life,
    };
    let name = clip(&name, room.saturating_sub(width(&rest)).max(2));
    format!("{name}{rest}")
}

/// Gives each place its box: three in a triangle, others around. Returns whether they fit.
fn arrange(app: &App<'_>, places: &mut [Place], area: Rect) -> bool {
    let most = if places.len() > 1 { area.width.saturating_sub(1) / 2 } else { area.width };
    for place in places.iter_mut() {
        let lines = place.nodes.iter().map(|node| width(&words(app, *node, u16::MAX)));
        let inside = lines.chain([width(&place.name) + 3]).max().unwrap_or(1);
        place.area.width = (inside + 2).min(most);
        place.area.height = place.nodes.len() as u16 + 2;
    }
    let count = places.len();
    // Rows of boxes, two in a row, the last one alone in the middle if the number is odd; one row of
    // them where the area is wide.
    let wide = area.width / (count.max(1) as u16) >= 24;
    let in_row = if wide && count > 3 { count.div_ceil(2) } else { 2 };
    let lines = count.div_ceil(in_row);
    let heights: Vec<u16> = (0..lines)
        .map(|line| {
            let row = places.iter().skip(line * in_row).take(in_row);
            row.map(|place| place.area.height).max().unwrap_or(0)
        })
        .collect();
    let needed: u16 = heights.iter().sum();
    if needed > area.height {
        return false;
    }
    let gap = (area.height - needed) / (lines.max(2) as u16 - 1).max(1);
    let mut y = area.y;
    for (line, height) in heights.iter().enumerate() {
        let row: Vec<usize> = (line * in_row..((line + 1) * in_row).min(count)).collect();
        let band = area.width / row.len() as u16;
        for (column, place) in row.iter().enumerate() {
            let place = &mut places[*place];
            let free = band.saturating_sub(place.area.width);
            // Those at the sides stand at the sides.
            let shift = match (column, row.len()) {
                (_, 1) => free / 2,
                (0, _) => 0,
                (last, many) if last + 1 == many => free,
                _ => free / 2,
            };
            place.area.x = area.x + band * column as u16 + shift;
            place.area.y = y;
        }
        y += height + gap.min(6);
    }
    places
        .iter()
        .all(|place| place.area.right() <= area.right() && place.area.bottom() <= area.bottom())
}

fn draw_place(app: &App<'_>, pen: &mut Pen<'_>, place: &Place) {
    let (theme, glyphs, area) = (app.theme(), app.glyphs(), place.area);
    pen.clear(area);
    let (left, right) = (area.x, area.right() - 1);
    for x in left..=right {
        pen.cell(x, area.y, glyphs.rule, theme.faint);
        pen.cell(x, area.bottom() - 1, glyphs.rule, theme.faint);
    }
    for y in area.y + 1..area.bottom() - 1 {
        pen.cell(left, y, glyphs.border, theme.faint);
        pen.cell(right, y, glyphs.border, theme.faint);
    }
    for ((x, y), corner) in [
        ((left, area.y), glyphs.corners[0]),
        ((right, area.y), glyphs.corners[1]),
        ((left, area.bottom() - 1), glyphs.corners[2]),
        ((right, area.bottom() - 1), glyphs.corners[3]),
    ] {
        pen.cell(x, y, corner, theme.faint);
    }
    let name = match group(app, place.nodes[0]) {
        Some(group) => format!("{group} {}", place.name),
        None => place.name.clone(),
    };
    let style = if group(app, place.nodes[0]).is_some() { theme.fault } else { theme.strong };
    pen.clipped(left + 1, area.y, &name, area.width.saturating_sub(2), style);
    for (node, y) in place.nodes.iter().zip(area.y + 1..) {
        let here = app.inspected_node() == Some(*node);
        let style = if here { theme.cursor } else { theme.text };
        let words = words(app, *node, area.width - 2);
        pen.clipped(left + 1, y, &words, area.width - 2, style);
    }
}

/// The letter of the group that a node is in, while not everybody can talk to everybody.
fn group(app: &App<'_>, node: NodeId) -> Option<char> {
    let groups = app.film().index().groups(app.cursor());
    let place = groups.iter().position(|group| group.contains(&node))?;
    (groups.len() > 1).then(|| char::from(b'A' + (place % 26) as u8))
}

/// The cells from one box to another.
fn way(from: &Place, to: &Place) -> Vec<(u16, u16)> {
    let middle =
        |area: Rect| (i32::from(area.x + area.width / 2), i32::from(area.y + area.height / 2));
    let ((x0, y0), (x1, y1)) = (middle(from.area), middle(to.area));
    let long = (x1 - x0).abs().max((y1 - y0).abs()).max(1);
    let at = |step: i32| {
        let round = |from: i32, to: i32| from + ((to - from) * step * 2 + long) / (2 * long);
        (round(x0, x1) as u16, round(y0, y1) as u16)
    };
    let inside = |area: Rect, (x, y): (u16, u16)| {
        (area.x..area.right()).contains(&x) && (area.y..area.bottom()).contains(&y)
    };
    let cells = (0..=long).map(at);
    cells.filter(|cell| !inside(from.area, *cell) && !inside(to.area, *cell)).collect()
}

/// Whether datagrams get from some node of a place to some node of another.
fn open(app: &App<'_>, from: &Place, to: &Place) -> bool {
    let mut pairs = from.nodes.iter().flat_map(|a| to.nodes.iter().map(move |b| (*a, *b)));
    pairs.any(|(a, b)| app.open(a, b))
}

fn link(app: &App<'_>, pen: &mut Pen<'_>, one: &Place, other: &Place) {
    let (theme, glyphs) = (app.theme(), app.glyphs());
    let cells = way(one, other);
    let ways = [open(app, one, other), open(app, other, one)];
    for (number, (x, y)) in cells.iter().enumerate() {
        let next = cells.get(number + 1).or_else(|| number.checked_sub(1).map(|last| &cells[last]));
        let glyph = match next {
            Some((_, other)) if other == y => glyphs.wire,
            Some((other, _)) if other == x => glyphs.border,
            _ => glyphs.far_wire,
        };
        pen.cell(*x, *y, glyph, theme.faint);
    }
    if ways != [true, true]
        && let Some((x, y)) = cells.get(cells.len() / 2)
    {
        pen.cell(*x, *y, glyphs.wall, theme.fault);
        // One way still open points there.
        let head = match ways {
            [true, false] => cells.last(),
            [false, true] => cells.first(),
            _ => None,
        };
        if let Some((x, y)) = head {
            pen.cell(*x, *y, glyphs.event, theme.strong);
        }
    }
}

/// What is under way, each where it is by now.
fn flows(app: &App<'_>, pen: &mut Pen<'_>, places: &[Place]) {
    let (theme, glyphs) = (app.theme(), app.glyphs());
    let place_of = |node: NodeId| places.iter().find(|place| place.nodes.contains(&node));
    for flow in app.flows() {
        let (Some(from), Some(to)) = (place_of(flow.from), place_of(flow.to)) else { continue };
        let cells = way(from, to);
        let Some(last) = cells.len().checked_sub(1) else { continue };
        let (x, y) = cells[last * usize::from(flow.done) / 1_000];
        let right = to.area.x >= from.area.x;
        pen.cell(x, y, if right { glyphs.right } else { glyphs.left }, theme.changed);
    }
}

/// Where there is no room for a graph: the nodes, by the group that they are in.
fn list(app: &App<'_>, pen: &mut Pen<'_>, area: Rect) -> u16 {
    let theme = app.theme();
    let mut nodes: Vec<NodeId> = app.scenario().nodes.iter().map(|node| node.id).collect();
    nodes.sort_by_key(|node| (group(app, *node), *node));
    let rows = (area.height / 2).min(nodes.len() as u16);
    for (node, y) in nodes.iter().zip(area.y..area.y + rows) {
        let group = group(app, *node).map_or_else(String::new, |group| format!("{group} "));
        let here = app.inspected_node() == Some(*node);
        let style = if here { theme.cursor } else { theme.text };
        pen.clipped(
            area.x,
            y,
            &format!("{group}{}", words(app, *node, area.width)),
            area.width,
            style,
        );
    }
    if nodes.len() > usize::from(rows) && rows > 0 {
        let more =
            format!("{} and {} more nodes", app.glyphs().more, nodes.len() + 1 - usize::from(rows));
        pen.clear(Rect::new(area.x, area.y + rows - 1, area.width, 1));
        pen.clipped(area.x, area.y + rows - 1, &more, area.width, theme.faint);
    }
    rows
}
