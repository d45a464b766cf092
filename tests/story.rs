//! The table of the CAP lesson, row by row: who is told what, for every seed.

mod common;

use common::{all_variants, catalogue, scenario, seeds};
use simlab::core::history::{History, Record};
use simlab::core::{Call, Duration, NodeId, Outcome, Time, Value};
use simlab::scenarios::Scenario;

/// What a client was told, in a word.
fn told(record: &Record) -> String {
    match record.returned.as_ref().map(|(_, outcome)| outcome) {
        Some(Outcome::Done(Value::Int(units))) => units.to_string(),
        Some(Outcome::Done(Value::Bool(true))) => "done".to_owned(),
        Some(Outcome::Done(Value::Bool(false))) => "sold out".to_owned(),
        Some(Outcome::NotDone(_)) => "refused".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The operation that the story has `client` begin about `millis`: fillers are no part of the story,
/// so where there are reads of both kinds within the jitter all of them count.
fn answers(history: &History, client: NodeId, millis: u64, call: &Call) -> Vec<String> {
    let at = |ms| Time::ZERO + Duration::from_millis(ms);
    let window = at(millis - 100)..=at(millis + 100);
    let begun = history.records().iter().filter(|r| window.contains(&r.invoked.at));
    begun.filter(|r| r.op.node() == client && r.operation.call == *call).map(told).collect()
}

struct Row {
    millis: u64,
    call: Call,
    /// For each client that does it: who, and what it is told in each variant.
    told: &'static [(&'static str, [&'static str; 4])],
}

const B: &str = "customer-b";
const H: &str = "customer-h";
const S: &str = "customer-s";

/// The variants in the order of the file: consistent, available, wait, escrow.
fn table() -> Vec<Row> {
    let read = |millis, told| Row { millis, call: Call::Read, told };
    let sell = |millis, units, told| Row { millis, call: Call::Sell(units), told };
    vec![
        read(1_000, &[(B, ["60"; 4]), (H, ["60"; 4]), (S, ["60"; 4])]),
        sell(2_500, 1, &[(B, ["done"; 4])]),
        read(5_000, &[(B, ["59"; 4]), (H, ["59"; 4]), (S, ["59"; 4])]),
        Row { millis: 6_500, call: Call::TakeBack(1), told: &[(B, ["done"; 4])] },
        read(9_000, &[(B, ["60"; 4]), (H, ["60"; 4]), (S, ["60"; 4])]),
        sell(12_000, 1, &[(B, ["done"; 4])]),
        read(15_000, &[(B, ["59"; 4]), (H, ["59"; 4]), (S, ["refused", "60", "9", "60"])]),
        sell(18_000, 30, &[(B, ["done", "done", "done", "refused"])]),
        sell(21_000, 20, &[(H, ["done", "done", "done", "refused"])]),
        sell(24_000, 25, &[(S, ["refused", "done", "sold out", "done"])]),
        read(
            30_000,
            &[
                (B, ["9", "9", "9", "59"]),
                (H, ["9", "9", "9", "59"]),
                (S, ["refused", "35", "9", "35"]),
            ],
        ),
        read(
            44_000,
            &[
                (B, ["9", "-16", "9", "34"]),
                (H, ["9", "-16", "9", "34"]),
                (S, ["9", "-16", "9", "34"]),
            ],
        ),
        sell(46_000, 25, &[(S, ["sold out", "sold out", "sold out", "refused"])]),
        sell(48_000, 9, &[(S, ["done", "sold out", "done", "refused"])]),
    ]
}

fn client(scenario: &Scenario, name: &str) -> NodeId {
    scenario.node(name).expect("a client of the lesson").id
}

#[test]
fn everybody_is_told_what_the_table_says() {
    let catalogue = catalogue();
    let scenario = scenario("cap_partition", &catalogue);
    for seed in seeds((0..200).chain(u64::MAX - 20..=u64::MAX)) {
        let report = all_variants(&scenario, &catalogue, seed);
        for (index, variant) in report.variants.iter().enumerate() {
            let history = variant.run.world.history();
            for Row { millis, call, told } in table() {
                for (name, expected) in told {
                    let found = answers(history, client(&scenario, name), millis, &call);
                    assert!(
                        !found.is_empty() && found.iter().all(|told| told == expected[index]),
                        "second {}, {name}: {call}: told {found:?}, not {:?}\n\
                         replay: simlab log cap_partition --seed {seed} --variant {} --node {name}",
                        millis / 1_000,
                        expected[index],
                        variant.name,
                    );
                }
            }
        }
    }
}
