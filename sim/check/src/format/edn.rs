//! Histories in EDN, as Jepsen, Knossos and Porcupine keep them.
//!
//! A vector, a list, or bare maps one after another, each of them an event:
//!
//! ```text
//!   {:process 0, :type :invoke, :f :append, :key "4", :value "x 0 1 y"}
//! ```

use super::event::{self, Event, Type};
use super::form::{Form, Forms, unclosed};
use super::mistake::{Mistake, clip};
use super::pairing::Pairing;
use super::token::{Atom, NO_JSON, Shape, Token, Tokens};
use std::ops::Range;

/// The keys that mean something. All others (`:index`, `:error`, `:node` …) are left alone.
const KEYS: [&str; 6] = ["process", "type", "f", "value", "key", "time"];

/// Whether a text begins as such a history does: with a map, perhaps within brackets. A log may begin with
/// a bracket too, as in `[main] INFO`.
pub(super) fn begins(text: &str, start: usize) -> bool {
    let mut tokens = Tokens::from(text, start);
    let mut opened = false;
    for _ in 0..LOOKED_AT {
        match tokens.next() {
            Ok(Some((Token::Open(Shape::Vector | Shape::List), _))) => opened = true,
            Ok(Some((Token::Tag | Token::Discard, _))) => {}
            Ok(Some((Token::Atom(Atom::Symbol(_) | Atom::Number | Atom::Char), _))) => {
                return false;
            }
            Ok(Some((Token::Open(_) | Token::Close(_), _))) => return true,
            Ok(Some((Token::Atom(_), _)) | None) | Err(_) => return opened,
        }
    }
    opened
}

/// So many tokens at the begin say what it is.
const LOOKED_AT: usize = 16;

/// Reads all events of `text` from `start` on.
pub(super) fn read<'a>(text: &'a str, start: usize, pairing: &mut Pairing<'a>) {
    let mut tokens = Tokens::from(text, start);
    let mut forms = Forms::default();
    let mut outer = None;
    // A mistake of notation ends it: what follows would be misread.
    loop {
        match step(&mut tokens, &mut forms, &mut outer, pairing) {
            Ok(true) => {}
            Ok(false) => return,
            Err(mistake) => return pairing.mistakes.push(mistake),
        }
    }
}

/// Reads an event, or a bracket around them. Returns whether there may be more.
fn step<'a>(
    tokens: &mut Tokens<'a>,
    forms: &mut Forms<'a>,
    outer: &mut Option<(Shape, usize)>,
    pairing: &mut Pairing<'a>,
) -> Result<bool, Mistake> {
    let before = tokens.clone();
    let Some((token, span)) = tokens.next()? else {
        return match *outer {
            Some((shape, begin)) => Err(unclosed(shape, begin, tokens.at())),
            None => Ok(false),
        };
    };
    match (token, *outer) {
        (Token::Tag, _) => {}
        (Token::Discard, _) => {
            let nothing = || {
                let mistake = Mistake::at(span, "nothing follows this");
                mistake.label("a form was expected after it")
            };
            forms.read(tokens)?.ok_or_else(nothing)?;
        }
        (Token::Open(shape @ (Shape::Vector | Shape::List)), None) => {
            *outer = Some((shape, span.start));
        }
        (Token::Close(close), Some((shape, _))) if shape.close() == close => *outer = None,
        (Token::Close(close), Some((shape, begin))) => {
            let (found, wanted) = (char::from(close), char::from(shape.close()));
            let mistake = Mistake::at(span, format!("`{found}` closes no {}", shape.name()));
            let words = format!("the {} began in", shape.name());
            return Err(mistake.label(format!("expected `{wanted}`")).elsewhere(words, begin));
        }
        (Token::Close(close), None) => {
            let found = char::from(close);
            return Err(Mistake::at(span, format!("`{found}` closes nothing")));
        }
        (Token::Open(_) | Token::Atom(_), _) => {
            *tokens = before;
            if let Some(form) = forms.read(tokens)? {
                operation(form, pairing);
            }
        }
    }
    Ok(true)
}

/// The values of the keys that mean something.
#[derive(Default)]
struct Fields<'f, 'a> {
    values: [Option<Form<'f, 'a>>; KEYS.len()],
    /// A key that is nearly one of them.
    misspelt: Option<(Range<usize>, &'a str)>,
    /// Whether there are keys in quotes, as in JSON.
    quoted: bool,
}

impl<'f, 'a> Fields<'f, 'a> {
    fn of(form: Form<'f, 'a>) -> Result<Self, Mistake> {
        let mut fields = Fields::default();
        let mut items = form.items();
        while let Some(key) = items.next() {
            let Some(value) = items.next() else {
                let mistake = Mistake::at(key.span(), "this key has no value");
                return Err(mistake.label("a map has a value for each key"));
            };
            let Some(Atom::Keyword(name)) = key.atom() else {
                fields.quoted |= matches!(key.atom(), Some(Atom::Text(_)));
                continue;
            };
            match KEYS.iter().position(|known| *known == name) {
                Some(index) => {
                    if let Some(first) = fields.values[index].replace(value) {
                        let mistake = Mistake::at(key.span(), format!("`:{name}` is said twice"));
                        return Err(mistake.elsewhere("its first value is in", first.span().start));
                    }
                }
                None if KEYS.iter().any(|known| is_near(known, name)) => {
                    fields.misspelt.get_or_insert((key.span(), name));
                }
                None => {}
            }
        }
        Ok(fields)
    }

