//! Fragments as a layer.

use super::frame::{self, COUNT_MAX, Fragment, Frame, HEADER, WHOLE_HEADER};
use super::reassembly::{Limits, Outcome, Reassembly};
use super::{Config, WITHOUT_TIMEOUT, dissector, invariant};
use simlab_core::{
    Arguments, BuildError, Duration, Entry, Env, Event, Fields, Hops, Layer, Layered, NodeId,
    Parameter, ParameterKind, Time,
};
use std::collections::BTreeMap;

/// The layer.
pub const FRAGMENTS: Entry =
    Entry::layer("fragments", "cuts what is too long for a link into fragments", build)
        .parameters(PARAMETERS)
        .switches(&[WITHOUT_TIMEOUT])
        .invariants(&[invariant::NO_STALE_PARTIAL])
        .peel(dissector::peel);

/// The least `mtu`: a fragment of seven bytes.
const MTU_MIN: usize = 24;

const PARAMETERS: &[Parameter] = &[
    Parameter::with_default(
        "mtu",
        ParameterKind::Count { min: MTU_MIN as u64, max: 65_507 },
        // An Ethernet frame without the headers of IPv4 and UDP.
        "1472",
        "how many bytes a fragment has at most; less than the link's MTU by what lower layers add",
    ),
    Parameter::with_default(
        "timeout",
        ParameterKind::Duration,
        "60s",
        "how long a partial message is kept (RFC 1122, 3.3.2: 60s to 120s)",
    ),
    Parameter::with_default(
        "message",
        ParameterKind::Count { min: 1, max: 16 << 20 },
        "65536",
        "how many bytes a message may have, on its way out and in",
    ),
    Parameter::with_default(
        "memory",
        ParameterKind::Count { min: 1_024, max: 256 << 20 },
        "1048576",
        "how many bytes the partial messages of a peer may take, each fragment with 64 for its place",
    ),
    Parameter::with_default(
        "partials",
        ParameterKind::Count { min: 1, max: 1_024 },
        "64",
        "how many partial messages of a peer are kept",
    ),
];

fn build(arguments: &Arguments<'_>, layer: &Layered) -> Result<Box<dyn Layer>, BuildError> {
    let refuse =
        |parameter, message: String| Err(BuildError { parameter: Some(parameter), message });
    let config = Config {
        mtu: layer.count("mtu") as usize,
        timeout: layer.duration("timeout"),
        limits: Limits {
            message: layer.count("message") as usize,
            memory: layer.count("memory") as usize,
            partials: layer.count("partials") as usize,
        },
        never_times_out: arguments.switched(WITHOUT_TIMEOUT.name),
    };
    let Config { mtu, limits, timeout, .. } = config;
    if timeout == Duration::ZERO {
        return refuse("timeout", "`timeout` of `fragments` must be longer than no time".into());
    }
    let (size, message) = (mtu - HEADER, limits.message);
    if message > size * COUNT_MAX {
        let message = format!(
            "a message of {message} bytes is more than {COUNT_MAX} fragments of {size} bytes"
        );
        return refuse("message", message);
    }
    let (needed, memory) = (limits.longest(size), limits.memory);
    if memory < needed {
        let message = format!(
            "`memory` of `fragments` is {memory} bytes, and a message of {message} in fragments of \
             {size} takes {needed}"
        );
        return refuse("memory", message);
    }
    Ok(Box::new(Fragments::new(config)))
}

/// Cuts messages for every peer, and puts theirs together.
#[derive(Clone, Debug, Hash)]
pub struct Fragments {
    config: Config,
    /// The number of the next message that is cut.
    next: u32,
    peers: BTreeMap<NodeId, Reassembly>,
    /// When the oldest partial message is too old, or one that is over by now would have been.
    due: Option<Time>,
    counts: Counts,
}

/// What was done, for people.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Counts {
    sent: u64,
    fragments: u64,
    too_long: u64,
    passed: u64,
    duplicates: u64,
    late: u64,
    timed_out: u64,
    evicted: u64,
    refused: u64,
    malformed: u64,
}

impl Fragments {
    /// A layer that has heard nothing yet.
    ///
    /// # Panics
    /// If a frame is to be too short for a fragment, or a message may be too long for [`COUNT_MAX`] of them.
    #[must_use]
    pub fn new(config: Config) -> Self {
        assert!(config.mtu > HEADER, "a frame has room for a fragment");
        let most = (config.mtu - HEADER).saturating_mul(COUNT_MAX);
        assert!(config.limits.message <= most, "a message has at most {COUNT_MAX} fragments");
        Fragments { config, next: 0, peers: BTreeMap::new(), due: None, counts: Counts::default() }
    }

