//! Which link behaves how, and what each has carried.

use super::{LinkSpec, Weather};
use simlab_core::{FaultId, NodeId, Time};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// A site, by number.
type Site = u32;

/// Which behaviour a link has, by its place among them.
#[derive(Clone, Copy, Debug)]
enum Chosen {
    /// The one that it was given.
    Usual(u32),
    /// One that faults made of it.
    Changed(u32),
}

/// What one direction of a link has carried so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkState {
    to: NodeId,
    spec: Chosen,
    /// How many datagrams were sent on it. It runs on across restarts of its ends, since it names
    /// the decisions about them.
    pub(crate) sent: u64,
    /// The highest number delivered yet, plus one.
    pub(crate) delivered_up_to: u64,
    /// When the last byte of what waits for a slow link will have left.
    pub(crate) busy_until: Time,
}

/// All links. Only those that carried something, or were given a behaviour of their own, take
/// memory.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    /// All behaviours that links were given; the first is the default.
    specs: Vec<LinkSpec>,
    /// Those that the faults of now make of them; forgotten whenever a fault begins or ends.
    changed: Vec<LinkSpec>,
    same_site: Option<u32>,
    pairs: BTreeMap<(NodeId, NodeId), u32>,
    sites: Vec<Option<Site>>,
    /// What holds for a while on top of all that, by fault: the later ones over the earlier.
    weather: Vec<(FaultId, Weather)>,
    /// For each sender its links, sorted by receiver.
    by_sender: Vec<Vec<LinkState>>,
}

impl Links {
    pub(crate) fn new() -> Self {
        Links {
            specs: vec![LinkSpec::default()],
            changed: Vec::new(),
            same_site: None,
            pairs: BTreeMap::new(),
            sites: Vec::new(),
            weather: Vec::new(),
            by_sender: Vec::new(),
        }
    }

    pub(crate) fn add_node(&mut self, site: Option<Site>) {
        self.sites.push(site);
        self.by_sender.push(Vec::new());
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
        for (from, links) in (0..).map(NodeId).zip(&mut by_sender) {
            for link in links {
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
            return Chosen::Usual(self.usual(from, to));
        }
        let spec = self.spec(from, to);
        let found = self.changed.iter().position(|other| *other == spec);
        let index = found.unwrap_or_else(|| {
            self.changed.push(spec);
            self.changed.len() - 1
        });
        Chosen::Changed(index as u32)
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
        for (from, links) in (0..).map(NodeId).zip(&mut self.by_sender) {
            for link in links.iter_mut().filter(|link| of(from, link.to)) {
                link.busy_until = link.busy_until.min(now);
            }
        }
    }

    /// The behaviour of the link from `from` to `to`.
    pub(crate) fn spec(&self, from: NodeId, to: NodeId) -> LinkSpec {
        let mut spec = self.specs[self.usual(from, to) as usize];
        self.weather(from, to).for_each(|(_, weather)| weather.patch.apply(&mut spec));
        spec
    }

    /// The behaviour and the state of the link from `from` to `to`.
    #[inline]
    pub(crate) fn link(&mut self, from: NodeId, to: NodeId) -> (&LinkSpec, &mut LinkState) {
        let found = self.by_sender[from.index()].binary_search_by_key(&to, |link| link.to);
        let at = found.unwrap_or_else(|at| {
            let spec = self.choose(from, to);
            let fresh = LinkState { to, spec, sent: 0, delivered_up_to: 0, busy_until: Time::ZERO };
            self.by_sender[from.index()].insert(at, fresh);
            at
        });
        let state = &mut self.by_sender[from.index()][at];
        let spec = match state.spec {
            Chosen::Usual(index) => &self.specs[index as usize],
            Chosen::Changed(index) => &self.changed[index as usize],
        };
        (spec, state)
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
        for links in &self.by_sender {
            links.len().hash(state);
            for LinkState { to, spec: _, sent, delivered_up_to, busy_until } in links {
                (to, sent, delivered_up_to, busy_until).hash(state);
            }
        }
    }
}
