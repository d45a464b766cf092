//! Forms of EDN: what one token, or all between two brackets, makes up.
//!
//! A form lies flat in one list, each bracket before what it holds, so that neither reading nor
//! dropping one recurses:
//!
//! ```text
//!   {:value [1 2]}   ─▶   map(5)  :value  vector(5)  1  2        (5): where it ends
//! ```

use super::mistake::Mistake;
use super::token::{Atom, Shape, Token, Tokens, unescape};
use simlab_core::Value;
use simlab_core::history::NESTED_MAX;
use std::ops::Range;

/// So many brackets may be open in one form. Those of a value are fewer, [`NESTED_MAX`].
const DEPTH_MAX: usize = 64;

#[derive(Clone, Debug)]
struct Node<'a> {
    kind: Kind<'a>,
    span: Range<usize>,
    /// The node after this one and all that it holds.
    next: usize,
}

#[derive(Clone, Copy, Debug)]
enum Kind<'a> {
    Atom(Atom<'a>),
    Bracket(Shape),
}

/// Reads forms, one at a time, into the same memory.
#[derive(Debug, Default)]
pub(super) struct Forms<'a> {
    nodes: Vec<Node<'a>>,
    frames: Vec<Frame>,
}

/// What a form lies in while it is read.
#[derive(Clone, Debug)]
enum Frame {
    Bracket {
        node: usize,
        shape: Shape,
    },
    /// After `#_`: the nodes from `keep` on go away.
    Discard {
        keep: usize,
        span: Range<usize>,
    },
    /// After a tag, which says of what type the form is, and is left out.
    Tag {
        span: Range<usize>,
    },
}

impl<'a> Forms<'a> {
    /// Reads the next form. `None` at the end of the text.
    pub(super) fn read(
        &mut self,
        tokens: &mut Tokens<'a>,
    ) -> Result<Option<Form<'_, 'a>>, Mistake> {
        self.nodes.clear();
        self.frames.clear();
        loop {
            let Some((token, span)) = tokens.next()? else { return self.at_the_end(tokens.at()) };
            if self.frames.len() > DEPTH_MAX {
                let mistake = Mistake::at(span, "too much is nested here");
                return Err(mistake.label(format!("more than {DEPTH_MAX} brackets are open")));
            }
            let done = match token {
                Token::Discard => {
                    self.frames.push(Frame::Discard { keep: self.nodes.len(), span });
                    false
                }
                Token::Tag => {
                    self.frames.push(Frame::Tag { span });
                    false
                }
                Token::Atom(atom) => {
                    self.push(Kind::Atom(atom), span);
                    self.complete()
                }
                Token::Open(shape) => {
                    self.frames.push(Frame::Bracket { node: self.nodes.len(), shape });
                    self.push(Kind::Bracket(shape), span);
                    false
                }
                Token::Close(close) => self.close(close, span)?,
            };
            if done {
                return Ok(Some(Form { nodes: &self.nodes, at: 0 }));
            }
        }
    }

    fn push(&mut self, kind: Kind<'a>, span: Range<usize>) {
        let next = self.nodes.len() + 1;
        self.nodes.push(Node { kind, span, next });
    }

    /// A form is complete: so are the tags before it, and a discard takes it away. Returns whether
    /// it is the one that is read.
    fn complete(&mut self) -> bool {
        loop {
            match self.frames.last() {
                None => return true,
                Some(Frame::Bracket { .. }) => return false,
                Some(&Frame::Discard { keep, .. }) => {
                    self.nodes.truncate(keep);
                    self.frames.pop();
                    return false;
                }
                Some(Frame::Tag { .. }) => {
                    self.frames.pop();
                }
            }
        }
    }

    fn close(&mut self, close: u8, span: Range<usize>) -> Result<bool, Mistake> {
        match self.frames.pop() {
            Some(Frame::Bracket { node, shape }) if shape.close() == close => {
                let next = self.nodes.len();
                if let Some(node) = self.nodes.get_mut(node) {
                    node.next = next;
                    node.span.end = span.end;
                }
                Ok(self.complete())
            }
            Some(Frame::Bracket { node, shape }) => {
                let found = char::from(close);
                let wanted = char::from(shape.close());
                let begin = self.nodes.get(node).map_or(0, |node| node.span.start);
                let message = format!("`{found}` closes no {}", shape.name());
                let mistake = Mistake::at(span, message).label(format!("expected `{wanted}`"));
                Err(mistake.elsewhere(format!("the {} began in", shape.name()), begin))
            }
            Some(Frame::Discard { span, .. } | Frame::Tag { span }) => {
                Err(Mistake::at(span, "nothing follows this").label("a form was expected after it"))
            }
            None => {
                let found = char::from(close);
                Err(Mistake::at(span, format!("`{found}` closes nothing")))
            }
        }
    }

