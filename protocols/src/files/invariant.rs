//! Whether what is taken for a file is the file.

use simlab_core::{Checker, Env, Interest, Invariant, Kind, TraceEvent, View, Violation};
use std::collections::{BTreeMap, BTreeSet};

/// What a transfer is for.
pub(super) const FILE_INTACT: Invariant = Invariant {
    name: "file_intact",
    summary: "what a sink takes for a file is what a source has sent under its number",
    build: || Box::new(FileIntact::default()),
};

/// `a`: the number of the file. `b`: the digest of what it says.
const SENT: &str = "file.sent";
/// The same.
const TAKEN: &str = "file.taken";

pub(super) fn note_sent(file: u32, digest: u64, env: &mut Env<'_>) {
    env.note(SENT, file.into(), digest);
}

pub(super) fn note_taken(file: u32, digest: u64, env: &mut Env<'_>) {
    env.note(TAKEN, file.into(), digest);
}

#[derive(Clone, Debug, Default)]
struct FileIntact {
    /// The digests of what was sent, by the number of the file: of one source they are always the same.
    sent: BTreeMap<u64, BTreeSet<u64>>,
}

impl Checker for FileIntact {
    fn name(&self) -> &'static str {
        FILE_INTACT.name
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let (Some(node), Kind::Noted { name, a: file, b: digest }) = (event.node, event.kind)
        else {
            return None;
        };
        match name {
            SENT => {
                self.sent.entry(file).or_default().insert(digest);
                None
            }
            TAKEN => {
                let who = view.name(node);
                let wrong = match self.sent.get(&file) {
                    Some(sent) if sent.contains(&digest) => return None,
                    Some(_) => "which is not what was sent",
                    None => "which nobody has sent",
                };
                Some(Violation { detail: format!("{who} takes file {file}, {wrong}") })
            }
            _ => None,
        }
    }
}
