//! What passes the layers, and what does not.

use super::{Aead, HmacSha256};
use proptest::prelude::*;
use simlab_core::{
    Counters, Env, Fields, Hop, Hops, Layer, Moment, NoDisk, NodeId, Outbox, Seeded, Time,
};

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);
const C: NodeId = NodeId(2);

fn layers(secret: &str, window: u64) -> [Box<dyn Layer>; 3] {
    let key = || secret.as_bytes().to_vec();
    [
        Box::new(HmacSha256::new(key(), 16, window)),
        Box::new(HmacSha256::new(key(), 32, window)),
        Box::new(Aead::new(key(), window)),
    ]
}

fn within<T>(me: NodeId, life: u32, body: impl FnOnce(&mut Env<'_>) -> T) -> T {
    let moment = Moment { me, now: Time::ZERO, wall: Time::ZERO, life };
    let (mut outbox, mut counters, mut decide) =
        (Outbox::new(), Counters::default(), Seeded::new(1));
    body(&mut Env::new(moment, &mut outbox, &mut counters, &mut decide, &NoDisk))
}

/// What a layer of `from`, in this life, makes of a message.
fn down(layer: &mut dyn Layer, (from, life): (NodeId, u32), to: NodeId, message: &[u8]) -> Vec<u8> {
    let mut frame = message.to_vec();
    let passes = within(from, life, |env| layer.down(to, &mut frame, &mut Hops::new(), env));
    assert!(passes);
    frame
}

/// What it makes of a frame: the message in it, if there is one.
fn up(layer: &mut dyn Layer, from: NodeId, to: NodeId, frame: &[u8]) -> Option<Vec<u8>> {
    let mut hops = Hops::new();
    let passed = within(to, 0, |env| layer.up(from, frame, &mut hops, env).map(<[u8]>::to_vec));
    let made = hops.drain().map(|hop| match hop {
        Hop::Up { from: sender, frame } if sender == from => frame,
        other => panic!("{other:?}"),
    });
    let mut all: Vec<Vec<u8>> = passed.into_iter().chain(made).collect();
    assert!(all.len() <= 1);
    all.pop()
}

fn count(layer: &dyn Layer, field: &str) -> i64 {
    let mut fields = Fields::new();
    layer.inspect(&mut fields);
    fields.get_int(&[field]).expect("a number")
}

/// Each layer at one end and at the other.
fn pairs() -> impl Iterator<Item = (Box<dyn Layer>, Box<dyn Layer>)> {
    layers("secret", 64).into_iter().zip(layers("secret", 64))
}

#[test]
fn a_frame_is_for_one_receiver_from_one_sender_under_one_key() {
    let others = layers("secret", 64).into_iter().zip(layers("guess", 64));
    for ((mut a, mut b), (mut c, mut stranger)) in pairs().zip(others) {
        let frame = down(&mut *a, (A, 0), B, b"hello");
        assert_eq!(up(&mut *a, B, A, &frame), None, "sent back to who sent it");
        assert_eq!(up(&mut *b, C, B, &frame), None, "from somebody else");
        assert_eq!(up(&mut *c, A, C, &frame), None, "to somebody else");
        assert_eq!(up(&mut *stranger, A, B, &frame), None, "under another key");
        assert_eq!(count(&*b, "forged"), 1);
        assert_eq!(up(&mut *b, A, B, &frame).as_deref(), Some(&b"hello"[..]));
    }
}

#[test]
fn what_comes_again_is_refused_unless_there_is_no_window() {
    for (mut a, mut b) in pairs() {
        let frames = ["zero", "one", "two"].map(|text| down(&mut *a, (A, 0), B, text.as_bytes()));
        // In another order, and all of it twice.
        for turn in [2, 0, 1, 2, 0, 1] {
            up(&mut *b, A, B, &frames[turn]);
        }
        assert_eq!(count(&*b, "replayed"), 3);
        // The window ends 64 numbers below the highest.
        for _ in 0..64 {
            down(&mut *a, (A, 0), B, b"skipped");
        }
        let latest = down(&mut *a, (A, 0), B, b"latest");
        assert!(up(&mut *b, A, B, &latest).is_some());
        assert_eq!(up(&mut *b, A, B, &frames[1]), None);
        assert_eq!(count(&*b, "refused"), 1);
    }
    for (mut a, mut b) in layers("secret", 0).into_iter().zip(layers("secret", 0)) {
        let frame = down(&mut *a, (A, 0), B, b"hello");
        assert!((0..3).all(|_| up(&mut *b, A, B, &frame).is_some()));
    }
}

/// A sender that has forgotten how many it sent is understood, and what it sent before is not.
#[test]
fn a_sender_may_restart() {
    for ((mut a, mut b), mut again) in pairs().zip(layers("secret", 64)) {
        let early: Vec<_> = (0..5).map(|_| down(&mut *a, (A, 0), B, b"early")).collect();
        assert!(early[..4].iter().all(|frame| up(&mut *b, A, B, frame).is_some()));
        let late = down(&mut *again, (A, 1), B, b"late");
        assert!(up(&mut *b, A, B, &late).is_some());
        assert!(early.iter().all(|frame| up(&mut *b, A, B, frame).is_none()));
        assert_eq!(count(&*b, "forged"), 0);
    }
}

/// The same text is sealed otherwise each time, and is nowhere to be seen.
#[test]
fn sealed_frames_show_nothing() {
    let mut a = Aead::new(b"secret".to_vec(), 64);
    let text = [b'x'; 64];
    let frames: Vec<_> = (0..50).map(|_| down(&mut a, (A, 0), B, &text)).collect();
    for (n, frame) in frames.iter().enumerate() {
        assert!(!frame.windows(3).any(|window| window == b"xxx"));
        assert!(frames[..n].iter().all(|other| other[..16] != frame[..16]));
    }
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(messages in proptest::collection::vec(any::<Vec<u8>>(), 0..20)) {
        for (mut a, mut b) in pairs() {
            for message in &messages {
                let frame = down(&mut *a, (A, 7), B, message);
                let passed = up(&mut *b, A, B, &frame);
                prop_assert_eq!(passed.as_ref(), Some(message));
            }
        }
    }

    /// Whatever comes from the network is forged, and leaves the layers as they were.
    #[test]
    fn no_bytes_pass_that_nobody_sent(
        bytes in any::<Vec<u8>>(), zeros in 0..80_usize, tag in 0..34_u8,
    ) {
        for (mut a, mut b) in pairs() {
            for frame in [bytes.clone(), vec![0; zeros], [&bytes[..], &[tag]].concat()] {
                let before = count(&*b, "forged");
                prop_assert_eq!(up(&mut *b, A, B, &frame), None);
                prop_assert_eq!(count(&*b, "forged"), before + 1);
            }
            let frame = down(&mut *a, (A, 0), B, b"hello");
            prop_assert!(up(&mut *b, A, B, &frame).is_some());
        }
    }

    /// However a frame is edited, nothing of it passes.
    #[test]
    fn no_edit_passes(
        message in proptest::collection::vec(any::<u8>(), 0..80),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..5),
        cut in 0..40_usize,
        more in proptest::collection::vec(any::<u8>(), 0..3),
    ) {
        for (mut a, mut b) in pairs() {
            let frame = down(&mut *a, (A, 0), B, &message);
            let mut edited = frame.clone();
            for (place, change) in &edits {
                let place = place.index(edited.len());
                edited[place] ^= change;
            }
            let shorter = frame[..frame.len().saturating_sub(cut)].to_vec();
            let longer = [&frame[..], &more].concat();
            let before = [&more[..], &frame].concat();
            for other in [edited, shorter, longer, before] {
                let passed = up(&mut *b, A, B, &other);
                prop_assert!(passed.is_none() || other == frame);
            }
        }
    }
}
