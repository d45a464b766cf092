//! Good files load to what they say, and options change them.

mod common;

use common::{catalogue, files, folder};
use simlab_core::{
    Argument, BuildError, Call, Distribution, DropReason, Duration, FaultKind, NodeId, Operation,
    Ratio, Time, Value,
};
use simlab_scenarios::{
    Command, Comparison, Diagnostics, Ended, Expected, Fault, Filler, Limits, Object, Quantifier,
    Scenario, ScriptedOperation, Sight, Source, load,
};
use simlab_sim::{Fault as What, LinkSpec, Shape};
use std::collections::{BTreeMap, BTreeSet};

const BEIJING: NodeId = NodeId(0);
const HANGZHOU: NodeId = NodeId(1);
const SHANGHAI: NodeId = NodeId(2);
const CUSTOMER_BEIJING: NodeId = NodeId(3);
const CUSTOMER_SHANGHAI: NodeId = NodeId(4);
const EXTRA: NodeId = NodeId(5);

fn try_load(name: &str, overrides: &[(&str, &str)]) -> Result<Scenario, Diagnostics> {
    let source = Source::read(&folder("good").join(name)).expect("the file is there");
    let overrides: Vec<_> =
        overrides.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    load(source, &catalogue(), &overrides)
}

fn every_feature(overrides: &[(&str, &str)]) -> Scenario {
    try_load("every_feature.toml", overrides).unwrap_or_else(|e| panic!("{e}"))
}

