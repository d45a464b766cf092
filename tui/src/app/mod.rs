//! The debugger without its screen and its keys: what is looked at, and how commands change that.
//!
//! ```text
//!   key ──▶ Command ──▶ App::run ──▶ App ──▶ view::draw ──▶ screen
//! ```
//!
//! Drawing only reads. Whatever has to be worked out for it, such as a node's state at the cursor, is
//! worked out after each command ([`App::settle`]).

mod chain;
pub mod command;
mod compare;
mod filter;
pub mod inspect;
pub mod keys;
pub mod layout;
pub mod library;
mod motion;
mod over;
pub mod pane;
mod point;
mod run;
pub mod scene;
mod sight;

pub use filter::Filter;
pub(crate) use filter::{ends, operation};
pub use over::Over;
pub(crate) use pane::seconds;
pub(crate) use sight::differs;

use crate::film::Film;
use crate::look::{Glyphs, Theme};
use compare::Parting;
use filter::Sieve;
use inspect::Inspected;
use layout::{Layout, Wish};
use pane::Pane;
use scene::{Detail, Scene};
use sight::Sight;
use simlab_core::{Duration, NodeId, Time};
use simlab_scenarios::Scenario;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What was recorded of a run that is made again.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The hash of its trace.
    pub hash: u64,
    /// The trace file.
    pub path: PathBuf,
}

/// How it is shown.
#[derive(Clone, Debug)]
pub struct Options {
    /// The colours.
    pub theme: Theme,
    /// The characters.
    pub glyphs: Glyphs,
    /// The language of the story.
    pub lang: String,
    /// Whether the mouse is this program's.
    pub mouse: bool,
    /// The command line that shows the same runs, without the variant and the event.
    pub origin: String,
    /// Whether it is of a trace file, which has one variant only.
    pub is_trace: bool,
}

/// The debugger.
#[derive(Debug)]
pub struct App<'c> {
    films: Vec<Film<'c>>,
    shown: usize,
    /// Of each variant, the record that the cursor is at.
    cursors: Vec<u64>,
    /// Of each variant, the record that somebody went to and that would have no row.
    pinned: Vec<Option<u64>>,
    /// The moment that is looked at: it stays while variants are compared.
    moment: Time,
    detail: Detail,
    /// Whether many datagrams in a row that led to nothing are only counted.
    folds: bool,
    filter: Option<Filter>,
    /// Of each variant, what fits the filter.
    sieves: Vec<Sieve>,
    /// The node that is inspected; `None` for that of the event at the cursor.
    node: Option<NodeId>,
    pane: Pane,
    /// Which line of the pane is chosen, if the keys go there.
    focus: Option<usize>,
    wish: Wish,
    /// Of each variant, the records that were marked.
    marks: Vec<BTreeSet<u64>>,
    /// How often the bar was zoomed in.
    zoom: u32,
    over: Over,
    needle: String,
    message: Option<String>,
    /// What time it is for the audience, while it plays.
    playing: Option<Time>,
    /// How much virtual time passes in a second of the audience's, in thousandths.
    speed: u64,
    options: Options,
    size: (u16, u16),
    /// The diagrams that are shown: which variant each is of, and what stands in its rows.
    scenes: Vec<(usize, Scene)>,
    inspected: Inspected,
    /// Where each pair of variants parts, once that is known.
    partings: BTreeMap<(usize, usize), Parting>,
    recorded: Option<Recorded>,
    departed: Option<String>,
    /// Where to go as soon as it is loaded.
    wanted: Option<u64>,
    /// What is to be copied to the clipboard.
    copied: Option<String>,
    suspended: bool,
    over_and_out: bool,
}

impl<'c> App<'c> {
    /// The debugger with these variants of one story.
    #[must_use]
    pub fn new(films: Vec<Film<'c>>, options: Options) -> Self {
        let many = films.len();
        let mut app = App {
            films,
            shown: 0,
            cursors: vec![1; many],
            pinned: vec![None; many],
            moment: Time::ZERO,
            detail: Detail::default(),
            folds: true,
            filter: None,
            sieves: vec![Sieve::default(); many],
            node: None,
            pane: Pane::default(),
            focus: None,
            wish: Wish::default(),
            marks: vec![BTreeSet::new(); many],
            zoom: 0,
            over: Over::Nothing,
            needle: String::new(),
            message: None,
            playing: None,
            speed: 1_000,
            options,
            size: (80, 24),
            scenes: Vec::new(),
            inspected: Inspected::default(),
            partings: BTreeMap::new(),
            recorded: None,
            departed: None,
            wanted: None,
            copied: None,
            suspended: false,
            over_and_out: false,
        };
        app.settle();
        app
    }

