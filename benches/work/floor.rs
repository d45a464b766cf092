//! The floors: the least code that could do it. No processes, no links, no disks, no faults, no
//! trace: a queue, a `match`, and a delay that is a function of the link and the number of the
//! datagram. Nothing is allocated for a datagram.

use super::{
    DELAY_MAX, DELAY_MIN, W1_DELIVERIES, W2_PERIOD, W3_GROUPS, W3_MEMBERS, W3_PERIOD, W3_ROUNDS,
    w2_begin, w2_rounds, w3_patience,
};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a floor needs of a queue. Things due at the same time come out in the order of their numbers.
pub trait Queue<E: Copy> {
    /// An empty one.
    fn new() -> Self;
    /// Puts in an event.
    fn push(&mut self, at: u64, event: E);
    /// Takes out the first.
    fn pop(&mut self) -> Option<(u64, E)>;
}

/// A binary heap of small keys; the events lie in a slab.
pub struct SlabHeap<E> {
    heap: BinaryHeap<Reverse<(u64, u64, u32)>>,
    slab: Vec<E>,
    free: Vec<u32>,
    next: u64,
}

impl<E: Copy> Queue<E> for SlabHeap<E> {
    fn new() -> Self {
        SlabHeap { heap: BinaryHeap::new(), slab: Vec::new(), free: Vec::new(), next: 0 }
    }

    #[inline]
    fn push(&mut self, at: u64, event: E) {
        let place = match self.free.pop() {
            Some(place) => {
                self.slab[place as usize] = event;
                place
            }
            None => {
                self.slab.push(event);
                (self.slab.len() - 1) as u32
            }
        };
        self.heap.push(Reverse((at, self.next, place)));
        self.next += 1;
    }

    #[inline]
    fn pop(&mut self) -> Option<(u64, E)> {
        let Reverse((at, _, place)) = self.heap.pop()?;
        self.free.push(place);
        Some((at, self.slab[place as usize]))
    }
}

const SLOTS: usize = 4_096;

/// A timing wheel of 4,096 slots of 2^`SHIFT` ns: nothing may be due later than one turn from now.
/// A slot is sorted when its time comes.
pub struct Wheel<E, const SHIFT: u32> {
    slots: Vec<Vec<(u64, u64, E)>>,
    /// Which slots have something, and which of those words do.
    filled: [u64; SLOTS / 64],
    words: u64,
    /// The slot whose time it is, the last to come first.
    front: Vec<(u64, u64, E)>,
    slot: u64,
    next: u64,
}

impl<E: Copy, const SHIFT: u32> Wheel<E, SHIFT> {
    /// The first slot with something at or after `from`, around the wheel.
    #[inline]
    fn first(&self, from: usize) -> Option<usize> {
        let (word, bit) = (from / 64, from % 64);
        let here = self.filled[word] >> bit;
        if here != 0 {
            return Some(from + here.trailing_zeros() as usize);
        }
        let later = if word == 63 { 0 } else { self.words >> (word + 1) << (word + 1) };
        let words = if later != 0 { later } else { self.words };
        (words != 0).then(|| {
            let word = words.trailing_zeros() as usize;
            word * 64 + self.filled[word].trailing_zeros() as usize
        })
    }
}

impl<E: Copy, const SHIFT: u32> Queue<E> for Wheel<E, SHIFT> {
    fn new() -> Self {
        Wheel {
            slots: vec![Vec::new(); SLOTS],
            filled: [0; SLOTS / 64],
            words: 0,
            front: Vec::new(),
            slot: 0,
            next: 0,
        }
    }

    #[inline]
    fn push(&mut self, at: u64, event: E) {
        let entry = (at, self.next, event);
        self.next += 1;
        let slot = at >> SHIFT;
        if slot <= self.slot {
            let place = self.front.partition_point(|e| (e.0, e.1) > (entry.0, entry.1));
            self.front.insert(place, entry);
            return;
        }
        assert!(slot - self.slot < SLOTS as u64, "within one turn");
        let index = slot as usize % SLOTS;
        self.slots[index].push(entry);
        self.filled[index / 64] |= 1 << (index % 64);
        self.words |= 1 << (index / 64);
    }

    #[inline]
    fn pop(&mut self) -> Option<(u64, E)> {
        loop {
            if let Some((at, _, event)) = self.front.pop() {
                return Some((at, event));
            }
            let now = self.slot as usize % SLOTS;
            let index = self.first((now + 1) % SLOTS)?;
            self.filled[index / 64] &= !(1 << (index % 64));
            if self.filled[index / 64] == 0 {
                self.words &= !(1 << (index / 64));
            }
            self.slot += ((index + SLOTS - now) % SLOTS) as u64;
            std::mem::swap(&mut self.front, &mut self.slots[index]);
            if self.front.len() > 1 {
                self.front.sort_unstable_by_key(|e| Reverse((e.0, e.1)));
            }
        }
    }
}

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The delay of a datagram, by its link and its number.
#[inline]
const fn delay(from: u32, to: u32, number: u64) -> u64 {
    let link = mix((from as u64) << 32 | to as u64);
    let bits = mix(link.wrapping_add(number.wrapping_mul(GAMMA)));
    DELAY_MIN + ((bits as u128 * (DELAY_MAX - DELAY_MIN + 1) as u128) >> 64) as u64
}

