//! The mouse, and the times of the bar.

use super::App;
use super::over::Over;
use ratatui::layout::Position;
use simlab_core::Time;

impl App<'_> {
    /// Goes to the row, or to the time of the bar, or chooses the line of the pane, that was pointed at.
    pub fn point(&mut self, column: u16, row: u16) {
        let Some(layout) = self.layout() else { return };
        let place = Position::new(column, row);
        if self.over != Over::Nothing {
            return;
        }
        let diagram = layout.diagrams.iter().position(|diagram| diagram.contains(place));
        if let Some(diagram) = diagram {
            self.focus = None;
            let line = usize::from(row - layout.body.y);
            let found = self.scenes.get(diagram).and_then(|(variant, scene)| {
                Some((*variant, scene.lines.get(line)?.row()?.number))
            });
            if let Some((variant, number)) = found {
                self.shown = variant;
                self.jump(number);
            }
        } else if layout.bar.contains(place) {
            let cells = layout.bar.width.saturating_sub(2);
            let time = self.time_at(column.saturating_sub(1).min(cells), cells);
            let first = self.film().trace().first_at(time);
            self.cursors[self.shown] = first.clamp(1, self.film().len().max(1));
            self.snap();
        } else if layout.panes.first().is_some_and(|pane| pane.contains(place)) {
            let seen = self.anchor(self.pane, &[]);
            self.focus = Some(self.focus.unwrap_or(seen));
        }
        self.settle();
    }

    /// What part of the run the bar shows: all of it, or what is around the cursor.
    #[must_use]
    pub fn window(&self) -> (Time, Time) {
        let end = self.scenario().until.max(self.film().index().end()).nanos();
        let long = (end >> (2 * self.zoom)).max(1);
        let middle = self.now().nanos();
        let begin = middle.saturating_sub(long / 2).min(end - long.min(end));
        (Time(begin), Time(begin + long))
    }

    /// The time at which a cell of the bar begins, if it has so many.
    #[must_use]
    pub fn time_at(&self, cell: u16, cells: u16) -> Time {
        let (begin, end) = self.window();
        let long = u128::from(end.since(begin).nanos());
        let into = long * u128::from(cell) / u128::from(cells.max(1));
        Time(begin.nanos().saturating_add(into as u64))
    }
}
