//! One answer as a line.

use crate::tracefile::{Known, Mistake, Object, parse_line};
use simlab_core::{Point, Who};
use simlab_sim::trace::Names;

/// Writes `{"who":"beijing->hangzhou","choice":"lose","ordinal":3,"answer":1}`.
pub(crate) fn write(point: Point, answer: u64, names: &Names, out: &mut String) {
    let mut object = Object::new(out);
    object.string("who", &who(point.who, names));
    object.string("choice", &point.choice.to_string());
    object.plain("ordinal", point.ordinal);
    object.plain("answer", answer);
    object.end();
}

/// A choice in words: `beijing->hangzhou lose 3`.
#[must_use]
pub fn point_text(point: &Point, names: &Names) -> String {
    format!("{} {} {}", who(point.who, names), point.choice, point.ordinal)
}

fn who(who: Who, names: &Names) -> String {
    match who {
        Who::Link { from, to } => format!("{}->{}", names.node(from), names.node(to)),
        Who::Node(node) => names.node(node),
    }
}

const KEYS: [&str; 4] = ["who", "choice", "ordinal", "answer"];

/// Reads such a line.
pub(crate) fn read(text: &str, known: &Known) -> Result<(Point, u64), Mistake> {
    let value = parse_line(text)?;
    let Some(object) = value.as_object() else {
        return Err(Mistake::new("a line must be a JSON object").help(EXAMPLE));
    };
    if let Some(key) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let at = text.find(&format!("\"{key}\"")).unwrap_or(0);
        let message = format!("unknown key `{}`", crate::diagnostic::clip(key));
        return Err(Mistake::new(message).at(at).help(EXAMPLE));
    }
    let wrong = |key: &str, expected: &str| place(text, key, format!("`{key}` must be {expected}"));
    let word = |key: &str| value[key].as_str().ok_or_else(|| wrong(key, "a string"));
    let number = |key: &str| match value[key].as_u64() {
        Some(number) => Ok(number),
        None => Err(wrong(key, "a whole number from 0 to 2^64-1")),
    };
    let node = |name: &str| {
        known.node(name).ok_or_else(|| {
            let message = format!("unknown node `{}`", crate::diagnostic::clip(name));
            let mistake = place(text, "who", message);
            mistake.help(crate::advice(name, "nodes", known.nodes()).join("; "))
        })
    };
    let who = word("who")?;
    let who = match who.split_once("->") {
        Some((from, to)) => Who::Link { from: node(from)?, to: node(to)? },
        None => Who::Node(node(who)?),
    };
    let choice = word("choice")?;
    let choice = choice.parse().map_err(|error: simlab_core::ParseChoiceError| {
        let message = format!("unknown choice `{}`", crate::diagnostic::clip(choice));
        place(text, "choice", message).help(error.to_string())
    })?;
    Ok((Point { who, choice, ordinal: number("ordinal")? }, number("answer")?))
}

const EXAMPLE: &str = r#"as in {"who":"a->b","choice":"lose","ordinal":3,"answer":1}"#;

/// A mistake at the value of a key.
fn place(text: &str, key: &str, message: String) -> Mistake {
    let pattern = format!("\"{key}\"");
    match text.find(&pattern) {
        Some(at) => {
            let rest = &text[at + pattern.len()..];
            let skip = rest.find(|c: char| c != ':' && !c.is_whitespace()).unwrap_or(0);
            Mistake::new(message).at(at + pattern.len() + skip)
        }
        None => Mistake::new(message).help(EXAMPLE),
    }
}
