//! What became, in a trace, of something that two traces have in common.

use super::reader::Reader;
use super::record::{self, Record};
use crate::Diagnostics;
use simlab_core::{Kind, Seq, Time, TraceEvent};
use simlab_sim::Names;
use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::Path;

/// More events that came of one cause are not followed.
const FOLLOWED_MAX: usize = 1 << 20;
/// More events of one datagram are not kept; there are no more than a few.
const FATES_MAX: usize = 16;

/// What a trace says, after the events that it shares with another, of an event that comes next in
/// one of the two.
#[derive(Clone, Debug, Default)]
pub struct Following {
    /// If the event is about a datagram: all that became of this datagram.
    pub fates: Vec<Record>,
    /// If it is about none: the first equal event that came of the same cause, directly or not.
    pub equal: Option<Record>,
    /// The first event of the same kind at the same node that came of it and is not equal.
    pub other: Option<Record>,
    /// Whether everything that came of the cause was looked at.
    pub whole: bool,
}

/// Looks in the trace at `path` for what became of each event in `of`, after the first `common`
/// events, which the trace must share with the one that the event is from, whose names come along.
///
/// # Errors
/// If the file cannot be read, or is damaged.
pub fn follow(
    path: &Path,
    common: u64,
    of: &[(TraceEvent<'_>, &Names)],
) -> Result<Vec<Following>, Diagnostics> {
    let mut reader = Reader::open(path)?;
    let wanted: Vec<_> = of.iter().map(|(event, names)| (event, matter(event, names))).collect();
    let mut found = vec![Following { whole: true, ..Following::default() }; of.len()];
    let mut came: Vec<BTreeSet<Seq>> = vec![BTreeSet::new(); of.len()];
    while reader.advance()? {
        let Some(event) = reader.event() else { break };
        for (((wanted, said), found), came) in wanted.iter().zip(&mut found).zip(&mut came) {
            let late = event.seq.get() > common;
            if let Some(sent) = datagram(wanted) {
                if late && datagram(&event) == Some(sent) && found.fates.len() < FATES_MAX {
                    found.fates.push(Record::new(&event));
                }
                continue;
            }
            let comes = match (wanted.cause, event.cause) {
                (Some(wanted), Some(cause)) => cause == wanted || came.contains(&cause),
                (None, None) => true,
                _ => false,
            };
            if !comes {
                continue;
            }
            if wanted.cause.is_some() {
                if came.len() < FOLLOWED_MAX {
                    came.insert(event.seq);
                } else {
                    found.whole = false;
                }
            }
            if late && alike(&event, wanted) {
                let equal = matter(&event, reader.names()) == *said;
                let place = if equal { &mut found.equal } else { &mut found.other };
                place.get_or_insert_with(|| Record::new(&event));
            }
        }
    }
    Ok(found)
}

/// The datagram that an event is about, by the number of the event that sent it.
#[must_use]
pub fn datagram(event: &TraceEvent<'_>) -> Option<Seq> {
    match event.kind {
        Kind::Delivered { datagram, .. }
        | Kind::Dropped { datagram, .. }
        | Kind::Corrupted { datagram, .. }
        | Kind::Duplicated { datagram, .. }
        | Kind::Replayed { datagram, .. } => Some(datagram),
        _ => None,
    }
}

/// Whether two events are of one kind and at one node.
#[must_use]
pub fn alike(one: &TraceEvent<'_>, other: &TraceEvent<'_>) -> bool {
    one.kind.code() == other.kind.code() && one.node == other.node
}

/// What an event says, whenever it says so: its line without time, number and cause. The number of a
/// datagram on its link says nothing of its own.
fn matter(event: &TraceEvent<'_>, names: &Names) -> String {
    let start = Seq(NonZeroU64::MIN);
    let kind = match event.kind {
        Kind::Sent { to, len, .. } => Kind::Sent { to, len, number: 0 },
        kind => kind,
    };
    let timeless = TraceEvent { seq: start, at: Time::ZERO, cause: None, kind, ..*event };
    let mut text = String::new();
    record::write(&timeless, names, &mut text);
    text
}
