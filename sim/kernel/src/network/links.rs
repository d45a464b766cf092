//! Which link behaves how, and what each has carried.

use super::{LinkSpec, Weather};
use simlab_core::{Choice, FaultId, NodeId, Seeded, Sequence, Time, Who};
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
}

/// What one direction of a link has carried so far. Small, since there may be a million of them.
#[derive(Clone, Copy, Debug)]
struct LinkState {
    to: NodeId,
    spec: Chosen,
    /// What the seed says about the delays of its datagrams.
    delays: Sequence,
    /// How many datagrams were sent on it. It runs on across restarts of its ends, since it names
    /// the decisions about them.
    sent: u64,
    /// The highest number delivered yet, plus one.
    delivered_up_to: u64,
}

/// The links of one sender that carried something, sorted by receiver.
#[derive(Clone, Debug, Default)]
struct Outgoing {
    links: Vec<LinkState>,
    /// Where the next one is probably looked for: broadcasts go from receiver to receiver.
    next: u32,
}

impl Outgoing {
    /// Where the link to `to` is, or where it would be, if it is not at `guess`.
    #[inline(always)]
    fn find(&self, to: NodeId, guess: u32) -> Result<u32, u32> {
        if self.links.get(guess as usize).is_some_and(|link| link.to == to) {
            return Ok(guess);
        }
        let found = self.links.binary_search_by_key(&to, |link| link.to);
        found.map(|at| at as u32).map_err(|at| at as u32)
    }
}

/// What a datagram is about to meet on its link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage<'a> {
    pub(crate) spec: &'a LinkSpec,
    /// Whether the link is as it was given: no fault makes it so.
    pub(crate) usual: bool,
    /// The number of the datagram.
    pub(crate) number: u64,
    /// Where the link is probably found again.
    pub(crate) place: u32,
    /// What the seed says about the delays of its datagrams.
    pub(crate) delays: Sequence,
}

/// All links. Only those that carried something, or were given a behaviour of their own, take
/// memory.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    seeded: Seeded,
    /// All behaviours that links were given; the first is the default.
    specs: Vec<LinkSpec>,
    /// Those that the faults of now make of them; forgotten whenever a fault begins or ends.
    changed: Vec<LinkSpec>,
    same_site: Option<u32>,
    pairs: BTreeMap<(NodeId, NodeId), u32>,
    sites: Vec<Option<Site>>,
    /// What holds for a while on top of all that, by fault: the later ones over the earlier.
    weather: Vec<(FaultId, Weather)>,
    by_sender: Vec<Outgoing>,
    /// When the last byte of what waits for a slow link will have left.
    busy_until: BTreeMap<(NodeId, NodeId), Time>,
}

impl Links {
    /// No links yet; `seeded` answers the choices about their datagrams.
    pub(crate) fn new(seeded: Seeded) -> Self {
        Links {
            seeded,
            specs: vec![LinkSpec::default()],
            changed: Vec::new(),
            same_site: None,
            pairs: BTreeMap::new(),
            sites: Vec::new(),
            weather: Vec::new(),
            by_sender: Vec::new(),
            busy_until: BTreeMap::new(),
        }
    }

    pub(crate) fn add_node(&mut self, site: Option<Site>) {
        self.sites.push(site);
        self.by_sender.push(Outgoing::default());
    }

    pub(crate) fn set_default(&mut self, spec: LinkSpec) {
        self.specs[0] = spec;
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
            return Chosen(self.usual(from, to));
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
        let (a, b) = (self.sites[from.index()], self.sites[to.index()]);
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

    /// Lets a datagram onto the link from `from` to `to`.
    #[inline(always)]
    pub(crate) fn send(&mut self, from: NodeId, to: NodeId) -> Passage<'_> {
        let outgoing = &self.by_sender[from.index()];
        let found = outgoing.find(to, outgoing.next);
        let place = found.unwrap_or_else(|at| self.add(from, to, at));
        let outgoing = &mut self.by_sender[from.index()];
        outgoing.next = place + 1;
        let link = &mut outgoing.links[place as usize];
        let number = link.sent;
        link.sent += 1;
        let chosen = link.spec;
        let usual = chosen.0 & Chosen::CHANGED == 0;
        let delays = link.delays;
        Passage { spec: self.chosen(chosen), usual, number, place, delays }
    }

    /// How the link of `from` at `place` behaves now.
    pub(crate) fn current(&self, from: NodeId, place: u32) -> LinkSpec {
        *self.chosen(self.by_sender[from.index()].links[place as usize].spec)
    }

    #[inline]
    fn chosen(&self, Chosen(spec): Chosen) -> &LinkSpec {
        if spec & Chosen::CHANGED == 0 {
            &self.specs[spec as usize]
        } else {
            &self.changed[(spec & !Chosen::CHANGED) as usize]
        }
    }

    #[cold]
    fn add(&mut self, from: NodeId, to: NodeId, at: u32) -> u32 {
        let spec = self.choose(from, to);
        let links = &mut self.by_sender[from.index()].links;
        if links.len() == links.capacity() {
            // Doubling would waste half of the memory of a world of many nodes with few links each.
            links.reserve_exact((links.len() / 2).max(4));
        }
        let delays = self.seeded.sequence(Who::Link { from, to }, Choice::Delay { copy: 0 });
        let fresh = LinkState { to, spec, delays, sent: 0, delivered_up_to: 0 };
        links.insert(at as usize, fresh);
        at
    }

    /// Notes that the datagram with this number has come from `from` to `to`. Returns whether it was
    /// overtaken by a later one. `place` is where the link was when it was sent.
    #[inline(always)]
    pub(crate) fn deliver(&mut self, from: NodeId, to: NodeId, place: u32, number: u64) -> bool {
        let outgoing = &mut self.by_sender[from.index()];
        let Ok(place) = outgoing.find(to, place) else { return false };
        let link = &mut outgoing.links[place as usize];
        let overtaken = number + 1 < link.delivered_up_to;
        link.delivered_up_to = link.delivered_up_to.max(number + 1);
        overtaken
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
        for Outgoing { links, next: _ } in &self.by_sender {
            links.len().hash(state);
            for LinkState { to, sent, delivered_up_to, .. } in links {
                (to, sent, delivered_up_to).hash(state);
            }
        }
        self.busy_until.hash(state);
    }
}
