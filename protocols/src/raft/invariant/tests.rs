//! What each law objects to, note by note, and what it lets pass.

use super::*;
use crate::raft::notes::{
    APPENDED, APPLIED, COMMITTED, CONFIGURATION, CONFIGURED, DECIDES, DEPOSED, FOLLOWS, GRANTED,
    INSTALLED, LEADS, RECOVERED, REMEMBERS, SNAPSHOT, STEPS_DOWN, TERM, TRUNCATED, VOTER, VOTERS,
    packed,
};
use simlab_core::{Fields, Seq, Time};
use std::num::NonZeroU64;

/// Three nodes have names.
struct Names;

impl View for Names {
    fn now(&self) -> Time {
        Time::ZERO
    }
    fn nodes(&self) -> u32 {
        3
    }
    fn name(&self, node: NodeId) -> &str {
        ["a", "b", "c"][node.index()]
    }
    fn service(&self, node: NodeId) -> &str {
        if node.0 < 100 { "cluster" } else { "another" }
    }
    fn inspect(&self, _node: NodeId) -> Option<Fields> {
        None
    }
}

/// Who notes what, with its two numbers.
type Note = (u32, &'static str, u64, u64);

/// What a law says of the last of these notes; it has nothing to say of those before.
fn objection(law: &str, notes: &[Note]) -> Option<String> {
    let law = INVARIANTS.iter().find(|invariant| invariant.name == law).expect("a law");
    let mut checker = (law.build)();
    assert_eq!(checker.name(), law.name);
    let (last, before) = notes.split_last().expect("a note");
    let mut judge = |&(node, name, a, b): &Note| {
        let (seq, at, kind) = (Seq(NonZeroU64::MIN), Time::ZERO, Kind::Noted { name, a, b });
        let node = Some(NodeId(node));
        let event = TraceEvent { seq, at, node, cause: None, kind, bytes: &[] };
        checker.on_event(&event, &Names).map(|violation| violation.detail)
    };
    for note in before {
        assert_eq!(judge(note), None, "{note:?} of {notes:?}");
    }
    judge(last)
}

#[track_caller]
fn objects(law: &str, why: &str, notes: &[Note]) {
    assert_eq!(objection(law, notes).as_deref(), Some(why));
}

#[track_caller]
fn is_content(law: &str, notes: &[Note]) {
    assert_eq!(objection(law, notes), None);
}

/// A node appends entries of these terms, from the first one on.
fn log(node: u32, terms: &[u64]) -> Vec<Note> {
    let entry = |(place, term): (usize, &u64)| (node, APPENDED, packed(*term, place as u64 + 1), 0);
    terms.iter().enumerate().map(entry).collect()
}

#[test]
fn a_term_has_one_leader() {
    let both = |other| [(0, LEADS, 7, 0), (0, LEADS, 7, 0), (other, LEADS, 7, 0)];
    objects("one_leader", "a and b are both leaders of term 7", &both(1));
    // Who has no name has a number.
    objects("one_leader", "a and n3 are both leaders of term 7", &both(3));
    is_content("one_leader", &[(0, LEADS, 7, 0), (1, LEADS, 8, 0)]);
}

#[test]
fn a_vote_is_given_once_and_remembered() {
    let granted = |candidate| (0, GRANTED, packed(3, candidate), 0);
    objects("one_vote", "a votes for b and for c in term 3", &[granted(1), granted(2)]);
    is_content("one_vote", &[granted(1), granted(1)]);
    let up = (0, RECOVERED, 0, 3);
    let forgotten = "a has forgotten in a crash that it voted for b in term 3";
    objects("one_vote", forgotten, &[granted(1), up, (0, CONFIGURED, 0, 0)]);
    objects("one_vote", forgotten, &[granted(1), up, (0, REMEMBERS, packed(3, 2), 0)]);
    // Something else that has the same numbers.
    objects("one_vote", forgotten, &[granted(1), up, (0, APPENDED, packed(3, 1), 0)]);
    is_content("one_vote", &[granted(1), up, (0, REMEMBERS, packed(3, 1), 0)]);
    is_content("one_vote", &[granted(1), (0, RECOVERED, 0, 4), (0, CONFIGURED, 0, 0)]);
}

#[test]
fn a_vote_is_for_a_log_that_is_up_to_date() {
    let decides = |last| [log(0, &[1, 2]), vec![(0, DECIDES, packed(3, 1), last)]].concat();
    let why = "a, whose log ends with 2.2, votes for b, whose log ends with 1.9";
    objects("one_vote", why, &decides(packed(1, 9)));
    is_content("one_vote", &decides(packed(2, 2)));
    // What a snapshot has in place of the log is no longer in it, and neither is what a crash took.
    let installed = [log(0, &[1, 2]), vec![(0, INSTALLED, packed(3, 9), 0)]].concat();
    let why = "a, whose log ends with 3.9, votes for b, whose log ends with 2.9";
    let vote = |last| vec![(0, DECIDES, packed(4, 1), last)];
    objects("one_vote", why, &[installed.clone(), vote(packed(2, 9))].concat());
    is_content("one_vote", &[installed, vote(packed(3, 9))].concat());
    let crashed = [log(0, &[1, 2]), vec![(0, RECOVERED, 0, 2)], log(0, &[1])].concat();
    is_content("one_vote", &[crashed, vote(packed(1, 1))].concat());
    let empty = [log(0, &[1, 2]), vec![(0, RECOVERED, 0, 2)]].concat();
    is_content("one_vote", &[empty, vote(0)].concat());
}

#[test]
fn terms_grow() {
    objects("terms_grow", "a is in term 2, after term 3", &[(0, TERM, 3, 0), (0, TERM, 2, 0)]);
    objects("terms_grow", "a is in term 2, after term 3", &[(0, TERM, 3, 0), (0, RECOVERED, 9, 2)]);
    is_content("terms_grow", &[(0, TERM, 3, 0), (0, TERM, 3, 0), (1, TERM, 1, 0)]);
}

#[test]
fn a_leader_takes_nothing_away() {
    let why = "a leads, and takes entries of its log away";
    for gone in [TRUNCATED, INSTALLED] {
        objects("leader_append_only", why, &[(0, LEADS, 1, 0), (0, gone, 1, 0)]);
        for over in [DEPOSED, STEPS_DOWN, FOLLOWS, RECOVERED] {
            is_content("leader_append_only", &[(0, LEADS, 1, 0), (0, over, 1, 0), (0, gone, 1, 0)]);
        }
    }
}

#[test]
fn logs_match() {
    let why = "a and b have different logs up to entry 2.3";
    objects("log_matching", why, &[log(0, &[1, 1, 2]), log(1, &[1, 2, 2])].concat());
    is_content("log_matching", &[log(0, &[1, 1, 2]), log(1, &[1, 1, 3])].concat());
    let other = [log(0, &[1]), vec![(1, APPENDED, packed(1, 1), 9)]].concat();
    objects("log_matching", "a and b have different logs up to entry 1.1", &other);
    // Behind a snapshot a log goes on.
    let snapshot = vec![(0, SNAPSHOT, packed(1, 2), 0), (0, APPENDED, packed(2, 4), 0)];
    let goes_on = [log(0, &[1, 1, 2]), snapshot, log(1, &[1, 1, 2, 2])].concat();
    is_content("log_matching", &goes_on);
    let differs = [log(0, &[1, 1, 2]), vec![(0, SNAPSHOT, packed(1, 2), 0)], log(1, &[1, 2, 2])];
    objects("log_matching", why, &differs.concat());
    // An older snapshot says nothing of it.
    let older = vec![(0, SNAPSHOT, packed(1, 3), 0), (0, SNAPSHOT, packed(1, 1), 0)];
    let older = [log(0, &[1, 1, 1, 2]), older, vec![(0, APPENDED, packed(2, 5), 0)]];
    let why = "a and b have different logs up to entry 2.5";
    objects("log_matching", why, &[older.concat(), log(1, &[1, 1, 1, 1, 2])].concat());
    // A snapshot in place of a log that does not have its last entry leaves nothing of it.
    let kept = |term| {
        let installed = vec![(0, INSTALLED, packed(term, 2), 0), (0, APPENDED, packed(5, 4), 0)];
        [log(0, &[1, 1, 3]), installed, log(1, &[1, term, 4, 5])].concat()
    };
    objects("log_matching", "a and b have different logs up to entry 5.4", &kept(1));
    is_content("log_matching", &kept(2));
}

#[test]
fn what_is_committed_is_the_same_everywhere() {
    let commits = |node, to| vec![(node, COMMITTED, to, 9)];
    let both =
        |own: &[u64], to| [log(0, &[1, 1]), commits(0, 2), log(1, own), commits(1, to)].concat();
    let why = "b commits another entry at 2 than a";
    objects("state_machine_safety", why, &both(&[1, 2], 2));
    is_content("state_machine_safety", &both(&[1, 2], 1));
    is_content("state_machine_safety", &both(&[1, 1], 2));
    let nothing = "a commits 3, which it does not have";
    objects("state_machine_safety", nothing, &[log(0, &[1, 1]), commits(0, 3)].concat());
    // A node that has lost in a crash what it has committed is compared anew.
    let crashed = [log(0, &[1, 1]), commits(0, 2), vec![(0, RECOVERED, 0, 1)], log(0, &[1, 2])];
    let why = "a commits 2, which it does not have";
    objects("state_machine_safety", why, &[crashed.concat(), commits(0, 2)].concat());
    // What nobody has committed before it, behind a snapshot of what nobody has.
    let behind = vec![(0, INSTALLED, packed(1, 5), 0), (0, APPENDED, packed(1, 6), 0)];
    let why = "a commits 6, which it does not have";
    objects("state_machine_safety", why, &[behind, commits(0, 6)].concat());
}

#[test]
fn leaders_have_what_was_committed() {
    let committed = |term| [log(0, &[1, 1]), vec![(0, COMMITTED, 2, term)]].concat();
    let leads = |term, before: Vec<Note>| [before, vec![(1, LEADS, term, 0)]].concat();
    let why = "b leads term 3 without entry 1.2, which a has committed in term 2";
    objects("leader_completeness", why, &[committed(2), leads(3, log(1, &[1, 2]))].concat());
    objects("leader_completeness", why, &[committed(2), leads(3, log(1, &[1]))].concat());
    is_content("leader_completeness", &[committed(2), leads(3, log(1, &[1, 1, 2]))].concat());
    // What is committed in its own term, or later, it need not have.
    is_content("leader_completeness", &[committed(2), leads(2, log(1, &[1]))].concat());
    // A snapshot that goes farther has it, and one that ends there if it ends so.
    let installed = |last| vec![(1, INSTALLED, last, 0)];
    is_content("leader_completeness", &[committed(2), leads(3, installed(packed(1, 5)))].concat());
    is_content("leader_completeness", &[committed(2), leads(3, installed(packed(1, 2)))].concat());
    let other = [committed(2), leads(3, installed(packed(2, 2)))].concat();
    objects("leader_completeness", why, &other);
}

/// It lacks the entry too who led before that was committed in an earlier term.
#[test]
fn who_leads_already_has_what_is_committed_in_an_earlier_term() {
    let law = "leader_completeness";
    let late = |term, has: &[u64], then: &[Note]| {
        let led = [log(0, &[1, 1]), log(1, has), vec![(1, LEADS, term, 0)], then.to_vec()];
        [led.concat(), vec![(0, COMMITTED, 2, 2)]].concat()
    };
    let why = "b leads term 3 without entry 1.2, which a has committed in term 2";
    objects(law, why, &late(3, &[1, 2], &[]));
    is_content(law, &late(3, &[1, 1], &[]));
    is_content(law, &late(2, &[1, 2], &[]));
    for over in [DEPOSED, STEPS_DOWN, FOLLOWS] {
        is_content(law, &late(3, &[1, 2], &[(1, over, 3, 0)]));
    }
    is_content(law, &late(3, &[1, 2], &[(1, RECOVERED, 0, 3)]));
    // What another has committed since is no news.
    let again = [late(3, &[1, 1], &[]), vec![(2, COMMITTED, 0, 2)]].concat();
    is_content(law, &again);
}

#[test]
fn what_a_node_knows_to_be_committed_grows() {
    let first = (0, COMMITTED, 5, 1);
    let less = [first, (0, COMMITTED, 4, 1)];
    objects("commit_grows", "a has committed 4 after 5", &less);
    is_content("commit_grows", &[first, first]);
    is_content("commit_grows", &[first, (0, RECOVERED, 0, 1), (0, COMMITTED, 3, 1)]);
    let gone = "a takes entry 5 away, and has committed 5";
    objects("commit_grows", gone, &[first, (0, TRUNCATED, 5, 0)]);
    is_content("commit_grows", &[first, (0, TRUNCATED, 6, 0)]);
    let back = "a goes back to a snapshot of 4 after it has committed 5";
    objects("commit_grows", back, &[first, (0, INSTALLED, packed(1, 4), 0)]);
    is_content("commit_grows", &[first, (0, INSTALLED, packed(1, 5), 0)]);
    let after = [(0, INSTALLED, packed(1, 7), 0), (0, TRUNCATED, 7, 0)];
    objects("commit_grows", "a takes entry 7 away, and has committed 7", &after);
}

#[test]
fn only_what_is_committed_is_applied_and_each_after_the_one_before() {
    let law = "applied_is_committed";
    let applies = |to: u64| (0, APPLIED, to, 0);
    objects(
        law,
        "a applies 2, and has committed 1",
        &[(0, COMMITTED, 1, 1), applies(1), applies(2)],
    );
    objects(law, "a applies 2 and not 1", &[(0, COMMITTED, 2, 1), applies(2)]);
    objects(law, "a applies 1 and not 2", &[(0, COMMITTED, 2, 1), applies(1), applies(1)]);
    is_content(law, &[(0, COMMITTED, 2, 1), applies(1), applies(2)]);
    // Who comes up, or has a leader's snapshot, says first what that has; others have committed it.
    let up = (0, RECOVERED, 0, 1);
    is_content(law, &[(1, COMMITTED, 4, 1), up, applies(4), (0, COMMITTED, 5, 1), applies(5)]);
    objects(law, "a applies 4, and has committed 3", &[(1, COMMITTED, 3, 1), up, applies(4)]);
    let skips = [(1, COMMITTED, 4, 1), up, applies(4), (0, COMMITTED, 6, 1), applies(6)];
    objects(law, "a applies 6 and not 5", &skips);
    let installed = (0, INSTALLED, packed(1, 7), 0);
    is_content(law, &[installed, applies(7), (0, COMMITTED, 8, 1), applies(8)]);
    objects(law, "a applies 8, and has committed 7", &[installed, applies(7), applies(8)]);
    objects(
        law,
        "a applies 4, and has committed 3",
        &[
            (0, COMMITTED, 3, 1),
            (1, COMMITTED, 9, 1),
            applies(1),
            applies(2),
            applies(3),
            applies(4),
        ],
    );
}

/// What a snapshot has a node says before it follows or leads, and before it commits anything.
#[test]
fn who_comes_up_with_nothing_applies_from_the_first_entry_on() {
    let law = "applied_is_committed";
    for later in [(0, FOLLOWS, 1, 1), (0, LEADS, 2, 0), (0, COMMITTED, 4, 1)] {
        let notes = [(1, COMMITTED, 4, 1), (0, RECOVERED, 0, 1), later];
        let why = match later.1 {
            COMMITTED => "a applies 4 and not 1",
            _ => "a applies 4, and has committed 0",
        };
        objects(law, why, &[&notes[..], &[(0, APPLIED, 4, 0)]].concat());
    }
}

/// What one cluster does says nothing of another one, whose terms and entries have the same numbers.
#[test]
fn clusters_are_judged_apart() {
    for invariant in INVARIANTS {
        let cluster = |node: u32| {
            let vote = (node, GRANTED, packed(1, node.into()), 0);
            let leads = vec![vote, (node, TERM, 1, 0), (node, LEADS, 1, 0)];
            let entry = (node, APPENDED, packed(1, 1), node.into());
            let applied = (node, APPLIED, 1, node.into());
            let commits = vec![entry, (node, COMMITTED, 1, 1), applied];
            [voters(node, &[node], &[]), leads, commits].concat()
        };
        is_content(invariant.name, &[cluster(1), cluster(101)].concat());
    }
    let leads = |node| (node, LEADS, 1, 0);
    is_content("one_leader", &[leads(1), leads(101)]);
    objects("one_leader", "a and b are both leaders of term 1", &[leads(0), leads(101), leads(1)]);
}

#[test]
fn an_entry_leads_to_one_state() {
    let applied = |node, digest| (node, APPLIED, 3, digest);
    let why = "a and b have different states after entry 3";
    objects("same_state", why, &[applied(0, 7), applied(1, 8)]);
    let why = "a has another state after entry 3 than it had before";
    objects("same_state", why, &[applied(0, 7), (0, RECOVERED, 0, 0), applied(0, 8)]);
    is_content("same_state", &[applied(0, 7), applied(1, 7), (1, APPLIED, 4, 8)]);
}

#[test]
fn in_force_is_the_last_configuration_of_the_log() {
    let law = "configuration_of_log";
    let begins = |node| (node, CONFIGURED, 0, 1);
    let adds = |node, index, digest| {
        vec![(node, APPENDED, packed(1, index), 0), (node, CONFIGURATION, packed(1, index), digest)]
    };
    let then = |before: Vec<Note>, last| [before, vec![last]].concat();
    let first = "b goes by another configuration than the first, which is that of its log";
    objects(law, first, &[begins(0), (1, CONFIGURED, 0, 2)]);
    let old = "a goes by another configuration than that of entry 1, the last of its log";
    objects(law, old, &then([vec![begins(0)], adds(0, 1, 2)].concat(), (0, CONFIGURED, 1, 1)));
    is_content(law, &then([vec![begins(0)], adds(0, 1, 2)].concat(), (0, CONFIGURED, 1, 2)));
    // What is taken away is not in force any more, nor what a crash took.
    let two = || [vec![begins(0)], adds(0, 1, 2), adds(0, 2, 3)].concat();
    for gone in [(0, TRUNCATED, 2, 0), (0, RECOVERED, packed(1, 1), 0)] {
        is_content(law, &then(then(two(), gone), (0, CONFIGURED, 1, 2)));
        objects(law, old, &then(then(two(), gone), (0, CONFIGURED, 1, 3)));
    }
    // A snapshot has the last that was committed up to it; what is behind it stays if the log goes on.
    let committed = || then(two(), (0, COMMITTED, 1, 1));
    let installed = |last| [committed(), vec![begins(1), (1, INSTALLED, last, 0)]].concat();
    is_content(law, &then(installed(packed(1, 4)), (1, CONFIGURED, 1, 2)));
    let why = "b goes by another configuration than that of entry 1, the last of its log";
    objects(law, why, &then(installed(packed(1, 4)), (1, CONFIGURED, 1, 3)));
    is_content(law, &then(installed(packed(1, 1)), (1, CONFIGURED, 1, 2)));
    let behind = |term| {
        let log = [adds(1, 1, 2), adds(1, 2, 3), vec![(1, APPENDED, packed(1, 3), 0)]].concat();
        let log = [committed(), vec![begins(1)], log, vec![(1, INSTALLED, packed(term, 1), 0)]];
        log.concat()
    };
    is_content(law, &then(behind(1), (1, CONFIGURED, 2, 3)));
    is_content(law, &then(behind(2), (1, CONFIGURED, 1, 2)));
}

#[test]
fn a_change_waits_for_the_one_before() {
    let law = "one_change";
    let changes = |index| (0, CONFIGURATION, packed(1, index), 0);
    let in_force = |index| (0, CONFIGURED, index, 0);
    let leads = (0, LEADS, 1, 0);
    let why = "a changes the cluster at 6 before its change at 5 is committed";
    objects(law, why, &[leads, changes(5), in_force(5), (0, COMMITTED, 4, 1), changes(6)]);
    is_content(law, &[leads, changes(5), in_force(5), (0, COMMITTED, 5, 1), changes(6)]);
    is_content(law, &[changes(5), in_force(5), changes(6)]);
    for over in [DEPOSED, STEPS_DOWN, FOLLOWS, RECOVERED] {
        is_content(law, &[leads, changes(5), in_force(5), (0, over, 1, 0), changes(6)]);
    }
    let installed = (0, INSTALLED, packed(1, 5), 0);
    is_content(law, &[in_force(5), installed, leads, changes(6)]);
    objects(law, why, &[installed, (0, RECOVERED, 0, 1), in_force(5), leads, changes(6)]);
}

/// What a node says of who votes, and who did before.
fn voters(node: u32, voters: &[u32], outgoing: &[u32]) -> Vec<Note> {
    let halves = (voters.len() as u64, outgoing.len() as u64);
    let voter = |half| move |who: &u32| (node, VOTER, u64::from(*who), half);
    let each = voters.iter().map(voter(0)).chain(outgoing.iter().map(voter(1)));
    std::iter::once((node, VOTERS, halves.0, halves.1)).chain(each).collect()
}

#[test]
fn majorities_are_counted_anew() {
    let law = "quorums";
    let vote = |node| (node, GRANTED, packed(4, 0), 0);
    let leads = (0, LEADS, 4, 0);
    let of = |(now, before): (&[u32], &[u32]), votes: &[Note]| {
        [voters(0, now, before), votes.to_vec(), vec![leads]].concat()
    };
    let why = "a leads term 4 with 1 votes of 3";
    let three: (&[u32], &[u32]) = (&[0, 1, 2], &[]);
    objects(law, why, &of(three, &[vote(0)]));
    is_content(law, &of(three, &[vote(0), vote(1)]));
    let four = "a leads term 4 with 2 votes of 4";
    objects(law, four, &of((&[0, 1, 2, 3], &[]), &[vote(0), vote(1)]));
    objects(law, four, &of((&[0, 1, 70, 4_000_000], &[]), &[vote(0), vote(1)]));
    let joint = "a leads term 4 with 1 votes of 2";
    objects(law, joint, &of((&[0, 1, 2], &[0, 2]), &[vote(0), vote(1)]));
    is_content(law, &of((&[0, 1, 2], &[0, 1]), &[vote(0), vote(1)]));
    // Who was a voter before this configuration is none for that.
    let changed = [voters(0, &[0, 1, 2], &[]), of((&[0], &[]), &[vote(0)])].concat();
    is_content(law, &changed);
    // Votes of another term, or for another, are not for this one.
    let others = [(1, GRANTED, packed(3, 0), 0), (1, GRANTED, packed(4, 1), 0)];
    objects(law, why, &of(three, &[vote(0), others[0], others[1]]));

    let led = || of(three, &[vote(0), vote(1)]);
    let commits = |to| vec![(0, COMMITTED, to, 4)];
    let with = |other: Vec<Note>| [led(), log(0, &[1, 4]), other, commits(2)].concat();
    let alone = "a commits entry 4.2, which 1 of 3 have";
    objects(law, alone, &with(log(1, &[1])));
    objects(law, alone, &with(log(1, &[1, 3])));
    is_content(law, &with(log(1, &[1, 4])));
    is_content(law, &with(vec![(2, INSTALLED, packed(4, 3), 0)]));
    is_content(law, &with(vec![(2, INSTALLED, packed(4, 2), 0)]));
    // Who does not lead says what others have counted.
    for over in [DEPOSED, STEPS_DOWN, FOLLOWS, RECOVERED] {
        let over = [led(), vec![(0, over, 4, 0)], log(0, &[1, 4]), commits(2)].concat();
        is_content(law, &over);
    }
}

/// Of a long run the last entries and votes are remembered, and judged as those of a short one.
#[test]
fn what_is_long_past_is_judged_no_more() {
    let all = REMEMBERED as u64 + 2;
    let with = |index: usize, term: u64| {
        let mut terms = vec![1; REMEMBERED + 2];
        terms[index - 1] = term;
        [log(0, &vec![1; REMEMBERED + 2]), vec![(0, COMMITTED, all, 1)], log(1, &terms)].concat()
    };
    let commits = |index: u64| [&with(index as usize, 2)[..], &[(1, COMMITTED, index, 2)]].concat();
    is_content("state_machine_safety", &commits(2));
    objects("state_machine_safety", "b commits another entry at 3 than a", &commits(3));
    objects("state_machine_safety", "b commits another entry at 65538 than a", &commits(all));
    let leads = |index| [&with(index, 2)[..], &[(1, LEADS, 2, 0)]].concat();
    is_content("leader_completeness", &leads(3));
    objects(
        "leader_completeness",
        "b leads term 2 without entry 1.65538, which a has committed in term 1",
        &leads(REMEMBERED + 2),
    );

    let differs = |index: u64| {
        let other = (1, APPENDED, packed(1, index), 7);
        [&log(0, &vec![1; REMEMBERED + 2])[..], &[other]].concat()
    };
    is_content("log_matching", &differs(2));
    objects("log_matching", "a and b have different logs up to entry 1.3", &differs(3));

    let each = |name: &'static str, number: &dyn Fn(u64) -> u64, last: Note| {
        (1..=all).map(|n| (0, name, number(n), 0)).chain([last]).collect::<Vec<_>>()
    };
    let again = |term: u64| each(LEADS, &|n| n, (1, LEADS, term, 0));
    is_content("one_leader", &again(2));
    objects("one_leader", "a and b are both leaders of term 3", &again(3));
    let again = |term| each(GRANTED, &|n| packed(n, 0), (0, GRANTED, packed(term, 1), 0));
    is_content("one_vote", &again(2));
    objects("one_vote", "a votes for a and for b in term 3", &again(3));
    let again = |index| each(APPLIED, &|n| n, (1, APPLIED, index, 7));
    is_content("same_state", &again(2));
    objects("same_state", "a and b have different states after entry 3", &again(3));

    let mut elected = vec![(0, VOTERS, 3, 0)];
    elected.extend([0, 1, 2].map(|node| (0, VOTER, node, 0)));
    elected.extend(each(GRANTED, &|n| packed(n, 0), (0, LEADS, 2, 0)));
    is_content("quorums", &elected);
    elected.push((0, LEADS, 3, 0));
    objects("quorums", "a leads term 3 with 1 votes of 3", &elected);
}