    fn get(&self, key: &str) -> Option<Form<'f, 'a>> {
        KEYS.iter().position(|known| *known == key).and_then(|index| self.values[index])
    }

    fn keyword(&self, key: &str, map: &Form<'_, '_>) -> Result<(&'a str, Range<usize>), Mistake> {
        let Some(form) = self.get(key) else {
            return Err(Mistake::at(map.span(), format!("this operation has no :{key}")));
        };
        match form.atom() {
            Some(Atom::Keyword(name)) => Ok((name, form.span())),
            _ => Err(Mistake::at(form.span(), format!("`:{key}` must be a keyword"))),
        }
    }
}

/// Whether one letter was left out, put in or exchanged, or two letters changed places.
fn is_near(known: &str, name: &str) -> bool {
    let (a, b) = (known.as_bytes(), name.as_bytes());
    // Of the key `f` everything would be near.
    if a.len() < 3 || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([_, a @ ..], b) if a == b => true,
        (a, [_, b @ ..]) if a == b => true,
        ([a0, a1, a @ ..], [b0, b1, b @ ..]) => a0 == b1 && a1 == b0 && a == b,
        _ => false,
    }
}

fn operation<'a>(form: Form<'_, 'a>, pairing: &mut Pairing<'a>) {
    if form.shape() != Some(Shape::Map) {
        let found = form.atom().map_or_else(|| "this".to_owned(), |atom| atom.words());
        let mistake = Mistake::at(form.span(), format!("{found} is no operation"));
        let label = "expected a map such as {:process 0, :type :invoke, :f :read}";
        return pairing.mistakes.push(mistake.label(label));
    }
    let fields = match Fields::of(form) {
        Ok(fields) => fields,
        Err(mistake) => return pairing.mistakes.push(mistake),
    };
    let process = match fields.get("process") {
        Some(process) => event::process(process.atom(), process.span()),
        None => Err(Mistake::at(form.span(), "this operation has no :process")),
    };
    let process = match process {
        Ok(Some(process)) => process,
        Ok(None) => return,
        Err(mistake) => return pairing.mistakes.push(named(mistake, &fields)),
    };
    match event(form, process, &fields) {
        Ok(event) => pairing.take(&event),
        Err(mistake) => pairing.spoil(Some(process), named(mistake, &fields)),
    }
}

/// A mistake, and that a key is perhaps misspelt.
fn named(mistake: Mistake, fields: &Fields<'_, '_>) -> Mistake {
    match &fields.misspelt {
        None if fields.quoted => mistake.help(NO_JSON),
        Some((_, name)) if mistake.names.is_none() => {
            mistake.names(name, "keys", KEYS.iter().copied())
        }
        _ => mistake,
    }
}

fn event<'f, 'a>(
    form: Form<'f, 'a>,
    process: u32,
    fields: &Fields<'f, 'a>,
) -> Result<Event<'f, 'a>, Mistake> {
    let (kind, span) = fields.keyword("type", &form)?;
    let kind = Type::named(kind, span)?;
    let (f, f_span) = fields.keyword("f", &form)?;
    if let Some((span, name)) = &fields.misspelt {
        // What it says would be lost.
        let mistake = Mistake::at(span.clone(), format!("unknown key `:{}`", clip(name)));
        return Err(mistake.names(name, "keys", KEYS.iter().copied()));
    }
    let time = fields.get("time").and_then(|form| match form.atom() {
        Some(Atom::Int(n)) => u64::try_from(n).ok(),
        _ => None,
    });
    let (value, key) = (fields.get("value"), fields.get("key"));
    Ok(Event { span: form.span(), process, kind, f, f_span, value, key, time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_near_if_a_slip_of_the_finger_makes_it() {
        for name in ["vaule", "valu", "values", "velue", "xvalue"] {
            assert!(is_near("value", name), "{name}");
        }
        for name in ["value", "val", "evaluate", "index", "error", "node"] {
            assert!(!is_near("value", name) || name == "value", "{name}");
        }
        // Keys that real files have beside these.
        for name in ["index", "error", "node", "debug", "exception", "clock", "link", "types"] {
            let near = KEYS.iter().any(|known| is_near(known, name));
            assert_eq!(near, name == "types", "{name}");
        }
    }
}
