//! A channel and what servers say to it, with no simulator.

use super::*;
use crate::account::account;
use crate::rpc::balance::Balancer;
use crate::rpc::client;
use crate::rpc::directory::cache;
use crate::rpc::error::{Refusal, Unknown, Verdict};
use crate::rpc::govern::breaker;
use crate::rpc::message::{Header, Presence, Semantics};
use simlab_core::wire::{Decode, Encode};
use simlab_core::{Counters, Effect, Moment, NoDisk, Outbox, Seeded};

const ME: NodeId = NodeId(0);
const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);
const REGISTRY: NodeId = NodeId(3);

const fn ms(n: u64) -> Time {
    Time(n * 1_000_000)
}

/// A caller, its clock, its timers and what it has sent.
struct Caller {
    channel: Channel,
    counters: Counters,
    now: Time,
    timers: BTreeMap<TimerKey, Time>,
    sent: Vec<(NodeId, Vec<u8>)>,
    ended: Vec<Ended>,
}

fn config(naming: Naming) -> Config {
    Config {
        naming,
        balancer: Balancer::RoundRobin,
        points: 1,
        attempt: Duration::from_millis(300),
        attempts_max: 3,
        avoid: Duration::from_secs(1),
        breaker: None,
    }
}

fn both() -> Config {
    config(Naming::Fixed(vec![A, B]))
}

impl Caller {
    fn new(config: Config) -> Self {
        let client =
            Client::new(client::Config { steps: false, drift: 0, ..client::Config::default() });
        Caller {
            channel: Channel::new(&account::INTERFACE, config, client),
            counters: Counters::default(),
            now: Time::ZERO,
            timers: BTreeMap::new(),
            sent: Vec::new(),
            ended: Vec::new(),
        }
    }

