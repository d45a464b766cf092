//! A call that is under way.

use super::{Config, timer};
use crate::rpc::govern::shed::Class;
use crate::rpc::message::{Codec, Header, Message, Semantics};
use simlab_core::{Duration, Env, NodeId, Time};

/// How one call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// What to do if nobody answers.
    pub semantics: Semantics,
    /// How parameters and results are written.
    pub codec: Codec,
    /// After what time nobody waits any more; [`Duration::FOREVER`] for never.
    pub time: Duration,
    /// The deadline of the call that this one is made for, if there is one: it is not later than that.
    pub until: Time,
    /// What it was made for; a trace of its own if that is nothing.
    pub trace: Option<u64>,
    /// Whether it is polled for, and not told when it has ended.
    pub polled: bool,
    /// The version of the service that is spoken; the newest if none is given.
    pub version: Option<u16>,
    /// How much it matters, where a server has more to do than it can.
    pub class: Class,
}

impl Options {
    /// A call of its own with these semantics, for which so long is waited.
    #[must_use]
    pub const fn new(semantics: Semantics, time: Duration) -> Self {
        Options {
            semantics,
            codec: Codec::Binary,
            time,
            until: Time::NEVER,
            trace: None,
            polled: false,
            version: None,
            class: Class::Critical,
        }
    }
}

/// A call that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pending {
    pub(super) to: NodeId,
    /// But for what is different each time that it is sent.
    pub(super) header: Header,
    pub(super) body: Vec<u8>,
    /// On the caller's clock.
    pub(super) deadline: Time,
    pub(super) polled: bool,
    /// The life of the server that is asked.
    pub(super) life: Option<u32>,
    /// How often it was sent.
    pub(super) transmissions: u32,
    /// How often in a row nobody answered, and how long was waited last.
    pub(super) attempts: u32,
    waited: Duration,
    /// When it is sent again.
    pub(super) repeat_at: Time,
}

impl Pending {
    pub(super) fn new(to: NodeId, header: Header, body: Vec<u8>, own: Options, now: Time) -> Self {
        let deadline = if own.time == Duration::FOREVER { Time::NEVER } else { now + own.time };
        Pending {
            to,
            header,
            body,
            deadline: deadline.min(own.until),
            polled: own.polled,
            life: None,
            transmissions: 0,
            attempts: 0,
            waited: Duration::ZERO,
            repeat_at: Time::NEVER,
        }
    }

    /// Whether a server was asked, and may execute it.
    pub(super) const fn asked(&self) -> bool {
        self.transmissions > 0
    }

    /// Sets when it is sent again.
    pub(super) fn repeat_later(&mut self, config: &Config, env: &mut Env<'_>) {
        let Config { retransmit, backoff, retransmit_max, .. } = *config;
        if retransmit == Duration::FOREVER {
            self.repeat_at = Time::NEVER;
            return;
        }
        let (last, attempts) = (self.waited.max(retransmit), self.attempts);
        self.waited = match attempts {
            0 => retransmit,
            n => backoff.wait(retransmit, last, n, retransmit_max, &mut |bound| env.below(bound)),
        };
        self.repeat_at = env.now() + self.waited;
    }

    /// Sets its timer.
    pub(super) fn wake(&self, env: &mut Env<'_>) {
        let (at, key) = (self.repeat_at.min(self.deadline), timer(self.header.call));
        if at == Time::NEVER {
            env.cancel_timer(key);
        } else {
            env.set_timer(key, at.since(env.now()));
        }
    }

    /// Tells the server that nobody waits any more.
    pub(super) fn take_back(&self, env: &mut Env<'_>) {
        if let Some(life) = self.life.filter(|_| self.asked()) {
            env.send(self.to, &Message::Cancel { call: self.header.call, life });
        }
    }
}