    /// The text has ended: nothing may be open.
    fn at_the_end(&mut self, end: usize) -> Result<Option<Form<'_, 'a>>, Mistake> {
        let open = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Bracket { node, shape } => Some((*node, *shape)),
            _ => None,
        });
        match (open, self.frames.last()) {
            (Some((node, shape)), _) => {
                let begin = self.nodes.get(node).map_or(0, |node| node.span.start);
                Err(unclosed(shape, begin, end))
            }
            (None, Some(Frame::Discard { span, .. } | Frame::Tag { span })) => {
                let mistake = Mistake::at(span.clone(), "nothing follows this");
                Err(mistake.label("a form was expected after it"))
            }
            _ => Ok(None),
        }
    }
}

/// The mistake that a bracket is still open where the text ends.
pub(super) fn unclosed(shape: Shape, begin: usize, end: usize) -> Mistake {
    let wanted = char::from(shape.close());
    Mistake::at(end..end, "the file is cut")
        .label(format!("here it ends, and a `{wanted}` was expected"))
        .elsewhere(format!("the {} that is open began in", shape.name()), begin)
}

/// A form that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form<'f, 'a> {
    nodes: &'f [Node<'a>],
    at: usize,
}

impl<'f, 'a> Form<'f, 'a> {
    fn node(&self) -> &'f Node<'a> {
        &self.nodes[self.at]
    }

    /// Where it stands.
    pub(super) fn span(&self) -> Range<usize> {
        self.node().span.clone()
    }

    /// What it is, if it holds no others.
    pub(super) fn atom(&self) -> Option<Atom<'a>> {
        match self.node().kind {
            Kind::Atom(atom) => Some(atom),
            Kind::Bracket(_) => None,
        }
    }

    /// Whether it is nil.
    pub(super) fn is_nil(&self) -> bool {
        self.atom() == Some(Atom::Nil)
    }

    /// Its kind of bracket, if it has one.
    pub(super) fn shape(&self) -> Option<Shape> {
        match self.node().kind {
            Kind::Atom(_) => None,
            Kind::Bracket(shape) => Some(shape),
        }
    }

    /// What lies in it, without what lies in that.
    pub(super) fn items(&self) -> impl Iterator<Item = Form<'f, 'a>> + use<'f, 'a> {
        let (nodes, end) = (self.nodes, self.node().next);
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            let item = (at < end).then_some(Form { nodes, at })?;
            at = item.node().next;
            Some(item)
        })
    }

    /// What lies in a vector or a list of exactly `N` forms.
    pub(super) fn exactly<const N: usize>(&self) -> Option<[Form<'f, 'a>; N]> {
        let row = matches!(self.shape(), Some(Shape::Vector | Shape::List));
        // One more than wanted is enough to know.
        let items: Vec<_> = self.items().take(if row { N + 1 } else { 0 }).collect();
        items.try_into().ok()
    }

    /// The value that it is to clients.
    pub(super) fn value(&self) -> Result<Value, Mistake> {
        self.nested_value(0)
    }

    /// At most [`NESTED_MAX`] calls lie in each other.
    fn nested_value(&self, depth: usize) -> Result<Value, Mistake> {
        let span = self.span();
        let atom = match self.node().kind {
            Kind::Atom(atom) => atom,
            Kind::Bracket(Shape::Map) => {
                return Err(Mistake::at(span, "a map is no value").label(VALUES));
            }
            Kind::Bracket(_) if depth == NESTED_MAX => {
                let label = format!("at most {NESTED_MAX} lists may lie in each other");
                return Err(Mistake::at(span, "too much is nested here").label(label));
            }
            Kind::Bracket(shape) => {
                let values = self.items().map(|item| item.nested_value(depth + 1));
                let mut values = values.collect::<Result<Vec<_>, _>>()?;
                if shape == Shape::Set {
                    values.sort_unstable();
                }
                return Ok(Value::List(values));
            }
        };
        Ok(match atom {
            Atom::Nil => Value::Nil,
            Atom::Bool(truth) => Value::Bool(truth),
            Atom::Int(n) => Value::Int(n),
            Atom::Text(raw) => {
                let bad = || Mistake::at(span, "this text has an escape that is none");
                let known =
                    "the escapes are \\n \\t \\r \\b \\f \\\" \\\\ and \\u with four digits";
                Value::Text(unescape(raw).ok_or_else(|| bad().help(known))?)
            }
            // With its colon, since it is another value than a text.
            Atom::Keyword(name) => Value::Text(format!(":{name}")),
            Atom::Big => {
                let help = "whole numbers are from -9223372036854775808 to 9223372036854775807";
                return Err(Mistake::at(span, "this number is too large").help(help));
            }
            Atom::Number => {
                return Err(Mistake::at(span, "this is no whole number").label(VALUES));
            }
            Atom::Symbol(_) | Atom::Char => {
                let message = format!("{} is no value", atom.words());
                return Err(Mistake::at(span, message).label(VALUES));
            }
        })
    }
}

