//! How the servers of a service are found and chosen.

use crate::rpc::balance::Balancer;
use crate::rpc::directory::cache;
use crate::rpc::govern::breaker;
use simlab_core::{Duration, NodeId};

/// Where it is known who offers a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Naming {
    /// Here: these do.
    Fixed(Vec<NodeId>),
    /// At a registry.
    Registry {
        /// Which.
        at: NodeId,
        /// How many nodes there are: a registry that names others is not believed.
        nodes: u32,
        /// How long what it says is used.
        cache: cache::Config,
    },
}

/// How calls of a service are made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How its servers are found.
    pub naming: Naming,
    /// How one is chosen.
    pub balancer: Balancer,
    /// With [`Balancer::ConsistentHash`], how many points each has on the ring.
    pub points: usize,
    /// How long a server is given before another one is asked; [`Duration::FOREVER`] for as long as there is.
    pub attempt: Duration,
    /// How many servers are asked for one call, at least 1.
    pub attempts_max: u32,
    /// How long a server that did not answer is left alone, while there are others.
    pub avoid: Duration,
    /// When a server that fails is left alone altogether, if ever.
    pub breaker: Option<breaker::Config>,
}

impl Config {
    /// Calls of one server, which is known.
    #[must_use]
    pub fn to(server: NodeId) -> Self {
        Config {
            naming: Naming::Fixed(vec![server]),
            balancer: Balancer::RoundRobin,
            points: 1,
            attempt: Duration::FOREVER,
            attempts_max: 1,
            avoid: Duration::ZERO,
            breaker: None,
        }
    }

    pub(super) const fn cache(&self) -> cache::Config {
        match &self.naming {
            Naming::Registry { cache, .. } => *cache,
            Naming::Fixed(_) => cache::Config {
                fresh: Duration::FOREVER,
                stale: Duration::FOREVER,
                patience: Duration::FOREVER,
                services_max: 1,
                servers_max: 0,
            },
        }
    }
}
