//! What is written on a bar: `w(1)`, `r→1`, `cas(1,2)→false`, as papers have it; and text that is fit to
//! be drawn.

use simlab_core::history::{Access, Record};
use simlab_core::{Call, Outcome, Value};
use std::fmt::{self, Display, Write};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Longer labels than this are cut, even where there would be room.
const LABEL: usize = 40;
/// Longer descriptions than this are cut.
const DESCRIPTION: usize = 300;

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Takes in text until there is no more room. Characters that would not be seen, or would move what stands
/// beside them, are spelled out.
struct Clip {
    text: String,
    room: usize,
}

impl Write for Clip {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for ch in text.chars() {
            // That escapes quotes too, which harm nobody.
            if matches!(ch, '"' | '\'' | '\\') {
                self.put(ch)?;
            } else {
                ch.escape_debug().try_for_each(|ch| self.put(ch))?;
            }
        }
        Ok(())
    }
}

impl Clip {
    /// A character takes a column at least, so that there is an end to those that claim to take none.
    fn put(&mut self, ch: char) -> fmt::Result {
        let columns = ch.width().unwrap_or(1).max(1);
        self.room = self.room.checked_sub(columns).ok_or(fmt::Error)?;
        self.text.push(ch);
        Ok(())
    }
}

/// What `say` writes, up to so many columns. If that is not all of it, it ends in `…`.
fn clipped(room: usize, say: impl FnOnce(&mut Clip) -> fmt::Result) -> String {
    let mut clip = Clip { text: String::new(), room };
    if say(&mut clip).is_err() {
        clip.text = cut(&clip.text, room.saturating_sub(1));
        clip.text.push('…');
    }
    clip.text
}

/// A text fit to be drawn, at most `room` columns wide; if it is cut it ends in `…`.
pub(super) fn clean(text: &str, room: usize) -> String {
    clipped(room, |clip| clip.write_str(text))
}

/// The first `room` columns of a text.
pub(super) fn cut(text: &str, room: usize) -> String {
    let mut left = room;
    let fits = text.chars().take_while(|ch| {
        let next = left.checked_sub(ch.width().unwrap_or(0));
        left = next.unwrap_or(0);
        next.is_some()
    });
    fits.collect()
}

/// A text of at most `room` columns; what is cut off is replaced by `dots`.
pub(super) fn clip(text: &str, room: usize, dots: &str) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let dots = cut(dots, room);
    cut(text, room - width(&dots)) + &dots
}

/// How many decimal digits a number has.
pub(super) fn digits(number: usize) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// A text in ASCII: what has a customary spelling gets it, the rest is spelled out.
pub(super) fn ascii(text: &str) -> String {
    let mut out = String::new();
    for ch in text.chars() {
        match ch {
            _ if ch.is_ascii() => out.push(ch),
            '→' => out.push_str("->"),
            '…' => out.push_str("..."),
            '–' => out.push('-'),
            'µ' => out.push('u'),
            _ => out.extend(ch.escape_unicode()),
        }
    }
    out
}

/// A text as lines of at most `room` columns. Words that are longer are broken.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word = word;
        loop {
            let Some(line) = lines.last_mut() else { return lines };
            let used = width(line);
            let before = usize::from(used > 0);
            if used + before + width(word) <= room {
                line.push_str(&" "[..before]);
                line.push_str(word);
                break;
            }
            if used > 0 {
                lines.push(String::new());
                continue;
            }
            let head = cut(word, room);
            if head.is_empty() {
                break;
            }
            word = &word[head.len()..];
            *line = head;
            if word.is_empty() {
                break;
            }
        }
    }
    lines
}

