//! Mistakes of grammar, in plainer words than the parser's.

use crate::diagnostic::{Diagnostic, Span, clip};

/// Whether the place is a colon, the sign of JSON or YAML habits: the closest report of a line.
pub(super) fn is_colon(text: &str, span: Span) -> bool {
    text.get(span.start..span.end) == Some(":")
}

/// A mistake that the parser reports with `message`.
pub(super) fn mistake(message: &str, text: &str, span: Span) -> Diagnostic {
    let found = clip(text.get(span.start..span.end).unwrap_or("").trim());
    let before = text.get(..span.start).unwrap_or("");
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let say = |message: String| Diagnostic::at(span, message);
    let begins = |start: &str| message.starts_with(start);
    if found == ":" {
        say("expected `=` between a key and its value, found `:`".to_owned())
    } else if message == "duplicate key" {
        say(format!("`{found}` is given twice"))
            .help("a key or table stands in one place; only `[[…]]` repeats")
    } else if begins("string values must be quoted") {
        let quotes = ['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}'];
        if found.contains(quotes) {
            say("texts stand in straight quotes: \"…\"".to_owned())
        } else {
            say(format!("`{found}` is no value: texts stand in quotes"))
                .help(format!("write \"{found}\""))
        }
    } else if begins("invalid boolean") {
        say(format!("expected `true` or `false`, found `{found}`"))
    } else if begins("key with no value") || begins("missing assignment") {
        say("expected `=` and a value after the key".to_owned())
    } else if begins("invalid basic string") || begins("invalid literal string") {
        // The parser also says so where a key is expected and there is no quote at all.
        let quoted = line.contains(['"', '\'']) && !line.trim_end().ends_with(['{', ',']);
        let unclosed = line.matches('"').count() % 2 == 1 || line.matches('\'').count() % 2 == 1;
        if quoted && unclosed {
            say("this text has no closing quote".to_owned())
        } else {
            say("expected a key, `=` and a value".to_owned())
        }
    } else if begins("unexpected key or value") {
        say("expected the end of the line".to_owned()).help("one key and its value fill a line")
    } else if begins("invalid mantissa") || begins("invalid fraction") {
        say("a number has digits before and after the point".to_owned())
    } else if begins("missing escaped value") {
        say("unknown escape in a text".to_owned())
            .help("a text in single quotes takes backslashes as they are")
    } else if message.contains("max recursion depth") || message == "recursion limit" {
        say("brackets or dotted keys are nested too deeply".to_owned())
    } else {
        say(message.to_owned())
    }
}
