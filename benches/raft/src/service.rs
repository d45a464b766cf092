//! The service: clients of their own call the cluster by RPC, with sessions, and operations are checked as in every run.

use simlab_core::{NodeId, Time};
use simlab_scenarios::run::{Setup, build};
use simlab_scenarios::{Catalogue, Scenario, Source, load};
use simlab_sim::World;
use std::fmt::Write;

/// So many operations, in virtual time: a write of every client every eight milliseconds.
const EVERY_MICROS: u64 = 500;

/// A story of so many nodes, and sixteen clients who write.
pub fn story(nodes: u32, commands: u64) -> (Scenario, Catalogue) {
    let mut text = format!(
        "format = 1\nname = \"raft\"\nuntil = \"1h\"\ntitle = \"Writes\"\n\
         [[objects]]\nname = \"x\"\nmodel = \"kv\"\n\
         [network]\ndefault = {{ delay = {{ uniform = [\"1ms\", \"2ms\"] }} }}\n"
    );
    let mut put = |line: std::fmt::Arguments<'_>| text.write_fmt(line).expect("a text takes all");
    for node in 0..nodes {
        put(format_args!(
            "[[nodes]]\nname = \"n{node}\"\nservice = \"raft-kv\"\ndisk = {{ sync = \"1ms\" }}\n\
             with = {{ compact = 1000000000, batch = 1000, batch_bytes = 65536, window = 256 }}\n"
        ));
    }
    let clients: Vec<String> = (0..crate::CLIENTS).map(|n| format!("c{n}")).collect();
    for client in &clients {
        put(format_args!("[[nodes]]\nname = \"{client}\"\nservice = \"raft-client\"\n"));
    }
    let until = 2_000 + commands * EVERY_MICROS / 1_000;
    put(format_args!(
        "[[workloads]]\nclients = {clients:?}\ncount = {}\nfrom = \"2s\"\nuntil = \"{until}ms\"\n\
         mix = {{ write = 1 }}\namounts = [1, 1_000_000]\n",
        commands
    ));
    let catalogue = Catalogue::with(&[]);
    let scenario = load(Source::new("raft", text), &catalogue, &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    (scenario, catalogue)
}

/// Ready to run.
pub fn world((scenario, catalogue): &(Scenario, Catalogue)) -> World {
    let setup = Setup { scenario, catalogue, variant: 0, seed: 1, recording: false };
    build(setup).expect("the story can be run")
}

/// Runs until the last operation has ended; how many have.
pub fn run(world: &mut World, commands: u64) -> u64 {
    world.run_until(Time((4_000 + commands * EVERY_MICROS / 1_000) * 1_000_000));
    // Besides: the sessions of the clients, and the first entry of the term.
    let applied = world.inspect(NodeId(0)).and_then(|fields| fields.get_int(&["applied"]));
    assert!(applied.is_some_and(|applied| applied > commands as i64), "{applied:?}");
    commands
}
