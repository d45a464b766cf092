//! Which link behaves how, and what each has carried.

use super::{LinkId, LinkSpec, Weather};
use simlab_core::{
    Choice, Distribution, Domain, FaultId, NodeId, Seeded, Seq, Sequence, Time, Who,
};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// A site, by number.
type Site = u32;

/// Which behaviour a link has, by its place among them: those that links were given, and with the
/// highest bit set those that faults made of them.
#[derive(Clone, Copy, Debug)]
struct Chosen(u32);

impl Chosen {
    const CHANGED: u32 = 1 << 31;
    /// It is as it was given, and only delays. (There are fewer behaviours than 2^30.)
    const QUICK: u32 = 1 << 30;

    const fn place(self) -> usize {
        (self.0 & !(Chosen::CHANGED | Chosen::QUICK)) as usize
    }
}

/// What one direction of a link has carried so far. Small, since there may be millions of them.
#[derive(Clone, Copy, Debug)]
struct LinkState {
    to: NodeId,
    spec: Chosen,
    /// Where what was delivered on it is noted.
    id: LinkId,
    /// How many datagrams were sent on it, without whole [`Links::rounds`]. The number runs on across
    /// restarts of its ends, since it names the decisions about them.
    sent: u32,
    /// What the seed says about the delays of its datagrams.
    delays: Sequence,
}

const _: () = assert!(size_of::<LinkState>() == 24);

/// The links of one sender that carried something, sorted by receiver.
#[derive(Clone, Debug, Default)]
struct Outgoing {
    links: Vec<LinkState>,
    /// Where the next one is probably looked for: broadcasts go from receiver to receiver, and
    /// begin again.
    next: u32,
}

impl Outgoing {
    /// Where the link to `to` is, or where it would be.
    #[inline]
    fn find(&self, to: NodeId) -> Result<u32, u32> {
        if self.links.get(self.next as usize).is_some_and(|link| link.to == to) {
            return Ok(self.next);
        }
        // The first broadcast makes one link after the other.
        if self.links.last().is_none_or(|last| last.to < to) {
            return Err(self.links.len() as u32);
        }
        let found = self.links.binary_search_by_key(&to, |link| link.to);
        found.map(|at| at as u32).map_err(|at| at as u32)
    }

    /// The link at `place`, which carries one more datagram now.
    #[inline(always)]
    fn carry(&mut self, place: u32) -> &mut LinkState {
        self.next = if place as usize + 1 < self.links.len() { place + 1 } else { 0 };
        &mut self.links[place as usize]
    }
}

/// With fewer links than this a node has few.
const FEW_LINKS: usize = 16;

/// A place for one more link.
fn next_id(latest: &mut Vec<u64>) -> LinkId {
    let id = u32::try_from(latest.len()).ok().filter(|id| *id < LinkId::NONE.0);
    latest.push(0);
    LinkId(id.expect("fewer than 2^32 links"))
}

/// What a datagram is about to meet on its link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage<'a> {
    pub(crate) link: LinkId,
    /// How the link behaves now.
    pub(crate) spec: &'a LinkSpec,
    /// The number of the datagram.
    pub(crate) number: u64,
}

/// The links of one sender, while it sends copies of one payload over them.
#[derive(Debug)]
pub(crate) struct Lanes<'a> {
    samplers: &'a [Sampler],
    outgoing: &'a mut Outgoing,
    len: u32,
    /// Where the next link is probably found.
    next: usize,
}

impl Lanes<'_> {
    /// Lets a datagram onto the link to `to`, if the link was used before, is as it was given and only
    /// delays. Returns the link, the number of the datagram there, and its delay in nanoseconds.
    #[inline(always)]
    pub(crate) fn send(&mut self, to: NodeId) -> Option<(LinkId, u64, u64)> {
        if self.outgoing.links.get(self.next).is_none_or(|link| link.to != to) {
            self.next = self.outgoing.find(to).ok()? as usize;
        }
        let link = self.outgoing.links.get_mut(self.next)?;
        // What is changed has no place there.
        let sampler = self.samplers.get((link.spec.0 ^ Chosen::QUICK) as usize)?;
        if self.len > sampler.mtu {
            return None;
        }
        // The second one needs a place, and the last of a round counts it.
        if link.id == LinkId::NONE && link.sent != 0 || link.sent == u32::MAX {
            return None;
        }
        let number = u64::from(link.sent);
        link.sent += 1;
        self.next += 1;
        Some((link.id, number, sampler.sample(link.delays.bits(number))))
    }

    /// Notes where the next link is probably found.
    #[inline(always)]
    pub(crate) fn done(self) {
        let Lanes { outgoing, next, .. } = self;
        outgoing.next = if next < outgoing.links.len() { next as u32 } else { 0 };
    }
}

