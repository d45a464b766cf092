//! Callers of whoever a registry knows, from end to end.

mod common;

use simlab::scenarios::report::{Status, report};
use simlab::scenarios::{Source, load};

/// A server, and a caller that begins before anybody has registered and makes a call when the one before has ended.
const EARLY: &str = r#"
format = 1
name = "early"
seed = 1
until = "10s"
title = "A caller that is there first"
[[nodes]]
name = "registry"
service = "registry"
[[nodes]]
name = "account"
service = "account-server"
with = { announce = true }
[[nodes]]
name = "caller"
service = "account-caller"
with = { server = "registry", pace = "sequential", every = "50ms", count = 20 }
[network]
default = { delay = "10ms" }
[[expect]]
name = "most"
check = "field"
with = { node = "caller", field = "acknowledged" }
always = ">= 18"
"#;

/// A server for five calls a second of which two can wait, and ten that come: five that matter and five that may fail.
const CLASSES: &str = r#"
format = 1
name = "classes"
seed = 1
until = "30s"
title = "What matters least is refused"
[[nodes]]
name = "server"
service = "account-server"
with = { work = "190ms", workers = 1, queue = 2 }
[[nodes]]
name = "people"
service = "account-caller"
with = { server = "server", every = "200ms", count = 100, class = "critical", retransmit = "never" }
[[nodes]]
name = "batch"
service = "account-caller"
with = { server = "server", every = "200ms", count = 100, class = "sheddable", retransmit = "never", after = "70ms" }
[network]
default = { delay = "5ms" }
[[expect]]
name = "all_that_matters"
check = "field"
with = { node = "people", field = "acknowledged" }
always = 100
[[expect]]
name = "not_the_rest"
check = "field"
with = { node = "batch", field = "refused" }
always = ">= 80"
[[expect]]
name = "for_others"
check = "field"
with = { node = "server", field = "shed" }
always = ">= 10"
"#;

fn holds(name: &str, text: &str) {
    let catalogue = common::catalogue();
    let scenario = load(Source::new(name, text), &catalogue, &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let report = report(&scenario, &catalogue, 1, &[0], false).expect("it can be built");
    for check in &report.variants[0].checks {
        assert_eq!(check.status, Status::Passed, "{}: {}", check.check, check.detail);
    }
}

/// To call nobody takes no time, so that all calls would be over before there is a server.
#[test]
fn who_can_call_nobody_waits_before_the_next_call() {
    holds("early.toml", EARLY);
}

/// With one class for both, thirty of the calls that matter are refused too.
#[test]
fn what_matters_has_the_place_of_what_does_not() {
    holds("classes.toml", CLASSES);
}
