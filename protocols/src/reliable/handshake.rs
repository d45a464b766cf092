//! Who talks to whom: what a segment proves, and when a peer is known to have started anew.

use super::Config;
use super::connection::{Connection, Tools, acknowledgement};
use super::receiver::Receiver;
use super::rtt::Rtt;
use super::segment::{Body, Trailer};
use simlab_core::{Duration, Env, Time};

/// A question that the peer has not answered. The nonces of its hellos follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Greeting {
    /// The nonce of the first hello.
    first: u64,
    /// How many hellos there were after that.
    again: u64,
    /// When the first was sent.
    began: Time,
    /// How long to wait for an answer at least: one has come that was too late.
    patience: Duration,
}

impl Greeting {
    fn new(env: &mut Env<'_>) -> Self {
        Greeting { first: env.random(), again: 0, began: env.now(), patience: Duration::ZERO }
    }

    /// What the answer to the last hello has to echo.
    pub(super) const fn nonce(&self) -> u64 {
        self.first.wrapping_add(self.again)
    }

    /// Whether this was the nonce of one of its hellos.
    const fn asked(&self, nonce: u64) -> bool {
        nonce.wrapping_sub(self.first) <= self.again
    }
}

impl Connection {
    /// Asks the peer which life it is in. Each time that it asks is another question, so that no answer to
    /// an earlier one is taken for a fresh one.
    pub(super) fn greet(&mut self, tools: &mut Tools<'_, '_>) {
        let greeting = match self.greeting.filter(|_| !self.open) {
            Some(before) => Greeting { again: before.again + 1, ..before },
            None => Greeting::new(tools.env),
        };
        self.greeting = Some(greeting);
        self.say(Body::Hello { nonce: greeting.nonce() }, tools);
    }

    /// How long to wait for an answer to a hello, at least.
    pub(super) fn patience(&self) -> Duration {
        self.greeting.map_or(Duration::ZERO, |greeting| greeting.patience)
    }

    /// Whether a segment is to be listened to, by the lives that it names.
    pub(super) fn admit(&mut self, trailer: &Trailer, tools: &mut Tools<'_, '_>) -> bool {
        let (from, own) = (trailer.from, tools.env.life());
        if self.life.is_some_and(|known| from < known) {
            self.refuse("reliable.old-life", from.into(), tools);
            return false;
        }
        let Some(to) = trailer.to() else { return true };
        if to != own {
            self.refuse("reliable.wrong-life", from.into(), tools);
            // What answers and resets say to an earlier life, the peer has no use for. Nobody can know
            // of a life to come.
            if to < own && matches!(trailer.body, Body::Data { .. } | Body::Ack { .. }) {
                self.say(Body::Reset { to: from }, tools);
            }
            return false;
        }
        // Who names this life of ours has heard from it, so that its own life is no later than the peer's.
        let is_answer = matches!(trailer.body, Body::Welcome { .. });
        if !is_answer && self.life.is_none_or(|known| known < from) {
            self.begin(from, tools);
        }
        true
    }

    fn refuse(&mut self, note: &'static str, what: u64, tools: &mut Tools<'_, '_>) {
        self.counts.refused += 1;
        tools.env.note(note, self.peer.0.into(), what);
    }

    /// The peer is in this life, or in a later one: all that was between this node and earlier ones is over.
    fn begin(&mut self, life: u32, tools: &mut Tools<'_, '_>) {
        if self.life.is_some() {
            let abandoned = self.sender.abandon() as u64;
            self.counts.abandoned += abandoned;
            tools.env.note("reliable.peer-restarted", self.peer.0.into(), abandoned);
            self.receiver = Receiver::new(tools.config.room);
            self.rtt = Rtt::new(tools.config.bounds);
            if std::mem::take(&mut self.owed) > 0 {
                tools.env.cancel_timer(acknowledgement(self.peer));
            }
            if self.open {
                (self.greeting, self.unanswered) = (None, 0);
                self.stop_timer(tools);
            }
        }
        (self.life, self.open) = (Some(life), false);
    }

    /// Answers a hello, which proves nothing: it may be an old one.
    pub(super) fn greeted(&mut self, life: u32, nonce: u64, tools: &mut Tools<'_, '_>) {
        self.say(Body::Welcome { to: life, nonce }, tools);
        // If it is right, what is under way is for nobody. A reset will say so, but not before the next
        // time-out; an answer does at once.
        if self.life.is_some_and(|known| known < life) && self.sender.is_waiting_for_answers() {
            self.greet(tools);
        }
    }

    /// Takes an answer in. Only one to the last hello shows that the peer is in that life now.
    pub(super) fn answered(&mut self, life: u32, nonce: u64, tools: &mut Tools<'_, '_>) {
        let Some(greeting) = &mut self.greeting else { return };
        if greeting.nonce() != nonce {
            // The round trip may be longer than we wait. It is not longer than this; but somebody may have
            // held the answer up, or repeat it.
            if greeting.asked(nonce) {
                let most = tools.env.now().since(greeting.began).min(tools.config.bounds.max);
                greeting.patience = greeting.patience.max(most);
            }
            self.refuse("reliable.stale-welcome", life.into(), tools);
            return;
        }
        self.greeting = None;
        if self.life != Some(life) {
            self.begin(life, tools);
        }
        if !self.open {
            self.open(tools.config);
            self.stop_timer(tools);
            self.pump(tools);
        }
    }

