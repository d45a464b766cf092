//! The work that is measured, the same for the kernel, the floors and the peers.
//!
//! * W1 *ping-pong*: two nodes, datagrams of 64 bytes, 1 to 10 ms of delay, one under way at a time.
//! * W2 *broadcast*: N nodes, each sends to the N − 1 others every 10 ms, 1 to 10 ms of delay. The
//!   nodes begin one after the other, spread over the first 10 ms.
//! * W3 *timers*: 1,000 nodes in groups of ten; the first of each sends a heart-beat to the others
//!   every 50 ms, and each that gets it sets back its election timer of 150 to 300 ms.
//!
//! Each takes how long it goes on, so that what is slow to measure can be measured on a part of it.

pub mod floor;
pub mod reset;
pub mod simlab;

/// The shortest delay of a datagram, in nanoseconds.
pub const DELAY_MIN: u64 = 1_000_000;
/// The longest.
pub const DELAY_MAX: u64 = 10_000_000;

/// W1: how many datagrams are delivered; two for a round trip.
pub const W1_DELIVERIES: u64 = 400_000;

/// W2: how often a node sends, in nanoseconds.
pub const W2_PERIOD: u64 = 10_000_000;
/// W2: about how many datagrams are delivered.
pub const W2_DELIVERIES: u64 = 2_000_000;
/// W2: with how many nodes it is measured.
pub const W2_NODES: [u32; 4] = [10, 50, 200, 1_000];

/// W2: how many times each of `nodes` sends.
#[must_use]
pub const fn w2_rounds(nodes: u32) -> u64 {
    let each = nodes as u64 * (nodes as u64 - 1);
    W2_DELIVERIES.div_ceil(each)
}

/// W2: how many datagrams `nodes` nodes get.
#[must_use]
pub const fn w2_deliveries(nodes: u32) -> u64 {
    w2_deliveries_in(nodes, w2_rounds(nodes))
}

/// W2: how many datagrams `nodes` nodes get in so many rounds.
#[must_use]
pub const fn w2_deliveries_in(nodes: u32, rounds: u64) -> u64 {
    rounds * nodes as u64 * (nodes as u64 - 1)
}

/// W2: when a node begins, in nanoseconds.
#[must_use]
pub const fn w2_begin(node: u32, nodes: u32) -> u64 {
    W2_PERIOD * node as u64 / nodes as u64
}

/// W3: how many groups there are.
pub const W3_GROUPS: u32 = 100;
/// W3: how many nodes a group has.
pub const W3_MEMBERS: u32 = 10;
/// W3: how often the first of a group sends, in nanoseconds.
pub const W3_PERIOD: u64 = 50_000_000;
/// W3: how many times it does.
pub const W3_ROUNDS: u64 = 1_000;
/// W3: how many heart-beats are delivered.
pub const W3_DELIVERIES: u64 = w3_deliveries(W3_ROUNDS);

/// W3: how many heart-beats are delivered in so many rounds.
#[must_use]
pub const fn w3_deliveries(rounds: u64) -> u64 {
    rounds * W3_GROUPS as u64 * (W3_MEMBERS as u64 - 1)
}

/// W3: how long a node waits for a heart-beat, in nanoseconds.
#[must_use]
pub const fn w3_patience(node: u32) -> u64 {
    150_000_000 + (node as u64 * 7_919 % 151) * 1_000_000
}
