//! How things look: glyphs and colours. What something means is in its glyph; a colour only repeats it.

use ratatui::style::{Color, Modifier, Style};

/// The characters of the debugger, each one cell wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// A lane of a node that runs.
    pub lane: &'static str,
    /// One of a node that does not.
    pub down: &'static str,
    /// One of a node that stands still.
    pub paused: &'static str,
    /// One of a client that waits for an answer.
    pub busy: &'static str,
    /// Something that happened at a node.
    pub event: &'static str,
    /// Something that was sent.
    pub sent: &'static str,
    /// Something that changed its node's state.
    pub changed: &'static str,
    /// A client operation begins.
    pub invoked: &'static str,
    /// A client operation ends.
    pub returned: &'static str,
    /// A timer ran out.
    pub timer: &'static str,
    /// A wire.
    pub wire: &'static str,
    /// A wire across a lane.
    pub crossing: &'static str,
    /// A wire of something that comes late, or again.
    pub odd_wire: &'static str,
    /// A wire in a graph that is neither level nor upright.
    pub far_wire: &'static str,
    /// The corners of a box: above left and right, below left and right.
    pub corners: [&'static str; 4],
    /// An event that was marked.
    pub mark: &'static str,
    /// Where the cursor is in the bar.
    pub here: &'static str,
    /// Its head, to the right.
    pub right: &'static str,
    /// Its head, to the left.
    pub left: &'static str,
    /// A datagram that got lost.
    pub lost: &'static str,
    /// One that was damaged.
    pub damaged: &'static str,
    /// A second copy of one.
    pub doubled: &'static str,
    /// A node stopped.
    pub crash: &'static str,
    /// A node came up again.
    pub restart: &'static str,
    /// Something that ought not to be.
    pub violation: &'static str,
    /// What holds across lanes.
    pub banner: &'static str,
    /// The wall between groups that cannot talk to each other.
    pub wall: &'static str,
    /// The cursor.
    pub cursor: &'static str,
    /// A rule between panes.
    pub rule: &'static str,
    /// One from top to bottom.
    pub border: &'static str,
    /// Where the two meet, open to the bottom.
    pub tee_down: &'static str,
    /// Where they meet, open to the top.
    pub tee_up: &'static str,
    /// How much happened, from nothing to most.
    pub density: [&'static str; 9],
    /// A cell of the bar in which nothing was broken.
    pub calm: &'static str,
    /// What was there before.
    pub was: &'static str,
    /// Between things of one kind.
    pub dot: &'static str,
    /// Something that was cut off.
    pub more: &'static str,
}

impl Glyphs {
    /// Box-drawing characters.
    pub const UNICODE: Glyphs = Glyphs {
        lane: "│",
        down: "╎",
        paused: "┊",
        busy: "┃",
        event: "●",
        sent: "○",
        changed: "◆",
        invoked: "┳",
        returned: "┻",
        timer: "◷",
        wire: "─",
        odd_wire: "╌",
        far_wire: "·",
        corners: ["┌", "┐", "└", "┘"],
        mark: "◈",
        here: "▲",
        crossing: "┼",
        right: "▶",
        left: "◀",
        lost: "✕",
        damaged: "≠",
        doubled: "»",
        crash: "✖",
        restart: "↻",
        violation: "✗",
        banner: "═",
        wall: "▌",
        cursor: "▶",
        rule: "─",
        border: "│",
        tee_down: "┬",
        tee_up: "┴",
        density: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        calm: "·",
        was: "◂",
        dot: "·",
        more: "…",
    };

    /// The same, cell for cell, in ASCII.
    pub const ASCII: Glyphs = Glyphs {
        lane: "|",
        down: ":",
        paused: ";",
        busy: "H",
        event: "o",
        sent: "'",
        changed: "@",
        invoked: "v",
        returned: "^",
        timer: "*",
        wire: "-",
        odd_wire: "~",
        far_wire: ".",
        corners: ["+", "+", "+", "+"],
        mark: "m",
        here: "^",
        crossing: "+",
        right: ">",
        left: "<",
        lost: "x",
        damaged: "!",
        doubled: "2",
        crash: "X",
        restart: "R",
        violation: "?",
        banner: "=",
        wall: "#",
        cursor: ">",
        rule: "-",
        border: "|",
        tee_down: "+",
        tee_up: "+",
        density: [" ", ".", ":", "-", "=", "+", "*", "%", "@"],
        calm: ".",
        was: "<",
        dot: "-",
        more: "~",
    };
}

impl Glyphs {
    /// What the signs of the diagram mean.
    #[must_use]
    pub const fn legend(&self) -> [(&'static str, &'static str); 20] {
        [
            (self.sent, "a datagram was sent"),
            (self.event, "it arrived, or something else happened there"),
            (
                self.changed,
                "it arrived, or something happened, and the node's state is another one",
            ),
            (self.odd_wire, "the way of a datagram that came late, or had come before"),
            (self.lost, "a datagram was lost; the reason stands beside it"),
            (self.damaged, "damaged; between variants: here they differ"),
            (self.doubled, "a second copy goes on its way"),
            (self.invoked, "a client begins an operation"),
            (self.busy, "the lane of a client that waits for an answer"),
            (self.returned, "the operation ends"),
            (self.violation, "it ends with an answer that ought not to be, or a checker objects"),
            (self.timer, "a timer ran out"),
            (self.crash, "a node stops"),
            (self.restart, "a node comes up again, or goes on"),
            (self.paused, "the lane of a node that stands still"),
            (self.down, "the lane of a node that does not run"),
            (self.wall, "a cut: nothing passes here"),
            (self.was, "what was there before the last step"),
            (self.mark, "an event that was marked"),
            (self.more, "there is more than fits"),
        ]
    }
}

/// The colours of the roles that things play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: &'static str,
    /// Text.
    pub text: Style,
    /// What is beside the point.
    pub faint: Style,
    /// Headings, and keys.
    pub strong: Style,
    /// Where the cursor is.
    pub cursor: Style,
    /// What led to the event at the cursor.
    pub past: Style,
    /// What it led to.
    pub future: Style,
    /// What is broken.
    pub fault: Style,
    /// What is whole again, and what is as it ought to be.
    pub well: Style,
    /// What changed.
    pub changed: Style,
}

