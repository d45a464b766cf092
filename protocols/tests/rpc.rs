//! Callers alone, with no simulator: what they make of messages that come late or from strangers.

use simlab_core::wire::{Decode, Encode};
use simlab_core::{
    Counters, Duration, Effect, Env, Moment, NoDisk, NodeId, Outbox, Seeded, Time, TimerKey,
};
use simlab_protocols::arith::arith;
use simlab_protocols::reliable::backoff::Backoff;
use simlab_protocols::rpc::client::Config;
use simlab_protocols::rpc::error::{CallError, Executed, Refusal, Verdict};
use simlab_protocols::rpc::message::{Codec, Header, Message, Presence, Semantics};
use simlab_protocols::rpc::{Client, Completed, Options};

const ME: NodeId = NodeId(1);
const SERVER: NodeId = NodeId(2);
const NOW: Time = Time(10_000_000_000);

/// A caller and what it has sent.
struct Caller {
    client: Client,
    counters: Counters,
    sent: Vec<Vec<u8>>,
    done: Vec<Completed>,
    now: Time,
    /// What it waits for, and until when.
    timer: Option<(TimerKey, Time)>,
}

impl Caller {
    fn new() -> Self {
        Caller::of(Duration::from_millis(200))
    }

    /// One that sends a call again after this time.
    fn of(retransmit: Duration) -> Self {
        let client = Client::new(Config {
            retransmit,
            hello: Duration::from_millis(200),
            backoff: Backoff::Exponential,
            retransmit_max: Duration::from_secs(2),
            budget: None,
            patience: Duration::from_secs(2),
            open_max: 10,
            size_max: 1_000,
            drift: 0,
            steps: false,
            new_id: false,
        });
        let (counters, sent, done) = (Counters::default(), Vec::new(), Vec::new());
        Caller { client, counters, sent, done, now: NOW, timer: None }
    }

    fn ask(&mut self, body: impl FnOnce(&mut Client, &mut Env<'_>, &mut Vec<Completed>)) {
        let moment = Moment { me: ME, now: self.now, wall: NOW, life: 0 };
        let (mut outbox, mut seeded) = (Outbox::new(), Seeded::new(7));
        let mut env = Env::new(moment, &mut outbox, &mut self.counters, &mut seeded, &NoDisk);
        body(&mut self.client, &mut env, &mut self.done);
        for effect in outbox.effects() {
            match effect {
                Effect::Send { payload, .. } => self.sent.push(outbox.bytes(*payload).to_vec()),
                Effect::SetTimer { key, after, .. } => self.timer = Some((*key, self.now + *after)),
                Effect::CancelTimer { .. } => self.timer = None,
                _ => {}
            }
        }
    }

    fn call(&mut self, options: Options) {
        let request = arith::sum(Vec::new());
        self.ask(|client, env, done| {
            client.call(SERVER, &request, options, env, done);
        });
    }

    fn hear(&mut self, from: NodeId, message: &Message<'_>) {
        let bytes = message.to_bytes();
        let message = Message::from_bytes(&bytes).expect("it was written");
        self.ask(|client, env, done| {
            client.hear(from, &message, env, done);
        });
    }

    /// Lets time pass until its timer runs out.
    fn wait(&mut self) {
        let (key, at) = self.timer.take().expect("it waits for something");
        self.now = at;
        self.ask(|client, env, done| {
            client.timer(key, env, done);
        });
    }

    /// The nonce of the hello that it said last.
    fn nonce(&self) -> u64 {
        let said = self.sent.iter().rev().find_map(|bytes| match Message::from_bytes(bytes) {
            Ok(Message::Hello { nonce }) => Some(nonce),
            _ => None,
        });
        said.expect("it has said hello")
    }

    /// The request that it sent last.
    fn request(&self) -> Header {
        let sent = self.sent.iter().rev().find_map(|bytes| match Message::from_bytes(bytes) {
            Ok(Message::Request { header, .. }) => Some(header),
            _ => None,
        });
        sent.expect("it has asked")
    }
}

const fn life(life: u32) -> Presence {
    Presence { life, clock: Time(5_000_000_000) }
}

fn once() -> Options {
    Options::new(Semantics::AtMostOnce, Duration::from_secs(5))
}

fn reply(to: Header, life: u32, verdict: Verdict) -> Message<'static> {
    let presence = Presence { life, clock: Time(5_000_000_000) };
    Message::Reply {
        call: to.call,
        presence,
        interface: to.interface,
        procedure: to.procedure,
        codec: Codec::Binary,
        verdict,
    }
}

/// The first life refuses, crashes, and the second one is asked: what the first one said is no answer any more, since
/// the second one may execute the call.
#[test]
fn a_refusal_of_an_earlier_life_ends_no_call_that_a_later_one_was_asked() {
    for verdict in [Verdict::Refused(Refusal::Busy), Verdict::TooLate] {
        let mut caller = Caller::new();
        caller.call(once());
        let nonce = caller.nonce();
        caller.hear(SERVER, &Message::Welcome { nonce, presence: life(0) });
        let first = caller.request();
        let again = Message::Reopen { call: first.call, presence: life(1), durable: true };
        caller.hear(SERVER, &again);
        assert_eq!((first.life, caller.request().life), (0, 1));

        caller.hear(SERVER, &reply(first, 0, verdict.clone()));
        assert_eq!(caller.done, []);
        caller.hear(SERVER, &reply(first, 1, verdict));
        assert_eq!(caller.done.len(), 1, "and what the second one says is one");
        let Err(error) = &caller.done[0].result else { panic!("it is refused") };
        assert_eq!(error.executed(), Executed::No);
    }
}

/// A nested call of one that has waited for too long is such a call.
#[test]
fn a_call_whose_time_is_over_is_not_made() {
    let mut caller = Caller::new();
    caller.call(Options { until: NOW, ..once() });
    let result = Err(CallError::Deadline(Executed::No));
    assert_eq!(caller.done.iter().map(|done| &done.result).collect::<Vec<_>>(), [&result]);
    assert!(caller.sent.is_empty());
}

#[test]
fn a_welcome_that_nobody_asked_for_leaves_nothing_behind() {
    let mut caller = Caller::new();
    caller.hear(NodeId(9), &Message::Welcome { nonce: 0, presence: life(3) });
    let kept = format!("{:?}", caller.client);
    assert!(kept.contains("peers: {}"), "{kept}");
}

/// Nothing is executed for a hello, so that it is repeated where calls are not. It stays the same one: an answer that takes
/// longer than the wait answers it.
#[test]
fn a_hello_is_repeated_where_calls_are_not() {
    let mut caller = Caller::of(Duration::FOREVER);
    caller.call(Options::new(Semantics::AtLeastOnce, Duration::FOREVER));
    let nonce = caller.nonce();
    let mut waits = Vec::new();
    for _ in 0..5 {
        let before = caller.now;
        caller.wait();
        waits.push(caller.now.since(before).nanos() / 1_000_000);
        assert_eq!(caller.nonce(), nonce);
    }
    assert_eq!((caller.sent.len(), waits), (6, vec![200, 400, 800, 1_600, 2_000]));
    caller.hear(SERVER, &Message::Welcome { nonce, presence: life(0) });
    assert_eq!((caller.sent.len(), caller.request().life), (7, 0));
    assert_eq!(caller.timer, None, "a call is sent once");
    let again = Message::Reopen { call: caller.request().call, presence: life(1), durable: false };
    caller.hear(SERVER, &again);
    assert_eq!((caller.sent.len(), caller.request().life), (8, 1), "and once to a next life");
    assert_eq!(caller.timer, None);
}
