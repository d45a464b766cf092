//! One direction of a connection, at the end that sends.

use super::segment::Acknowledgement;
use simlab_core::{Duration, Time};
use std::collections::VecDeque;

/// After so many later messages were acknowledged one is taken for lost: DupThresh of RFC 6675 §2.
const LATER_MAX: usize = 3;

/// What is to be sent, what is under way, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sender {
    /// How many messages may be under way; 1 is stop-and-wait.
    window: u64,
    /// The number of the first message under way.
    first: u64,
    /// The messages under way, from `first` on without gaps.
    flight: VecDeque<Flight>,
    /// The messages that were not sent yet.
    waiting: VecDeque<Vec<u8>>,
    waiting_bytes: usize,
    /// The message up to which, and without which, the receiver has room.
    edge: u64,
}

/// A message under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Flight {
    message: Vec<u8>,
    /// When it was sent last.
    sent: Time,
    /// How often it was sent.
    transmissions: u32,
    /// Whether the receiver has it, although others before it are missing.
    has: bool,
    /// Whether it is to be sent again as soon as may be.
    lost: bool,
}

/// What an acknowledgement came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whether it acknowledged anything that was not before.
    pub news: bool,
    /// Whether messages are gone from the flight.
    pub advanced: bool,
    /// A round trip, if it is certain to be one.
    pub sample: Option<Duration>,
}

impl Sender {
    /// Nothing to send yet. Until the receiver says otherwise it has room for one message.
    #[must_use]
    pub fn new(window: u64) -> Self {
        Sender {
            window: window.max(1),
            first: 0,
            flight: VecDeque::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            edge: 1,
        }
    }

    /// Takes a message, if there is room for it: `backlog` bytes of messages that wait.
    pub fn push(&mut self, message: Vec<u8>, backlog: usize) -> bool {
        // The message itself is not all that it takes.
        let cost = message.len() + size_of::<Vec<u8>>();
        if self.waiting_bytes + cost > backlog {
            return false;
        }
        self.waiting_bytes += cost;
        self.waiting.push_back(message);
        true
    }

    /// Whether there is a message that may be sent for the first time.
    #[must_use]
    pub fn may_send(&self) -> bool {
        let under_way = self.flight.len() as u64;
        !self.waiting.is_empty() && under_way < self.window && self.first + under_way < self.edge
    }

    /// The next message that may be sent for the first time, and its number. It is under way from then on.
    pub fn send_next(&mut self, now: Time) -> Option<(u64, &[u8])> {
        if !self.may_send() {
            return None;
        }
        let seq = self.first + self.flight.len() as u64;
        let message = self.waiting.pop_front()?;
        self.waiting_bytes -= message.len() + size_of::<Vec<u8>>();
        let flight = Flight { message, sent: now, transmissions: 1, has: false, lost: false };
        self.flight.push_back(flight);
        self.flight.back().map(|flight| (seq, &flight.message[..]))
    }

    /// Sends a message once more.
    pub fn send_again(&mut self, seq: u64, now: Time) -> Option<&[u8]> {
        let flight = self.flight.get_mut(usize::try_from(seq.checked_sub(self.first)?).ok()?)?;
        flight.transmissions = flight.transmissions.saturating_add(1);
        (flight.sent, flight.lost) = (now, false);
        Some(&flight.message)
    }

    /// The first message under way that the receiver does not have.
    #[must_use]
    pub fn first_missing(&self) -> Option<u64> {
        (self.first..).zip(&self.flight).find(|(_, flight)| !flight.has).map(|(seq, _)| seq)
    }

    /// The first message that is taken for lost.
    #[must_use]
    pub fn first_lost(&self) -> Option<u64> {
        (self.first..).zip(&self.flight).find(|(_, flight)| flight.lost).map(|(seq, _)| seq)
    }

