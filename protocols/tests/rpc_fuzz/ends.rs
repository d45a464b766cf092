//! A server whose procedures call another server, and a caller, in a conversation that is disturbed: what they send each
//! other is damaged, cut, mixed, sent again, sent by others, and changed to be of another life or another call.

use super::calls::{Flight, Lab};
use super::keeper::{LIMITS, QUEUE, UNCOUNTED, caller, server};
use super::{Dice, Report, dice, mangle, step};
use peak_alloc::PeakAlloc;
use simlab_core::wire::{Decode, Encode};
use simlab_core::{Duration, NodeId, Time};
use simlab_protocols::rpc::PORT;
use simlab_protocols::rpc::message::{CallId, Codec, Header, Message, Presence, Semantics};
use std::collections::VecDeque;

/// The server that is attacked, the one that it calls, the caller that is attacked, and a stranger.
const SERVER: NodeId = NodeId(0);
const CALLER: NodeId = NodeId(2);
const NODES: usize = 3;

/// The longest frame that is made of one that was shorter.
const LONG: usize = 20_000;

/// How much may be allocated for a frame of so many bytes, with what is sent and written: a snapshot has a line for each of
/// `done` calls. What JSON makes of its text is most.
const fn peak_max(len: usize, done: usize) -> usize {
    (16 << 10) + len * 128 + done * 256
}

/// How much may be held: the frames that wait for a worker, what is remembered of each caller, and what the service keeps of `done`
/// calls.
const fn held_max(done: usize) -> usize {
    (QUEUE + 2) * LONG * 2 + LIMITS.calls * LIMITS.callers * 2_000 + (64 << 10) + done * 128
}

struct Session {
    lab: Lab,
    /// Frames that somebody sent: the last ones.
    pool: VecDeque<Flight>,
    semantics: Semantics,
    /// What links do.
    lossy: bool,
    left: u64,
}

const POOL_MAX: usize = 64;

impl Session {
    fn new(dice: &mut Dice) -> Session {
        let durable = dice.one_in(2);
        let all = [Semantics::AtMostOnce, Semantics::AtLeastOnce, Semantics::Maybe];
        let semantics = all[dice.below(8).saturating_sub(5)];
        let nodes = vec![server(Some(NodeId(1)), durable), server(None, true), caller(semantics)];
        let lab = Lab::new(dice.next(), nodes);
        let left = [200, 2_000][usize::from(dice.one_in(8))];
        let (pool, lossy) = (VecDeque::new(), dice.one_in(2));
        Session { lab, pool, semantics, lossy, left }
    }

    /// Delivers some of what is under way, and what comes of that.
    fn carry(&mut self, dice: &mut Dice) {
        // Two ends could talk for ever.
        for _ in 0..16 {
            let Some((&number, flight)) = self.lab.flights.first_key_value() else { return };
            if self.pool.len() == POOL_MAX {
                self.pool.pop_front();
            }
            self.pool.push_back(flight.clone());
            let nobody = flight.to.index() >= NODES || !self.lab.is_up(flight.to);
            if nobody || (self.lossy && dice.one_in(4)) {
                self.lab.flights.remove(&number);
            } else {
                self.lab.deliver(number, self.lossy && dice.one_in(6));
            }
        }
        self.lab.flights.clear();
    }

    /// Lets time pass, calls be made, nodes restart, and then one that is attacked hear something.
    fn step(&mut self, dice: &mut Dice, report: &mut Report) {
        self.left = self.left.saturating_sub(1);
        let most = [3, 30, 3_000][[0, 0, 0, 1, 1, 2][dice.below(6)]];
        self.lab.advance(Duration::from_millis(dice.below(most) as u64));
        self.carry(dice);
        if dice.one_in(3) {
            let what = dice.below(8) as u8;
            self.command(&[what, dice.next() as u8]);
            self.carry(dice);
        }
        if dice.one_in(200) {
            let node = [SERVER, NodeId(1), CALLER][dice.below(3)];
            self.lab.crash(node, || dice.one_in(2));
            self.lab.restart(node);
        }
        self.attack(dice, report);
        self.carry(dice);
        self.lab.did.clear();
        for node in [SERVER, NodeId(1)] {
            let most = self.lab.inspect(node).get_int(&["most"]).unwrap_or(0);
            let judged = self.semantics == Semantics::AtMostOnce;
            assert!(!judged || most <= 1, "a call takes effect {most} times at node {}", node.0);
        }
    }

