//! The check `settled`: who still waits at the end, and for what.

mod common;

use simlab::core::{Duration, NodeId, Time};
use simlab::scenarios::report::{CheckReport, Status, report};
use simlab::scenarios::{Fault, Scenario, Source, load};
use simlab::sim::{Fault as Deed, Shape};
use std::collections::BTreeSet;

/// Three cities and a customer of the first, who sells a phone at second 2 and never gives up.
const STORY: &str = r#"
format = 1
name = "settled"
seed = 1
until = "5s"
title = "Who waits"
[[objects]]
name = "phone"
model = "stock"
initial = 30
[[nodes]]
name = "a"
service = "shop-caspaxos"
with = { share = 10, deadline = "never" }
[[nodes]]
name = "b"
service = "shop-caspaxos"
with = { share = 10, deadline = "never" }
[[nodes]]
name = "c"
service = "shop-caspaxos"
with = { share = 10, deadline = "never" }
[[nodes]]
name = "customer"
service = "shop-client"
with = { server = "a", timeout = "never" }
[network]
default = { delay = "1ms" }
[[operations]]
at = "2s"
clients = ["customer"]
do = { sell = 1 }
[[expect]]
check = "settled"
always = true
"#;

const A: NodeId = NodeId(0);
const CUSTOMER: NodeId = NodeId(3);

/// What the check says of the story with these faults: from second 1, or the time given, until a time or
/// the end.
fn settled(faults: Vec<(u64, Option<u64>, Deed)>) -> CheckReport {
    let catalogue = common::catalogue();
    let source = Source::new("settled.toml", STORY);
    let mut scenario: Scenario =
        load(source, &catalogue, &[]).unwrap_or_else(|p| panic!("{}", p.render(false)));
    let time = |ms| Time::ZERO + Duration::from_millis(ms);
    scenario.faults = faults
        .into_iter()
        .map(|(at, until, what)| Fault::new(time(at), until.map(time), what))
        .collect();
    let report = report(&scenario, &catalogue, 1, &[0], false).expect("it can be built");
    let checks = &report.variants[0].checks;
    checks.iter().find(|check| check.check == "settled").expect("it is expected").clone()
}

fn crash(nodes: &[u32]) -> Deed {
    Deed::Crash { nodes: nodes.iter().copied().map(NodeId).collect(), wiped: false }
}

#[test]
fn whoever_is_served_waits_for_nothing() {
    let check = settled(Vec::new());
    assert_eq!(
        (check.status, check.detail.as_str()),
        (Status::Passed, "nobody waits for anything")
    );
    let check = settled(vec![(1_000, None, crash(&[2]))]);
    assert_eq!(check.status, Status::Passed, "two of three are majority enough");
}

#[test]
fn whoever_is_cut_off_says_what_it_waits_for() {
    let check = settled(vec![(1_000, None, Deed::Cut(Shape::Isolated([A].into())))]);
    assert_eq!(check.status, Status::Failed);
    let words = "customer waits for the answer to phone sell 1, asked at 2.000 s";
    assert_eq!(check.detail, words, "its request was lost, and it never asks twice");
    let sides = vec![[A, CUSTOMER].into(), [NodeId(1), NodeId(2)].into()];
    let check = settled(vec![(1_000, None, Deed::Cut(Shape::Groups(sides)))]);
    assert_eq!(check.status, Status::Failed);
    let own = "a waits for 1 change of phone: promises for ballot 1.n0, 1 of 2";
    assert_eq!(check.detail, format!("{own}; {words}"));
}

#[test]
fn a_service_that_cannot_get_on_is_not_judged() {
    let check = settled(vec![(1_000, None, crash(&[1, 2]))]);
    assert_eq!(check.status, Status::Inconclusive);
    let words = "not judged: 2 of 3 nodes of shop-caspaxos are away at the end";
    assert_eq!(check.detail, words);
    let paused = BTreeSet::from([NodeId(1), NodeId(2)]);
    let check = settled(vec![(1_000, None, Deed::Pause(paused))]);
    assert_eq!((check.status, check.detail.as_str()), (Status::Inconclusive, words));
}

#[test]
fn what_a_crash_of_the_customer_left_open_nobody_waits_for() {
    let down = crash(&[1, 2]);
    let again = crash(&[CUSTOMER.0]);
    let check = settled(vec![(1_000, Some(4_000), down), (2_500, Some(3_000), again)]);
    assert_eq!(
        (check.status, check.detail.as_str()),
        (Status::Passed, "nobody waits for anything")
    );
}
