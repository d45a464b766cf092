//! The stock of every product as a PN-counter, on disk and gossiped: what [`available`] and
//! [`escrow`] have in common.
//!
//! [`available`]: super::available
//! [`escrow`]: super::escrow
//!
//! Two states of the own entry matter. *Counted*: what this replica has decided, and what its next
//! decision starts from. *Durable*: what it would restart with. A sale is acknowledged when its
//! entry is durable, and only the durable entry is shown and gossiped; else a crash could take back
//! what others hold, and the sales counted after it would vanish in the maximum (`entry_monotone`).
//!
//! **One file for each product, replaced as a whole.** It holds the entries and the numbers of the
//! requests that were decided on. A replacement is atomic, so a crash leaves the old file or the new
//! one and never a torn one, and never a sale without its number or a number without its sale: a copy
//! of a request that the network kept is counted once, however late it comes and whatever crashed in
//! between. A 'no' is written too, since it must stay one when there is stock again.
//!
//! **After a failed sync** nobody knows what is on the disk, so the replica halts, and what waited
//! for the sync never leaves. It restarts with what is durable. It halts as well if a file cannot be
//! read or is not what it wrote: an entry that is counted anew is lost in the maximum.

use super::front::{self, Front, Request};
use super::ledger::Change;
use super::numbers::{ByClient, Full};
use super::{GOSSIP, count, goals, group, shown, switches};
use crate::named::named;
use crate::pn_counter::message::Gossip;
use crate::pn_counter::{Entry, PnCounter, note_durable, note_held};
use crate::rpc;
use crate::rpc::server::monitor::JobId;
use simlab_core::wire::{Decode, Encode, Reader, WireError};
use simlab_core::{
    Arguments, Dissection, Duration, Env, Event, FieldValue, Fields, Gate, NodeId, Outcome, Ticket,
};
use std::collections::BTreeMap;

/// The files: one for each product.
const FILES: &str = "stock/";
/// The timer of the gossip.
const ROUND: u64 = 0;

const NO_RECORD: &str = "too many requests of this client are under way";

/// One product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Product {
    /// All entries as heard; the own one as it is durable.
    durable: PnCounter,
    /// The own entry as it is counted.
    counted: Entry,
    /// The requests that were decided on.
    taken: ByClient,
}

/// What the file of a product holds.
struct Saved {
    counter: PnCounter,
    taken: ByClient,
}

impl Encode for Saved {
    fn encode(&self, out: &mut Vec<u8>) {
        self.counter.encode(out);
        self.taken.encode(out);
    }
}

impl Decode<'_> for Saved {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Saved { counter: PnCounter::decode(reader)?, taken: ByClient::decode(reader)? })
    }
}

/// An answer that waits until what it tells is durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Held {
    job: JobId,
    /// `None` if it was given early.
    outcome: Option<Outcome>,
    product: String,
    entry: Entry,
}

/// All products of one replica, and who asks for them.
#[derive(Clone, Debug, Hash)]
pub(super) struct Stock {
    front: Front,
    me: NodeId,
    peers: Vec<NodeId>,
    every: Duration,
    products: BTreeMap<String, Product>,
    gate: Gate<Held>,
    /// Whether it answers before what it tells is durable: a switch.
    early: bool,
    /// Whether it gossips what is not durable yet: a switch.
    gossips_early: bool,
    /// Whether what it hears replaces what it knows: a switch.
    overwrites: bool,
    /// Whether a second copy of a request is a request: a switch.
    counts_copies: bool,
}

impl Stock {
    /// The stock of the replica to build.
    pub(super) fn new(arguments: &Arguments<'_>) -> Self {
        Stock {
            front: Front::new(),
            me: arguments.me,
            peers: arguments.peers(),
            every: arguments.duration("gossip"),
            products: BTreeMap::new(),
            gate: Gate::new(),
            early: arguments.switched(switches::EARLY),
            gossips_early: arguments.switched(switches::GOSSIP_EARLY),
            overwrites: arguments.switched(switches::OVERWRITE),
            counts_copies: arguments.switched(switches::COUNT_COPIES),
        }
    }

    /// Handles an event of the whole replica; returns a request if it is one that is to be decided.
    pub(super) fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Option<Request> {
        if event == Event::Start {
            self.start(env);
            return None;
        }
        match event.peel() {
            (Some(rpc::PORT), event) => {
                let request = self.front.on_event(event, &mut env.at(rpc::PORT))?;
                let Some(copy) = self.second_copy(&request) else { return Some(request) };
                env.reached(goals::SECOND_COPY);
                env.note("second copy of a request", request.client.0.into(), copy);
                self.front.ignore(request.job, env);
            }
            (Some(GOSSIP), Event::Datagram { from, bytes }) => self.on_gossip(from, bytes, env),
            (Some(GOSSIP), Event::Timer { .. }) => self.gossip(env),
            (Some(GOSSIP), Event::Synced { ticket, result: Ok(()), .. }) => {
                self.on_synced(ticket, env);
            }
            (Some(GOSSIP), Event::Synced { ticket, result: Err(_), .. }) => {
                env.note("sync failed", ticket.0, 0);
                env.halt();
            }
            (_, Event::Datagram { from, bytes }) => {
                env.note("bad datagram", from.0.into(), bytes.len() as u64);
            }
            (_, Event::Command { bytes }) => env.note("bad command", 0, bytes.len() as u64),
            (_, Event::Start | Event::Timer { .. } | Event::Synced { .. }) => {}
        }
        None
    }

