//! The checkers of the models weaker than linearizability against oracles that try every order.
//!
//! Half of the histories are drawn from valid executions of the model, with at most one value
//! changed; in the others every read returns anything. The oracles are written from the definitions
//! and share nothing with the checkers; they find the first break by judging every prefix. That the
//! evidence is minimal is asked of them too, and so is every implication between the models.
//!
//! `SIMLAB_SEED=17 cargo test -p simlab-check --test weak` replays one history of each model,
//! `SIMLAB_HISTORIES=100000` judges more of them.

mod closure;
mod draw;
mod oracle;

use draw::{Drawn, Style, draw, history};
use oracle::{Given, Model};
use simlab_check::{
    Answer, Budget, CONSISTENCIES, Evidence, Limits, Subject, consistency, judge, lattice, model,
    staleness,
};
use simlab_core::Value;
use simlab_core::history::History;

const HISTORIES: u64 = 3_000;

const SMALL: Style = Style { compare_and_set: false, long: false };

fn seeds() -> std::ops::Range<u64> {
    let number = |name| {
        let text = std::env::var(name).ok();
        text.map(|text| text.parse::<u64>().expect("it is a number"))
    };
    match number("SIMLAB_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIMLAB_HISTORIES").unwrap_or(HISTORIES),
    }
}

fn answer(history: &History, kind: &str, name: &str) -> Answer {
    let initial = Value::Int(0);
    let model = model(kind).expect("it is in the table");
    let subject = Subject::new(history, model, &initial);
    let consistency = consistency(name).expect("it is in the table");
    judge(subject, consistency, Budget::of(Limits::default())).expect("the initial value fits")
}

/// Places of the evidence in the drawn history, and the return that it speaks of.
fn places(drawn: &[Drawn], evidence: &Evidence) -> (Vec<usize>, u64) {
    let place = |op| drawn.iter().position(|drawn| drawn.id() == op).expect("it was drawn");
    (evidence.operations.iter().map(|&op| place(op)).collect(), evidence.mark.seq.get())
}

fn assert_minimal(model: Model, drawn: &[Drawn], evidence: &Evidence, replay: &dyn Fn() -> String) {
    let (members, until) = places(drawn, evidence);
    assert!(evidence.minimal, "{evidence:?}; {}", replay());
    assert!(evidence.operations.is_sorted(), "{evidence:?}");
    assert!(
        !oracle::allows(model, &Given { drawn, until, members: Some(&members) }),
        "the evidence can be: {evidence:?}; {}",
        replay()
    );
    for without in 0..members.len() {
        let mut rest = members.clone();
        rest.remove(without);
        assert!(
            oracle::allows(model, &Given { drawn, until, members: Some(&rest) }),
            "operation {} is superfluous: {evidence:?}; {}",
            members[without],
            replay()
        );
    }
}

#[allow(clippy::print_stdout, reason = "the shares are worth seeing with --nocapture")]
fn compare(model: Model, kind: &str, style: Style) {
    let (mut fine, mut broken) = (0_u64, 0_u64);
    let seeds = seeds();
    let many = seeds.end - seeds.start > 1;
    for seed in seeds {
        let drawn = draw(seed, model, style);
        let history = history(&drawn);
        let replay = || format!("replay with SIMLAB_SEED={seed}: {drawn:?}");
        let expected = oracle::first_break(model, &drawn);
        let found = match answer(&history, kind, model.name()) {
            Answer::Satisfied => None,
            Answer::Violated(evidence) => {
                assert!(evidence.why.contains(", but "), "{}", evidence.why);
                assert_eq!(Some(evidence.mark.seq.get()), expected, "{evidence:?}; {}", replay());
                assert_minimal(model, &drawn, &evidence, &replay);
                Some(evidence.mark.seq.get())
            }
            other => panic!("{other:?}; {}", replay()),
        };
        assert_eq!(found, expected, "{}", replay());
        *(if found.is_none() { &mut fine } else { &mut broken }) += 1;
    }
    let all = fine + broken;
    println!("{} on {kind}: {fine} satisfied, {broken} violated", model.name());
    assert!(!many || fine.min(broken) * 100 >= all * 30, "{fine} satisfied, {broken} violated");
}

fn registers(model: Model) {
    compare(model, "register", SMALL);
}

fn with_compare_and_set(model: Model) {
    compare(model, "cas-register", Style { compare_and_set: true, long: false });
}

#[test]
fn read_your_writes_agrees_with_the_oracle() {
    registers(Model::ReadYourWrites);
    with_compare_and_set(Model::ReadYourWrites);
}

#[test]
fn monotonic_reads_agrees_with_the_oracle() {
    registers(Model::MonotonicReads);
    with_compare_and_set(Model::MonotonicReads);
}

#[test]
fn monotonic_writes_agrees_with_the_oracle() {
    registers(Model::MonotonicWrites);
    with_compare_and_set(Model::MonotonicWrites);
}

#[test]
fn writes_follow_reads_agrees_with_the_oracle() {
    registers(Model::WritesFollowReads);
    with_compare_and_set(Model::WritesFollowReads);
}

