//! The diagram as lines of text.

use super::Ticks;
use super::layout::{Metrics, Panel, Part, panels};
use super::legend::{Shape, legend, notes};
use super::notation::{ascii, clip, digits, width, wrap};
use super::scene::{Bar, Role, Scene};
use super::stops::Stop;
use unicode_width::UnicodeWidthChar;

/// The characters to draw with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Left end, line and right end of a bar.
    plain: [char; 3],
    subdued: [char; 3],
    evidence: [char; 3],
    /// The line of what did not take effect.
    refused: char,
    /// The line after a client gave up.
    forgotten: char,
    given_up: char,
    open: char,
    broke: char,
    marked: char,
    point: char,
    gap: char,
    axis: char,
    tick: char,
    ellipsis: &'static str,
    /// Whether values and names too are to be in ASCII.
    ascii: bool,
}

impl Glyphs {
    /// Box-drawing characters, each one cell wide.
    pub const UNICODE: Glyphs = Glyphs {
        plain: ['├', '─', '┤'],
        subdued: ['├', '┄', '┤'],
        evidence: ['┣', '━', '┫'],
        refused: '╱',
        forgotten: '┈',
        given_up: '?',
        open: '▶',
        broke: '✗',
        marked: '◆',
        point: '●',
        gap: '┊',
        axis: '─',
        tick: '┬',
        ellipsis: "…",
        ascii: false,
    };

    /// ASCII alone; what is not ASCII in a value is spelled out.
    pub const ASCII: Glyphs = Glyphs {
        plain: ['|', '-', '|'],
        subdued: ['|', '.', '|'],
        evidence: ['[', '=', ']'],
        refused: '/',
        forgotten: ' ',
        given_up: '?',
        open: '>',
        broke: 'X',
        marked: '#',
        point: '*',
        gap: ':',
        axis: '-',
        tick: '+',
        ellipsis: "...",
        ascii: true,
    };

    fn words(&self, text: &str) -> String {
        if self.ascii { ascii(text) } else { text.to_owned() }
    }

    fn clip(&self, text: &str, room: usize) -> String {
        clip(text, room, self.ellipsis)
    }

    const fn bar(&self, bar: &Bar) -> [char; 3] {
        match bar.role {
            Role::Plain => self.plain,
            Role::Subdued => self.subdued,
            Role::Evidence => self.evidence,
        }
    }

    fn label(&self, bar: &Bar, room: usize) -> String {
        let label = self.words(&bar.label);
        let marked = match bar.role {
            Role::Evidence => format!("{} {label}", self.marked),
            Role::Plain | Role::Subdued => label,
        };
        self.clip(&marked, room)
    }
}

/// Lines of cells. What is outside is nothing, and not a panic.
struct Canvas {
    rows: Vec<Vec<char>>,
    width: usize,
}

/// The second cell of a wide character.
const COVERED: char = '\0';
/// A blank within words, which is not free as others are.
const BLANK: char = '\u{1}';

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Canvas { rows: vec![vec![' '; width]; height], width }
    }

    fn put(&mut self, x: usize, y: usize, ch: char) {
        if let Some(cell) = self.rows.get_mut(y).and_then(|row| row.get_mut(x)) {
            *cell = ch;
        }
    }

    fn write(&mut self, x: usize, y: usize, text: &str) {
        let mut x = x;
        for ch in text.chars() {
            let columns = ch.width().unwrap_or(0);
            if columns == 0 || x + columns > self.width {
                continue;
            }
            self.put(x, y, if ch == ' ' { BLANK } else { ch });
            (1..columns).for_each(|more| self.put(x + more, y, COVERED));
            x += columns;
        }
    }

    fn is_blank(&self, x: usize, y: usize) -> bool {
        self.rows.get(y).and_then(|row| row.get(x)).is_some_and(|cell| *cell == ' ')
    }

    fn lines(self) -> impl Iterator<Item = String> {
        self.rows.into_iter().map(|row| {
            let shown = row.into_iter().filter(|ch| *ch != COVERED);
            let line: String = shown.map(|ch| if ch == BLANK { ' ' } else { ch }).collect();
            line.trim_end().to_owned()
        })
    }
}

/// The blanks between the names of the lanes and the lanes.
const SPACE: usize = 2;

pub(super) fn draw(scene: &Scene, columns: usize, glyphs: &Glyphs) -> String {
    let mut lines = Vec::new();
    if let Some(why) = &scene.why {
        let sign = format!("{} ", glyphs.broke);
        for (number, line) in wrap(&glyphs.words(why), columns - 2).into_iter().enumerate() {
            lines.push((if number == 0 { &sign } else { "  " }).to_owned() + &line);
        }
        lines.push(String::new());
    }
    let names: Vec<String> = scene.lanes.iter().map(|name| glyphs.words(name)).collect();
    let axis = match scene.ticks {
        Ticks::Seconds => "seconds",
        Ticks::Records => "record",
        Ticks::Lines => "line",
    };
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0).max(axis.len());
    let margin = widest.min(columns / 4) + SPACE;
    let plot = columns - margin;
    let labels: Vec<[String; 2]> = scene.bars.iter().map(|bar| labels(bar, plot, glyphs)).collect();
    let widths: Vec<[usize; 2]> =
        labels.iter().map(|pair| [width(&pair[0]), width(&pair[1])]).collect();
    let metrics = Metrics { plot, step: 2, labels: &widths, point: |n| [1, digits(n) + 1] };
    let sheet = Sheet { scene, glyphs, names: &names, axis, margin, labels: &labels };
    for panel in panels(scene, &metrics) {
        lines.extend(sheet.panel(&panel));
        lines.push(String::new());
    }
    let shapes = legend(scene).into_iter().map(|(shape, words)| sample(glyphs, shape) + words);
    lines.extend(flow(shapes, columns));
    let notes = notes(scene).into_iter().flat_map(|note| wrap(&glyphs.words(&note), columns));
    lines.extend(notes);
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.iter().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

