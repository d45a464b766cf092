//! Processes, stories and checkers that misbehave: each ends in a finding with a name, or in nothing.

use super::super::*;
use super::{Chatter, end, world};
use crate::node::Cost;
use simlab_core::{
    Choice, Decide, Distribution, Domain, Duration, Env, Point, Process, Seeded, Who,
};
use std::sync::Arc;

/// Misbehaves as its parameter says.
#[derive(Clone, Hash)]
enum Bad {
    Panics,
    Loops,
    Floods,
    SendsToNobody,
}

impl Process for Bad {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match self {
            Bad::Panics => {
                env.send(env.me(), &b"never sent"[..]);
                panic!("term went back");
            }
            Bad::Loops => env.send(env.me(), &b"again"[..]),
            Bad::Floods => {
                env.broadcast([NodeId(1); 10], &vec![0; 60_000][..]);
                env.set_timer(0, Duration(1));
            }
            Bad::SendsToNobody => {
                if event == Event::Start {
                    env.send(NodeId(77), &b"hello?"[..]);
                }
            }
        }
    }
}

fn run_bad(bad: Bad, limits: Limits) -> World {
    let mut world = World::new(Options { limits, ..Options::seed(1) });
    world.add_node(NodeSpec::new("bad", Box::new(bad)));
    world.add_node(NodeSpec::new("good", Box::new(Chatter { nodes: 1, heard: 0 })));
    let delay = Distribution::Fixed(Duration::from_secs(1));
    world.set_default_link(LinkSpec { delay, ..LinkSpec::default() });
    world.run_until(end());
    world
}

#[test]
fn a_panic_is_a_finding_and_ends_the_run_in_order() {
    let world = run_bad(Bad::Panics, Limits::default());
    let [finding] = world.findings() else { panic!("one finding: {:?}", world.findings()) };
    assert_eq!((finding.name, finding.node), (Finding::PANIC, Some(NodeId(0))));
    assert!(finding.detail.contains("bad panicked while handling #1: term went back"));
    assert_eq!(world.status(NodeId(0)), Status::Panicked);
    assert_eq!(world.stats().sent, 0, "the outbox of a panicked handler is dropped");
    assert!(world.ended());
}

#[test]
fn a_loop_without_time_is_a_finding_and_no_hang() {
    let world = run_bad(Bad::Loops, Limits::default());
    assert_eq!(world.findings()[0].name, Finding::INSTANT);
    assert_eq!(world.now(), Time::ZERO);
}

#[test]
fn limits_end_a_run() {
    let defaults = Limits::default;
    let world = run_bad(Bad::Floods, Limits { in_flight_bytes: 1 << 20, ..defaults() });
    assert_eq!(world.findings()[0].name, Finding::IN_FLIGHT);
    let world = run_bad(Bad::SendsToNobody, Limits { events: 20, ..defaults() });
    assert_eq!(world.findings()[0].name, Finding::EVENTS);
    let limits = Limits { virtual_time: Duration::from_millis(500), ..defaults() };
    let world = run_bad(Bad::SendsToNobody, limits);
    assert_eq!(world.findings()[0].name, Finding::VIRTUAL_TIME);
}

#[test]
fn a_datagram_to_a_node_that_does_not_exist_has_its_reason() {
    let world = run_bad(Bad::SendsToNobody, Limits::default());
    assert_eq!(world.stats().dropped(simlab_core::DropReason::NoLink), 1);
    assert!(world.findings().is_empty());
}

#[test]
fn a_checker_sees_every_event_and_its_objection_is_recorded() {
    /// Objects to the third datagram that a node hears.
    #[derive(Clone)]
    struct AtMostTwo;
    impl Checker for AtMostTwo {
        fn name(&self) -> &'static str {
            "at_most_two"
        }
        fn on_event(
            &mut self,
            event: &simlab_core::TraceEvent<'_>,
            view: &dyn View,
        ) -> Option<simlab_core::Violation> {
            let node = event.node?;
            let heard = view.inspect(node)?.get_int(&["heard"])?;
            let detail = format!("{} heard {heard}", view.name(node));
            (heard == 3 && event.kind.name() == "sync").then_some(simlab_core::Violation { detail })
        }
    }
    let mut world = world(1, false, LinkSpec::default(), &[]);
    world.add_checker(Box::new(AtMostTwo));
    world.run_until(end());
    assert_eq!(world.findings().len(), 1, "a checker is heard once");
    let finding = &world.findings()[0];
    assert_eq!(finding.name, "at_most_two");
    assert!(finding.detail.ends_with("heard 3"));
    assert!(!world.ended(), "an objection does not end the run");
}

