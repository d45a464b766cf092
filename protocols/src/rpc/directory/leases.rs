//! The table of a registry: which servers offer which service, and until when that is known.
//!
//! A registration is a lease (Gray and Cheriton, "Leases", SOSP 1989): it ends by itself unless it is extended, so
//! that a server that is gone without a word leaves the table when its lease ends. No later look-up returns it. How
//! often a server must say that it is there follows from the lease: a third of it, and two in a row may be lost.

use simlab_core::{Duration, NodeId, Switch, Time};
use std::collections::BTreeMap;

/// Who is in the table stays there, whether or not its lease has ended.
pub const NEVER_DROPPED: Switch = Switch {
    name: "rpc-registry-never-drops",
    breaks: "a registration ends with its lease (Gray and Cheriton 1989, §2)",
    caught_by: "directory_fresh",
};

/// How long registrations last, and how many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How long one lasts after it was made, or last extended.
    pub lease: Duration,
    /// Of all servers and services.
    pub registrations_max: usize,
    /// In bytes, of a service's name.
    pub name_max: usize,
    /// The switch [`NEVER_DROPPED`].
    pub never_dropped: bool,
}

/// Why a server is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refused {
    /// There is no room for one more.
    Full,
    /// The name of the service is empty, or too long.
    Name,
    /// There is no such registration to extend: it has ended, or was made in an earlier life of the registry. The
    /// server is to register again.
    Unknown,
}

/// Registrations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leases {
    config: Config,
    /// The end of the lease of each server of each service. None is empty.
    services: BTreeMap<String, BTreeMap<NodeId, Time>>,
    registrations: usize,
}

impl Leases {
    /// Nobody is registered.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Leases { config, services: BTreeMap::new(), registrations: 0 }
    }

    /// A server offers a service: when its lease ends. To register again is to extend.
    ///
    /// # Errors
    ///
    /// [`Refused::Full`] and [`Refused::Name`].
    pub fn register(&mut self, service: &str, server: NodeId, now: Time) -> Result<Time, Refused> {
        if service.is_empty() || service.len() > self.config.name_max {
            return Err(Refused::Name);
        }
        if let Ok(end) = self.extend(service, server, now) {
            return Ok(end);
        }
        if self.registrations >= self.config.registrations_max {
            self.expire(now);
        }
        if self.registrations >= self.config.registrations_max {
            return Err(Refused::Full);
        }
        let end = now + self.config.lease;
        let servers = self.services.entry(service.to_owned()).or_default();
        self.registrations += usize::from(servers.insert(server, end).is_none());
        Ok(end)
    }

    /// A server says that it is still there: when its lease ends now. It never ends earlier than it was said before.
    ///
    /// # Errors
    ///
    /// [`Refused::Unknown`].
    pub fn extend(&mut self, service: &str, server: NodeId, now: Time) -> Result<Time, Refused> {
        let config = self.config;
        let end = self.services.get_mut(service).and_then(|servers| servers.get_mut(&server));
        let end = end.filter(|end| config.is_live(**end, now)).ok_or(Refused::Unknown)?;
        *end = (now + config.lease).max(*end);
        Ok(*end)
    }

    /// The servers whose leases have not ended, in the order of their ids.
    #[must_use]
    pub fn look_up(&self, service: &str, now: Time) -> Vec<NodeId> {
        let servers = self.services.get(service).into_iter().flatten();
        let live = servers.filter(|(_, end)| self.config.is_live(**end, now));
        live.map(|(server, _)| *server).collect()
    }

    /// Forgets the registrations that have ended. What look-ups return is the same before and after.
    pub fn expire(&mut self, now: Time) {
        let config = self.config;
        self.services.retain(|_, servers| {
            servers.retain(|_, end| config.is_live(*end, now));
            !servers.is_empty()
        });
        self.registrations = self.services.values().map(BTreeMap::len).sum();
    }

    /// When the next lease ends, if none is extended before: the time at which to [expire](Leases::expire).
    #[must_use]
    pub fn next_end(&self) -> Option<Time> {
        self.services.values().flat_map(BTreeMap::values).min().copied()
    }

    /// How long a registration lasts.
    #[must_use]
    pub const fn lease(&self) -> Duration {
        self.config.lease
    }

    /// All services, by name, with who is registered, ended registrations that were not forgotten included.
    pub fn all(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = NodeId>)> {
        self.services.iter().map(|(name, servers)| (name.as_str(), servers.keys().copied()))
    }

    /// How many registrations there are, ended ones that were not forgotten included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.registrations
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.registrations == 0
    }
}

impl Config {
    /// A lease ends at its end, and not after it.
    fn is_live(&self, end: Time, now: Time) -> bool {
        self.never_dropped || now < end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);
    const C: NodeId = NodeId(3);

