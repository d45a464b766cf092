//! The space-time diagram: time runs down, each lane is a place, datagrams run across.
//!
//! One row is one event. A datagram is an arrow from its sender's lane to its receiver's; a lost one
//! ends in a cross before it gets there, with the reason in words at the end of the row. While a cut holds,
//! a wall stands between the lanes that it keeps apart. Nothing depends on colour.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use simlab_scenarios::report::{Picture, Row, RowKind};

/// The characters to draw with.
#[derive(Clone, Copy, Debug)]
pub struct Glyphs {
    lane: &'static str,
    event: &'static str,
    broken: &'static str,
    wire: &'static str,
    right: &'static str,
    left: &'static str,
    lost: &'static str,
    wall: &'static str,
    banner: &'static str,
    crossing: &'static str,
}

impl Glyphs {
    /// Box-drawing characters, each one cell wide.
    pub const UNICODE: Glyphs = Glyphs {
        lane: "│",
        event: "●",
        broken: "✗",
        wire: "─",
        right: "▶",
        left: "◀",
        lost: "✕",
        wall: "▌",
        banner: "═",
        crossing: "╪",
    };

    /// The same picture, cell for cell, in ASCII.
    pub const ASCII: Glyphs = Glyphs {
        lane: "|",
        event: "o",
        broken: "X",
        wire: "-",
        right: ">",
        left: "<",
        lost: "x",
        wall: "#",
        banner: "=",
        crossing: "+",
    };
}

/// The column of the time, before the first lane.
const MARGIN: u16 = 9;
/// What is kept free behind the last lane, for words.
const TAIL: u16 = 26;

/// Draws a picture, `width` columns wide.
#[must_use]
pub fn draw(picture: &Picture, width: u16, glyphs: &Glyphs) -> Buffer {
    let height = u16::try_from(picture.rows.len() + 1).unwrap_or(u16::MAX);
    let mut canvas = Canvas::new(picture, width, height, glyphs);
    for (lane, name) in picture.lanes.iter().enumerate() {
        let room = canvas.band.saturating_sub(1);
        canvas.put_clipped(canvas.column(lane), 0, name, room);
    }
    let mut walls: Vec<usize> = Vec::new();
    for (row, y) in picture.rows.iter().zip(1..height) {
        canvas.row(row, y, &mut walls);
    }
    canvas.buffer
}

/// A drawn picture as lines of text, without trailing blanks.
#[must_use]
pub fn lines(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    let row = |y| {
        let cells = (area.left()..area.right()).filter_map(|x| buffer.cell((x, y)));
        let text: String = cells.map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned()
    };
    (area.top()..area.bottom()).map(row).collect()
}

struct Canvas<'a> {
    buffer: Buffer,
    glyphs: &'a Glyphs,
    names: &'a [String],
    lanes: usize,
    /// The width of a lane.
    band: u16,
}

impl<'a> Canvas<'a> {
    fn new(picture: &'a Picture, width: u16, height: u16, glyphs: &'a Glyphs) -> Self {
        let lanes = picture.lanes.len().max(1);
        let room = width.saturating_sub(MARGIN + TAIL);
        let band = (room / u16::try_from(lanes).unwrap_or(u16::MAX)).clamp(6, 20);
        let buffer = Buffer::empty(Rect::new(0, 0, width, height));
        Canvas { buffer, glyphs, names: &picture.lanes, lanes, band }
    }

    fn column(&self, lane: usize) -> u16 {
        MARGIN + self.band * u16::try_from(lane).unwrap_or(0)
    }

    /// Writes text; what does not fit is cut off. Positions outside are nothing, not a panic.
    fn put_clipped(&mut self, x: u16, y: u16, text: &str, room: u16) {
        let area = self.buffer.area;
        if x < area.right() && y < area.bottom() {
            let room = room.min(area.right() - x);
            self.buffer.set_stringn(x, y, text, usize::from(room), Style::default());
        }
    }

    fn put(&mut self, x: u16, y: u16, text: &str) {
        self.put_clipped(x, y, text, u16::MAX);
    }

    fn row(&mut self, row: &Row, y: u16, walls: &mut Vec<usize>) {
        let g = self.glyphs;
        self.put(0, y, &format!("{:>7}", row.time_in_seconds()));
        for lane in 0..self.lanes {
            self.put(self.column(lane), y, g.lane);
        }
        for wall in walls.iter() {
            self.put(self.wall_column(*wall), y, g.wall);
        }
        match &row.kind {
            RowKind::Cut { name, walls: new } => {
                walls.clone_from(new);
                self.banner(y);
                for wall in new {
                    self.put(self.wall_column(*wall), y, g.wall);
                }
                self.tail(y, name);
            }
            RowKind::Healed { name } => {
                walls.clear();
                self.banner(y);
                self.tail(y, name);
            }
            RowKind::Words { text } => self.tail(y, text),
            RowKind::Local { lane, text, broken } => {
                let x = self.column(*lane);
                self.put(x, y, if *broken { g.broken } else { g.event });
                self.words(x + 2, y, text);
            }
            RowKind::Datagram { from, to, text, lost } => {
                self.arrow(y, *from, *to, lost.is_some(), walls);
                let words = match (lost, self.names.get(*to)) {
                    (Some(why), Some(receiver)) => format!("{text} to {receiver}: {why}"),
                    (Some(why), None) => format!("{text}: {why}"),
                    (None, _) => text.clone(),
                };
                self.tail(y, &words);
            }
        }
    }

