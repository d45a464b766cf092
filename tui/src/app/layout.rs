//! Where what stands on a screen.

use ratatui::layout::Rect;

/// The smallest screen on which the debugger is of use.
pub const SMALLEST: (u16, u16) = (60, 16);

/// The rows above the diagram: the run, two for what is told, and a rule.
const HEAD: u16 = 4;
/// Those below it: a rule, the bar, and the hints.
const FOOT: u16 = 5;
/// With so many columns there are panes beside one diagram, and beside two.
const WITH_PANES: [u16; 2] = [76, 160];
/// With fewer columns than this there is no room for two diagrams beside each other.
pub const TOO_NARROW: u16 = 100;
/// A second and a third pane need so many rows.
const MORE_PANES: [u16; 2] = [24, 40];

/// What is to stand on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Two diagrams beside each other, if there is room.
    pub beside: bool,
    /// One pane in place of the diagram.
    pub wide: bool,
}

/// The parts of a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// All between the rules.
    pub body: Rect,
    /// The diagrams: none, one, or two beside each other.
    pub diagrams: Vec<Rect>,
    /// The panes, the chosen one first, one below the other; the row above each is its heading.
    pub panes: Vec<Rect>,
    /// The bar below the diagram.
    pub bar: Rect,
    /// The row of the hints.
    pub hints: u16,
}

impl Layout {
    /// The parts of a screen of this size; `None` if it is too small.
    #[must_use]
    pub fn of((width, height): (u16, u16), wish: Wish) -> Option<Layout> {
        if width < SMALLEST.0 || height < SMALLEST.1 {
            return None;
        }
        let body = Rect::new(0, HEAD, width, height - HEAD - FOOT);
        let bar = Rect::new(0, height - FOOT + 1, width, 3);
        let mut layout =
            Layout { body, diagrams: Vec::new(), panes: Vec::new(), bar, hints: height - 1 };
        if wish.wide {
            layout.panes.push(Rect { x: 1, width: width - 2, ..body });
            return Some(layout);
        }
        let two = wish.beside && width >= TOO_NARROW;
        let side = match width >= WITH_PANES[usize::from(two)] {
            true => (width * 3 / 10).clamp(24, 56),
            false => 0,
        };
        let split = width - side;
        if two {
            let half = split / 2;
            layout.diagrams.push(Rect { width: half - 1, ..body });
            layout.diagrams.push(Rect { x: half, width: split - half, ..body });
        } else {
            layout.diagrams.push(Rect { width: split, ..body });
        }
        if side > 0 {
            let many = 1 + MORE_PANES.iter().filter(|rows| body.height >= **rows).count() as u16;
            let (x, width) = (split + 1, side - 1);
            // The row between two panes is the heading of the lower one.
            let cut = |n: u16| body.y + n * (body.height + 1) / many;
            let pane = |n: u16| Rect::new(x, cut(n), width, cut(n + 1) - cut(n) - 1);
            layout.panes.extend((0..many).map(pane));
        }
        Some(layout)
    }
}
