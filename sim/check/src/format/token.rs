//! The tokens of EDN, with where they stand. (The notation: github.com/edn-format/edn.)

use super::mistake::{Mistake, clip};
use std::ops::Range;

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// The begin of a vector, a list, a map, a set.
    Open(Shape),
    /// `]`, `)` or `}`.
    Close(u8),
    /// `#_`: the next form is as if it were not there.
    Discard,
    /// `#name`: the next form is of this type.
    Tag,
    /// A form that holds no others.
    Atom(Atom<'a>),
}

/// A kind of bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Vector,
    List,
    Map,
    Set,
}

impl Shape {
    /// What closes it.
    pub(super) const fn close(self) -> u8 {
        match self {
            Shape::Vector => b']',
            Shape::List => b')',
            Shape::Map | Shape::Set => b'}',
        }
    }

    /// What it is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Shape::Vector => "vector",
            Shape::List => "list",
            Shape::Map => "map",
            Shape::Set => "set",
        }
    }
}

/// A form that holds no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Atom<'a> {
    Nil,
    Bool(bool),
    Int(i64),
    /// A text, without its quotes and with its escapes as they stand.
    Text(&'a str),
    /// A keyword, without its colon.
    Keyword(&'a str),
    /// A symbol.
    Symbol(&'a str),
    /// A whole number of more than 64 bits.
    Big,
    /// What begins as a number does: a fraction, or nothing that is known. It is a mistake only
    /// where a value is wanted.
    Number,
    /// A character.
    Char,
}

/// Advice for those who bring JSON.
pub(super) const NO_JSON: &str = "a history is no JSON: keys are keywords, as in {:process 0, …}";

/// Reads one token after the other.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    /// The tokens of `text` from `at` on.
    pub(super) const fn from(text: &'a str, at: usize) -> Self {
        Tokens { text, at }
    }

    /// Where the last token ended, or the blanks after it.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// Passes blanks, commas and comments.
    pub(super) fn pass_blanks(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b';' => self.at += until(&bytes[self.at..], |b| b == b'\n'),
                _ if is_blank(byte) => self.at += 1,
                _ => return,
            }
        }
    }

    /// The next token and its place; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(Token<'a>, Range<usize>)>, Mistake> {
        self.pass_blanks();
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let Some(&first) = rest.first() else { return Ok(None) };
        let (token, len) = match first {
            b'[' => (Token::Open(Shape::Vector), 1),
            b'(' => (Token::Open(Shape::List), 1),
            b'{' => (Token::Open(Shape::Map), 1),
            b']' | b')' | b'}' => (Token::Close(first), 1),
            b'"' => self.string(rest)?,
            b'#' => self.dispatch(rest)?,
            // The character itself may be a bracket.
            b'\\' => (Token::Atom(Atom::Char), 2 + word_len(rest.get(2..).unwrap_or_default())),
            _ => self.word(word_len(rest))?,
        };
        self.at = start + len.min(rest.len());
        // After a backslash that stands before a character of several bytes.
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        Ok(Some((token, start..self.at)))
    }

    /// What begins with `#`.
    fn dispatch(&self, rest: &[u8]) -> Result<(Token<'a>, usize), Mistake> {
        Ok(match rest.get(1) {
            Some(b'{') => (Token::Open(Shape::Set), 2),
            Some(b'_') => (Token::Discard, 2),
            // `##Inf` is a number.
            Some(b'#') => (Token::Atom(Atom::Number), word_len(rest)),
            _ => match 1 + word_len(&rest[1..]) {
                1 => {
                    let mistake = Mistake::at(self.at..self.at + 1, "`#` stands alone");
                    return Err(mistake.help("it begins a set #{…}, a tag #name, or a discard #_"));
                }
                len => (Token::Tag, len),
            },
        })
    }

    fn string(&self, rest: &[u8]) -> Result<(Token<'a>, usize), Mistake> {
        let mut len = 1;
        loop {
            len += until(&rest[len.min(rest.len())..], |b| b == b'"' || b == b'\\');
            match rest.get(len) {
                Some(b'"') => break,
                Some(_) => len += 2,
                None => {
                    let mistake = Mistake::at(self.at..self.at + 1, "this text is not closed");
                    return Err(mistake.label("it begins here, and the file ends in it"));
                }
            }
        }
        Ok((Token::Atom(Atom::Text(&self.text[self.at + 1..self.at + len])), len + 1))
    }

    /// A number, a keyword or a symbol.
    fn word(&self, len: usize) -> Result<(Token<'a>, usize), Mistake> {
        let word = &self.text[self.at..self.at + len];
        let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
        let atom = match word {
            "nil" => Atom::Nil,
            "true" => Atom::Bool(true),
            "false" => Atom::Bool(false),
            _ if digits.starts_with(|c: char| c.is_ascii_digit()) => number(word, digits),
            _ => match word.strip_prefix(':') {
                Some("") => {
                    let mistake = Mistake::at(self.at..self.at + 1, "`:` stands alone");
                    return Err(mistake
                        .label("a keyword such as :value was expected")
                        .help(NO_JSON));
                }
                Some(name) => Atom::Keyword(name),
                None => Atom::Symbol(word),
            },
        };
        Ok((Token::Atom(atom), len))
    }
}

