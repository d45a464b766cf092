//! Links and sites.

use super::amount::{Bandwidth, Bytes};
use super::part::{At, table};
use super::scalar::{Bits, Names};
use simlab_core::{Distribution, Duration, Ratio};

/// The fields of a link, for each of the tables that have them. (A macro, since TOML tables have no
/// inheritance and the reader wants all keys of a table at once.)
macro_rules! link {
    (
        $(#[doc = $doc:literal])+
        $name:ident = $what:literal {
            $($before:tt)*
        }
    ) => {
        table! {
            $(#[doc = $doc])+
            $name = $what {
                $($before)*
                /// How long a datagram is under way, apart from what `bandwidth` adds: a time, or a
                /// distribution.
                "delay" delay: Distribution, optional;
                /// How likely a datagram is lost.
                "loss" loss: Ratio, optional;
                /// How likely a second copy arrives, with a delay of its own.
                "duplicate" duplicate: Ratio, optional;
                /// How likely a datagram is held back, and for how long, so that later ones
                /// overtake it.
                "reorder" reorder: Reorder, optional;
                /// How likely a datagram arrives with bits flipped.
                "corrupt" corrupt: Ratio, optional;
                /// How many bits are then flipped; default 1.
                "corrupt_bits" corrupt_bits: Bits, optional;
                /// How many bytes a second can leave the sender; default: any number.
                "bandwidth" bandwidth: Bandwidth, optional;
                /// How many bytes can wait for a slow link before further datagrams are dropped;
                /// default: any number.
                "queue" queue: Bytes, optional;
                /// The largest datagram that passes, in bytes; default 65507.
                "mtu" mtu: Bytes, optional;
            }
        }

        impl $name {
            /// The fields of the link that are set.
            pub(crate) fn patch(&self) -> simlab_sim::Patch {
                let reorder = self.reorder.as_ref().and_then(|r| {
                    Some((r.value.probability.as_ref()?.value, r.value.by.as_ref()?.value))
                });
                simlab_sim::Patch {
                    delay: self.delay.as_ref().map(|d| d.value),
                    loss: self.loss.as_ref().map(|p| p.value),
                    duplicate: self.duplicate.as_ref().map(|p| p.value),
                    reorder,
                    corrupt: self.corrupt.as_ref().map(|p| p.value),
                    corruption: self.corrupt_bits.as_ref().map(|n| simlab_sim::Corruption::Bits(n.value.0)),
                    bandwidth: self.bandwidth.as_ref().map(|n| n.value.0),
                    queue: self.queue.as_ref().map(|n| n.value.0),
                    mtu: self.mtu.as_ref().map(|n| u32::try_from(n.value.0).unwrap_or(u32::MAX)),
                }
            }
        }
    };
}

table! {
    /// Datagrams held back, so that later ones overtake them.
    Reorder = "a `reorder` rule" {
        /// How likely a datagram is held back.
        "probability" probability: Ratio, required;
        /// For how long.
        "by" by: Duration, required;
    }
}

link! {
    /// What a link is like, in one direction.
    Link = "a link" {}
}

link! {
    /// What the links between some nodes are like, on top of what was said before.
    LinkRule = "a rule of `network.links`" {
        /// The senders: nodes, or sites for all of their nodes.
        "from" from: Names, required;
        /// The receivers: nodes, or sites for all of their nodes.
        "to" to: Names, required;
        /// Whether it also holds for the way back; default false.
        "both" both: bool, optional;
    }
}

table! {
    /// What the links between nodes are like.
    NetworkTable = "the network" {
        /// Every link, unless more is said.
        "default" default: Link, optional;
        /// The links between nodes of one site, on top of `default`.
        "same_site" same_site: Link, optional;
        /// The links between some nodes, field by field on top of the above; later rules win.
        "links" links: Vec<At<LinkRule>>, optional;
    }
}
