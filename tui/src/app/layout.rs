//! Where what stands on a screen.

use ratatui::layout::Rect;

/// The smallest screen on which the debugger is of use.
pub const SMALLEST: (u16, u16) = (60, 16);

/// The rows above the diagram: the run, two for what is told, and a rule.
const HEAD: u16 = 4;
/// Those below it: a rule, the bar, and the hints.
const FOOT: u16 = 5;
/// With so many columns there is an inspector.
const WITH_INSPECTOR: u16 = 76;

/// The parts of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The diagram.
    pub diagram: Rect,
    /// The inspector, if there is room for one; a border stands left of it.
    pub inspector: Option<Rect>,
    /// The bar below the diagram.
    pub bar: Rect,
    /// The row of the hints.
    pub hints: u16,
}

impl Layout {
    /// The parts of a screen of this size; `None` if it is too small.
    #[must_use]
    pub fn of((width, height): (u16, u16)) -> Option<Layout> {
        if width < SMALLEST.0 || height < SMALLEST.1 {
            return None;
        }
        let rows = height - HEAD - FOOT;
        let side = if width >= WITH_INSPECTOR { (width * 3 / 10).clamp(24, 48) } else { 0 };
        let split = width - side;
        Some(Layout {
            diagram: Rect::new(0, HEAD, split, rows),
            inspector: (side > 0).then(|| Rect::new(split + 1, HEAD, side - 1, rows)),
            bar: Rect::new(0, height - FOOT + 1, width, 3),
            hints: height - 1,
        })
    }
}
