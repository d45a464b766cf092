//! The debugger without its screen and its keys: what is looked at, and how commands change that.
//!
//! ```text
//!   key ──▶ Command ──▶ App::run ──▶ App ──▶ view::draw ──▶ screen
//! ```
//!
//! Drawing only reads. Whatever has to be worked out for it, such as a node's state at the cursor, is
//! worked out after each command ([`App::settle`]).

pub mod command;
pub mod layout;
mod motion;
pub mod scene;

use crate::film::Film;
use crate::look::{Glyphs, Theme};
use command::{COMMANDS, Command, Entry};
use layout::Layout;
use scene::{Detail, Scene};
use simlab_core::{Dissection, Fields, NodeId, Time};
use simlab_scenarios::Scenario;

/// What lies over the diagram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Over {
    /// Nothing.
    #[default]
    Nothing,
    /// All commands, and which line is at the top.
    Help(u16),
    /// The commands that fit what was typed, and which of them is chosen.
    Palette(String, usize),
    /// What is searched for, as far as it was typed.
    Search(String),
    /// The chain of causes, in words.
    Chain(Vec<String>),
}

/// What a node looked like at the cursor.
#[derive(Clone, Debug, Default)]
pub struct Inspected {
    /// The node.
    pub node: Option<NodeId>,
    /// Its state; `None` while it is down.
    pub state: Option<Fields>,
    /// Its state before the event at the cursor.
    pub before: Option<Fields>,
    /// Its timers: their names, and when they are due.
    pub timers: Vec<(u64, Time)>,
    /// Its files: name, how many bytes, and how many of them are durable.
    pub files: Vec<(String, usize, usize)>,
    /// The datagram at the cursor, decoded, and its bytes.
    pub datagram: Option<(Option<Dissection>, Vec<u8>)>,
}

/// The debugger.
#[derive(Debug)]
pub struct App<'c> {
    films: Vec<Film<'c>>,
    shown: usize,
    /// Of each variant, the record that the cursor is at.
    cursors: Vec<u64>,
    detail: Detail,
    /// The node that is inspected; `None` for that of the event at the cursor.
    node: Option<NodeId>,
    over: Over,
    needle: String,
    message: Option<String>,
    /// What time it is for the audience, while it plays.
    playing: Option<Time>,
    /// How much virtual time passes in a second of the audience's, in thousandths.
    speed: u64,
    theme: Theme,
    glyphs: Glyphs,
    lang: String,
    size: (u16, u16),
    /// How many rows the diagram has.
    rows: usize,
    scene: Scene,
    inspected: Inspected,
    /// The hash of the trace, if the run was recorded before.
    recorded: Option<u64>,
    /// Where to go as soon as it is loaded.
    wanted: Option<u64>,
    suspended: bool,
    over_and_out: bool,
}