    fn command(&mut self, bytes: &[u8; 2]) {
        self.lab.order(CALLER, bytes);
    }

    fn attack(&mut self, dice: &mut Dice, report: &mut Report) {
        let (from, to, bytes) = self.forge(dice);
        let done = self.done();
        let before = self.lab.sent;
        let lab = &mut self.lab;
        report.measure(peak_max(bytes.len(), done), || lab.hear(to, from, &bytes));
        report.taken += u64::from(self.lab.sent > before);
    }

    fn done(&self) -> usize {
        self.lab.inspect(SERVER).get_int(&["done"]).unwrap_or(0) as usize
    }

    /// A frame that nobody sent, or not now, or not so; from whom, and for whom.
    fn forge(&self, dice: &mut Dice) -> (NodeId, NodeId, Vec<u8>) {
        let anybody = NodeId(dice.below(NODES + 1) as u32);
        let attacked = if dice.one_in(3) { CALLER } else { SERVER };
        if self.pool.is_empty() || dice.one_in(20) {
            let len = dice.below(100);
            let mut bytes = dice.bytes(len);
            bytes.push(PORT.0.get());
            return (anybody, attacked, self.uncounted(bytes));
        }
        let any = |dice: &mut Dice| &self.pool[dice.below(self.pool.len())];
        let Flight { from, to, bytes } = any(dice);
        let to = if [SERVER, CALLER].contains(to) && !dice.one_in(10) { *to } else { attacked };
        let from = if *from == to || dice.one_in(8) { anybody } else { *from };
        let mut bytes = bytes.clone();
        bytes.pop(); // the port
        match dice.below(4) {
            0 => mangle(&mut bytes, &any(dice).bytes, dice),
            1 | 2 => bytes = self.changed(bytes, to, dice),
            _ => {
                bytes = self.changed(bytes, to, dice);
                mangle(&mut bytes, &any(dice).bytes, dice);
            }
        }
        if dice.one_in(200) {
            let word = [&b"["[..], b"{\"a\":", b"1,", b"[1,", &[0; 8]][dice.below(5)];
            bytes.extend(word.repeat(dice.below(LONG / word.len())));
        }
        bytes.push(PORT.0.get());
        (from, to, self.uncounted(bytes))
    }

