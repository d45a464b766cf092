//! Mistakes of a history as diagnostics. Of the file, only the lines that they are in are shown, and of a
//! long line only a part.

use crate::diagnostic::{Diagnostic, Excerpt, Span};
use crate::{Diagnostics, nearest};
use simlab_check::format::{Mistake, Mistakes};
use std::ops::Range;

/// Longer lines are shown in part, in bytes.
const LINE_MAX: usize = 1_000;
/// So much of a long line is shown before a mistake, in bytes.
const BEFORE: usize = 40;

/// The mistakes of the file `name` with these bytes.
pub(super) fn diagnostics(name: &str, bytes: &[u8], mistakes: &Mistakes) -> Diagnostics {
    let list = mistakes.list.iter().map(|mistake| diagnostic(bytes, mistake)).collect();
    Diagnostics::of_excerpts(name, list, mistakes.more)
}

fn diagnostic(bytes: &[u8], mistake: &Mistake) -> Diagnostic {
    // At the end, the last line with something in it is shown, and not the nothing after it.
    let written = bytes.trim_ascii_end().len();
    let start = mistake.span.start.min(written);
    let mut diagnostic = if written == 0 {
        Diagnostic::nowhere(mistake.message.clone())
    } else {
        let line = line_around(bytes, start);
        let window = window(bytes, &line, start);
        let text = String::from_utf8_lossy(&bytes[window.clone()]).into_owned();
        let (number, column) = position(bytes, start);
        // What is underlined ends with the line, and at the end of the file is the place after it.
        let end = mistake.span.end.clamp(start, window.end.max(start));
        let span = Span::file(start - window.start, end.max(start + 1) - window.start);
        let cut = window.start > line.start;
        let diagnostic = Diagnostic::at(span, mistake.message.clone());
        let diagnostic = diagnostic.label(mistake.label.clone());
        diagnostic.in_excerpt(Excerpt { text, cut }, number, column)
    };
    if let Some((words, at)) = mistake.elsewhere.as_deref() {
        let (line, column) = position(bytes, *at);
        diagnostic = diagnostic.help(format!("{words} line {line}, column {column}"));
    }
    if let Some(names) = mistake.names.as_deref() {
        let known = names.known.iter().copied();
        for line in nearest::advice(&names.unknown, names.plural, known) {
            diagnostic = diagnostic.help(line);
        }
    }
    mistake.help.iter().fold(diagnostic, |diagnostic, line| diagnostic.help(line.clone()))
}

/// The line that a byte is in, without its end.
fn line_around(bytes: &[u8], at: usize) -> Range<usize> {
    let start = bytes[..at].iter().rposition(|&b| b == b'\n').map_or(0, |before| before + 1);
    let len = bytes[at..].iter().position(|&b| b == b'\n');
    start..len.map_or(bytes.len(), |len| at + len)
}

/// The part of a line that is shown of a mistake at `at`: the whole line if it is not long.
fn window(bytes: &[u8], line: &Range<usize>, at: usize) -> Range<usize> {
    // Not within a character.
    let boundary = |mut at: usize| {
        while bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) {
            at += 1;
        }
        at
    };
    let start = if at - line.start < LINE_MAX / 2 { line.start } else { boundary(at - BEFORE) };
    start..boundary((start + LINE_MAX).min(line.end)).min(line.end)
}

/// The line of a byte, and its column in characters, from 1.
fn position(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at.min(bytes.len())];
    let line = before.iter().filter(|&&byte| byte == b'\n').count();
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let column = before[start..].iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
    (line + 1, column + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_check::{format, model};

    fn shown(text: &str) -> String {
        let register = model("register").expect("it is in the table");
        let mistakes = format::read(text.as_bytes(), register).expect_err("it is wrong");
        diagnostics("h.edn", text.as_bytes(), &mistakes).render(false)
    }

    /// However long a line is, the place is right, and what is shown is short.
    #[test]
    fn long_lines_are_shown_in_part() {
        let text =
            format!("; one\n{{:process 0 :ä \"{}\" :type :wrong :f :read}}", "x".repeat(1 << 20));
        let said = shown(&text);
        assert!(said.len() < 2_000, "{}", said.len());
        assert!(said.contains("--> h.edn:2:1048601"), "{said}");
        assert!(said.contains("known types: `fail`, `info`, `invoke`, `ok`"), "{said}");
        assert!(said.contains(":wrong :f :read}"), "{said}");
    }

    #[test]
    fn the_end_of_a_file_is_in_its_last_line() {
        let said = shown("[{:process 0 :type :invoke :f :read}\n\n\n");
        assert!(said.contains("--> h.edn:1:37"), "{said}");
        assert!(said.contains("the vector that is open began in line 1, column 1"), "{said}");
    }
}
