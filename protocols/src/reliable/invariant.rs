//! What must hold of every round trip that is taken for one.

use simlab_core::{
    Checker, Duration, Env, Interest, Invariant, Kind, NodeId, Seq, Time, TraceEvent, View,
    Violation,
};
use std::collections::{BTreeMap, BTreeSet};

/// A sample is the time from a transmission to the acknowledgement of that transmission.
pub(super) const RTT_SAMPLES: Invariant = Invariant {
    name: "rtt_samples",
    summary: "a round trip is that of the transmission that was acknowledged",
    build: || Box::new(RttSamples::default()),
};

/// A round trip was taken. `a`: the peer. `b`: how long it was, in nanoseconds.
const SAMPLE: &str = "reliable.sample";
/// An acknowledgement leaves later than what it acknowledges has come. `a`: the peer. `b`: the message.
const WAITED: &str = "reliable.ack-waited";

pub(super) fn note_sample(peer: NodeId, sample: Duration, env: &mut Env<'_>) {
    env.note(SAMPLE, peer.0.into(), sample.nanos());
}

pub(super) fn note_waited(peer: NodeId, seq: u64, env: &mut Env<'_>) {
    env.note(WAITED, peer.0.into(), seq);
}

/// Follows the trace from an acknowledgement back to what it acknowledges: the acknowledgement's send was
/// caused by a delivery, and that one is of a transmission. An acknowledgement that waited, for a timer or for
/// a message to go with, has another cause, and says nothing here.
#[derive(Clone, Debug, Default)]
struct RttSamples {
    /// When and by whom a datagram was sent, and which delivery made its sender send it.
    sent: BTreeMap<Seq, (Time, Option<NodeId>, Option<Seq>)>,
    /// Which datagram a delivery is of.
    delivered: BTreeMap<Seq, Seq>,
    /// What made acknowledgements leave that had waited.
    waited: BTreeSet<Seq>,
}

/// So much is remembered; what is older is not judged.
const REMEMBERED_MAX: usize = 1 << 14;

impl RttSamples {
    /// When the datagram of `sender` was sent that the one that was delivered to it by `cause`
    /// acknowledges. `None` if it is not known what made the acknowledgement leave.
    fn transmission(&self, sender: NodeId, cause: Seq) -> Option<Time> {
        let acknowledgement = self.delivered.get(&cause)?;
        let (_, _, delivery) = self.sent.get(acknowledgement)?;
        let delivery = delivery.filter(|delivery| !self.waited.contains(delivery))?;
        let (at, from, _) = self.sent.get(self.delivered.get(&delivery)?)?;
        (*from == Some(sender)).then_some(*at)
    }
}

impl Checker for RttSamples {
    fn name(&self) -> &'static str {
        RTT_SAMPLES.name
    }

    fn interest(&self) -> Interest {
        Interest::DATAGRAMS.and(Interest::NOTES)
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        match event.kind {
            Kind::Sent { .. } => {
                self.sent.insert(event.seq, (event.at, event.node, event.cause));
                if self.sent.len() > REMEMBERED_MAX {
                    self.sent.pop_first();
                }
            }
            Kind::Delivered { datagram, .. } => {
                self.delivered.insert(event.seq, datagram);
                if self.delivered.len() > REMEMBERED_MAX {
                    self.delivered.pop_first();
                }
            }
            // What a damaged acknowledgement says that nobody found is not the transport's fault.
            Kind::Corrupted { datagram, .. } => {
                self.sent.remove(&datagram);
            }
            Kind::Noted { name: WAITED, .. } => {
                self.waited.extend(event.cause);
                if self.waited.len() > REMEMBERED_MAX {
                    self.waited.pop_first();
                }
            }
            Kind::Noted { name: SAMPLE, a: peer, b: sample } => {
                let who = event.node?;
                let truth = event.at.since(self.transmission(who, event.cause?)?).nanos();
                // Clocks may run fast or slow, by less than that.
                if sample.abs_diff(truth) > truth / 8 {
                    let name = |node: NodeId| view.name(node).to_owned();
                    let who = name(who);
                    let peer =
                        u32::try_from(peer).map_or_else(|_| String::new(), |n| name(NodeId(n)));
                    let ms =
                        |nanos: u64| format!("{}.{:03}", nanos / 1_000_000, nanos / 1_000 % 1_000);
                    let (sample, truth) = (ms(sample), ms(truth));
                    let detail = format!(
                        "{who} takes {sample} ms for the round trip to {peer}, and it was {truth} ms"
                    );
                    return Some(Violation { detail });
                }
            }
            _ => {}
        }
        None
    }
}
