//! What a node knows of its connection to a peer.

use super::budget::Budget;
use super::handshake::Greeting;
use super::receiver::{Arrival, Receiver};
use super::rtt::Rtt;
use super::segment::{Acknowledgement, Body, NO_ECHO, Trailer};
use super::sender::Sender;
use super::{Config, invariant};
use simlab_core::wire::Encode;
use simlab_core::{Duration, Env, Hops, NodeId, Time, TimerKey};

/// A connection: both directions between a life of this node and a life of a peer.
#[derive(Clone, Debug, Hash)]
pub struct Connection {
    pub(super) peer: NodeId,
    /// The latest life of the peer that is known.
    pub(super) life: Option<u32>,
    /// Whether the peer was in that life when it was asked, so that messages may be sent to it.
    pub(super) open: bool,
    pub(super) greeting: Option<Greeting>,
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
    pub(super) rtt: Rtt,
    /// How long was waited before the last transmission that nobody answered.
    waited: Duration,
    /// How many transmissions in a row nobody has answered.
    pub(super) unanswered: u32,
    /// Whether the retransmission timer runs.
    running: bool,
    /// Messages that arrived and were not acknowledged yet.
    pub(super) owed: u32,
    /// When the message came that is being handled, or that was handled last.
    heard_at: Option<Time>,
    pub(super) counts: Counts,
}

/// What was done, for people.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub struct Counts {
    pub(super) sent: u64,
    pub(super) again: u64,
    pub(super) acknowledgements: u64,
    pub(super) duplicates: u64,
    pub(super) refused: u64,
    pub(super) abandoned: u64,
    pub(super) dropped: u64,
}

/// What a connection works with.
pub(super) struct Tools<'t, 'e> {
    pub(super) config: &'t Config,
    pub(super) budget: &'t mut Budget,
    pub(super) hops: &'t mut Hops,
    pub(super) env: &'t mut Env<'e>,
}

/// A delayed acknowledgement waits for one more message, no more: RFC 1122 §4.2.3.2.
const OWED_MAX: u32 = 2;

/// The timers of a connection.
pub(super) fn retransmission(peer: NodeId) -> TimerKey {
    u64::from(peer.0) << 1
}

pub(super) fn acknowledgement(peer: NodeId) -> TimerKey {
    u64::from(peer.0) << 1 | 1
}

impl Connection {
    pub(super) fn new(peer: NodeId, config: &Config) -> Self {
        Connection {
            peer,
            life: None,
            open: false,
            greeting: None,
            sender: Sender::new(config.window),
            receiver: Receiver::new(config.room),
            rtt: Rtt::new(config.bounds),
            waited: Duration::ZERO,
            unanswered: 0,
            running: false,
            owed: 0,
            heard_at: None,
            counts: Counts::default(),
        }
    }

    /// How many messages are under way, wait to be sent, and wait for their turn.
    pub(super) fn waiting(&self) -> [usize; 3] {
        let (under_way, unsent) = self.sender.counts();
        [under_way, unsent, self.receiver.held()]
    }

    pub(super) fn rtt(&self) -> &Rtt {
        &self.rtt
    }

    /// Takes a message of the layer above.
    pub(super) fn push(&mut self, message: Vec<u8>, tools: &mut Tools<'_, '_>) {
        if !self.sender.push(message, tools.config.backlog) {
            self.counts.dropped += 1;
            tools.env.note("reliable.backlog-full", self.peer.0.into(), self.counts.dropped);
            return;
        }
        self.pump(tools);
    }

    /// The life that messages may be sent to.
    fn receiver_life(&self) -> Option<u32> {
        self.life.filter(|_| self.open)
    }

    /// Sends what may be sent for the first time. A peer is asked first which life it is in: what is sent to
    /// one life must not come to another.
    pub(super) fn pump(&mut self, tools: &mut Tools<'_, '_>) {
        let Some(life) = self.receiver_life() else {
            if self.sender.has_unsent() && !self.running {
                self.greet(tools);
                self.start_timer(self.rtt.rto(), tools);
            }
            return;
        };
        let now = tools.env.now();
        let ack = self.sender.may_send().then(|| self.tell(tools));
        let mut ack = ack.unwrap_or_default();
        while let Some((seq, message)) = self.sender.send_next(now) {
            let body = Body::Data { to: life, seq, ack: ack.clone() };
            tools.hops.down(self.peer, framed(message, tools.env.life(), body));
            // Only one of several datagrams tells what made it say so.
            ack.echo = NO_ECHO;
            tools.budget.earn();
            self.counts.sent += 1;
        }
        if self.sender.is_waiting_for_answers() && !self.running {
            self.start_timer(self.rto(tools.config), tools);
        }
    }

