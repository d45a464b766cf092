//! What calls of a cluster of Raft come to, seen from outside: short stories of a few operations each. With `tests/raft.rs` it is
//! what `cargo mutants` runs for the service (docs/mutants.md).

use simlab::protocols::rpc;
use simlab::scenarios::Catalogue;
use simlab::scenarios::run::{Setup, build};
use simlab::scenarios::{Source, load};
use simlab_core::history::Record;
use simlab_core::wire::Encode;
use simlab_core::{Call, Duration, Entry, Env, Event, Kind, NodeId, Operation, Process, Time};
use simlab_sim::{Action, World};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Three nodes, of which n0 is told to stand, and a client; what is not on disk is late by 1 ms, what is sent by 5.
const CLUSTER: &str = r#"
format = 1
name = "three"
title = "Three"
until = "60s"
[[objects]]
name = "x"
model = "kv"
[[nodes]]
name = "n0"
service = "raft-kv"
[[nodes]]
name = "n1"
service = "raft-kv"
[[nodes]]
name = "n2"
service = "raft-kv"
[[nodes]]
name = "client"
service = "raft-client"
[[nodes]]
name = "operator"
service = "raft-operator"
with = { script = "100ms stand n0" }
[network]
default = { delay = "5ms" }
"#;

const N0: NodeId = NodeId(0);
const CLIENT: NodeId = NodeId(3);
const OPERATOR: NodeId = NodeId(4);

/// A story of the cluster.
struct Story {
    text: String,
    set: Vec<(String, String)>,
    switches: Vec<&'static str>,
}

impl Story {
    fn new() -> Self {
        Story { text: CLUSTER.to_owned(), set: Vec::new(), switches: Vec::new() }
    }

    /// With a parameter of a node, or of all that run a service.
    fn with(mut self, parameter: &str, value: &str) -> Self {
        self.set.push((parameter.to_owned(), value.to_owned()));
        self
    }

    /// With an operation of the client.
    fn asks(mut self, at: &str, what: &str) -> Self {
        let _ = write!(
            self.text,
            "[[operations]]\nat = \"{at}\"\nclients = [\"client\"]\ndo = {what}\n"
        );
        self
    }

    /// With a fault for a time.
    fn suffers(mut self, at: &str, until: &str, what: &str) -> Self {
        let number = self.text.matches("[[faults]]").count();
        let _ = write!(
            self.text,
            "[[faults]]\nname = \"{number}\"\nat = \"{at}\"\nuntil = \"{until}\"\ndo = {what}\n"
        );
        self
    }

    /// The world of the story at a time in milliseconds.
    fn at(self, ms: u64) -> World {
        self.prepared(ms, |_| {})
    }

    fn prepared(self, ms: u64, prepare: impl FnOnce(&mut World)) -> World {
        let catalogue = Catalogue::with(&[&STRAY]);
        let mut scenario = load(Source::new("three.toml", self.text), &catalogue, &self.set)
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        scenario.variants[0].switches = self.switches;
        let setup = Setup {
            scenario: &scenario,
            catalogue: &catalogue,
            variant: 0,
            seed: 1,
            recording: true,
        };
        let built = build(setup);
        let mut world = built.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        prepare(&mut world);
        world.run_until(Time::ZERO + Duration::from_millis(ms));
        assert!(world.findings().is_empty(), "{:?}", world.findings());
        world
    }
}

/// Gives the client an order at a time in milliseconds.
fn order(world: &mut World, ms: u64, bytes: &[u8]) {
    let (node, bytes) = (CLIENT, bytes.into());
    world.schedule(Time::ZERO + Duration::from_millis(ms), Action::Command { node, bytes });
}

/// How the operations of clients ended, in the order in which they began.
fn told(world: &World) -> Vec<String> {
    let end = |record: &Record| match &record.returned {
        Some((_, outcome)) => outcome.to_string(),
        None => "open".to_owned(),
    };
    world.history().records().iter().map(end).collect()
}

/// A field of a node's state, in words.
fn field(world: &World, node: NodeId, name: &str) -> Option<String> {
    world.inspect(node)?.get(&[name]).map(ToString::to_string)
}

