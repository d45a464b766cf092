//! What was pushed comes out, and takes little room.

use super::*;
use proptest::prelude::*;
use simlab_core::{
    Damage, DiskAct, DiskError, DropReason, FaultId, NameId, OpId, Port, Scope, Session, Ticket,
    WriteKind,
};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A record as it was pushed.
#[derive(Clone, Debug)]
struct Pushed {
    at: Time,
    node: Option<NodeId>,
    cause: Option<Seq>,
    kind: Kind,
    bytes: Option<Vec<u8>>,
}

impl Pushed {
    fn event(&self, number: usize) -> TraceEvent<'_> {
        let Pushed { at, node, cause, kind, ref bytes } = *self;
        let bytes = bytes.as_deref().unwrap_or_default();
        TraceEvent { seq: seq(number as u64), at, node, cause, kind, bytes }
    }
}

/// A trace beside what it has to be like.
#[derive(Clone, Debug, Default)]
struct Both {
    trace: Trace,
    model: Vec<Pushed>,
    /// The last payloads, which later records may share.
    kept: Vec<(Payload, Vec<u8>)>,
}

/// A record to push, given the ones before it.
#[derive(Clone, Debug)]
struct Step {
    later: u64,
    node: Option<u32>,
    cause: Back,
    /// How long its bytes are, or which of the last ones it shares.
    bytes: Option<Result<usize, usize>>,
    kind: Kind,
    /// In place of the datagram that the kind names.
    datagram: Back,
}

/// The number of a record, by its distance or outright.
#[derive(Clone, Copy, Debug)]
enum Back {
    None,
    Event,
    By(u64),
    At(u64),
}

fn seq(number: u64) -> Seq {
    Seq(NonZeroU64::new(number.max(1)).expect("at least 1"))
}

impl Both {
    fn resolve(&self, back: Back) -> Option<Seq> {
        let last = self.model.len() as u64;
        match back {
            Back::None => None,
            Back::Event => self.model.last().and_then(|last| last.cause),
            Back::By(by) => Some(seq(last.saturating_sub(by))),
            Back::At(number) => Some(seq(number)),
        }
    }

    fn push(&mut self, step: &Step) {
        let at = Time(self.model.last().map_or(0, |last| last.at.0).saturating_add(step.later));
        let node = step.node.map(NodeId);
        let mut cause = self.resolve(step.cause);
        let payload = step.bytes.map(|bytes| match bytes {
            Err(back) if back < self.kept.len() => self.kept[self.kept.len() - 1 - back].clone(),
            Ok(len) | Err(len) => {
                let bytes: Vec<u8> = (0..len).map(|i| (i + self.model.len()) as u8).collect();
                let kept = (self.trace.push_bytes(&bytes), bytes);
                self.kept.push(kept.clone());
                kept
            }
        });
        let named = self.resolve(step.datagram);
        let mut kind = step.kind;
        match &mut kind {
            Kind::Delivered { datagram, .. }
            | Kind::Dropped { datagram, .. }
            | Kind::Corrupted { datagram, .. }
            | Kind::Duplicated { datagram, .. }
            | Kind::Replayed { datagram, .. } => match named {
                Some(named) => *datagram = named,
                None => cause = Some(*datagram),
            },
            Kind::Sent { len, .. } => {
                if let (Some(_), Some((payload, _))) = (named, &payload) {
                    *len = payload.len;
                }
            }
            _ => {}
        }
        let bytes = payload.as_ref().map(|(_, bytes)| bytes.clone());
        self.model.push(Pushed { at, node, cause, kind, bytes });
        let payload = payload.map(|(payload, _)| payload);
        let trace = &mut self.trace;
        match (kind, node, cause, payload) {
            (Kind::Sent { to, number, len }, Some(node), Some(cause), Some(payload))
                if len == payload.len =>
            {
                let goes_on = trace.push_sent(at, node, cause, to, number, payload);
                // A broadcast goes on to the next ones, where it may.
                for next in (1..3).map(|more| NodeId(to.0.wrapping_add(more))) {
                    if goes_on && self.trace.push_next(next, number) {
                        let mut again = self.model[self.model.len() - 1].clone();
                        again.kind = Kind::Sent { to: next, number, len };
                        self.model.push(again);
                    }
                }
            }
            (Kind::Delivered { from, datagram }, Some(node), Some(cause), Some(payload)) => {
                trace.push_delivered(at, node, cause, from, datagram, payload);
            }
            _ => trace.push(at, node, cause, kind, payload),
        }
    }

