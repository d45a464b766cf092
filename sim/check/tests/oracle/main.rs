//! The linearizability checker against an oracle that tries every order.
//!
//! Half of the histories are drawn from valid executions, with at most one value changed; in the others
//! every result is drawn. The oracle shares nothing with the checker: it has its own idea of what each
//! object does, finds the first break by judging every prefix, and knows on its own what evidence is.
//!
//! `SIMLAB_SEED=17 cargo test -p simlab-check --test oracle` replays one history of each kind, and
//! `SIMLAB_HISTORIES=100000` tries more of them.

#![allow(unreachable_pub, reason = "it is one test")]

mod brute;
mod draw;
mod subjects;

use brute::{impossible, oracle};
use draw::{Drawn, draw, history};
use simlab_check::{Limits, Linearizer, Verdict, model};
use simlab_core::history::{End, History, events};
use simlab_core::stream;
use simlab_core::{OpId, Outcome};
use std::collections::{BTreeMap, BTreeSet};
use subjects::{Subject, subjects};

type Orders = BTreeMap<String, Vec<OpId>>;

const HISTORIES: u64 = 2_000;

/// Goes along with the run, knowing nothing of what comes.
fn online(history: &History, linearizer: &mut Linearizer) -> Verdict {
    for (mark, end, record) in events(history.records()) {
        match (end, &record.returned) {
            (End::Returned, Some((_, outcome))) => linearizer.complete(record.op, outcome, mark),
            _ => linearizer.invoke(record.op, &record.operation),
        }
    }
    linearizer.verdict(history)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// The evidence must be impossible, and possible without any one of it.
fn check_evidence(subject: &Subject, drawn: &[Drawn], linearizer: &Linearizer, history: &History) {
    let evidence = linearizer.evidence(history).expect("it is broken");
    assert!(evidence.minimal, "few operations are all tried");
    let place = |op: &OpId| history.records().iter().position(|record| record.op == *op);
    let numbers: Vec<usize> = evidence.operations.iter().map(|op| op.number() as usize).collect();
    assert!(evidence.operations.iter().all(|op| place(op).is_some()), "they are of the history");
    let object = drawn[numbers[0]].object.clone();
    let held: BTreeSet<usize> = numbers.iter().copied().collect();
    assert!(impossible(subject, &object, drawn, &held), "{numbers:?} are possible together");
    for number in &numbers {
        let less = held.iter().copied().filter(|other| other != number).collect();
        let needless = impossible(subject, &object, drawn, &less);
        assert!(!needless, "{numbers:?} are impossible without {number} too");
    }
}

/// The witness must be an order of all that returned and some of the rest, in which no operation comes before one
/// that had returned before it began, and each returns what it did.
fn check_witness(subject: &Subject, objects: &[&str], drawn: &[Drawn], orders: &Orders) {
    for name in objects {
        let mut must: BTreeSet<usize> = (0..drawn.len())
            .filter(|&i| drawn[i].object == *name)
            .filter(|&i| matches!(drawn[i].returned, Some((_, Outcome::Done(_)))))
            .collect();
        let empty = Vec::new();
        let order = orders.get(*name).unwrap_or(&empty);
        let order: Vec<usize> = order.iter().map(|op| op.number() as usize).collect();
        let mut state = subject.start.clone();
        for (at, &i) in order.iter().enumerate() {
            let begun = drawn[i].invoked;
            let late = |j: &usize| matches!(drawn[*j].returned, Some((end, Outcome::Done(_))) if end < begun);
            assert!(!order[at + 1..].iter().any(late), "{order:?} is against real time at {i}");
            assert!(!order[..at].contains(&i), "{i} is twice in {order:?}");
            let does = (subject.does)(&state, &drawn[i].call);
            let (next, result) = does.expect("it is possible there");
            match &drawn[i].returned {
                Some((_, Outcome::Done(told))) => assert_eq!(*told, result, "{i} in {order:?}"),
                Some((_, Outcome::NotDone(_))) => panic!("{i} did not happen"),
                _ => {}
            }
            state = next;
            must.remove(&i);
        }
        assert!(must.is_empty(), "{must:?} are not in {order:?}");
    }
}

#[allow(clippy::print_stdout, reason = "the shares are worth seeing with --nocapture")]
fn compare(subject: &Subject, objects: &[&str]) {
    let only = number("SIMLAB_SEED");
    let many = number("SIMLAB_HISTORIES").unwrap_or(HISTORIES);
    let seeds = only.map_or(0..many, |seed: u64| seed..seed + 1);
    let (mut fine, mut broken) = (0, 0);
    for seed in seeds {
        let mut rng = stream(seed, subject.name);
        let drawn = draw(subject, objects, &mut rng);
        let history = history(&drawn);
        let expected = oracle(subject, objects, &drawn);
        let mut linearizer = Linearizer::new(Limits::default());
        let model = model(subject.model).expect("it is in the table");
        let object = model.object(&subject.initial).expect("it fits");
        let mut searched = Linearizer::new(Limits::default());
        searched.declare_others(object.searched());
        linearizer.declare_others(object);
        let (mut fresh, mut read) = (linearizer.clone(), linearizer.clone());
        linearizer.finish(&history);
        read.read(&history);
        let verdict = linearizer.verdict(&history);
        let replay = || format!("replay with SIMLAB_SEED={seed}: {drawn:?}");
        if let Verdict::NotLinearizable(first) = &verdict {
            assert!(first.why.contains(", but ") && !first.why.contains('\n'), "{}", replay());
        }
        let found = first_break(&verdict);
        assert_eq!(found, expected, "{verdict:?}; {}", replay());
        assert_eq!(read.verdict(&history), verdict, "read; {}", replay());
        assert_eq!(online(&history, &mut fresh), verdict, "online; {}", replay());
        searched.read(&history);
        assert_eq!(first_break(&searched.verdict(&history)), expected, "search; {}", replay());
        if found.is_none() {
            check_witness(subject, objects, &drawn, &linearizer.witness(&history));
        } else {
            check_evidence(subject, &drawn, &linearizer, &history);
            check_evidence(subject, &drawn, &fresh, &history);
        }
        *(if found.is_none() { &mut fine } else { &mut broken }) += 1;
    }
    let all = fine + broken;
    println!("{} on {objects:?}: {fine} linearizable, {broken} not", subject.name);
    let shares = [fine, broken].map(|n| 100 * n / all);
    assert!(only.is_some() || shares.iter().all(|&share| share >= 30), "{shares:?} %");
}

/// Where it broke, if it did.
fn first_break(verdict: &Verdict) -> Option<u64> {
    match verdict {
        Verdict::Linearizable => None,
        Verdict::NotLinearizable(first) => Some(first.seq.get()),
        // No return has this number.
        Verdict::Unknown { .. } => Some(u64::MAX),
    }
}

fn on_one(name: &str) {
    let subjects = subjects();
    let known = subjects.iter().filter(|subject| subject.model == name);
    let tried = known.map(|subject| compare(subject, &["x"])).count();
    assert!(tried > 0, "there is a {name}");
}

#[test]
fn registers_agree_with_the_oracle() {
    on_one("register");
}

#[test]
fn cas_registers_agree_with_the_oracle() {
    on_one("cas-register");
}

#[test]
fn keys_agree_with_the_oracle() {
    on_one("kv");
}

#[test]
fn stocks_agree_with_the_oracle() {
    on_one("stock");
}

#[test]
fn counters_agree_with_the_oracle() {
    on_one("counter");
}

#[test]
fn sets_agree_with_the_oracle() {
    on_one("set");
}

#[test]
fn queues_agree_with_the_oracle() {
    on_one("queue");
}

#[test]
fn locks_agree_with_the_oracle() {
    on_one("mutex");
}

#[test]
fn transactions_agree_with_the_oracle() {
    on_one("multi-register");
}

/// The oracle orders the operations on both objects together, the checker each on its own.
#[test]
fn objects_can_be_judged_one_by_one() {
    for subject in subjects().iter().filter(|subject| subject.model == "register") {
        compare(subject, &["x", "y"]);
    }
}
