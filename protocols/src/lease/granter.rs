//! `lease-granter`: gives the one lease to whoever asks while nobody has it.

use super::message::{self, Message};
use super::{FAULTS, invariant};
use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Duration, Entry, Env, Event, Fields, Inspection, NodeId, Parameter,
    ParameterKind, Process, Time,
};

/// The granter.
pub const GRANTER: Entry =
    Entry::server("lease-granter", "grants one lease at a time to the holders that ask", build)
        .parameters(&[Parameter {
            name: "term",
            kind: ParameterKind::Duration,
            default: Some("2s"),
            help: "how long a lease lasts",
        }])
        .dissector(message::dissect)
        .inspector(inspect)
        .invariants(invariant::INVARIANTS)
        .faults(&FAULTS);

/// Whom it has granted the lease.
fn inspect(state: &Fields) -> Inspection {
    let holder = state.get(&["holder"]).map(|holder| format!("granted to {holder}"));
    Inspection { headline: holder, lines: Vec::new() }
}

/// A lease as its granter knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lease {
    holder: NodeId,
    number: u64,
    /// When it is over, by the granter's clock.
    over: Time,
}

#[derive(Clone, Debug, Hash)]
struct Granter {
    term: Duration,
    /// Nothing is granted before this: leases of an earlier life may still hold.
    open: Time,
    lease: Option<Lease>,
    /// How many leases this life has granted, renewals not counted.
    granted: u64,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let term = arguments.duration("term");
    if term == Duration::ZERO {
        let message = "a lease lasts longer than no time".to_owned();
        return Err(BuildError { parameter: Some("term"), message });
    }
    Ok(Box::new(Granter { term, open: Time::ZERO, lease: None, granted: 0 }))
}

impl Process for Granter {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start if env.life() > 0 => self.open = env.now() + self.term,
            Event::Datagram { from, bytes } => match Message::from_bytes(bytes) {
                Ok(Message::Request { id }) => self.on_request(from, id, env),
                Ok(Message::Granted { .. } | Message::Refused { .. }) | Err(_) => {
                    env.note("bad datagram", from.0.into(), bytes.len() as u64);
                }
            },
            Event::Command { bytes } => env.note("bad command", 0, bytes.len() as u64),
            Event::Start | Event::Timer { .. } | Event::Synced { .. } => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("granted", i64::try_from(self.granted).unwrap_or(i64::MAX));
        if let Some(lease) = &self.lease {
            view.text("holder", lease.holder);
            view.int("lease", i64::try_from(lease.number).unwrap_or(i64::MAX));
            view.text("until", lease.over);
        }
    }
}

impl Granter {
    fn on_request(&mut self, from: NodeId, id: u64, env: &mut Env<'_>) {
        let now = env.now();
        let current = self.lease.filter(|lease| now < lease.over);
        let number = match current {
            Some(lease) if lease.holder == from => lease.number,
            None if now >= self.open => {
                // Numbers of a later life are higher than all of an earlier one.
                self.granted += 1;
                u64::from(env.life()) << 32 | self.granted
            }
            _ => return env.send(from, &Message::Refused { id }),
        };
        self.lease = Some(Lease { holder: from, number, over: now + self.term });
        env.send(from, &Message::Granted { id, lease: number, term: self.term });
    }
}