impl<'c> App<'c> {
    /// The debugger with these variants of one story.
    #[must_use]
    pub fn new(films: Vec<Film<'c>>, theme: Theme, glyphs: Glyphs, lang: &str) -> Self {
        let cursors = vec![1; films.len()];
        let mut app = App {
            films,
            shown: 0,
            cursors,
            detail: Detail::default(),
            node: None,
            over: Over::Nothing,
            needle: String::new(),
            message: None,
            playing: None,
            speed: 1_000,
            theme,
            glyphs,
            lang: lang.to_owned(),
            size: (80, 24),
            rows: 0,
            scene: Scene::default(),
            inspected: Inspected::default(),
            recorded: None,
            wanted: None,
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
        if let Some(number) = self.wanted
            && (self.film().len() >= number || loaded)
        {
            self.wanted = None;
            self.jump(number);
        }
        self.settle();
        loaded
    }

    /// Goes to this record as soon as it is loaded.
    pub fn begin_at(&mut self, number: Option<u64>) {
        self.wanted = number;
    }

    /// The run was recorded, and its trace had this hash.
    pub fn expect(&mut self, hash: Option<u64>) {
        self.recorded = hash;
    }

    /// Why what is shown is not what was recorded, if it is not.
    #[must_use]
    pub fn departure(&self) -> Option<String> {
        let recorded = self.recorded.filter(|_| self.film().is_over())?;
        let made = self.film().last().trace_hash();
        (recorded != made).then(|| {
            format!("this build makes another run of it: trace hash {made:016x}, recorded {recorded:016x}")
        })
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
            Command::Close => self.over = Over::Nothing,
            Command::Help => self.over = Over::Help(0),
            Command::Palette => self.over = Over::Palette(String::new(), 0),
            Command::Search => self.over = Over::Search(String::new()),
            Command::Theme => {
                let at = Theme::ALL.iter().position(|theme| theme.name == self.theme.name);
                self.theme = Theme::ALL[(at.unwrap_or(0) + 1) % Theme::ALL.len()];
                self.message = Some(format!("theme: {}", self.theme.name));
            }
            Command::Ascii => {
                let ascii = self.glyphs == Glyphs::ASCII;
                self.glyphs = if ascii { Glyphs::UNICODE } else { Glyphs::ASCII };
            }
            Command::MoreDetail => {
                self.detail = self.detail.next();
                self.snap();
                self.message = Some(format!("shown: {}", self.detail.name()));
            }
            Command::Chain => self.over = Over::Chain(self.chain()),
            Command::NextNode | Command::LastNode => {
                self.inspect_next(command == Command::NextNode)
            }
            Command::NextVariant => self.show((self.shown + 1) % self.films.len()),
            Command::LastVariant => {
                self.show((self.shown + self.films.len() - 1) % self.films.len());
            }
            Command::Play => {
                let now = self.now();
                self.playing = self.playing.is_none().then_some(now);
            }
            Command::Faster => self.set_speed(self.speed.saturating_mul(2).min(1_000_000)),
            Command::Slower => self.set_speed((self.speed / 2).max(1)),
            motion => self.go(motion),
        }
        self.settle();
    }

