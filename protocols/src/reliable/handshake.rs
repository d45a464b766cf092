//! Who talks to whom: what a segment proves, and when a peer is known to have started anew.

use super::Config;
use super::connection::{Connection, Tools, acknowledgement};
use super::receiver::Receiver;
use super::rtt::Rtt;
use super::segment::{Body, Trailer};
use simlab_core::{Duration, Env, Time};

/// A question that the peer has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Greeting {
    /// What the answer to the last hello has to echo.
    pub(super) nonce: u64,
    /// When the first hello was sent.
    began: Time,
    /// How long to wait for an answer at least: one has come that was too late.
    patience: Duration,
}

impl Greeting {
    fn new(env: &mut Env<'_>) -> Self {
        Greeting { nonce: env.random(), began: env.now(), patience: Duration::ZERO }
    }
}

impl Connection {
    /// Asks the peer which life it is in. Each time that it asks is another question, so that no answer to
    /// an earlier one is taken for a fresh one.
    pub(super) fn greet(&mut self, tools: &mut Tools<'_, '_>) {
        let fresh = Greeting::new(tools.env);
        let before = self.greeting.filter(|_| !self.open).unwrap_or(fresh);
        self.greeting = Some(Greeting { nonce: fresh.nonce, ..before });
        self.say(Body::Hello { nonce: fresh.nonce }, tools);
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
        if greeting.nonce != nonce {
            // Or the round trip is longer than we wait. It is not longer than this.
            greeting.patience = greeting.patience.max(tools.env.now().since(greeting.began));
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