#[test]
fn a_checker_is_asked_about_what_it_judges_and_nothing_else() {
    /// Objects to whatever it is asked about.
    #[derive(Clone)]
    struct Grumbler(Interest);
    impl Checker for Grumbler {
        fn name(&self) -> &'static str {
            "grumbler"
        }
        fn interest(&self) -> Interest {
            self.0
        }
        fn on_event(
            &mut self,
            event: &simlab_core::TraceEvent<'_>,
            _view: &dyn View,
        ) -> Option<simlab_core::Violation> {
            Some(simlab_core::Violation { detail: event.kind.name().to_owned() })
        }
        fn after(
            &mut self,
            _node: NodeId,
            _cause: Seq,
            _view: &dyn View,
        ) -> Option<simlab_core::Violation> {
            Some(simlab_core::Violation { detail: "state".to_owned() })
        }
    }
    for (interest, first) in [
        (Interest::ALL, Some("start")),
        (Interest::OTHERS, Some("start")),
        (Interest::STATES, Some("state")),
        (Interest::DATAGRAMS, Some("send")),
        (Interest::NOTES.and(Interest::DATAGRAMS), Some("send")),
        (Interest::NOTES, None),
        (Interest::OPERATIONS, None),
        (Interest::NONE, None),
    ] {
        let mut world = world(1, false, LinkSpec::default(), &[]);
        world.add_checker(Box::new(Grumbler(interest)));
        world.run_until(end());
        let found = world.findings().first().map(|finding| finding.detail.as_str());
        assert_eq!(found, first, "{interest:?}");
    }
}

/// Does with each event what a test wants.
#[derive(Clone)]
struct With(fn(&Event<'_>, &mut Env<'_>));

impl std::hash::Hash for With {
    fn hash<H: std::hash::Hasher>(&self, _state: &mut H) {}
}

impl Process for With {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        (self.0)(&event, env);
    }
}

fn with(limits: Limits, recording: bool, handler: fn(&Event<'_>, &mut Env<'_>)) -> World {
    let mut world = World::new(Options { seed: 1, recording, limits });
    for name in ["a", "b"] {
        world.add_node(NodeSpec::new(name, Box::new(With(handler))));
    }
    world
}

/// Whatever a process does without end, the run ends with a name for it and not without memory.
#[test]
fn nothing_grows_without_end() {
    let small = Limits {
        queue: 5_000,
        records: 10_000,
        in_flight_bytes: 1 << 16,
        disk_bytes: 1 << 20,
        ..Limits::default()
    };
    let name = |recording, handler| {
        let mut world = with(small, recording, handler);
        world.run_until(end());
        assert!(world.ended());
        world.findings()[0].name
    };
    assert_eq!(
        name(false, |_, env| env.broadcast([NodeId(0), NodeId(1)], &b""[..])),
        Finding::IN_FLIGHT
    );
    assert_eq!(name(true, |_, env| env.set_timer(0, Duration(1))), Finding::RECORDS);
    let timers = |_: &Event<'_>, env: &mut Env<'_>| {
        for _ in 0..100 {
            let key = env.random();
            env.set_timer(key, Duration::from_secs(1));
        }
        env.set_timer(0, Duration(1));
    };
    assert_eq!(name(false, timers), Finding::QUEUE);
    let endless = |_: &Event<'_>, env: &mut Env<'_>| loop {
        env.note("again", 0, 0);
    };
    assert_eq!(name(false, endless), Finding::PANIC);
    let to_all = |_: &Event<'_>, env: &mut Env<'_>| {
        env.broadcast(std::iter::repeat(NodeId(0)), &b"again"[..]);
    };
    assert_eq!(name(false, to_all), Finding::PANIC);
    let writes = |_: &Event<'_>, env: &mut Env<'_>| {
        env.replace("one", &[0; 1_000][..]);
        env.set_timer(0, Duration(1));
    };
    assert_eq!(name(false, writes), Finding::DISK, "nothing is ever synced");
}

/// What waits at a node, out of the queue, is as much as what is in it.
#[test]
fn what_waits_for_a_worker_is_limited_too() {
    let limits = Limits { queue: 5_000, ..Limits::default() };
    let mut world = World::new(Options { limits, ..Options::seed(1) });
    let timers = With(|_, env| {
        for _ in 0..100 {
            let key = env.random();
            env.set_timer(key, Duration(1));
        }
    });
    let service = Distribution::Fixed(Duration::from_millis(1));
    world.add_node(NodeSpec::new("a", Box::new(timers)).cost(Cost { service, ..Cost::default() }));
    world.run_until(end());
    assert_eq!(world.findings()[0].name, Finding::QUEUE);
    assert!(world.waiting(NodeId(0)) > 4_000);
}

