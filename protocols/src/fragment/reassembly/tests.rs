use super::super::frame::{Fragment, cut};
use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits { message: 100, memory: 4_000, partials: 4 };

fn at(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

/// Fragment `index` of a message of three: `abcd`, `efgh`, `ij`.
fn part(message: u64, index: u16) -> Fragment<'static> {
    cut(message, b"abcdefghij", 4).nth(index.into()).expect("one of three")
}

fn kept(arrived: &Arrived) -> bool {
    arrived.outcome == Outcome::Kept
}

#[test]
fn the_last_one_missing_completes_a_message() {
    let mut reassembly = Reassembly::new(LIMITS);
    assert_eq!(reassembly.arrive(&part(7, 2), at(0)).begun, Some(0));
    assert!(kept(&reassembly.arrive(&part(7, 0), at(1))));
    assert_eq!((reassembly.partials(), reassembly.bytes()), (1, 512 + 64 + 2 + 64 + 4));
    assert_eq!(reassembly.arrive(&part(7, 0), at(1)).outcome, Outcome::Again);
    let over = Over { number: 0, message: 7 };
    let whole = Outcome::Complete(b"abcdefghij".to_vec(), over);
    assert_eq!(reassembly.arrive(&part(7, 1), at(2)).outcome, whole);
    assert_eq!((reassembly.partials(), reassembly.bytes()), (0, 0));
    assert_eq!(reassembly.arrive(&part(7, 1), at(3)).outcome, Outcome::Late, "it is over");
}

/// RFC 5722 §3: all of the message goes, and what comes of it later.
#[test]
fn contradictions_end_a_message() {
    let other = [
        Fragment { bytes: b"abcx", ..part(1, 0) },
        Fragment { total: 11, ..part(1, 1) },
        Fragment { count: 4, total: 13, ..part(1, 1) },
        // The same message in fragments of another length.
        cut(1, b"abcdefghij", 5).next().expect("one of two"),
        cut(1, b"abcdefghij", 3).nth(2).expect("one of four"),
    ];
    for contradiction in other {
        let mut reassembly = Reassembly::new(LIMITS);
        reassembly.arrive(&part(1, 0), at(0));
        let over = Over { number: 0, message: 1 };
        let outcome = reassembly.arrive(&contradiction, at(0)).outcome;
        assert_eq!(outcome, Outcome::Contradiction(over), "{contradiction:?}");
        for index in 0..3 {
            assert_eq!(reassembly.arrive(&part(1, index), at(0)).outcome, Outcome::Late);
        }
        assert_eq!(reassembly.bytes(), 0);
    }
}

#[test]
fn later_fragments_do_not_prolong_the_time_out() {
    let mut reassembly = Reassembly::new(LIMITS);
    reassembly.arrive(&part(1, 0), at(0));
    reassembly.arrive(&part(2, 0), at(5));
    reassembly.arrive(&part(1, 1), at(9));
    let ten = Duration::from_secs(10);
    assert_eq!(reassembly.expire(at(9), ten), []);
    assert_eq!(reassembly.expire(at(10), ten), [Over { number: 0, message: 1 }]);
    assert_eq!(reassembly.oldest(), Some(at(5)));
    assert_eq!(reassembly.arrive(&part(1, 2), at(10)).outcome, Outcome::Late);
}

#[test]
fn the_oldest_goes_when_there_are_too_many() {
    let mut reassembly = Reassembly::new(LIMITS);
    for message in [5, 4, 3, 2] {
        assert_eq!(reassembly.arrive(&part(message, 0), at(10 - message)).evicted, []);
    }
    let arrived = reassembly.arrive(&part(1, 0), at(20));
    assert_eq!(arrived.evicted, [Over { number: 0, message: 5 }]);
    assert_eq!(reassembly.partials(), 4);
}

#[test]
fn the_oldest_goes_when_they_take_too_much() {
    let bytes = [0; 2_000];
    let limits = Limits { message: 2_000, memory: 2_500, partials: 10 };
    let mut reassembly = Reassembly::new(limits);
    let long: Vec<_> = cut(1, &bytes, 500).collect();
    let other: Vec<_> = cut(2, &bytes, 900).collect();
    assert!(kept(&reassembly.arrive(&other[0], at(0))));
    assert!(kept(&reassembly.arrive(&other[1], at(0))));
    let arrived = reassembly.arrive(&long[0], at(1));
    assert!(kept(&arrived));
    assert_eq!(arrived.evicted, [Over { number: 0, message: 2 }]);
    assert!(kept(&reassembly.arrive(&long[1], at(1))) && kept(&reassembly.arrive(&long[2], at(1))));
    assert!(matches!(reassembly.arrive(&long[3], at(1)).outcome, Outcome::Complete(..)));
    // In so small parts a message takes more than there is.
    let mut outcomes = cut(3, &bytes, 10).map(|part| reassembly.arrive(&part, at(2)).outcome);
    assert!(outcomes.any(|outcome| outcome == Outcome::NoRoom));
    assert!(outcomes.all(|outcome| outcome == Outcome::Late));
    assert_eq!(reassembly.bytes(), 0);
}

