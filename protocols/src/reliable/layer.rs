//! The transport as a layer.

use super::backoff::Backoff;
use super::budget::{Budget, Limit};
use super::connection::{Connection, Counts, Tools, acknowledgement, retransmission};
use super::receiver::Room;
use super::rtt::Bounds;
use super::segment::Trailer;
use super::{
    Config, GAP_ACKNOWLEDGED, INCARNATION_UNCHECKED, KARN_IGNORED, NO_SUPPRESSION, dissector,
    invariant,
};
use simlab_core::{
    Arguments, BuildError, Duration, Entry, Env, Event, FaultKind, Fields, Hops, Layer, Layered,
    NodeId, Parameter, ParameterKind, TimerKey,
};
use std::collections::BTreeMap;

/// The layer.
pub const RELIABLE: Entry =
    Entry::layer("reliable", "every message once and in order (reliable transport)", build)
        .parameters(PARAMETERS)
        .switches(&[NO_SUPPRESSION, GAP_ACKNOWLEDGED, INCARNATION_UNCHECKED, KARN_IGNORED])
        .invariants(&[invariant::RTT_SAMPLES])
        .shields(&[FaultKind::Loss, FaultKind::Duplicate, FaultKind::Reorder, FaultKind::Delay])
        .peel(dissector::peel);

const PARAMETERS: &[Parameter] = &[
    Parameter::with_default(
        "window",
        ParameterKind::Count { min: 1, max: 1_024 },
        "32",
        "how many messages may be under way to a peer; 1 is stop-and-wait",
    ),
    Parameter::with_default(
        "room",
        ParameterKind::Count { min: 1, max: 1_024 },
        "64",
        "how many messages a receiver takes from the next one on (flow control)",
    ),
    Parameter::with_default(
        "room_bytes",
        ParameterKind::Count { min: 0, max: 64 << 20 },
        "1048576",
        "how many bytes from a peer may wait for what is missing",
    ),
    Parameter::with_default(
        "backlog",
        ParameterKind::Count { min: 64, max: 64 << 20 },
        "1048576",
        "how many bytes to a peer may wait to be sent; beyond it messages are dropped",
    ),
    Parameter::with_default(
        "ack_delay",
        ParameterKind::Duration,
        "0s",
        "how long an acknowledgement waits for data to go with; 0s sends it at once",
    ),
    Parameter::with_default(
        "rto",
        ParameterKind::Duration,
        "1s",
        "the time-out before the first round trip is known (RFC 6298 (2.1))",
    ),
    Parameter::with_default(
        "rto_min",
        ParameterKind::Duration,
        "200ms",
        "the least time-out; RFC 6298 (2.4) says 1s, which is long for fast links",
    ),
    Parameter::with_default(
        "rto_max",
        ParameterKind::Duration,
        "60s",
        "the greatest time-out; over a round trip that is longer no connection is made",
    ),
    Parameter::with_default(
        "adaptive",
        ParameterKind::Flag,
        "true",
        "whether the time-out follows the round trip; if not it is always `rto`",
    ),
    Parameter::with_default(
        "backoff",
        ParameterKind::Choice(&Backoff::NAMES),
        "exponential",
        "how much longer to wait each time that nobody answers",
    ),
    Parameter::with_default(
        "repeat",
        ParameterKind::Choice(&["first", "all"]),
        "first",
        "what a time-out sends again: the first message under way, or all of them (go-back-N)",
    ),
    Parameter::with_default(
        "budget",
        ParameterKind::Flag,
        "false",
        "whether there is a retry budget",
    ),
    Parameter::with_default(
        "budget_share",
        ParameterKind::Probability,
        "10%",
        "how many retransmissions there may be for each message, if there is a budget",
    ),
    Parameter::with_default(
        "budget_floor",
        ParameterKind::Count { min: 0, max: 1_000_000 },
        "1",
        "how many retransmissions a second there may be in any case, if there is a budget",
    ),
];

fn build(arguments: &Arguments<'_>, layer: &Layered) -> Result<Box<dyn Layer>, BuildError> {
    let bounds = Bounds {
        initial: layer.duration("rto"),
        min: layer.duration("rto_min"),
        max: layer.duration("rto_max"),
    };
    let refuse = |parameter, message: &str| {
        Err(BuildError { parameter: Some(parameter), message: message.to_owned() })
    };
    if bounds.initial == Duration::ZERO {
        return refuse("rto", "`rto` of `reliable` must be longer than no time");
    }
    if bounds.max < bounds.min || bounds.max < bounds.initial {
        return refuse("rto_max", "`rto_max` of `reliable` is less than `rto` or `rto_min`");
    }
    let on = |switch: simlab_core::Switch| arguments.switched(switch.name);
    let limit =
        || Limit { share: layer.probability("budget_share"), floor: layer.count("budget_floor") };
    Ok(Box::new(Reliable::new(Config {
        window: layer.count("window"),
        room: Room {
            messages: layer.count("room") as u16,
            bytes: layer.count("room_bytes") as usize,
        },
        backlog: layer.count("backlog") as usize,
        ack_delay: layer.duration("ack_delay"),
        bounds,
        adaptive: layer.flag("adaptive"),
        repeat_all: layer.text("repeat") == "all",
        backoff: Backoff::named(layer.text("backoff")).unwrap_or(Backoff::Exponential),
        budget: layer.flag("budget").then(limit),
        duplicates_kept: on(NO_SUPPRESSION),
        gap_acknowledged: on(GAP_ACKNOWLEDGED),
        incarnation_unchecked: on(INCARNATION_UNCHECKED),
        karn_ignored: on(KARN_IGNORED),
    })))
}