    /// Takes everything under way that the receiver is not known to have for lost: nobody has answered. If
    /// it is said to have the first one too, and does not acknowledge it, nothing of what it is said to have
    /// is believed any longer (RFC 2018 §8): the first one is sent again in any case.
    pub fn lose_all(&mut self) {
        let believed = self.flight.front().is_none_or(|first| !first.has);
        for flight in &mut self.flight {
            flight.has &= believed;
            flight.lost = !flight.has;
        }
    }

    /// Whether anything is under way.
    #[must_use]
    pub fn is_waiting_for_answers(&self) -> bool {
        !self.flight.is_empty()
    }

    /// How many messages are under way, and how many were not sent yet.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.flight.len(), self.waiting.len())
    }

    /// Whether there is a message that was not sent yet.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The receiver has started anew: gives up what is under way, and says how many messages these were; nobody
    /// knows their fate. The others wait, and are numbered from 0.
    pub fn abandon(&mut self) -> usize {
        let under_way = self.flight.len();
        self.flight.clear();
        (self.first, self.edge) = (0, 1);
        under_way
    }

    /// Takes an acknowledgement in. `karn` is whether Karn's rule is followed: no sample of what was sent
    /// more than once.
    pub fn acknowledge(&mut self, ack: &Acknowledgement, now: Time, karn: bool) -> Progress {
        let end = self.first + self.flight.len() as u64;
        // Nobody can have what was never sent.
        if ack.next > end || ack.blocks.last().is_some_and(|(_, until)| *until > end) {
            return Progress::default();
        }
        let mut progress = Progress::default();
        let echoed = ack.echo.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        if let Some(flight) = echoed.and_then(|at| self.flight.get(at))
            && !flight.has
            && (flight.transmissions == 1 || !karn)
        {
            progress.sample = Some(now.since(flight.sent));
        }
        for (seq, flight) in (self.first..).zip(&mut self.flight) {
            let acknowledged = seq < ack.next
                || ack.blocks.iter().any(|(from, until)| (*from..*until).contains(&seq));
            if acknowledged && !flight.has {
                (flight.has, flight.lost, progress.news) = (true, false, true);
            }
        }
        while self.first < ack.next && self.flight.pop_front().is_some() {
            self.first += 1;
            progress.advanced = true;
        }
        self.edge = self.edge.max(ack.next.saturating_add(ack.window.into()));
        if progress.news {
            self.detect_loss();
        }
        progress
    }

    /// Takes those for lost that were sent once and that enough later ones have overtaken.
    fn detect_loss(&mut self) {
        let mut later = 0;
        for flight in self.flight.iter_mut().rev() {
            if flight.has {
                later += 1;
            } else if later >= LATER_MAX && flight.transmissions == 1 {
                flight.lost = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sending(window: u64, messages: u8) -> Sender {
        let mut sender = Sender::new(window);
        for n in 0..messages {
            assert!(sender.push(vec![n], 10_000));
        }
        sender.acknowledge(&ack(0, 100, &[]), Time::ZERO, true);
        sender
    }

    fn ack(next: u64, window: u16, blocks: &[(u64, u64)]) -> Acknowledgement {
        Acknowledgement { next, echo: u64::MAX, window, blocks: blocks.to_vec() }
    }

    fn sends(sender: &mut Sender) -> Vec<u64> {
        std::iter::from_fn(|| sender.send_next(Time::ZERO).map(|(seq, _)| seq)).collect()
    }

    #[test]
    fn a_window_slides() {
        let mut sender = sending(3, 6);
        assert_eq!(sends(&mut sender), [0, 1, 2]);
        assert!(sender.acknowledge(&ack(2, 100, &[]), Time::ZERO, true).advanced);
        assert_eq!(sends(&mut sender), [3, 4]);
        let mut stop_and_wait = sending(1, 6);
        assert_eq!(sends(&mut stop_and_wait), [0]);
    }

    #[test]
    fn the_receiver_has_a_say() {
        let mut sender = Sender::new(8);
        (0..6).for_each(|n| assert!(sender.push(vec![n], 10_000)));
        assert_eq!(sends(&mut sender), [0], "until it says something");
        sender.acknowledge(&ack(1, 2, &[]), Time::ZERO, true);
        assert_eq!(sends(&mut sender), [1, 2]);
    }

    #[test]
    fn what_three_later_ones_have_overtaken_is_lost() {
        let mut sender = sending(8, 6);
        assert_eq!(sends(&mut sender).len(), 6);
        sender.acknowledge(&ack(1, 100, &[(2, 4)]), Time::ZERO, true);
        assert_eq!(sender.first_lost(), None);
        sender.acknowledge(&ack(1, 100, &[(2, 5)]), Time::ZERO, true);
        assert_eq!(sender.first_lost(), Some(1));
        assert_eq!(sender.send_again(1, Time::ZERO), Some(&[1][..]));
        sender.acknowledge(&ack(1, 100, &[(2, 6)]), Time::ZERO, true);
        assert_eq!(sender.first_lost(), None, "it is under way again");
    }

    /// RFC 6298 (3).
    #[test]
    fn what_was_sent_twice_gives_no_sample() {
        for (karn, sample) in [(true, None), (false, Some(Duration(100)))] {
            let mut sender = sending(2, 2);
            sends(&mut sender);
            sender.send_again(0, Time(400));
            let ack = Acknowledgement { next: 1, echo: 0, window: 9, blocks: Vec::new() };
            assert_eq!(sender.acknowledge(&ack, Time(500), karn).sample, sample);
        }
        let mut sender = sending(2, 2);
        sends(&mut sender);
        let ack = Acknowledgement { next: 2, echo: 1, window: 9, blocks: Vec::new() };
        let sample = |sender: &mut Sender| sender.acknowledge(&ack, Time(500), true).sample;
        assert_eq!(sample(&mut sender), Some(Duration(500)));
        assert_eq!(sample(&mut sender), None, "once");
    }

    #[test]
    fn nobody_can_have_what_was_never_sent() {
        let mut sender = sending(4, 2);
        sends(&mut sender);
        for bad in [ack(3, 9, &[]), ack(0, 9, &[(1, 3)])] {
            assert_eq!(sender.acknowledge(&bad, Time::ZERO, true), Progress::default());
        }
        assert_eq!(sender.counts(), (2, 0));
    }

    /// Without the last rule of [`Sender::lose_all`] nothing would ever be sent again.
    #[test]
    fn a_false_acknowledgement_does_not_stop_a_sender_for_good() {
        let mut sender = sending(4, 4);
        sends(&mut sender);
        sender.acknowledge(&ack(2, 100, &[]), Time::ZERO, true);
        // An honest receiver that said "next 2" never says "next 1, has 2 and 3" later; a damaged frame may.
        sender.acknowledge(&ack(1, 100, &[(2, 4)]), Time::ZERO, true);
        assert_eq!(sender.first_missing(), None);
        sender.lose_all();
        assert_eq!((sender.first_missing(), sender.first_lost()), (Some(2), Some(2)));
        // Of an honest one what it has is still believed.
        sender.acknowledge(&ack(2, 100, &[(3, 4)]), Time::ZERO, true);
        sender.lose_all();
        assert_eq!(sender.send_again(2, Time::ZERO), Some(&[2][..]));
        assert_eq!(sender.first_lost(), None);
    }

    #[test]
    fn the_backlog_has_an_end() {
        let mut sender = Sender::new(1);
        let taken = (0..1_000).filter(|_| sender.push(vec![0; 76], 1_000)).count();
        assert_eq!(taken, 10);
    }

    #[test]
    fn only_what_is_under_way_is_given_up() {
        let mut sender = sending(3, 5);
        assert_eq!(sends(&mut sender), [0, 1, 2]);
        sender.acknowledge(&ack(1, 100, &[]), Time::ZERO, true);
        assert_eq!(sender.abandon(), 2);
        assert_eq!(sender.counts(), (0, 2));
        assert_eq!(sender.send_next(Time::ZERO), Some((0, &[3][..])));
        assert!(!sender.may_send(), "the new receiver has not said yet what it has room for");
    }
}
