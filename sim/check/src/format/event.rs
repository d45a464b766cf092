//! An event of a history, as a file of any format says it.

use super::form::Form;
use super::mistake::{Mistake, clip};
use super::token::Atom;
use std::ops::Range;

/// Which of the four things a line says of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// It begins.
    Invoke,
    /// It took effect, and returned a value.
    Ok,
    /// It did not take effect.
    Fail,
    /// Nobody knows.
    Info,
}

impl Type {
    const ALL: [(&'static str, Type); 4] =
        [("invoke", Type::Invoke), ("ok", Type::Ok), ("fail", Type::Fail), ("info", Type::Info)];

    /// The type of this name.
    pub(super) fn named(name: &str, span: Range<usize>) -> Result<Type, Mistake> {
        let found = Type::ALL.iter().find(|(known, _)| *known == name);
        found.map(|&(_, found)| found).ok_or_else(|| {
            Mistake::at(span, format!("unknown type `:{}`", clip(name))).names(
                name,
                "types",
                Type::ALL.iter().map(|(known, _)| *known),
            )
        })
    }
}

/// An event.
#[derive(Clone, Debug)]
pub(super) struct Event<'f, 'a> {
    /// All of it.
    pub(super) span: Range<usize>,
    pub(super) process: u32,
    pub(super) kind: Type,
    /// What is done, without the colon.
    pub(super) f: &'a str,
    pub(super) f_span: Range<usize>,
    /// The value; `None` if there is none.
    pub(super) value: Option<Form<'f, 'a>>,
    /// The key; `None` if there is none.
    pub(super) key: Option<Form<'f, 'a>>,
    /// When it was, in nanoseconds since some begin.
    pub(super) time: Option<u64>,
}

/// The number of a client process; `None` if it is the nemesis, which brings the faults.
pub(super) fn process(atom: Option<Atom<'_>>, span: Range<usize>) -> Result<Option<u32>, Mistake> {
    let found = match atom {
        Some(Atom::Keyword("nemesis")) => return Ok(None),
        Some(Atom::Int(n)) => match u32::try_from(n) {
            Ok(process) => return Ok(Some(process)),
            Err(_) => atom.map_or_else(String::new, |atom| atom.words()),
        },
        Some(atom) => atom.words(),
        None => "several things".to_owned(),
    };
    let mistake = Mistake::at(span, format!("a process cannot be {found}"));
    Err(mistake.label("expected a whole number from 0 to 4294967295, or :nemesis"))
}
