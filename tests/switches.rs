//! Every switch: the check that it names catches it, and the same story and seed pass that
//! check with the switch off.
//!
//! The seeds are the first of 0..2,000 that `simlab sweep STORY --seeds 0..2000 --switch NAME` finds. If a
//! change of a protocol or of the storm moves them, sweep again and write down the new ones.

mod common;

use common::catalogue;
use simlab::scenarios::report::{Status, VariantReport, report};
use simlab::scenarios::{Catalogue, Source, lesson, load};
use std::collections::BTreeSet;

/// The storm of all faults that the services say they tolerate.
const STORM: &str = "kv_storm";
/// The same storm over shops that sell their own share.
const ESCROW: &str = "kv_storm of shop-escrow";
/// What no storm over full storehouses reaches: the last units.
const LAST_UNITS: &str = "switches/check_outside_write.toml";
/// A transport over links that do everything.
const TRANSPORT: &str = "transport_storm";
/// The same, and nodes that restart.
const RESTARTS: &str = "switches/transport_restarts.toml";
/// A round trip that grows.
const KARN: &str = "switches/karn.toml";
/// One fragment in a thousand is lost.
const LOST_FRAGMENT: &str = "switches/reassembly_without_timeout.toml";
/// Somebody who sends again what was sent.
const REPLAYS: &str = "switches/replay_window.toml";
/// Calls in a storm.
const CALLS: &str = "rpc_storm";
/// A call that is made for another.
const NESTED: &str = "switches/rpc_deadline.toml";
const BREAKER: &str = "switches/rpc_breaker.toml";
const DISCOVERY: &str = "discovery";
/// Raft in a storm, and the stories of the rules that it seldom needs.
const RAFT: &str = "raft_storm";
const FIGURE_8: &str = "raft_figure8";
const RAFT_VOTE: &str = "switches/raft_vote.toml";
const RAFT_STALE: &str = "switches/raft_stale_acknowledgement.toml";
const RAFT_READ: &str = "switches/raft_read.toml";
const RAFT_DRIFT: &str = "switches/raft_lease_drift.toml";
const RAFT_TRANSFER: &str = "switches/raft_lease_transfer.toml";
const RAFT_EARLY: &str = "switches/raft_change_before_commit.toml";
const RAFT_TWO: &str = "switches/raft_two_changes.toml";
const RAFT_LEARNER: &str = "switches/raft_learner.toml";
const RAFT_RANDOM: &str = "switches/raft_randomness.toml";
const RAFT_PRE_VOTE: &str = "switches/raft_pre_vote.toml";
const RAFT_QUORUM: &str = "switches/raft_check_quorum.toml";
/// Leases under clocks that drift and jump.
const CLOCKS: &str = "clock_drift";
/// Crashes around a write.
const CRASHES: &str = "crash_and_disk";

/// A run in which a switch is caught: switch, check, story, variant, seed.
type Caught = (&'static str, &'static str, &'static str, &'static str, u64);

const CAUGHT: &[Caught] = &[
    ("read-without-completing", "linearizable", STORM, "caspaxos", 48),
    ("quorum-of-half", "linearizable", STORM, "caspaxos", 5),
    ("ballots-without-node", "linearizable", STORM, "caspaxos", 47),
    ("promise-not-persisted", "linearizable", STORM, "caspaxos", 454),
    ("accept-below-promise", "linearizable", STORM, "caspaxos", 3),
    ("check-outside-write", "linearizable", LAST_UNITS, "majority", 1),
    ("applied-sales-forgotten", "conserved", STORM, "caspaxos", 5),
    ("acknowledge-before-sync", "linearizable", STORM, "caspaxos", 797),
    ("acknowledge-before-sync", "conserved", CRASHES, "majority", 1),
    ("acknowledge-before-sync", "conserved", STORM, "pn-counter", 23),
    ("gossip-before-sync", "entry_monotone", STORM, "pn-counter", 1),
    ("gossip-overwrites", "conserved", STORM, "pn-counter", 0),
    ("retry-without-deduplication", "conserved", STORM, "pn-counter", 2),
    ("no-duplicate-suppression", "exactly_once_in_order", TRANSPORT, "crc-32c", 0),
    ("gap-acknowledged", "exactly_once_in_order", TRANSPORT, "crc-32c", 0),
    ("checksum-header-only", "exactly_once_in_order", TRANSPORT, "crc-32c", 0),
    ("incarnation-unchecked", "exactly_once_in_order", RESTARTS, "crc-32c", 7),
    ("karn-ignored", "rtt_samples", KARN, "reliable", 0),
    ("reassembly-without-timeout", "no_stale_partial", LOST_FRAGMENT, "fragments", 1),
    ("gossip-before-sync", "entry_monotone", ESCROW, "pn-counter", 1),
    ("gossip-overwrites", "conserved", ESCROW, "pn-counter", 0),
    ("retry-without-deduplication", "conserved", ESCROW, "pn-counter", 2),
    ("lease-without-margin", "single_holder", CLOCKS, "margin", 0),
    ("lease-by-wall-clock", "single_holder", CLOCKS, "margin", 0),
    ("rpc-table-in-memory", "effects_once", CALLS, "durable", 0),
    ("rpc-separate-syncs", "effects_once", CALLS, "durable", 0),
    ("rpc-evict-and-execute", "effects_once", CALLS, "durable", 0),
    ("rpc-retry-with-new-id", "effects_once", CALLS, "durable", 0),
    ("rpc-reply-for-any-caller", "replies_match", CALLS, "durable", 0),
    ("rpc-deadline-not-passed-on", "no_work_past_deadline", NESTED, "default", 0),
    ("rpc-breaker-never-half-opens", "recovers", BREAKER, "default", 0),
    ("rpc-registry-never-drops", "directory_fresh", DISCOVERY, "failover", 0),
    ("replay-window-off", "exactly_once_in_order", REPLAYS, "mac", 0),
    ("replay-window-off", "exactly_once_in_order", REPLAYS, "aead", 0),
    ("raft-vote-not-persisted", "one_vote", RAFT_VOTE, "default", 0),
    ("raft-term-not-persisted", "terms_grow", RAFT, "index", 0),
    ("raft-acknowledge-before-sync", "leader_completeness", RAFT, "lease", 6),
    ("raft-vote-without-log-check", "one_vote", RAFT, "index", 0),
    ("raft-two-votes-in-a-term", "one_vote", RAFT, "lease", 0),
    ("raft-commit-older-term", "leader_completeness", FIGURE_8, "own-term", 0),
    ("raft-truncate-on-any-append", "commit_grows", RAFT, "index", 0),
    ("raft-apply-before-commit", "applied_is_committed", RAFT, "index", 0),
    ("raft-stale-acknowledgement", "leader_completeness", RAFT_STALE, "default", 0),
    ("raft-quorum-of-half", "one_leader", RAFT, "lease", 1),
    ("raft-read-without-round", "linearizable", RAFT_READ, "default", 0),
    ("raft-lease-ignores-drift", "linearizable", RAFT_DRIFT, "default", 0),
    ("raft-lease-kept-at-transfer", "linearizable", RAFT_TRANSFER, "default", 0),
    ("raft-change-before-commit", "leader_completeness", RAFT_EARLY, "default", 0),
    ("raft-two-changes", "leader_completeness", RAFT_TWO, "default", 0),
    ("raft-learner-counts", "leader_completeness", RAFT_LEARNER, "default", 0),
    ("raft-configuration-not-reverted", "configuration_of_log", RAFT, "index", 2),
    ("raft-snapshot-without-sessions", "same_state", RAFT, "index", 0),
    ("raft-snapshot-without-configuration", "configuration_of_log", RAFT, "index", 0),
    ("raft-snapshot-over-newer", "commit_grows", RAFT, "lease", 5),
    ("raft-no-randomness", "served_in_time", RAFT_RANDOM, "default", 0),
    ("raft-no-pre-vote", "leader_stable", RAFT_PRE_VOTE, "default", 0),
    ("raft-no-check-quorum", "progress_in_partition", RAFT_QUORUM, "default", 0),
];

