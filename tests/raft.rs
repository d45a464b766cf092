//! Raft as the lessons show it, in short: one seed of each lesson, with what the checks say. It is a part of what
//! `cargo mutants` runs (docs/mutants.md), so it takes seconds.

mod common;

use common::{all_variants, catalogue, lessons, scenario};
use simlab::scenarios::report::{Status, report};
use simlab::scenarios::{Source, load};
use std::fmt::Write;

/// One that no other test has.
const SEED: u64 = 20_142;

/// Golden: whoever changes Raft changes these. `SNAPSHOTS=overwrite cargo test --test raft` writes them anew.
#[test]
fn lessons_of_raft_are_as_ever() {
    let catalogue = catalogue();
    let mut out = String::new();
    for lesson in lessons().filter(|name| name.starts_with("raft_") || *name == "cap_leader") {
        let scenario = scenario(lesson, &catalogue);
        for variant in &all_variants(&scenario, &catalogue, SEED).variants {
            let (name, hash) = (&variant.name, variant.trace_hash);
            let _ = writeln!(out, "{lesson} {name} {hash:016x}");
            for check in variant.checks.iter().filter(|check| check.status != Status::Passed) {
                let _ = writeln!(out, "  {}: {:?}", check.name, check.status);
            }
        }
    }
    snapbox::assert_data_eq!(out, snapbox::file!["golden/raft.txt"]);
}

/// Why a cluster of two nodes cannot be, of which the second is told this.
fn refused(with: &str) -> String {
    let text = format!(
        "format = 1\nname = \"two\"\ntitle = \"Two\"\nuntil = \"1s\"\n\
         [[nodes]]\nname = \"n0\"\nservice = \"raft-kv\"\n\
         [[nodes]]\nname = \"n1\"\nservice = \"raft-kv\"\nwith = {{ {with} }}\n"
    );
    why_not(text)
}

/// Why a story cannot be run.
fn why_not(text: String) -> String {
    why_not_with(text, &[])
}

/// The same with settings of the command line.
fn why_not_with(text: String, set: &[(String, String)]) -> String {
    let catalogue = catalogue();
    let problems = match load(Source::new("story.toml", text), &catalogue, set) {
        Ok(scenario) => report(&scenario, &catalogue, 1, &[0], false).map(|_| ()),
        Err(problems) => Err(problems),
    };
    problems.expect_err("it cannot be run").render(false)
}

/// Why there is no operator with such parameters.
fn no_operator(with: &str) -> String {
    let text = format!(
        "format = 1\nname = \"one\"\ntitle = \"One\"\nuntil = \"1s\"\n\
         [[nodes]]\nname = \"n0\"\nservice = \"raft-kv\"\n\
         [[nodes]]\nname = \"operator\"\nservice = \"raft-operator\"\nwith = {{ {with} }}\n"
    );
    why_not(text)
}

#[test]
fn a_script_of_an_operator_of_raft_names_nodes_of_the_cluster() {
    let scripts = [
        "stand n0",
        "1s stan n0",
        "1s stand",
        "1s stand n9",
        "1s stand operator",
        "1s transfer n0 n0",
        "1s joint",
        "1s joint n0 + n0",
        "1s single + n0",
        "99999999999999s stand n0",
        "1s stand n0；2s stand n0",
        " ; ;; ",
    ];
    let told = scripts.map(|script| no_operator(&format!("script = \"{script}\"")));
    snapbox::assert_data_eq!(told.join("\n"), snapbox::file!["golden/raft_scripts.txt"]);
}

#[test]
fn an_operator_of_raft_has_no_parameter_that_does_nothing() {
    let told = [
        "script = \"1s stand n0\", every = \"2s\"",
        "after = \"10s\", until = \"5s\"",
        "least = 4, most = 3",
    ];
    let told = told.map(no_operator).join("\n");
    snapbox::assert_data_eq!(told, snapbox::file!["golden/raft_operators.txt"]);
}

#[test]
fn a_cluster_of_raft_agrees_on_its_leases_and_sessions() {
    snapbox::assert_data_eq!(
        [r#"session = "3s""#, r#"election = "300ms""#, "leases = false"].map(refused).join("\n"),
        snapbox::file!["golden/raft_refused.txt"]
    );
}

/// What cannot be is shown where it is said, be that at a node, in a variant or on the command line.
#[test]
fn what_raft_refuses_is_shown_where_it_is_said() {
    let story = "format = 1\nname = \"one\"\ntitle = \"One\"\nuntil = \"1s\"\n\
                 [[nodes]]\nname = \"n0\"\nservice = \"raft-kv\"\nwith = { heartbeat = \"80ms\" }\n\
                 [[variants]]\nname = \"slow\"\n";
    let variant = format!("{story}with = {{ raft-kv = {{ heartbeat = \"1s\" }} }}\n");
    let set = [("raft-kv.heartbeat".to_owned(), "2s".to_owned())];
    let told = [why_not(variant), why_not_with(story.to_owned(), &set)];
    snapbox::assert_data_eq!(told.join("\n"), snapbox::file!["golden/raft_places.txt"]);
}

/// Of two values that do not go together, the one is shown that somebody gave, at the node that differs from the others.
#[test]
fn what_raft_refuses_is_shown_where_it_was_said_and_not_where_nothing_was() {
    let node = |name: &str| format!("[[nodes]]\nname = \"{name}\"\nservice = \"raft-kv\"\n");
    let client = "[[nodes]]\nname = \"client\"\nservice = \"raft-client\"\n";
    let story = || {
        let head = "format = 1\nname = \"three\"\ntitle = \"Three\"\nuntil = \"1s\"\n";
        format!("{head}{}{client}", ["n0", "n1", "n2"].map(node).concat())
    };
    let told = [
        ("raft-kv.election", "50ms"),
        ("raft-kv.heartbeat", "0s"),
        ("raft-kv.check_quorum", "false"),
        ("raft-kv.session", "0s"),
        ("n0.session", "5s"),
        ("n2.drift", "10%"),
        ("client.attempt", "0s"),
        ("client.timeout", "0s"),
    ]
    .map(|(name, value)| why_not_with(story(), &[(name.to_owned(), value.to_owned())]));
    let lease = [("client.reads", "lease"), ("raft-kv.leases", "false")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let holds = story() + "[[objects]]\nname = \"x\"\nmodel = \"kv\"\ninitial = 5\n";
    let told = [told.join("\n"), why_not_with(story(), &lease), why_not(holds)];
    snapbox::assert_data_eq!(told.join("\n"), snapbox::file!["golden/raft_given.txt"]);
}