const fn fg(colour: Color) -> Style {
    Style::new().fg(colour)
}

impl Theme {
    /// For dark terminals; of the colours of Okabe and Ito, which most who are colour-blind can tell apart.
    pub const DARK: Theme = Theme {
        name: "dark",
        text: Style::new(),
        faint: fg(Color::Indexed(245)),
        strong: Style::new().add_modifier(Modifier::BOLD),
        cursor: Style::new().add_modifier(Modifier::REVERSED),
        past: fg(Color::Indexed(74)),
        future: fg(Color::Indexed(214)),
        fault: fg(Color::Indexed(208)).add_modifier(Modifier::BOLD),
        well: fg(Color::Indexed(36)),
        changed: fg(Color::Indexed(227)),
    };
    /// For light terminals.
    pub const LIGHT: Theme = Theme {
        name: "light",
        text: Style::new(),
        faint: fg(Color::Indexed(243)),
        strong: Style::new().add_modifier(Modifier::BOLD),
        cursor: Style::new().add_modifier(Modifier::REVERSED),
        past: fg(Color::Indexed(25)),
        future: fg(Color::Indexed(130)),
        fault: fg(Color::Indexed(166)).add_modifier(Modifier::BOLD),
        well: fg(Color::Indexed(29)),
        changed: fg(Color::Indexed(90)),
    };
    /// Without colours.
    pub const PLAIN: Theme = Theme {
        name: "plain",
        text: Style::new(),
        faint: Style::new().add_modifier(Modifier::DIM),
        strong: Style::new().add_modifier(Modifier::BOLD),
        cursor: Style::new().add_modifier(Modifier::REVERSED),
        past: Style::new().add_modifier(Modifier::BOLD),
        future: Style::new().add_modifier(Modifier::UNDERLINED),
        fault: Style::new().add_modifier(Modifier::BOLD),
        well: Style::new(),
        changed: Style::new().add_modifier(Modifier::BOLD),
    };

    /// All of them.
    pub const ALL: [Theme; 3] = [Theme::DARK, Theme::LIGHT, Theme::PLAIN];
}
