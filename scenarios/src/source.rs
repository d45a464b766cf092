//! The text of a scenario, and whether it is fit to be parsed at all.

use crate::Diagnostics;
use crate::diagnostic::{Diagnostic, Given, Problems, Span};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The longest file that is read, in bytes.
const SIZE_MAX: usize = 1 << 20;
/// How deep brackets may nest. A scenario needs six.
const DEPTH_MAX: usize = 16;

/// The text of a scenario and the name under which it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The name of the file, as people gave it.
    pub name: String,
    /// Its content.
    pub text: String,
}

impl Source {
    /// A text that is at hand.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Source { name: name.into(), text: text.into() }
    }

    /// Reads a file. No more of it than a scenario may have is read.
    ///
    /// # Errors
    /// If it cannot be read, is too long, or is not UTF-8.
    pub fn read(path: &Path) -> Result<Source, Diagnostics> {
        let name = path.display().to_string();
        let refuse = |diagnostic: Diagnostic, text: &str| {
            let mut problems = Problems::default();
            problems.push(diagnostic);
            Err(problems.finish(Source::new(name.clone(), text), Given::default()))
        };
        let mut bytes = Vec::new();
        let limit = SIZE_MAX as u64 + 1;
        match File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)) {
            Ok(_) if bytes.len() > SIZE_MAX => refuse(too_long(), ""),
            Ok(_) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Source { name, text }),
                Err(error) => {
                    let (valid, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
                    refuse(not_utf8(valid, bytes), &String::from_utf8_lossy(bytes))
                }
            },
            Err(error) => refuse(Diagnostic::nowhere(format!("cannot read the file: {error}")), ""),
        }
    }

    /// Reports what makes the text unfit for the parser: too long, not a text, too deep.
    pub(crate) fn vet(&self, problems: &mut Problems) {
        if self.text.len() > SIZE_MAX {
            problems.push(too_long());
        } else if let Some(nul) = self.text.find('\0') {
            problems.push(
                Diagnostic::at(Span::file(nul, nul + 1), "this is no text: it has a NUL byte")
                    .help("a scenario is a TOML file"),
            );
        } else if let Some(at) = too_deep(&self.text) {
            problems.push(
                Diagnostic::at(Span::file(at, at + 1), "brackets are nested too deeply")
                    .label(format!("more than {DEPTH_MAX} are open here")),
            );
        }
    }
}

fn too_long() -> Diagnostic {
    Diagnostic::nowhere("the file is too long: a scenario has at most 1 MiB")
}

fn not_utf8(valid: usize, bytes: &[u8]) -> Diagnostic {
    // In the text as it is shown, each run of bad bytes has become U+FFFD.
    let span = Span::file(valid, valid + '\u{fffd}'.len_utf8());
    let found = bytes.get(valid).copied().unwrap_or(0);
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    Diagnostic::at(span, "the file is not UTF-8")
        .label(format!("byte 0x{found:02x} cannot stand here"))
        .help(if wide { "this is UTF-16; save it as UTF-8" } else { "save the file as UTF-8" })
}

/// The first bracket that is one too deep. The parser and the walk over its tree recurse, so this is
/// what keeps the stack from overflowing. It knows just enough TOML to skip strings and comments.
fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        at += match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Some(at);
                }
                1
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                1
            }
            b'#' => rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            b'"' if rest.starts_with(b"\"\"\"") => string(rest, b"\"\"\"", true),
            b'\'' if rest.starts_with(b"'''") => string(rest, b"'''", false),
            b'"' => string(rest, b"\"", true),
            b'\'' => string(rest, b"'", false),
            _ => 1,
        };
    }
    None
}

/// The length of the string at the start of `rest`. One that is not closed ends with its line, or, if
/// it may have several, with the text.
fn string(rest: &[u8], quote: &[u8], escapes: bool) -> usize {
    let mut at = quote.len();
    while let Some(&byte) = rest.get(at) {
        match byte {
            b'\\' if escapes => at += 1,
            b'\n' if quote.len() == 1 => return at,
            _ if rest[at..].starts_with(quote) => return at + quote.len(),
            _ => {}
        }
        at += 1;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let open = "[".repeat(100);
        for text in [
            format!("a = \"{open}\""),
            format!("a = \"\\\"{open}\""),
            format!("a = '{open}'"),
            format!("a = \"\"\"\n\"{open}\n\"\"\""),
            format!("# {open}\na = 1"),
            "a = [1]\n".repeat(100),
        ] {
            assert_eq!(too_deep(&text), None, "{text}");
        }
        assert_eq!(too_deep(&open), Some(DEPTH_MAX));
        assert_eq!(too_deep(&format!("a = \"open\n{open}")), Some(10 + DEPTH_MAX));
    }
}
