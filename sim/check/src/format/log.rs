//! Operations in a log of Jepsen.
//!
//! ```text
//!   INFO  jepsen.util - 3   :invoke   :cas   [1 2]
//!   INFO  jepsen.util - 3   :fail     :cas   [1 2]
//! ```
//!
//! Process, type, `:f` and value stand side by side, with tabs or blanks between them; some loggers write
//! other things before `jepsen.util`, and some files have nothing before the process. All other
//! lines are left out.

use super::event::{self, Event, Type};
use super::form::Forms;
use super::mistake::Mistake;
use super::pairing::Pairing;
use super::token::{Atom, Token, Tokens};
use std::ops::Range;

/// The part of Jepsen that logs operations.
const LOGGER: &str = "jepsen.util";

/// Reads all operations of `text` from `start` on.
pub(super) fn read<'a>(text: &'a str, start: usize, pairing: &mut Pairing<'a>) {
    let mut forms = Forms::default();
    for (line, begin) in lines(text, start) {
        event(text, line, &begin, &mut forms, pairing);
    }
}

/// Whether a line of `text` has an operation.
pub(super) fn is_one(text: &str, start: usize) -> bool {
    lines(text, start).next().is_some()
}

/// The first two fields of a line with an operation.
struct Begin<'a> {
    process: (Option<Atom<'a>>, Range<usize>),
    kind: (&'a str, Range<usize>),
}

/// The lines that have an operation.
fn lines(text: &str, start: usize) -> impl Iterator<Item = (Range<usize>, Begin<'_>)> {
    let mut at = start;
    std::iter::from_fn(move || {
        while at < text.len() {
            let start = at;
            let end = text[start..].find('\n').map_or(text.len(), |len| start + len);
            at = end + 1;
            if let Some(begin) = begin(text, start..end) {
                return Some((start..end, begin));
            }
        }
        None
    })
}

/// Reads a line as far as it takes to know whether it has an operation.
fn begin(text: &str, line: Range<usize>) -> Option<Begin<'_>> {
    fields(text, line.clone(), false).or_else(|| {
        let at = logger(&text[line.clone()])?;
        fields(text, line.start + at..line.end, true)
    })
}

/// Where the fields begin in a line that has the name of the logger.
fn logger(line: &str) -> Option<usize> {
    let mut at = 0;
    // It stands near the begin; what a value says is not looked at.
    for word in line.split_inclusive([' ', '\t']).take(16) {
        if let Some(rest) = word.strip_prefix(LOGGER).map(|_| &line[at + LOGGER.len()..]) {
            let rest = rest.strip_prefix(':').unwrap_or(rest).trim_start_matches([' ', '\t']);
            let rest = rest.strip_prefix('-').unwrap_or(rest);
            return Some(line.len() - rest.len());
        }
        at += word.len();
    }
    None
}

/// The first fields, if they are those of an operation. `logged` says that the logger wrote them: then
/// the type is enough to know it.
fn fields(text: &str, fields: Range<usize>, logged: bool) -> Option<Begin<'_>> {
    let first = word(text, fields.clone())?;
    let second = word(text, first.end..fields.end)?;
    let kind = text[second.clone()].strip_prefix(':').filter(|kind| !kind.is_empty())?;
    let atom = match Tokens::from(&text[..first.end], first.start).next() {
        Ok(Some((Token::Atom(atom), span))) if span == first => Some(atom),
        _ => None,
    };
    let process = matches!(atom, Some(Atom::Int(_) | Atom::Big | Atom::Keyword("nemesis")));
    let meant = logged && Type::named(kind, second.clone()).is_ok();
    (process || meant).then_some(Begin { process: (atom, first), kind: (kind, second) })
}

/// The next word, up to a blank or a tab.
fn word(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let rest = &text[range.clone()];
    let start = range.start + rest.find(|c: char| !c.is_ascii_whitespace())?;
    let len = text[start..range.end].find(|c: char| c.is_ascii_whitespace());
    Some(start..len.map_or(range.end, |len| start + len))
}

fn event<'a>(
    text: &'a str,
    line: Range<usize>,
    begin: &Begin<'a>,
    forms: &mut Forms<'a>,
    pairing: &mut Pairing<'a>,
) {
    let (atom, span) = &begin.process;
    let process = match event::process(*atom, span.clone()) {
        Ok(Some(process)) => process,
        Ok(None) => return,
        Err(mistake) => return pairing.mistakes.push(mistake),
    };
    match rest(text, line, begin, process, forms) {
        Ok(event) => pairing.take(&event),
        Err(mistake) => pairing.spoil(Some(process), mistake),
    }
}

/// Reads what stands after the type.
fn rest<'f, 'a>(
    text: &'a str,
    line: Range<usize>,
    begin: &Begin<'a>,
    process: u32,
    forms: &'f mut Forms<'a>,
) -> Result<Event<'f, 'a>, Mistake> {
    let (kind, kind_span) = &begin.kind;
    let kind = Type::named(kind, kind_span.clone())?;
    let f_span = word(text, kind_span.end..line.end).unwrap_or(line.end..line.end);
    let f = text[f_span.clone()].strip_prefix(':').unwrap_or_default();
    if f.is_empty() {
        let mistake = Mistake::at(f_span, "here it is not said what the operation does");
        return Err(mistake.label("expected :read, :write or another keyword"));
    }
    // The tokens end with the line.
    let mut tokens = Tokens::from(&text[..line.end], f_span.end);
    let value = forms.read(&mut tokens)?;
    // What failed may say why in a field of its own.
    if matches!(kind, Type::Invoke | Type::Ok) {
        tokens.pass_blanks();
        if tokens.at() < line.end {
            let mistake = Mistake::at(tokens.at()..line.end, "there is more than one value");
            return Err(mistake.label("expected the end of the line"));
        }
    }
    let span = begin.process.1.start..line.end;
    Ok(Event { span, process, kind, f, f_span, value, key: None, time: None })
}