    /// Goes on with loading for so many steps of each variant. Returns whether all is loaded.
    pub fn load(&mut self, steps: u32) -> bool {
        let mut loaded = true;
        for film in &mut self.films {
            loaded &= film.load(steps);
        }
        if loaded {
            self.depart();
        }
        if let Some(number) = self.wanted
            && (self.film().len() >= number || loaded)
        {
            self.wanted = None;
            self.jump(number);
        }
        self.settle();
        loaded
    }

    /// Shows what was recorded, if what was made again is another run.
    fn depart(&mut self) {
        let Some(Recorded { hash, path }) = self.recorded.take() else { return };
        let made = self.film().last().map(simlab_sim::World::trace_hash);
        if made == Some(hash) {
            return;
        }
        self.departed = Some(match self.film().again_on_paper(&path) {
            Ok(film) => {
                self.films[self.shown] = film;
                "this build makes another run of it: these are the recorded events, without nodes"
                    .to_owned()
            }
            Err(_) => "this build makes another run of it, and the file cannot be read any more"
                .to_owned(),
        });
    }

    /// Goes to this record as soon as it is loaded.
    pub fn begin_at(&mut self, number: Option<u64>) {
        self.wanted = number;
    }

    /// The run was recorded.
    pub fn expect(&mut self, recorded: Option<Recorded>) {
        self.recorded = recorded;
    }

    /// Why what is shown is not what this build makes of it, if it is not.
    #[must_use]
    pub fn departure(&self) -> Option<&str> {
        self.departed.as_deref()
    }

