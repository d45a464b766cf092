use super::*;
use Accepted::{Conflict, Up};
use proptest::prelude::*;

fn entry(term: u64) -> Entry {
    Entry { term, payload: Payload::Nothing }
}

fn entries(terms: &[u64]) -> Vec<Entry> {
    terms.iter().map(|term| entry(*term)).collect()
}

fn log(terms: &[u64]) -> Log {
    Log { base: Position::default(), entries: entries(terms) }
}

const fn at(index: u64, term: u64) -> Position {
    Position { index, term }
}

fn terms(log: &Log) -> Vec<u64> {
    log.entries.iter().map(|entry| entry.term).collect()
}

#[test]
fn an_empty_log_ends_where_its_snapshot_does() {
    let behind = Log::behind(at(7, 2));
    assert_eq!((behind.is_empty(), behind.len(), behind.last()), (true, 0, at(7, 2)));
    assert!(!log(&[1]).is_empty());
}

/// The logs of figure 3.6 (figure 7 of the paper): what the leader of term 8, with 1 1 1 4 4 5 5 6 6 6, meets.
#[test]
fn figure_7() {
    let leader = at(10, 6);
    let cases: [(&str, &[u64], Accepted); 6] = [
        ("a", &[1, 1, 1, 4, 4, 5, 5, 6, 6], Conflict(Hint { term: None, index: 10 })),
        ("b", &[1, 1, 1, 4], Conflict(Hint { term: None, index: 5 })),
        ("c", &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6], Up { to: 11, truncated: Some(11) }),
        ("d", &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], Up { to: 11, truncated: Some(11) }),
        ("e", &[1, 1, 1, 4, 4, 4, 4], Conflict(Hint { term: None, index: 8 })),
        ("f", &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], Conflict(Hint { term: Some(3), index: 7 })),
    ];
    for (name, terms, expected) in cases {
        assert_eq!(log(terms).accept(leader, &entries(&[8])), expected, "{name}");
    }
}

/// A leader that was told of a conflict in term 3 from 7 on looks next where it has nothing of that term or a later
/// one: one question skips all of it.
#[test]
fn one_question_for_each_term() {
    let leader = log(&[1, 1, 1, 4, 4, 5, 5, 6, 6, 6]);
    assert_eq!(leader.last_up_to_term(3, 9), 3);
    assert_eq!(leader.last_up_to_term(4, 9), 5);
    assert_eq!(leader.last_up_to_term(9, 4), 4);
    let follower = log(&[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]);
    assert_eq!((follower.first_of(2), follower.first_of(3), follower.first_of(9)), (4, 7, 12));
}

/// What a newer message brought stays when an older one with less comes late.
#[test]
fn an_old_message_takes_nothing_away() {
    let mut log = log(&[1, 1, 2]);
    assert_eq!(log.accept(at(1, 1), &entries(&[1])), Up { to: 2, truncated: None });
    assert_eq!(terms(&log), [1, 1, 2]);
    assert_eq!(log.accept(at(1, 1), &entries(&[2])), Up { to: 2, truncated: Some(2) });
    assert_eq!(terms(&log), [1, 2]);
}

/// What no leader sends takes nothing away either.
#[test]
fn terms_that_go_back_are_not_taken() {
    let mut log = log(&[1, 1, 5, 7]);
    log.compact(2);
    assert_eq!(log.accept(at(1, 1), &entries(&[1, 5, 4])), Up { to: 3, truncated: None });
    assert_eq!(terms(&log), [5, 7]);
    assert_eq!(log.accept(at(1, 1), &entries(&[1, 6, 5])), Up { to: 3, truncated: Some(3) });
    assert_eq!(terms(&log), [6]);
}

#[test]
fn what_is_compacted_is_known_by_its_last_entry() {
    let mut log = log(&[1, 1, 2, 2, 3]);
    log.compact(3);
    assert_eq!((log.base(), log.last(), log.len()), (at(3, 2), at(5, 3), 2));
    assert_eq!([2, 3, 4, 6].map(|index| log.term(index)), [None, Some(2), Some(2), None]);
    assert_eq!(log.from(4, 9), entries(&[2, 3]));
    assert_eq!(log.from(3, 9), []);
    // A message that begins before the snapshot: what the snapshot has is the same.
    assert_eq!(log.accept(at(1, 1), &entries(&[1, 2, 2, 3, 3])), Up { to: 6, truncated: None });
    assert_eq!(terms(&log), [2, 3, 3]);
    assert_eq!(log.accept(at(0, 0), &entries(&[1])), Up { to: 1, truncated: None });
    assert_eq!(terms(&log), [2, 3, 3]);
}