    fn start(&mut self, env: &mut Env<'_>) {
        let mut env = env.at(GOSSIP);
        if self.read_back(&mut env).is_none() {
            env.note("disk unreadable", 0, 0);
            return env.halt();
        }
        env.set_timer(ROUND, self.every);
    }

    /// What the disk holds after a crash is what it would hold after the next one.
    fn read_back(&mut self, env: &mut Env<'_>) -> Option<()> {
        for file in env.list(FILES) {
            let Some(bytes) = env.read(&file).ok()? else { continue };
            let Saved { counter: durable, taken } = Saved::from_bytes(bytes).ok()?;
            let counted = durable.entry(self.me);
            if counted != Entry::default() {
                env.reached(goals::RESTARTED);
            }
            let name = &file[FILES.len()..];
            note_durable(name, counted, env);
            self.products.insert(name.to_owned(), Product { durable, counted, taken });
        }
        Some(())
    }

    /// The units added less the units taken, by all that this replica has heard of and by itself as
    /// far as that is durable: what it shows.
    pub(super) fn shown(&self, product: &str) -> i64 {
        self.products.get(product).map_or(0, |product| product.durable.value())
    }

    /// The same with all that this replica has counted: what it decides on.
    pub(super) fn counted(&self, product: &str) -> i64 {
        self.products.get(product).map_or(0, |product| product.all(self.me).value())
    }

    /// What this replica itself has counted.
    pub(super) fn own(&self, product: &str) -> Entry {
        self.products.get(product).map_or(Entry::default(), |product| product.counted)
    }

    /// The number of a change that was decided on before. A read may be answered twice; who asked once takes the
    /// first answer.
    fn second_copy(&self, request: &Request) -> Option<u64> {
        let Change { client, id, .. } = request.change.as_ref()?;
        let product = self.products.get(&request.product)?;
        (!self.counts_copies && product.taken.contains(*client, *id)).then_some(*id)
    }

    /// Answers a request that changes nothing.
    pub(super) fn reply(&mut self, job: JobId, outcome: Outcome, env: &mut Env<'_>) {
        self.front.reply(job, outcome, env);
    }

    /// Counts what was decided on the change of a product, which may be nothing, and answers it when that is
    /// durable together with its number.
    pub(super) fn decide(
        &mut self,
        job: JobId,
        (name, change): (String, Change),
        counted: Entry,
        outcome: Outcome,
        env: &mut Env<'_>,
    ) {
        let product = named(&mut self.products, &name);
        if let Err(Full) = product.taken.insert(change.client, change.id, change.settled) {
            // A copy of it may find room later, so this is no definite no.
            return self.front.reply(job, Outcome::Unknown(NO_RECORD.to_owned()), env);
        }
        product.counted = Entry {
            increments: product.counted.increments.saturating_add(counted.increments),
            decrements: product.counted.decrements.saturating_add(counted.decrements),
        };
        let entry = product.counted;
        let outcome = if self.early {
            self.front.reply(job, outcome, env);
            None
        } else {
            Some(outcome)
        };
        let mut env = env.at(GOSSIP);
        env.replace(&format!("{FILES}{name}"), &product.saved(self.me));
        self.gate.hold(env.sync(), Held { job, outcome, product: name, entry });
    }

    fn on_synced(&mut self, ticket: Ticket, env: &mut Env<'_>) {
        while let Some(Held { job, outcome, product, entry }) = self.gate.open(ticket) {
            if let Some(state) = self.products.get_mut(&product)
                && !entry.is_covered_by(state.durable.entry(self.me))
            {
                state.durable.join(self.me, entry);
                note_durable(&product, entry, env);
            }
            if let Some(outcome) = outcome {
                self.front.reply(job, outcome, env);
            }
        }
    }

    /// The products that this replica knows.
    pub(super) fn products(&self) -> impl Iterator<Item = &str> {
        self.products.keys().map(String::as_str)
    }

    /// Tells all others what this replica knows of every product that was ever changed.
    fn gossip(&self, env: &mut Env<'_>) {
        let mut env = env.at(GOSSIP);
        env.set_timer(ROUND, self.every);
        for (name, product) in &self.products {
            let early;
            let counter = if self.gossips_early {
                early = product.all(self.me);
                &early
            } else {
                &product.durable
            };
            if !counter.is_empty() {
                env.broadcast(self.peers.iter().copied(), &Gossip { name, counter });
            }
        }
    }

