//! Messages that no node of Raft sends: what comes of another protocol's bytes, or of a mistake in it.

use super::cluster::Flight;
use super::command::number;
use simlab_core::NodeId;
use simlab_core::wire::Encode;
use simlab_protocols::raft::log::Position;
use simlab_protocols::raft::message::{Appended, Body, Message};
use simlab_protocols::raft::service::RAFT;
use std::borrow::Cow;

/// What a lie says, in a term, as a message.
pub(super) fn flight(
    (from, to): (NodeId, NodeId),
    term: u64,
    lie: &[&str],
) -> Result<Flight, String> {
    let body = match lie {
        ["matches", index] => Body::Appended { round: 0, log: Appended::Matches(number(index)?) },
        ["installing", index, part, offset] => {
            let (index, part, offset) = (number(index)?, number(part)?, number(offset)?);
            Body::Installing { round: 0, index, part, offset }
        }
        ["heartbeat", index, prev_term, commit] => Body::Append {
            prev: Position { index: number(index)?, term: number(prev_term)? },
            commit: number(commit)?,
            round: 1,
            entries: Cow::Borrowed(&[]),
        },
        ["stand"] => Body::TimeoutNow,
        _ => return Err(format!("no such lie: {}", lie.join(" "))),
    };
    let mut bytes = Message { term, body }.to_bytes();
    bytes.push(RAFT.0.get());
    Ok(Flight { number: 0, from, to, bytes, held: false })
}
