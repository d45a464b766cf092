//! What each fault counts as hit, against what the trace says it did; and what a digest tells apart.

use super::super::*;
use super::storm::at;
use crate::{Cost, DiskFault, Patch, Shape, Weather};
use simlab_core::{
    DiskAct, Distribution, DropReason, Duration, Env, Kind, Process, Ratio, TraceEvent,
};

/// Every 10 ms it reads its file, appends to it, syncs it, and sends 50 bytes to the other.
#[derive(Clone, Hash)]
struct Steady;

impl Process for Steady {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if matches!(event, Event::Start | Event::Timer { .. }) {
            let _ = env.read("log");
            env.append("log", &[1_u8; 100][..]);
            env.sync();
            env.send(NodeId(1 - env.me().0), &[2_u8; 50][..]);
            env.set_timer(0, Duration::from_millis(10));
        }
    }
}

/// The node that the faults are done to, and its link.
const IT: NodeId = NodeId(1);
const OTHER: NodeId = NodeId(0);

/// When they begin and end, in milliseconds; in between there are 20 rounds.
const SPELL: (u64, u64) = (105, 305);

fn steady() -> World {
    let mut world = World::new(Options::seed(1));
    let service = Distribution::Fixed(Duration::from_micros(100));
    for name in ["other", "it"] {
        let spec = NodeSpec::new(name, Box::new(Steady)).cost(Cost { service, ..Cost::default() });
        world.add_node(spec);
    }
    let delay = Distribution::Fixed(Duration::from_millis(7));
    world.set_default_link(LinkSpec { delay, ..LinkSpec::default() });
    world
}

