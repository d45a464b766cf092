//! What lies over the diagram: help, palette, and lines to type into.

use super::command::{COMMANDS, Command, Entry};
use super::filter::{Filter, Sieve};
use super::{App, pane};
use crate::glossary::{GLOSSARY, Term};

/// What lies over the diagram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Over {
    /// Nothing.
    #[default]
    Nothing,
    /// The commands that fit what was typed, by group, and which of them is chosen.
    Help(String, usize),
    /// The same, those that are likeliest meant first.
    Palette(String, usize),
    /// The terms that fit what was typed, those of the event at the cursor first, and which is chosen.
    Glossary(String, usize),
    /// What is searched for, as far as it was typed.
    Search(String),
    /// What alone is to be shown, as far as it was typed.
    Filter(String),
    /// The chain of causes, in words: the record of each, and its line.
    Chain(Vec<(u64, String)>, usize),
}

impl Over {
    /// Whether letters go here.
    #[must_use]
    pub const fn takes_letters(&self) -> bool {
        !matches!(self, Over::Nothing | Over::Chain(..))
    }
}

impl App<'_> {
    /// What was typed into what lies over the diagram; `None` takes the last letter back.
    pub fn typed(&mut self, letter: Option<char>) {
        const LONGEST: usize = 256;
        let (text, chosen) = match &mut self.over {
            Over::Palette(text, chosen)
            | Over::Help(text, chosen)
            | Over::Glossary(text, chosen) => (text, Some(chosen)),
            Over::Search(text) | Over::Filter(text) => (text, None),
            Over::Nothing | Over::Chain(..) => return,
        };
        match letter {
            Some(letter) if text.len() < LONGEST => text.push(letter),
            Some(_) => {}
            None => {
                text.pop();
            }
        }
        if let Some(chosen) = chosen {
            *chosen = 0;
        }
    }

    /// Takes back all that was typed.
    pub fn untype(&mut self) {
        for _ in 0..256 {
            self.typed(None);
        }
    }

    /// The line above or below in what lies over the diagram, or in the pane that the keys go to.
    pub fn choose(&mut self, down: bool) {
        let (found, terms) = (self.found().len(), self.terms().len());
        let lines = self.pane_lines();
        let (chosen, all) = match &mut self.over {
            Over::Palette(_, chosen) | Over::Help(_, chosen) => (chosen, found),
            Over::Glossary(_, chosen) => (chosen, terms),
            Over::Chain(lines, chosen) => (chosen, lines.len()),
            Over::Nothing => match &mut self.focus {
                Some(line) => (line, lines),
                None => return,
            },
            Over::Search(_) | Over::Filter(_) => return,
        };
        *chosen =
            if down { (*chosen + 1).min(all.saturating_sub(1)) } else { chosen.saturating_sub(1) };
    }

    /// What was typed, or chosen, is meant.
    pub fn confirm(&mut self) {
        match std::mem::take(&mut self.over) {
            Over::Palette(text, chosen) | Over::Help(text, chosen) => {
                let entry = fitting(&text).get(chosen).copied();
                if let Some(entry) = entry {
                    self.run(entry.command);
                }
            }
            Over::Search(text) => {
                self.needle = text;
                self.run(Command::SearchNext);
            }
            Over::Filter(text) => self.show_alone(&text),
            Over::Chain(lines, chosen) => {
                if let Some((number, _)) = lines.get(chosen) {
                    self.jump(*number);
                    self.settle();
                }
            }
            Over::Glossary(..) => {}
            Over::Nothing => self.enter(),
        }
    }

    /// Shows alone what fits this; everything, if it is empty.
    fn show_alone(&mut self, text: &str) {
        match Filter::parse(text, self.film()) {
            Ok(filter) => {
                let all = filter.is_empty();
                self.message = all.then(|| "everything is shown".to_owned());
                self.filter = (!all).then_some(filter);
                self.sieves = vec![Sieve::default(); self.films.len()];
                self.unpin();
                self.settle();
                self.snap();
                self.settle();
                if self.filter.is_some() && self.sieves[self.shown].is_empty() {
                    self.message = Some("nothing fits this filter".to_owned());
                }
            }
            Err(reason) => self.message = Some(reason),
        }
    }

    /// Goes where the chosen line of the pane leads.
    fn enter(&mut self) {
        let Some(line) = self.focus else { return };
        let area = self.layout().and_then(|layout| layout.panes.first().copied());
        let area = area.unwrap_or_default();
        let lines = self.lines(self.pane, area.width, area.height);
        match lines.get(line).and_then(|line| line.goes) {
            Some(pane::Goal::Record(number)) => {
                self.jump(number);
                // The list moves with the cursor, and the choice with the list.
                if self.pane == pane::Pane::Operations {
                    self.focus = Some(self.latest_operation());
                }
            }
            Some(pane::Goal::Node(node)) => self.node = Some(node),
            Some(pane::Goal::Variant(variant)) => self.show(variant),
            None => self.message = Some("this line leads nowhere".to_owned()),
        }
        self.settle();
    }

    /// The commands that fit what was typed.
    #[must_use]
    pub fn found(&self) -> Vec<&'static Entry> {
        match &self.over {
            Over::Palette(text, _) | Over::Help(text, _) => fitting(text),
            _ => Vec::new(),
        }
    }
}

impl App<'_> {
    /// The terms that fit what was typed into the glossary, those first that the event at the cursor is about,
    /// or that are told then.
    #[must_use]
    pub fn terms(&self) -> Vec<&'static Term> {
        let Over::Glossary(text, _) = &self.over else { return Vec::new() };
        let text = text.to_lowercase();
        let fits = |term: &&Term| {
            let whole = format!("{} {}", term.word, term.meaning).to_lowercase();
            text.split_whitespace().all(|word| whole.contains(word))
        };
        let film = self.film();
        let event = film.event(self.cursor());
        let line = event.map(|event| simlab_sim::trace::line(&event, &film.words()));
        let kind = film.index().message(self.cursor()).unwrap_or_default();
        let now =
            format!(" {kind} {} {} ", line.unwrap_or_default(), self.told().unwrap_or_default());
        let now = now
            .to_lowercase()
            .replace(|letter: char| !letter.is_alphanumeric() && letter != '-', " ");
        let mut found: Vec<&Term> = GLOSSARY.iter().filter(fits).collect();
        let elsewhere = |term: &&Term| !now.contains(&format!(" {} ", term.word.to_lowercase()));
        // Whoever types a word means that.
        found.sort_by_key(|term| {
            (text.is_empty() || !term.word.starts_with(&text), elsewhere(term))
        });
        found
    }
}

fn fitting(text: &str) -> Vec<&'static Entry> {
    let text = text.to_lowercase();
    let fits = |entry: &&Entry| {
        let whole = format!("{} {}", entry.name, entry.title).to_lowercase();
        text.split_whitespace().all(|word| whole.contains(word))
    };
    let mut found: Vec<&Entry> = COMMANDS.iter().filter(fits).collect();
    // Whoever types a name, or its begin, means that.
    found.sort_by_key(|entry| (entry.group, !text.is_empty() && !entry.name.starts_with(&text)));
    if !text.is_empty() {
        found.sort_by_key(|entry| !entry.name.starts_with(&text));
    }
    found
}
