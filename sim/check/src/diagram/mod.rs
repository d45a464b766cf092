//! A picture of a history: a lane for each session, a bar for each operation from its invocation to its
//! return, as Herlihy & Wing (1990) draw them.
//!
//! ```text
//!   select    which operations are worth drawing  ┐
//!   moments   where the linearization points lie  ├─▶ scene ─▶ layout ─▶ text, svg
//!   notation  what is written on a bar            ┘  (stops)   (panels)
//! ```
//!
//! What is marked is a *witness*, that is an order in which the operations can have taken effect, or the
//! *evidence* against a history, that is operations which cannot all be true. From left to right is the
//! order of events and not time, since in a real history most of the time nothing happens; times stand below.
//! What is too long for the width goes on in another panel below, as in a score. Nothing depends on
//! colour: evidence has heavier bars and a mark, each other kind of bar has a shape of its own.
//!
//! ```
//! use simlab_check::diagram::{Glyphs, Marks, Options, SVG_WIDTH, WIDTH, diagram};
//! use simlab_core::history::{History, Mark};
//! use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value};
//!
//! let x = |call| Operation { object: "x".into(), call };
//! let mark = |n: u64| Mark { seq: Seq(n.try_into().unwrap()), at: Time(n * 1_000_000) };
//! let [write, read] = [OpId::of(NodeId(0), 0), OpId::of(NodeId(1), 0)];
//! let mut history = History::new();
//! history.invoke(write, Session(0), x(Call::Write(Value::Int(1))), mark(1)).unwrap();
//! history.invoke(read, Session(0), x(Call::Read), mark(2)).unwrap();
//! history.complete(read, Outcome::Done(Value::Int(1)), mark(3)).unwrap();
//! history.complete(write, Outcome::Done(Value::Nil), mark(4)).unwrap();
//!
//! let order = [vec![write, read]];
//! let picture = diagram(&history, Marks::Witness(&order), &Options::default());
//! let text = picture.text(WIDTH, &Glyphs::UNICODE);
//! let expected = [
//!     "          w(1)",
//!     "client 0  ├─────●1─────────────────────────┤",
//!     "                      r→1",
//!     "client 1              ├─────●2───────┤",
//!     "seconds   ┬───────────┬──────────────┬──────",
//!     "          0.001       0.002          0.003",
//!     "",
//!     "●1 ●2 an order in which they can have taken effect",
//! ];
//! assert_eq!(text.lines().collect::<Vec<_>>(), expected);
//! assert!(picture.svg(SVG_WIDTH).starts_with("<svg "));
//! ```

mod layout;
mod legend;
mod moments;
mod notation;
mod scene;
mod select;
mod shapes;
mod stops;
mod svg;
mod text;
mod xml;

pub use text::Glyphs;

use simlab_core::history::History;
use simlab_core::{NodeId, OpId, Session};
use std::collections::BTreeMap;

/// How many columns a diagram as text has at most, if nobody says otherwise.
pub const WIDTH: usize = 100;

/// How many pixels a diagram as SVG is wide at most, if nobody says otherwise.
pub const SVG_WIDTH: usize = 1_000;

/// What is marked in a diagram. Operations that are not in the history are passed over.
#[derive(Clone, Copy, Debug)]
pub enum Marks<'a> {
    /// Nothing: the first operations are drawn as they are.
    Nothing,
    /// For each object (or for several at once), the order in which operations on it can have taken effect. Each gets a
    /// point within its bar, as early as the order allows; the points of all objects are
    /// numbered together.
    Witness(&'a [Vec<OpId>]),
    /// What is wrong with the history.
    Evidence {
        /// Operations that cannot all be true.
        operations: &'a [OpId],
        /// The operation whose return broke the model.
        broke: OpId,
        /// What is wrong, in one sentence.
        why: &'a str,
    },
}

impl<'a> From<&'a crate::Evidence> for Marks<'a> {
    fn from(evidence: &'a crate::Evidence) -> Self {
        let (operations, why) = (evidence.operations.as_slice(), evidence.why.as_str());
        Marks::Evidence { operations, broke: evidence.op, why }
    }
}

/// What stands below the bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ticks {
    /// The times of events, in seconds.
    #[default]
    Seconds,
    /// Their numbers in the trace or the file, for a history that knows no times.
    Records,
    /// The same where these are lines of a file.
    Lines,
}

/// What of a history is drawn, and how it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Names of lanes. A session that is not named is a "client" with the number of its node or its session,
    /// or with both where one of them would not tell all apart.
    pub names: BTreeMap<(NodeId, Session), String>,
    /// So many operations are drawn at most; 40 unless told. Of a history that has no more, all is drawn, or all
    /// up to the last piece of evidence.
    pub operations: usize,
    /// So many of them at most may be ones that are no evidence, but overlap it or stand between; 16 unless
    /// told. Without evidence it means nothing.
    pub context: usize,
    /// So many lanes are drawn at most; 24 unless told.
    pub lanes: usize,
    /// An operation that must be there. Without evidence those around it are drawn, and not the first ones.
    pub around: Option<OpId>,
    /// What stands below the bars.
    pub ticks: Ticks,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            names: BTreeMap::new(),
            operations: 40,
            context: 16,
            lanes: 24,
            around: None,
            ticks: Ticks::Seconds,
        }
    }
}

/// A diagram, to be drawn as text or as SVG.
#[derive(Clone, Debug)]
pub struct Diagram {
    scene: scene::Scene,
}

/// Chooses what of a history to draw, and puts it in order. The cost is that of sorting its events, whatever is drawn.
#[must_use]
pub fn diagram(history: &History, marks: Marks<'_>, options: &Options) -> Diagram {
    Diagram { scene: scene::scene(history, marks, options) }
}

impl Diagram {
    /// Lines of text, none of them wider than `width` columns (20 to 2,000) as Unicode counts
    /// them, without blanks at their ends.
    #[must_use]
    pub fn text(&self, width: usize, glyphs: &Glyphs) -> String {
        text::draw(&self.scene, width.clamp(20, 2_000), glyphs)
    }

    /// A file of its own in SVG 1.1, at most `width` pixels wide (240 to 16,000): no scripts, nothing
    /// from elsewhere, on a background of its own.
    #[must_use]
    pub fn svg(&self, width: usize) -> String {
        svg::draw(&self.scene, width.clamp(240, 16_000))
    }

    /// How many operations of the history are not drawn.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.scene.left_out
    }
}
