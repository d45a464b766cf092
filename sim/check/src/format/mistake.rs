//! What is wrong with a file, and where in it.

use std::fmt;
use std::ops::Range;

/// More mistakes of a file are counted and not kept: the rest mostly follows from the first.
const KEPT_MAX: usize = 10;
/// So many mistakes with the same words are kept: the first show what is meant.
const SAME_MAX: usize = 3;
/// So much of a name or a value of the file is repeated in a message, in characters.
const CLIPPED: usize = 40;

/// Something in a file that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong, in one line.
    pub message: String,
    /// The bytes that it is about; empty at the end of the file.
    pub span: Range<usize>,
    /// What to write beside them; may be empty.
    pub label: String,
    /// Another place that has to do with it: words that its line and column follow, and its byte.
    pub elsewhere: Option<Box<(String, usize)>>,
    /// Lines of advice.
    pub help: Vec<String>,
    /// An unknown name with those that are known, for who can say which of them is meant.
    pub names: Option<Box<Names>>,
}

/// An unknown name, and what could stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// What the file says.
    pub unknown: String,
    /// What such names are called, as in "types".
    pub plural: &'static str,
    /// What is known.
    pub known: Vec<&'static str>,
}

impl Mistake {
    /// A mistake at these bytes.
    pub(super) fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        let (message, label) = (message.into(), String::new());
        Mistake { message, span, label, elsewhere: None, help: Vec::new(), names: None }
    }

    /// With these words beside the bytes.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With another place: "it began in" is followed by the line and column of the byte `at`.
    pub(super) fn elsewhere(mut self, words: impl Into<String>, at: usize) -> Self {
        self.elsewhere = Some(Box::new((words.into(), at)));
        self
    }

    /// With a line of advice.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// With what is known instead of a name.
    pub(super) fn names(
        mut self,
        unknown: &str,
        plural: &'static str,
        known: impl Iterator<Item = &'static str>,
    ) -> Self {
        let known = known.collect();
        self.names = Some(Box::new(Names { unknown: clip(unknown), plural, known }));
        self
    }
}

/// All that is wrong with a file, in the order of the file; at least one mistake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes {
    /// The first ten; of one unknown name only the first, of others with the same words the first three.
    pub list: Vec<Mistake>,
    /// How many more there are.
    pub more: usize,
}

impl Mistakes {
    /// Adds a mistake. A name that is unknown is told once, however often it stands in the file.
    pub(super) fn push(&mut self, mistake: Mistake) {
        let same = self.list.iter().filter(|other| other.message == mistake.message).count();
        let most = if mistake.names.is_some() { 1 } else { SAME_MAX };
        if self.list.len() < KEPT_MAX && same < most {
            self.list.push(mistake);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Mistakes { list: vec![mistake], more: 0 }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sign = "";
        for mistake in &self.list {
            write!(f, "{sign}byte {}: {}", mistake.span.start, mistake.message)?;
            sign = "; ";
        }
        if self.more > 0 { write!(f, "; and {} more", self.more) } else { Ok(()) }
    }
}

impl std::error::Error for Mistakes {}

/// A piece of the file as it may stand in a message: not too long.
pub(super) fn clip(text: &str) -> String {
    match text.char_indices().nth(CLIPPED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mistakes_are_kept_and_the_others_counted() {
        let mut mistakes = Mistakes::default();
        for at in 0..KEPT_MAX + 3 {
            mistakes.push(Mistake::at(at..at + 1, format!("no {at}")));
        }
        assert_eq!((mistakes.list.len(), mistakes.more), (KEPT_MAX, 3));
        assert!(mistakes.to_string().ends_with("byte 9: no 9; and 3 more"), "{mistakes}");
    }

    #[test]
    fn an_unknown_name_is_told_once() {
        let mut mistakes = Mistakes::default();
        for name in ["cas", "push", "cas"] {
            let mistake = Mistake::at(0..1, format!("no {name}"));
            mistakes.push(mistake.names(name, "operations", ["read"].into_iter()));
        }
        assert_eq!((mistakes.list.len(), mistakes.more), (2, 1));
    }

    #[test]
    fn the_same_words_are_not_told_again_and_again() {
        let mut mistakes = Mistakes::default();
        (0..20).for_each(|at| mistakes.push(Mistake::at(at..at + 1, "no key")));
        mistakes.push(Mistake::at(20..21, "something else"));
        assert_eq!((mistakes.list.len(), mistakes.more), (SAME_MAX + 1, 20 - SAME_MAX));
    }

    #[test]
    fn long_names_are_clipped_between_characters() {
        assert_eq!(clip("read"), "read");
        assert_eq!(clip(&"ä".repeat(50)), format!("{}…", "ä".repeat(CLIPPED)));
    }
}