/// A message that no leader has sent: entries behind a snapshot that are older than it.
#[test]
fn terms_never_go_back() {
    let mut log = Log::behind(at(5, 3));
    assert_eq!(log.accept(at(4, 1), &entries(&[1, 2])), Up { to: 5, truncated: None });
    assert_eq!((log.last(), log.len()), (at(5, 3), 0));
}

#[test]
fn a_snapshot_takes_the_place_of_what_is_before_it() {
    let mut same = log(&[1, 1, 2]);
    same.install(at(2, 1));
    assert_eq!(
        (same.base(), terms(&same)),
        (at(2, 1), vec![2]),
        "what follows the same entry stays"
    );
    let mut other = log(&[1, 1, 1]);
    other.install(at(2, 2));
    assert_eq!((other.base(), terms(&other)), (at(2, 2), vec![]));
    let mut far = log(&[1]);
    far.install(at(9, 4));
    assert_eq!((far.base(), far.last()), (at(9, 4), at(9, 4)));
}

#[test]
fn who_has_the_later_term_is_more_up_to_date_than_who_has_more() {
    assert!(at(1, 3).is_up_to_date(at(9, 2)));
    assert!(!at(9, 2).is_up_to_date(at(1, 3)));
    assert!(at(5, 2).is_up_to_date(at(5, 2)) && !at(4, 2).is_up_to_date(at(5, 2)));
}

/// A log as a leader of these terms could have made it.
fn any_log() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(0..3_u64, 0..12).prop_map(|steps| {
        let grown = steps.into_iter().scan(1, |term, step| {
            *term += step / 2;
            Some(*term)
        });
        grown.collect()
    })
}

proptest! {
    /// However a follower's log looks, a leader that looks where it is told has the same log there in the end, with
    /// no more questions than the follower's log has terms, and one.
    #[test]
    fn a_leader_finds_the_last_entry_that_both_have(mut mine in any_log(), other in any_log(), common in 0..9_usize) {
        // Up to some entry both logs are the same; the leader's goes on in a term of its own.
        let common = common.min(mine.len());
        let last = mine[..common].last().copied().unwrap_or(0);
        let theirs: Vec<u64> =
            mine[..common].iter().copied().chain(other.iter().map(|term| term + last)).collect();
        mine.truncate(common);
        mine.extend([last + 20, last + 20, last + 21]);
        let (leader, mut follower) = (log(&mine), log(&theirs));
        let mut terms_there: Vec<u64> = theirs.clone();
        terms_there.dedup();
        let mut next = leader.last().index;
        for question in 0.. {
            prop_assert!(question <= terms_there.len() + 1, "{question} questions");
            let before = at(next, leader.term(next).expect("it is there"));
            match follower.accept(before, leader.from(next + 1, 99)) {
                Up { to, .. } => {
                    prop_assert_eq!(to, leader.last().index);
                    break;
                }
                Conflict(Hint { term: None, index }) => next = index - 1,
                Conflict(Hint { term: Some(term), index }) => {
                    let looked = leader.last_up_to_term(term, next - 1);
                    next = if leader.term(looked) == Some(term) { looked } else { looked.min(index - 1) };
                }
            }
        }
        prop_assert_eq!(terms(&follower), terms(&leader));
    }

    #[test]
    fn what_is_encoded_is_decoded(term: u64, command: Vec<u8>, bytes: Vec<u8>) {
        let configuration = Configuration::of([simlab_core::NodeId(3)]);
        for payload in [
            Payload::Nothing, Payload::Command(command.clone()), Payload::Configuration(configuration.clone()),
        ] {
            let entry = Entry { term, payload };
            prop_assert_eq!(Entry::from_bytes(&entry.to_bytes()), Ok(entry));
        }
        if let Ok(read) = Entry::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }
}
