//! Names of notes, which live as long as the program.
//!
//! A process names its notes by words in its code, and so a record has them as `&'static str`. What a
//! file calls them is kept once for all files, and never more than a bounded number.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// How many different names of notes and findings one program may meet.
pub(super) const NAMES_MAX: usize = 4_096;
/// How long each of them may be, in bytes.
pub(super) const NAME_MAX: usize = 256;

static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The same name, for good.
///
/// # Errors
/// In words: if it is too long, or if there are too many.
pub(super) fn intern(name: &str) -> Result<&'static str, String> {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Ok(known);
    }
    if name.len() > NAME_MAX {
        return Err(format!("a name of at most {NAME_MAX} bytes"));
    }
    if names.len() >= NAMES_MAX {
        return Err(format!("one of at most {NAMES_MAX} different names of notes"));
    }
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(name);
    Ok(name)
}