#[test]
fn decisions_that_are_written_down_are_limited() {
    let limits = Limits { records: 1_000, ..Limits::default() };
    let mut world = with(limits, false, |_, env| {
        let after = 1 + env.below(10);
        env.set_timer(0, Duration(after));
    });
    let mut unrecorded = world.fork();
    world.record_decisions();
    world.run_until(Time(100_000));
    assert_eq!(world.findings()[0].name, Finding::RECORDS);
    unrecorded.run_until(Time(100_000));
    assert!(unrecorded.findings().is_empty());
}

#[test]
fn a_sync_of_an_earlier_life_delays_no_later_one() {
    let slow = Distribution::Uniform { min: Duration::ZERO, max: Duration::from_secs(10) };
    let process = With(|event, env| {
        if *event == Event::Start {
            env.append("log", &7_u64);
            env.sync();
        }
    });
    let mut seen = 0;
    for seed in 0..50 {
        let mut world = World::new(Options::seed(seed));
        let node = world.add_node(NodeSpec::new("a", Box::new(process.clone())).sync_delay(slow));
        world.schedule(Time(1), Action::Crash(node));
        world.schedule(Time(2), Action::Restart(node));
        world.run_until(Time::ZERO + Duration::from_secs(20));
        let trace = world.trace().expect("recording");
        let synced: Vec<_> = trace.iter().filter(|e| e.kind.name() == "synced").collect();
        let point = Point { who: Who::Node(node), choice: Choice::Sync, ordinal: 1 };
        let delay = Seeded::new(seed).decide(point, Domain::Span(&slow));
        assert_eq!(synced.len(), 1, "the earlier life's sync concerns nobody");
        assert_eq!(synced[0].at, Time(2) + Duration(delay), "seed {seed}");
        seen += 1;
    }
    assert_eq!(seen, 50);
}

#[test]
fn an_order_to_a_node_that_is_down_leaves_a_trace() {
    let mut world = with(Limits::default(), true, |_, _| {});
    world.schedule(Time(1), Action::Crash(NodeId(0)));
    let bytes = Arc::from(&b"go"[..]);
    world.schedule(Time(2), Action::Command { node: NodeId(0), bytes });
    world.run_until(Time(3));
    assert_eq!(world.stats().unheard, 1);
    let trace = world.trace().expect("recording");
    assert!(trace.iter().any(|e| e.kind.name() == "unheard" && e.bytes == b"go"));
}

#[test]
fn a_timer_that_never_fires_waits_nowhere() {
    let mut world = with(Limits::default(), false, |event, env| {
        if *event == Event::Start {
            env.set_timer(1, Duration::from_secs(1));
            env.set_timer(1, Duration::FOREVER);
        }
    });
    world.run_until(Time::NEVER);
    assert!(world.findings().is_empty(), "{:?}", world.findings());
    assert_eq!((world.next_at(), world.stats().timers_fired), (None, 0));
}

#[test]
fn a_node_crashed_before_it_started_does_not_start() {
    let mut world = World::new(Options::seed(1));
    let process = With(|_, env| env.note("alive", 0, 0));
    let node = world.add_node(NodeSpec::new("a", Box::new(process)));
    let mut early = world.fork();
    early.act(Action::Crash(node));
    early.run_until(Time(1));
    assert_eq!(early.records(), 1, "only the crash");
    early.schedule(Time(2), Action::Restart(node));
    early.run_until(Time(3));
    assert_eq!(early.status(node), Status::Up);
}

#[test]
fn what_waits_for_a_slow_link_dies_with_a_cut() {
    let mut world = with(Limits::default(), true, |event, env| {
        if let Event::Command { bytes } = event {
            env.send(NodeId(1), &vec![0; bytes.len() * 1_000][..]);
        }
    });
    world.set_default_link(LinkSpec { bandwidth: Some(1_000), ..LinkSpec::default() });
    let cut = world.define_fault("cut", Fault::Cut(crate::Shape::Isolated([NodeId(1)].into())));
    let order = |len: usize| Action::Command { node: NodeId(0), bytes: Arc::from(vec![0; len]) };
    let at = |ms| Time::ZERO + Duration::from_millis(ms);
    world.schedule(at(0), order(5));
    world.schedule(at(1), Action::Begin(cut));
    world.schedule(at(2), Action::End(cut));
    world.schedule(at(3), order(1));
    world.run_until(at(9_000));
    let trace = world.trace().expect("recording");
    let arrived: Vec<Time> =
        trace.iter().filter(|e| e.kind.name() == "deliver").map(|e| e.at).collect();
    assert_eq!(arrived, [at(1_003)], "one second for its own bytes, none for those that died");
}