    /// What is to be told of what has arrived; whoever asks sends it.
    fn tell(&mut self, tools: &mut Tools<'_, '_>) -> Acknowledgement {
        if self.owed > 0 {
            self.owed = 0;
            tools.env.cancel_timer(acknowledgement(self.peer));
        }
        let ack = self.receiver.acknowledge();
        // For the judge: what makes this leave is not what it acknowledges.
        if ack.echo != NO_ECHO && self.heard_at != Some(tools.env.now()) {
            invariant::note_waited(self.peer, ack.echo, tools.env);
        }
        ack
    }

    pub(super) fn say(&mut self, body: Body, tools: &mut Tools<'_, '_>) {
        tools.hops.down(self.peer, framed(&[], tools.env.life(), body));
    }

    fn rto(&self, config: &Config) -> Duration {
        if config.adaptive { self.rtt.rto() } else { config.bounds.initial }
    }

    fn start_timer(&mut self, after: Duration, tools: &mut Tools<'_, '_>) {
        (self.running, self.waited) = (true, after);
        tools.env.set_timer(retransmission(self.peer), after);
    }

    pub(super) fn stop_timer(&mut self, tools: &mut Tools<'_, '_>) {
        if self.running {
            self.running = false;
            tools.env.cancel_timer(retransmission(self.peer));
        }
    }

    /// Nobody has answered in time: RFC 6298 (5.4) to (5.6).
    pub(super) fn time_out(&mut self, tools: &mut Tools<'_, '_>) {
        self.running = false;
        if self.open {
            self.sender.lose_all();
            let most = if tools.config.repeat_all { usize::MAX } else { 1 };
            self.send_lost(most, tools);
            if self.sender.first_missing().is_none() {
                return;
            }
        } else if self.sender.has_unsent() {
            self.greet(tools);
        } else {
            return;
        }
        self.unanswered = self.unanswered.saturating_add(1);
        let Config { backoff, bounds, .. } = *tools.config;
        let base = self.base(tools.config);
        let (waited, attempt) = (self.waited.max(base), self.unanswered);
        let draw = &mut |bound| tools.env.below(bound);
        let wait = backoff.wait(base, waited, attempt, bounds.max, draw);
        if tools.config.adaptive {
            self.rtt.back_off(wait.max(base));
        }
        self.start_timer(wait.max(self.patience()), tools);
    }

    /// The wait that back-off begins with.
    fn base(&self, config: &Config) -> Duration {
        match (config.adaptive, self.rtt.mean()) {
            (true, Some(_)) => self.rtt.unbacked(),
            _ => config.bounds.initial,
        }
    }

    /// Sends again what is taken for lost, so many messages at most, as far as the budget goes.
    fn send_lost(&mut self, most: usize, tools: &mut Tools<'_, '_>) {
        let Some(life) = self.receiver_life() else { return };
        let now = tools.env.now();
        for _ in 0..most {
            let Some(seq) = self.sender.first_lost() else { return };
            if !tools.budget.spend(now) {
                tools.env.note("reliable.budget-spent", self.peer.0.into(), seq);
                return;
            }
            let ack = self.tell(tools);
            let Some(message) = self.sender.send_again(seq, now) else { return };
            let frame = framed(message, tools.env.life(), Body::Data { to: life, seq, ack });
            tools.hops.down(self.peer, frame);
            self.counts.again += 1;
            tools.env.note("reliable.again", self.peer.0.into(), seq);
        }
    }