/// Of the configurations that a snapshot has the last one counts.
#[test]
fn the_last_configuration_of_a_snapshot_counts() {
    let adds = |index, digest| {
        [(0, APPENDED, packed(1, index), 0), (0, CONFIGURATION, packed(1, index), digest)]
    };
    let mut both = vec![(0, CONFIGURED, 0, 5), (1, CONFIGURED, 0, 5)];
    both.extend([adds(1, 6), adds(2, 7), adds(3, 8)].concat());
    both.push((0, COMMITTED, 2, 1));
    let goes_by = |node, then: &[Note], index, digest| {
        [&both[..], then, &[(node, CONFIGURED, index, digest)]].concat()
    };
    let why = "goes by another configuration than that of entry";
    let installs = [(1, INSTALLED, packed(1, 2), 0)];
    is_content("configuration_of_log", &goes_by(1, &installs, 2, 7));
    let last = format!("b {why} 2, the last of its log");
    objects("configuration_of_log", &last, &goes_by(1, &installs, 1, 6));
    // A crash takes the snapshot back, since it was not durable: then the one before counts.
    for (node, name, who) in [(0, SNAPSHOT, "a"), (1, INSTALLED, "b")] {
        let crashes = [(node, name, packed(1, 2), 0), (node, RECOVERED, packed(1, 1), 1)];
        is_content("configuration_of_log", &goes_by(node, &crashes, 1, 6));
        let last = format!("{who} {why} 1, the last of its log");
        objects("configuration_of_log", &last, &goes_by(node, &crashes, 2, 7));
    }
}
