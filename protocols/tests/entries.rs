//! What the services say about themselves.

use simlab_core::{Entry, FaultKind, FaultModel, Role, Tolerance};
use std::collections::BTreeSet;

fn entry(name: &str) -> &'static Entry {
    let mut entries = simlab_protocols::entries().iter();
    entries.find(|entry| entry.name == name).expect("a service")
}

fn model(name: &str) -> &'static FaultModel {
    entry(name).faults.expect("it says what it tolerates")
}

#[test]
fn everybody_says_what_it_tolerates_each_kind_once() {
    let services = simlab_protocols::entries().iter().filter(|entry| entry.role != Role::Layer);
    for entry in services {
        let model = model(entry.name);
        let kinds: BTreeSet<FaultKind> = model.tolerates.iter().map(|t| t.kind).collect();
        assert_eq!(kinds.len(), model.tolerates.len(), "{}", entry.name);
        assert_eq!(kinds.contains(&FaultKind::Drift), model.drift_max > 0, "{}", entry.name);
        assert!(!model.summary.is_empty());
        for tolerates in model.tolerates {
            let nodes = |tolerance: Tolerance| tolerance.nodes(5);
            assert!(nodes(tolerates.safety) >= nodes(tolerates.liveness), "{tolerates:?}");
        }
    }
}

/// What a shop's disk must not do, and what a link must not do until it has checksums.
#[test]
fn no_shop_tolerates_a_disk_that_forgets() {
    use FaultKind::{Corrupt, Leave, LyingSync, Misdirect, Replay, Rot, Tamper, Wipe};
    for name in ["shop-caspaxos", "shop-pn-counter", "shop-escrow"] {
        for kind in [Corrupt, LyingSync, Misdirect, Replay, Rot, Tamper, Wipe] {
            assert_eq!(model(name).safety(kind), Tolerance::Never, "{name}, {kind}");
        }
        for kind in FaultKind::ALL {
            let outside = matches!(
                kind,
                Corrupt | LyingSync | Misdirect | Replay | Rot | Tamper | Wipe | Leave
            );
            assert!(outside || model(name).safety(kind) == Tolerance::Any, "{name}, {kind}");
        }
    }
    assert_eq!(model("shop-caspaxos").safety(Leave), Tolerance::Minority);
    assert_eq!(model("shop-pn-counter").safety(Leave), Tolerance::Never);
}

#[test]
fn every_shop_can_acknowledge_before_it_has_synced() {
    for name in ["shop-caspaxos", "shop-pn-counter", "shop-escrow"] {
        let mut switches = entry(name).switches.iter();
        let switch = switches.find(|switch| switch.name == "acknowledge-before-sync");
        assert_eq!(switch.map(|switch| switch.caught_by), Some("conserved"), "{name}");
    }
}

/// What it breaks, where that stands, and what catches it.
#[test]
fn every_switch_says_which_rule_it_leaves_out() {
    for entry in simlab_protocols::entries() {
        let names: BTreeSet<&str> = entry.switches.iter().map(|switch| switch.name).collect();
        assert_eq!(names.len(), entry.switches.len(), "{}: a name stands twice", entry.name);
        for switch in entry.switches {
            assert!(switch.breaks.contains('§'), "{}: {}", switch.name, switch.breaks);
            // What a layer leaves out, the service on it may notice.
            let judges = simlab_protocols::entries()
                .iter()
                .filter(|judge| judge.name == entry.name || entry.role == Role::Layer);
            let invariants = judges.flat_map(|judge| judge.invariants).map(|i| i.name);
            // What only a story can say is right has its name there.
            let of_stories = ["served_in_time", "leader_stable", "progress_in_partition"];
            let mut checks = invariants.chain(["linearizable", "conserved"]).chain(of_stories);
            assert!(checks.any(|check| check == switch.caught_by), "{}", switch.name);
        }
    }
}