fn source(story: &str) -> Source {
    match story {
        ESCROW => {
            let storm = lesson(STORM).expect("a lesson");
            Source::new(story, storm.text.replace("shop-pn-counter", "shop-escrow"))
        }
        _ if story.starts_with("switches/") => {
            let path = format!("{}/scenarios/{story}", env!("CARGO_MANIFEST_DIR"));
            Source::new(story, std::fs::read_to_string(path).expect("it can be read"))
        }
        _ => lesson(story).expect("a lesson"),
    }
}

/// How `check` came out in one variant with these switches on, and what it saw.
fn judge(
    catalogue: &Catalogue,
    (_, check, story, variant, seed): Caught,
    switches: &[&'static str],
) -> (Status, String) {
    let source = source(story);
    let loaded = load(source, catalogue, &[]);
    let mut scenario = loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let index = scenario.variants.iter().position(|known| known.name == variant);
    let index = index.expect("a variant");
    scenario.variants[index].switches = switches.to_vec();
    let report = report(&scenario, catalogue, seed, &[index], false)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let [VariantReport { checks, .. }] = &report.variants[..] else { panic!("one variant") };
    let judged = checks.iter().find(|judged| judged.name == check);
    let judged = judged.unwrap_or_else(|| panic!("{story} does not check {check}"));
    (judged.status, judged.detail.clone())
}

/// Each is caught by the check that it names, and it is the switch alone that makes it fail.
#[allow(clippy::print_stdout, reason = "a test that fails shows what was caught before")]
fn are_caught(which: impl Fn(&str) -> bool) {
    let catalogue = catalogue();
    for &case in CAUGHT.iter().filter(|(switch, ..)| which(switch)) {
        let (switch, check, story, variant, seed) = case;
        let (broken, detail) = judge(&catalogue, case, &[switch]);
        let run = format!("{story}, variant {variant}, seed {seed}");
        assert_eq!(broken, Status::Failed, "{check} does not see {switch} in {run}: {detail}");
        println!("{switch}, {run}: {detail}");
        let (sound, detail) = judge(&catalogue, case, &[]);
        assert_eq!(sound, Status::Passed, "{check} fails without {switch} in {run}: {detail}");
    }
}

#[test]
fn every_switch_is_caught() {
    are_caught(|switch| !switch.starts_with("raft-"));
}

/// Apart from the others, for `cargo mutants` (docs/mutants.md).
#[test]
fn every_switch_of_raft_is_caught() {
    are_caught(|switch| switch.starts_with("raft-"));
}

/// The table above leaves out no switch, nor a check that the switch names.
#[test]
fn every_switch_is_in_the_table() {
    let entries = simlab::protocols::entries().iter();
    let declared: BTreeSet<(&str, &str)> =
        entries.flat_map(|entry| entry.switches).map(|s| (s.name, s.caught_by)).collect();
    let shown: BTreeSet<(&str, &str)> =
        CAUGHT.iter().map(|(switch, check, ..)| (*switch, *check)).collect();
    let missing: Vec<_> = declared.difference(&shown).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
