//! Drawing runs for terminals: the space-time picture of a report, and the debugger.
//!
//! ```text
//!   film/      a run that can be wound to and fro
//!   app/       what is looked at, and how commands change that
//!   view/      the screen, drawn from that
//!   terminal   keys in, screen out
//! ```

pub mod app;
pub mod film;
pub mod glossary;
pub mod look;
mod picture;
pub mod terminal;
pub mod view;

pub use picture::{Glyphs, draw, lines};
