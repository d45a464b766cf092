//! Texts for people, in several languages.

use std::collections::BTreeMap;

/// A text in one or more languages. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(BTreeMap<String, String>);

impl Text {
    /// The language of a text that does not say which it is in.
    pub const DEFAULT: &str = "en";

    /// A text in English, or in an unknown language.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Text(BTreeMap::from([(Self::DEFAULT.to_owned(), text.into())]))
    }

    /// A text by language; `None` if there is none.
    #[must_use]
    pub fn new(languages: BTreeMap<String, String>) -> Option<Self> {
        (!languages.is_empty()).then_some(Text(languages))
    }

    /// The text in the language that fits `lang` best: the same tag, else the same language
    /// (`zh` for `zh_CN.UTF-8`), else English, else any.
    #[must_use]
    pub fn get(&self, lang: &str) -> &str {
        let exact = self.0.get(lang);
        let tag = tag(lang);
        let same = || self.0.iter().find(|(own, _)| tag == self::tag(own)).map(|(_, text)| text);
        let language = language(&tag);
        let near = || {
            let mut all = self.0.iter();
            all.find(|(own, _)| language == self::language(&self::tag(own))).map(|(_, text)| text)
        };
        let any = || self.0.get(Self::DEFAULT).or_else(|| self.0.values().next());
        exact.or_else(same).or_else(near).or_else(any).map_or("", String::as_str)
    }

    /// The languages, sorted.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// `zh_CN.UTF-8` and `zh-CN` as `zh-cn`.
fn tag(lang: &str) -> String {
    let end = lang.find(['.', '@']).unwrap_or(lang.len());
    lang[..end].replace('_', "-").to_ascii_lowercase()
}

fn language(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// The same in one line: what a process says of itself when it panics often has several, and would end a
/// comment, or act on a terminal.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(char::is_control).map(str::trim).filter(|words| !words.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(all: &[&str]) -> Text {
        let all = all.iter().map(|lang| ((*lang).to_owned(), format!("in {lang}")));
        Text::new(all.collect()).expect("a language")
    }

    #[test]
    fn the_best_language_is_chosen() {
        let both = text(&["en", "zh"]);
        assert_eq!(both.get("zh"), "in zh");
        assert_eq!(both.get("zh_CN.UTF-8"), "in zh");
        assert_eq!(both.get("zh-Hans"), "in zh");
        assert_eq!(both.get("de_DE"), "in en");
        assert_eq!(both.get("C"), "in en");
        assert_eq!(both.get(""), "in en");
        assert_eq!(text(&["zh-CN", "zh-TW"]).get("zh_TW.UTF-8"), "in zh-TW");
        assert_eq!(text(&["zh-CN"]).get("zh_TW"), "in zh-CN");
        assert_eq!(text(&["de", "zh"]).get("fr"), "in de");
        assert_eq!(Text::plain("hello").get("zh"), "hello");
        assert_eq!(Text::new(BTreeMap::new()), None);
    }
}