    /// Asserts that the trace is like the model, whichever way it is read.
    fn compare(&self) {
        let Both { trace, model, .. } = self;
        let len = model.len();
        assert_eq!((trace.len(), trace.is_empty()), (len as u64, len == 0));
        assert_eq!(trace.iter().size_hint(), (len, Some(len)));
        let all = || model.iter().enumerate().map(|(i, pushed)| pushed.event(i + 1));
        for (got, wanted) in trace.iter().zip(all()) {
            assert_eq!(got, wanted);
        }
        assert_eq!(trace.iter().count(), len);
        assert!(trace.iter().rev().eq(all().rev()));
        for number in (1..=len).step_by(1 + len / 200).chain([len]).filter(|n| *n > 0) {
            let wanted = model[number - 1].event(number);
            assert_eq!(trace.get(seq(number as u64)), Some(wanted));
            assert_eq!(trace.iter_from(number as u64).next(), Some(wanted));
            assert_eq!(trace.iter().nth(number - 1), Some(wanted));
            for time in [wanted.at.0.saturating_sub(1), wanted.at.0, wanted.at.0.saturating_add(1)]
            {
                let first = model.partition_point(|pushed| pushed.at.0 < time) as u64 + 1;
                assert_eq!(trace.first_at(Time(time)), first, "{time}");
            }
        }
        assert_eq!(trace.get(seq(len as u64 + 1)), None);
        assert_eq!(trace.get(seq(u64::MAX)), None);
    }
}

/// Numbers as they usually are, and as they may be.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0_u64..4,
        4 => 0_u64..300,
        2 => 65_000_u64..70_000,
        1 => (0_u32..64, 0_u64..3).prop_map(|(bit, less)| (1_u64 << bit).wrapping_sub(less)),
        1 => any::<u64>(),
    ]
}

fn small() -> impl Strategy<Value = u32> {
    number().prop_map(|number| number as u32)
}

fn back() -> impl Strategy<Value = Back> {
    prop_oneof![
        4 => Just(Back::Event),
        4 => (0_u64..3).prop_map(Back::By),
        2 => number().prop_map(Back::By),
        1 => number().prop_map(Back::At),
        3 => Just(Back::None),
    ]
}

fn scope() -> impl Strategy<Value = Scope> {
    proptest::collection::vec(1_u8.., 0..=4).prop_map(|ports| {
        ports.into_iter().fold(Scope::ROOT, |all, port| all.child(Port::new(port)))
    })
}

fn node() -> impl Strategy<Value = NodeId> {
    small().prop_map(NodeId)
}

fn seqs() -> impl Strategy<Value = Seq> {
    number().prop_map(seq)
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        small().prop_map(|bits| Damage::Flipped { bits }),
        (small(), small()).prop_map(|(first, len)| Damage::Burst { first, len }),
        (small(), small()).prop_map(|(first, second)| Damage::Swapped { first, second }),
        (small(), small()).prop_map(|(start, len)| Damage::Zeroed { start, len }),
        small().prop_map(|at| Damage::Edited { at }),
    ]
}

/// The kinds that have a form of their own.
fn hot() -> impl Strategy<Value = Kind> {
    let timer = || (scope(), number());
    let why = proptest::sample::select(&DropReason::ALL[..]);
    prop_oneof![
        6 => (node(), number(), small())
            .prop_map(|(to, number, len)| Kind::Sent { to, number, len }),
        6 => (node(), seqs()).prop_map(|(from, datagram)| Kind::Delivered { from, datagram }),
        1 => (node(), seqs(), why)
            .prop_map(|(from, datagram, why)| Kind::Dropped { from, datagram, why }),
        1 => (node(), seqs()).prop_map(|(from, datagram)| Kind::Duplicated { from, datagram }),
        1 => (node(), seqs()).prop_map(|(from, datagram)| Kind::Replayed { from, datagram }),
        1 => (timer(), number())
            .prop_map(|((scope, key), due)| Kind::TimerSet { scope, key, due: Time(due) }),
        1 => timer().prop_map(|(scope, key)| Kind::TimerCancelled { scope, key }),
        1 => timer().prop_map(|(scope, key)| Kind::TimerFired { scope, key }),
    ]
}

fn plain() -> impl Strategy<Value = Kind> {
    proptest::sample::select(vec![
        Kind::Started,
        Kind::Crashed,
        Kind::Restarted,
        Kind::Halted,
        Kind::Commanded,
        Kind::Unheard,
        Kind::Paused,
        Kind::Left,
        Kind::Wiped,
    ])
}

