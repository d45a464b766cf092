//! Drawing runs for terminals.
//!
//! Today it draws one thing: the space-time picture of a report, on a ratatui buffer that the command
//! line prints as text. The time-travelling debugger grows around the same drawing.

mod spacetime;

pub use spacetime::{Glyphs, draw, lines};
