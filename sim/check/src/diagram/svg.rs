//! The diagram as SVG: the panels of the text, in cells of eight pixels.

use super::Ticks;
use super::layout::{Metrics, Panel, Part, panels};
use super::legend::{Shape, legend, notes};
use super::notation::{clip, digits, width, wrap};
use super::scene::{Bar, Role, Scene};
use super::shapes::{self, Ends, Span};
use super::stops::Stop;
use super::xml::Xml;

/// A cell: wide enough for a character of 12 pixels in any monospaced font.
const CELL: usize = 8;
/// What is free around everything.
const PAD: usize = 16;
/// From one lane to the next: first the label, then the bar.
const LANE: usize = 40;
/// Where the text of a label stands, and the middle of its bar.
const LABEL: usize = 16;
const MIDDLE: usize = 30;
/// What the axis needs below the lanes.
const AXIS: usize = 36;
/// A line of words.
const LINE: usize = 18;
/// Words are not set narrower than this, however narrow the panels are.
const WORDS: usize = 60;
/// What a mark before a label takes, in cells.
const MARK: usize = 2;
/// What a sample in the legend takes, in cells.
const SAMPLE: usize = 5;
/// The blanks between the names of lanes and the lanes, in cells.
const SPACE: usize = 2;

/// Colours are those of Okabe & Ito, which the colour-blind can tell apart; none of them is needed.
const STYLE: &str = "
    .history text { font: 12px ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace; fill: #1a1a1a }
    .history .label { paint-order: stroke; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round }
    .history .subdued text, .history .tick { fill: #595959 }
    .history .evidence text, .history .why { font-weight: bold }
    .history .fill { stroke: none; fill: #dcebf5 }
    .history .line { fill: none; stroke: #0072b2; stroke-width: 1.5 }
    .history .subdued .fill { fill: #f2f2f2 }
    .history .subdued .line { stroke: #8c8c8c; stroke-width: 1 }
    .history .evidence .fill { fill: #d55e00 }
    .history .evidence .line { stroke: #7a3600; stroke-width: 2.5 }
    .history .refused .fill { fill: url(#hatch) }
    .history .forgotten { stroke-dasharray: 3 3 }
    .history .lane { stroke: #e0e0e0 }
    .history .axis { stroke: #595959 }
    .history .gap { fill: #ececec; stroke: none }
    .history .gap-line { fill: none; stroke: #8c8c8c; stroke-dasharray: 1 3 }
    .history .diamond { fill: #7a3600 }
    .history .halo { fill: none; stroke: #ffffff; stroke-width: 6; stroke-linecap: round }
    .history .cross { fill: none; stroke: #000000; stroke-width: 3; stroke-linecap: round }
    .history .break { stroke: #000000; stroke-dasharray: 2 4 }
    .history .point { fill: #ffffff; stroke: #000000; stroke-width: 1.5 }
    .history .number { font-size: 11px; font-weight: bold; text-anchor: middle; fill: #000000 }
  ";

pub(super) fn draw(scene: &Scene, pixels: usize) -> String {
    let room = (pixels - 2 * PAD) / CELL;
    let axis = match scene.ticks {
        Ticks::Seconds => "seconds",
        Ticks::Records => "record",
        Ticks::Lines => "line",
    };
    let names = scene.lanes.iter().map(String::as_str);
    let widest = names.chain([axis]).map(width).max().unwrap_or(0);
    let margin = widest.min(room / 4) + SPACE;
    let labels: Vec<[String; 2]> =
        scene.bars.iter().map(|bar| labels(bar, room - margin)).collect();
    let widths: Vec<[usize; 2]> = scene
        .bars
        .iter()
        .zip(&labels)
        .map(|(bar, pair)| [0, 1].map(|which| marked(bar) + width(&pair[which])))
        .collect();
    let point = |number| {
        let half = digits(number).div_ceil(2);
        [half + 1, half]
    };
    let metrics = Metrics { plot: room - margin, step: 2, labels: &widths, point };
    let panels = panels(scene, &metrics);
    let broad = panels.iter().map(|panel| margin + panel.width).max().unwrap_or(0);
    let broad = broad.max(WORDS).min(room);
    let mut sheet = Sheet { xml: Xml::default(), scene, labels: &labels, axis, margin, broad };
    sheet.file(&panels);
    sheet.xml.finish()
}

/// The label of a bar, and that of its continuation, without the mark.
fn labels(bar: &Bar, room: usize) -> [String; 2] {
    let room = room.saturating_sub(marked(bar));
    [clip(&bar.label, room, "…"), clip(&format!("…{}", bar.label), room, "…")]
}

/// What the mark before its label takes.
const fn marked(bar: &Bar) -> usize {
    if matches!(bar.role, Role::Evidence) { MARK } else { 0 }
}

/// How bars of a kind look.
fn class(bar: &Bar) -> String {
    let role = match bar.role {
        Role::Plain => "plain",
        Role::Subdued => "subdued",
        Role::Evidence => "evidence",
    };
    if bar.refused { format!("{role} refused") } else { role.to_owned() }
}

struct Sheet<'a> {
    xml: Xml,
    scene: &'a Scene,
    labels: &'a [[String; 2]],
    axis: &'a str,
    margin: usize,
    /// How many cells everything is wide.
    broad: usize,
}

impl Sheet<'_> {
    fn file(&mut self, panels: &[Panel]) {
        let why = self.scene.why.as_deref();
        let why = why.map_or_else(Vec::new, |why| wrap(why, self.broad - MARK));
        let samples = legend(self.scene);
        let words: Vec<usize> = samples.iter().map(|(_, words)| SAMPLE + width(words)).collect();
        let places = flow(&words, self.broad);
        let notes: Vec<String> =
            notes(self.scene).iter().flat_map(|note| wrap(note, self.broad)).collect();
        let high = |panel: &Panel| panel.lanes.len() * LANE + AXIS + PAD;
        let head = if why.is_empty() { 0 } else { why.len() * LINE + PAD / 2 };
        let body: usize = panels.iter().map(high).sum();
        let lines = places.last().map_or(0, |(_, line)| line + 1) + notes.len();
        let high_all = head + body + lines * LINE + 2 * PAD;
        self.head(self.broad * CELL + 2 * PAD, high_all);
        let mut y = PAD;
        if !why.is_empty() {
            shapes::cross(&mut self.xml, PAD + CELL / 2, y + LINE / 2 - 1, 4);
        }
        for line in &why {
            y += LINE;
            self.words("why", PAD + MARK * CELL, y - 5, line);
        }
        y = PAD + head;
        for panel in panels {
            self.panel(panel, y);
            y += high(panel);
        }
        for ((shape, words), (x, line)) in samples.into_iter().zip(&places) {
            let (x, y) = (PAD + x * CELL, y + line * LINE);
            self.sample(shape, x, y + LINE / 2);
            self.words("words", x + SAMPLE * CELL, y + LINE - 5, words);
        }
        y += places.last().map_or(0, |(_, line)| line + 1) * LINE;
        for note in &notes {
            self.words("words", PAD, y + LINE - 5, note);
            y += LINE;
        }
    }

    fn head(&mut self, wide: usize, high: usize) {
        let title = match &self.scene.why {
            Some(why) => why.as_str(),
            None => "The operations of a history, by client",
        };
        let xml = &mut self.xml;
        let view = format!("0 0 {wide} {high}");
        xml.open(
            "svg",
            &[
                ("xmlns", &"http://www.w3.org/2000/svg"),
                ("width", &wide),
                ("height", &high),
                ("viewBox", &view),
                ("class", &"history"),
                ("role", &"img"),
            ],
        );
        xml.text("title", &[], title);
        xml.text("style", &[], STYLE);
        xml.open("defs", &[]);
        let square: [(&str, &dyn std::fmt::Display); 3] =
            [("width", &6), ("height", &6), ("patternUnits", &"userSpaceOnUse")];
        xml.open("pattern", &[("id", &"hatch"), square[0], square[1], square[2]]);
        xml.leaf("path", &[("d", &"M 0 6 L 6 0"), ("stroke", &"#8c8c8c")]);
        xml.close();
        xml.close();
        let (w, h) = (wide, high);
        xml.leaf("rect", &[("width", &w), ("height", &h), ("rx", &4), ("fill", &"#ffffff")]);
    }

    fn words(&mut self, class: &str, x: usize, y: usize, words: &str) {
        self.xml.text("text", &[("class", &class), ("x", &x), ("y", &y)], words);
    }

    /// The middle of a cell of a panel.
    const fn x(&self, cell: usize) -> usize {
        PAD + (self.margin + cell) * CELL + CELL / 2
    }

    fn panel(&mut self, panel: &Panel, top: usize) {
        let bottom = top + panel.lanes.len() * LANE;
        let (left, right) = (self.x(0), self.x(panel.width));
        self.gaps(panel, top, bottom);
        for (place, &lane) in panel.lanes.iter().enumerate() {
            let middle = top + place * LANE + MIDDLE;
            let name = clip(&self.scene.lanes[lane], self.margin - SPACE, "…");
            shapes::line(&mut self.xml, "lane", [left, middle], [right, middle]);
            self.words("name", PAD, middle + 4, &name);
        }
        let parts = panel.parts(self.scene);
        let broke =
            parts.iter().find(|part| part.bar.broke && part.bar.to.is_some() && !part.cut[1]);
        if let Some(part) = broke {
            let x = self.x(part.to);
            shapes::line(&mut self.xml, "break", [x, top], [x, bottom]);
        }
        for part in &parts {
            let place = panel.lanes.binary_search(&part.bar.lane).unwrap_or(0);
            self.bar(panel, part, top + place * LANE);
        }
        self.axis(panel, bottom, right);
    }

    fn bar(&mut self, panel: &Panel, part: &Part<'_>, top: usize) {
        let bar = part.bar;
        let (from, to, y) = (self.x(part.from), self.x(part.to), top + MIDDLE);
        self.xml.open("g", &[("class", &class(bar))]);
        self.xml.text("title", &[], &bar.whole);
        let height = if bar.role == Role::Evidence { 16 } else { 12 };
        let ends = Ends { closed: [!part.cut[0], !part.cut[1]], arrow: bar.open && !part.cut[1] };
        // The cell at which its client gave it up; 0 if that was in a panel before.
        let given_up = bar.given_up.and_then(|stop| match panel.x(stop) {
            Some(x) => Some(self.x(x)),
            None => (stop < panel.stops.start).then_some(from),
        });
        let span = Span { from, to, y, height };
        shapes::bar(&mut self.xml, span, ends, given_up);
        if let Some(x) = bar.given_up.and_then(|stop| panel.x(stop)) {
            self.words("number", self.x(x), y + 4, "?");
        }
        if bar.broke && bar.to.is_some() && !part.cut[1] {
            shapes::cross(&mut self.xml, to, y, 8);
        }
        if let Some((stop, number)) = bar.point
            && let Some(x) = panel.x(stop).map(|cell| self.x(cell))
        {
            shapes::point(&mut self.xml, x, y, digits(number) * CELL + 8);
            self.words("number", x, y + 4, &number.to_string());
        }
        let mut left = from - CELL / 2;
        if bar.role == Role::Evidence {
            shapes::diamond(&mut self.xml, left + 5, top + LABEL - 4);
            left += MARK * CELL;
        }
        self.words("label", left, top + LABEL, &self.labels[part.index][usize::from(part.cut[0])]);
        self.xml.close();
    }

    fn gaps(&mut self, panel: &Panel, top: usize, bottom: usize) {
        for (x, events) in gaps(self.scene, panel) {
            let x = self.x(x);
            self.xml.open("g", &[]);
            let events = if events == 1 { "1 event".into() } else { format!("{events} events") };
            self.xml.text("title", &[], &format!("{events} left out"));
            shapes::gap(&mut self.xml, x, top, bottom);
            self.xml.close();
        }
    }

    fn axis(&mut self, panel: &Panel, y: usize, right: usize) {
        self.words("tick", PAD, y + 22, &clip(self.axis, self.margin - SPACE, "…"));
        let left = self.x(0);
        shapes::line(&mut self.xml, "axis", [left, y + 6], [right, y + 6]);
        for (cell, _) in gaps(self.scene, panel) {
            let x = self.x(cell);
            shapes::torn(&mut self.xml, x, y + 6);
        }
        for (begin, stop, tick) in panel.ticks(self.scene) {
            let x = self.x(panel.x(stop).unwrap_or(begin));
            shapes::line(&mut self.xml, "axis", [x, y + 6], [x, y + 11]);
            self.words("tick", self.x(begin) - CELL / 2, y + 22, tick);
        }
    }

    /// A shape for the legend, three cells wide.
    fn sample(&mut self, shape: Shape, x: usize, y: usize) {
        let class = match shape {
            Shape::Evidence => "evidence",
            Shape::Subdued => "subdued",
            Shape::Refused => "plain refused",
            _ => "plain",
        };
        self.xml.open("g", &[("class", &class)]);
        let span = Span { from: x + 4, to: x + 28, y, height: 10 };
        let closed = Ends { closed: [true, true], arrow: false };
        match shape {
            Shape::Evidence => {
                let span = Span { from: x + 12, ..span };
                shapes::diamond(&mut self.xml, x + 4, y);
                shapes::bar(&mut self.xml, span, closed, None);
            }
            Shape::Subdued | Shape::Refused => shapes::bar(&mut self.xml, span, closed, None),
            Shape::Broke => shapes::cross(&mut self.xml, x + 16, y, 5),
            Shape::Point => {
                shapes::point(&mut self.xml, x + 16, y, 16);
                self.words("number", x + 16, y + 4, "1");
            }
            Shape::Open => {
                let ends = Ends { closed: [true, false], arrow: true };
                shapes::bar(&mut self.xml, span, ends, None);
            }
            Shape::GivenUp => {
                let ends = Ends { closed: [true, false], arrow: false };
                shapes::bar(&mut self.xml, span, ends, Some(x + 16));
                self.words("number", x + 16, y + 4, "?");
            }
            Shape::Gap => shapes::gap(&mut self.xml, x + 16, y - 6, y + 6),
        }
        self.xml.close();
    }
}

/// Where others were left out in a panel, and how many events.
fn gaps(scene: &Scene, panel: &Panel) -> Vec<(usize, usize)> {
    let gap = |stop: usize| match scene.stops.get(stop) {
        Some(Stop::Gap { events }) => panel.x(stop).map(|x| (x, *events)),
        _ => None,
    };
    panel.stops.clone().filter_map(gap).collect()
}

/// Where items of these widths stand beside each other: the cell and the line of each.
fn flow(widths: &[usize], room: usize) -> Vec<(usize, usize)> {
    let (mut x, mut line) = (0, 0);
    let mut places = Vec::new();
    for width in widths {
        if x > 0 && x + width > room {
            (x, line) = (0, line + 1);
        }
        places.push((x, line));
        x += width + 3;
    }
    places
}