/// The kinds that lie in the side table.
fn rare() -> impl Strategy<Value = Kind> {
    let how = prop_oneof![Just(WriteKind::Append), Just(WriteKind::Rename)];
    let result = prop_oneof![Just(Ok(())), Just(Err(DiskError::Full))];
    let what = proptest::sample::select(&DiskAct::ALL[..]);
    let fault = || small().prop_map(FaultId);
    let file = || small().prop_map(NameId);
    prop_oneof![
        plain(),
        (node(), seqs(), damage()).prop_map(|(from, datagram, damage)| Kind::Corrupted {
            from,
            datagram,
            damage
        }),
        (file(), how, number(), number()).prop_map(|(file, how, at, len)| Kind::Wrote {
            file,
            how,
            at,
            len
        }),
        (number(), proptest::option::of(file()))
            .prop_map(|(ticket, file)| Kind::SyncAsked { ticket: Ticket(ticket), file }),
        (number(), result)
            .prop_map(|(ticket, result)| Kind::Synced { ticket: Ticket(ticket), result }),
        (small(), small(), small()).prop_map(|(lost, torn, kept)| Kind::LostOnCrash {
            lost,
            torn,
            kept
        }),
        fault().prop_map(|fault| Kind::Cut { fault }),
        fault().prop_map(|fault| Kind::Healed { fault }),
        fault().prop_map(|fault| Kind::Began { fault }),
        fault().prop_map(|fault| Kind::Ended { fault }),
        (number(), small())
            .prop_map(|(op, session)| Kind::Invoked { op: OpId(op), session: Session(session) }),
        number().prop_map(|op| Kind::Returned { op: OpId(op) }),
        (number(), number()).prop_map(|(a, b)| Kind::Noted { name: "note", a, b }),
        Just(Kind::Found { name: "found" }),
        small().prop_map(|held| Kind::Resumed { held }),
        (any::<i64>(), any::<i64>()).prop_map(|(jump, drift)| Kind::ClockChanged { jump, drift }),
        (what, proptest::option::of(file()), number())
            .prop_map(|(what, file, at)| Kind::DiskActed { what, file, at }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![
        6 => (0_usize..50).prop_map(Err),
        2 => (0_usize..20).prop_map(Ok),
        1 => (250_usize..400).prop_map(Ok),
    ];
    let later = prop_oneof![3 => Just(0), 20 => 0_u64..1 << 25, 1 => number()];
    let node = prop_oneof![
        4 => (0_u32..3).prop_map(Some),
        1 => small().prop_map(Some),
        1 => Just(None),
    ];
    let kind = prop_oneof![9 => hot(), 1 => rare()];
    let bytes = proptest::option::weighted(0.9, bytes);
    (later, node, back(), bytes, kind, back()).prop_map(
        |(later, node, cause, bytes, kind, datagram)| Step {
            later,
            node,
            cause,
            bytes,
            kind,
            datagram,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_was_pushed_comes_out(steps in proptest::collection::vec(step(), 0..400)) {
        let mut both = Both::default();
        for step in &steps {
            both.push(step);
        }
        both.compare();
    }

    #[test]
    fn copies_go_their_own_ways_over_many_chunks(
        steps in proptest::collection::vec(step(), 1..100),
        common in 0_u64..RECORDS_PER_CHUNK * 2,
        skips in proptest::collection::vec(0_usize..300, 1..20),
    ) {
        let mut one = Both::default();
        let mut again = steps.iter().cycle();
        for step in again.by_ref().take(common as usize) {
            one.push(step);
        }
        let mut other = one.clone();
        for (step, opposite) in again.zip(steps.iter().rev().cycle()).take(5_000) {
            one.push(step);
            other.push(opposite);
        }
        one.compare();
        other.compare();
        // From both ends, and by leaps.
        let len = one.model.len();
        let (mut front, mut back, mut both) = (0, len, one.trace.iter());
        for skip in skips {
            prop_assert_eq!(both.nth(skip), Some(one.model[front + skip].event(front + skip + 1)));
            prop_assert_eq!(both.next_back(), Some(one.model[back - 1].event(back)));
            (front, back) = (front + skip + 1, back - 1);
            if back - front < 400 {
                break;
            }
        }
        prop_assert_eq!(both.count(), back - front);
    }
}

#[test]
fn the_two_ends_meet_once() {
    let mut both = Both::default();
    let kind = Kind::TimerFired { scope: Scope::ROOT, key: 7 };
    let (cause, datagram) = (Back::By(0), Back::None);
    for later in 0..150 {
        both.push(&Step { later, node: Some(1), cause, bytes: None, kind, datagram });
    }
    let mut iter = both.trace.iter();
    let mut seen = 0;
    while let (Some(first), Some(last)) = (iter.next(), iter.next_back()) {
        seen += 1;
        assert_eq!((first.seq.get(), last.seq.get()), (seen, 151 - seen));
    }
    assert_eq!((seen, iter.next(), iter.next_back()), (75, None, None));
    assert_eq!(both.trace.iter().nth(150), None);
    assert_eq!(both.trace.iter_from(0).count(), 150);
    assert_eq!(both.trace.iter_from(u64::MAX).count(), 0);
}

/// A delay of 1 to 10 ms.
fn delay(n: u64) -> u64 {
    1_000_000 + n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) % 9_000_000
}

fn per(bytes: usize, many: u64) -> f64 {
    bytes as f64 / many as f64
}

#[test]
fn a_broadcast_takes_few_bytes_a_datagram() {
    const NODES: u32 = 50;
    let mut trace = Trace::default();
    let mut due = BinaryHeap::new();
    let mut sent = 0;
    for round in 0..100_u64 {
        for node in 0..NODES {
            let now = round * 10_000_000 + u64::from(node) * 200_000;
            while let Some(&Reverse((at, datagram, from, to, payload))) = due.peek()
                && at <= now
            {
                due.pop();
                let (at, datagram) = (Time(at), seq(datagram));
                let payload = Payload { place: payload, len: 16 };
                trace.push_delivered(at, NodeId(to), datagram, NodeId(from), datagram, payload);
            }
            let kind = Kind::TimerFired { scope: Scope::ROOT, key: 0 };
            trace.push(Time(now), Some(NodeId(node)), Some(seq(trace.len())), kind, None);
            let cause = seq(trace.len());
            let payload = trace.push_bytes(&[7; 16]);
            for to in (0..NODES).filter(|to| *to != node) {
                let me = NodeId(node);
                trace.push_sent(Time(now), me, cause, NodeId(to), round, payload);
                sent += 1;
                let at = now + delay(sent);
                due.push(Reverse((at, trace.len(), node, to, payload.place)));
            }
        }
    }
    let Memory { records, payloads } = trace.memory();
    assert!(per(records, sent) < 13.0, "{} bytes a datagram", per(records, sent));
    assert!(per(payloads, sent) < 1.0, "{} bytes of payload", per(payloads, sent));
}

#[test]
fn a_ping_pong_takes_few_bytes_a_datagram() {
    const MANY: u64 = 100_000;
    let mut trace = Trace::default();
    trace.push(Time(0), Some(NodeId(0)), None, Kind::Started, None);
    let mut now = 0;
    for n in 0..MANY {
        let (from, to) = (NodeId((n % 2) as u32), NodeId((1 - n % 2) as u32));
        let cause = seq(trace.len());
        let payload = trace.push_bytes(&[7; 64]);
        trace.push_sent(Time(now), from, cause, to, n / 2, payload);
        let datagram = seq(trace.len());
        now += delay(n);
        trace.push_delivered(Time(now), to, datagram, from, datagram, payload);
    }
    let Memory { records, payloads } = trace.memory();
    assert!(per(records, MANY) < 14.0, "{} bytes a datagram", per(records, MANY));
    assert!(per(payloads, MANY) < 66.0, "{} bytes of payload", per(payloads, MANY));
}

#[test]
fn timers_take_few_bytes() {
    const MANY: u64 = 50_000;
    let mut trace = Trace::default();
    for n in 0..MANY {
        let node = Some(NodeId((n % 1_000) as u32));
        let (scope, key) = (Scope::ROOT, 1);
        let due = Time(n * 50_000 + 150_000_000);
        let kind = Kind::TimerSet { scope, key, due };
        trace.push(Time(n * 50_000), node, Some(seq(trace.len())), kind, None);
        let cause = Some(seq(trace.len().saturating_sub(5_000)));
        trace.push(Time(n * 50_000), node, cause, Kind::TimerFired { scope, key }, None);
    }
    let records = trace.memory().records;
    assert!(per(records, MANY * 2) < 12.0, "{} bytes a record", per(records, MANY * 2));
}
