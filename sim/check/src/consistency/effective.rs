//! What of a history has to be explained: the part that ends with a return, or that consists of some
//! operations while the others may do what they like.

use super::accesses::{Access, Accesses, Ended, Source};
use simlab_core::history::Mark;

/// A part of a history.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part<'a> {
    /// The last event of it. Operations that have not returned by then count as pending: they may
    /// have taken effect. `None`: all of it.
    pub(super) until: Option<Mark>,
    /// The operations that have to be explained, by their places in increasing order; every other
    /// may take effect at any time, or never, with any result. `None`: all of them.
    pub(super) members: Option<&'a [usize]>,
}

impl Part<'_> {
    /// Whether the operation at this place has to be explained.
    pub(super) fn has(&self, index: usize) -> bool {
        self.members.is_none_or(|members| members.binary_search(&index).is_ok())
    }

    /// Whether something that happened there is in the part.
    pub(super) fn reaches(&self, at: Mark) -> bool {
        self.until.is_none_or(|until| at <= until)
    }
}

/// Which write a read of an effective operation saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saw {
    Initial,
    Write(usize),
}

/// An operation that took effect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effect {
    /// Its place among the accesses.
    pub(super) access: usize,
    pub(super) object: usize,
    pub(super) writes: bool,
    pub(super) reads: Option<Saw>,
}

/// The operations that took effect: completed ones, and pending writes that somebody read. A pending
/// write that nobody read can always be left out, since no order becomes impossible by that.
#[derive(Clone, Debug)]
pub(super) struct Effective {
    pub(super) all: Vec<Effect>,
    /// The operations of each session in its order. What is not in the part has a session of its
    /// own, which promises nothing.
    pub(super) sessions: Vec<Vec<usize>>,
    pub(super) objects: usize,
    /// For each access that took effect though nobody was told so, the one that read it.
    reader_of: Vec<usize>,
}

/// A read that no order explains, since it saw what was never written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Impossible {
    /// The access that read it.
    pub(super) reader: usize,
    /// The access that would have written it, which was reported as not done; `None` if there is no
    /// such write at all.
    pub(super) refused: Option<usize>,
    /// If nobody was told how the reader ended: the accesses that show that it took effect, each by
    /// having read what the next one wrote; the last one read what the reader wrote.
    pub(super) shown_by: Vec<usize>,
}

impl Impossible {
    /// All accesses that play a part in it.
    pub(super) fn operations(mut self) -> Vec<usize> {
        let mut operations = std::mem::take(&mut self.shown_by);
        operations.push(self.reader);
        operations.extend(self.refused);
        operations.sort_unstable();
        operations.dedup();
        operations
    }
}

/// What an access is in a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It took effect, and where it did so is to be explained.
    Done,
    /// It may have taken effect.
    May,
    /// As `May`, in no order with anything.
    Free,
    /// It did not take effect, or it is of no account.
    Not,
    /// It did not take effect, and to have read it is impossible.
    Refused,
}

impl Effective {
    /// The operations of a part that took effect.
    pub(super) fn of(accesses: &Accesses<'_>, part: &Part<'_>) -> Result<Self, Impossible> {
        let all = &accesses.all;
        let mut roles: Vec<Role> =
            all.iter().enumerate().map(|(index, access)| role(index, access, part)).collect();
        let reader_of = settle(accesses, &mut roles)?;
        let taken = |role: Role| matches!(role, Role::Done | Role::Free);
        let mut place = vec![usize::MAX; all.len()];
        let mut effects = Vec::new();
        let mut sessions = vec![Vec::new(); accesses.sessions];
        for (index, access) in all.iter().enumerate().filter(|&(index, _)| taken(roles[index])) {
            place[index] = effects.len();
            if roles[index] == Role::Free {
                sessions.push(vec![effects.len()]);
            } else {
                sessions[access.session].push(effects.len());
            }
            let (object, writes) = (access.object, access.writes);
            effects.push(Effect { access: index, object, writes, reads: None });
        }
        for effect in &mut effects {
            effect.reads = match all[effect.access].reads {
                Some(Source::Write(write)) if roles[effect.access] == Role::Done => {
                    Some(Saw::Write(place[write]))
                }
                Some(Source::Initial) if roles[effect.access] == Role::Done => Some(Saw::Initial),
                _ => None,
            };
        }
        Ok(Effective { all: effects, sessions, objects: accesses.objects, reader_of })
    }

    /// These accesses, and those that show that they took effect.
    pub(super) fn with_those_who_show(&self, mut accesses: Vec<usize>) -> Vec<usize> {
        let mut at = 0;
        while let Some(&access) = accesses.get(at) {
            at += 1;
            let reader = self.reader_of[access];
            if reader != usize::MAX {
                accesses.push(reader);
            }
        }
        accesses.sort_unstable();
        accesses.dedup();
        accesses
    }
}

fn role(index: usize, access: &Access, part: &Part<'_>) -> Role {
    if !part.has(index) {
        return if access.writes { Role::Free } else { Role::Not };
    }
    match access.ended {
        Ended::Done(at) if part.reaches(at) => Role::Done,
        Ended::Refused(at) if part.reaches(at) => Role::Refused,
        _ if access.writes => Role::May,
        _ => Role::Not,
    }
}

/// Decides which of the pending operations took effect: those whose values were read. They are
/// `Done` then, and the free ones among them stay `Free`; what is left over is `Not`.
/// Says which access read each that was pending.
fn settle(accesses: &Accesses<'_>, roles: &mut [Role]) -> Result<Vec<usize>, Impossible> {
    let mut reader_of = vec![usize::MAX; roles.len()];
    let mut read = vec![false; roles.len()];
    let mut readers: Vec<usize> =
        (0..roles.len()).rev().filter(|&index| roles[index] == Role::Done).collect();
    while let Some(reader) = readers.pop() {
        let impossible = |refused: Option<usize>| {
            let mut shown_by = Vec::new();
            let mut at = reader_of[reader];
            while at != usize::MAX {
                shown_by.push(at);
                at = reader_of[at];
            }
            shown_by.reverse();
            Impossible { reader, refused, shown_by }
        };
        let write = match accesses.all[reader].reads {
            Some(Source::Write(write)) => write,
            Some(Source::Nobody) => return Err(impossible(None)),
            Some(Source::Initial) | None => continue,
        };
        read[write] = true;
        match roles[write] {
            Role::Refused => return Err(impossible(Some(write))),
            Role::May => {
                roles[write] = Role::Done;
                reader_of[write] = reader;
                readers.push(write);
            }
            Role::Done | Role::Free | Role::Not => {}
        }
    }
    for (role, read) in roles.iter_mut().zip(read) {
        if matches!(role, Role::May | Role::Refused) || (*role == Role::Free && !read) {
            *role = Role::Not;
        }
    }
    Ok(reader_of)
}