#[test]
fn pram_agrees_with_the_oracle() {
    registers(Model::Pram);
    with_compare_and_set(Model::Pram);
}

#[test]
fn causal_agrees_with_the_oracle() {
    registers(Model::Causal);
    with_compare_and_set(Model::Causal);
}

#[test]
fn sequential_agrees_with_the_oracle() {
    registers(Model::Sequential);
    with_compare_and_set(Model::Sequential);
}

/// On histories that are too long to try every order: the relation closed step by step.
#[allow(clippy::print_stdout, reason = "the shares are worth seeing with --nocapture")]
#[test]
fn the_levels_are_as_good_as_the_whole_relation() {
    let (mut fine, mut broken) = (0_u64, 0_u64);
    for seed in seeds().step_by(20) {
        for model in closure::MODELS {
            let style = Style { compare_and_set: seed % 40 == 0, long: true };
            let drawn = draw(seed, model, style);
            let answer = answer(&history(&drawn), "cas-register", model.name());
            let allowed = closure::allows(model, &drawn);
            let name = model.name();
            let found = answer == Answer::Satisfied;
            assert_eq!(found, allowed, "{name}, SIMLAB_SEED={seed}: {answer:?} {drawn:?}");
            *(if allowed { &mut fine } else { &mut broken }) += 1;
        }
    }
    println!("{fine} long histories satisfied, {broken} violated");
    assert!(fine.min(broken) * 100 >= (fine + broken) * 20 || fine + broken < 100);
}

/// What a model implies is allowed wherever the model is, and the lattice says the same as each
/// model alone.
#[test]
fn the_implications_hold() {
    let initial = Value::Int(0);
    let style = SMALL;
    for seed in seeds() {
        let drawn = draw(seed, Model::ALL[seed as usize % Model::ALL.len()], style);
        let history = history(&drawn);
        let register = model("register").expect("it is in the table");
        let subject = Subject::new(&history, register, &initial);
        let judged = lattice(subject, Budget::of(Limits::default())).expect("the value fits");
        let alone: Vec<Answer> = CONSISTENCIES
            .iter()
            .map(|consistency| answer(&history, "register", consistency.name))
            .collect();
        for (index, (standing, answer)) in judged.standings.iter().zip(&alone).enumerate() {
            assert_eq!(&standing.answer, answer, "SIMLAB_SEED={seed}: {drawn:?}");
            let violated = matches!(answer, Answer::Violated(_));
            assert!(violated || *answer == Answer::Satisfied, "{answer:?}");
            for weaker in standing.consistency.weaker() {
                let at = CONSISTENCIES.iter().position(|other| other.name == weaker.name);
                let weaker = &alone[at.expect("it is in the table")];
                let (a, b) = (CONSISTENCIES[index].name, at);
                let fine = violated || *weaker == Answer::Satisfied;
                assert!(fine, "{a} does not imply {b:?}; SIMLAB_SEED={seed}: {drawn:?}");
            }
        }
    }
}

/// Counted one by one: the writes that stand between what a read saw and the read.
#[test]
fn staleness_agrees_with_the_oracle() {
    let (initial, style) = (Value::Int(0), SMALL);
    for seed in seeds() {
        let drawn = draw(seed, Model::ALL[seed as usize % Model::ALL.len()], style);
        let history = history(&drawn);
        let register = model("register").expect("it is in the table");
        let subject = Subject::new(&history, register, &initial);
        let found = staleness(subject).expect("the values are unique");
        let replay = || format!("SIMLAB_SEED={seed}: {found:?} {drawn:?}");
        let missed: Vec<(usize, u64, u64)> = oracle::missed(&drawn);
        assert_eq!(found.stale, missed.len() as u64, "{}", replay());
        assert_eq!(found.versions, missed.iter().map(|m| m.1).max().unwrap_or(0), "{}", replay());
        assert_eq!(found.time.nanos(), missed.iter().map(|m| m.2).max().unwrap_or(0));
        let fresh = answer(&history, "register", "fresh");
        assert_eq!(matches!(fresh, Answer::Violated(_)), found.stale > 0, "{}", replay());
        if let Answer::Violated(evidence) = fresh {
            let first = missed.iter().map(|&(read, ..)| drawn[read].returned_at()).min();
            assert_eq!(Some(evidence.mark.seq.get()), first.flatten(), "{}", replay());
        }
        let worst = found.worst.map(|worst| (worst.versions, worst.time.nanos()));
        assert_eq!(worst, missed.iter().map(|&(_, versions, time)| (versions, time)).max());
    }
}

#[test]
fn convergence_agrees_with_the_oracle() {
    let style = SMALL;
    let mut broken = 0;
    for seed in seeds() {
        let drawn = draw(seed, Model::ALL[seed as usize % Model::ALL.len()], style);
        let found = answer(&history(&drawn), "register", "convergence");
        let violated = matches!(found, Answer::Violated(_));
        broken += u32::from(violated);
        assert_eq!(violated, !oracle::converges(&drawn), "{seed}: {found:?} {drawn:?}");
    }
    assert!(broken > 0 || seeds().count() == 1);
}