    /// Whether there is still something to load.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.films.iter().any(|film| !film.is_over())
    }

    /// The screen has this size now.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.size = (width, height);
        self.settle();
    }

    /// Works out what is drawn.
    fn settle(&mut self) {
        let last = self.film().len().max(1);
        self.cursors[self.shown] = self.cursor().min(last);
        if let Some(filter) = &self.filter {
            for (sieve, film) in self.sieves.iter_mut().zip(&self.films) {
                sieve.sift(filter, film);
            }
        }
        self.compose();
        self.inspected = self.inspect();
        if let Some(line) = self.focus {
            let lines = self.pane_lines();
            self.focus = (lines > 0).then(|| line.min(lines - 1));
        }
    }

    /// Works out the rows of the diagrams.
    fn compose(&mut self) {
        let layout = self.layout();
        let diagrams = layout.as_ref().map_or(0, |layout| layout.diagrams.len());
        let height = layout.map_or(0, |layout| layout.body.height.into());
        let shown = self.shown;
        if diagrams == 2
            && let Some(other) = self.partner()
        {
            self.follow(other);
            let sights = [self.sight(shown), self.sight(other)];
            let cursors = [self.cursors[shown], self.cursors[other]];
            let [left, right] = Scene::beside(sights, cursors, height);
            self.scenes = vec![(shown, left), (other, right)];
        } else {
            let scene = Scene::around(self.sight(shown), self.cursor(), height);
            self.scenes = vec![(shown, scene)];
        }
        self.part();
    }

    /// How a variant is looked at.
    fn sight(&self, variant: usize) -> Sight<'_> {
        Sight {
            film: &self.films[variant],
            detail: self.detail,
            // Whoever asks for something sees all of it.
            folds: self.folds && !self.filter.as_ref().is_some_and(Filter::asks),
            sieve: self.filter.as_ref().map(|_| &self.sieves[variant]),
            pinned: self.pinned[variant],
        }
    }

    /// Where what stands on the screen; `None` if it is too small.
    #[must_use]
    pub fn layout(&self) -> Option<Layout> {
        let beside = self.wish.beside && self.films.len() > 1;
        Layout::of(self.size, Wish { beside, ..self.wish })
    }

    /// How many lines the chosen pane has.
    fn pane_lines(&self) -> usize {
        let area = self.layout().and_then(|layout| layout.panes.first().copied());
        area.map_or(0, |area| self.lines(self.pane, area.width, area.height).len())
    }

    /// The node that is inspected.
    #[must_use]
    pub fn inspected_node(&self) -> Option<NodeId> {
        let own = || self.film().event(self.cursor()).and_then(|event| event.node);
        let first = || self.scenario().nodes.first().map(|node| node.id);
        self.node.or_else(own).or_else(first)
    }

    /// Whether the user wants to leave.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.over_and_out
    }

    /// Whether the user wants to go back to the shell for a while; asked once.
    pub fn takes_leave(&mut self) -> bool {
        std::mem::take(&mut self.suspended)
    }

    /// What is to be copied to the clipboard; asked once.
    pub fn copies(&mut self) -> Option<String> {
        self.copied.take()
    }

    /// The variant that is shown.
    #[must_use]
    pub fn film(&self) -> &Film<'c> {
        &self.films[self.shown]
    }

    /// All variants.
    #[must_use]
    pub fn films(&self) -> &[Film<'c>] {
        &self.films
    }

    /// Which variant is shown.
    #[must_use]
    pub const fn shown(&self) -> usize {
        self.shown
    }

    /// The story.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        self.film().scenario()
    }

    /// The record at the cursor.
    #[must_use]
    pub fn cursor(&self) -> u64 {
        self.cursors[self.shown]
    }

    /// The time at the cursor.
    #[must_use]
    pub fn now(&self) -> Time {
        self.film().event(self.cursor()).map_or(Time::ZERO, |event| event.at)
    }

    /// How much is shown.
    #[must_use]
    pub const fn detail(&self) -> Detail {
        self.detail
    }

    /// What alone is shown, if not everything.
    #[must_use]
    pub const fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// What is looked at beside the diagram.
    #[must_use]
    pub const fn pane(&self) -> Pane {
        self.pane
    }

    /// Which line of the pane is chosen, if the keys go there.
    #[must_use]
    pub const fn focus(&self) -> Option<usize> {
        self.focus
    }

    /// The records of the shown variant that were marked.
    #[must_use]
    pub fn marks(&self) -> &BTreeSet<u64> {
        &self.marks[self.shown]
    }

    /// What lies over the diagram.
    #[must_use]
    pub const fn over(&self) -> &Over {
        &self.over
    }

    /// A word about what was just done.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Whether it plays.
    #[must_use]
    pub const fn is_playing(&self) -> bool {
        self.playing.is_some()
    }

    /// Whether the mouse is this program's.
    #[must_use]
    pub const fn has_mouse(&self) -> bool {
        self.options.mouse
    }

    /// The colours.
    #[must_use]
    pub const fn theme(&self) -> &Theme {
        &self.options.theme
    }

    /// The characters.
    #[must_use]
    pub const fn glyphs(&self) -> &Glyphs {
        &self.options.glyphs
    }

    /// How it is shown.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// The diagrams that are shown: which variant each is of, and what stands in its rows.
    #[must_use]
    pub fn scenes(&self) -> &[(usize, Scene)] {
        &self.scenes
    }

    /// What the inspected node looks like.
    #[must_use]
    pub const fn inspected(&self) -> &Inspected {
        &self.inspected
    }

    /// A key as it is shown: arrows need more than ASCII.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        keys::shown(key, self.glyphs())
    }

    /// What is told at the cursor's time: the latest remark of the story.
    #[must_use]
    pub fn told(&self) -> Option<&str> {
        let scenario = self.scenario();
        // What is told of operations holds for those that begin a little earlier than planned, too.
        let lead = |at: Time| {
            let told_of = scenario.operations.iter().filter(|operation| operation.at == at);
            told_of.map(|operation| operation.jitter).max().unwrap_or(Duration::ZERO)
        };
        let now = self.now();
        let told = scenario.narration.iter().rev().find(|told| told.at <= now + lead(told.at))?;
        Some(told.text.get(&self.options.lang))
    }
}
