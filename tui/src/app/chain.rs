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
            if chain.len() == MOST {
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
                let number = event.seq.get();
                match lost.iter_mut().find(|one| (one.from, one.to) == (from, to)) {
                    Some(known) => (known.many, known.last) = (known.many + 1, number),
                    None => {
                        lost.push(Lost { from, to, many: 1, since: event.at, last: number });
                    }
                }
            }
            _ => {}
        }
    }
    lost.iter().map(|lost| (lost.last, lost.in_words(film))).collect()
}

/// Datagrams that were lost one after the other.
struct Lost {
    from: NodeId,
    to: NodeId,
    many: u64,
    since: Time,
    /// The record of the last loss.
    last: u64,
}

impl Lost {
    fn in_words(&self, film: &Film<'_>) -> String {
        let name = |node| film.names().node(node);
        let why = match film.event(self.last).map(|event| event.kind) {
            Some(Kind::Dropped { why, .. }) => why.name(),
            _ => "lost",
        };
        let last = film.index().message(self.last).unwrap_or("datagram");
        let many = match self.many {
            1 => format!("one datagram, a {last}"),
            many => format!("{many} datagrams, the last a {last}"),
        };
        let (from, to, since) = (name(self.from), name(self.to), seconds(self.since));
        format!("but: since {since} {to} has missed {many} from {from} (#{}: {why})", self.last)
    }
}
