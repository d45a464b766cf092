//! Mistakes, and how they are shown.

use crate::Source;
use crate::nearest;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, normalize_untrusted_str};
use std::fmt;

/// More mistakes than these are counted and not kept.
const KEPT_MAX: usize = 1_000;
/// More mistakes than these are counted and not shown.
const SHOWN_MAX: usize = 20;

/// Which text a mistake is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The scenario file.
    File,
    /// The `--set` options, one a line.
    Set,
    /// The names given with `--switch`, one a line.
    Switch,
}

/// What was given on the command line besides the file, as texts that mistakes are shown in.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// The `--set` options.
    pub(crate) set: Source,
    /// The `--switch` options.
    pub(crate) switch: Source,
}

impl Default for Given {
    fn default() -> Self {
        Given { set: Source::new("--set", ""), switch: Source::new("--switch", "") }
    }
}

/// A range of bytes in one of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    /// The text.
    pub(crate) origin: Origin,
    /// The first byte.
    pub(crate) start: usize,
    /// The byte after the last.
    pub(crate) end: usize,
}

impl Span {
    /// A range of the scenario file.
    pub(crate) const fn file(start: usize, end: usize) -> Self {
        Span { origin: Origin::File, start, end }
    }
}

/// One mistake.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    message: String,
    span: Option<Span>,
    label: String,
    also: Vec<(Span, String)>,
    help: Vec<String>,
    line: usize,
    column: usize,
    /// The line that it is in, if the file is not kept. Its span is then one of this text.
    excerpt: Option<Excerpt>,
}

/// A line of a file, or a part of it.
#[derive(Clone, Debug)]
pub(crate) struct Excerpt {
    /// What is shown.
    pub(crate) text: String,
    /// Whether the line begins before.
    pub(crate) cut: bool,
}

impl Diagnostic {
    /// A mistake at `span`.
    pub(crate) fn at(span: Span, message: impl Into<String>) -> Self {
        Diagnostic { span: Some(span), ..Diagnostic::nowhere(message) }
    }

    /// A mistake of no place, such as a file that cannot be read.
    pub(crate) fn nowhere(message: impl Into<String>) -> Self {
        Diagnostic {
            message: message.into(),
            span: None,
            label: String::new(),
            also: Vec::new(),
            help: Vec::new(),
            line: 1,
            column: 1,
            excerpt: None,
        }
    }

    /// In this line of a file, at this column.
    pub(crate) fn in_excerpt(self, excerpt: Excerpt, line: usize, column: usize) -> Self {
        Diagnostic { excerpt: Some(excerpt), line, column, ..self }
    }

    /// With these words beside the underlined source.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With another place that has to do with it.
    pub(crate) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.also.push((span, label.into()));
        self
    }

    /// With a line of advice below.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// What is wrong, in one line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// Where it is.
    pub(crate) fn span(&self) -> Option<Span> {
        self.span
    }
}

/// Collects mistakes while a file is read.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    list: Vec<Diagnostic>,
    dropped: usize,
}

impl Problems {
    /// Adds a mistake.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() < KEPT_MAX {
            self.list.push(diagnostic);
        } else {
            self.dropped += 1;
        }
    }

    /// Adds the mistake that `name` names nothing: `unknown node "x"`, with the nearest known name.
    pub(crate) fn unknown<'k>(
        &mut self,
        span: Span,
        what: &str,
        plural: &str,
        name: &str,
        known: impl Iterator<Item = &'k str>,
    ) {
        let diagnostic = Diagnostic::at(span, format!("unknown {what} `{}`", clip(name)));
        self.push_with_names(diagnostic, name, plural, known);
    }

    /// Adds a mistake, with the known name nearest to `unknown`, and what is known.
    pub(crate) fn push_with_names<'k>(
        &mut self,
        mut diagnostic: Diagnostic,
        unknown: &str,
        plural: &str,
        known: impl Iterator<Item = &'k str>,
    ) {
        if self.wants_names() {
            diagnostic.help.extend(nearest::advice(unknown, plural, known));
        }
        self.push(diagnostic);
    }

    /// Whether a further mistake may be shown, so that it is worth comparing its names with all that
    /// are known. For thousands of mistakes that would take long.
    pub(crate) fn wants_names(&self) -> bool {
        self.list.len() < 4 * SHOWN_MAX
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are so far.
    pub(crate) fn count(&self) -> usize {
        self.list.len() + self.dropped
    }

    /// Forgets the mistakes after the first `keep` for which `sure` does not hold.
    pub(crate) fn retain_after(&mut self, keep: usize, sure: impl Fn(&Diagnostic) -> bool) {
        let mut index = 0;
        self.list.retain(|d| {
            index += 1;
            index <= keep || sure(d)
        });
    }

    /// All mistakes, in the order of their places.
    pub(crate) fn finish(mut self, mut file: Source, given: Given) -> Diagnostics {
        file.name = normalize_untrusted_str(&file.name);
        self.list.sort_by_key(|d| d.span);
        let texts = [&file.text, &given.set.text, &given.switch.text];
        let mut cursors = texts.map(|text| Cursor::new(text));
        for diagnostic in &mut self.list {
            if let Some(span) = diagnostic.span {
                let cursor = &mut cursors[span.origin as usize];
                (diagnostic.line, diagnostic.column) = cursor.position(span.start);
            }
        }
        let (list, dropped) = (self.list, self.dropped);
        Diagnostics(Box::new(Shown { file, given, first_line: 1, list, dropped }))
    }
}

