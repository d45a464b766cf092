//! The one table of commands: keys, help, palette, hint bar and the documentation are read off it.

use std::fmt::Write;

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the table says what each does")]
pub enum Command {
    Forward,
    Back,
    ForwardHere,
    BackHere,
    ForwardPage,
    BackPage,
    NextFault,
    LastFault,
    NextOperation,
    LastOperation,
    NextChange,
    LastChange,
    NextViolation,
    LastViolation,
    NextDifference,
    LastDifference,
    Divergence,
    Mark,
    NextMark,
    LastMark,
    First,
    Last,
    OtherEnd,
    Cause,
    Chain,
    NextVariant,
    LastVariant,
    Beside,
    MoreDetail,
    Fold,
    Filter,
    PaneNode,
    PaneDatagram,
    PaneNetwork,
    PaneOperations,
    PaneScore,
    Wide,
    Focus,
    ZoomIn,
    ZoomOut,
    NextNode,
    LastNode,
    Play,
    Faster,
    Slower,
    Search,
    SearchNext,
    SearchLast,
    Palette,
    Theme,
    Ascii,
    Mouse,
    Copy,
    Glossary,
    Help,
    Close,
    Suspend,
    Quit,
}

/// A group of commands, as the help lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// To go through time.
    Time,
    /// To understand an event.
    Why,
    /// To choose what is shown.
    Show,
    /// All else.
    Rest,
}

impl Group {
    /// All of them, in the order of the help.
    pub const ALL: [Group; 4] = [Group::Time, Group::Why, Group::Show, Group::Rest];

    /// Its heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Group::Time => "Through time",
            Group::Why => "Why",
            Group::Show => "What is shown",
            Group::Rest => "And",
        }
    }
}

/// A command as people see it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which it is.
    pub command: Command,
    /// Its name.
    pub name: &'static str,
    /// Its keys; the first is shown where there is room for one.
    pub keys: &'static [&'static str],
    /// What it does.
    pub title: &'static str,
    /// A word for the hint bar, of the commands that are in it.
    pub hint: Option<&'static str>,
    /// Where the help lists it.
    pub group: Group,
}

const fn entry(
    command: Command,
    name: &'static str,
    keys: &'static [&'static str],
    title: &'static str,
    hint: Option<&'static str>,
    group: Group,
) -> Entry {
    Entry { command, name, keys, title, hint, group }
}