#[test]
fn worlds_that_go_on_differently_have_different_digests() {
    let world = with(Limits::default(), false, |_, _| {});
    let mut cut = world.fork();
    let id = cut.define_fault("cut", Fault::Cut(crate::Shape::Isolated([NodeId(1)].into())));
    let whole = cut.digest();
    cut.act(Action::Begin(id));
    assert_ne!(whole, cut.digest());
    let mut later = world.fork();
    later.schedule(Time(5), Action::Crash(NodeId(0)));
    assert_ne!(world.digest(), later.digest());
}

#[test]
fn a_checker_that_panics_is_a_finding() {
    #[derive(Clone)]
    struct Broken;
    impl Checker for Broken {
        fn name(&self) -> &'static str {
            "broken"
        }
        fn on_event(
            &mut self,
            _event: &simlab_core::TraceEvent<'_>,
            _view: &dyn View,
        ) -> Option<simlab_core::Violation> {
            panic!("index out of bounds")
        }
    }
    let mut world = with(Limits::default(), false, |_, _| {});
    world.add_checker(Box::new(Broken));
    world.run_until(end());
    let [finding] = world.findings() else { panic!("one finding") };
    assert_eq!(finding.name, Finding::PANIC);
    assert!(finding.detail.contains("checker broken panicked: index out of bounds"));
    assert!(world.ended());
}

#[test]
fn a_checker_sees_the_state_that_a_handler_left() {
    /// Objects when a node has heard something: after the handler, not at the next record.
    #[derive(Clone)]
    struct Heard;
    impl Checker for Heard {
        fn name(&self) -> &'static str {
            "heard"
        }
        fn on_event(
            &mut self,
            _event: &simlab_core::TraceEvent<'_>,
            _view: &dyn View,
        ) -> Option<simlab_core::Violation> {
            None
        }
        fn after(
            &mut self,
            node: NodeId,
            cause: Seq,
            view: &dyn View,
        ) -> Option<simlab_core::Violation> {
            let heard = view.inspect(node)?.get_int(&["heard"])?;
            let detail = format!("{cause}: {heard}");
            (heard == 1).then_some(simlab_core::Violation { detail })
        }
    }
    let mut world = world(1, true, LinkSpec::default(), &[]);
    world.add_checker(Box::new(Heard));
    world.run_until(end());
    let finding = &world.findings()[0];
    let cause = world.trace().and_then(|t| t.get(finding.seq)).and_then(|e| e.cause);
    let cause = world.trace().and_then(|t| t.get(cause.expect("a cause"))).expect("a record");
    assert_eq!(cause.kind.name(), "deliver");
}

/// Writes and syncs a lot at once, and keeps the tickets as they come back.
#[derive(Clone, Hash, Default)]
struct Syncer {
    tickets: Vec<u64>,
}

impl Process for Syncer {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => {
                for n in 0..50_u64 {
                    env.replace("n", &n);
                    env.sync();
                }
            }
            Event::Synced { ticket, .. } => self.tickets.push(ticket.0),
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.text("tickets", format!("{:?}", self.tickets));
    }
}

/// Whoever waits for a sync takes every earlier one for done: a quick worker must not overtake a slow
/// one with it.
#[test]
fn syncs_come_back_in_order_whatever_the_workers_do() {
    for seed in 0..20 {
        let mut world = World::new(Options::seed(seed));
        let ms = Duration::from_millis;
        let service = Distribution::Uniform { min: ms(1), max: ms(20) };
        let cost = Cost { service, workers: 4, ..Cost::default() };
        let sync = Distribution::Uniform { min: ms(0), max: ms(5) };
        let spec = NodeSpec::new("a", Box::new(Syncer::default())).cost(cost).sync_delay(sync);
        let id = world.add_node(spec);
        world.run_until(end());
        let shown = world.inspect(id).expect("it is up");
        let expected: Vec<u64> = (1..=50).collect();
        let tickets = simlab_core::FieldValue::Text(format!("{expected:?}"));
        assert_eq!(shown.get(&["tickets"]), Some(&tickets));
    }
}
