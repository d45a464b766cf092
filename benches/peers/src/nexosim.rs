//! nexosim: models with ports, joined by mailboxes; a port calls a method of another model. It knows
//! no delays, so a model that gets a datagram schedules its handling, as the documentation's `Delay`
//! does. One thread, since no two things happen at the same time, and that is the fastest then.
//!
//! Models bring their own randomness: here a step of splitmix, as little as it can be.

use crate::work::{DELAY_MAX, DELAY_MIN, W2_PERIOD, w2_begin};
use crate::{Ready, Work};
use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{Output, QuerySource};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What makes delays.
#[derive(Serialize, Deserialize)]
struct Random(u64);

impl Random {
    /// The delay of a datagram.
    fn delay(&mut self) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let span = u128::from(DELAY_MAX - DELAY_MIN + 1);
        Duration::from_nanos(DELAY_MIN + ((u128::from(bits) * span) >> 64) as u64)
    }
}

/// W1: a message of 64 bytes; the first word counts.
type Ping = [u64; 8];

/// W1: sends back what it gets, counted.
#[derive(Serialize, Deserialize)]
struct Ponger {
    other: Output<Ping>,
    first: bool,
    last: u64,
    received: u64,
    random: Random,
}

#[Model]
impl Ponger {
    #[nexosim(init)]
    async fn init(&mut self, _: &Context<Self>, _: &mut ()) {
        if self.first {
            self.other.send([1, 7, 7, 7, 7, 7, 7, 7]).await;
        }
    }

    /// A datagram is on its way.
    fn come(&mut self, body: Ping, context: &Context<Self>) {
        let delay = self.random.delay();
        context.schedule_event(delay, schedulable!(Self::arrive), body).expect("in the future");
    }

    /// A datagram arrives.
    #[nexosim(schedulable)]
    async fn arrive(&mut self, mut body: Ping) {
        self.received += 1;
        if body[0] < self.last {
            body[0] += 1;
            self.other.send(body).await;
        }
    }

    async fn received(&mut self) -> u64 {
        self.received
    }
}

/// A message of W2: the round, and when it was sent. Ports do not tell who sends, so there is no
/// remembering it.
type Round = [u64; 2];

/// W2: sends to all others, now and then.
#[derive(Serialize, Deserialize)]
struct Broadcaster {
    others: Output<Round>,
    begin: u64,
    rounds: u64,
    round: u64,
    received: u64,
    sum: u64,
    random: Random,
}

/// The time, in nanoseconds.
fn nanos(time: MonotonicTime) -> u64 {
    time.as_secs() as u64 * 1_000_000_000 + u64::from(time.subsec_nanos())
}

#[Model]
impl Broadcaster {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>, _: &mut ()) {
        // What is scheduled must be in the future, so all begin a nanosecond later.
        let begin = Duration::from_nanos(self.begin + 1);
        context.schedule_event(begin, schedulable!(Self::tick), ()).expect("in the future");
    }

    /// The turn to send has come.
    #[nexosim(schedulable)]
    async fn tick(&mut self, _: (), context: &Context<Self>) {
        self.others.send([self.round, nanos(context.time())]).await;
        self.round += 1;
        if self.round < self.rounds {
            let period = Duration::from_nanos(W2_PERIOD);
            context.schedule_event(period, schedulable!(Self::tick), ()).expect("in the future");
        }
    }

    /// A datagram is on its way.
    fn come(&mut self, body: Round, context: &Context<Self>) {
        let delay = self.random.delay();
        context.schedule_event(delay, schedulable!(Self::arrive), body).expect("in the future");
    }

    /// A datagram arrives.
    #[nexosim(schedulable)]
    fn arrive(&mut self, [round, sent]: Round, context: &Context<Self>) {
        self.received += 1;
        self.sum = self.sum.wrapping_add(round ^ (nanos(context.time()) - sent));
    }

    async fn received(&mut self) -> u64 {
        std::hint::black_box(self.sum);
        self.received
    }
}

/// Makes a simulation.
pub fn prepare(work: Work) -> Ready {
    let mut bench = SimInit::with_num_threads(1);
    let mut queries = Vec::new();
    match work {
        Work::PingPong { deliveries } => {
            let boxes = [Mailbox::new(), Mailbox::new()];
            let addresses = boxes.each_ref().map(Mailbox::address);
            for (number, mailbox) in boxes.into_iter().enumerate() {
                let mut ponger = Ponger {
                    other: Output::new(),
                    first: number == 0,
                    last: deliveries,
                    received: 0,
                    random: Random(number as u64),
                };
                ponger.other.connect(Ponger::come, &addresses[1 - number]);
                let query = QuerySource::new().connect(Ponger::received, &mailbox);
                queries.push(query.register(&mut bench));
                bench = bench.add_model(ponger, mailbox, "ponger");
            }
        }
        Work::Broadcast { nodes, rounds } => {
            let boxes: Vec<_> = (0..nodes).map(|_| Mailbox::new()).collect();
            let addresses: Vec<_> = boxes.iter().map(Mailbox::address).collect();
            for (number, mailbox) in boxes.into_iter().enumerate() {
                let mut node = Broadcaster {
                    others: Output::new(),
                    begin: w2_begin(number as u32, nodes),
                    rounds,
                    round: 0,
                    received: 0,
                    sum: 0,
                    random: Random(number as u64),
                };
                for (_, to) in addresses.iter().enumerate().filter(|(to, _)| *to != number) {
                    node.others.connect(Broadcaster::come, to);
                }
                let query = QuerySource::new().connect(Broadcaster::received, &mailbox);
                queries.push(query.register(&mut bench));
                bench = bench.add_model(node, mailbox, "node");
            }
        }
    }
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("begins");
    Box::new(move || {
        simulation.run().expect("runs");
        queries.iter().map(|query| simulation.process_query(query, ()).expect("answers")).sum()
    })
}
