//! When the replicas agree again after the last fault.

use super::Setup;
use simlab_core::{Argument, Duration, NodeId, Role, Time};
use simlab_sim::{Status, World};

/// Watches whether all servers show the same stock of every object.
///
/// Convergence is a claim about quiet times: once the network is whole and nobody writes, all
/// replicas come to show the same. It is looked at after every event from the last heal on, until
/// the time that the scenario allows has passed.
#[derive(Clone, Debug)]
pub struct Convergence {
    servers: Vec<NodeId>,
    objects: Vec<String>,
    healed: Time,
    watches: Vec<Watch>,
    /// What each server shows of the stock of each object, as of the last look: nothing at all if it
    /// is down.
    shown: Vec<Option<Vec<Option<i64>>>>,
    /// Of what state of the service that is: what has not changed need not be shown again, which takes far longer.
    states: Vec<Option<u64>>,
    /// Which servers have left for good, so that nobody waits for them.
    left: Vec<bool>,
    /// Whether they agree, as of the last look; `None` if there was none yet.
    agreed: Option<bool>,
}

/// One expectation of convergence.
#[derive(Clone, Copy, Debug)]
struct Watch {
    within: Duration,
    /// Since when they agree, as of the last look.
    since: Option<Time>,
}

impl Convergence {
    /// Watches what the scenario expects of this variant after its last fault, which ends at `healed`.
    #[must_use]
    pub fn new(setup: &Setup<'_>, healed: Time) -> Self {
        let Setup { scenario, catalogue, variant, .. } = *setup;
        let expected = scenario
            .expectations
            .iter()
            .filter(|e| e.check == "converged" && e.variants.contains(&variant));
        let watches = expected.filter_map(|e| match e.arguments.get("within") {
            Some(Argument::Duration(within)) => Some(Watch { within: *within, since: None }),
            _ => None,
        });
        let serves = |service| catalogue.service(service).is_some_and(|e| e.role == Role::Server);
        let roster = &scenario.variants[variant].roster;
        Convergence {
            servers: roster.iter().filter(|m| serves(m.service)).map(|m| m.id).collect(),
            objects: scenario.objects.iter().map(|o| o.name.clone()).collect(),
            healed,
            watches: watches.collect(),
            shown: Vec::new(),
            states: Vec::new(),
            left: Vec::new(),
            agreed: None,
        }
    }

    /// Whether there is anything to watch.
    #[must_use]
    pub const fn watches(&self) -> bool {
        !self.watches.is_empty()
    }

    /// Looks at the world after an event.
    pub fn look(&mut self, world: &World) {
        let now = world.now();
        let healed = self.healed;
        let concerned = |watch: &Watch| healed <= now && now <= healed + watch.within;
        if !self.watches.iter().any(concerned) {
            return;
        }
        let before = self.agreed;
        let agree = match before {
            Some(agreed) if !self.refresh(world) => agreed,
            Some(_) => self.agree(),
            None => {
                self.look_first(world);
                self.agree()
            }
        };
        self.agreed = Some(agree);
        for watch in self.watches.iter_mut().filter(|watch| concerned(watch)) {
            watch.since = if agree { watch.since.or(Some(now)) } else { None };
        }
    }

    /// Looks at all servers.
    fn look_first(&mut self, world: &World) {
        self.shown = self.servers.iter().map(|server| self.stocks(world, *server)).collect();
        self.states = self.servers.iter().map(|server| world.service_digest(*server)).collect();
        self.left = self.servers.iter().map(|server| has_left(world, *server)).collect();
    }

    /// Looks at the servers that the last step may have changed. Returns whether one looks different.
    fn refresh(&mut self, world: &World) -> bool {
        let mut changed = false;
        for node in world.touched() {
            let Ok(place) = self.servers.binary_search(node) else { continue };
            let left = has_left(world, *node);
            changed |= std::mem::replace(&mut self.left[place], left) != left;
            let state = world.service_digest(*node);
            if state.is_none() || state != self.states[place] {
                self.states[place] = state;
                let shown = self.stocks(world, *node);
                changed |= shown != self.shown[place];
                self.shown[place] = shown;
            }
        }
        changed
    }

    /// What a server shows of the stock of each object; `None` if it is down.
    fn stocks(&self, world: &World, server: NodeId) -> Option<Vec<Option<i64>>> {
        let state = world.inspect(server)?;
        let stock = |object: &String| state.get_int(&[object, "stock"]);
        Some(self.objects.iter().map(stock).collect())
    }

    /// Whether all servers that have not left are up and show the same. An object that nobody ever
    /// changed may be shown by none of them.
    fn agree(&self) -> bool {
        let mut there = self.shown.iter().zip(&self.left).filter(|(_, left)| !**left);
        let Some((first, _)) = there.next() else { return false };
        first.is_some() && there.all(|(shown, _)| shown == first)
    }

    /// How long after the last heal the replicas agreed, and still did so when `within` had passed;
    /// `None` if they did not.
    #[must_use]
    pub fn after_heal(&self, within: Duration) -> Option<Duration> {
        let watch = self.watches.iter().find(|watch| watch.within == within)?;
        watch.since.map(|since| since.since(self.healed))
    }
}

fn has_left(world: &World, server: NodeId) -> bool {
    world.status(server) == Status::Left
}
