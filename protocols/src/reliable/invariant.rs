//! What must hold of every round trip that is taken for one.

use simlab_core::{
    Checker, Interest, Invariant, Kind, NodeId, Seq, Time, TraceEvent, View, Violation,
};
use std::collections::BTreeMap;

/// A sample is the time from a transmission to the acknowledgement of that transmission.
pub(super) const RTT_SAMPLES: Invariant = Invariant {
    name: "rtt_samples",
    summary: "a round trip is that of the transmission that was acknowledged",
    build: || Box::new(RttSamples::default()),
};

/// Follows the trace from an acknowledgement back to what it acknowledges: the acknowledgement's send was
/// caused by a delivery, and that one is of a transmission. An acknowledgement that waited for a timer
/// has another cause, and says nothing here. One that goes with a message may have been caused by a delivery
/// that it does not tell of, as the answer to a hello: then some other delivery before it has to explain the
/// sample.
#[derive(Clone, Debug, Default)]
struct RttSamples {
    /// When and by whom a datagram was sent, and which delivery made its sender send it.
    sent: BTreeMap<Seq, (Time, Option<NodeId>, Option<Seq>)>,
    /// Which datagram a delivery is of, and to whom.
    delivered: BTreeMap<Seq, (Seq, Option<NodeId>)>,
}

/// So much is remembered; what is older is not judged.
const REMEMBERED_MAX: usize = 1 << 14;

impl RttSamples {
    /// When the datagrams of `sender` were sent that the one that was delivered to it by `cause` may
    /// acknowledge, the likeliest first. None are if it is not known what made the acknowledgement leave.
    fn transmissions(&self, sender: NodeId, cause: Seq) -> impl Iterator<Item = Time> {
        let by_sender = move |datagram: Seq| {
            let (at, from, _) = self.sent.get(&datagram)?;
            (*from == Some(sender)).then_some(*at)
        };
        let acknowledgement = self.delivered.get(&cause).map(|(datagram, _)| *datagram);
        let known = acknowledgement.and_then(|ack| {
            let (_, peer, delivery) = self.sent.get(&ack)?;
            let likeliest = by_sender(self.delivered.get(&(*delivery)?)?.0)?;
            Some((ack, *peer, likeliest))
        });
        known.into_iter().flat_map(move |(ack, peer, likeliest)| {
            let to_peer = move |(_, (datagram, to)): (&Seq, &(Seq, Option<NodeId>))| {
                (*to == peer).then(|| by_sender(*datagram)).flatten()
            };
            let before = self.delivered.range(..ack).rev();
            std::iter::once(likeliest).chain(before.filter_map(to_peer))
        })
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
                self.delivered.insert(event.seq, (datagram, event.node));
                if self.delivered.len() > REMEMBERED_MAX {
                    self.delivered.pop_first();
                }
            }
            // What a damaged acknowledgement says that nobody found is not the transport's fault.
            Kind::Corrupted { datagram, .. } => {
                self.sent.remove(&datagram);
            }
            Kind::Noted { name: "reliable.sample", a: peer, b: sample } => {
                let who = event.node?;
                let truth = |sent| event.at.since(sent).nanos();
                // Clocks may run fast or slow, by less than that.
                let wrong = |truth: &u64| sample.abs_diff(*truth) > truth / 8;
                let mut truths = self.transmissions(who, event.cause?).map(truth);
                let truth = truths.next()?;
                if wrong(&truth) && truths.all(|truth| wrong(&truth)) {
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