/// How often a fault hit something, and how many records say so.
fn hits(fault: Fault, says_so: impl Fn(&TraceEvent<'_>) -> bool) -> (u64, u64) {
    let mut world = steady();
    let id = world.define_fault("fault", fault);
    world.schedule(at(SPELL.0), Action::Begin(id));
    world.schedule(at(SPELL.1), Action::End(id));
    world.run_until(at(1_000));
    assert!(world.findings().is_empty());
    let trace = world.trace().expect("recording");
    (world.hits(id), trace.iter().filter(|event| says_so(event)).count() as u64)
}

fn during(event: &TraceEvent<'_>) -> bool {
    (at(SPELL.0)..at(SPELL.1)).contains(&event.at)
}

fn all() -> Ratio {
    Ratio::new(1, 1).expect("a ratio")
}

fn patched(patch: Patch) -> Fault {
    Fault::Links(Weather {
        from: [OTHER].into(),
        to: [IT].into(),
        both: false,
        patch: Box::new(patch),
    })
}

fn disk(what: DiskFault) -> Fault {
    Fault::Disk { nodes: [IT].into(), what }
}

fn dropped(event: &TraceEvent<'_>, reasons: &[DropReason]) -> bool {
    matches!(event.kind, Kind::Dropped { why, .. } if reasons.contains(&why))
}

fn sent(event: &TraceEvent<'_>) -> bool {
    during(event) && matches!(event.kind, Kind::Sent { to, .. } if to == IT)
}

#[test]
fn cuts_hit_what_they_keep_back() {
    let cut = Fault::Cut(Shape::OneWay { from: [OTHER].into(), to: [IT].into() });
    let by = |e: &TraceEvent<'_>| dropped(e, &[DropReason::Cut, DropReason::CutInFlight]);
    assert_eq!(hits(cut, by), (21, 21), "one was under way");
}

#[test]
fn links_hit_what_they_treat_otherwise() {
    let none = Patch::default();
    let kind = |name| move |e: &TraceEvent<'_>| during(e) && e.kind.name() == name;
    let loss = Patch { loss: Some(all()), ..none };
    assert_eq!(hits(patched(loss), |e| dropped(e, &[DropReason::Loss])), (20, 20));
    let delay = Patch { delay: Some(Distribution::Fixed(Duration(1))), ..none };
    assert_eq!(hits(patched(delay), sent), (20, 20));
    let twice = Patch { duplicate: Some(all()), ..none };
    assert_eq!(hits(patched(twice), kind("duplicate")), (20, 20));
    let reorder = Patch { reorder: Some((all(), Duration::from_millis(15))), ..none };
    assert_eq!(hits(patched(reorder), sent), (20, 20));
    let damage = Patch { corrupt: Some(all()), ..none };
    assert_eq!(hits(patched(damage), kind("corrupt")), (20, 20));
    let narrow = Patch { mtu: Some(49), ..none };
    assert_eq!(hits(patched(narrow), |e| dropped(e, &[DropReason::TooLarge])), (20, 20));
    // One datagram takes 100 ms, and there is no room for others to wait.
    let slow = Patch { bandwidth: Some(500), queue: Some(0), ..none };
    assert_eq!(hits(patched(slow), sent), (20, 20), "some wait, the others are dropped");
    let nothing = Ratio::ZERO;
    let replay_after = Distribution::Fixed(Duration(1));
    let edits = crate::Adversary { edit: all(), replay: nothing, replay_after };
    let edits = Patch { adversary: Some(edits), ..none };
    assert_eq!(hits(patched(edits), kind("corrupt")), (20, 20));
    let replays = crate::Adversary { edit: nothing, replay: all(), replay_after };
    let replays = Patch { adversary: Some(replays), ..none };
    assert_eq!(hits(patched(replays), kind("replay")), (20, 20));
    let harmless = Patch { corruption: Some(crate::Corruption::SwapWords), ..none };
    assert_eq!(hits(patched(harmless), |_| false), (0, 0), "nothing is damaged");
}

#[test]
fn nodes_are_hit_once_each() {
    let nodes = || [OTHER, IT].into();
    let kind = |name| move |e: &TraceEvent<'_>| e.kind.name() == name;
    assert_eq!(hits(Fault::Crash { nodes: nodes(), wiped: false }, kind("crash")), (2, 2));
    assert_eq!(hits(Fault::Crash { nodes: nodes(), wiped: true }, kind("wipe")), (2, 2));
    assert_eq!(hits(Fault::Leave(nodes()), kind("leave")), (2, 2));
}

#[test]
fn syncs_that_crash_a_node_are_hit() {
    let down = Duration::from_millis(20);
    let crash = Fault::CrashAtSync { nodes: [IT].into(), rate: all(), down };
    let (hits, crashes) = hits(crash, |e| matches!(e.kind, Kind::Crashed));
    assert_eq!(hits, crashes);
    assert!(hits >= 9, "each first sync of a life, every 20 ms: {hits}");
}

/// Of all syncs so many crash, half of them before and half of them after.
#[test]
fn the_odds_of_a_crash_at_a_sync_are_as_said() {
    let rate = Ratio::new(1, 2).expect("a ratio");
    let mut world = steady();
    let fault = Fault::CrashAtSync { nodes: [IT].into(), rate, down: Duration(1) };
    let fault = world.define_fault("fault", fault);
    world.schedule(Time::ZERO, Action::Begin(fault));
    world.run_until(at(20_000));
    let syncs = world.nodes[IT.index()].syncs().0;
    let share = world.hits(fault) * 100 / syncs;
    assert!(syncs > 1_000 && (47..=53).contains(&share), "{share}% of {syncs}");
}

#[test]
fn pauses_hit_what_waits_for_their_end() {
    let mut held_in_all = 0;
    let (hits, _) = hits(Fault::Pause([IT].into()), |_| false);
    let mut world = steady();
    let id = world.define_fault("fault", Fault::Pause([IT].into()));
    world.schedule(at(SPELL.0), Action::Begin(id));
    world.schedule(at(SPELL.1), Action::End(id));
    world.run_until(at(1_000));
    for event in world.trace().expect("recording").iter() {
        if let Kind::Resumed { held } = event.kind {
            held_in_all += u64::from(held);
        }
    }
    assert_eq!((hits, held_in_all), (21, 21), "20 datagrams and its timer");
}

#[test]
fn slow_nodes_and_wrong_clocks_hit_what_is_handled() {
    let handled = |e: &TraceEvent<'_>| {
        e.node == Some(IT)
            && matches!(
                e.kind,
                Kind::Delivered { .. } | Kind::TimerFired { .. } | Kind::Synced { .. }
            )
    };
    let clock = Fault::Clock { nodes: [IT].into(), jump: 1, drift: None };
    let (hit, records) = hits(clock, |e| handled(e) && during(e));
    assert_eq!((hit, records), (60, 60));
    let slow = Fault::Slow { nodes: [IT].into(), percent: 200 };
    let began = |e: &TraceEvent<'_>| {
        handled(e) && (at(SPELL.0)..at(SPELL.1)).contains(&(e.at - Duration::from_micros(200)))
    };
    let (hit, records) = hits(slow, began);
    assert_eq!(hit, records);
    assert!(hit > 50, "{hit}");
}

