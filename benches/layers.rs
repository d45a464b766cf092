//! What each layer adds to a datagram.
//!
//! A source sends numbered messages of 64 bytes to a sink, on bare datagrams or on a layer, in a whole run of the
//! kernel with the trace off. All take turns, many times, as machines are shared; what the least of each took is
//! compared, counted by messages. So the figure of a layer is what a message costs more by it: at both ends, with all
//! that it sends beside (the acknowledgements of `reliable` are datagrams too). `cargo bench --bench layers`
//! prints a table.

#![allow(clippy::print_stdout, reason = "it is a program")]

use simlab_scenarios::run::{Setup, build};
use simlab_scenarios::{Catalogue, Scenario, Source, load};
use std::fmt::Write;
use std::time::Duration;

/// The allocator of `simlab`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// So often each is run.
const TURNS: usize = 15;
const MESSAGES: u64 = 50_000;

/// What a node stands on, and what of that is named in the table.
const STACKS: [(&str, &str); 19] = [
    ("nothing", "[]"),
    ("sum-8", "[\"sum-8\"]"),
    ("internet", "[\"internet\"]"),
    ("fletcher-16", "[\"fletcher-16\"]"),
    ("fletcher-32", "[\"fletcher-32\"]"),
    ("adler-32", "[\"adler-32\"]"),
    ("crc-16-arc", "[\"crc-16-arc\"]"),
    ("crc-16-ccitt-false", "[\"crc-16-ccitt-false\"]"),
    ("crc-32", "[\"crc-32\"]"),
    ("crc-32c", "[\"crc-32c\"]"),
    ("fragments", "[\"fragments\"]"),
    ("fragments of 300 bytes", "[{ layer = \"fragments\", mtu = 300 }]"),
    ("reliable", "[\"reliable\"]"),
    ("hmac-sha-256, no window", "[{ layer = \"hmac-sha-256\", window = 0 }]"),
    ("hmac-sha-256", "[\"hmac-sha-256\"]"),
    ("aead, no window", "[{ layer = \"aead\", window = 0 }]"),
    ("aead", "[\"aead\"]"),
    ("reliable on hmac-sha-256", "[\"reliable\", \"hmac-sha-256\"]"),
    ("reliable on aead", "[\"reliable\", \"aead\"]"),
];

/// A story of a source and a sink with messages of so many bytes, and a variant for each stack.
fn story(size: usize) -> String {
    let mut text = format!(
        "format = 1\nname = \"layers\"\nuntil = \"60s\"\ntitle = \"Layers\"\n\
         [[nodes]]\nname = \"source\"\nservice = \"message-source\"\n\
         with = {{ count = {MESSAGES}, every = \"1ms\", size = {size} }}\n\
         [[nodes]]\nname = \"sink\"\nservice = \"message-sink\"\n\
         [network]\ndefault = {{ delay = {{ uniform = [\"1ms\", \"10ms\"] }} }}\n"
    );
    for (n, (_, stack)) in STACKS.iter().enumerate() {
        let variant = write!(text, "[[variants]]\nname = \"v{n}\"\nstack = {stack}\n");
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
    let sink = world.inspect(simlab_core::NodeId(1)).expect("it is up");
    assert_eq!(sink.get_int(&["received"]), Some(MESSAGES as i64), "all arrive");
    taken
}

fn main() {
    let catalogue = Catalogue::with(&[]);
    println!("| bytes | on | ns a message: least | median | more than nothing |");
    println!("|---:|---|---:|---:|---:|");
    for size in [64, 1_024] {
        let source = Source::new("layers", story(size));
        let scenario = load(source, &catalogue, &[])
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let mut taken = [const { Vec::new() }; STACKS.len()];
        for _ in 0..TURNS {
            for (variant, taken) in taken.iter_mut().enumerate() {
                let nanos = timed(&scenario, &catalogue, variant).as_nanos();
                taken.push(nanos as f64 / MESSAGES as f64);
            }
        }
        taken.iter_mut().for_each(|taken| taken.sort_unstable_by(f64::total_cmp));
        let nothing = taken[0][0];
        for ((name, _), taken) in STACKS.iter().zip(&taken) {
            let (least, median) = (taken[0], taken[TURNS / 2]);
            println!("| {size} | {name} | {least:.0} | {median:.0} | {:.0} |", least - nothing);
        }
    }
}