/// What a node sent, as the dissector of who calls tells it, if it begins with this.
fn sent(world: &World, node: NodeId, beginning: &str) -> Vec<String> {
    let catalogue = Catalogue::with(&[&STRAY]);
    let dissect = catalogue.service("raft-client").and_then(|entry| entry.dissect);
    let dissect = dissect.expect("clients have a dissector");
    let trace = world.trace().expect("it is recorded");
    let of = trace.iter().filter(|event| event.node == Some(node));
    let sent = of.filter(|event| matches!(event.kind, Kind::Sent { .. }));
    let told = sent.filter_map(|event| dissect(event.bytes)).map(|dissected| dissected.summary);
    told.filter(|told| told.starts_with(beginning)).collect()
}

/// How often a node has noted something.
fn noted(world: &World, node: NodeId, what: &str) -> usize {
    let trace = world.trace().expect("it is recorded");
    let of = trace.iter().filter(|event| event.node == Some(node));
    of.filter(|event| matches!(event.kind, Kind::Noted { name, .. } if name == what)).count()
}

#[test]
fn a_client_of_raft_shows_what_it_waits_for() {
    let asks = || Story::new().asks("2s", "{ write = 1 }").asks("2010ms", "\"read\"");
    let world = asks().at(1_900);
    assert_eq!(field(&world, CLIENT, "open").as_deref(), Some("0"));
    assert_eq!(field(&world, CLIENT, "waiting"), None);
    assert_eq!(field(&world, CLIENT, "session"), None);
    let world = asks().at(2_015);
    assert_eq!(field(&world, CLIENT, "open").as_deref(), Some("2"));
    assert_eq!(field(&world, CLIENT, "waiting").as_deref(), Some("x write 1; x read"));
    let world = asks().at(3_000);
    assert_eq!(told(&world), ["nil", "nil"]);
    assert!(field(&world, CLIENT, "session").is_some());
    assert_eq!(field(&world, CLIENT, "leader").as_deref(), Some("n0"));
}

#[test]
fn a_client_of_raft_is_sent_to_the_leader_once() {
    let redirected = |leader: &str| {
        let script = format!("100ms stand {leader}");
        let story = Story::new().with("operator.script", &script).asks("2s", "{ write = 1 }");
        let world = story.asks("3s", "{ write = 2 }").at(9_000);
        assert_eq!(field(&world, CLIENT, "leader").as_deref(), Some(leader));
        field(&world, CLIENT, "redirected").and_then(|times| times.parse::<u32>().ok())
    };
    assert_eq!((redirected("n0"), redirected("n2")), (Some(0), Some(1)));
}

