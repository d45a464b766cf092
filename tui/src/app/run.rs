//! Carrying out commands.

use super::App;
use super::command::Command;
use super::layout::TOO_NARROW;
use super::over::Over;
use super::pane::Pane;
use crate::look::{Glyphs, Theme};
use simlab_core::NodeId;

/// How fast it can be played, in thousandths of the audience's time.
const SPEEDS: [u64; 15] =
    [1, 2, 5, 10, 50, 100, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 64_000, 256_000];

impl App<'_> {
    /// Carries out a command.
    pub fn run(&mut self, command: Command) {
        self.message = None;
        if let Err(reason) = self.enabled(command) {
            self.message = Some(reason.to_owned());
            return;
        }
        match command {
            Command::Quit => self.over_and_out = true,
            Command::Suspend => self.suspended = true,
            Command::Close => self.close(),
            Command::Help => self.over = Over::Help(String::new(), 0),
            Command::Palette => self.over = Over::Palette(String::new(), 0),
            Command::Glossary => self.over = Over::Glossary(String::new(), 0),
            Command::Search => self.over = Over::Search(String::new()),
            Command::Filter => {
                let text = self.filter.as_ref().map(|filter| filter.text.clone());
                self.over = Over::Filter(text.unwrap_or_default());
            }
            Command::Chain => {
                let chain = self.chain();
                let here = chain.iter().position(|(number, _)| *number == self.cursor());
                self.over = Over::Chain(chain, here.unwrap_or(0));
            }
            Command::Theme | Command::Ascii | Command::Mouse => self.look(command),
            Command::MoreDetail => {
                self.detail = self.detail.next();
                self.unpin();
                self.snap();
                self.message = Some(format!("shown: {}", self.detail.name()));
            }
            Command::Fold => {
                self.folds = !self.folds;
                self.unpin();
                self.snap();
                let what = if self.folds { "counted" } else { "shown" };
                self.message =
                    Some(format!("datagrams without effect, where they are many, are {what}"));
            }
            Command::NextNode | Command::LastNode => {
                self.inspect_next(command == Command::NextNode);
            }
            Command::NextVariant => self.show((self.shown + 1) % self.films.len()),
            Command::LastVariant => {
                self.show((self.shown + self.films.len() - 1) % self.films.len());
            }
            Command::Beside => self.wish.beside = !self.wish.beside,
            Command::Wide => self.wish.wide = !self.wish.wide,
            Command::Focus => {
                let latest =
                    if self.pane == Pane::Operations { self.latest_operation() } else { 0 };
                self.focus = if self.focus.is_none() { Some(latest) } else { None };
                self.wish.wide |= self.focus.is_some() && !self.has_pane();
            }
            Command::PaneNode => self.choose_pane(Pane::Node),
            Command::PaneDatagram => self.choose_pane(Pane::Datagram),
            Command::PaneNetwork => self.choose_pane(Pane::Network),
            Command::PaneOperations => self.choose_pane(Pane::Operations),
            Command::PaneScore => self.choose_pane(Pane::Score),
            Command::Mark => self.mark(),
            Command::ZoomIn => self.zoom = (self.zoom + 1).min(12),
            Command::ZoomOut => self.zoom = self.zoom.saturating_sub(1),
            Command::Copy => {
                let text = self.replay();
                self.message = Some(format!("copied: {text}"));
                self.copied = Some(text);
            }
            Command::Play => {
                let now = self.now();
                self.playing = self.playing.is_none().then_some(now);
            }
            Command::Faster => self
                .set_speed(SPEEDS.iter().find(|s| **s > self.speed).copied().unwrap_or(self.speed)),
            Command::Slower => self.set_speed(
                SPEEDS.iter().rev().find(|s| **s < self.speed).copied().unwrap_or(SPEEDS[0]),
            ),
            motion => self.go(motion),
        }
        self.settle();
    }

    /// Whether a command can be carried out now.
    ///
    /// # Errors
    /// If it cannot: why.
    pub fn enabled(&self, command: Command) -> Result<(), &'static str> {
        let film = self.film();
        match command {
            Command::NextVariant
            | Command::LastVariant
            | Command::Beside
            | Command::NextDifference
            | Command::LastDifference
            | Command::Divergence
                if self.films.len() < 2 =>
            {
                Err("there is one variant only")
            }
            Command::Beside if self.size.0 < TOO_NARROW && !self.wish.beside => {
                Err("two diagrams need 100 columns; Tab shows the next variant at the same time")
            }
            Command::NextViolation | Command::LastViolation if film.violations().is_empty() => {
                Err(match film.verdict() {
                    Some(_) => "nothing was violated",
                    None if film.is_over() => "events on paper are not judged",
                    None => "still loading",
                })
            }
            Command::NextFault | Command::LastFault if film.index().faults().is_empty() => {
                Err("there are no faults")
            }
            Command::SearchNext | Command::SearchLast if self.needle.is_empty() => {
                Err("search for something first: /")
            }
            Command::NextMark | Command::LastMark if self.marks().is_empty() => {
                Err("nothing is marked: * marks the event at the cursor")
            }
            Command::ZoomOut if self.zoom == 0 => Err("the bar shows all of it"),
            Command::Suspend if !cfg!(unix) => Err("there is no shell to go back to here"),
            _ => Ok(()),
        }
    }

    /// Closes what lies over the diagram, or leaves the pane, or makes it small again.
    fn close(&mut self) {
        if self.over != Over::Nothing {
            self.over = Over::Nothing;
        } else if self.focus.is_some() {
            self.focus = None;
        } else {
            self.wish.wide = false;
        }
    }

    fn has_pane(&self) -> bool {
        self.layout().is_none_or(|layout| !layout.panes.is_empty())
    }

    /// Shows a pane; one that is shown already gets all the room there is, or gives it back.
    fn choose_pane(&mut self, pane: Pane) {
        let same = self.pane == pane && self.has_pane();
        self.pane = pane;
        self.focus = None;
        if same {
            self.wish.wide = !self.wish.wide;
        } else {
            self.wish.wide |= !self.has_pane();
        }
    }

    fn look(&mut self, command: Command) {
        match command {
            Command::Theme => {
                let at = Theme::ALL.iter().position(|theme| theme.name == self.theme().name);
                self.options.theme = Theme::ALL[(at.unwrap_or(0) + 1) % Theme::ALL.len()];
                self.message = Some(format!("theme: {}", self.theme().name));
            }
            Command::Ascii => {
                let ascii = *self.glyphs() == Glyphs::ASCII;
                self.options.glyphs = if ascii { Glyphs::UNICODE } else { Glyphs::ASCII };
            }
            _ => {
                self.options.mouse = !self.options.mouse;
                let whose = if self.options.mouse { "the debugger's" } else { "the terminal's" };
                self.message = Some(format!("the mouse is {whose}"));
            }
        }
    }

    fn mark(&mut self) {
        let cursor = self.cursor();
        let marks = &mut self.marks[self.shown];
        let new = marks.insert(cursor);
        if !new {
            marks.remove(&cursor);
        }
        let word = if new { "marked" } else { "no longer marked" };
        self.message = Some(format!("#{cursor} is {word}"));
    }

    /// The command line that shows the same again.
    #[must_use]
    pub fn replay(&self) -> String {
        let origin = &self.options.origin;
        let one = self.scenario().variants.len() < 2 || self.options.is_trace;
        let variant =
            if one { String::new() } else { format!(" --variant {}", self.film().variant()) };
        format!("{origin}{variant} --at {}", self.cursor())
    }

    fn inspect_next(&mut self, forward: bool) {
        let nodes = self.scenario().nodes.len() as u32;
        let Some(NodeId(now)) = self.inspected_node() else { return };
        let next = if forward { now + 1 } else { now + nodes - 1 };
        self.node = Some(NodeId(next % nodes));
    }

    fn set_speed(&mut self, speed: u64) {
        self.speed = speed;
        self.message = Some(format!("speed: {}", self.speed_in_words()));
    }

    /// How fast it plays.
    #[must_use]
    pub fn speed_in_words(&self) -> String {
        match self.speed {
            speed if speed >= 1_000 => format!("{}x", speed / 1_000),
            speed => format!("1/{}x", 1_000 / speed.max(1)),
        }
    }
}
