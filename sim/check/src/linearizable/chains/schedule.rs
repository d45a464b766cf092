//! An order of the chains in which all compare-and-sets that failed have failed.
//!
//! The register is given from chain to chain. Whoever has it keeps it for as long as possible, since what begins
//! later can stay longer: until it must end, or until a chain must begin. The next one is chosen, and if that
//! leads nowhere another one. A chain need not be chosen: it takes no time where the register changes
//! hands while it is ready, just before the one that is chosen. So such a chain is done, and can still
//! be chosen until it must have begun.
//!
//! ```text
//!   chain 1  ▐██████████████████████▌                       it must end there: a cas that failed returns
//!   chain 2              ▐░░░░░░░░░░░░░░░░░░░▌              can begin in time: chosen
//!   chain 3       ▐░░░░░░░░░░░░░░░░░░░░░▌                   ready: done, takes no time, can be chosen later
//!   chain 4                                        ▐██████  has not begun
//! ```
//!
//! Lasting as long as possible is no loss: let any order be given, without the chains that take no time in
//! it. Going along with it, each chain is begun here as late as there or later; one that is no longer
//! possible by then was there for a time during which here the chain before it still is, so that it can be left
//! out, being done at the next change. So if all choices have been tried in vain there is no order.
//!
//! Which chain to choose is a packing of times into gaps, and in general NP-hard (bin covering), though mostly the first
//! choice does: of those that can stay until the next chain must begin, the one that is the first to be of no use
//! any more. Where trying takes too long the question stays open, and the search has to say.

use super::super::finished::{NEVER, Place};
use super::Stop;
use super::missed::Missed;
use std::collections::BTreeSet;

/// So many chains are looked at for each choice.
const CHOICES: usize = 64;
/// In the place of a chain: an open write of a value that can stay for ever.
const JOKER: u32 = u32::MAX;

/// Who has the register, and from where on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    chain: u32,
    start: Place,
}

/// A turn that is being tried.
#[derive(Clone, Copy, Debug)]
struct Tried {
    turn: Turn,
    /// Where it must change hands.
    change: Place,
    /// How many of `by_from` can be chosen, and of `by_until` are done, before this turn.
    arrived: usize,
    done: usize,
    /// How many have been tried as the next one.
    next: usize,
}

/// A state in which nothing leads any further: the turn, what was chosen that could otherwise be later, and
/// how many jokers.
type DeadEnd = (Turn, Vec<u32>, usize);

pub(super) struct Schedule {
    missed: Missed,
    /// All chains but that of the initial value, by where they can begin.
    by_from: Vec<u32>,
    /// Those of them that are certain, by where they must have begun.
    by_until: Vec<u32>,
    /// How many of these are dealt with.
    arrived: usize,
    done: usize,
    /// What can be chosen and what was, by until when.
    free: BTreeSet<(Place, u32)>,
    chosen: BTreeSet<(Place, u32)>,
    is_chosen: Vec<bool>,
    jokers: usize,
    dead_ends: BTreeSet<DeadEnd>,
}

impl Schedule {
    pub(super) fn new(missed: Missed) -> Self {
        let chains = &missed.chains;
        let mut by_from: Vec<u32> = (1..chains.len() as u32).collect();
        let mut by_until: Vec<u32> =
            by_from.iter().copied().filter(|at| chains[*at as usize].is_certain()).collect();
        by_from.sort_by_key(|at| chains[*at as usize].from);
        by_until.sort_by_key(|at| chains[*at as usize].until);
        Schedule {
            by_from,
            by_until,
            arrived: 0,
            done: 0,
            free: BTreeSet::new(),
            chosen: BTreeSet::new(),
            is_chosen: vec![false; chains.len()],
            jokers: 0,
            dead_ends: BTreeSet::new(),
            missed,
        }
    }

    /// Whether there is such an order.
    pub(super) fn find(mut self) -> Result<(), Stop> {
        let mut path: Vec<Tried> = Vec::new();
        let mut turn = Turn { chain: 0, start: 0 };
        loop {
            match self.enter(turn) {
                Some(tried) if tried.change == NEVER => return Ok(()),
                Some(tried) => path.push(tried),
                None => self.take_back(turn),
            }
            turn = loop {
                if self.missed.is_spent() {
                    return Err(Stop::Unfit);
                }
                let Some(tried) = path.last_mut() else {
                    // Which operations are to blame is not known.
                    let stop = if self.missed.is_complete() {
                        Stop::Impossible(Vec::new())
                    } else {
                        Stop::Unfit
                    };
                    return Err(stop);
                };
                let at = *tried;
                tried.next += 1;
                if let Some(turn) = self.choice(&at) {
                    self.choose(turn);
                    break turn;
                }
                if self.is_best(at.turn) {
                    path.clear();
                    continue;
                }
                path.pop();
                self.leave(&at);
            };
        }
    }

    /// A chain gets its turn. `None` if it cannot keep it for as long as it must, or if it is known that
    /// this leads nowhere.
    fn enter(&mut self, turn: Turn) -> Option<Tried> {
        let (arrived, done) = (self.arrived, self.done);
        let is_done = |at: u32| {
            self.is_chosen[at as usize] || turn.start >= self.missed.chains[at as usize].ready()
        };
        while self.by_until.get(self.done).is_some_and(|at| is_done(*at)) {
            self.done += 1;
        }
        let end = if turn.chain == JOKER {
            NEVER
        } else {
            self.missed.end(turn.chain as usize, turn.start)
        };
        let change = end.min(self.due());
        let tried = Tried { turn, change, arrived, done, next: 0 };
        if change < self.least(turn)
            || (!self.dead_ends.is_empty() && self.dead_ends.contains(&self.dead_end(turn)))
        {
            self.done = done;
            return None;
        }
        while let Some(&at) = self.by_from.get(self.arrived)
            && self.missed.chains[at as usize].from <= change
        {
            self.free.insert((self.missed.chains[at as usize].until, at));
            self.arrived += 1;
        }
        Some(tried)
    }