    /// The same message with something else in it that is a number of its kind.
    fn changed(&self, bytes: Vec<u8>, to: NodeId, dice: &mut Dice) -> Vec<u8> {
        let life = self.lab.life(to);
        let lives = [life, life.wrapping_sub(1), life.wrapping_add(1), u32::MAX, 0];
        let now = self.lab.now;
        let times =
            [now, Time::ZERO, Time::NEVER, now + Duration::from_secs(1), Time(u64::MAX - 1)];
        let other = |call: CallId, dice: &mut Dice| {
            let calls = [
                call.0.wrapping_add(1),
                call.0.wrapping_sub(1),
                0,
                call.0 ^ 1 << 32,
                u64::MAX,
                call.0,
            ];
            CallId(calls[dice.below(calls.len())])
        };
        let (a, b) = (lives[dice.below(lives.len())], times[dice.below(times.len())]);
        let c = dice.below(12);
        let presence = |of: Presence| match c {
            0..4 => Presence { life: a, ..of },
            4..6 => Presence { clock: b, ..of },
            _ => of,
        };
        let number = |call: CallId, dice: &mut Dice| if c >= 9 { other(call, dice) } else { call };
        let Ok(mut message) = Message::from_bytes(&bytes) else { return bytes };
        match &mut message {
            Message::Hello { .. } => {}
            Message::Welcome { presence: of, .. } => *of = presence(*of),
            Message::Request { header, .. } => {
                let Header { call, settled, .. } = *header;
                match c {
                    0..3 => header.life = a,
                    3 => header.deadline = b,
                    4 => header.settled = other(settled, dice).min(call),
                    5 => header.procedure = dice.below(5) as u16,
                    6 => header.version = dice.below(4) as u16,
                    7 => header.codec = [Codec::Binary, Codec::Json][dice.below(2)],
                    8 => header.interface ^= 1,
                    _ => header.call = other(call, dice).max(settled),
                }
                // Who is asked again for what it has done is asked in the life that it is in.
                if dice.one_in(2) {
                    header.life = life;
                    header.deadline = now + Duration::from_secs(3);
                }
            }
            Message::Reply { call, presence: of, interface, procedure, codec, .. } => {
                *call = number(*call, dice);
                *of = presence(*of);
                match c {
                    6 => *interface ^= 1,
                    7 => *procedure = dice.below(5) as u16,
                    8 => *codec = Codec::Json,
                    _ => {}
                }
            }
            Message::Working { call, presence: of } => {
                (*call, *of) = (number(*call, dice), presence(*of));
            }
            Message::Reopen { call, presence: of, durable } => {
                (*call, *of) = (number(*call, dice), presence(*of));
                *durable = dice.one_in(2);
            }
            Message::Cancel { call, life } => {
                *call = number(*call, dice);
                *life = a;
            }
        }
        message.to_bytes()
    }

    /// Whoever asks for more than at most once is not promised that: such calls get numbers of their own.
    fn uncounted(&self, bytes: Vec<u8>) -> Vec<u8> {
        let Some((port, message)) = bytes.split_last() else { return bytes };
        match Message::from_bytes(message) {
            Ok(Message::Request { mut header, body })
                if header.semantics != Semantics::AtMostOnce =>
            {
                header.call.0 |= UNCOUNTED;
                let mut bytes = Message::Request { header, body }.to_bytes();
                bytes.push(*port);
                bytes
            }
            _ => bytes,
        }
    }

    /// What those hold that are attacked: what a copy takes.
    fn held(&self, report: &mut Report) {
        let most = held_max(self.done());
        for node in [SERVER, CALLER] {
            let before = PeakAlloc.current_usage();
            let copy = self.lab.process(node).expect("it is up").fork();
            let held = PeakAlloc.current_usage() - before;
            drop(copy);
            assert!(held <= most, "{held} bytes are held, of {most}");
            if held > report.held {
                (report.held, report.held_max) = (held, most);
            }
        }
    }

    /// In the end nobody disturbs them any more: every call comes to its end.
    fn end(&mut self, dice: &mut Dice) {
        self.lossy = false;
        for _ in 0..200 {
            self.lab.advance(Duration::from_millis(100));
            self.carry(dice);
        }
        let open = self.lab.inspect(CALLER).get_int(&["open"]);
        assert_eq!(open, Some(0), "calls whose time is long over");
    }
}

/// Gives them so many frames.
///
/// # Panics
/// If one of them does, or allocates or holds more than it may, or does something twice.
pub(crate) fn fuzz(inputs: u64, seed: u64) -> Report {
    let mut report = Report::default();
    let mut session = None;
    for n in 0..inputs {
        step(n, seed, "the ends of a call", || {
            let dice = &mut dice(n, seed);
            let of = session.get_or_insert_with(|| Session::new(dice));
            of.step(dice, &mut report);
            if n.is_multiple_of(64) || of.left == 0 {
                of.held(&mut report);
            }
            if of.left == 0 {
                of.end(dice);
                session = None;
            }
        });
    }
    report
}