    /// Whether a command can be carried out now.
    ///
    /// # Errors
    /// If it cannot: why.
    pub fn enabled(&self, command: Command) -> Result<(), &'static str> {
        match command {
            Command::NextVariant | Command::LastVariant if self.films.len() < 2 => {
                Err("there is one variant only")
            }
            Command::NextViolation | Command::LastViolation
                if self.film().index().violations().is_empty() =>
            {
                Err("nothing was violated")
            }
            Command::NextFault | Command::LastFault if self.film().index().faults().is_empty() => {
                Err("there are no faults")
            }
            Command::SearchNext | Command::SearchLast if self.needle.is_empty() => {
                Err("search for something first: /")
            }
            Command::Suspend if !cfg!(unix) => Err("there is no shell to go back to here"),
            _ => Ok(()),
        }
    }

    /// Whether the user wants to go back to the shell for a while; asked once.
    pub fn takes_leave(&mut self) -> bool {
        std::mem::take(&mut self.suspended)
    }

    /// So many milliseconds of the audience's time have passed.
    pub fn tick(&mut self, ms: u64) {
        if self.playing.is_some() {
            self.play(ms);
            self.settle();
        }
    }

    /// What was typed into what lies over the diagram.
    pub fn typed(&mut self, letter: Option<char>) {
        match &mut self.over {
            Over::Palette(text, chosen) => {
                edit(text, letter);
                *chosen = 0;
            }
            Over::Search(text) => edit(text, letter),
            _ => {}
        }
    }

    /// The line above or below in what lies over the diagram.
    pub fn choose(&mut self, down: bool) {
        let found = self.found().len();
        match &mut self.over {
            Over::Palette(_, chosen) if found > 0 => {
                *chosen = (*chosen + if down { 1 } else { found - 1 }) % found;
            }
            Over::Help(top) => *top = if down { *top + 1 } else { top.saturating_sub(1) },
            _ => {}
        }
    }

    /// What was typed is meant.
    pub fn confirm(&mut self) {
        match std::mem::take(&mut self.over) {
            Over::Palette(text, chosen) => {
                self.over = Over::Palette(text, chosen);
                let entry = self.found().get(chosen).copied();
                self.over = Over::Nothing;
                if let Some(entry) = entry {
                    self.run(entry.command);
                }
            }
            Over::Search(text) => {
                self.needle = text;
                self.run(Command::SearchNext);
            }
            _ => {}
        }
    }

    /// The commands that fit what was typed into the palette.
    #[must_use]
    pub fn found(&self) -> Vec<&'static Entry> {
        let Over::Palette(text, _) = &self.over else { return Vec::new() };
        let fits = |entry: &&Entry| {
            let whole = format!("{} {}", entry.name, entry.title).to_lowercase();
            text.to_lowercase().split_whitespace().all(|word| whole.contains(word))
        };
        COMMANDS.iter().filter(fits).collect()
    }

    /// Works out what is drawn.
    fn settle(&mut self) {
        let last = self.film().len().max(1);
        self.cursors[self.shown] = self.cursor().min(last);
        self.rows = Layout::of(self.size).map_or(0, |layout| layout.diagram.height.into());
        self.scene = Scene::around(self.film(), self.cursor(), self.detail, self.rows);
        self.inspected = self.inspect();
    }

    fn inspect(&mut self) -> Inspected {
        let (cursor, node) = (self.cursor(), self.inspected_node());
        let film = &mut self.films[self.shown];
        let Some(node) = node.filter(|_| !film.is_empty()) else { return Inspected::default() };
        let (state, before) = film.shown(cursor, node);
        let world = film.world_at(cursor);
        let timers = world.timers(node).map(|(_, key, due)| (key, due)).collect();
        let durable: Vec<_> =
            world.durable_files(node).map(|(name, bytes)| (name, bytes.len())).collect();
        let files = world.files(node).map(|(name, bytes)| {
            let kept = durable.iter().find(|(other, _)| *other == name).map_or(0, |(_, len)| *len);
            (name.to_owned(), bytes.len(), kept)
        });
        let files = files.collect();
        let event = film.event(cursor);
        let carries = |kind: &simlab_core::Kind| kind.code() <= 4 && kind.code() > 0;
        let datagram = event.filter(|event| carries(&event.kind));
        let datagram = datagram.map(|event| (film.dissect(&event), event.bytes.to_vec()));
        Inspected { node: Some(node), state, before, timers, files, datagram }
    }

    fn inspect_next(&mut self, forward: bool) {
        let nodes = self.film().scenario().nodes.len() as u32;
        let Some(NodeId(now)) = self.inspected_node() else { return };
        let next = if forward { now + 1 } else { now + nodes - 1 };
        self.node = Some(NodeId(next % nodes));
    }

    /// The node that is inspected.
    #[must_use]
    pub fn inspected_node(&self) -> Option<NodeId> {
        let own = || self.film().event(self.cursor()).and_then(|event| event.node);
        let first = || self.film().scenario().nodes.first().map(|node| node.id);
        self.node.or_else(own).or_else(first)
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
            speed => format!("1/{}x", 1_000 / speed),
        }
    }

    /// Shows another variant at the same virtual time.
    fn show(&mut self, variant: usize) {
        let now = self.now();
        self.shown = variant;
        self.cursors[variant] = self.films[variant].trace().first_at(now).max(1);
        self.snap();
    }

    /// Whether the user wants to leave.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.over_and_out
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

    /// The colours.
    #[must_use]
    pub const fn theme(&self) -> &Theme {
        &self.theme
    }

    /// The characters.
    #[must_use]
    pub const fn glyphs(&self) -> &Glyphs {
        &self.glyphs
    }

    /// The language of the story.
    #[must_use]
    pub fn lang(&self) -> &str {
        &self.lang
    }

    /// The rows of the diagram.
    #[must_use]
    pub const fn scene(&self) -> &Scene {
        &self.scene
    }

    /// What the inspected node looks like.
    #[must_use]
    pub const fn inspected(&self) -> &Inspected {
        &self.inspected
    }

    /// A key as it is shown: arrows need more than ASCII.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        if self.glyphs != Glyphs::ASCII {
            return key.to_owned();
        }
        let arrows = [("→", "Right"), ("←", "Left"), ("↓", "Down"), ("↑", "Up")];
        arrows.iter().fold(key.to_owned(), |key, (arrow, name)| key.replace(arrow, name))
    }

    /// What is told at the cursor's time: the latest remark of the story.
    #[must_use]
    pub fn told(&self) -> Option<&str> {
        let told = self.scenario().narration.iter().rev().find(|told| told.at <= self.now())?;
        Some(told.text.get(&self.lang))
    }
}

fn edit(text: &mut String, letter: Option<char>) {
    match letter {
        Some(letter) => text.push(letter),
        None => {
            text.pop();
        }
    }
}