    const fn ms(n: u64) -> Time {
        Time(n * 1_000_000)
    }

    const CONFIG: Config = Config {
        lease: Duration::from_millis(300),
        registrations_max: 3,
        name_max: 5,
        never_dropped: false,
    };

    #[test]
    fn a_server_that_says_nothing_is_gone_when_its_lease_ends() {
        let mut leases = Leases::new(CONFIG);
        assert_eq!(leases.register("arith", B, ms(0)), Ok(ms(300)));
        assert_eq!(leases.register("arith", A, ms(0)), Ok(ms(300)));
        assert_eq!(leases.extend("arith", A, ms(100)), Ok(ms(400)));
        assert_eq!(leases.look_up("arith", Time(ms(300).0 - 1)), [A, B]);
        assert_eq!(leases.look_up("arith", ms(300)), [A]);
        assert_eq!(leases.extend("arith", B, ms(300)), Err(Refused::Unknown), "it must register");
        assert_eq!(leases.register("arith", B, ms(301)), Ok(ms(601)));
        assert_eq!(leases.look_up("arith", ms(302)), [A, B]);
        assert_eq!(leases.extend("arith", B, ms(290)), Ok(ms(601)), "what was said holds");
        assert_eq!(leases.look_up("shop", ms(302)), []);
    }

    #[test]
    fn what_has_ended_makes_room() {
        let mut leases = Leases::new(CONFIG);
        for (n, server) in [A, B, C].into_iter().enumerate() {
            assert!(leases.register("arith", server, ms(n as u64 * 10)).is_ok());
        }
        assert_eq!(leases.register("shop", A, ms(299)), Err(Refused::Full));
        assert_eq!(leases.register("arith", A, ms(299)), Ok(ms(599)), "it has its place");
        assert_eq!(leases.next_end(), Some(ms(310)));
        assert_eq!(leases.register("shop", A, ms(310)), Ok(ms(610)));
        assert_eq!(leases.look_up("arith", ms(310)), [A, C]);
    }

    #[test]
    fn names_have_bounds() {
        let mut leases = Leases::new(CONFIG);
        assert_eq!(leases.register("", A, ms(0)), Err(Refused::Name));
        assert_eq!(leases.register("arithm", A, ms(0)), Err(Refused::Name));
    }

    #[test]
    fn where_none_is_dropped_a_server_stays_for_ever() {
        let mut leases = Leases::new(Config { never_dropped: true, ..CONFIG });
        assert_eq!(leases.register("arith", A, ms(0)), Ok(ms(300)));
        leases.expire(ms(1_000));
        assert_eq!(leases.look_up("arith", Time::NEVER), [A]);
    }

    proptest! {
        /// The table says of every server what a list of all that was ever heard says; and no more is in it than may
        /// be.
        #[test]
        fn it_says_who_was_heard_within_a_lease(
            acts in vec((0..3_u8, 0..3_usize, 0..5_u32, 0..150_u64), 0..120), registrations_max in 0..8_usize,
        ) {
            let mut leases = Leases::new(Config { registrations_max, ..CONFIG });
            let mut ends: BTreeMap<(usize, NodeId), Time> = BTreeMap::new();
            let mut now = ms(0);
            for (act, service, server, wait) in acts {
                now += Duration::from_millis(wait);
                let (name, server) = (["a", "b", "c"][service], NodeId(server));
                let live = ends.get(&(service, server)).is_some_and(|end| now < *end);
                ends.retain(|_, end| now < *end);
                match act {
                    0 => {
                        let registered = leases.register(name, server, now);
                        let room = live || ends.len() < registrations_max;
                        prop_assert_eq!(registered, room.then_some(now + CONFIG.lease).ok_or(Refused::Full));
                        registered.map(|end| ends.insert((service, server), end)).ok();
                    }
                    1 => {
                        let extended = leases.extend(name, server, now);
                        prop_assert_eq!(extended, live.then_some(now + CONFIG.lease).ok_or(Refused::Unknown));
                        extended.map(|end| ends.insert((service, server), end)).ok();
                    }
                    _ => {
                        leases.expire(now);
                        prop_assert_eq!(leases.next_end(), ends.values().min().copied());
                        prop_assert_eq!(leases.len(), ends.len());
                    }
                }
                prop_assert!(leases.len() <= registrations_max);
                for (service, name) in ["a", "b", "c"].into_iter().enumerate() {
                    let live = ends.keys().filter(|(of, _)| *of == service);
                    let live: Vec<NodeId> = live.map(|(_, server)| *server).collect();
                    prop_assert_eq!(leases.look_up(name, now), live);
                }
            }
        }
    }
}
