//! The lessons, compiled in, so that they run from any folder.

use crate::Source;

/// The lessons as (name, text), in the order in which they are best taken.
pub const LESSONS: &[(&str, &str)] = &[
    ("cap_partition", include_str!("../cap_partition.toml")),
    ("cap_no_majority", include_str!("../cap_no_majority.toml")),
    ("cap_leader", include_str!("../cap_leader.toml")),
    ("lossy_link", include_str!("../lossy_link.toml")),
    ("crash_and_disk", include_str!("../crash_and_disk.toml")),
    ("clock_drift", include_str!("../clock_drift.toml")),
    ("slow_node", include_str!("../slow_node.toml")),
    ("outside_the_model", include_str!("../outside_the_model.toml")),
    ("checksums", include_str!("../checksums.toml")),
    ("lost_ack", include_str!("../lost_ack.toml")),
    ("sliding_window", include_str!("../sliding_window.toml")),
    ("retry_storm", include_str!("../retry_storm.toml")),
    ("transport_storm", include_str!("../transport_storm.toml")),
    ("fragmentation", include_str!("../fragmentation.toml")),
    ("tampering", include_str!("../tampering.toml")),
    ("end_to_end", include_str!("../end_to_end.toml")),
    ("hop_by_hop", include_str!("../hop_by_hop.toml")),
    ("rpc_call", include_str!("../rpc_call.toml")),
    ("rpc_semantics", include_str!("../rpc_semantics.toml")),
    ("rpc_restart", include_str!("../rpc_restart.toml")),
    ("long_call", include_str!("../long_call.toml")),
    ("async_calls", include_str!("../async_calls.toml")),
    ("worker_pool", include_str!("../worker_pool.toml")),
    ("rpc_transport", include_str!("../rpc_transport.toml")),
    ("version_skew", include_str!("../version_skew.toml")),
    ("rpc_mistakes", include_str!("../rpc_mistakes.toml")),
    ("discovery", include_str!("../discovery.toml")),
    ("load_balancing", include_str!("../load_balancing.toml")),
    ("overload", include_str!("../overload.toml")),
    ("raft_election", include_str!("../raft_election.toml")),
    ("raft_replication", include_str!("../raft_replication.toml")),
    ("raft_figure7", include_str!("../raft_figure7.toml")),
    ("raft_figure8", include_str!("../raft_figure8.toml")),
    ("raft_snapshot", include_str!("../raft_snapshot.toml")),
    ("raft_membership", include_str!("../raft_membership.toml")),
    ("raft_reads", include_str!("../raft_reads.toml")),
    ("raft_exactly_once", include_str!("../raft_exactly_once.toml")),
    ("rpc_storm", include_str!("../rpc_storm.toml")),
    ("failover_storm", include_str!("../failover_storm.toml")),
    ("raft_storm", include_str!("../raft_storm.toml")),
    ("kv_storm", include_str!("../kv_storm.toml")),
];

/// The lessons of which one run is as long as tens of the others.
pub const LONG_LESSONS: &[&str] = &[
    "checksums",
    "sliding_window",
    "retry_storm",
    "fragmentation",
    "end_to_end",
    "load_balancing",
    "overload",
];

/// The lesson of this name.
#[must_use]
pub fn lesson(name: &str) -> Option<Source> {
    let (name, text) = LESSONS.iter().find(|(known, _)| *known == name)?;
    Some(Source::new(*name, *text))
}