/// The delays of a link, made ready to be asked for again and again.
#[derive(Clone, Copy, Debug)]
struct Sampler {
    min: u64,
    /// Uniform delays are `min` and anything less than this more; zero if they are not uniform.
    width: u64,
    mtu: u32,
    delay: Distribution,
}

impl Sampler {
    fn new(spec: &LinkSpec) -> Self {
        let LinkSpec { delay, mtu, .. } = *spec;
        let (min, width) = match delay {
            Distribution::Uniform { min, max } if max >= min => {
                (min.0, (max.0 - min.0).wrapping_add(1))
            }
            _ => (0, 0),
        };
        Sampler { min, width, mtu, delay }
    }

    #[inline(always)]
    fn sample(&self, bits: u64) -> u64 {
        if self.width == 0 {
            return self.sample_other(bits);
        }
        self.min + ((u128::from(bits) * u128::from(self.width)) >> 64) as u64
    }

    #[inline(never)]
    fn sample_other(&self, bits: u64) -> u64 {
        let span = Domain::Span(&self.delay);
        span.certain().unwrap_or_else(|| span.sample(bits))
    }
}

/// All links. Only those that carried something, or were given a behaviour of their own, take
/// memory.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    seeded: Seeded,
    /// All behaviours that links were given; the first is the default.
    specs: Vec<LinkSpec>,
    /// The delays of each.
    samplers: Vec<Sampler>,
    /// Those that the faults of now make of them; forgotten whenever a fault begins or ends.
    changed: Vec<LinkSpec>,
    same_site: Option<u32>,
    pairs: BTreeMap<(NodeId, NodeId), u32>,
    /// The sites of the nodes, as far as there is one that has one.
    sites: Vec<Option<Site>>,
    /// What holds for a while on top of all that, by fault: the later ones over the earlier.
    weather: Vec<(FaultId, Weather)>,
    by_sender: Vec<Outgoing>,
    /// The latest record of a send whose datagram was delivered, zero if none was, by [`LinkId`]. Apart
    /// from the rest, since deliveries come in any order.
    latest: Vec<u64>,
    /// How often links have sent 2^32 datagrams, if they have.
    rounds: BTreeMap<(NodeId, NodeId), u64>,
    /// When the last byte of what waits for a slow link will have left.
    busy_until: BTreeMap<(NodeId, NodeId), Time>,
}

impl Links {
    /// No links yet; `seeded` answers the choices about their datagrams.
    pub(crate) fn new(seeded: Seeded) -> Self {
        Links {
            seeded,
            specs: vec![LinkSpec::default()],
            samplers: vec![Sampler::new(&LinkSpec::default())],
            changed: Vec::new(),
            same_site: None,
            pairs: BTreeMap::new(),
            sites: Vec::new(),
            weather: Vec::new(),
            by_sender: Vec::new(),
            latest: Vec::new(),
            rounds: BTreeMap::new(),
            busy_until: BTreeMap::new(),
        }
    }

    pub(crate) fn add_node(&mut self, site: Option<Site>) {
        if site.is_some() {
            self.sites.resize(self.by_sender.len(), None);
            self.sites.push(site);
        }
        self.by_sender.push(Outgoing::default());
    }

    pub(crate) fn set_default(&mut self, spec: LinkSpec) {
        self.specs[0] = spec;
        self.samplers[0] = Sampler::new(&spec);
        self.forget_choices();
    }

    pub(crate) fn set_same_site(&mut self, spec: LinkSpec) {
        self.same_site = Some(self.intern(spec));
        self.forget_choices();
    }

    pub(crate) fn set(&mut self, from: NodeId, to: NodeId, spec: LinkSpec) {
        let spec = self.intern(spec);
        self.pairs.insert((from, to), spec);
        self.forget_choices();
    }

    fn intern(&mut self, spec: LinkSpec) -> u32 {
        // The default may still change, so nothing else shares its place.
        if let Some(index) = self.specs.iter().skip(1).position(|other| *other == spec) {
            return index as u32 + 1;
        }
        self.specs.push(spec);
        self.samplers.push(Sampler::new(&spec));
        (self.specs.len() - 1) as u32
    }

