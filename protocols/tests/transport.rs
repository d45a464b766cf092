//! The reliable transport alone, with no simulator: two ends, a network that loses, doubles and reorders, and
//! ends that restart.
//!
//! One schedule: `SIMLAB_SEED=17 cargo test -p simlab-protocols --test transport`. More of them:
//! `SIMLAB_RUNS=20000 cargo test --release -p simlab-protocols --test transport`.

mod driver;

use driver::seeds;
use rand::{Rng, RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use simlab_core::{
    Counters, Duration, Effect, Env, Event, Fields, Hop, Hops, Layer, Moment, NoDisk, NodeId,
    Outbox, Seeded, Time,
};
use simlab_protocols::reliable::backoff::Backoff;
use simlab_protocols::reliable::budget::Limit;
use simlab_protocols::reliable::receiver::Room;
use simlab_protocols::reliable::rtt::Bounds;
use simlab_protocols::reliable::{Config, Reliable};
use std::collections::BTreeMap;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn config() -> Config {
    Config {
        window: 8,
        room: Room { messages: 16, bytes: 10_000 },
        backlog: 1 << 20,
        ack_delay: Duration::ZERO,
        bounds: Bounds { initial: ms(100), min: ms(50), max: ms(400) },
        adaptive: true,
        repeat_all: false,
        backoff: Backoff::Exponential,
        budget: None,
        duplicates_kept: false,
        gap_acknowledged: false,
        incarnation_unchecked: false,
        karn_ignored: false,
    }
}

/// One end.
struct End {
    me: NodeId,
    config: Config,
    layer: Reliable,
    life: u32,
    counters: Counters,
    timers: BTreeMap<u64, Time>,
    /// What came out at the top in this life.
    heard: Vec<Vec<u8>>,
}

/// What the network does, in percent.
#[derive(Clone, Copy, Debug)]
struct Weather {
    loss: u32,
    duplicate: u32,
    reorder: u32,
}

/// Two ends and what is between them.
struct Pair {
    ends: [End; 2],
    now: Time,
    /// By time of arrival and order.
    flights: BTreeMap<(Time, u64), (usize, Vec<u8>)>,
    order: u64,
    dice: ChaCha8Rng,
    weather: Weather,
    /// Of how many datagrams in a hundred somebody keeps a copy, and sends it between one and three seconds later.
    replayed: u32,
    /// Who gets nothing but replays.
    deaf: [bool; 2],
}

impl Pair {
    fn new(seed: u64, weather: Weather, configs: [Config; 2]) -> Self {
        let end = |n: u32, config: Config| End {
            me: NodeId(n),
            config,
            layer: Reliable::new(config),
            life: 0,
            counters: Counters::default(),
            timers: BTreeMap::new(),
            heard: Vec::new(),
        };
        let [a, b] = configs;
        Pair {
            ends: [end(0, a), end(1, b)],
            now: Time::ZERO,
            flights: BTreeMap::new(),
            order: 0,
            dice: ChaCha8Rng::seed_from_u64(seed),
            weather,
            replayed: 0,
            deaf: [false; 2],
        }
    }

    /// Lets a layer do something, and carries out what it asks for.
    fn ask(
        &mut self,
        at: usize,
        body: impl FnOnce(&mut Reliable, &mut Hops, &mut Env<'_>) -> Option<Vec<u8>>,
    ) {
        let end = &mut self.ends[at];
        let moment = Moment { me: end.me, now: self.now, wall: self.now, life: end.life };
        let (mut outbox, mut hops) = (Outbox::new(), Hops::new());
        let mut seeded = Seeded::new(self.dice.next_u64());
        let mut env = Env::new(moment, &mut outbox, &mut end.counters, &mut seeded, &NoDisk);
        let passed = body(&mut end.layer, &mut hops, &mut env);
        end.heard.extend(passed);
        for effect in outbox.effects() {
            match effect {
                Effect::SetTimer { key, after, .. } => {
                    end.timers.insert(*key, self.now + *after);
                }
                Effect::CancelTimer { key, .. } => {
                    end.timers.remove(key);
                }
                _ => {}
            }
        }
        let frames: Vec<Hop> = hops.drain().collect();
        for hop in frames {
            match hop {
                Hop::Up { frame, .. } => self.ends[at].heard.push(frame),
                Hop::Down { to, frame } => self.fly(to.index(), frame),
            }
        }
    }

    fn fly(&mut self, to: usize, frame: Vec<u8>) {
        let percent = |dice: &mut ChaCha8Rng, percent| dice.random_range(0..100) < percent;
        if percent(&mut self.dice, self.replayed) {
            self.order += 1;
            let at = self.now + ms(self.dice.random_range(1_000..3_000));
            self.flights.insert((at, self.order), (to, frame.clone()));
        }
        if self.deaf[to] {
            return;
        }
        let copies = 1 + u32::from(percent(&mut self.dice, self.weather.duplicate));
        for _ in 0..copies {
            if percent(&mut self.dice, self.weather.loss) {
                continue;
            }
            let late = percent(&mut self.dice, self.weather.reorder);
            let delay = self.dice.random_range(5..15) + if late { 40 } else { 0 };
            self.order += 1;
            self.flights.insert((self.now + ms(delay), self.order), (to, frame.clone()));
        }
    }

    fn send(&mut self, at: usize, message: &[u8]) {
        let to = self.ends[1 - at].me;
        let mut frame = message.to_vec();
        self.ask(at, |layer, hops, env| {
            assert!(!layer.down(to, &mut frame, hops, env), "it makes frames of its own");
            None
        });
    }

    fn restart(&mut self, at: usize) {
        let end = &mut self.ends[at];
        end.layer = Reliable::new(end.config);
        end.life += 1;
        end.timers.clear();
        end.heard.clear();
    }

    /// Goes on until a time, or until nothing is left to happen.
    fn run(&mut self, until: Time) {
        loop {
            let flight = self.flights.keys().next().copied();
            let timers = self.ends.iter().enumerate();
            let timer =
                timers.flat_map(|(at, end)| end.timers.iter().map(move |(k, t)| (*t, at, *k)));
            let timer = timer.min();
            let next = flight.map(|(t, _)| t).into_iter().chain(timer.map(|(t, ..)| t)).min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = next;
            match (flight, timer) {
                (Some((at, order)), _) if at == next => {
                    let (to, frame) = self.flights.remove(&(at, order)).expect("it flies");
                    let from = self.ends[1 - to].me;
                    self.ask(to, |layer, hops, env| {
                        layer.up(from, &frame, hops, env).map(<[u8]>::to_vec)
                    });
                }
                (_, Some((_, at, key))) => {
                    self.ends[at].timers.remove(&key);
                    let event = Event::Timer { scope: simlab_core::Scope::ROOT, key };
                    self.ask(at, |layer, hops, env| {
                        layer.on_event(event, hops, env);
                        None
                    });
                }
                _ => break,
            }
        }
        self.now = until;
    }

    fn shows(&self, at: usize, field: &str) -> i64 {
        let mut fields = Fields::new();
        self.ends[at].layer.inspect(&mut fields);
        fields.get_int(&[field]).expect("a number")
    }
}

fn numbers(heard: &[Vec<u8>]) -> Vec<u64> {
    let number = |message: &Vec<u8>| u64::from_be_bytes(message[..8].try_into().expect("eight"));
    heard.iter().map(number).collect()
}

fn weather(dice: &mut ChaCha8Rng) -> Weather {
    let mut up_to_30 = || dice.random_range(0..=30);
    Weather { loss: up_to_30(), duplicate: up_to_30(), reorder: up_to_30() }
}

fn any_config(dice: &mut ChaCha8Rng) -> Config {
    let backoff = Backoff::NAMES[dice.random_range(0..4)];
    Config {
        window: [1, 2, 8, 32][dice.random_range(0..4)],
        ack_delay: ms([0, 10][dice.random_range(0..2)]),
        repeat_all: dice.random_bool(0.5),
        adaptive: dice.random_bool(0.7),
        backoff: Backoff::named(backoff).expect("it is one"),
        ..config()
    }
}

/// Both ways at once, with every way to wait and to acknowledge.
#[test]
fn everything_comes_once_and_in_order() {
    seeds("everything_comes_once_and_in_order", 400, |seed| {
        let mut dice = ChaCha8Rng::seed_from_u64(!seed);
        let configs = [any_config(&mut dice), any_config(&mut dice)];
        let mut pair = Pair::new(seed, weather(&mut dice), configs);
        let counts = [dice.random_range(0..60_u64), dice.random_range(0..60)];
        for n in 0..60_u64 {
            for at in (0..2).filter(|at| n < counts[*at]) {
                pair.send(at, &n.to_be_bytes());
            }
            let pause = dice.random_range(0..30);
            pair.run(pair.now + ms(pause));
        }
        pair.run(pair.now + Duration::from_secs(120));
        for at in 0..2 {
            let all: Vec<u64> = (0..counts[1 - at]).collect();
            assert_eq!(numbers(&pair.ends[at].heard), all);
            assert_eq!(pair.shows(at, "under_way") + pair.shows(at, "unsent"), 0);
        }
        assert!(pair.ends.iter().all(|end| end.timers.is_empty()));
    });
}

/// Messages are numbered through all lives of their sender, with its life in the upper half. No life of a
/// receiver hears any number that an earlier one has heard, nor one after a later one.
#[test]
fn nothing_of_an_old_life_comes_to_a_new_one() {
    seeds("nothing_of_an_old_life_comes_to_a_new_one", 400, |seed| {
        let mut dice = ChaCha8Rng::seed_from_u64(!seed);
        let configs = [any_config(&mut dice), any_config(&mut dice)];
        let mut pair = Pair::new(seed, weather(&mut dice), configs);
        let mut heard: [Vec<u64>; 2] = [Vec::new(), Vec::new()];
        let mut sent = [0_u64; 2];
        let mut last = [None; 2];
        for _ in 0..80 {
            for at in 0..2 {
                let number = u64::from(pair.ends[at].life) << 32 | sent[at];
                (sent[at], last[at]) = (sent[at] + 1, Some(number));
                pair.send(at, &number.to_be_bytes());
            }
            let pause = dice.random_range(0..30);
            pair.run(pair.now + ms(pause));
            if dice.random_range(0..100) < 8 {
                let at = dice.random_range(0..2);
                heard[at].append(&mut numbers(&pair.ends[at].heard));
                pair.restart(at);
                last[at] = None;
            }
        }
        pair.run(pair.now + Duration::from_secs(120));
        for at in 0..2 {
            heard[at].append(&mut numbers(&pair.ends[at].heard));
            let rising = heard[at].windows(2).all(|two| two[0] < two[1]);
            assert!(rising, "end {at} hears {:?}", heard[at]);
            // What was sent last has come, unless it was given up because the receiver has restarted.
            let abandoned = pair.shows(1 - at, "abandoned") > 0;
            let last = last[1 - at];
            assert!(abandoned || last.is_none() || heard[at].last() == last.as_ref());
        }
    });
}

/// Both ends talk from now on, for so long; each of their messages says from which life it is.
fn talk(pair: &mut Pair, sent: &mut [Vec<u64>; 2], time: Duration) {
    let until = pair.now + time;
    while pair.now < until {
        for (at, sent) in sent.iter_mut().enumerate() {
            let number = u64::from(pair.ends[at].life) << 32 | sent.len() as u64;
            sent.push(number);
            pair.send(at, &number.to_be_bytes());
        }
        pair.run(pair.now + ms(20));
    }
}

/// What `at` hears from the life of the other end that is the last one, after nothing that came before an earlier one.
fn heard_of_last_life(pair: &Pair, at: usize) -> Vec<u64> {
    let heard = numbers(&pair.ends[at].heard);
    assert!(heard.windows(2).all(|two| two[0] < two[1]), "end {at} hears {heard:?}");
    let last = u64::from(pair.ends[1 - at].life);
    heard.into_iter().filter(|number| number >> 32 == last).collect()
}

/// Somebody sends again what was sent before both ends restarted: old hellos, which name no life of the receiver,
/// too. Whoever restarts last knows nothing of the other, and loses nothing.
#[test]
fn what_is_replayed_after_restarts_costs_nothing() {
    seeds("what_is_replayed_after_restarts_costs_nothing", 400, |seed| {
        let mut dice = ChaCha8Rng::seed_from_u64(!seed);
        let configs = [any_config(&mut dice), any_config(&mut dice)];
        let mut pair = Pair::new(seed, weather(&mut dice), configs);
        pair.replayed = 30;
        let mut sent = [Vec::new(), Vec::new()];
        let mut last = 0;
        for _ in 0..dice.random_range(2..6) {
            talk(&mut pair, &mut sent, ms(dice.random_range(50..800)));
            last = dice.random_range(0..2);
            pair.restart(last);
            sent[last].clear();
        }
        talk(&mut pair, &mut sent, ms(2_000));
        pair.run(pair.now + Duration::from_secs(120));
        assert_eq!(heard_of_last_life(&pair, 1 - last), sent[last]);
        assert_eq!(pair.shows(last, "abandoned"), 0);
        heard_of_last_life(&pair, last);
    });
}

/// One end restarts and says hello. The answers are lost, but recorded; then the other end restarts too, and the
/// answers of its earlier life come after all. They answer another hello than the last one: whoever took them
/// for fresh would send to a life that is over.
#[test]
fn an_old_welcome_is_not_taken_for_a_fresh_one() {
    seeds("an_old_welcome_is_not_taken_for_a_fresh_one", 400, |seed| {
        let mut dice = ChaCha8Rng::seed_from_u64(!seed);
        let configs = [any_config(&mut dice), any_config(&mut dice)];
        let mut pair = Pair::new(seed, weather(&mut dice), configs);
        pair.replayed = 60;
        let mut sent = [Vec::new(), Vec::new()];
        talk(&mut pair, &mut sent, ms(300));
        pair.restart(0);
        sent[0].clear();
        pair.deaf[0] = true;
        talk(&mut pair, &mut sent, ms(300));
        pair.restart(1);
        sent[1].clear();
        pair.deaf[1] = true;
        talk(&mut pair, &mut sent, ms(3_500));
        pair.deaf = [false; 2];
        pair.run(pair.now + Duration::from_secs(120));
        for (at, sent) in sent.iter().enumerate() {
            assert_eq!(heard_of_last_life(&pair, 1 - at), *sent);
            assert_eq!(pair.shows(at, "abandoned"), 0);
        }
    });
}

/// The switches break what they say: the same schedules, with one rule less.
#[test]
fn without_a_rule_the_same_schedules_fail() {
    let broken = |config: Config| {
        let fails = |seed: &u64| {
            let weather = Weather { loss: 20, duplicate: 20, reorder: 20 };
            let mut pair = Pair::new(*seed, weather, [config, config]);
            for n in 0..40_u64 {
                pair.send(0, &n.to_be_bytes());
                pair.run(pair.now + ms(10));
            }
            pair.run(pair.now + Duration::from_secs(60));
            numbers(&pair.ends[1].heard) != (0..40).collect::<Vec<u64>>()
        };
        (0..20).filter(fails).count()
    };
    assert_eq!(broken(config()), 0);
    assert_eq!(broken(Config { duplicates_kept: true, ..config() }), 20);
    assert_eq!(broken(Config { gap_acknowledged: true, ..config() }), 20);
}

/// A receiver that has room for two holds a sender back that would send eight at once.
#[test]
fn the_slower_end_sets_the_pace() {
    let quiet = Weather { loss: 0, duplicate: 0, reorder: 0 };
    let small = Config { room: Room { messages: 2, bytes: 1_000 }, ..config() };
    let mut pair = Pair::new(1, quiet, [config(), small]);
    (0..20_u64).for_each(|n| pair.send(0, &n.to_be_bytes()));
    while pair.now < Time::ZERO + Duration::from_secs(2) {
        pair.run(pair.now + ms(1));
        assert!(pair.shows(0, "under_way") <= 2);
    }
    assert_eq!(numbers(&pair.ends[1].heard), (0..20).collect::<Vec<u64>>());
    assert_eq!(pair.shows(0, "sent_again"), 0);
}

/// With a budget of a tenth, a network that lets nothing through is not filled with copies.
#[test]
fn a_budget_bounds_what_is_sent_again() {
    let share = "10%".parse().expect("a probability");
    let nothing = Weather { loss: 0, duplicate: 0, reorder: 0 };
    let budget = Some(Limit { share, floor: 1 });
    for (budget, most) in [(budget, 75), (None, 10_000)] {
        let config = Config {
            budget,
            adaptive: false,
            backoff: Backoff::Fixed,
            repeat_all: true,
            ..config()
        };
        let mut pair = Pair::new(1, nothing, [config, config]);
        pair.send(0, &[0; 8]);
        pair.run(pair.now + ms(200));
        pair.weather.loss = 100;
        (1..9_u64).for_each(|n| pair.send(0, &n.to_be_bytes()));
        pair.run(pair.now + Duration::from_secs(60));
        let again = pair.shows(0, "sent_again");
        assert!(again <= most, "{again}");
        assert!(budget.is_some() || again > 4_000, "without one it is: {again}");
        pair.weather.loss = 0;
        pair.run(pair.now + Duration::from_secs(60));
        assert_eq!(numbers(&pair.ends[1].heard), (0..9).collect::<Vec<u64>>());
    }
}

/// By hand, after RFC 6298. The first round trip takes 20 ms or less, so that RTO = 20 + 4 · 10 = 60 at most, and is
/// 50 at least. Then nobody answers: (5.5) it is doubled each time until it is 400.
#[test]
fn time_outs_double_until_somebody_answers() {
    let quiet = Weather { loss: 0, duplicate: 0, reorder: 0 };
    let mut pair = Pair::new(3, quiet, [config(), config()]);
    pair.send(0, &0_u64.to_be_bytes());
    pair.run(pair.now + ms(100));
    pair.weather.loss = 100;
    let start = pair.now;
    pair.send(0, &1_u64.to_be_bytes());
    let mut repeats = Vec::new();
    while repeats.len() < 6 {
        let before = pair.shows(0, "sent_again");
        pair.run(pair.now + Duration::from_micros(500));
        if pair.shows(0, "sent_again") > before {
            repeats.push(pair.now.since(start).millis());
        }
    }
    let first = repeats[0];
    assert!((50..=90).contains(&first), "{first}");
    let waits: Vec<u64> = repeats.windows(2).map(|two| two[1] - two[0]).collect();
    for (wait, times) in waits.iter().zip([2, 4, 8, 16, 32]) {
        let expected = (first * times).min(400);
        assert!(wait.abs_diff(expected) <= 1 + times, "{waits:?} after {first}");
    }
}

/// Whatever arrives, from a stranger or in the middle of a conversation, nothing panics, and what is kept stays below
/// what there is room for.
#[test]
fn any_bytes_are_refused_or_make_sense() {
    seeds("any_bytes_are_refused_or_make_sense", 200, |seed| {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut pair = Pair::new(seed, weather(&mut dice), [config(), config()]);
        for n in 0..60_u64 {
            pair.send(0, &n.to_be_bytes());
            pair.run(pair.now + ms(dice.random_range(0..10)));
            // A real frame with some bits flipped, or anything.
            let flying = pair.flights.values().next().map(|(_, frame)| frame.clone());
            let mut frame = flying
                .unwrap_or_else(|| (0..dice.random_range(0..80)).map(|_| dice.random()).collect());
            for _ in 0..dice.random_range(1..4) {
                if !frame.is_empty() {
                    let at = dice.random_range(0..frame.len());
                    frame[at] ^= 1 << dice.random_range(0..8);
                }
            }
            let to = dice.random_range(0..2);
            let from = pair.ends[1 - to].me;
            pair.ask(to, |layer, hops, env| layer.up(from, &frame, hops, env).map(<[u8]>::to_vec));
            assert!(pair.shows(to, "held") <= 16);
        }
        pair.run(pair.now + Duration::from_secs(5));
    });
}