/// W1; returns how many datagrams were delivered.
pub fn w1<Q: Queue<(u32, [u8; 64])>>() -> u64 {
    w1_part::<Q>(W1_DELIVERIES)
}

/// W1 with so many deliveries; returns how many there were.
pub fn w1_part<Q: Queue<(u32, [u8; 64])>>(deliveries: u64) -> u64 {
    let mut queue = Q::new();
    let mut numbers = [0_u64; 2];
    let mut delivered = 0;
    queue.push(delay(0, 1, 0), (1, [7; 64]));
    while let Some((now, (me, mut body))) = queue.pop() {
        delivered += 1;
        if delivered == deliveries {
            break;
        }
        let count = u64::from_le_bytes(body[..8].try_into().expect("eight bytes")) + 1;
        body[..8].copy_from_slice(&count.to_le_bytes());
        let number = numbers[me as usize];
        numbers[me as usize] += 1;
        queue.push(now + delay(me, 1 - me, number), (1 - me, body));
    }
    delivered
}

/// An event of W2.
#[derive(Clone, Copy)]
pub enum W2Event {
    /// A node's turn to send has come.
    Tick(u32),
    /// A datagram arrives.
    Arrive {
        /// Whose.
        from: u32,
        /// Where.
        to: u32,
        /// What it says: the round, and when it was sent.
        body: [u64; 2],
    },
}

/// W2; returns how many datagrams were delivered.
pub fn w2<Q: Queue<W2Event>>(nodes: u32) -> u64 {
    w2_part::<Q>(nodes, w2_rounds(nodes))
}

/// W2 with so many rounds; returns how many datagrams were delivered.
pub fn w2_part<Q: Queue<W2Event>>(nodes: u32, last: u64) -> u64 {
    let mut queue = Q::new();
    let mut rounds = vec![0_u64; nodes as usize];
    let mut state = vec![(0_u64, 0_u64, 0_u32); nodes as usize];
    for node in 0..nodes {
        queue.push(w2_begin(node, nodes), W2Event::Tick(node));
    }
    while let Some((now, event)) = queue.pop() {
        match event {
            W2Event::Tick(me) => {
                let round = rounds[me as usize];
                for to in (0..nodes).filter(|&to| to != me) {
                    let event = W2Event::Arrive { from: me, to, body: [round, now] };
                    queue.push(now + delay(me, to, round), event);
                }
                rounds[me as usize] += 1;
                if round + 1 < last {
                    queue.push(now + W2_PERIOD, W2Event::Tick(me));
                }
            }
            W2Event::Arrive { from, to, body: [round, sent] } => {
                let state = &mut state[to as usize];
                state.0 += 1;
                state.1 = state.1.wrapping_add(round ^ (now - sent));
                state.2 = from;
            }
        }
    }
    state.iter().map(|state| state.0).sum()
}

/// An event of W3.
#[derive(Clone, Copy)]
pub enum W3Event {
    /// The first of a group sends.
    Tick(u32),
    /// A heart-beat arrives.
    Arrive(u32),
    /// An election timer may have run out.
    Timer(u32),
}

/// W3; returns how many heart-beats were delivered.
pub fn w3<Q: Queue<W3Event>>() -> u64 {
    w3_part::<Q>(W3_ROUNDS)
}

/// W3 with so many rounds; returns how many heart-beats were delivered.
pub fn w3_part<Q: Queue<W3Event>>(last: u64) -> u64 {
    let nodes = W3_GROUPS * W3_MEMBERS;
    let mut queue = Q::new();
    let mut rounds = vec![0_u64; nodes as usize];
    let mut timers = vec![(0_u64, false); nodes as usize];
    let (mut delivered, mut elections) = (0, 0);
    for group in 0..W3_GROUPS {
        queue.push(W3_PERIOD * u64::from(group) / u64::from(W3_GROUPS), W3Event::Tick(group));
    }
    while let Some((now, event)) = queue.pop() {
        match event {
            W3Event::Tick(group) => {
                let me = group * W3_MEMBERS;
                let round = rounds[me as usize];
                for to in me + 1..me + W3_MEMBERS {
                    queue.push(now + delay(me, to, round), W3Event::Arrive(to));
                }
                rounds[me as usize] += 1;
                if round + 1 < last {
                    queue.push(now + W3_PERIOD, W3Event::Tick(group));
                }
            }
            W3Event::Arrive(me) => {
                delivered += 1;
                let (due, queued) = &mut timers[me as usize];
                *due = now + w3_patience(me);
                if !*queued {
                    *queued = true;
                    queue.push(*due, W3Event::Timer(me));
                }
            }
            W3Event::Timer(me) => {
                let (due, queued) = &mut timers[me as usize];
                if *due > now {
                    queue.push(*due, W3Event::Timer(me));
                } else {
                    *queued = false;
                    elections += 1;
                }
            }
        }
    }
    assert!(elections <= u64::from(nodes), "only when the heart-beats end");
    delivered
}
