//! Keys as the table of commands writes them.

use super::command::{COMMANDS, Command};
use crate::look::Glyphs;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key as it is shown: arrows need more than ASCII.
pub(super) fn shown(key: &str, glyphs: &Glyphs) -> String {
    if *glyphs != Glyphs::ASCII {
        return key.to_owned();
    }
    let arrows = [("→", "Right"), ("←", "Left"), ("↓", "Down"), ("↑", "Up")];
    arrows.iter().fold(key.to_owned(), |key, (arrow, name)| key.replace(arrow, name))
}

/// The command of a key.
#[must_use]
pub fn of_key(key: KeyEvent) -> Option<Command> {
    let name = key_name(key)?;
    COMMANDS.iter().find(|entry| entry.keys.contains(&name.as_str())).map(|entry| entry.command)
}

/// A key as the table writes it.
fn key_name(key: KeyEvent) -> Option<String> {
    let shift = key.modifiers.contains(KeyModifiers::SHIFT);
    let name = match key.code {
        KeyCode::Right => "→",
        KeyCode::Left => "←",
        KeyCode::Up => "↑",
        KeyCode::Down => "↓",
        KeyCode::PageDown => "PageDown",
        KeyCode::PageUp => "PageUp",
        KeyCode::Home => "Home",
        KeyCode::End => "End",
        KeyCode::Tab => "Tab",
        KeyCode::BackTab => return Some("Shift-Tab".to_owned()),
        KeyCode::Esc => "Esc",
        KeyCode::Char(' ') => "Space",
        KeyCode::Char(letter) if key.modifiers.contains(KeyModifiers::CONTROL) => {
            return Some(format!("Ctrl-{}", letter.to_ascii_lowercase()));
        }
        KeyCode::Char(letter) => return Some(letter.to_string()),
        _ => return None,
    };
    Some(if shift { format!("Shift-{name}") } else { name.to_owned() })
}
