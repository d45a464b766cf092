//! Which changes this replica has taken on, so that none is taken on twice.
//!
//! The network may keep a second copy of a request and deliver it late: when the first was refused,
//! or found the shop sold out, or is half done; and the replica may have crashed and forgotten in
//! between. A 'no' must stay a no, and 'no accept was ever sent for it' must be true of all lives of
//! this replica. Therefore the number of a change is on the disk before any accept is sent for it,
//! and before it is answered; a second copy is ignored.
//!
//! This costs a sync, but no time: it runs beside the prepare phase. A round begins after its change
//! was recorded, and sends no accept before the own acceptor's promise is durable; syncs come back
//! in order, so the record is then durable too.

use super::numbers::{Full, Numbers};
use crate::rpc::server::monitor::JobId;
use simlab_core::wire::Decode;
use simlab_core::{Env, Event, Gate, NodeId, Outcome, Ticket};
use std::collections::BTreeMap;

/// The files: one for each client.
const FILES: &str = "client-";

/// An answer and which request it is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Answer {
    pub(super) job: JobId,
    pub(super) outcome: Outcome,
}

/// The changes taken on, by client, and the answers that wait for their record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Requests {
    taken: BTreeMap<NodeId, Numbers>,
    gate: Gate<Answer>,
    /// The newest sync that was asked for.
    asked: Ticket,
    /// The newest sync that is done.
    synced: Ticket,
}

impl Requests {
    pub(super) const fn new() -> Self {
        let taken = BTreeMap::new();
        Requests { taken, gate: Gate::new(), asked: Ticket(0), synced: Ticket(0) }
    }

    /// Records a change; `None` if it is a second copy, or one that its client has given up.
    ///
    /// # Errors
    /// If there is no room to remember it; then nothing may be done for it.
    pub(super) fn take(
        &mut self,
        client: NodeId,
        id: u64,
        settled: u64,
        env: &mut Env<'_>,
    ) -> Result<Option<Ticket>, Full> {
        let numbers = self.taken.entry(client).or_default();
        if numbers.contains(id) {
            return Ok(None);
        }
        numbers.settle(settled.min(id));
        numbers.insert(id)?;
        env.replace(&format!("{FILES}{}", client.0), numbers);
        self.asked = env.sync();
        Ok(Some(self.asked))
    }

    /// Returns the answer to a change if its record is durable, else holds it until then.
    pub(super) fn when_durable(&mut self, recorded: Ticket, answer: Answer) -> Option<Answer> {
        if recorded <= self.synced {
            return Some(answer);
        }
        self.gate.hold(self.asked, answer);
        None
    }

    /// Returns the answers that may be sent.
    pub(super) fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Vec<Answer> {
        match event {
            Event::Start => {
                if self.read_back(env).is_none() {
                    env.note("disk unreadable", 0, 0);
                    env.halt();
                }
                Vec::new()
            }
            Event::Synced { ticket, result: Ok(()), .. } => {
                self.synced = ticket;
                std::iter::from_fn(|| self.gate.open(ticket)).collect()
            }
            Event::Synced { ticket, result: Err(_), .. } => {
                env.note("sync failed", ticket.0, 0);
                env.halt();
                Vec::new()
            }
            Event::Datagram { .. } | Event::Timer { .. } | Event::Command { .. } => Vec::new(),
        }
    }

    fn read_back(&mut self, env: &Env<'_>) -> Option<()> {
        for file in env.list(FILES) {
            let client = NodeId(file[FILES.len()..].parse().ok()?);
            if let Some(bytes) = env.read(&file).ok()? {
                self.taken.insert(client, Numbers::from_bytes(bytes).ok()?);
            }
        }
        Some(())
    }

    /// How many answers wait for a sync.
    pub(super) fn unsynced(&self) -> usize {
        self.gate.len()
    }
}
