//! What a remote procedure call costs: through the whole stack, by semantics and by layers, and what it takes to marshal.
//!
//! A caller makes one call after the other of a procedure that does nothing, in a whole run of the kernel with the trace off. All take
//! turns, many times, as machines are shared; what the least of each took is compared, counted by calls. So the figure of a
//! row is what a call costs more by it than one that is sent once on bare datagrams: at both ends, with all that is sent beside.
//! `cargo bench --bench rpc` prints tables.

#![allow(clippy::print_stdout, reason = "it is a program")]

#[path = "work/echo.rs"]
mod echo;
#[path = "work/marshalling.rs"]
mod marshalling;

use simlab_scenarios::run::{Setup, build};
use simlab_scenarios::{Catalogue, Scenario, Source, load};
use std::fmt::Write;
use std::time::Duration;

/// The allocator of `simlab`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// So often each is run.
const TURNS: usize = 15;
const CALLS: u64 = 10_000;

/// A row: its name, what the caller and the server are told, and what both stand on.
const ROWS: [(&str, &str, &str, &str); 17] = [
    ("maybe", "semantics = \"maybe\"", "", ""),
    ("at-least-once", "semantics = \"at-least-once\"", "", ""),
    ("at-most-once, in memory", "", "durable = false", ""),
    ("at-most-once, on disk", "", "durable = true", ""),
    ("maybe, steps noted", "semantics = \"maybe\", steps = true", "steps = true", ""),
    ("maybe, JSON", "semantics = \"maybe\", codec = \"json\"", "", ""),
    ("maybe, 1,000 bytes", "semantics = \"maybe\", size = 1000", "", ""),
    ("maybe, 1,000 bytes, JSON", "semantics = \"maybe\", size = 1000, codec = \"json\"", "", ""),
    ("maybe on crc-32c", "semantics = \"maybe\"", "", "\"crc-32c\""),
    ("maybe on fragments", "semantics = \"maybe\"", "", "\"fragments\""),
    ("maybe on reliable", "semantics = \"maybe\"", "", "\"reliable\""),
    ("maybe on hmac-sha-256", "semantics = \"maybe\"", "", "\"hmac-sha-256\""),
    ("maybe on aead", "semantics = \"maybe\"", "", "\"aead\""),
    ("maybe on fragments, crc-32c", "semantics = \"maybe\"", "", "\"fragments\", \"crc-32c\""),
    ("maybe on reliable, crc-32c", "semantics = \"maybe\"", "", "\"reliable\", \"crc-32c\""),
    ("at-most-once, on disk, on crc-32c", "", "durable = true", "\"crc-32c\""),
    (
        "at-most-once, on disk, on fragments, hmac-sha-256",
        "",
        "durable = true",
        "\"fragments\", \"hmac-sha-256\"",
    ),
];

/// A story of a caller and a server, and a variant for each row.
fn story() -> String {
    let mut text = format!(
        "format = 1\nname = \"rpc\"\nuntil = \"1h\"\ntitle = \"Calls\"\n\
         [[nodes]]\nname = \"caller\"\nservice = \"echo-caller\"\nwith = {{ server = \"server\", count = {CALLS} }}\n\
         [[nodes]]\nname = \"server\"\nservice = \"echo-server\"\n\
         [network]\ndefault = {{ delay = {{ uniform = [\"1ms\", \"10ms\"] }} }}\n"
    );
    for (n, (_, caller, server, stack)) in ROWS.iter().enumerate() {
        let variant = write!(
            text,
            "[[variants]]\nname = \"v{n}\"\nstack = [{stack}]\n\
             with = {{ echo-caller = {{ {caller} }}, echo-server = {{ {server} }} }}\n"
        );
        variant.expect("a text takes all");
    }
    text
}

#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures")]
fn timed(scenario: &Scenario, catalogue: &Catalogue, variant: usize) -> Duration {
    let setup = Setup { scenario, catalogue, variant, seed: 1, recording: false };
    let mut world = build(setup).expect("the story can be run");
    let begun = std::time::Instant::now();
    world.run_until(scenario.until);
    let taken = begun.elapsed();
    let caller = world.inspect(simlab_core::NodeId(0)).expect("it is up");
    assert_eq!(caller.get_int(&["returned"]), Some(CALLS as i64), "all return");
    taken
}

fn calls() {
    let catalogue = Catalogue::with(&[&echo::CALLER, &echo::SERVER]);
    let scenario = load(Source::new("rpc", story()), &catalogue, &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut taken = [const { Vec::new() }; ROWS.len()];
    for _ in 0..TURNS {
        for (variant, taken) in taken.iter_mut().enumerate() {
            let nanos = timed(&scenario, &catalogue, variant).as_nanos();
            taken.push(nanos as f64 / CALLS as f64);
        }
    }
    taken.iter_mut().for_each(|taken| taken.sort_unstable_by(f64::total_cmp));
    println!("| a call | ns: least | median | more than the first | calls a second |");
    println!("|---|---:|---:|---:|---:|");
    let first = taken[0][0];
    for ((name, ..), taken) in ROWS.iter().zip(&taken) {
        let (least, median, rate) = (taken[0], taken[TURNS / 2], 1e9 / taken[0]);
        println!("| {name} | {least:.0} | {median:.0} | {:.0} | {rate:.0} |", least - first);
    }
}

fn main() {
    marshalling::table();
    calls();
}