    /// Takes a fragment in; the message if it is complete.
    fn arrive(
        &mut self,
        from: NodeId,
        fragment: &Fragment<'_>,
        env: &mut Env<'_>,
    ) -> Option<Vec<u8>> {
        let now = env.now();
        if self.due.is_some_and(|due| due <= now) {
            // The timer was due while the node could not handle it.
            self.expire(env);
        }
        let Fragments { config, peers, counts, .. } = self;
        let peer = peers.entry(from).or_insert_with(|| Reassembly::new(config.limits));
        let arrived = peer.arrive(fragment, now);
        let mut evicted_itself = false;
        for over in arrived.evicted {
            counts.evicted += 1;
            evicted_itself |= over.message == fragment.message;
            invariant::note_over("fragments.evicted", from, over, env);
        }
        if let Some(number) = arrived.begun {
            invariant::note_begun(from, number, env);
        }
        match arrived.outcome {
            Outcome::Kept => {}
            Outcome::Complete(message, over) => {
                counts.passed += 1;
                invariant::note_over("fragments.passed", from, over, env);
                return Some(message);
            }
            Outcome::Again => counts.duplicates += 1,
            Outcome::Late => counts.late += 1,
            Outcome::Unfit => {
                counts.refused += 1;
                env.note("fragments.unfit", from.0.into(), fragment.total.into());
            }
            Outcome::Contradiction(over) => {
                counts.refused += 1;
                invariant::note_over("fragments.refused", from, over, env);
            }
            Outcome::NoRoom => {
                counts.refused += u64::from(!evicted_itself);
                env.note("fragments.no-room", from.0.into(), fragment.message);
            }
        }
        if arrived.begun.is_some() && self.due.is_none() && !config.never_times_out {
            self.due = Some(now + config.timeout);
            env.set_timer(0, config.timeout);
        }
        None
    }

    /// Drops what is too old, and sets the timer for what will be.
    fn expire(&mut self, env: &mut Env<'_>) {
        let (now, timeout) = (env.now(), self.config.timeout);
        for (peer, reassembly) in &mut self.peers {
            for over in reassembly.expire(now, timeout) {
                self.counts.timed_out += 1;
                invariant::note_over("fragments.timed-out", *peer, over, env);
            }
        }
        let oldest = self.peers.values().filter_map(Reassembly::oldest).min();
        self.due = oldest.map(|begun| begun + timeout);
        match self.due {
            Some(due) => env.set_timer(0, due.since(now)),
            None => env.cancel_timer(0),
        }
    }
}

impl Layer for Fragments {
    fn down(
        &mut self,
        to: NodeId,
        frame: &mut Vec<u8>,
        hops: &mut Hops,
        env: &mut Env<'_>,
    ) -> bool {
        let Config { mtu, limits, .. } = self.config;
        if frame.len() > limits.message {
            self.counts.too_long += 1;
            env.note("fragments.too-long", to.0.into(), frame.len() as u64);
            return false;
        }
        self.counts.sent += 1;
        if frame.len() + WHOLE_HEADER <= mtu {
            frame::seal_whole(frame);
            return true;
        }
        let message = u64::from(env.life()) << 32 | u64::from(self.next);
        self.next = self.next.wrapping_add(1);
        let first = {
            let mut fragments = frame::cut(message, frame, mtu - HEADER);
            let first = fragments.next().map(|first| Fragment { bytes: &[], ..first });
            for fragment in fragments {
                self.counts.fragments += 1;
                let mut part = Vec::with_capacity(mtu);
                part.extend_from_slice(fragment.bytes);
                fragment.seal(&mut part);
                hops.down(to, part);
            }
            first
        };
        // The first one goes in the frame that is at hand.
        let Some(first) = first else { return false };
        self.counts.fragments += 1;
        frame.truncate(mtu - HEADER);
        first.seal(frame);
        true
    }

    fn up<'b>(
        &mut self,
        from: NodeId,
        frame: &'b [u8],
        hops: &mut Hops,
        env: &mut Env<'_>,
    ) -> Option<&'b [u8]> {
        match Frame::read(frame) {
            Ok(Frame::Whole(message)) => {
                self.counts.passed += 1;
                Some(message)
            }
            Ok(Frame::Fragment(fragment)) => {
                if let Some(message) = self.arrive(from, &fragment, env) {
                    hops.up(from, message);
                }
                None
            }
            Err(_) => {
                self.counts.malformed += 1;
                env.note("fragments.malformed", from.0.into(), self.counts.malformed);
                None
            }
        }
    }

    fn on_event(&mut self, event: Event<'_>, _: &mut Hops, env: &mut Env<'_>) {
        match event {
            Event::Start => invariant::note_started(self.config.timeout, env),
            Event::Timer { .. } => self.expire(env),
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        let partial: usize = self.peers.values().map(Reassembly::partials).sum();
        let bytes: usize = self.peers.values().map(Reassembly::bytes).sum();
        let Counts { sent, fragments, too_long, passed, duplicates, .. } = self.counts;
        let Counts { late, timed_out, evicted, refused, malformed, .. } = self.counts;
        for (name, value) in [
            ("sent", sent),
            ("fragments", fragments),
            ("too_long", too_long),
            ("passed", passed),
            ("duplicates", duplicates),
            ("late", late),
            ("timed_out", timed_out),
            ("evicted", evicted),
            ("refused", refused),
            ("malformed", malformed),
            ("partial", partial as u64),
            ("partial_bytes", bytes as u64),
        ] {
            view.int(name, value as i64);
        }
    }
}

#[cfg(test)]
mod tests;