    /// Where the next chain must begin that is not done.
    fn due(&self) -> Place {
        let next = self.by_until.get(self.done);
        next.map_or(NEVER, |at| self.missed.chains[*at as usize].until)
    }

    /// Where the turn can end.
    fn least(&self, turn: Turn) -> Place {
        let chain = self.missed.chains.get(turn.chain as usize);
        chain.map_or(turn.start, |chain| chain.least.max(turn.start))
    }

    /// Whether no order is any better when this turn begins, so that no other choice before it can help: the
    /// chain takes time in every order, begins as late as it can, and all that can be chosen later still can.
    fn is_best(&self, turn: Turn) -> bool {
        let chain = self.missed.chains.get(turn.chain as usize);
        let as_late =
            chain.is_some_and(|chain| chain.until == turn.start && chain.least > turn.start);
        let all_left = self.chosen.range((turn.start, 0)..).all(|(_, at)| *at == turn.chain);
        as_late && all_left && self.jokers == 0
    }

    /// Goes back to before a turn that led nowhere.
    fn leave(&mut self, tried: &Tried) {
        for at in &self.by_from[tried.arrived..self.arrived] {
            self.free.remove(&(self.missed.chains[*at as usize].until, *at));
        }
        (self.arrived, self.done) = (tried.arrived, tried.done);
        let dead_end = self.dead_end(tried.turn);
        self.missed.spend(dead_end.1.len());
        self.dead_ends.insert(dead_end);
        self.take_back(tried.turn);
    }

    /// All that matters for what comes after.
    fn dead_end(&self, turn: Turn) -> DeadEnd {
        let chosen = self.chosen.range((turn.start, 0)..).map(|(_, at)| *at);
        (turn, chosen.collect(), self.jokers)
    }

    fn choose(&mut self, turn: Turn) {
        if turn.chain == JOKER {
            self.jokers += 1;
            return;
        }
        let key = (self.missed.chains[turn.chain as usize].until, turn.chain);
        self.free.remove(&key);
        self.chosen.insert(key);
        self.is_chosen[turn.chain as usize] = true;
    }

    fn take_back(&mut self, turn: Turn) {
        if turn.chain == JOKER {
            self.jokers -= 1;
            return;
        }
        // That of the initial value was never chosen.
        let key = (self.missed.chains[turn.chain as usize].until, turn.chain);
        if self.chosen.remove(&key) {
            self.free.insert(key);
            self.is_chosen[turn.chain as usize] = false;
        }
    }

    /// The next turn after `tried` that has not been tried yet.
    fn choice(&self, tried: &Tried) -> Option<Turn> {
        let change = tried.change;
        // The chain that must begin here, if one must.
        let due = self.by_until.get(self.done).copied();
        let due = due.filter(|_| self.due() == change);
        let ready = due.map(|at| self.missed.chains[at as usize].ready());
        if let (Some(chain), Some(true)) = (due, ready.map(|ready| ready > change)) {
            // Nothing that comes before it could make it any easier.
            return (tried.next == 0).then_some(Turn { chain, start: change });
        }
        let need = self.need(change);
        let (mut whole, mut early, mut part) = (0, Vec::new(), Vec::new());
        let from = self.least(tried.turn);
        let mut looked = 0;
        for &(until, chain) in self.free.range((from, 0)..) {
            if looked == CHOICES {
                break;
            }
            // What is of no use any more by then may take over before, if the one that must begin is done so.
            let start = until.min(change);
            if start < change && ready.is_some_and(|ready| ready > start) {
                continue;
            }
            looked += 1;
            self.missed.spend(1);
            let turn = Turn { chain, start };
            let chain = self.missed.chains[chain as usize];
            let end = self.missed.end(turn.chain as usize, start);
            if chain.least > start && chain.is_certain() && until > change {
                early.push((until, turn));
            } else if end < need {
                part.push((NEVER - end, turn));
            } else if whole == tried.next {
                return Some(turn);
            } else {
                whole += 1;
            }
        }
        let at_hand = self.missed.jokers.partition_point(|from| *from <= change);
        let joker = (self.jokers < at_hand).then_some((0, Turn { chain: JOKER, start: change }));
        early.sort_unstable();
        part.sort_unstable();
        let rest = part.into_iter().chain(joker).chain(early);
        let next = rest.map(|(_, turn)| turn).nth(tried.next - whole);
        if next.is_none() && looked == CHOICES {
            self.missed.leave_out();
        }
        next
    }

    /// How long a chain has to stay that begins at `change`: until the next one must begin that is not done
    /// by then.
    fn need(&self, change: Place) -> Place {
        let chains =
            self.by_until[self.done..].iter().map(|at| (*at, &self.missed.chains[*at as usize]));
        let mut open =
            chains.filter(|(at, chain)| !self.is_chosen[*at as usize] && chain.ready() > change);
        open.next().map_or(NEVER, |(_, chain)| chain.until)
    }
}
