use super::*;
use simlab_core::{Counters, Effect, Hop, Moment, NoDisk, Outbox, Scope, Seeded};

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);
const C: NodeId = NodeId(2);

const CONFIG: Config = Config {
    mtu: 117,
    timeout: Duration::from_secs(5),
    limits: Limits { message: 1_000, memory: 4_000, partials: 4 },
    never_times_out: false,
};

/// A node with the layer: when it is, in which life, and what its timer is set to.
struct Node {
    layer: Fragments,
    now: Time,
    life: u32,
    timer: Option<Time>,
    noted: Vec<&'static str>,
}

impl Node {
    fn new(config: Config, life: u32) -> Self {
        let layer = Fragments::new(config);
        Node { layer, now: Time::ZERO, life, timer: None, noted: Vec::new() }
    }

    fn ask<T>(&mut self, body: impl FnOnce(&mut Fragments, &mut Hops, &mut Env<'_>) -> T) -> T {
        let moment = Moment { me: A, now: self.now, wall: self.now, life: self.life };
        let (mut counters, mut decide) = (Counters::default(), Seeded::new(1));
        let mut outbox = Outbox::new();
        let mut env = Env::new(moment, &mut outbox, &mut counters, &mut decide, &NoDisk);
        let result = body(&mut self.layer, &mut Hops::new(), &mut env);
        for effect in outbox.effects() {
            match effect {
                Effect::SetTimer { after, .. } => self.timer = Some(self.now + *after),
                Effect::CancelTimer { .. } => self.timer = None,
                Effect::Note { name, .. } => self.noted.push(name),
                _ => {}
            }
        }
        result
    }

    /// The frames that a message goes in.
    fn send(&mut self, message: &[u8]) -> Vec<Vec<u8>> {
        self.ask(|layer, _, env| {
            let (mut frame, mut hops) = (message.to_vec(), Hops::new());
            let passes = layer.down(B, &mut frame, &mut hops, env);
            let rest = hops.drain().filter_map(|hop| match hop {
                Hop::Down { to: B, frame } => Some(frame),
                _ => None,
            });
            passes.then_some(frame).into_iter().chain(rest).collect()
        })
    }

    /// What a frame brings.
    fn hear(&mut self, from: NodeId, frame: &[u8]) -> Vec<Vec<u8>> {
        self.ask(|layer, _, env| {
            let mut hops = Hops::new();
            let passed = layer.up(from, frame, &mut hops, env).map(<[u8]>::to_vec);
            let rest = hops.drain().filter_map(|hop| match hop {
                Hop::Up { frame, .. } => Some(frame),
                Hop::Down { .. } => None,
            });
            passed.into_iter().chain(rest).collect()
        })
    }

    /// Lets time pass, and the timer ring if it is due.
    fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(due) = self.timer.filter(|due| *due <= until) {
            (self.now, self.timer) = (due, None);
            let event = Event::Timer { scope: Scope::ROOT, key: 0 };
            self.ask(|layer, hops, env| layer.on_event(event, hops, env));
        }
        self.now = until;
    }

    fn shows(&self, field: &str) -> i64 {
        let mut fields = Fields::new();
        self.layer.inspect(&mut fields);
        fields.get_int(&[field]).expect("a number")
    }
}

#[test]
fn what_fits_has_one_byte_more_and_what_does_not_is_cut() {
    let (mut a, mut b) = (Node::new(CONFIG, 0), Node::new(CONFIG, 0));
    for (len, frames) in [(0, 1), (116, 1), (117, 2), (200, 2), (201, 3), (1_000, 10)] {
        let message: Vec<u8> = (0..len).map(|n| n as u8).collect();
        let sent = a.send(&message);
        assert_eq!(sent.len(), frames, "{len}");
        assert!(sent.iter().all(|frame| frame.len() <= 117));
        let added = if frames == 1 { WHOLE_HEADER } else { frames * HEADER };
        assert_eq!(sent.iter().map(Vec::len).sum::<usize>(), message.len() + added);
        let heard: Vec<_> = sent.iter().rev().flat_map(|frame| b.hear(A, frame)).collect();
        assert_eq!(heard, [message]);
    }
    assert_eq!(a.send(&[0; 1_001]), [[0_u8; 0]; 0], "longer than any message may be");
    assert_eq!((a.shows("sent"), a.shows("too_long"), a.shows("fragments")), (6, 1, 17));
    assert_eq!((b.shows("passed"), b.shows("partial"), b.shows("partial_bytes")), (6, 0, 0));
}

