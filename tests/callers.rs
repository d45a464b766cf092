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

/// To call nobody takes no time, so that all calls would be over before there is a server.
#[test]
fn who_can_call_nobody_waits_before_the_next_call() {
    let catalogue = common::catalogue();
    let scenario = load(Source::new("early.toml", EARLY), &catalogue, &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let report = report(&scenario, &catalogue, 1, &[0], false).expect("it can be built");
    for check in &report.variants[0].checks {
        assert_eq!(check.status, Status::Passed, "{}: {}", check.check, check.detail);
    }
}
