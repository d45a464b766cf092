//! The library: the lessons to choose from.

use super::Options;
use super::command::Command;
use crate::look::{Glyphs, Theme};
use simlab_scenarios::{Catalogue, LESSONS, lesson, load};
use std::ops::Range;

/// A lesson as it is offered.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its name in commands.
    pub name: &'static str,
    /// What people call it.
    pub title: String,
    /// What it is about.
    pub summary: String,
    /// In how many ways the story is told.
    pub variants: Vec<String>,
}

/// The lessons, and which one is chosen.
#[derive(Debug)]
pub struct Library {
    offers: Vec<Offer>,
    chosen: usize,
    /// How many lessons are on the screen at a time.
    rows: usize,
    options: Options,
    message: Option<String>,
    opened: bool,
    over_and_out: bool,
    suspended: bool,
}

impl Library {
    /// All lessons that this build has.
    #[must_use]
    pub fn new(catalogue: &Catalogue, options: Options) -> Self {
        let offers = LESSONS.iter().filter_map(|(name, _)| {
            // A lesson that does not load is caught by a test, and is not offered.
            let scenario = load(lesson(name)?, catalogue, &[]).ok()?;
            let told = |text: &simlab_scenarios::Text| text.get(&options.lang).trim().to_owned();
            let variants = scenario.variants.iter().map(|variant| variant.name.clone());
            Some(Offer {
                name,
                title: told(&scenario.title),
                summary: scenario.summary.as_ref().map(told).unwrap_or_default(),
                variants: variants.collect(),
            })
        });
        let offers = offers.collect();
        Library {
            offers,
            chosen: 0,
            rows: usize::MAX,
            options,
            message: None,
            opened: false,
            over_and_out: false,
            suspended: false,
        }
    }

    /// The lessons.
    #[must_use]
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// Which one is chosen.
    #[must_use]
    pub const fn chosen(&self) -> usize {
        self.chosen
    }

    /// There is room for so many lessons, one at least.
    pub fn set_rows(&mut self, rows: usize) {
        self.rows = rows.max(1);
    }

    /// The lessons on the screen: the page that has the chosen one.
    #[must_use]
    pub fn page(&self) -> Range<usize> {
        let first = self.chosen / self.rows * self.rows;
        first..self.offers.len().min(first.saturating_add(self.rows))
    }

    /// How it is shown.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Shows it so from now on.
    pub fn set_options(&mut self, options: Options) {
        self.options = options;
    }

    /// A word about what was just done.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Carries out a command, of those that mean something here.
    pub fn run(&mut self, command: Command) {
        self.message = None;
        let last = self.offers.len().saturating_sub(1);
        match command {
            Command::Forward => self.chosen = (self.chosen + 1).min(last),
            Command::Back => self.chosen = self.chosen.saturating_sub(1),
            Command::ForwardPage => self.chosen = self.chosen.saturating_add(self.rows).min(last),
            Command::BackPage => self.chosen = self.chosen.saturating_sub(self.rows),
            Command::First => self.chosen = 0,
            Command::Last => self.chosen = last,
            Command::Quit => self.over_and_out = true,
            Command::Suspend => self.suspended = cfg!(unix),
            Command::Theme => {
                let name = self.options.theme.name;
                let at = Theme::ALL.iter().position(|theme| theme.name == name).unwrap_or(0);
                self.options.theme = Theme::ALL[(at + 1) % Theme::ALL.len()];
            }
            Command::Ascii => {
                let ascii = self.options.glyphs == Glyphs::ASCII;
                self.options.glyphs = if ascii { Glyphs::UNICODE } else { Glyphs::ASCII };
            }
            Command::Mouse => self.options.mouse = !self.options.mouse,
            _ => {
                let text = "choose a lesson with the arrows, Enter opens it, q leaves";
                self.message = Some(text.to_owned());
            }
        }
    }

    /// The chosen lesson is to be opened.
    pub const fn open(&mut self) {
        self.opened = true;
    }

    /// The lesson that is to be opened; asked once.
    pub fn opens(&mut self) -> Option<&'static str> {
        let opened = std::mem::take(&mut self.opened);
        self.offers.get(self.chosen).filter(|_| opened).map(|offer| offer.name)
    }

    /// The lesson in this row of the screen is meant, and it is to be opened if it was chosen before.
    pub fn point(&mut self, row: u16) {
        let first = usize::from(crate::view::library::FIRST);
        let place = usize::from(row).checked_sub(first).map(|row| self.page().start + row);
        if let Some(place) = place.filter(|place| self.page().contains(place)) {
            self.opened = place == self.chosen;
            self.chosen = place;
        }
    }

    /// Whether the user wants to go back to the shell for a while; asked once.
    pub fn takes_leave(&mut self) -> bool {
        std::mem::take(&mut self.suspended)
    }

    /// Whether the user wants to leave.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.over_and_out
    }
}
