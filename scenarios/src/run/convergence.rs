//! When the replicas agree again after the last fault.

use super::Setup;
use simlab_core::{Argument, Duration, NodeId, Role, Time};
use simlab_sim::World;

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
}

/// One expectation of convergence.
#[derive(Clone, Copy, Debug)]
struct Watch {
    within: Duration,
    /// Since when they agree, as of the last look.
    since: Option<Time>,
}

impl Convergence {
    /// Watches what the scenario expects of this variant.
    #[must_use]
    pub fn new(setup: &Setup<'_>) -> Self {
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
            healed: setup.healed(),
            watches: watches.collect(),
        }
    }

    pub(super) const fn watches(&self) -> bool {
        !self.watches.is_empty()
    }

    /// Looks at the world after an event.
    pub(super) fn look(&mut self, world: &World) {
        let now = world.now();
        let healed = self.healed;
        let concerned = |watch: &Watch| healed <= now && now <= healed + watch.within;
        if !self.watches.iter().any(concerned) {
            return;
        }
        let agree = self.agree(world);
        for watch in self.watches.iter_mut().filter(|watch| concerned(watch)) {
            watch.since = if agree { watch.since.or(Some(now)) } else { None };
        }
    }

    fn agree(&self, world: &World) -> bool {
        self.objects.iter().all(|object| {
            let mut shown = self
                .servers
                .iter()
                .map(|server| world.inspect(*server)?.get_int(&[object, "stock"]));
            let Some(Some(first)) = shown.next() else { return false };
            shown.all(|value| value == Some(first))
        })
    }

    /// How long after the last heal the replicas agreed, and still did so when `within` had passed;
    /// `None` if they did not.
    #[must_use]
    pub fn after_heal(&self, within: Duration) -> Option<Duration> {
        let watch = self.watches.iter().find(|watch| watch.within == within)?;
        watch.since.map(|since| since.since(self.healed))
    }
}