/// A reliable transport to every peer.
#[derive(Clone, Debug, Hash)]
pub struct Reliable {
    config: Config,
    /// One budget for all: what they add up to is what others suffer from.
    budget: Budget,
    peers: BTreeMap<NodeId, Connection>,
    malformed: u64,
}

impl Reliable {
    /// A transport that is connected to nobody.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let budget = Budget::new(config.budget);
        Reliable { config, budget, peers: BTreeMap::new(), malformed: 0 }
    }

    /// The connection to a peer, and what it works with.
    fn with<T>(
        &mut self,
        peer: NodeId,
        hops: &mut Hops,
        env: &mut Env<'_>,
        body: impl FnOnce(&mut Connection, &mut Tools<'_, '_>) -> T,
    ) -> T {
        let Reliable { config, budget, peers, .. } = self;
        let connection = peers.entry(peer).or_insert_with(|| Connection::new(peer, config));
        body(connection, &mut Tools { config, budget, hops, env })
    }

    /// The connection to a peer that a timer is of, and whether it is that of retransmission.
    fn of_timer(&self, key: TimerKey) -> Option<(NodeId, bool)> {
        let peer = NodeId(u32::try_from(key >> 1).ok()?);
        self.peers.contains_key(&peer).then(|| (peer, key == retransmission(peer)))
    }
}

impl Layer for Reliable {
    fn down(
        &mut self,
        to: NodeId,
        frame: &mut Vec<u8>,
        hops: &mut Hops,
        env: &mut Env<'_>,
    ) -> bool {
        let message = std::mem::take(frame);
        self.with(to, hops, env, |connection, tools| connection.push(message, tools));
        false
    }

    fn up<'b>(
        &mut self,
        from: NodeId,
        frame: &'b [u8],
        hops: &mut Hops,
        env: &mut Env<'_>,
    ) -> Option<&'b [u8]> {
        let Ok((message, trailer)) = Trailer::split(frame) else {
            self.malformed += 1;
            env.note("reliable.malformed", from.0.into(), self.malformed);
            return None;
        };
        self.with(from, hops, env, |connection, tools| connection.arrive(message, &trailer, tools))
    }

    fn on_event(&mut self, event: Event<'_>, hops: &mut Hops, env: &mut Env<'_>) {
        let Event::Timer { key, .. } = event else { return };
        let Some((peer, again)) = self.of_timer(key) else { return };
        debug_assert!(again || key == acknowledgement(peer), "there are two timers");
        self.with(peer, hops, env, |connection, tools| match again {
            true => connection.time_out(tools),
            false => connection.pay(tools),
        });
    }

    fn inspect(&self, view: &mut Fields) {
        let mut sum = Counts::default();
        let mut waiting = [0; 3];
        for connection in self.peers.values() {
            let counts = &connection.counts;
            sum.sent += counts.sent;
            sum.again += counts.again;
            sum.acknowledgements += counts.acknowledgements;
            sum.duplicates += counts.duplicates;
            sum.refused += counts.refused;
            sum.abandoned += counts.abandoned;
            sum.dropped += counts.dropped;
            for (sum, n) in waiting.iter_mut().zip(connection.waiting()) {
                *sum += n;
            }
        }
        let [under_way, unsent, held] = waiting;
        view.int("sent", sum.sent as i64);
        view.int("sent_again", sum.again as i64);
        view.int("acknowledgements", sum.acknowledgements as i64);
        view.int("under_way", under_way as i64);
        view.int("unsent", unsent as i64);
        view.int("held", held as i64);
        view.int("duplicates", sum.duplicates as i64);
        view.int("refused", sum.refused as i64);
        view.int("abandoned", sum.abandoned as i64);
        view.int("dropped", sum.dropped as i64);
        view.int("malformed", self.malformed as i64);
        for (peer, connection) in self.peers.iter().take(SHOWN_MAX) {
            if let Some(mean) = connection.rtt().mean() {
                let rto = connection.rtt().rto();
                view.text(format!("round_trip_{peer}"), format_args!("{mean}, time-out {rto}"));
            }
        }
    }
}

/// Of how many peers the round trip is shown.
const SHOWN_MAX: usize = 8;