    /// Chooses again for links that have been used.
    fn forget_choices(&mut self) {
        self.changed.clear();
        let mut by_sender = std::mem::take(&mut self.by_sender);
        for (from, outgoing) in (0..).map(NodeId).zip(&mut by_sender) {
            for link in &mut outgoing.links {
                link.spec = self.choose(from, link.to);
            }
        }
        self.by_sender = by_sender;
    }

    /// Lets some links be different for a while.
    pub(crate) fn begin(&mut self, fault: FaultId, weather: Weather) {
        let at = self.weather.partition_point(|(id, _)| *id < fault);
        self.weather.insert(at, (fault, weather));
        self.forget_choices();
    }

    /// Lets them be as they were.
    pub(crate) fn end(&mut self, fault: FaultId) {
        self.weather.retain(|(id, _)| *id != fault);
        self.forget_choices();
    }

    /// The faults that make the link from `from` to `to` other than it was.
    pub(crate) fn weather(
        &self,
        from: NodeId,
        to: NodeId,
    ) -> impl Iterator<Item = (FaultId, &Weather)> {
        let covering = self.weather.iter().filter(move |(_, weather)| weather.covers(from, to));
        covering.map(|(id, weather)| (*id, weather))
    }

    fn choose(&mut self, from: NodeId, to: NodeId) -> Chosen {
        if self.weather.iter().all(|(_, weather)| !weather.covers(from, to)) {
            let place = self.usual(from, to);
            let quick = from != to
                && self.specs[place as usize].only_delays()
                && !self.rounds.contains_key(&(from, to));
            return Chosen(place | if quick { Chosen::QUICK } else { 0 });
        }
        let spec = self.spec(from, to);
        let found = self.changed.iter().position(|other| *other == spec);
        let index = found.unwrap_or_else(|| {
            self.changed.push(spec);
            self.changed.len() - 1
        });
        Chosen(index as u32 | Chosen::CHANGED)
    }

    fn usual(&self, from: NodeId, to: NodeId) -> u32 {
        if let Some(spec) = self.pairs.get(&(from, to)) {
            return *spec;
        }
        let site = |node: NodeId| self.sites.get(node.index()).copied().flatten();
        let (a, b) = (site(from), site(to));
        match self.same_site {
            Some(spec) if a.is_some() && a == b => spec,
            _ => 0,
        }
    }

    /// Forgets what waits in front of some links.
    pub(crate) fn clear_backlog(&mut self, now: Time, of: impl Fn(NodeId, NodeId) -> bool) {
        self.busy_until.retain(|(from, to), until| *until > now && !of(*from, *to));
    }

    /// The behaviour of the link from `from` to `to`.
    pub(crate) fn spec(&self, from: NodeId, to: NodeId) -> LinkSpec {
        let mut spec = self.specs[self.usual(from, to) as usize];
        self.weather(from, to).for_each(|(_, weather)| weather.patch.apply(&mut spec));
        spec
    }

