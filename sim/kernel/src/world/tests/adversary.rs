//! What an adversary on a link does, and does not.

use super::Chatter;
use super::storm::at;
use crate::{
    Action, Adversary, Fault, Insight, LinkSpec, NodeSpec, Options, Patch, Weather, World,
};
use simlab_core::{Damage, Distribution, Duration, Kind, NodeId, Ratio, Seq};
use std::collections::BTreeMap;
use std::sync::Arc;

const ALL: Adversary = Adversary {
    edit: Ratio::ONE,
    replay: Ratio::ONE,
    replay_after: Distribution::Fixed(Duration::from_millis(50)),
};

/// Messages of which the first half is worth an edit, and the last byte a sum of the others.
#[derive(Debug)]
struct Summed;

impl Insight for Summed {
    fn message(&self, datagram: &[u8]) -> usize {
        datagram.len() / 2
    }

    fn repair(&self, datagram: &mut [u8]) {
        if let Some((last, rest)) = datagram.split_last_mut() {
            *last = rest.iter().fold(0, |sum, byte| sum.wrapping_add(*byte));
        }
    }

    fn readable(&self, datagram: &[u8]) -> usize {
        datagram.len() / 2
    }
}

/// Three nodes; the adversary is on all links from 200 ms until 600 ms.
fn world(adversary: Adversary, insight: bool) -> World {
    let mut world = World::new(Options::seed(1));
    let all = (0..3).map(NodeId);
    for n in 0..3 {
        let node = world
            .add_node(NodeSpec::new(format!("n{n}"), Box::new(Chatter { nodes: 3, heard: 0 })));
        if insight {
            world.set_insight(node, Arc::new(Summed));
        }
    }
    let delay = Distribution::Fixed(Duration::from_millis(5));
    world.set_default_link(LinkSpec { delay, ..LinkSpec::default() });
    let patch = Patch { adversary: Some(adversary), ..Patch::default() };
    let weather = Weather {
        from: all.clone().collect(),
        to: all.collect(),
        both: false,
        patch: Box::new(patch),
    };
    let fault = world.define_fault("somebody", Fault::Links(weather));
    world.schedule(at(200), Action::Begin(fault));
    world.schedule(at(600), Action::End(fault));
    world.run_until(at(1_000));
    assert!(world.findings().is_empty(), "{:?}", world.findings());
    world
}

/// The bytes of each datagram as it was sent.
fn sent(world: &World) -> BTreeMap<Seq, Vec<u8>> {
    let trace = world.trace().expect("recording");
    let sent = trace.iter().filter(|event| matches!(event.kind, Kind::Sent { .. }));
    sent.map(|event| (event.seq, event.bytes.to_vec())).collect()
}

#[test]
fn an_edit_changes_a_byte_of_the_message_and_repairs_the_rest() {
    let world = world(ALL, true);
    let sent = sent(&world);
    let trace = world.trace().expect("recording");
    let mut edits = 0;
    for event in trace.iter() {
        let Kind::Corrupted { datagram, damage: Damage::Edited { at }, .. } = event.kind else {
            continue;
        };
        let before = &sent[&datagram];
        let (at, last) = (at as usize, before.len() - 1);
        assert!(at < (before.len() / 2).max(1) && event.bytes[at] != before[at], "{before:?}");
        let mut expected = before.clone();
        expected[at] = event.bytes[at];
        Summed.repair(&mut expected);
        assert_eq!(event.bytes, expected);
        assert_eq!(
            expected[..last].iter().fold(0_u8, |sum, b| sum.wrapping_add(*b)),
            expected[last]
        );
        edits += 1;
    }
    assert!(edits > 0 && edits == world.stats().edited);
}

/// What is replayed is what was sent, later, and only while the adversary is there.
#[test]
fn a_replay_is_the_datagram_as_it_was_sent() {
    let world = world(ALL, false);
    let (sent, trace) = (sent(&world), world.trace().expect("recording"));
    let mut replays = BTreeMap::new();
    for event in trace.iter() {
        match event.kind {
            Kind::Replayed { datagram, .. } => {
                let then = trace.get(datagram).expect("it was sent").at;
                assert_eq!(event.at.since(then), Duration::from_millis(50));
                assert!(event.at > at(200) && event.at <= at(600), "{}", event.at);
                replays.insert(event.seq, datagram);
            }
            Kind::Delivered { datagram, .. } => {
                if let Some(original) = event.cause.and_then(|cause| replays.get(&cause)) {
                    assert_eq!((*original, event.bytes), (datagram, &sent[&datagram][..]));
                }
            }
            _ => {}
        }
    }
    assert!(!replays.is_empty() && replays.len() as u64 == world.stats().replayed);
}

/// Who only reads changes nothing; how much it reads, whoever knows the packing says.
#[test]
fn a_reader_changes_nothing_and_is_counted() {
    let reads = Adversary { edit: Ratio::ZERO, replay: Ratio::ZERO, ..ALL };
    let (plain, known) = (world(reads, false), world(reads, true));
    assert_eq!(plain.trace_hash(), known.trace_hash());
    assert_eq!((plain.stats().edited, plain.stats().replayed), (0, 0));
    assert!(plain.stats().leaked > 0);
    assert!(known.stats().leaked_bytes > 0);
    assert!(known.stats().leaked_bytes <= plain.stats().leaked_bytes / 2);
}
