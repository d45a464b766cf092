//! Writing on a screen of any size: what does not fit is not written, and nothing panics.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

/// A pen over a part of a screen; places are counted from its corner.
#[derive(Debug)]
pub(super) struct Pen<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
}

/// How many cells a text takes.
pub(super) fn width(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// The begin of a text that takes at most so many cells.
pub(super) fn clip(text: &str, room: u16) -> &str {
    let mut end = 0;
    let mut taken = 0;
    for (place, letter) in text.char_indices() {
        let next = place + letter.len_utf8();
        taken += width(&text[place..next]);
        if taken > room {
            break;
        }
        end = next;
    }
    &text[..end]
}

/// A name in at most so many cells. Of one with a hyphen the end is kept, in which names of a kind differ.
pub(super) fn shorten(name: &str, room: u16, more: &str) -> String {
    let tail = name.rfind('-').map_or("", |place| &name[place..]);
    let head = room.saturating_sub(width(tail) + width(more));
    if width(name) <= room || tail.is_empty() || head == 0 {
        return clip(name, room).to_owned();
    }
    format!("{}{more}{tail}", clip(name, head))
}

/// As much of a word as has room, and of a row `[1][1]` no half of a bracket.
fn part(word: &str, room: u16) -> &str {
    let fits = clip(word, room);
    let is_cut = word[fits.len()..].chars().next().is_some_and(|next| next != '[');
    let bracket = fits.rfind('[').filter(|at| is_cut && *at > 0);
    bracket.map_or(fits, |at| &fits[..at])
}

/// A text as lines of at most so many cells, broken at blanks, or in words that are longer: before a bracket, or anywhere. What
/// is not in the first `most` lines is left out.
pub(super) fn wrap(text: &str, room: u16, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    if room == 0 {
        return lines;
    }
    for word in text.split_whitespace() {
        let mut word = word;
        let line = lines.last().map_or(0, |line| width(line));
        let blank = u16::from(line > 0);
        if line + blank + width(word) > room && line > 0 {
            lines.push(String::new());
        }
        while !word.is_empty() {
            let Some(last) = lines.last_mut() else { break };
            if !last.is_empty() {
                last.push(' ');
            }
            let fits = part(word, room - width(last));
            last.push_str(fits);
            word = &word[fits.len()..];
            if !word.is_empty() {
                if fits.is_empty() && last.is_empty() {
                    break;
                }
                lines.push(String::new());
            }
        }
    }
    lines.truncate(most);
    lines
}

impl<'a> Pen<'a> {
    pub(super) fn new(buffer: &'a mut Buffer, area: Rect) -> Self {
        let area = area.intersection(buffer.area);
        Pen { buffer, area }
    }

    /// Writes one glyph.
    pub(super) fn cell(&mut self, x: u16, y: u16, glyph: &str, style: Style) {
        if x >= self.area.width || y >= self.area.height {
            return;
        }
        if let Some(cell) = self.buffer.cell_mut((self.area.x + x, self.area.y + y)) {
            cell.set_symbol(glyph).set_style(style);
        }
    }

    /// Writes a text; returns where it ends.
    pub(super) fn text(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        self.clipped(x, y, text, u16::MAX, style)
    }

    /// Writes as much of a text as there is room for; returns where it ends.
    pub(super) fn clipped(&mut self, x: u16, y: u16, text: &str, room: u16, style: Style) -> u16 {
        if x >= self.area.width || y >= self.area.height {
            return x;
        }
        let room = room.min(self.area.width - x);
        let (at, row) = (self.area.x + x, self.area.y + y);
        let (end, _) = self.buffer.set_stringn(at, row, text, usize::from(room), style);
        end - self.area.x
    }

    /// Changes how a part looks, and not what is written there.
    pub(super) fn restyle(&mut self, part: Rect, style: Style) {
        let part = Rect { x: part.x + self.area.x, y: part.y + self.area.y, ..part };
        self.buffer.set_style(part.intersection(self.area), style);
    }

    /// Clears a part.
    pub(super) fn clear(&mut self, part: Rect) {
        for y in part.y..part.bottom() {
            for x in part.x..part.right() {
                self.cell(x, y, " ", Style::reset());
            }
        }
    }
}