/// Message 0 of the first life and of the second are of one length, and each lacks what the other has.
#[test]
fn fragments_of_two_lives_are_never_put_together() {
    let mut b = Node::new(CONFIG, 0);
    let first = Node::new(CONFIG, 0).send(&[1; 200]);
    let second = Node::new(CONFIG, 1).send(&[2; 200]);
    assert!(b.hear(A, &first[0]).is_empty() && b.hear(A, &second[1]).is_empty());
    assert_eq!(b.shows("partial"), 2);
    assert_eq!(b.hear(A, &second[0]), [[2; 200]]);
}

/// The same message number from two peers is two messages, and what one of them sends takes no room from the
/// other.
#[test]
fn peers_have_memory_of_their_own() {
    let (mut a, mut b) = (Node::new(CONFIG, 0), Node::new(CONFIG, 0));
    let honest = a.send(&[1; 300]);
    b.hear(A, &honest[0]);
    let mut flood = Node::new(CONFIG, 0);
    for _ in 0..1_000 {
        let frames = flood.send(&[9; 900]);
        frames.iter().take(8).for_each(|frame| drop(b.hear(C, frame)));
        assert!(b.shows("partial_bytes") <= 4_000 + 1_000);
    }
    assert!(b.shows("evicted") > 900);
    b.hear(A, &honest[1]);
    assert_eq!(b.hear(A, &honest[2]), [[1; 300]]);
}

#[test]
fn one_timer_drops_each_partial_message_in_its_time() {
    let (mut a, mut b) = (Node::new(CONFIG, 0), Node::new(CONFIG, 0));
    for _ in 0..3 {
        let frames = a.send(&[1; 300]);
        b.hear(A, &frames[0]);
        b.wait(Duration::from_secs(1));
    }
    let left: Vec<_> = (0..6)
        .map(|_| {
            b.wait(Duration::from_secs(1));
            (b.now.since(Time::ZERO).nanos() / 1_000_000_000, b.shows("partial"))
        })
        .collect();
    assert_eq!(left, [(4, 3), (5, 2), (6, 1), (7, 0), (8, 0), (9, 0)]);
    assert_eq!((b.timer, b.shows("timed_out")), (None, 3));
    // A node that could not handle its timer gives up what is too old before it takes more.
    let frames = a.send(&[1; 300]);
    b.hear(A, &frames[0]);
    b.now += Duration::from_secs(10);
    assert!(b.hear(A, &frames[1]).is_empty());
    assert_eq!((b.shows("timed_out"), b.shows("late"), b.shows("partial")), (4, 1, 0));
}

#[test]
fn without_a_time_out_partial_messages_stay() {
    let mut b = Node::new(Config { never_times_out: true, ..CONFIG }, 0);
    let frames = Node::new(CONFIG, 0).send(&[1; 300]);
    b.hear(A, &frames[0]);
    b.wait(Duration::from_secs(1_000));
    assert_eq!((b.timer, b.shows("partial"), b.shows("timed_out")), (None, 1, 0));
}

#[test]
fn what_is_no_frame_is_noted() {
    let mut b = Node::new(CONFIG, 0);
    for frame in [&[][..], &[0], &[1, 2, 3, 0xf2]] {
        assert!(b.hear(A, frame).is_empty());
    }
    assert_eq!(b.noted, ["fragments.malformed"; 3]);
}

/// Or a message that is let in would panic when it is cut.
#[test]
#[should_panic(expected = "at most 65535 fragments")]
fn messages_that_no_number_of_fragments_holds_are_refused_at_once() {
    let limits = Limits { message: 100 * COUNT_MAX + 1, ..CONFIG.limits };
    let _ = Fragments::new(Config { limits, ..CONFIG });
}
