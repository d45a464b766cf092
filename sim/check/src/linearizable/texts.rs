//! Texts that were put together from pieces of which none comes up twice.

use simlab_core::OpId;

/// What a text is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A text that was there at first, or was written: one begins with it.
    Base(u32),
    /// What this operation appended.
    Appended(OpId),
}

/// Pieces by which a text can be taken apart in one way only: none is empty, none is there twice, and none
/// is the beginning of another one.
#[derive(Clone, Debug)]
pub(super) struct Texts<'a> {
    pieces: Vec<(&'a str, Piece)>,
}

impl<'a> Texts<'a> {
    /// `None` if texts could be taken apart in several ways.
    pub(super) fn new(mut pieces: Vec<(&'a str, Piece)>) -> Option<Self> {
        pieces.sort_unstable_by_key(|(text, _)| *text);
        // What begins with a text stands right behind it, if it does not begin with another one there.
        let clear = pieces.windows(2).all(|pair| !pair[1].0.starts_with(pair[0].0));
        let full = pieces.first().is_none_or(|(text, _)| !text.is_empty());
        (clear && full).then_some(Texts { pieces })
    }

    /// The pieces of a text; `None` if it is not made of such.
    pub(super) fn take_apart(&self, mut text: &str) -> Option<Vec<Piece>> {
        let mut found = Vec::new();
        while !text.is_empty() {
            let at = self.pieces.partition_point(|(piece, _)| *piece <= text).checked_sub(1)?;
            let (piece, what) = self.pieces[at];
            text = text.strip_prefix(piece)?;
            found.push(what);
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_core::NodeId;

    fn appended(n: u32) -> Piece {
        Piece::Appended(OpId::of(NodeId(0), n))
    }

    #[test]
    fn a_text_is_taken_apart_in_one_way() {
        let pieces = vec![("ab", appended(0)), ("b", appended(1)), ("c", Piece::Base(3))];
        let texts = Texts::new(pieces).expect("none begins with another one");
        assert_eq!(texts.take_apart("cbab"), Some(vec![Piece::Base(3), appended(1), appended(0)]));
        assert_eq!(texts.take_apart(""), Some(vec![]));
        assert_eq!(texts.take_apart("cba"), None);
        assert_eq!(texts.take_apart("x"), None);
    }

    #[test]
    fn what_begins_with_another_piece_is_not_clear() {
        assert!(Texts::new(vec![("a", appended(0)), ("ab", appended(1))]).is_none());
        assert!(Texts::new(vec![("a", appended(0)), ("a", appended(1))]).is_none());
        assert!(Texts::new(vec![("", appended(0))]).is_none());
    }
}
