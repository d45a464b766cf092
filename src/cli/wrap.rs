//! Text in lines that fit a terminal.

/// The width that a terminal is sure to have.
pub(super) const WIDTH: usize = 80;

/// How many columns a character takes: those of East Asian scripts and their punctuation take two.
const fn columns(c: char) -> usize {
    match c as u32 {
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1_f300..=0x1_faff => 2,
        0x2_0000..=0x3_fffd => 2,
        _ => 1,
    }
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// Whether no line begins with it: what closes or ends something stays with what it ends.
const fn closes(c: char) -> bool {
    matches!(c, '，' | '。' | '、' | '；' | '：' | '！' | '？' | '）' | '》' | '”' | '’')
}

/// Whether no line ends with it.
const fn opens(c: char) -> bool {
    matches!(c, '（' | '《' | '“' | '‘')
}

/// The pieces of a text between which a line may end, and whether a blank stands before each. In
/// scripts without blanks a line may end behind every character.
fn pieces(text: &str) -> Vec<(bool, String)> {
    let mut pieces: Vec<(bool, String)> = Vec::new();
    for word in text.split_whitespace() {
        // A number stays with its unit.
        if matches!(word.trim_end_matches([')', ',', '.', ':']), "s" | "ms" | "us" | "µs" | "%")
            && let Some((_, number)) = pieces.last_mut()
            && number.ends_with(|c: char| c.is_ascii_digit())
        {
            number.push(' ');
            number.push_str(word);
            continue;
        }
        // Between characters that need no blanks there is one only because a line ended.
        let wide = |c: Option<char>| c.is_some_and(|c| columns(c) == 2);
        let last = pieces.last().and_then(|(_, piece)| piece.chars().last());
        let mut blank = !(wide(last) && wide(word.chars().next()));
        let mut before = None;
        for c in word.chars() {
            let wide = |b: char| columns(b) == 2 || columns(c) == 2;
            let apart = before.is_none_or(|b| wide(b) && !opens(b)) && !closes(c);
            match pieces.last_mut().filter(|_| before.is_some() && !apart) {
                Some((_, piece)) => piece.push(c),
                None => pieces.push((std::mem::take(&mut blank), c.to_string())),
            }
            before = Some(c);
        }
    }
    pieces
}

/// A text in lines of at most `width` columns: after `first` in the first line, and indented by
/// `indent` in the others. Its own line breaks do not count. A word that is too long stands alone.
pub(super) fn filled(first: &str, text: &str, indent: usize, width: usize) -> Vec<String> {
    let mut lines = vec![first.to_owned()];
    let mut used = self::width(first);
    let mut begun = false;
    for (blank, piece) in pieces(text) {
        let blank = blank && begun;
        let takes = self::width(&piece) + usize::from(blank);
        if begun && used + takes > width {
            lines.push(" ".repeat(indent) + &piece);
            used = indent + self::width(&piece);
        } else if let Some(line) = lines.last_mut() {
            line.push_str(if blank { " " } else { "" });
            line.push_str(&piece);
            used += takes;
        }
        begun = true;
    }
    lines
}

/// A text in so many lines at most, the others indented; what is beyond the last is cut off.
pub(super) fn wrap(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = filled("", text, 2, width);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = last.chars().take(width - 3).collect::<String>() + "...";
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_wrapped_and_cut() {
        assert_eq!(wrap("one two three", 8, 3), ["one two", "  three"]);
        assert_eq!(wrap("one two three four five", 9, 2), ["one two", "  thre..."]);
        assert_eq!(wrap("", 9, 2), [""]);
    }

    #[test]
    fn texts_are_filled_behind_what_stands_before_them() {
        assert_eq!(filled("a: ", "one\ntwo three", 3, 10), ["a: one two", "   three"]);
        assert_eq!(filled("", "it took 12 s, or so", 0, 10), ["it took", "12 s, or", "so"]);
        assert_eq!(filled("  ", "endless-word x", 4, 6), ["  endless-word", "    x"]);
    }

    #[test]
    fn chinese_breaks_anywhere_but_before_a_full_stop() {
        assert_eq!(filled("", "一二三四。", 2, 6), ["一二三", "  四。"]);
        assert_eq!(filled("", "一二三。四 five", 0, 6), ["一二", "三。四", "five"]);
        assert_eq!(filled("", "一（\n二 5 三", 0, 20), ["一（二 5 三"]);
        assert_eq!(filled("", "一（二", 0, 4), ["一", "（二"]);
    }
}