/// The label of a bar, and that of its continuation.
fn labels(bar: &Bar, room: usize, glyphs: &Glyphs) -> [String; 2] {
    let label = glyphs.label(bar, room);
    let again = glyphs.clip(&format!("{}{label}", glyphs.ellipsis), room);
    [label, again]
}

/// What all panels share.
struct Sheet<'a> {
    scene: &'a Scene,
    glyphs: &'a Glyphs,
    names: &'a [String],
    axis: &'a str,
    margin: usize,
    labels: &'a [[String; 2]],
}

impl Sheet<'_> {
    fn panel(&self, panel: &Panel) -> impl Iterator<Item = String> {
        let bottom = 2 * panel.lanes.len();
        let mut canvas = Canvas::new(self.margin + panel.width, bottom + 2);
        for (place, &lane) in panel.lanes.iter().enumerate() {
            let name = self.glyphs.clip(&self.names[lane], self.margin - SPACE);
            canvas.write(0, 2 * place + 1, &name);
        }
        for part in panel.parts(self.scene) {
            let place = panel.lanes.binary_search(&part.bar.lane).unwrap_or(0);
            canvas.write(
                self.margin + part.from,
                2 * place,
                &self.labels[part.index][usize::from(part.cut[0])],
            );
            self.bar(&mut canvas, panel, &part, 2 * place + 1);
        }
        self.axis(&mut canvas, panel, bottom);
        canvas.lines()
    }

    fn bar(&self, canvas: &mut Canvas, panel: &Panel, part: &Part<'_>, y: usize) {
        let (g, bar) = (self.glyphs, part.bar);
        let [left, mut line, right] = g.bar(bar);
        if bar.refused {
            line = g.refused;
        }
        // If it was given up in a panel before, nothing of it here is from before that.
        let given_up = bar.given_up.map(|stop| match panel.x(stop) {
            Some(x) => x,
            None if stop < panel.stops.start => 0,
            None => usize::MAX,
        });
        for x in part.from..=part.to {
            let forgotten = given_up.is_some_and(|from| x >= from) && bar.role != Role::Evidence;
            canvas.put(self.margin + x, y, if forgotten { g.forgotten } else { line });
        }
        if !part.cut[0] {
            canvas.put(self.margin + part.from, y, left);
        }
        if let Some(x) = bar.given_up.and_then(|stop| panel.x(stop)) {
            canvas.put(self.margin + x, y, g.given_up);
        }
        if !part.cut[1] {
            let end = match (bar.open, bar.broke) {
                (true, _) => g.open,
                (false, true) => g.broke,
                (false, false) => right,
            };
            canvas.put(self.margin + part.to, y, end);
        }
        if let Some((stop, number)) = bar.point
            && let Some(x) = panel.x(stop)
        {
            canvas.write(self.margin + x, y, &format!("{}{number}", g.point));
        }
    }

    fn axis(&self, canvas: &mut Canvas, panel: &Panel, y: usize) {
        let (g, margin) = (self.glyphs, self.margin);
        canvas.write(0, y, &g.clip(self.axis, margin - SPACE));
        for x in 0..panel.width {
            canvas.put(margin + x, y, g.axis);
        }
        for (begin, stop, tick) in panel.ticks(self.scene) {
            canvas.write(margin + begin, y + 1, tick);
            canvas.put(margin + panel.x(stop).unwrap_or(begin), y, g.tick);
        }
        for stop in panel.stops.clone() {
            if let (Some(Stop::Gap { .. }), Some(x)) = (self.scene.stops.get(stop), panel.x(stop)) {
                for row in
                    (0..y).filter(|row| canvas.is_blank(margin + x, *row)).collect::<Vec<_>>()
                {
                    canvas.put(margin + x, row, g.gap);
                }
                canvas.put(margin + x, y, g.gap);
            }
        }
    }
}

/// A shape, for the legend, with a blank behind it.
fn sample(g: &Glyphs, shape: Shape) -> String {
    let bar = |[left, line, right]: [char; 3]| format!("{left}{line}{right} ");
    match shape {
        Shape::Evidence => format!("{} {}", g.marked, bar(g.evidence)),
        Shape::Broke => format!("{} ", g.broke),
        Shape::Subdued => bar(g.subdued),
        Shape::Point => format!("{0}1 {0}2 ", g.point),
        Shape::Open => format!("{} ", g.open),
        Shape::GivenUp => format!("{} ", g.given_up),
        Shape::Refused => bar([g.plain[0], g.refused, g.plain[2]]),
        Shape::Gap => format!("{} ", g.gap),
    }
}

/// Items beside each other, as many in a line as fit.
fn flow(items: impl Iterator<Item = String>, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if width(line) + 3 + width(&item) <= columns => {
                line.push_str("   ");
                line.push_str(&item);
            }
            _ => lines.extend(wrap(&item, columns)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gap, which is drawn where nothing else is, does not stand within words.
    #[test]
    fn a_blank_within_words_is_not_free() {
        let mut canvas = Canvas::new(5, 1);
        canvas.write(0, 0, "a b");
        assert_eq!([0, 1, 2, 3].map(|x| canvas.is_blank(x, 0)), [false, false, false, true]);
        assert_eq!(canvas.lines().collect::<Vec<_>>(), ["a b"]);
    }
}