/// What a fragment says of its length takes no memory.
#[test]
fn a_lie_about_the_length_allocates_nothing() {
    let limits = Limits { message: 1 << 31, memory: 4_000, partials: 4 };
    let mut reassembly = Reassembly::new(limits);
    let bytes = [0; 1_000];
    let lie = Fragment { message: 1, index: 0, count: 60_000, total: 60_000_000, bytes: &bytes };
    assert!(kept(&reassembly.arrive(&lie, at(0))));
    assert_eq!(reassembly.bytes(), 512 + 64 + 1_000);
    let mut reassembly = Reassembly::new(LIMITS);
    assert_eq!(reassembly.arrive(&lie, at(0)).outcome, Outcome::Unfit);
    assert_eq!((reassembly.partials(), reassembly.bytes()), (0, 0));
}

fn messages() -> impl Strategy<Value = Vec<(Vec<u8>, usize)>> {
    let message = (proptest::collection::vec(any::<u8>(), 2..60), 1_usize..30);
    proptest::collection::vec(message, 1..6)
}

proptest! {
    /// In any order, some doubled, some lost: what comes out are the messages of which all
    /// has come, once and unchanged.
    #[test]
    fn exactly_the_complete_messages_come_out(
        messages in messages(),
        shuffle in any::<u64>(),
        fates in proptest::collection::vec(0_u8..8, 400),
    ) {
        let limits = Limits { message: 100, memory: 1 << 20, partials: 10 };
        let mut reassembly = Reassembly::new(limits);
        let mut parts = Vec::new();
        let mut whole = Vec::new();
        let mut fates = fates.into_iter();
        for (id, (bytes, size)) in messages.iter().enumerate() {
            let mut complete = true;
            for part in cut(id as u64, bytes, (*size).min(bytes.len() - 1)) {
                let copies = match fates.next() {
                    Some(0) => 0,
                    Some(1) => 2,
                    _ => 1,
                };
                complete &= copies > 0;
                parts.extend(std::iter::repeat_n(part, copies));
            }
            if complete {
                whole.push((id as u64, bytes.clone()));
            }
        }
        let mut dice = shuffle;
        for last in (1..parts.len()).rev() {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            parts.swap(last, (dice >> 33) as usize % (last + 1));
        }
        let mut out = Vec::new();
        for part in &parts {
            match reassembly.arrive(part, at(0)).outcome {
                Outcome::Complete(bytes, over) => out.push((over.message, bytes)),
                Outcome::Kept | Outcome::Again | Outcome::Late => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
        out.sort();
        prop_assert_eq!(out, whole);
        reassembly.expire(at(60), Duration::from_secs(60));
        prop_assert_eq!((reassembly.partials(), reassembly.bytes()), (0, 0));
    }

    /// Whatever comes, the bounds hold, and what is counted is what is there.
    #[test]
    fn nothing_takes_more_than_the_bounds(
        parts in proptest::collection::vec(
            (0_u64..6, 0_u16..5, 0_u16..6, 0_u32..120, 0_usize..40, 0_u64..5), 0..200,
        ),
    ) {
        let limits = Limits { message: 100, memory: 1_500, partials: 2 };
        let mut reassembly = Reassembly::new(limits);
        let bytes = [7; 40];
        let mut now = at(0);
        for (message, index, count, total, len, later) in parts {
            now += Duration::from_secs(later);
            let part = Fragment { message, index, count, total, bytes: &bytes[..len] };
            reassembly.arrive(&part, now);
            let cost = reassembly.partials.values().map(Partial::cost).sum::<usize>();
            prop_assert_eq!(reassembly.bytes(), cost);
            prop_assert!(cost <= limits.memory && reassembly.partials() <= limits.partials);
            prop_assert!(reassembly.over.len() <= OVER_MAX);
            reassembly.expire(now, Duration::from_secs(20));
            let oldest = reassembly.oldest();
            prop_assert!(oldest.is_none_or(|oldest| now.since(oldest) < Duration::from_secs(20)));
        }
    }
}
