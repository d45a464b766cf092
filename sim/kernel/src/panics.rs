//! Panics in a user's code: handlers, inspectors, build functions.
//!
//! They must not take the run down, nor print a back-trace into the report: a panic becomes a
//! finding. The panic hook is global to the program, so it is replaced once, by one
//! that keeps quiet (and takes down the message) only while this thread is inside a handler.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static IN_HANDLER: Cell<bool> = const { Cell::new(false) };
    static MESSAGE: RefCell<Option<Caught>> = const { RefCell::new(None) };
}

/// What is known of a panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// What it said.
    pub message: String,
    /// Where in the source it happened, `file:line`.
    pub place: String,
}

impl fmt::Display for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.place)
    }
}

static HOOK: Once = Once::new();

/// Replaces the hook, unless that was done already.
pub(crate) fn install() {
    HOOK.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| {
            if !IN_HANDLER.get() {
                return previous(info);
            }
            let message = info.payload_as_str().unwrap_or("a panic without a message").to_owned();
            let place = info.location().map(|l| format!("{}:{}", l.file(), l.line()));
            let place = place.unwrap_or_default();
            MESSAGE.with_borrow_mut(|m| *m = Some(Caught { message, place }));
        }));
    });
}

/// Runs a user's code. Whatever it touched may be half-changed if it panicked; the caller throws all
/// of it away.
///
/// # Errors
/// If it panicked.
pub fn guard<T>(code: impl FnOnce() -> T) -> Result<T, Caught> {
    install();
    run(code).map_err(Panicked::caught)
}

/// The same where the hook is known to be installed.
#[inline(always)]
pub(crate) fn run<T>(code: impl FnOnce() -> T) -> Result<T, Panicked> {
    let outer = IN_HANDLER.replace(true);
    let result = catch_unwind(AssertUnwindSafe(code));
    IN_HANDLER.set(outer);
    result.map_err(|_| Panicked(()))
}

/// Code has panicked; what is known of it is yet to be [asked](Panicked::caught). It takes no room, so
/// that a handler that does not panic costs no store for it.
#[derive(Debug)]
pub(crate) struct Panicked(());

impl Panicked {
    /// What the hook was told.
    #[cold]
    pub(crate) fn caught(self) -> Caught {
        MESSAGE.with_borrow_mut(Option::take).unwrap_or_else(|| Caught {
            message: "a panic that the hook did not see".to_owned(),
            place: String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_message() {
        let caught = guard(|| panic!("term went back from {} to {}", 5, 4)).expect_err("panics");
        assert_eq!(caught.message, "term went back from 5 to 4");
        assert!(caught.place.contains("panics.rs:"));
        assert!(guard(|| ()).is_ok());
    }
}
