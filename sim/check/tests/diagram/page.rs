//! Reading a diagram in SVG again, to see whether anything lies on anything else.

use roxmltree::{Document, Node};
use unicode_width::UnicodeWidthStr;

/// An operation; all lengths are in pixels.
#[derive(Debug)]
struct Bar {
    /// How far down its label stands, which is the same for all of a lane.
    y: usize,
    from: usize,
    to: usize,
    /// From where to where its label goes.
    label: (usize, usize),
    /// Its linearization point: the number, from where, and to where.
    point: Option<(usize, usize, usize)>,
}

/// What is in an SVG file.
#[derive(Debug)]
pub struct Page {
    wide: usize,
    bars: Vec<Bar>,
    /// How far down the axes are, from top to bottom.
    axes: Vec<usize>,
}

fn number(node: Node<'_, '_>, name: &str) -> usize {
    let value = node.attribute(name).expect("it has the attribute");
    value.parse().expect("it is a whole number")
}

fn of_class<'a>(node: Node<'a, 'a>, class: &str) -> impl Iterator<Item = Node<'a, 'a>> {
    node.descendants().filter(move |node| node.attribute("class") == Some(class))
}

/// From where to where the outlines of a bar go. A path is `M x y`, `H x`, `V y`, `L x y` and `Z`.
fn extent(group: Node<'_, '_>) -> (usize, usize) {
    let mut xs = Vec::new();
    for path in of_class(group, "fill").filter_map(|node| node.attribute("d")) {
        for pair in path.split(' ').collect::<Vec<_>>().windows(2) {
            if matches!(pair[0], "M" | "H" | "L") {
                xs.push(pair[1].parse().expect("a whole number"));
            }
        }
    }
    let (from, to) = (xs.iter().min(), xs.iter().max());
    (*from.expect("a bar has an outline"), *to.expect("a bar has an outline"))
}

fn bar(group: Node<'_, '_>) -> Option<Bar> {
    let label = of_class(group, "label").next()?;
    let begin = number(label, "x");
    let end = begin + 8 * label.text().unwrap_or_default().width();
    let (from, to) = extent(group);
    let point = of_class(group, "point").next().map(|point| {
        let left = number(point, "x");
        let numbers = of_class(group, "number").filter_map(|node| node.text()?.parse().ok());
        let number_ = numbers.last().expect("a point has a number");
        (number_, left, left + number(point, "width"))
    });
    Some(Bar { y: number(label, "y"), from, to, label: (begin, end), point })
}

impl Page {
    /// Reads a file, which must be XML.
    pub fn read(svg: &str) -> Self {
        let document = Document::parse(svg).expect("it is well-formed");
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "svg");
        let bars = root.descendants().filter(|node| node.has_tag_name("g")).filter_map(bar);
        let level = |node: &Node<'_, '_>| number(*node, "y1") == number(*node, "y2");
        let axes = of_class(root, "axis").filter(level).map(|node| number(node, "y1"));
        Page { wide: number(root, "width"), bars: bars.collect(), axes: axes.collect() }
    }

    /// How many operations are drawn, each counted as often as it has a part in a panel.
    pub fn bars(&self) -> usize {
        self.bars.len()
    }

    /// How many linearization points there are.
    pub fn points(&self) -> usize {
        self.bars.iter().filter(|bar| bar.point.is_some()).count()
    }

    /// No label and no bar lies on another or goes beyond the edge; points lie within their bars and in
    /// the order of their numbers.
    pub fn check(mut self) {
        self.bars.sort_by_key(|bar| (bar.y, bar.from));
        for pair in self.bars.windows(2).filter(|pair| pair[0].y == pair[1].y) {
            assert!(pair[0].label.1 < pair[1].label.0, "labels lie on each other: {pair:?}");
            assert!(pair[0].to < pair[1].from, "bars lie on each other: {pair:?}");
        }
        let mut points = Vec::new();
        for bar in &self.bars {
            assert!(bar.to.max(bar.label.1) <= self.wide, "{bar:?} goes beyond {}", self.wide);
            if let Some((number, from, to)) = bar.point {
                assert!(bar.from < from && to < bar.to, "the point lies outside: {bar:?}");
                let panel = self.axes.iter().filter(|axis| **axis < bar.y).count();
                points.push((number, panel, from));
            }
        }
        points.sort_unstable();
        let in_order = points.is_sorted_by_key(|&(_, panel, x)| (panel, x));
        assert!(in_order, "points are not from left to right: {points:?}");
    }
}