/// A number with a comma between its thousands.
pub(super) fn number(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What is written on the bar of an operation; with its object if there are `several`.
pub(super) fn label(record: &Record, several: bool) -> String {
    let object = several.then_some(record.operation.object.as_str());
    clipped(LABEL, |out| {
        called(out, record, object)?;
        match &record.returned {
            Some((_, Outcome::Done(value))) if tells(&record.operation.call, value) => {
                write!(out, "→{value}")
            }
            Some((_, Outcome::Done(_))) => Ok(()),
            Some((_, Outcome::NotDone(_))) => out.write_str(" not done"),
            Some((_, Outcome::Unknown(_))) | None => out.write_str("→?"),
        }
    })
}

/// Text as it is in a history: in quotation marks.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

fn called(out: &mut Clip, record: &Record, object: Option<&str>) -> fmt::Result {
    let mut say = |name: &str, parts: &[&dyn Display]| written(out, name, object, parts);
    match &record.operation.call {
        Call::Read => say("r", &[]),
        Call::Write(value) => say("w", &[value]),
        Call::Cas { from, to } => say("cas", &[from, to]),
        Call::Append(text) => say("app", &[&Quoted(text)]),
        Call::Sell(units) => say("sell", &[units]),
        Call::TakeBack(units) => say("back", &[units]),
        Call::Add(n) => say("add", &[n]),
        Call::Insert(value) => say("ins", &[value]),
        Call::Remove(value) => say("rem", &[value]),
        Call::Contains(value) => say("has", &[value]),
        Call::Enqueue(value) => say("enq", &[value]),
        Call::Dequeue => say("deq", &[]),
        Call::Acquire => say("acq", &[]),
        Call::Release => say("rel", &[]),
        Call::Transaction(steps) => transaction(out, steps, record.result()),
    }
}

/// `name`, or `name(object,part,part)`.
fn written(
    out: &mut Clip,
    name: &str,
    object: Option<&str>,
    parts: &[&dyn Display],
) -> fmt::Result {
    out.write_str(name)?;
    let mut sign = '(';
    let object = object.as_ref().map(|name| name as &dyn Display);
    for part in object.iter().chain(parts) {
        write!(out, "{sign}{part}")?;
        sign = ',';
    }
    if sign == ',' { out.write_str(")") } else { Ok(()) }
}

/// `{r(x)→1, w(y,2)}`: each read with what it returned.
fn transaction(out: &mut Clip, steps: &[Access], result: Option<&Value>) -> fmt::Result {
    let mut values = match result {
        Some(Value::List(values)) if values.len() == reads(steps) => values.as_slice(),
        _ => &[],
    }
    .iter();
    let mut sign = '{';
    for step in steps {
        write!(out, "{sign}")?;
        match step {
            Access::Read(name) => {
                written(out, "r", Some(name), &[])?;
                values.next().map_or(Ok(()), |value| write!(out, "→{value}"))?;
            }
            Access::Write(name, value) => written(out, "w", Some(name), &[value])?,
        }
        sign = ',';
    }
    out.write_str(if steps.is_empty() { "{}" } else { "}" })
}

fn reads(steps: &[Access]) -> usize {
    steps.iter().filter(|step| matches!(step, Access::Read(_))).count()
}

/// Whether what a call returned is news, and not what such a call always returns.
fn tells(call: &Call, value: &Value) -> bool {
    match (call, value) {
        (Call::Read | Call::Contains(_) | Call::Dequeue, _) => true,
        (Call::Transaction(steps), Value::List(values)) => values.len() != reads(steps),
        (Call::TakeBack(_), Value::Bool(true)) => false,
        (_, value) => *value != Value::Nil,
    }
}

/// Everything about an operation, in one line.
pub(super) fn description(lane: &str, record: &Record) -> String {
    clipped(DESCRIPTION, |out| {
        write!(out, "{lane}: {}, invoked at {} s", record.operation, record.invoked.at)?;
        match &record.returned {
            Some((mark, outcome)) => write!(out, ", returned at {} s: {outcome}", mark.at),
            None => out.write_str(", never returned"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{done, history, open, refused, unknown};

    fn of(call: Call, result: Value) -> String {
        label(&history(&[done(0, call, 0, 1, result)]).records()[0], false)
    }

    #[test]
    fn calls_are_written_as_in_papers() {
        let [one, two] = [1, 2].map(Value::Int);
        let cas = Call::Cas { from: one.clone(), to: two.clone() };
        assert_eq!(of(Call::Read, one.clone()), "r→1");
        assert_eq!(of(Call::Read, Value::Nil), "r→nil");
        assert_eq!(of(Call::Write(one.clone()), Value::Nil), "w(1)");
        assert_eq!(of(cas, Value::Bool(false)), "cas(1,2)→false");
        assert_eq!(of(Call::Append("a\"b".into()), Value::Nil), "app(\"a\\\"b\")");
        assert_eq!(of(Call::Sell(3), Value::Bool(true)), "sell(3)→true");
        assert_eq!(of(Call::TakeBack(3), Value::Bool(true)), "back(3)");
        assert_eq!(of(Call::Add(-4), Value::Nil), "add(-4)");
        assert_eq!(of(Call::Insert(one.clone()), Value::Bool(true)), "ins(1)→true");
        assert_eq!(of(Call::Remove(one.clone()), Value::Nil), "rem(1)");
        assert_eq!(of(Call::Contains(two.clone()), Value::Bool(true)), "has(2)→true");
        assert_eq!(of(Call::Enqueue(one), Value::Nil), "enq(1)");
        assert_eq!(of(Call::Dequeue, two), "deq→2");
        assert_eq!(of(Call::Acquire, Value::Nil), "acq");
        assert_eq!(of(Call::Release, Value::Nil), "rel");
    }

    #[test]
    fn the_reads_of_a_transaction_have_their_results() {
        let steps = vec![Access::Write("y".into(), Value::Int(5)), Access::Read("x".into())];
        let call = Call::Transaction(steps);
        assert_eq!(of(call.clone(), Value::List(vec![Value::Int(7)])), "{w(y,5),r(x)→7}");
        assert_eq!(of(call, Value::List(vec![])), "{w(y,5),r(x)}→[]");
        assert_eq!(of(Call::Transaction(vec![]), Value::List(vec![])), "{}");
    }

    #[test]
    fn an_operation_that_did_not_return_says_so() {
        let write = || Call::Write(Value::Int(1));
        let lines = [open(0, write(), 0), unknown(1, Call::Read, 0, 5), refused(2, write(), 0, 5)];
        let history = history(&lines);
        let labels: Vec<_> = history.records().iter().map(|record| label(record, true)).collect();
        assert_eq!(labels, ["w(x,1)→?", "r(x)→?", "w(x,1) not done"]);
    }

    #[test]
    fn what_is_long_or_cannot_be_seen_is_not_drawn_as_it_is() {
        let long = of(Call::Write(Value::Text("漢".repeat(1_000))), Value::Nil);
        assert_eq!((width(&long), long.chars().last()), (LABEL, Some('…')));
        assert_eq!(clean("a\tb\u{202e}\u{301}'\"\\", 40), "a\\tb\\u{202e}\\u{301}'\"\\");
        assert_eq!(clean("abcdef", 4), "abc…");
        assert_eq!(ascii("µs → ö…"), "us -> \\u{f6}...");
    }

    #[test]
    fn lines_are_broken_between_words_where_that_is_possible() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a 漢漢漢 b", 5), ["a", "漢漢", "漢 b"]);
        assert_eq!(wrap("漢", 1), [""]);
        assert_eq!(wrap("", 9), [""]);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 9_958, 1_000_000].map(number).join(" "), "0 999 9,958 1,000,000");
    }
}