    /// From now on messages are sent.
    pub(super) fn open(&mut self, config: &Config) {
        (self.open, self.greeting) = (true, None);
        // (5.7): a first segment that had to be repeated says that the time-out is too short.
        if std::mem::take(&mut self.unanswered) > 0 {
            self.rtt.back_off(config.bounds.initial.times(3));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reliable::backoff::Backoff;
    use crate::reliable::budget::Budget;
    use crate::reliable::receiver::Room;
    use crate::reliable::rtt::Bounds;
    use simlab_core::{Counters, Effect, Hop, Hops, Moment, NoDisk, NodeId, Outbox, Seeded};

    const PEER: NodeId = NodeId(1);
    const SECOND: Duration = Duration::from_secs(1);

    fn config() -> Config {
        Config {
            window: 8,
            room: Room { messages: 8, bytes: 1_000 },
            backlog: 1_000,
            ack_delay: Duration::ZERO,
            bounds: Bounds { initial: SECOND, min: SECOND, max: SECOND.times(60) },
            adaptive: false,
            repeat_all: false,
            backoff: Backoff::Fixed,
            budget: None,
            duplicates_kept: false,
            gap_acknowledged: false,
            incarnation_unchecked: false,
            karn_ignored: false,
        }
    }

    /// A connection, what it said last, and for how long it set its timer last.
    struct Alone {
        connection: Connection,
        counters: Counters,
        seeded: Seeded,
        said: Option<Body>,
        waits: Duration,
    }

    impl Alone {
        fn new() -> Self {
            let connection = Connection::new(PEER, &config());
            let (counters, seeded) = (Counters::default(), Seeded::new(1));
            Alone { connection, counters, seeded, said: None, waits: Duration::ZERO }
        }

        fn at(&mut self, secs: u64, body: impl FnOnce(&mut Connection, &mut Tools<'_, '_>)) {
            let now = Time::ZERO + Duration::from_secs(secs);
            let moment = Moment { me: NodeId(0), now, wall: now, life: 2 };
            let (mut out, mut hops) = (Outbox::new(), Hops::default());
            let (counters, seeded) = (&mut self.counters, &mut self.seeded);
            let mut env = Env::new(moment, &mut out, counters, seeded, &NoDisk);
            let (config, mut budget) = (config(), Budget::new(None));
            let mut tools =
                Tools { config: &config, budget: &mut budget, hops: &mut hops, env: &mut env };
            body(&mut self.connection, &mut tools);
            for hop in hops.drain() {
                let Hop::Down { frame, .. } = hop else { panic!("nothing has arrived") };
                self.said = Some(Trailer::split(&frame).expect("a segment").1.body);
            }
            for effect in out.effects() {
                if let Effect::SetTimer { after, .. } = effect {
                    self.waits = *after;
                }
            }
        }

        /// The nonce of the hello that it said last.
        fn nonce(&self) -> u64 {
            let Some(Body::Hello { nonce }) = self.said else { panic!("it said {:?}", self.said) };
            nonce
        }

        fn hears_welcome(&mut self, secs: u64, nonce: u64) {
            let trailer = Trailer { from: 5, body: Body::Welcome { to: 2, nonce } };
            self.at(secs, |connection, tools| {
                assert_eq!(connection.arrive(&[], &trailer, tools), None);
            });
        }
    }

    /// The round trip is 3 s, and a hello is repeated each second.
    #[test]
    fn who_is_answered_late_waits_longer() {
        let mut alone = Alone::new();
        alone.at(0, |connection, tools| connection.push(b"message".to_vec(), tools));
        let first = alone.nonce();
        for secs in 1..3 {
            alone.at(secs, |connection, tools| connection.time_out(tools));
            assert_eq!(alone.waits, SECOND);
        }
        alone.hears_welcome(3, first);
        alone.at(3, |connection, tools| connection.time_out(tools));
        assert_eq!(alone.waits, SECOND.times(3));
        alone.hears_welcome(6, alone.nonce());
        assert!(matches!(alone.said, Some(Body::Data { to: 5, seq: 0, .. })), "{:?}", alone.said);
    }

    /// Somebody has recorded answers of all times, and sends them on and on.
    #[test]
    fn nobody_makes_it_wait_longer_than_the_longest_time_out() {
        let mut alone = Alone::new();
        alone.at(0, |connection, tools| connection.push(b"message".to_vec(), tools));
        let first = alone.nonce();
        for secs in [1_000, 2_000, 3_000] {
            alone.hears_welcome(secs, first.wrapping_sub(1));
            alone.hears_welcome(secs, alone.nonce().wrapping_add(1));
            alone.at(secs, |connection, tools| connection.time_out(tools));
            assert_eq!(alone.waits, SECOND, "those are no answers to its hellos");
        }
        for secs in [4_000, 5_000] {
            alone.hears_welcome(secs, first);
            alone.at(secs, |connection, tools| connection.time_out(tools));
            assert_eq!(alone.waits, SECOND.times(60));
        }
    }
}