    /// Takes a segment in; the message in it, if it is the next one for the layer above. What it has
    /// held up goes there by `hops`.
    pub(super) fn arrive<'b>(
        &mut self,
        message: &'b [u8],
        trailer: &Trailer,
        tools: &mut Tools<'_, '_>,
    ) -> Option<&'b [u8]> {
        self.heard_at = None;
        if !tools.config.incarnation_unchecked {
            if !self.admit(trailer, tools) {
                return None;
            }
        } else if !self.open {
            self.life = Some(trailer.from);
            self.open(tools.config);
            self.stop_timer(tools);
        }
        match &trailer.body {
            Body::Hello { nonce } => {
                self.greeted(trailer.from, *nonce, tools);
                None
            }
            Body::Welcome { nonce, .. } => {
                self.answered(trailer.from, *nonce, tools);
                None
            }
            Body::Reset { .. } => {
                self.pump(tools);
                None
            }
            Body::Ack { ack, .. } => {
                self.acknowledged(ack, tools);
                None
            }
            Body::Data { seq, ack, .. } => {
                self.acknowledged(ack, tools);
                self.data(*seq, message, tools)
            }
        }
    }

    fn acknowledged(&mut self, ack: &Acknowledgement, tools: &mut Tools<'_, '_>) {
        if !self.open {
            // Nothing is under way, and the timer is that of a hello.
            self.pump(tools);
            return;
        }
        let now = tools.env.now();
        let karn = !tools.config.karn_ignored;
        let progress = self.sender.acknowledge(ack, now, karn);
        if let Some(sample) = progress.sample {
            self.rtt.sample(sample);
            invariant::note_sample(self.peer, sample, tools.env);
        }
        // A time-out that was backed off stays so until there is a sample (5.5, 5.7, Karn).
        if progress.sample.is_some() || (progress.news && !tools.config.adaptive) {
            self.unanswered = 0;
        }
        if progress.news {
            // What came through makes room for twice as much of what is still missing.
            self.send_lost(2, tools);
        }
        self.pump(tools);
        if !self.sender.is_waiting_for_answers() {
            // (5.2)
            self.stop_timer(tools);
        } else if progress.advanced {
            // (5.3)
            self.start_timer(self.rto(tools.config), tools);
        }
    }

    fn data<'b>(
        &mut self,
        seq: u64,
        message: &'b [u8],
        tools: &mut Tools<'_, '_>,
    ) -> Option<&'b [u8]> {
        self.heard_at = Some(tools.env.now());
        let gap = tools.config.gap_acknowledged;
        if gap {
            self.receiver.skip_to(seq);
        }
        let arrival = self.receiver.arrive(seq, message);
        let passes = match arrival {
            Arrival::Next => Some(message),
            Arrival::Again => {
                self.counts.duplicates += 1;
                tools.env.note("reliable.duplicate", self.peer.0.into(), seq);
                tools.config.duplicates_kept.then_some(message)
            }
            Arrival::NoRoom => {
                tools.env.note("reliable.no-room", self.peer.0.into(), seq);
                None
            }
            Arrival::Early => None,
        };
        let mut filled = false;
        if arrival == Arrival::Next {
            while let Some(held) = self.receiver.pop() {
                tools.hops.up(self.peer, held);
                filled = true;
            }
        }
        self.owe(arrival == Arrival::Next && !filled, tools);
        passes
    }

    /// Acknowledges now, or, if all is in order and there is time, with what is sent next.
    fn owe(&mut self, in_order: bool, tools: &mut Tools<'_, '_>) {
        self.owed += 1;
        let delay = tools.config.ack_delay;
        if in_order && delay > Duration::ZERO && self.owed < OWED_MAX {
            tools.env.set_timer(acknowledgement(self.peer), delay);
        } else {
            self.pay(tools);
        }
    }

    /// Sends the acknowledgement that is owed.
    pub(super) fn pay(&mut self, tools: &mut Tools<'_, '_>) {
        let Some(to) = self.life.filter(|_| self.owed > 0) else { return };
        let ack = self.tell(tools);
        self.counts.acknowledgements += 1;
        self.say(Body::Ack { to, ack }, tools);
    }
}

fn framed(message: &[u8], from: u32, body: Body) -> Vec<u8> {
    // What follows a message is never longer, but for the blocks of a lossy link.
    let mut frame = Vec::with_capacity(message.len() + 36);
    frame.extend_from_slice(message);
    Trailer { from, body }.encode(&mut frame);
    frame
}