/// Walks a text once to find the lines and columns of ascending places.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    column: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Cursor { text, at: 0, line: 1, column: 1 }
    }

    fn position(&mut self, place: usize) -> (usize, usize) {
        let passed = self.text.get(self.at..place.min(self.text.len())).unwrap_or("");
        for c in passed.chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.at += passed.len();
        (self.line, self.column)
    }
}

/// All mistakes of a file, in the order of their places.
#[derive(Clone, Debug)]
pub struct Diagnostics(Box<Shown>);

/// What there is to show. It is boxed, since results with it are passed on.
#[derive(Clone, Debug)]
struct Shown {
    file: Source,
    /// The number of the first line of what is there of the file.
    first_line: usize,
    given: Given,
    list: Vec<Diagnostic>,
    dropped: usize,
}

impl Diagnostics {
    /// The one mistake that a file as a whole is.
    pub(crate) fn of_file(file: &str, diagnostic: Diagnostic) -> Self {
        let mut problems = Problems::default();
        problems.push(diagnostic);
        problems.finish(Source::new(file, ""), Given::default())
    }

    /// A mistake in a line of a file that is read line by line.
    pub(crate) fn in_line(file: &str, number: usize, text: &str, diagnostic: Diagnostic) -> Self {
        let mut problems = Problems::default();
        problems.push(diagnostic);
        let mut all = problems.finish(Source::new(file, text), Given::default());
        all.0.first_line = number;
        for diagnostic in &mut all.0.list {
            diagnostic.line = number;
        }
        all
    }

    /// Mistakes of a file that is not kept, each with its line. There are `dropped` more.
    pub(crate) fn of_excerpts(file: &str, list: Vec<Diagnostic>, dropped: usize) -> Self {
        let file = Source::new(normalize_untrusted_str(file), "");
        Diagnostics(Box::new(Shown { file, given: Given::default(), first_line: 1, list, dropped }))
    }

    /// The mistakes; at least one. Of a file with thousands the first thousand found.
    #[must_use]
    pub fn list(&self) -> &[Diagnostic] {
        &self.0.list
    }

    /// How many mistakes there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.list.len() + self.0.dropped
    }

    /// The mistakes as people read them: message, file, line and column, the source underlined,
    /// advice. The first 20 are shown.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut out = String::new();
        for diagnostic in self.0.list.iter().take(SHOWN_MAX) {
            out.push_str(&self.render_one(diagnostic, &renderer));
            out.push_str("\n\n");
        }
        let hidden = self.count() - self.0.list.len().min(SHOWN_MAX);
        if hidden > 0 {
            let mistakes = if hidden == 1 { "mistake" } else { "mistakes" };
            out.push_str(&format!("… and {hidden} more {mistakes}\n\n"));
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }

    fn render_one(&self, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
        let title = Level::ERROR.primary_title(&*diagnostic.message);
        let file = annotate_snippets::Origin::path(&*self.0.file.name);
        let cut = diagnostic.excerpt.as_ref().is_some_and(|excerpt| excerpt.cut);
        let place = match diagnostic.span {
            None => Some(file),
            // Where the line begins before the snippet, its columns are not those of the file.
            Some(_) if cut => Some(file.line(diagnostic.line).char_column(diagnostic.column)),
            Some(_) => None,
        };
        let mut group = title.elements(place).elements(self.snippets(diagnostic));
        for help in &diagnostic.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        renderer.render(&[group])
    }

    /// One snippet a text: the one with the mistake first.
    fn snippets<'a>(
        &'a self,
        diagnostic: &'a Diagnostic,
    ) -> impl Iterator<Item = Snippet<'a, annotate_snippets::Annotation<'a>>> {
        let main = diagnostic.span.map(|span| span.origin);
        let mut origins = vec![Origin::File, Origin::Set, Origin::Switch];
        origins.sort_by_key(|origin| Some(*origin) != main);
        origins.into_iter().filter_map(move |origin| {
            let source = match origin {
                Origin::File => &self.0.file,
                Origin::Set => &self.0.given.set,
                Origin::Switch => &self.0.given.switch,
            };
            let primary = diagnostic
                .span
                .filter(|span| span.origin == origin)
                .map(|span| (AnnotationKind::Primary, span, &diagnostic.label));
            let also = diagnostic.also.iter().filter(move |(span, _)| span.origin == origin);
            let also = also.map(|(span, label)| (AnnotationKind::Context, *span, label));
            let all: Vec<_> = primary.into_iter().chain(also).collect();
            if all.is_empty() {
                return None;
            }
            let (text, line, named) = match (&diagnostic.excerpt, origin) {
                (Some(excerpt), Origin::File) => (&excerpt.text, diagnostic.line, !excerpt.cut),
                (None, Origin::File) => (&source.text, self.0.first_line, true),
                _ => (&source.text, 1, true),
            };
            let snippet = Snippet::source(&**text).path(named.then_some(&*source.name));
            let snippet = snippet.line_start(line);
            Some(snippet.annotations(all.into_iter().map(move |(kind, span, label)| {
                let annotation = kind.span(visible(text, span));
                match label.as_str() {
                    "" => annotation,
                    label => annotation.label(label),
                }
            })))
        })
    }
}

/// The part of a span that is on its first line and exists.
fn visible(text: &str, span: Span) -> std::ops::Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    let end = floor(span.end.max(start));
    let line = text[start..end].find('\n').map_or(end, |n| start + n);
    start..line.max(start)
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// A name of the file as it may be shown in a message: not too long.
pub(crate) fn clip(name: &str) -> String {
    const LONGEST: usize = 60;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