    /// The links of one sender, for copies of a payload of so many bytes.
    #[inline]
    pub(crate) fn lanes(&mut self, from: NodeId, len: u32) -> Lanes<'_> {
        let outgoing = &mut self.by_sender[from.index()];
        Lanes { samplers: &self.samplers, len, next: outgoing.next as usize, outgoing }
    }

    /// Lets a datagram onto the link from `from` to `to`.
    pub(crate) fn send(&mut self, from: NodeId, to: NodeId) -> Passage<'_> {
        let found = self.by_sender[from.index()].find(to);
        let place = found.unwrap_or_else(|at| self.add(from, to, at));
        let link = self.by_sender[from.index()].carry(place);
        let sent = link.sent;
        if link.id == LinkId::NONE && sent > 0 {
            link.id = next_id(&mut self.latest);
        }
        link.sent = sent.wrapping_add(1);
        let spec = link.spec;
        if link.sent == 0 {
            // From now on it takes this way, which counts the rounds.
            link.spec = Chosen(spec.0 & !Chosen::QUICK);
            *self.rounds.entry((from, to)).or_default() += 1;
        }
        let id = link.id;
        let mut number = u64::from(sent);
        if !self.rounds.is_empty() {
            let rounds = self.rounds.get(&(from, to)).copied().unwrap_or(0);
            // The last of a round still belongs to it.
            number += (rounds - u64::from(sent == u32::MAX)) << 32;
        }
        let specs = if spec.0 & Chosen::CHANGED == 0 { &self.specs } else { &self.changed };
        Passage { link: id, spec: &specs[spec.place()], number }
    }

    /// Makes the link from `from` to `to` ready to be found by [`Lanes::send`], if there is a node
    /// there.
    #[inline(never)]
    pub(crate) fn prepare(&mut self, from: NodeId, to: NodeId) {
        if to.index() >= self.by_sender.len() {
            return;
        }
        let found = self.by_sender[from.index()].find(to);
        let place = found.unwrap_or_else(|at| self.add(from, to, at));
        let link = &mut self.by_sender[from.index()].links[place as usize];
        if link.id == LinkId::NONE && link.sent > 0 {
            link.id = next_id(&mut self.latest);
        }
        self.by_sender[from.index()].next = place;
    }

    fn add(&mut self, from: NodeId, to: NodeId, at: u32) -> u32 {
        let spec = self.choose(from, to);
        let links = &mut self.by_sender[from.index()].links;
        // Where nodes have few links each, and there are many nodes, most links only ever carry one
        // datagram, and doubling would waste half of the memory.
        let few = links.len() < FEW_LINKS;
        if links.len() == links.capacity() {
            links.reserve_exact(if few { 2 } else { links.len() / 2 });
        }
        let delays = self.seeded.sequence(Who::Link { from, to }, Choice::Delay { copy: 0 });
        let id = if few { LinkId::NONE } else { next_id(&mut self.latest) };
        links.insert(at as usize, LinkState { to, spec, id, sent: 0, delays });
        at
    }

    /// Notes that a datagram has come over a link, from one node to another. Returns whether it was
    /// overtaken by one that was sent later.
    #[inline(always)]
    pub(crate) fn deliver(
        &mut self,
        link: LinkId,
        datagram: Seq,
        (from, to): (NodeId, NodeId),
    ) -> bool {
        match self.latest.get_mut(link.0 as usize) {
            Some(latest) => {
                let overtaken = datagram.get() < *latest;
                *latest = datagram.get().max(*latest);
                overtaken
            }
            None => self.deliver_first(datagram, from, to),
        }
    }

    /// The same for the first datagram of a link, which had no id when that was sent. If it has none
    /// yet, nothing was sent later.
    #[cold]
    fn deliver_first(&self, datagram: Seq, from: NodeId, to: NodeId) -> bool {
        let outgoing = &self.by_sender[from.index()];
        let Ok(place) = outgoing.find(to) else { return false };
        let id = outgoing.links[place as usize].id;
        self.latest.get(id.0 as usize).is_some_and(|latest| datagram.get() < *latest)
    }

    /// When the last byte of what waits for the link from `from` to `to` will have left.
    pub(crate) fn busy_until(&mut self, from: NodeId, to: NodeId) -> &mut Time {
        self.busy_until.entry((from, to)).or_default()
    }
}

/// What the links were given and what they carried. Which place a behaviour has is an accident, and
/// which one a link has follows from the rest.
impl Hash for Links {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let spec = |index: &u32| &self.specs[*index as usize];
        (&self.specs[0], self.same_site.as_ref().map(spec)).hash(state);
        self.pairs.iter().for_each(|(pair, index)| (pair, spec(index)).hash(state));
        (&self.sites, &self.weather).hash(state);
        self.rounds.hash(state);
        for Outgoing { links, .. } in &self.by_sender {
            links.len().hash(state);
            for LinkState { to, sent, .. } in links {
                (to, sent).hash(state);
            }
        }
        self.busy_until.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers go on beyond what a link's own count holds.
    #[test]
    fn a_link_counts_beyond_a_round() {
        let (from, to) = (NodeId(0), NodeId(1));
        let mut links = Links::new(Seeded::new(1));
        links.add_node(None);
        links.add_node(None);
        let quickly = |links: &mut Links| {
            let mut lanes = links.lanes(from, 1);
            let number = lanes.send(to).map(|(_, number, _)| number);
            lanes.done();
            number
        };
        links.prepare(from, to);
        assert_eq!(quickly(&mut links), Some(0));
        links.prepare(from, to);
        assert_eq!(quickly(&mut links), Some(1));
        let round = 1 << 32;
        links.by_sender[0].links[0].sent = u32::MAX - 1;
        assert_eq!(quickly(&mut links), Some(round - 2));
        for number in round - 1..round + 5 {
            links.prepare(from, to);
            assert_eq!(quickly(&mut links), None);
            assert_eq!(links.send(from, to).number, number);
        }
        links.by_sender[0].links[0].sent = u32::MAX;
        assert_eq!(links.send(from, to).number, 2 * round - 1);
        assert_eq!(links.send(from, to).number, 2 * round);
        // A fault that begins and ends lets links choose again.
        links.forget_choices();
        assert_eq!(quickly(&mut links), None);
        assert_eq!(links.send(from, to).number, 2 * round + 1);
    }
}