    /// Where the wall between lane `lane` and the next one stands.
    fn wall_column(&self, lane: usize) -> u16 {
        self.column(lane + 1).saturating_sub(2)
    }

    fn banner(&mut self, y: u16) {
        for x in MARGIN.saturating_sub(1)..self.end_of_lanes() {
            self.put(x, y, self.glyphs.banner);
        }
        for lane in 0..self.lanes {
            self.put(self.column(lane), y, self.glyphs.crossing);
        }
    }

    fn end_of_lanes(&self) -> u16 {
        self.column(self.lanes - 1) + 3
    }

    /// Writes words behind the lanes.
    fn tail(&mut self, y: u16, text: &str) {
        self.words(self.end_of_lanes() + 2, y, text);
    }

    /// Writes words from a column on; what does not fit ends in `…`.
    fn words(&mut self, x: u16, y: u16, text: &str) {
        let room = usize::from(self.buffer.area.right().saturating_sub(x));
        if text.chars().count() > room && room > 0 {
            let cut: String = text.chars().take(room - 1).collect();
            self.put(x, y, &format!("{}…", cut.trim_end()));
        } else {
            self.put(x, y, text);
        }
    }

    fn arrow(&mut self, y: u16, from: usize, to: usize, lost: bool, walls: &[usize]) {
        let g = self.glyphs;
        let (start, end) = (self.column(from), self.column(to));
        let rightwards = end > start;
        // A datagram that dies in a cut dies at the wall; any other loss is drawn just before the
        // receiver, so that the line never ends at a bystander.
        let wall = walls
            .iter()
            .map(|wall| self.wall_column(*wall))
            .find(|x| (start.min(end)..start.max(end)).contains(x));
        let stop = match (lost, wall) {
            (false, _) => end,
            (true, Some(wall)) if rightwards => wall - 1,
            (true, Some(wall)) => wall + 1,
            (true, None) if rightwards => end - 2,
            (true, None) => end + 2,
        };
        for x in start.min(stop)..=start.max(stop) {
            self.put(x, y, g.wire);
        }
        self.put(start, y, g.event);
        let head = match (lost, rightwards) {
            (true, _) => g.lost,
            (false, true) => g.right,
            (false, false) => g.left,
        };
        self.put(stop, y, head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_core::{Duration, Time};
    use snapbox::str;

    fn picture() -> Picture {
        let at = |ms| Time::ZERO + Duration::from_millis(ms);
        let local = |ms, lane, text: &str, broken| Row {
            at: at(ms),
            kind: RowKind::Local { lane, text: text.to_owned(), broken },
        };
        let gossip = |ms, from, to, lost: Option<&str>| Row {
            at: at(ms),
            kind: RowKind::Datagram {
                from,
                to,
                text: "gossip".to_owned(),
                lost: lost.map(str::to_owned),
            },
        };
        let cut = RowKind::Cut { name: "the cut".to_owned(), walls: vec![1] };
        Picture {
            moment: "cut",
            lanes: ["Beijing", "Hangzhou", "Shanghai"].map(str::to_owned).to_vec(),
            rows: vec![
                gossip(9_900, 1, 0, None),
                Row { at: at(10_000), kind: cut },
                local(12_042, 0, "sell 1", false),
                gossip(12_300, 0, 1, None),
                gossip(12_300, 0, 2, Some("cut")),
                gossip(12_400, 2, 0, Some("cut")),
                local(15_026, 2, "read 60", true),
                Row { at: at(16_000), kind: RowKind::Words { text: "bad links".to_owned() } },
                Row { at: at(40_000), kind: RowKind::Healed { name: "healed".to_owned() } },
                gossip(40_100, 0, 2, None),
                gossip(40_200, 0, 2, Some("loss")),
            ],
            left_out: 0,
        }
    }

    fn drawn(glyphs: &Glyphs) -> String {
        lines(&draw(&picture(), 80, glyphs)).join("\n") + "\n"
    }

    #[test]
    fn a_partition_is_drawn_as_a_wall() {
        snapbox::assert_data_eq!(
            drawn(&Glyphs::UNICODE),
            str![[r#"
         Beijing        Hangzhou       Shanghai
  9.900  ◀──────────────●              │    gossip
 10.000 ═╪══════════════╪════════════▌═╪══  the cut
 12.042  ● sell 1       │            ▌ │
 12.300  ●──────────────▶            ▌ │    gossip
 12.300  ●──────────────────────────✕▌ │    gossip to Shanghai: cut
 12.400  │              │            ▌✕●    gossip to Beijing: cut
 15.026  │              │            ▌ ✗ read 60
 16.000  │              │            ▌ │    bad links
 40.000 ═╪══════════════╪══════════════╪══  healed
 40.100  ●─────────────────────────────▶    gossip
 40.200  ●───────────────────────────✕ │    gossip to Shanghai: loss

"#]]
        );
    }

    #[test]
    fn ascii_is_the_same_cell_for_cell() {
        let (unicode, ascii) = (drawn(&Glyphs::UNICODE), drawn(&Glyphs::ASCII));
        assert!(ascii.is_ascii());
        for (u, a) in unicode.lines().zip(ascii.lines()) {
            assert_eq!(u.chars().count(), a.chars().count(), "{u}\n{a}");
        }
    }

    #[test]
    fn no_size_makes_it_panic() {
        for width in 0..120 {
            let _ = lines(&draw(&picture(), width, &Glyphs::UNICODE));
        }
        let empty = Picture { lanes: Vec::new(), ..picture() };
        let _ = draw(&empty, 80, &Glyphs::UNICODE);
    }
}