    /// Merges what another replica knows. What it says of this replica itself is never news: only
    /// this one counts for itself, and tells nothing that is not durable.
    fn on_gossip(&mut self, from: NodeId, bytes: &[u8], env: &mut Env<'_>) {
        let Ok(Gossip { name, counter }) = Gossip::from_bytes(bytes) else {
            return env.note("bad datagram", from.0.into(), bytes.len() as u64);
        };
        if !self.peers.contains(&from) {
            return env.note("stranger", from.0.into(), 0);
        }
        let known = self.products.get(name).map(|product| &product.durable);
        if let Some(known) = known.filter(|_| !self.overwrites) {
            // Most of what is heard is what is known.
            if counter.entries().eq(known.entries()) {
                return;
            }
            if known.covers(counter.entries()) {
                let older = |(node, entry)| node != self.me && entry != known.entry(node);
                if counter.entries().any(older) {
                    env.reached(goals::OLD_NEWS);
                }
                return;
            }
        }
        let own = known.map_or(Entry::default(), |known| known.entry(self.me));
        if !counter.entry(self.me).is_covered_by(own) {
            note_held(name, self.me, counter.entry(self.me), env);
        }
        if self.overwrites {
            return self.overwrite(name, counter.to_counter(), env);
        }
        let mut product = (counter.entries().any(|(node, _)| self.peers.contains(&node)))
            .then(|| named(&mut self.products, name));
        for (node, entry) in counter.entries().filter(|(node, _)| *node != self.me) {
            let Some(product) = product.as_mut().filter(|_| self.peers.contains(&node)) else {
                env.note("entry of a stranger", from.0.into(), node.0.into());
                continue;
            };
            if product.durable.join(node, entry) {
                note_held(name, node, product.durable.entry(node), env);
                env.reached(if node == from { goals::LEARNT } else { goals::RELAYED });
            } else if entry != product.durable.entry(node) {
                env.reached(goals::OLD_NEWS);
            }
        }
    }

    /// Takes what another replica knows for all there is to know, of this replica itself too.
    fn overwrite(&mut self, name: &str, counter: PnCounter, env: &mut Env<'_>) {
        for (node, entry) in counter.entries().filter(|(node, _)| *node != self.me) {
            note_held(name, node, entry, env);
        }
        let product = named(&mut self.products, name);
        product.counted = counter.entry(self.me);
        product.durable = counter;
    }

    /// Shows the products: what `fill` adds, and every node's entry.
    pub(super) fn inspect(&self, view: &mut Fields, fill: impl Fn(&str, &mut Fields)) {
        view.int("replicas", self.peers.len() as i64 + 1);
        if !self.gate.is_empty() {
            let answers = count(self.gate.len(), "answer");
            view.text("waiting", format!("the disk, with {answers}"));
        }
        for (name, product) in &self.products {
            view.group(name, |group| {
                fill(name, group);
                group.group("returned", |list| {
                    for (node, entry) in product.durable.entries() {
                        list.int(node.to_string(), shown(entry.increments));
                    }
                });
                group.group("sold", |list| {
                    for (node, entry) in product.durable.entries() {
                        list.int(node.to_string(), shown(entry.decrements));
                    }
                });
            });
        }
    }
}

impl Product {
    /// The counter with the own entry as counted.
    fn all(&self, me: NodeId) -> PnCounter {
        let mut counter = self.durable.clone();
        if self.counted != Entry::default() {
            counter.join(me, self.counted);
        }
        counter
    }

    fn saved(&self, me: NodeId) -> Saved {
        Saved { counter: self.all(me), taken: self.taken.clone() }
    }
}

/// The stock after all that any replica knows: the total and the join of all counters. A replica that
/// is down may have counted what it told nobody, and then there is no account.
pub(super) fn account(states: &[Fields], object: &str) -> Option<i64> {
    let first = states.first()?;
    let total = first.get_int(&["total"])?;
    if first.get_int(&["replicas"]) != Some(states.len() as i64) {
        return None;
    }
    let sum = |kind: &str| -> i64 {
        let mut entries = BTreeMap::new();
        for state in states {
            let Some(FieldValue::Group(list)) =
                group(state, object).and_then(|group| group.get(&[kind]))
            else {
                continue;
            };
            for field in list {
                if let FieldValue::Int(count) = field.value {
                    let most = entries.entry(&field.name).or_insert(count);
                    *most = count.max(*most);
                }
            }
        }
        entries.values().sum()
    };
    Some(total + sum("returned") - sum("sold"))
}

/// Dissects a datagram of a gossiping shop.
pub(super) fn dissect(bytes: &[u8]) -> Option<Dissection> {
    if bytes.last() == Some(&GOSSIP.0.get()) {
        return crate::pn_counter::message::dissect(bytes);
    }
    front::dissect(bytes)
}
