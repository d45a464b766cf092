//! Why something happened: the chain of its causes, and what never came to the nodes on the way.

use super::{App, seconds};
use crate::film::Film;
use simlab_core::{Kind, NodeId, Seq, Time};
use simlab_sim::trace::line;

/// A chain has so many links at most.
const MOST: usize = 64;
/// Losses are looked for among so many records before the event.
const LOOKED_AT: u64 = 50_000;

impl App<'_> {
    /// The chain of causes of the event at the cursor, the first cause first, and after it what was lost on
    /// the way to its nodes: of each line the record that it is about.
    pub(super) fn chain(&self) -> Vec<(u64, String)> {
        let film = self.film();
        let words = film.words();
        let mut chain = Vec::new();
        let mut next = Some(self.cursor());
        while let Some(event) = next.and_then(|number| film.event(number)) {
            let words = line(&event, &words);
            let words: Vec<&str> = words.split_whitespace().collect();
            let text = format!("{:>8} {:<7} {}", seconds(event.at), event.seq, words.join(" "));
            chain.push((event.seq.get(), text));
            next = event.cause.map(Seq::get);
            if let (MOST.., Some(before)) = (chain.len(), next) {
                chain.push((before, format!("and what led to #{before}: Enter goes there")));
                break;
            }
        }
        chain.reverse();
        chain.extend(missed(film, &chain));
        chain
    }
}

/// What the nodes of a chain might have known better, had it come: of each the datagrams that were lost on
/// their way to it since it last got one from the same sender.
fn missed(film: &Film<'_>, chain: &[(u64, String)]) -> Vec<(u64, String)> {
    let Some((last, _)) = chain.last() else { return Vec::new() };
    let mut nodes: Vec<NodeId> = Vec::new();
    for (number, _) in chain {
        let node = film.event(*number).and_then(|event| event.node);
        nodes.extend(node.filter(|node| !nodes.contains(node)));
    }
    let first = last.saturating_sub(LOOKED_AT).max(1);
    let mut lost: Vec<Lost> = Vec::new();
    for event in film.trace().iter_from(first).take_while(|event| event.seq.get() < *last) {
        let Some(to) = event.node.filter(|node| nodes.contains(node)) else { continue };
        match event.kind {
            Kind::Delivered { from, .. } => lost.retain(|one| (one.from, one.to) != (from, to)),
            Kind::Dropped { from, .. } => {
                let place = lost.iter().position(|one| (one.from, one.to) == (from, to));
                let place = place.unwrap_or_else(|| {
                    let since = event.at;
                    lost.push(Lost { from, to, many: 0, since, different: Vec::new(), last: 0 });
                    lost.len() - 1
                });
                lost[place].take(film, event.seq.get(), event.bytes);
            }
            _ => {}
        }
    }
    lost.iter().flat_map(|lost| lost.in_words(film)).collect()
}

/// Datagrams that were lost one after the other.
struct Lost {
    from: NodeId,
    to: NodeId,
    many: u64,
    since: Time,
    /// The records of those that were not like the one before.
    different: Vec<u64>,
    last: u64,
}

impl Lost {
    fn take(&mut self, film: &Film<'_>, number: u64, bytes: &[u8]) {
        let before = film.event(self.last);
        if self.many == 0 || before.is_none_or(|before| before.bytes != bytes) {
            self.different.push(number);
        }
        (self.many, self.last) = (self.many + 1, number);
    }

    /// How many there were, and what the last different ones would have told.
    fn in_words(&self, film: &Film<'_>) -> Vec<(u64, String)> {
        const TOLD: usize = 3;
        let name = |node| film.names().node(node);
        let why = match film.event(self.last).map(|event| event.kind) {
            Some(Kind::Dropped { why, .. }) => why.name(),
            _ => "lost",
        };
        let (from, to, since) = (name(self.from), name(self.to), seconds(self.since));
        let many =
            if self.many == 1 { "one datagram" } else { &format!("{} datagrams", self.many) };
        let first = format!("but: since {since} {to} has missed {many} from {from} ({why}):");
        let told = self.different.iter().rev().take(TOLD).rev().filter_map(|number| {
            let event = film.event(*number)?;
            let read = film.dissect(&event).map(|read| read.summary);
            let read = read.unwrap_or_else(|| format!("{} bytes", event.bytes.len()));
            Some((*number, format!("{:>8} {:<7} {read}", seconds(event.at), event.seq)))
        });
        std::iter::once((self.last, first)).chain(told).collect()
    }
}