/// `digits` is `word` without its sign.
fn number<'a>(word: &str, digits: &str) -> Atom<'a> {
    let plain = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
    // `42N` is a whole number of any size.
    let whole = word.strip_suffix('N').unwrap_or(word);
    if !plain(digits.strip_suffix('N').unwrap_or(digits)) {
        return Atom::Number;
    }
    whole.parse().map_or(Atom::Big, Atom::Int)
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | 0x0b | 0x0c)
}

/// How many bytes a word at the start of `rest` has.
fn word_len(rest: &[u8]) -> usize {
    until(rest, |b| is_blank(b) || b"[](){}\";\\".contains(&b))
}

/// How many bytes of `rest` stand before the first one that is `wanted`.
fn until(rest: &[u8], wanted: impl Fn(u8) -> bool) -> usize {
    rest.iter().position(|&b| wanted(b)).unwrap_or(rest.len())
}

/// A text without its escapes; `None` if one of them is none.
pub(super) fn unescape(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => {
                    let code: String = chars.by_ref().take(4).collect();
                    let hex = code.len() == 4 && code.bytes().all(|b| b.is_ascii_hexdigit());
                    let code = u32::from_str_radix(&code, 16).ok().filter(|_| hex)?;
                    char::from_u32(code)?
                }
                c @ ('"' | '\\') => c,
                _ => return None,
            },
            c => c,
        });
    }
    Some(text)
}

impl Atom<'_> {
    /// What it is, for a message.
    pub(super) fn words(&self) -> String {
        match self {
            Atom::Nil => "nil".to_owned(),
            Atom::Bool(truth) => truth.to_string(),
            Atom::Int(n) => n.to_string(),
            Atom::Text(raw) => format!("the text \"{}\"", clip(raw)),
            Atom::Keyword(name) => format!(":{}", clip(name)),
            Atom::Symbol(name) => format!("`{}`", clip(name)),
            Atom::Big => "a number of more than 64 bits".to_owned(),
            Atom::Number => "no whole number".to_owned(),
            Atom::Char => "a character".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token<'_>> {
        let mut tokens = Tokens::from(text, 0);
        let mut all = Vec::new();
        while let Some((token, _)) = tokens.next().expect(text) {
            all.push(token);
        }
        all
    }

    fn atoms(text: &str) -> Vec<Atom<'_>> {
        let atom = |token: &Token<'_>| matches!(token, Token::Atom(_));
        let all = tokens(text);
        assert!(all.iter().all(atom), "{all:?}");
        all.iter()
            .filter_map(|t| if let Token::Atom(atom) = *t { Some(atom) } else { None })
            .collect()
    }

    #[test]
    fn commas_and_comments_are_blanks() {
        let all = tokens("; a comment [\n{:process 0,,:f\t:read} ; another");
        let (open, close) = (Token::Open(Shape::Map), Token::Close(b'}'));
        let inner =
            [Atom::Keyword("process"), Atom::Int(0), Atom::Keyword("f"), Atom::Keyword("read")];
        let expected: Vec<_> =
            [open].into_iter().chain(inner.map(Token::Atom)).chain([close]).collect();
        assert_eq!(all, expected);
    }

    #[test]
    fn numbers_are_whole_or_strange() {
        let expected = [
            Atom::Int(-3),
            Atom::Int(4),
            Atom::Int(42),
            Atom::Int(i64::MIN),
            Atom::Big,
            Atom::Big,
            Atom::Number,
            Atom::Number,
            Atom::Number,
            Atom::Number,
            Atom::Symbol("-"),
        ];
        let text = "-3 +4 42N -9223372036854775808 9223372036854775808 99999999999999999999N 1.5 1/2 \
                    0x10 ##Inf -";
        assert_eq!(atoms(text), expected);
    }

    #[test]
    fn brackets_in_texts_and_characters_do_not_count() {
        assert_eq!(
            atoms(r#""a ] \" ; b" \] \newline nil"#),
            [Atom::Text(r#"a ] \" ; b"#), Atom::Char, Atom::Char, Atom::Nil]
        );
        assert_eq!(atoms("\\ä x"), [Atom::Char, Atom::Symbol("x")]);
    }

    #[test]
    fn tags_sets_and_discards_begin_with_a_hash() {
        let all = tokens("#{1} #_ #inst \"2020\"");
        let expected = [
            Token::Open(Shape::Set),
            Token::Atom(Atom::Int(1)),
            Token::Close(b'}'),
            Token::Discard,
            Token::Tag,
            Token::Atom(Atom::Text("2020")),
        ];
        assert_eq!(all, expected);
        for bad in ["#", "# x", ":", "\"open", "\"open\\", "\"open\\\""] {
            assert!(Tokens::from(bad, 0).next().is_err(), "{bad}");
        }
    }

    #[test]
    fn escapes_are_those_of_the_notation() {
        assert_eq!(unescape(r#"a\n\t\"\\\u00e4"#).as_deref(), Some("a\n\t\"\\ä"));
        for bad in [r"\x", r"\u12", r"\u+123", r"\ud800", "\\"] {
            assert_eq!(unescape(bad), None, "{bad}");
        }
    }
}
