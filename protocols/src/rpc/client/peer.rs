//! What a caller knows of a server before it asks.

use crate::rpc::message::Presence;
use simlab_core::{Duration, Time};

/// A server as a caller knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Peer {
    known: Option<Known>,
    /// The nonce of the hello that was not answered, and when to say it again.
    pub(super) greeting: Option<(u64, Time)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Known {
    life: u32,
    /// The server's clock, and the caller's when it heard of that.
    there: Time,
    here: Time,
}

impl Peer {
    /// Its latest life that is known.
    pub(super) fn life(&self) -> Option<u32> {
        self.known.map(|known| known.life)
    }

    /// The server has spoken. What comes late may say less of its clock than what came before.
    pub(super) fn heard(&mut self, presence: Presence, now: Time, drift: u64) {
        let better = |known: Known| {
            let expected = known.there + shrunk(now.since(known.here), drift);
            presence.life > known.life
                || (presence.life == known.life && presence.clock >= expected)
        };
        if self.known.is_none_or(better) {
            self.known = Some(Known { life: presence.life, there: presence.clock, here: now });
        }
    }

    /// An instant of the caller's clock on the server's. It is never later, so that nobody works on when nobody
    /// waits: the server's clock was read before what it said was heard, and of what has passed since a
    /// share of `drift` millionths is taken off, since clocks may run fast or slow.
    ///
    /// What it is too early by is how long that message took, and the drift.
    pub(super) fn there(&self, here: Time, drift: u64) -> Time {
        if here == Time::NEVER {
            return Time::NEVER;
        }
        let Some(known) = self.known else { return Time::ZERO };
        let there = known.there + shrunk(here.since(known.here), drift);
        // The last instant means something else.
        Time(there.nanos().min(Time::NEVER.nanos() - 1))
    }
}

fn shrunk(time: Duration, drift: u64) -> Duration {
    let off = u128::from(time.nanos()) * u128::from(drift) / 1_000_000;
    Duration(time.nanos().saturating_sub(u64::try_from(off).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(life: u32, clock: u64) -> Presence {
        Presence { life, clock: Time(clock) }
    }

    /// The server's clock is 500 ahead. What it said came within 30.
    #[test]
    fn a_deadline_is_never_later_there() {
        let mut peer = Peer::default();
        assert_eq!(peer.there(Time(1_000), 0), Time::ZERO, "nothing is known");
        peer.heard(at(0, 600), Time(130), 0);
        assert_eq!(peer.there(Time(1_000), 0), Time(1_470), "it is 1500, less what came late");
        peer.heard(at(0, 705), Time(210), 0);
        assert_eq!(peer.there(Time(1_000), 0), Time(1_495), "this one came sooner");
        peer.heard(at(0, 720), Time(300), 0);
        assert_eq!(peer.there(Time(1_000), 0), Time(1_495), "and this one says less");
        assert_eq!(peer.there(Time(1_000), 100_000), Time(1_416));
        assert_eq!(peer.there(Time::NEVER, 100_000), Time::NEVER);
    }

    #[test]
    fn an_earlier_life_is_over() {
        let mut peer = Peer::default();
        peer.heard(at(2, 10), Time(100), 0);
        peer.heard(at(1, 900), Time(110), 0);
        assert_eq!((peer.life(), peer.there(Time(150), 0)), (Some(2), Time(60)));
        peer.heard(at(3, 0), Time(120), 0);
        assert_eq!((peer.life(), peer.there(Time(150), 0)), (Some(3), Time(30)));
    }
}
