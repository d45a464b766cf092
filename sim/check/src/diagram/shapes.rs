//! The shapes of the diagram as SVG, all at whole pixels.

use super::xml::Xml;

/// Where a bar lies: its ends, its middle and its height.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) y: usize,
    pub(super) height: usize,
}

/// How it ends.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    /// Whether its left and its right end are drawn, and not in another panel.
    pub(super) closed: [bool; 2],
    /// Whether it goes on for ever.
    pub(super) arrow: bool,
}

/// How long the head of an arrow is.
const HEAD: usize = 8;

/// A bar; what comes after its client gave it up is dashed.
pub(super) fn bar(xml: &mut Xml, span: Span, ends: Ends, given_up: Option<usize>) {
    let Some(middle) = given_up.filter(|x| *x < span.to) else {
        return part(xml, span, ends, "line");
    };
    let [left, right] = ends.closed;
    if middle > span.from {
        part(
            xml,
            Span { to: middle, ..span },
            Ends { closed: [left, false], arrow: false },
            "line",
        );
    }
    let left = left && middle <= span.from;
    let ends = Ends { closed: [left, right], ..ends };
    part(xml, Span { from: middle, ..span }, ends, "line forgotten");
}

fn part(xml: &mut Xml, span: Span, ends: Ends, class: &str) {
    let Span { from, to, y, height } = span;
    let (top, bottom) = (y - height / 2, y + height / 2);
    let neck = if ends.arrow { to.saturating_sub(HEAD).max(from) } else { to };
    let head = if ends.arrow { format!("L {to} {y} ") } else { String::new() };
    let fill = format!("M {from} {top} H {neck} {head}L {neck} {bottom} H {from} Z");
    xml.leaf("path", &[("class", &"fill"), ("d", &fill)]);
    let [left, right] = ends.closed;
    let start =
        if left { format!("M {from} {bottom} V {top} ") } else { format!("M {from} {top} ") };
    let turn = match (ends.arrow, right) {
        (true, _) => format!("{head}L {neck} {bottom}"),
        (false, true) => format!("V {bottom}"),
        (false, false) => format!("M {neck} {bottom}"),
    };
    let line = format!("{start}H {neck} {turn} H {from}");
    xml.leaf("path", &[("class", &class), ("d", &line)]);
}

pub(super) fn line(xml: &mut Xml, class: &str, from: [usize; 2], to: [usize; 2]) {
    let ([x1, y1], [x2, y2]) = (from, to);
    xml.leaf("line", &[("class", &class), ("x1", &x1), ("y1", &y1), ("x2", &x2), ("y2", &y2)]);
}

/// The mark of what broke.
pub(super) fn cross(xml: &mut Xml, x: usize, y: usize, r: usize) {
    let (left, right, top, bottom) = (x - r, x + r, y - r, y + r);
    let path = format!("M {left} {top} L {right} {bottom} M {left} {bottom} L {right} {top}");
    xml.leaf("path", &[("class", &"halo"), ("d", &path)]);
    xml.leaf("path", &[("class", &"cross"), ("d", &path)]);
}

/// The mark of what cannot all be true.
pub(super) fn diamond(xml: &mut Xml, x: usize, y: usize) {
    let (left, right, top, bottom) = (x - 5, x + 5, y - 5, y + 5);
    let path = format!("M {left} {y} L {x} {top} L {right} {y} L {x} {bottom} Z");
    xml.leaf("path", &[("class", &"diamond"), ("d", &path)]);
}

/// A linearization point, round or oblong, for a number.
pub(super) fn point(xml: &mut Xml, x: usize, y: usize, wide: usize) {
    let (left, top) = (x - wide / 2, y - 8);
    let place: [(&str, &dyn std::fmt::Display); 2] = [("x", &left), ("y", &top)];
    let (w, h) = (wide, 16);
    xml.leaf(
        "rect",
        &[("class", &"point"), place[0], place[1], ("width", &w), ("height", &h), ("rx", &8)],
    );
}

/// A band where others were left out.
pub(super) fn gap(xml: &mut Xml, x: usize, top: usize, bottom: usize) {
    let (left, right) = (x - 4, x + 4);
    let band = format!("M {left} {top} H {right} V {bottom} H {left} Z");
    xml.leaf("path", &[("class", &"gap"), ("d", &band)]);
    let edges = format!("M {left} {top} V {bottom} M {right} {top} V {bottom}");
    xml.leaf("path", &[("class", &"gap-line"), ("d", &edges)]);
}

/// Where the axis is broken off and goes on later.
pub(super) fn torn(xml: &mut Xml, x: usize, y: usize) {
    line(xml, "halo", [x, y], [x, y]);
    let (top, bottom) = (y - 4, y + 4);
    for x in [x - 2, x + 2] {
        line(xml, "axis", [x - 2, bottom], [x + 2, top]);
    }
}