/// What can be a value, in words.
const VALUES: &str =
    "expected nil, true, false, a whole number, a text, a keyword, or several of these";

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value, String> {
        let mut forms = Forms::default();
        let form = forms.read(&mut Tokens::from(text, 0)).map_err(|m| m.message)?;
        form.expect("there is one").value().map_err(|m| m.message)
    }

    #[test]
    fn a_form_is_all_between_its_brackets() {
        let text = "[1 (2 [3]) #{5 4}] 6";
        let mut tokens = Tokens::from(text, 0);
        let mut forms = Forms::default();
        let form = forms.read(&mut tokens).expect("well-formed").expect("the first");
        assert_eq!(form.span(), 0..18);
        let items: Vec<&str> = form.items().map(|item| &text[item.span()]).collect();
        assert_eq!(items, ["1", "(2 [3])", "#{5 4}"]);
        let list = |values: &[Value]| Value::List(values.to_vec());
        let (one, two, three) = (Value::Int(1), Value::Int(2), Value::Int(3));
        let inner = list(&[two, list(&[three])]);
        let sorted = list(&[Value::Int(4), Value::Int(5)]);
        assert_eq!(form.value(), Ok(list(&[one, inner, sorted])));
        assert!(form.exactly::<3>().is_some() && form.exactly::<2>().is_none());
        let last = forms.read(&mut tokens).expect("well-formed").expect("the second");
        assert_eq!(last.atom(), Some(Atom::Int(6)));
        assert!(forms.read(&mut tokens).expect("the end").is_none());
    }

    #[test]
    fn tags_and_what_is_discarded_are_left_out() {
        let list =
            |values: &[i64]| Ok(Value::List(values.iter().copied().map(Value::Int).collect()));
        assert_eq!(value("[1 #_ [2 3] 4]"), list(&[1, 4]));
        assert_eq!(value("[#_ #_ 1 2 3]"), list(&[3]));
        assert_eq!(value("#_ 1 #a.b #_ 2 #c [3 #_ 4]"), list(&[3]));
        assert_eq!(value("[#_]"), Err("nothing follows this".into()));
        assert_eq!(value("#tag"), Err("nothing follows this".into()));
    }

    #[test]
    fn brackets_must_fit() {
        assert_eq!(value("[1)"), Err("`)` closes no vector".into()));
        assert_eq!(value("]"), Err("`]` closes nothing".into()));
        assert_eq!(value("[1 {:a"), Err("the file is cut".into()));
    }

    /// However deep it is, nothing recurses.
    #[test]
    fn nesting_is_bounded() {
        let deep = |open: &str, n: usize, close: &str| value(&(open.repeat(n) + &close.repeat(n)));
        assert!(deep("[", NESTED_MAX, "]").is_ok());
        assert_eq!(deep("[", NESTED_MAX + 1, "]"), Err("too much is nested here".into()));
        assert_eq!(deep("[", 1_000_000, "]"), Err("too much is nested here".into()));
        assert_eq!(value(&"#_ ".repeat(1_000_000)), Err("too much is nested here".into()));
        assert_eq!(value(&"#t ".repeat(1_000_000)), Err("too much is nested here".into()));
    }

    #[test]
    fn values_are_those_of_the_vocabulary() {
        assert_eq!(value("\"a\\nb\""), Ok(Value::Text("a\nb".into())));
        assert_eq!(value(":timed-out"), Ok(Value::Text(":timed-out".into())));
        for (text, message) in [
            ("9223372036854775808", "this number is too large"),
            ("1.5", "this is no whole number"),
            ("{:a 1}", "a map is no value"),
            ("[x]", "`x` is no value"),
            ("\"\\q\"", "this text has an escape that is none"),
        ] {
            assert_eq!(value(text), Err(message.into()));
        }
    }
}
