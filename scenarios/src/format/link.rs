//! Links and sites.

use super::amount::{Bandwidth, Bytes};
use super::part::{At, Definitions, Format, Reader, Toml, described, one_key, table};
use super::scalar::{Bits, Names, whole};
use crate::diagnostic::Diagnostic;
use serde_json::{Value as Json, json};
use simlab_core::{Distribution, Duration, Ratio};
use simlab_sim::Corruption;

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
                /// How many bits are then flipped; default 1. Short for `corruption = { bits = … }`.
                "corrupt_bits" corrupt_bits: Bits, optional;
                /// How a datagram is then damaged; default: one bit flips.
                "corruption" corruption: Corruption, optional;
                /// How many bytes a second can leave the sender; default: any number.
                "bandwidth" bandwidth: Bandwidth, optional;
                /// How many bytes can wait for a slow link before further datagrams are dropped;
                /// default: any number.
                "queue" queue: Bytes, optional;
                /// The largest datagram that passes, in bytes; default 65507.
                "mtu" mtu: Bytes, optional;
                /// Somebody who reads what passes, and may edit it or send it again.
                "adversary" adversary: Adversary, optional;
            }
        }

        impl $name {
            /// The fields of the link that are set. Two ways to say one thing are reported.
            pub(crate) fn patch(
                &self,
                problems: &mut crate::diagnostic::Problems,
            ) -> simlab_sim::Patch {
                if let (Some(bits), Some(how)) = (&self.corrupt_bits, &self.corruption) {
                    let message = "`corrupt_bits` and `corruption` exclude each other";
                    let diagnostic = crate::diagnostic::Diagnostic::at(how.span, message);
                    let diagnostic = diagnostic.label("another is here");
                    problems.push(diagnostic.also(bits.span, "one is here"));
                }
                let bits = self.corrupt_bits.as_ref().map(|n| Corruption::Bits(n.value.0));
                let reorder = self.reorder.as_ref().and_then(|r| {
                    Some((r.value.probability.as_ref()?.value, r.value.by.as_ref()?.value))
                });
                simlab_sim::Patch {
                    delay: self.delay.as_ref().map(|d| d.value),
                    loss: self.loss.as_ref().map(|p| p.value),
                    duplicate: self.duplicate.as_ref().map(|p| p.value),
                    reorder,
                    corrupt: self.corrupt.as_ref().map(|p| p.value),
                    corruption: self.corruption.as_ref().map(|how| how.value).or(bits),
                    bandwidth: self.bandwidth.as_ref().map(|n| n.value.0),
                    queue: self.queue.as_ref().map(|n| n.value.0),
                    mtu: self.mtu.as_ref().map(|n| u32::try_from(n.value.0).unwrap_or(u32::MAX)),
                    adversary: self.adversary.as_ref().map(|who| who.value.spec()),
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

table! {
    /// Somebody on a link who reads what passes, knows how the nodes pack it, and has no key. Nothing given:
    /// reads alone.
    Adversary = "an adversary" {
        /// How likely a byte of a message is changed, and every checksum put right; default: never.
        "edit" edit: Ratio, optional;
        /// How likely a datagram is recorded and sent again; default: never.
        "replay" replay: Ratio, optional;
        /// How much later: a time, or a distribution; default "1s". Nothing is sent after the fault.
        "after" after: Distribution, optional;
    }
}

/// How long an adversary waits before it sends something again, unless it is told.
const REPLAY_AFTER: Distribution = Distribution::Fixed(Duration::from_secs(1));

impl Adversary {
    fn spec(&self) -> simlab_sim::Adversary {
        let often = |rate: &Option<At<Ratio>>| rate.as_ref().map_or(Ratio::ZERO, |rate| rate.value);
        simlab_sim::Adversary {
            edit: often(&self.edit),
            replay: often(&self.replay),
            replay_after: self.after.as_ref().map_or(REPLAY_AFTER, |after| after.value),
        }
    }
}

impl Format for Corruption {
    fn expected() -> String {
        "\"swap-words\", or a table such as { burst = 16 }".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        const KINDS: [&str; 3] = ["bits", "burst", "zero_run"];
        if let Some(word) = value.get_ref().as_str() {
            if word == "swap-words" {
                return Some(Corruption::SwapWords);
            }
            let span = reader.span(value);
            if KINDS.contains(&word) {
                let help = format!("write it as `corruption = {{ {word} = 8 }}`");
                let diagnostic = Diagnostic::at(span, format!("`{word}` needs a number"));
                reader.problems.push(diagnostic.help(help));
            } else {
                let known = KINDS.iter().copied().chain(["swap-words"]);
                reader.problems.unknown(span, "corruption", "corruptions", word, known);
            }
            return None;
        }
        let (kind, value) = reader.choice(value, "a corruption", &Self::expected(), &KINDS)?;
        Some(match kind {
            "bits" => Corruption::Bits(Bits::read(value, reader)?.0),
            "burst" => Corruption::Burst(whole(value, reader, 1, u16::MAX.into())? as u16),
            _ => Corruption::ZeroRun(whole(value, reader, 1, u16::MAX.into())? as u16),
        })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        if !definitions.contains_key("Corruption") {
            let bits = Bits::schema(definitions);
            let run = json!({ "type": "integer", "minimum": 1, "maximum": u16::MAX });
            let corruption = json!({ "description": "How a datagram is damaged.", "anyOf": [
                { "const": "swap-words", "description": "Two words of 16 bits change places." },
                one_key("bits", bits, "So many bits flip, anywhere."),
                one_key("burst", run.clone(), "Bits flip in one run of so many bits."),
                one_key("zero_run", run, "A run of so many bytes becomes zero."),
            ]});
            definitions.insert("Corruption".to_owned(), corruption);
        }
        described(json!({ "$ref": "#/definitions/Corruption" }), "How a datagram is damaged.")
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

link! {
    /// Links that are other than usual while a fault lasts.
    LinksFault = "a fault of links" {
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