#[test]
fn disks_hit_what_they_spoil() {
    let acted = |wanted| move |e: &TraceEvent<'_>| matches!(e.kind, Kind::DiskActed { what, .. } if what == wanted);
    assert_eq!(hits(disk(DiskFault::WriteErrors(all())), acted(DiskAct::WriteFailed)), (20, 20));
    assert_eq!(hits(disk(DiskFault::Full(0)), acted(DiskAct::Full)), (20, 20));
    assert_eq!(hits(disk(DiskFault::Misdirected(all())), acted(DiskAct::Misdirected)), (20, 20));
    assert_eq!(hits(disk(DiskFault::LyingSync), acted(DiskAct::Lied)), (20, 20));
    assert_eq!(hits(disk(DiskFault::Rot(5)), acted(DiskAct::Rotted)), (5, 5));
    let asked = |e: &TraceEvent<'_>| {
        during(e) && e.node == Some(IT) && matches!(e.kind, Kind::SyncAsked { .. })
    };
    let slow = DiskFault::SlowSync(Distribution::Fixed(Duration::from_millis(3)));
    assert_eq!(hits(disk(slow), asked), (20, 20));
    let read = |e: &TraceEvent<'_>| {
        during(e) && e.node == Some(IT) && matches!(e.kind, Kind::TimerFired { .. })
    };
    assert_eq!(hits(disk(DiskFault::ReadErrors("l".to_owned())), read), (20, 20));
    assert_eq!(hits(disk(DiskFault::ReadErrors("x".to_owned())), |_| false), (0, 0));
}

/// Looking at a file from outside is no read of the node's.
#[test]
fn a_look_from_outside_is_no_hit() {
    let mut world = steady();
    let id = world.define_fault("fault", disk(DiskFault::ReadErrors(String::new())));
    world.schedule(at(105), Action::Begin(id));
    world.run_until(at(106));
    assert_eq!(world.file(IT, "log").map(<[u8]>::len), Some(1_100));
    world.run_until(at(115));
    assert_eq!(world.hits(id), 1, "its own read");
}

/// Whatever of the hostile world decides how a run goes on is in the digest.
#[test]
fn a_digest_tells_apart_what_goes_on_differently() {
    let faults = [
        Fault::Cut(Shape::Isolated([IT].into())),
        patched(Patch { mtu: Some(10), ..Patch::default() }),
        Fault::CrashAtSync { nodes: [IT].into(), rate: all(), down: Duration(1) },
        Fault::Pause([IT].into()),
        Fault::Slow { nodes: [IT].into(), percent: 300 },
        Fault::Clock { nodes: [IT].into(), jump: 5, drift: None },
        Fault::Clock { nodes: [IT].into(), jump: 0, drift: Some(7) },
        disk(DiskFault::LyingSync),
        disk(DiskFault::Rot(1)),
        Fault::Leave([IT].into()),
    ];
    let mut world = steady();
    let ids: Vec<_> = faults.into_iter().map(|fault| world.define_fault("f", fault)).collect();
    world.run_until(at(50));
    let mut digests = std::collections::BTreeSet::from([world.digest()]);
    for id in &ids {
        let mut other = world.fork();
        other.schedule(at(50), Action::Begin(*id));
        other.run_until(at(50));
        assert!(digests.insert(other.digest()), "{id:?}");
    }
}

/// What came and went without a trace in the state is not in it.
#[test]
fn a_digest_forgets_what_is_over() {
    let mut world = steady();
    let patch = Patch { mtu: Some(10), ..Patch::default() };
    let faults = [patched(patch), disk(DiskFault::LyingSync), Fault::Pause([IT].into())];
    let ids: Vec<_> = faults.into_iter().map(|fault| world.define_fault("f", fault)).collect();
    world.run_until(at(51));
    let mut other = world.fork();
    for id in ids {
        other.schedule(at(52), Action::Begin(id));
        other.schedule(at(53), Action::End(id));
    }
    world.run_until(at(54));
    other.run_until(at(54));
    assert_eq!(world.digest(), other.digest());
}