#[test]
fn what_raft_does_not_serve_is_refused() {
    // Nothing but truth values and numbers is kept with such a first byte.
    let (none, some) = (r#""\u0001""#, "1");
    let world = Story::new()
        .asks("3s", &format!("{{ write = {none} }}"))
        .asks("4s", &format!("{{ cas = [{none}, {some}] }}"))
        .asks("5s", &format!("{{ cas = [{some}, {none}] }}"))
        .prepared(9_000, |world| {
            for call in [Call::Sell(1), Call::Append("\u{1}".to_owned())] {
                let operation = Operation { object: "x".to_owned(), call };
                order(world, 6_000, &operation.to_bytes());
            }
        });
    let refused = "not done: refused: the service has no such operation";
    assert_eq!(told(&world), [refused; 5]);
}

/// The model of a key says so too: without it a history with both would be impossible.
#[test]
fn nothing_is_appended_to_a_number_of_raft() {
    let world = Story::new()
        .asks("2s", "{ write = 5 }")
        .asks("3s", r#"{ append = "x" }"#)
        .asks("4s", "\"read\"")
        .asks("5s", r#"{ write = "a" }"#)
        .asks("6s", r#"{ append = "x" }"#)
        .asks("7s", "\"read\"")
        .at(9_000);
    let refused = "not done: nothing is appended to what is no text";
    assert_eq!(told(&world), ["nil", refused, "5", "nil", "nil", "\"ax\""]);
}

#[test]
fn two_clusters_of_raft_are_judged_apart() {
    let mut story = Story::new();
    story.text = story.text.replace("[[objects]]\nname = \"x\"\nmodel = \"kv\"\n", "");
    for node in ["a", "b", "c"] {
        let shop = "service = \"shop-raft\"\nwith = { share = 20 }";
        let _ = write!(story.text, "[[nodes]]\nname = \"{node}\"\n{shop}\n");
    }
    let world = story.at(9_000);
    let led = |nodes: [u32; 3]| nodes.map(|node| noted(&world, NodeId(node), "raft.leads"));
    assert!(led([0, 1, 2]).iter().sum::<usize>() > 0 && led([5, 6, 7]).iter().sum::<usize>() > 0);
}

/// Sends everybody what nobody can read: of no port that they have, and as a call.
#[derive(Clone, Debug, Hash)]
struct Stray;

impl Process for Stray {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if event == Event::Start {
            for node in (0..5).map(NodeId) {
                env.send(node, &[7, 99][..]);
                env.send(node, &[0xff, rpc::PORT.0.get()][..]);
            }
        }
    }
}

static STRAY: Entry = Entry::client("stray", "sends what nobody reads", |_| Ok(Box::new(Stray)));

#[test]
fn what_nobody_of_raft_can_read_is_noted() {
    let mut story = Story::new();
    story.text += "[[nodes]]\nname = \"stray\"\nservice = \"stray\"\n";
    let world = story.prepared(1_000, |world| order(world, 100, &[0xff; 3]));
    for node in [CLIENT, OPERATOR] {
        assert_eq!(noted(&world, node, "bad datagram"), 2, "{node}");
    }
    assert_eq!(noted(&world, N0, "bad datagram"), 1);
    assert_eq!(noted(&world, CLIENT, "bad command"), 1);
}

/// The leader takes the write down, steps down since it hears nobody, and says so: another leader may still find the entry
/// in a log. Who would lead then cannot be asked, so nothing that was sent is open.
#[test]
fn what_a_deposed_leader_of_raft_took_down_is_doubtful() {
    let apart = "{ partition = [[\"n0\", \"client\"], [\"n1\", \"n2\", \"operator\"]] }";
    let world = Story::new()
        .with("raft-client.attempt", "9s")
        .with("raft-client.timeout", "6s")
        .asks("2s", "{ write = 1 }")
        .asks("3s", "{ write = 2 }")
        .suffers("2900ms", "20s", apart)
        .at(20_000);
    assert_eq!(told(&world), ["nil", "unknown: timed out"]);
}

#[test]
fn a_client_of_raft_opens_another_session_when_it_has_not_written_for_so_long() {
    // The first write is answered at 2.020 s, in a session that was opened by then.
    let opened = |operations: &[(&str, &str)]| {
        let mut story = Story::new().with("client.renew", "1s");
        for (at, what) in operations {
            story = story.asks(at, what);
        }
        let world = story.at(12_000);
        let session =
            |told: &String| Some(told.split_once("session: ")?.1.split_once(',')?.0.to_owned());
        sent(&world, CLIENT, "request").iter().filter_map(session).collect::<BTreeSet<_>>().len()
    };
    let (write, read) = ("{ write = 1 }", "\"read\"");
    assert_eq!(opened(&[("2s", read)]), 0);
    assert_eq!(opened(&[("2s", write), ("2500ms", write)]), 1);
    assert_eq!(opened(&[("2s", write), ("9s", write)]), 2);
    assert_eq!(opened(&[("2s", write), ("2900ms", read), ("3500ms", write)]), 2, "reads use none");
}

#[test]
fn a_value_of_raft_that_would_be_too_long_is_refused_and_what_is_sent_twice_is_doubtful() {
    // Text by text it gets as long as a value may be, and then longer.
    let text = "x".repeat(1 << 14);
    let append = format!("{{ append = \"{text}\" }}");
    let full = || {
        let full =
            (0..4).fold(Story::new(), |story, n| story.asks(&format!("{}s", 2 + n), &append));
        full.asks("10s", "{ append = \"y\" }")
    };
    let long = full().at(15_000);
    assert_eq!(told(&long), ["nil", "nil", "nil", "nil", "not done: the value would be too long"]);
    // The first answer is lost, so that the second may be of what was done by the first copy.
    let answers = "{ one_way = { from = [\"n0\"], to = [\"client\"] } }";
    let twice = full().suffers("10s", "10300ms", answers).at(15_000);
    assert_eq!(told(&twice)[4], "unknown: the value would be too long");
}

#[test]
fn without_check_quorum_raft_has_no_lease() {
    let apart = "{ partition = [[\"n0\", \"client\"], [\"n1\", \"n2\", \"operator\"]] }";
    let story = || {
        let story = Story::new().with("client.reads", "lease").with("client.timeout", "1s");
        story.asks("2s", "{ write = 1 }").asks("3050ms", "\"read\"").suffers("3s", "20s", apart)
    };
    assert_eq!(told(&story().at(9_000)), ["nil", "1"]);
    let without = Story { switches: vec!["raft-no-check-quorum"], ..story() };
    assert_eq!(told(&without.at(9_000)), ["nil", "unknown: timed out"]);
}

/// The leader and who asks it, apart from the others, from 3 s on.
fn alone() -> Story {
    let apart = "{ partition = [[\"n0\", \"client\", \"operator\"], [\"n1\", \"n2\"]] }";
    Story::new().with("client.attempt", "9s").suffers("3s", "20s", apart)
}

#[test]
fn a_leader_of_raft_shows_how_many_calls_wait_for_it() {
    let script = "100ms stand n0; 3100ms single n0 n1";
    let story = alone().with("operator.script", script).asks("2s", "{ write = 1 }");
    let story = story.asks("3100ms", "{ write = 2 }").asks("3100ms", "\"read\"");
    let world = story.at(3_300);
    let waiting = field(&world, N0, "waiting").expect("they wait");
    assert!(waiting.starts_with("the answers to 3 calls; "), "{waiting}");
    let waiting = field(&alone().at(2_900), N0, "waiting");
    assert!(!waiting.is_some_and(|waiting| waiting.contains("calls")));
}

#[test]
fn a_leader_of_raft_takes_down_many_calls() {
    let mut story = alone().asks("2s", "{ write = 0 }");
    for n in 0..70 {
        story = story.asks("3100ms", &format!("{{ write = {n} }}")).asks("3100ms", "\"read\"");
    }
    // Each was asked for once: none was told to come again.
    let world = story.at(3_400);
    let requests = sent(&world, CLIENT, "request");
    let kinds = ["open(", "put(", "get("];
    let count = |kind| requests.iter().filter(|request| request.contains(kind)).count();
    assert_eq!(kinds.map(count), [1, 71, 70]);
}

#[test]
fn a_goal_of_raft_is_reached_when_a_session_has_ended() {
    let ended = |session| {
        let story = Story::new().with("raft-kv.session", session);
        let world = story.asks("2s", "{ write = 1 }").asks("9s", "{ write = 2 }").at(12_000);
        assert_eq!(told(&world), ["nil", "nil"]);
        world.reached("session-expired")
    };
    assert_eq!((ended("3s"), ended("30s")), (true, false));
}

#[test]
fn nodes_and_clients_of_raft_are_told_in_words() {
    let world = Story::new().asks("2s", "{ write = 1 }").at(2_015);
    let catalogue = Catalogue::with(&[]);
    let headline = |node, service| {
        let inspector = catalogue.service(service).and_then(|entry| entry.inspector);
        inspector.expect("it has one")(&world.inspect(node).expect("it is up")).headline
    };
    assert_eq!(headline(N0, "raft-kv").as_deref(), Some("leader, term 1"));
    assert_eq!(headline(CLIENT, "raft-client").as_deref(), Some("waits for 1"));
    let world = Story::new().at(2_000);
    let client = catalogue.service("raft-client").and_then(|entry| entry.inspector);
    let state = world.inspect(CLIENT).expect("it is up");
    assert_eq!(client.expect("it has one")(&state).headline, None);
}

/// An operator that does something every second.
fn busy() -> Story {
    Story::new()
        .with("operator.script", "")
        .with("operator.after", "1s")
        .with("operator.every", "1s")
}

/// The changes that an operator asks for, as many as there were.
fn changes(world: &World) -> Vec<String> {
    let requests = sent(world, OPERATOR, "request");
    requests.into_iter().filter(|request| request.contains("change(")).collect()
}

#[test]
fn an_operator_of_raft_changes_the_cluster_as_it_is_told() {
    for (how, joint) in [("joint", "joint: true"), ("single", "joint: false")] {
        let story = busy().with("operator.changes", how).with("operator.least", "2");
        let world = story.at(60_000);
        let changes = changes(&world);
        assert!(changes.len() > 5, "{changes:?}");
        assert!(changes.iter().all(|change| change.contains(joint)), "{changes:?}");
        for counter in ["changed", "transferred"] {
            let count = field(&world, OPERATOR, counter).and_then(|count| count.parse().ok());
            assert!(count > Some(2), "{counter} {count:?}");
        }
        assert_eq!(field(&world, OPERATOR, "gave_up").as_deref(), Some("0"));
    }
}

#[test]
fn an_operator_of_raft_that_may_not_change_the_cluster_does_not() {
    let none = busy().with("operator.changes", "none").with("operator.least", "2");
    let none = none.with("operator.transfers", "false").at(60_000);
    assert_eq!(changes(&none), [""; 0]);
    assert_eq!(field(&none, OPERATOR, "transferred").as_deref(), Some("0"));
    // As many at least as at most, and no node to spare.
    let bound = busy().with("operator.least", "3").with("operator.most", "3").at(60_000);
    assert_eq!(changes(&bound), [""; 0]);
}

/// A world that an operator gives to n1, n2 and n0, if it is not down.
fn handed_round(down: &str, up: &str) -> World {
    Story::new()
        .with("operator.script", "100ms stand n0; 2s transfer n1; 4s transfer n2; 8s transfer n0")
        .suffers(down, up, "{ crash = [\"operator\"] }")
        .at(12_000)
}

/// Who begins again does not do again what it did before.
#[test]
fn an_operator_of_raft_follows_its_script_once() {
    let world = handed_round("5s", "5100ms");
    let gave_way = (0..3).map(|node| noted(&world, NodeId(node), "raft.transfers")).sum::<usize>();
    assert_eq!(gave_way, 3);
    assert_eq!(field(&world, N0, "role").as_deref(), Some("leader"));
    // Nothing is given to who has it already.
    assert_eq!(field(&world, OPERATOR, "refused").as_deref(), Some("0"));
}

/// What is due when it comes back may have been done just before it went.
#[test]
fn an_operator_of_raft_leaves_out_what_it_was_down_for() {
    let world = handed_round("3s", "8s");
    assert_eq!(field(&world, NodeId(1), "role").as_deref(), Some("leader"));
}

/// What cannot be is not tried again and again: the operator says why it was refused, and goes on.
#[test]
fn an_operator_of_raft_tells_what_it_is_refused() {
    let world = Story::new()
        .with(
            "operator.script",
            "100ms stand n0; 2s single n0; 3s single n0 n1; 4s transfer n2; 5s transfer n0; 6s stand n1",
        )
        .at(12_000);
    let trace = world.trace().expect("it is recorded");
    let refused = trace.iter().filter(|event| {
        event.node == Some(OPERATOR)
            && matches!(event.kind, Kind::Noted { name: "raft.order-refused", .. })
    });
    let told: Vec<_> = refused.map(|event| String::from_utf8_lossy(event.bytes)).collect();
    assert_eq!(
        told,
        [
            "one voter at a time comes or goes, if not jointly",
            "n2 has no vote",
            "n0 leads already",
            "it hears a leader"
        ]
    );
    assert_eq!(field(&world, OPERATOR, "refused").as_deref(), Some("4"));
    assert_eq!(field(&world, OPERATOR, "changed").as_deref(), Some("1"));
}

#[test]
fn an_operator_of_raft_gives_up_and_goes_on() {
    let apart = "{ isolate = [\"operator\"] }";
    let world = busy().suffers("0s", "20s", apart).at(60_000);
    // Five seconds each, and one more or less between them.
    assert_eq!(field(&world, OPERATOR, "gave_up").as_deref(), Some("3"));
    assert!(!sent(&world, OPERATOR, "request").is_empty());
}