fn refused(overrides: &[(&str, &str)]) -> String {
    match try_load("every_feature.toml", overrides) {
        Ok(_) => panic!("{overrides:?} is taken"),
        Err(diagnostics) => diagnostics.render(false),
    }
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn at(n: u64) -> Time {
    Time(ms(n).nanos())
}

fn set(nodes: &[NodeId]) -> BTreeSet<NodeId> {
    nodes.iter().copied().collect()
}

fn percent(text: &str) -> Ratio {
    text.parse().expect("a probability")
}

#[test]
fn all_good_files_load() {
    for path in files("good") {
        let name = path.file_name().expect("a file").to_string_lossy();
        let scenario = try_load(&name, &[]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(format!("{}.toml", scenario.name), name);
    }
}

#[test]
fn what_is_left_out_has_a_default() {
    let scenario = try_load("minimal.toml", &[]).expect("a scenario");
    assert_eq!((scenario.seed, scenario.until), (0, at(1_000)));
    assert_eq!(scenario.title.get("zh"), "The least there can be");
    assert_eq!(scenario.variants.len(), 1);
    assert_eq!(scenario.variants[0].name, "default");
    let member = &scenario.variants[0].roster[0];
    assert_eq!((member.name.as_str(), member.service), ("a", "shop-caspaxos"));
    assert_eq!(member.duration("deadline"), ms(1_000));
    assert_eq!(scenario.link(NodeId(0), NodeId(0)), LinkSpec::default());
    assert_eq!(scenario.limits, Limits::default());
}

#[test]
fn the_head_is_read() {
    let scenario = every_feature(&[]);
    assert_eq!(scenario.name, "every_feature");
    assert_eq!(scenario.seed, u64::MAX);
    assert_eq!(scenario.until, at(50_000));
    assert_eq!(scenario.title.get("zh_CN.UTF-8"), "所有功能");
    assert_eq!(scenario.title.get("de"), "Every feature");
    assert_eq!(scenario.summary.expect("a summary").get("en"), "A test");
    let object = |name: &str, model, initial| Object { name: name.to_owned(), model, initial };
    let begin = Value::Text("begin".to_owned());
    let objects = [
        object("phone", "stock", Value::Int(60)),
        object("note", "register", Value::Nil),
        object("log", "list", begin),
    ];
    assert_eq!(scenario.objects, objects);
    let limits = Limits {
        events: Some(1_000_000),
        in_flight_bytes: Some(65_536),
        events_per_instant: Some(1_000),
    };
    assert_eq!(scenario.limits, limits);
}

#[test]
fn nodes_sites_and_links_are_resolved() {
    let scenario = every_feature(&[]);
    let names: Vec<_> = scenario.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(
        names,
        ["beijing", "hangzhou", "shanghai", "customer-beijing", "customer-shanghai", "extra"]
    );
    assert_eq!(scenario.sites["beijing"], [BEIJING, CUSTOMER_BEIJING]);
    let default = LinkSpec {
        delay: Distribution::Uniform { min: ms(20), max: ms(60) },
        loss: percent("1/8"),
        mtu: 1_024,
        ..LinkSpec::default()
    };
    let link = |from, to| scenario.link(from, to);
    assert_eq!(link(CUSTOMER_SHANGHAI, CUSTOMER_BEIJING), default);
    let same_site = LinkSpec { delay: Distribution::Fixed(ms(1)), loss: Ratio::ZERO, ..default };
    let same_site = LinkSpec { loss: percent("0"), ..same_site };
    assert_eq!(link(BEIJING, CUSTOMER_BEIJING), same_site);
    let rule = LinkSpec {
        loss: percent("5%"),
        duplicate: percent("0.025"),
        reorder: percent("1"),
        reorder_by: ms(10),
        ..default
    };
    assert_eq!(link(CUSTOMER_BEIJING, HANGZHOU), rule, "a site means all of its nodes");
    assert_eq!(link(SHANGHAI, BEIJING), rule, "both ways");
    let slow = LinkSpec {
        delay: Distribution::Exponential { min: Duration::ZERO, mean: ms(10) },
        corrupt: percent("1%"),
        corruption: simlab_sim::Corruption::Bits(3),
        bandwidth: Some(125_000),
        queue: 1_500,
        mtu: 1_500,
        ..default
    };
    assert_eq!(link(HANGZHOU, SHANGHAI), slow);
    assert_eq!(link(SHANGHAI, HANGZHOU), default, "one way only");
    let normal = Distribution::LogNormal { median: ms(5), sigma_milli: 500 };
    assert_eq!(link(EXTRA, SHANGHAI).delay, normal);
    let tail = Distribution::LongTail { min: ms(1), shape_milli: 1_250, max: ms(1_000) };
    assert_eq!(link(SHANGHAI, EXTRA).delay, tail);
    assert_eq!(link(EXTRA, EXTRA), LinkSpec::default());
}

/// The exceptions are all pairs whose link a rule has changed, found here by trying all.
#[test]
fn exceptions_are_complete_and_sparse() {
    let scenario = every_feature(&[]);
    let network = &scenario.network;
    let nodes = || (0..scenario.nodes.len() as u32).map(NodeId);
    let all = nodes().flat_map(|from| nodes().map(move |to| (from, to)));
    let changed: Vec<_> = all
        .filter(|(from, to)| from != to)
        .map(|(from, to)| (from, to, scenario.link(from, to)))
        .filter(|(from, to, link)| {
            let site = |node: &NodeId| scenario.nodes[node.index()].site.clone();
            let same = site(from).is_some() && site(from) == site(to);
            *link != if same { network.same_site_link() } else { network.default_link() }
        })
        .collect();
    assert_eq!(network.exceptions(), changed);
    assert_eq!(changed.len(), 11);
}

#[test]
fn the_story_is_read() {
    let scenario = every_feature(&[]);
    let operation = |object: &str, call| Operation { object: object.to_owned(), call };
    let scripted = |ms, client, object, call| ScriptedOperation {
        at: at(ms),
        jitter: Duration::from_millis(100),
        client,
        operation: operation(object, call),
    };
    let cas = Call::Cas { from: Value::Text("a".to_owned()), to: Value::Bool(true) };
    let mut first = scripted(2_500, CUSTOMER_BEIJING, "phone", Call::Sell(1));
    first.jitter = Duration::ZERO;
    let operations = [
        first,
        scripted(3_000, CUSTOMER_BEIJING, "phone", Call::TakeBack(2)),
        scripted(4_000, CUSTOMER_BEIJING, "note", Call::Write(Value::Nil)),
        scripted(5_000, CUSTOMER_BEIJING, "note", cas),
        scripted(6_000, CUSTOMER_BEIJING, "log", Call::Append("x".to_owned())),
        scripted(46_000, CUSTOMER_BEIJING, "phone", Call::Read),
        scripted(46_000, CUSTOMER_SHANGHAI, "phone", Call::Read),
    ];
    assert_eq!(scenario.operations, operations);
    let filler = Filler {
        clients: vec![CUSTOMER_BEIJING],
        operation: operation("phone", Call::Read),
        from: Time::ZERO,
        until: at(50_000),
        every: Distribution::Uniform { min: ms(400), max: ms(1_200) },
        keep_off_faults: Duration::ZERO,
        keep_off_writes: Duration::ZERO,
    };
    let second = Filler {
        clients: vec![CUSTOMER_SHANGHAI],
        from: at(1_000),
        until: at(40_000),
        every: Distribution::Fixed(ms(1_000)),
        keep_off_faults: ms(1_000),
        keep_off_writes: ms(2_000),
        ..filler.clone()
    };
    assert_eq!(scenario.fillers, [filler, second]);
    let go = Command { at: at(1_000), node: EXTRA, text: "go".to_owned() };
    assert_eq!(scenario.commands, [go]);
    assert_eq!(scenario.narration[0].text.get("en"), "Now look at Shanghai.");
}

#[test]
fn faults_are_read_in_the_order_of_time() {
    let scenario = every_feature(&[]);
    let site = [BEIJING, CUSTOMER_BEIJING];
    let fault = |from, until: Option<u64>, what| Fault::new(at(from), until.map(at), what);
    let groups = vec![set(&[BEIJING, HANGZHOU, CUSTOMER_BEIJING]), set(&[SHANGHAI])];
    let mut cut = fault(10_000, Some(40_000), What::Cut(Shape::Groups(groups)));
    cut.name = Some("the cut".to_owned());
    let one_way = Shape::OneWay { from: set(&site), to: set(&[SHANGHAI]) };
    let bridge = Shape::Bridge { left: set(&site), right: set(&[SHANGHAI]), via: set(&[HANGZHOU]) };
    let faults = [
        fault(1_000, Some(2_000), What::Crash { nodes: set(&[HANGZHOU]), wiped: false }),
        cut,
        fault(41_000, None, What::Cut(one_way)),
        fault(42_000, Some(50_000), What::Cut(bridge)),
        fault(43_000, None, What::Cut(Shape::Isolated(set(&[EXTRA])))),
    ];
    assert_eq!(scenario.faults, faults);
}

#[test]
fn rosters_are_complete_and_the_closest_value_wins() {
    let scenario = every_feature(&[]);
    let [consistent, escrow] = scenario.variants.as_slice() else { panic!("two variants") };
    assert_eq!(consistent.title.as_ref().expect("a title").get("zh"), "Consistent");
    let services = |variant: &simlab_scenarios::Variant| -> Vec<_> {
        variant.roster.iter().map(|member| member.service).collect()
    };
    let client = "shop-client";
    let cp = "shop-caspaxos";
    assert_eq!(services(consistent), [cp, cp, cp, client, client, "everything"]);
    let shares: Vec<_> = escrow.roster[..3].iter().map(|m| m.count("share")).collect();
    assert_eq!(shares, [8, 7, 7], "node over service over the node's own");
    assert_eq!(escrow.roster[1].duration("gossip"), ms(250));
    assert_eq!(consistent.roster[0].duration("deadline"), Duration::FOREVER);
    assert_eq!(consistent.roster[0].arguments.len(), 1, "no share without escrow");
    assert_eq!(consistent.roster[4].duration("timeout"), ms(3_000));
    assert_eq!(escrow.roster[4].duration("timeout"), ms(2_000), "the default");
    assert_eq!(escrow.roster[3].arguments["server"], Argument::Node(BEIJING));
    assert_eq!(escrow.roster[0].site.as_deref(), Some("beijing"));
    let arguments = BTreeMap::from([
        ("loss", Argument::Probability(percent("0.25"))),
        ("loud", Argument::Flag(true)),
        ("motto", Argument::Text("all at once".to_owned())),
        ("peer", Argument::Node(BEIJING)),
        ("mode", Argument::Text("writes".to_owned())),
    ]);
    assert_eq!(escrow.roster[5].arguments, arguments);
}

#[test]
fn expectations_are_read() {
    let scenario = every_feature(&[]);
    let short: Vec<_> = scenario
        .expectations
        .iter()
        .map(|e| (e.name.as_str(), e.check, e.variants.as_slice(), e.quantifier, e.expected))
        .collect();
    let figure = |comparison, value| Expected::Figure { comparison, value };
    let (always, never) = (Quantifier::Always, Quantifier::Never);
    let at_least = figure(Comparison::AtLeast, 1);
    let expected = [
        ("linearizable", "linearizable", &[0][..], always, Expected::Truth(true)),
        ("linearizable", "linearizable", &[1], never, Expected::Truth(true)),
        ("served_beijing", "served", &[0, 1], Quantifier::Sometimes, at_least),
        ("oversold", "oversold", &[0, 1], always, figure(Comparison::Equal, -1)),
        ("converged", "converged", &[1], always, Expected::Truth(false)),
        ("one-value-a-ballot", "one-value-a-ballot", &[0], always, Expected::Truth(true)),
    ];
    assert_eq!(short, expected);
    assert_eq!(scenario.expectations[0].why.as_ref().expect("an argument").get("en"), "because");
    let site = Argument::Text("beijing".to_owned());
    assert_eq!(scenario.expectations[2].arguments, BTreeMap::from([("site", site)]));
    let within = Argument::Duration(ms(5_000));
    assert_eq!(scenario.expectations[4].arguments, BTreeMap::from([("within", within)]));
    assert_eq!(at_least.to_string(), ">= 1");
    assert!(Comparison::AtLeast.holds(1, 1) && !Comparison::Above.holds(1, 1));
}

#[test]
fn options_change_the_network_and_the_times() {
    let scenario = every_feature(&[
        ("jitter", "10ms"),
        ("network.default.delay", "3ms"),
        ("network.default.loss", "50%"),
        ("network.same_site.delay", "{ uniform = [\"1ms\", \"9ms\"] }"),
        ("network.same_site.duplicate", "0.5"),
    ]);
    assert!(scenario.operations.iter().all(|o| o.jitter == ms(10)));
    let default = scenario.network.default_link();
    assert_eq!(default.delay, Distribution::Fixed(ms(3)));
    assert_eq!(default.loss, percent("50%"));
    let same_site = scenario.network.same_site_link();
    assert_eq!(same_site.delay, Distribution::Uniform { min: ms(1), max: ms(9) });
    assert_eq!((same_site.loss, same_site.duplicate), (percent("0"), percent("0.5")));
}

#[test]
fn an_earlier_end_leaves_out_what_comes_later() {
    let scenario = every_feature(&[("until", "10s")]);
    assert_eq!(scenario.until, at(10_000));
    assert_eq!(scenario.operations.len(), 5);
    assert_eq!(scenario.faults.len(), 2);
    assert_eq!(scenario.narration.len(), 0);
    assert!(scenario.fillers.iter().all(|f| f.until == at(10_000)));
}

#[test]
fn options_win_over_what_the_variants_say() {
    let scenario = every_feature(&[
        ("shop.share", "3"),
        ("shop-client.timeout", "never"),
        ("hangzhou.share", "5"),
        ("extra.motto", "5"),
        ("shop-caspaxos.deadline", "2s"),
    ]);
    let [consistent, escrow] = scenario.variants.as_slice() else { panic!("two variants") };
    let shares: Vec<_> = escrow.roster[..3].iter().map(|m| m.count("share")).collect();
    assert_eq!(shares, [3, 5, 3]);
    assert_eq!(consistent.roster[4].duration("timeout"), Duration::FOREVER);
    assert_eq!(consistent.roster[0].duration("deadline"), ms(2_000));
    assert_eq!(consistent.roster[5].arguments["motto"], Argument::Text("5".to_owned()));
}

#[test]
fn wrong_options_are_shown_as_options() {
    let shown = refused(&[
        ("untl", "3s"),
        ("until", "3"),
        ("network.default.los", "5%"),
        ("network.same_site.loss", "1.5"),
        ("network.default.delay", "{ uniform = [\"9ms\", \"1ms\"] }"),
        ("shp.share", "5"),
        ("shop.shar", "5"),
        ("hangzhou.share", "0"),
    ]);
    snapbox::assert_data_eq!(shown, snapbox::file!["malformed/options.stderr"]);
}

#[test]
fn a_service_that_refuses_its_arguments_is_shown_where_the_value_it_has_was_given() {
    let refused = |settings: &[(&str, &str)], node, parameter| {
        let scenario = every_feature(settings);
        let error = BuildError { parameter, message: "this cannot be: `share`, `x`".to_owned() };
        scenario.refused(&scenario.variants[1], node, None, &error).render(false)
    };
    let shown = |shown: String, place: &str| {
        assert!(shown.contains("error: this cannot be"), "{shown}");
        assert!(shown.contains(place), "{shown}");
    };
    // By the variant for the service, by the variant for the node, by the node itself, and by nobody.
    shown(refused(&[], HANGZHOU, Some("share")), "every_feature.toml:191:9");
    shown(refused(&[], BEIJING, Some("share")), "every_feature.toml:193:9");
    shown(refused(&[], EXTRA, Some("motto")), "every_feature.toml:58:44");
    shown(refused(&[], EXTRA, None), "every_feature.toml:56:8");
    // What is not given, where another one is that the message names; or at the node.
    shown(refused(&[], HANGZHOU, Some("deadline")), "every_feature.toml:191:9");
    // An option wins over them all.
    shown(refused(&[("hangzhou.share", "5")], HANGZHOU, Some("share")), "hangzhou.share=5");
}

#[test]
fn a_layer_that_refuses_its_arguments_is_shown_where_they_are_given_or_where_it_is_named() {
    let text = r#"
format = 1
name = "stacked"
until = "60s"
title = "x"

[[nodes]]
name = "a"
service = "guard"
stack = [{ layer = "marks", count = 3 }, "seals"]
"#;
    let scenario = load(Source::new("stacked.toml", text), &catalogue(), &[]);
    let scenario = scenario.unwrap_or_else(|e| panic!("{}", e.render(false)));
    let shown = |layer, parameter| {
        let error = BuildError { parameter, message: "too much".to_owned() };
        scenario.refused(&scenario.variants[0], NodeId(0), Some(layer), &error).render(false)
    };
    for (layer, parameter, place) in [
        ("marks", Some("count"), "stacked.toml:10:37"),
        ("marks", Some("letter"), "stacked.toml:10:20"),
        ("seals", None, "stacked.toml:10:42"),
    ] {
        let shown = shown(layer, parameter);
        assert!(shown.contains("error: too much") && shown.contains(place), "{shown}");
    }
}

#[test]
fn a_storm_loads() {
    let scenario = try_load("storm.toml", &[]).unwrap_or_else(|e| panic!("{e}"));
    let storm = scenario.storm.as_ref().expect("a storm");
    assert_eq!((storm.from, storm.until), (at(5_000), at(45_000)));
    assert_eq!((storm.every, storm.longest), (ms(4_000), ms(3_000)));
    assert_eq!((storm.restart, storm.down_max), (ms(500), ms(2_000)));
    assert_eq!(storm.kinds, [FaultKind::Loss, FaultKind::Crash]);
    assert_eq!(storm.outside, [FaultKind::Wipe]);
    assert_eq!(storm.outside_why.as_ref().map(|why| why.get("en")), Some("the guards forget"));
    let guards = BTreeSet::from([NodeId(0), NodeId(1), NodeId(2)]);
    assert_eq!(storm.candidates(FaultKind::Crash), guards, "of the others nothing is known");
    assert_eq!(storm.candidates(FaultKind::Wipe), guards);
    assert_eq!(storm.candidates(FaultKind::Slow), [NodeId(0)].into(), "only it has a cost");
    let drawn = scenario.draw_storm(7).expect("a storm");
    assert!(!drawn.faults.is_empty());
}

#[test]
fn goals_load() {
    let goals = |name| try_load(name, &[]).unwrap_or_else(|e| panic!("{e}")).goals;
    let all = goals("storm.toml");
    let told: Vec<_> =
        all.iter().map(|g| (g.name.as_str(), g.words.get("en"), g.seeds_min)).collect();
    let expected = [
        ("watched", "a guard watched all night", 5),
        ("alarmed", "a guard was alarmed", 10),
        ("lost", "a datagram was lost", 1),
        ("forgot", "a guard forgot", 1),
    ];
    assert_eq!(told, expected, "a goal of the file takes the place of the service's");
    assert_eq!(all[1].sight, Sight::Reached("alarmed".to_owned()));
    assert_eq!(all[2].sight, Sight::Dropped(DropReason::Loss));
    assert_eq!(all[3].sight, Sight::Hit(FaultKind::Wipe));
    let own = goals("every_feature.toml");
    let told: Vec<_> = own.iter().map(|g| (g.name.as_str(), &g.variants[..], &g.sight)).collect();
    let refused =
        Sight::Ended { how: Ended::Done, call: Some("sell"), returned: Some(Value::Bool(false)) };
    let noted = Sight::Noted("second copy of a request".to_owned());
    assert_eq!(told, [("sold-out", &[0, 1][..], &refused), ("copied", &[1], &noted)]);
}