/// All commands.
pub const COMMANDS: &[Entry] = &[
    entry(
        Command::Forward,
        "forward",
        &["→", "l", "j", "↓"],
        "to the next event",
        Some("step"),
        Group::Time,
    ),
    entry(Command::Back, "back", &["←", "h", "k", "↑"], "to the event before", None, Group::Time),
    entry(
        Command::ForwardHere,
        "forward-here",
        &["Shift-→", "L"],
        "to the next event of this node",
        None,
        Group::Time,
    ),
    entry(
        Command::BackHere,
        "back-here",
        &["Shift-←", "H"],
        "to the last event of this node before",
        None,
        Group::Time,
    ),
    entry(
        Command::ForwardPage,
        "forward-page",
        &["PageDown", "Ctrl-d"],
        "a screen forward",
        None,
        Group::Time,
    ),
    entry(
        Command::BackPage,
        "back-page",
        &["PageUp", "Ctrl-u"],
        "a screen back",
        None,
        Group::Time,
    ),
    entry(
        Command::NextFault,
        "next-fault",
        &["]"],
        "to the next fault, or the end of one",
        Some("fault"),
        Group::Time,
    ),
    entry(Command::LastFault, "last-fault", &["["], "to the fault before", None, Group::Time),
    entry(
        Command::NextOperation,
        "next-operation",
        &["o"],
        "to the next begin or end of a client operation",
        Some("operation"),
        Group::Time,
    ),
    entry(Command::LastOperation, "last-operation", &["O"], "to the one before", None, Group::Time),
    entry(
        Command::NextChange,
        "next-change",
        &["s"],
        "to the next change of a state",
        None,
        Group::Time,
    ),
    entry(Command::LastChange, "last-change", &["S"], "to the change before", None, Group::Time),
    entry(
        Command::NextViolation,
        "next-violation",
        &["v"],
        "to the next violation",
        None,
        Group::Time,
    ),
    entry(
        Command::LastViolation,
        "last-violation",
        &["V"],
        "to the violation before",
        None,
        Group::Time,
    ),
    entry(
        Command::NextDifference,
        "next-difference",
        &["e"],
        "to the next answer that the next variant gives otherwise",
        None,
        Group::Time,
    ),
    entry(
        Command::LastDifference,
        "last-difference",
        &["E"],
        "to such an answer before",
        None,
        Group::Time,
    ),
    entry(
        Command::Divergence,
        "divergence",
        &["D"],
        "to the first event that the next variant does not have",
        None,
        Group::Time,
    ),
    entry(
        Command::Mark,
        "mark",
        &["*"],
        "mark this event, or take the mark away",
        None,
        Group::Time,
    ),
    entry(Command::NextMark, "next-mark", &["'"], "to the next mark", None, Group::Time),
    entry(Command::LastMark, "last-mark", &["\""], "to the mark before", None, Group::Time),
    entry(Command::First, "first", &["g", "Home"], "to the begin of the run", None, Group::Time),
    entry(Command::Last, "last", &["G", "End"], "to its end", None, Group::Time),
    entry(Command::Play, "play", &["Space"], "play, or stop playing", Some("play"), Group::Time),
    entry(Command::Faster, "faster", &["+", "="], "play faster", None, Group::Time),
    entry(Command::Slower, "slower", &["-"], "play slower", None, Group::Time),
    entry(
        Command::Chain,
        "why",
        &["c"],
        "why this happened: the chain of causes in words",
        Some("why"),
        Group::Why,
    ),
    entry(Command::Cause, "cause", &["u"], "to the cause of this event", None, Group::Why),
    entry(
        Command::OtherEnd,
        "other-end",
        &["m"],
        "from a send to what became of it, and back",
        None,
        Group::Why,
    ),
    entry(
        Command::Glossary,
        "glossary",
        &["K"],
        "what the words mean, those of this event first",
        None,
        Group::Why,
    ),
    entry(
        Command::NextVariant,
        "next-variant",
        &["Tab"],
        "the next variant, at the same time",
        Some("variant"),
        Group::Show,
    ),
    entry(
        Command::LastVariant,
        "last-variant",
        &["Shift-Tab"],
        "the variant before",
        None,
        Group::Show,
    ),
    entry(
        Command::Beside,
        "beside",
        &["b"],
        "the next variant beside this one, at the same time",
        None,
        Group::Show,
    ),
    entry(
        Command::PaneNode,
        "node",
        &["1"],
        "a node: state, timers, disk; again: in place of the diagram",
        None,
        Group::Show,
    ),
    entry(
        Command::PaneDatagram,
        "datagram",
        &["2"],
        "the datagram, layer by layer",
        None,
        Group::Show,
    ),
    entry(
        Command::PaneNetwork,
        "network",
        &["3"],
        "the network: nodes, links, what is under way",
        None,
        Group::Show,
    ),
    entry(
        Command::PaneOperations,
        "operations",
        &["4"],
        "what clients asked and were told, and what is wrong with it",
        None,
        Group::Show,
    ),
    entry(
        Command::PaneScore,
        "score",
        &["5"],
        "all variants at this moment: who is served, what is wrong so far",
        Some("score"),
        Group::Show,
    ),
    entry(
        Command::Wide,
        "wide",
        &["w"],
        "the pane in place of the diagram, or beside it",
        None,
        Group::Show,
    ),
    entry(
        Command::Focus,
        "into",
        &["i"],
        "into the pane: arrows choose a line, Enter goes there, Esc leaves",
        None,
        Group::Show,
    ),
    entry(
        Command::MoreDetail,
        "detail",
        &["d"],
        "how much is shown: the story, messages, everything",
        Some("detail"),
        Group::Show,
    ),
    entry(
        Command::Fold,
        "fold",
        &["F"],
        "count datagrams without effect where they are many, or show each",
        None,
        Group::Show,
    ),
    entry(
        Command::Filter,
        "filter",
        &["f"],
        "show only what fits: node:, type:, kind:, op:, words; - for without",
        None,
        Group::Show,
    ),
    entry(
        Command::ZoomIn,
        "zoom-in",
        &["z"],
        "the bar shows less, in more detail",
        None,
        Group::Show,
    ),
    entry(Command::ZoomOut, "zoom-out", &["Z"], "the bar shows more", None, Group::Show),
    entry(Command::NextNode, "next-node", &["n"], "inspect the next node", None, Group::Show),
    entry(Command::LastNode, "last-node", &["p"], "inspect the node before", None, Group::Show),
    entry(
        Command::Search,
        "search",
        &["/"],
        "search: words, node:, type:, op:, a time (t=12s), an event (#120)",
        Some("find"),
        Group::Show,
    ),
    entry(Command::SearchNext, "search-next", &["."], "to the next hit", None, Group::Show),
    entry(Command::SearchLast, "search-last", &[","], "to the hit before", None, Group::Show),
    entry(
        Command::Palette,
        "palette",
        &[":"],
        "all commands, to be found by what they do",
        None,
        Group::Rest,
    ),
    entry(Command::Theme, "theme", &["t"], "the next theme", None, Group::Rest),
    entry(Command::Ascii, "ascii", &["a"], "draw in ASCII, or not", None, Group::Rest),
    entry(
        Command::Mouse,
        "mouse",
        &["M"],
        "leave the mouse to the terminal, or take it (Shift selects text meanwhile)",
        None,
        Group::Rest,
    ),
    entry(
        Command::Copy,
        "copy",
        &["y"],
        "copy the command that shows this event again",
        None,
        Group::Rest,
    ),
    entry(Command::Help, "help", &["?"], "this help", Some("help"), Group::Rest),
    entry(Command::Close, "close", &["Esc"], "close what is open", None, Group::Rest),
    entry(
        Command::Suspend,
        "suspend",
        &["Ctrl-z"],
        "back to the shell; fg comes back here",
        None,
        Group::Rest,
    ),
    entry(Command::Quit, "quit", &["q", "Ctrl-c"], "leave", Some("quit"), Group::Rest),
];

/// All keys as a page of the documentation.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(
        "# The keys of `simlab tui`\n\n\
         This page is written by a test from the table that the help (`?`), the palette (`:`) and the hints are \
         read from too.\n",
    );
    for group in Group::ALL {
        // Writing to a string never fails.
        let _ = write!(page, "\n## {}\n\n| keys | command | |\n|---|---|---|\n", group.title());
        for entry in COMMANDS.iter().filter(|entry| entry.group == group) {
            let keys: Vec<String> = entry.keys.iter().map(|key| format!("`{key}`")).collect();
            let _ = writeln!(page, "| {} | {} | {} |", keys.join(" "), entry.name, entry.title);
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_and_no_name_means_two_things() {
        let mut keys: Vec<&str> = COMMANDS.iter().flat_map(|entry| entry.keys).copied().collect();
        let mut names: Vec<&str> = COMMANDS.iter().map(|entry| entry.name).collect();
        let (all_keys, all_names) = (keys.len(), names.len());
        keys.sort_unstable();
        keys.dedup();
        names.sort_unstable();
        names.dedup();
        assert_eq!((keys.len(), names.len()), (all_keys, all_names));
    }
}
