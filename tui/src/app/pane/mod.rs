//! What stands beside the diagram, as lines of words; how they look is up to the view.

mod datagram;
mod network;
mod node;
mod operations;
mod score;

pub use network::Flow;

use super::App;
use simlab_core::NodeId;

/// What is looked at beside the diagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// A node: its state, timers and disk.
    #[default]
    Node,
    /// The datagram at the cursor, field by field.
    Datagram,
    /// Nodes and links, and what is under way.
    Network,
    /// What clients asked, and what they were told.
    Operations,
    /// All variants at the same time.
    Score,
}

impl Pane {
    /// All of them, in the order of their keys.
    pub const ALL: [Pane; 5] =
        [Pane::Node, Pane::Datagram, Pane::Network, Pane::Operations, Pane::Score];

    /// What it is called.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Pane::Node => "1 node",
            Pane::Datagram => "2 datagram",
            Pane::Network => "3 network",
            Pane::Operations => "4 operations",
            Pane::Score => "5 score",
        }
    }

    /// What stands below it where there is room for more than one.
    #[must_use]
    pub const fn companions(self) -> [Pane; 2] {
        match self {
            Pane::Node => [Pane::Network, Pane::Score],
            Pane::Network => [Pane::Node, Pane::Score],
            Pane::Datagram | Pane::Operations => [Pane::Node, Pane::Network],
            Pane::Score => [Pane::Network, Pane::Node],
        }
    }
}

/// What a line is to the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Nothing special.
    #[default]
    Plain,
    /// A heading.
    Heading,
    /// Beside the point.
    Faint,
    /// It has just changed.
    Changed,
    /// Something is broken.
    Fault,
    /// All is well.
    Well,
}

/// Where a line leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// To a record.
    Record(u64),
    /// To a node.
    Node(NodeId),
    /// To a variant.
    Variant(usize),
}

/// A line of a pane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// How deep it is.
    pub indent: u16,
    /// What it says.
    pub text: String,
    /// What it said before the last step, if that was something else; nothing if others tell what.
    pub was: Option<String>,
    /// What it is.
    pub role: Role,
    /// Where it leads.
    pub goes: Option<Goal>,
}

impl Line {
    fn new(indent: u16, role: Role, text: impl Into<String>) -> Self {
        Line { indent, text: text.into(), was: None, role, goes: None }
    }

    fn heading(text: impl Into<String>) -> Self {
        Line::new(0, Role::Heading, text)
    }

    fn plain(text: impl Into<String>) -> Self {
        Line::new(1, Role::Plain, text)
    }

    const fn to(mut self, goal: Goal) -> Self {
        self.goes = Some(goal);
        self
    }
}

impl App<'_> {
    /// What a pane of so many columns and rows says.
    #[must_use]
    pub fn lines(&self, pane: Pane, width: u16, height: u16) -> Vec<Line> {
        match pane {
            Pane::Node => node::lines(self),
            Pane::Datagram => datagram::lines(self, width),
            Pane::Network => network::lines(self),
            Pane::Operations => operations::lines(self),
            Pane::Score => score::lines(self, width, height),
        }
    }
}

impl App<'_> {
    /// The line of a pane that is to be seen while the keys go elsewhere.
    #[must_use]
    pub fn anchor(&self, pane: Pane, lines: &[Line]) -> usize {
        match pane {
            Pane::Operations => self.latest_operation(),
            Pane::Node => node::anchor(self, lines),
            Pane::Datagram | Pane::Network | Pane::Score => 0,
        }
    }
}

/// A time in seconds, to a thousandth.
pub(crate) fn seconds(at: simlab_core::Time) -> String {
    let millis = at.nanos() / 1_000_000;
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

/// A length of time in milliseconds, to a thousandth, or in seconds.
fn took(long: simlab_core::Duration) -> String {
    let micros = long.nanos() / 1_000;
    if micros >= 10_000_000 {
        format!("{}.{:03} s", micros / 1_000_000, micros / 1_000 % 1_000)
    } else {
        format!("{}.{:03} ms", micros / 1_000, micros % 1_000)
    }
}