    fn act(&mut self, body: impl FnOnce(&mut Channel, &mut Env<'_>, &mut Vec<Ended>)) {
        let moment = Moment { me: ME, now: self.now, wall: self.now, life: 0 };
        let (mut outbox, mut seeded) = (Outbox::new(), Seeded::new(7));
        let mut env = Env::new(moment, &mut outbox, &mut self.counters, &mut seeded, &NoDisk);
        body(&mut self.channel, &mut env, &mut self.ended);
        for effect in outbox.effects() {
            match effect {
                Effect::Send { to, payload, .. } => {
                    let bytes = outbox.bytes(*payload).to_vec();
                    let to = outbox.receivers(*to).iter();
                    self.sent.extend(to.map(|to| (*to, bytes.clone())));
                }
                Effect::SetTimer { key, after, .. } => {
                    self.timers.insert(*key, self.now + *after);
                }
                Effect::CancelTimer { key, .. } => {
                    self.timers.remove(key);
                }
                _ => {}
            }
        }
    }

    fn call(&mut self, semantics: Semantics) -> Handle<i64> {
        let options = Options::new(semantics, Duration::from_secs(5));
        let mut handle = None;
        self.act(|channel, env, ended| {
            handle = Some(channel.call(&account::total(), 0, options, env, ended));
        });
        handle.expect("it was called")
    }

    fn hear(&mut self, from: NodeId, message: &Message<'_>) {
        let bytes = message.to_bytes();
        let message = Message::from_bytes(&bytes).expect("it was written");
        self.act(|channel, env, ended| assert!(channel.hear(from, &message, env, ended)));
    }

    /// Lets time pass, and timers fire.
    fn until(&mut self, end: Time) {
        while let Some((&key, &at)) = self.timers.iter().min_by_key(|(key, at)| (**at, **key)) {
            if at > end {
                break;
            }
            self.timers.remove(&key);
            self.now = at;
            self.act(|channel, env, ended| assert!(channel.timer(key, env, ended)));
        }
        self.now = end;
    }

    /// What was sent since it was asked last: to whom, and what.
    fn said(&mut self) -> Vec<(NodeId, &'static str)> {
        let told = |(to, bytes): &(NodeId, Vec<u8>)| {
            let kind = match Message::from_bytes(bytes).expect("it was written") {
                Message::Hello { .. } => "hello",
                Message::Request { .. } => "request",
                Message::Cancel { .. } => "cancel",
                _ => "?",
            };
            (*to, kind)
        };
        self.sent.drain(..).map(|sent| told(&sent)).collect()
    }

    /// Answers the hello that was said last to a server.
    fn welcome(&mut self, from: NodeId) {
        let nonce = self.sent.iter().rev().find_map(|(to, bytes)| {
            match Message::from_bytes(bytes).expect("it was written") {
                Message::Hello { nonce } if *to == from => Some(nonce),
                _ => None,
            }
        });
        let nonce = nonce.expect("it has said hello");
        self.hear(from, &Message::Welcome { nonce, presence: self.presence() });
    }

    fn presence(&self) -> Presence {
        Presence { life: 0, clock: self.now }
    }

    /// The request that was sent last to a server.
    fn request(&self, to: NodeId) -> Header {
        let header =
            self.sent.iter().rev().find_map(|(receiver, bytes)| {
                match Message::from_bytes(bytes).expect("it was written") {
                    Message::Request { header, .. } if *receiver == to => Some(header),
                    _ => None,
                }
            });
        header.expect("it was asked")
    }

    /// Answers the request that was sent last to a server.
    fn answer(&mut self, from: NodeId, verdict: Verdict) {
        let Header { call, interface, procedure, codec, .. } = self.request(from);
        let presence = self.presence();
        self.hear(from, &Message::Reply { call, presence, interface, procedure, codec, verdict });
    }
}

fn three() -> Verdict {
    Verdict::Returned(3_i64.to_be_bytes().to_vec())
}

fn refused(why: Refusal) -> Verdict {
    Verdict::Refused(why)
}

#[test]
fn what_was_never_sent_is_made_elsewhere() {
    let mut caller = Caller::new(both());
    let handle = caller.call(Semantics::AtMostOnce);
    assert_eq!(caller.said(), [(A, "hello")]);
    caller.until(ms(300));
    assert_eq!(caller.said(), [(A, "hello"), (B, "hello")], "after 200 ms, and after 300 ms");
    caller.until(ms(500));
    caller.welcome(B);
    caller.answer(B, three());
    assert_eq!(caller.ended.pop().map(|ended| ended.read(&handle)), Some(Ok(3)));
}

#[test]
fn what_was_sent_is_made_elsewhere_only_if_it_may_be_done_twice() {
    for (semantics, moves) in [(Semantics::AtLeastOnce, true), (Semantics::AtMostOnce, false)] {
        let mut caller = Caller::new(both());
        caller.call(semantics);
        caller.welcome(A);
        caller.said();
        caller.until(ms(350));
        let to_b = caller.said().contains(&(B, "hello"));
        assert_eq!(to_b, moves, "{semantics:?}");
        caller.until(ms(6_000));
        assert_eq!(caller.ended.len(), 1, "{semantics:?}: nobody answers");
    }
}

#[test]
fn who_is_busy_or_does_not_know_it_is_left_for_another() {
    for (why, moves) in [
        (Refusal::Busy, true),
        (Refusal::Shed, true),
        (Refusal::Version(1, 1), true),
        (Refusal::Denied, false),
        (Refusal::Parameters, false),
        (Refusal::Rate, false),
    ] {
        let mut caller = Caller::new(both());
        let handle = caller.call(Semantics::AtMostOnce);
        caller.welcome(A);
        caller.answer(A, refused(why));
        assert_eq!(caller.said().contains(&(B, "hello")), moves, "{why}");
        let told = caller.ended.pop().map(|ended| ended.read(&handle));
        assert_eq!(told, (!moves).then_some(Err(CallError::Refused(why))));
    }
}

/// Each of the two is asked once, and one of them once more.
#[test]
fn there_is_an_end_to_attempts() {
    let mut caller = Caller::new(both());
    let handle = caller.call(Semantics::AtMostOnce);
    caller.welcome(A);
    caller.answer(A, refused(Refusal::Busy));
    caller.welcome(B);
    caller.answer(B, refused(Refusal::Busy));
    caller.answer(A, refused(Refusal::Busy));
    let told = caller.ended.pop().map(|ended| ended.read(&handle));
    assert_eq!(told, Some(Err(CallError::Refused(Refusal::Busy))));
}

/// An answer of the server that was left may be true of another call, and is of none.
#[test]
fn who_was_left_is_not_believed() {
    let mut caller = Caller::new(both());
    caller.call(Semantics::AtLeastOnce);
    caller.welcome(A);
    caller.until(ms(300));
    assert!(caller.sent.iter().any(|(to, _)| *to == B));
    caller.answer(A, three());
    assert!(caller.ended.is_empty());
}

/// It opens after two calls in vain, for ten seconds.
fn breaker() -> breaker::Config {
    breaker::Config {
        window: 4,
        minimum: 2,
        failures: "50%".parse().expect("a share"),
        open: Duration::from_secs(10),
        probes: 1,
        successes: 1,
        probe_timeout: Duration::from_secs(5),
        never_half_opens: false,
    }
}

#[test]
fn an_open_breaker_ends_calls_at_once_and_lets_one_through_after_a_time() {
    let naming = Naming::Fixed(vec![A]);
    let mut caller = Caller::new(Config { breaker: Some(breaker()), ..config(naming) });
    for _ in 0..2 {
        caller.call(Semantics::AtMostOnce);
    }
    caller.until(ms(5_000));
    assert_eq!(caller.ended.drain(..).count(), 2, "nobody has answered");
    caller.sent.clear();
    let open = Err(CallError::Unavailable(Unavailable::BreakerOpen));
    let handle = caller.call(Semantics::AtMostOnce);
    assert_eq!(caller.ended.pop().map(|ended| ended.read(&handle)), Some(open.clone()));
    assert_eq!(caller.said(), []);
    caller.until(ms(15_000));
    let probe = caller.call(Semantics::AtMostOnce);
    let handle = caller.call(Semantics::AtMostOnce);
    assert_eq!(caller.ended.pop().map(|ended| ended.read(&handle)), Some(open), "one is enough");
    caller.welcome(A);
    caller.answer(A, three());
    assert_eq!(caller.ended.pop().map(|ended| ended.read(&probe)), Some(Ok(3)));
    caller.call(Semantics::AtMostOnce);
    assert!(caller.ended.is_empty(), "it is closed");
}

const CACHE: cache::Config = cache::Config {
    fresh: Duration::from_secs(1),
    stale: Duration::from_secs(10),
    patience: Duration::from_millis(500),
    services_max: 1,
    servers_max: 10,
};

/// Servers that a registry knows.
const fn by_registry(cache: cache::Config) -> Naming {
    Naming::Registry { at: REGISTRY, nodes: 4, cache }
}

/// What a registry says.
fn named(servers: &[NodeId]) -> Verdict {
    let mut bytes = Vec::new();
    servers.iter().map(|server| server.0).collect::<Vec<u32>>().put(&mut bytes);
    Verdict::Returned(bytes)
}

/// The registry is asked once for all that wait, and again when what it said is old.
#[test]
fn a_registry_is_asked_and_what_it_said_is_remembered() {
    let mut caller = Caller::new(config(by_registry(CACHE)));
    let handles = [caller.call(Semantics::AtMostOnce), caller.call(Semantics::AtMostOnce)];
    assert_eq!(caller.said(), [(REGISTRY, "hello")]);
    caller.until(ms(200));
    caller.welcome(REGISTRY);
    // Nobody knows a node 9.
    caller.answer(REGISTRY, named(&[B, NodeId(9)]));
    assert!(caller.said().ends_with(&[(B, "hello")]));
    caller.until(ms(400));
    caller.welcome(B);
    caller.answer(B, three());
    assert_eq!(caller.ended.pop().map(|ended| ended.read(&handles[1])), Some(Ok(3)));
    caller.answer(B, three());
    caller.said();
    caller.call(Semantics::AtMostOnce);
    assert_eq!(caller.said(), [(B, "request")]);
    caller.until(ms(1_000));
    caller.said();
    caller.call(Semantics::AtMostOnce);
    let both = [(REGISTRY, "request"), (B, "request")];
    assert_eq!(caller.said(), both, "it is a second old: it is used, and asked for again");
}

/// One that has asked the registry and knows these servers.
fn told(config: Config, servers: &[NodeId]) -> Caller {
    let mut caller = Caller::new(config);
    caller.call(Semantics::AtMostOnce);
    caller.welcome(REGISTRY);
    caller.answer(REGISTRY, named(servers));
    caller
}

/// The registry names who does not answer until its lease ends.
#[test]
fn who_does_not_answer_is_left_alone_although_the_registry_names_it() {
    let mut caller = told(config(by_registry(CACHE)), &[A, B]);
    caller.said();
    caller.until(ms(300));
    caller.answer(REGISTRY, named(&[A, B]));
    assert_eq!(caller.said(), [(A, "hello"), (REGISTRY, "request"), (B, "hello")]);
    caller.until(ms(1_250));
    caller.said();
    caller.call(Semantics::AtMostOnce);
    caller.call(Semantics::AtMostOnce);
    assert!(!caller.said().iter().any(|(to, _)| *to == A), "for a second");
    caller.until(ms(1_301));
    caller.call(Semantics::AtMostOnce);
    caller.call(Semantics::AtMostOnce);
    assert!(caller.said().contains(&(A, "hello")));
}

/// Better than nobody is who did not answer.
#[test]
fn who_is_left_alone_is_asked_when_there_are_no_others_any_more() {
    let mut caller = told(config(by_registry(CACHE)), &[A, B]);
    caller.until(ms(300));
    caller.answer(REGISTRY, named(&[A]));
    let handle = caller.call(Semantics::AtMostOnce);
    caller.welcome(A);
    caller.answer(A, three());
    assert_eq!(caller.ended.pop().map(|ended| ended.read(&handle)), Some(Ok(3)));
}

#[test]
fn who_has_waited_for_the_registry_uses_its_answer() {
    let never_old = cache::Config { fresh: Duration::ZERO, stale: Duration::ZERO, ..CACHE };
    let mut caller = Caller::new(config(by_registry(never_old)));
    caller.call(Semantics::AtMostOnce);
    caller.until(ms(20));
    caller.welcome(REGISTRY);
    caller.answer(REGISTRY, named(&[A]));
    assert_eq!(caller.said().last(), Some(&(A, "hello")));
}

/// A was asked, and may have executed it: that B was not says nothing.
#[test]
fn who_was_asked_before_may_have_executed_it() {
    use Executed::{No, Unknown as Perhaps};
    for (attempts_max, told) in
        [(3, CallError::Deadline(Perhaps)), (2, CallError::Indeterminate(Unknown::Abandoned))]
    {
        let mut caller = Caller::new(Config { attempts_max, ..both() });
        let handle = caller.call(Semantics::AtLeastOnce);
        caller.welcome(A);
        caller.until(ms(300));
        if attempts_max == 2 {
            caller.welcome(B);
            caller.answer(B, refused(Refusal::Busy));
        }
        caller.until(ms(5_000));
        let ended = caller.ended.pop().map(|ended| ended.read(&handle));
        assert_eq!(ended, Some(Err(told)));
    }
    let mut caller = Caller::new(both());
    let handle = caller.call(Semantics::AtLeastOnce);
    caller.until(ms(5_000));
    let ended = caller.ended.pop().map(|ended| ended.read(&handle));
    assert_eq!(ended, Some(Err(CallError::Deadline(No))), "neither was");
}

/// Each call in vain makes the caller ask the registry again.
#[test]
fn a_breaker_counts_what_came_of_calls_between_two_answers_of_the_registry() {
    let config = Config { breaker: Some(breaker()), ..config(by_registry(CACHE)) };
    let mut caller = told(config, &[A]);
    for end in [ms(5_000), ms(10_000)] {
        caller.until(end);
        assert_eq!(caller.ended.drain(..).count(), 1, "nobody has answered");
        caller.call(Semantics::AtMostOnce);
        caller.answer(REGISTRY, named(&[A]));
    }
    let open = CallError::Unavailable(Unavailable::BreakerOpen);
    assert_eq!(caller.ended.pop().map(|ended| ended.result), Some(Err(open)));
}

/// To ask another one would be to do all that work twice.
#[test]
fn who_is_at_work_is_not_left() {
    let mut caller = Caller::new(both());
    caller.call(Semantics::AtLeastOnce);
    caller.welcome(A);
    let call = caller.request(A).call;
    for millis in [250, 500, 750] {
        caller.until(ms(millis));
        let presence = caller.presence();
        caller.hear(A, &Message::Working { call, presence });
    }
    caller.until(ms(1_049));
    assert!(!caller.sent.iter().any(|(to, _)| *to == B));
    caller.until(ms(1_050));
    assert_eq!(caller.sent.last().map(|(to, _)| *to), Some(B), "it has said nothing for 300 ms");
}
