//! Availability and latency as clients saw them.

use simlab_core::history::History;
use simlab_core::{Duration, NodeId, Outcome, Ratio, Time};
use std::collections::BTreeSet;

/// Which calls are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kinds {
    /// All.
    #[default]
    All,
    /// Only those that change nothing.
    Reads,
    /// Only those that can change their object.
    Writes,
}

/// Which operations are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Those that these nodes invoked; `None` for all nodes.
    pub nodes: Option<BTreeSet<NodeId>>,
    /// Those invoked at this time or later.
    pub from: Time,
    /// Those invoked before this time.
    pub until: Time,
    /// Which calls.
    pub kinds: Kinds,
}

impl Default for Filter {
    /// All operations.
    fn default() -> Self {
        Filter { nodes: None, from: Time::ZERO, until: Time::NEVER, kinds: Kinds::All }
    }
}

/// How long the answered operations took, by nearest rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// At least half of them took no longer.
    pub median: Duration,
    /// At least 99 % of them took no longer.
    pub p99: Duration,
    /// None took longer.
    pub max: Duration,
}

/// How a set of operations was served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// How many there are.
    pub invoked: u64,
    /// How many took effect and were answered.
    pub done: u64,
    /// How many were answered with 'certainly not done'.
    pub refused: u64,
    /// How many ended with nobody knowing.
    pub unknown: u64,
    /// How many were never completed.
    pub open: u64,
    /// Of those that were done; `None` if there are none.
    pub latency: Option<Latency>,
    /// When the oldest of those never completed was invoked.
    pub open_since: Option<Time>,
}

impl Service {
    /// The share of operations that were done; `None` if there are none.
    #[must_use]
    pub const fn served(&self) -> Option<Ratio> {
        Ratio::new(self.done, self.invoked)
    }

    /// How long the oldest open operation has been waiting at `now`.
    #[must_use]
    pub fn waiting(&self, now: Time) -> Option<Duration> {
        self.open_since.map(|since| now.since(since))
    }
}

/// Counts how the operations that pass `filter` were served.
#[must_use]
pub fn service(history: &History, filter: &Filter) -> Service {
    let mut service = Service::default();
    let mut latencies = Vec::new();
    for record in history.records() {
        let invoked = record.invoked.at;
        let passes = (filter.from..filter.until).contains(&invoked)
            && filter.nodes.as_ref().is_none_or(|nodes| nodes.contains(&record.op.node()))
            && match filter.kinds {
                Kinds::All => true,
                Kinds::Reads => !record.operation.call.writes(),
                Kinds::Writes => record.operation.call.writes(),
            };
        if !passes {
            continue;
        }
        service.invoked += 1;
        match &record.returned {
            Some((mark, Outcome::Done(_))) => {
                service.done += 1;
                latencies.push(mark.at.since(invoked));
            }
            Some((_, Outcome::NotDone(_))) => service.refused += 1,
            Some((_, Outcome::Unknown(_))) => service.unknown += 1,
            None => {
                service.open += 1;
                // Records are in the order of invocation.
                service.open_since = service.open_since.or(Some(invoked));
            }
        }
    }
    latencies.sort_unstable();
    service.latency = latencies.last().map(|&max| Latency {
        median: rank(&latencies, 50),
        p99: rank(&latencies, 99),
        max,
    });
    service
}

/// The smallest element that at least `percent` of the sorted, non-empty list do not exceed.
fn rank(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent).div_ceil(100) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{history, open, read, refused, sell, unknown};
    use simlab_core::Call;

    #[test]
    fn every_operation_is_counted_once() {
        let history = history(&[
            read(0, 0, 10, 60),
            sell(0, 1, 100, 130, false),
            refused(1, Call::Sell(1), 200, 1_200),
            unknown(1, Call::Read, 300, 2_300),
            open(2, Call::Sell(1), 400),
            open(2, Call::Sell(1), 500),
        ]);
        let all = service(&history, &Filter::default());
        assert_eq!((all.invoked, all.done, all.refused, all.unknown, all.open), (6, 2, 1, 1, 2));
        assert_eq!(all.served(), Ratio::new(2, 6));
        let ms = Duration::from_millis;
        assert_eq!(all.latency, Some(Latency { median: ms(10), p99: ms(30), max: ms(30) }));
        assert_eq!(all.waiting(Time(1_000_000_000)), Some(ms(600)));
        let reads = Filter { kinds: Kinds::Reads, ..Filter::default() };
        assert_eq!(service(&history, &reads).invoked, 2);
        let writes = Filter { kinds: Kinds::Writes, ..Filter::default() };
        assert_eq!(service(&history, &writes).invoked, 4);
    }

    #[test]
    fn nodes_and_times_of_invocation_select() {
        let history = history(&[
            read(0, 99, 300, 1),
            read(0, 100, 300, 1),
            read(1, 199, 300, 1),
            read(0, 200, 300, 1),
        ]);
        let ms = |n: u64| Time(n * 1_000_000);
        let window = Filter { from: ms(100), until: ms(200), ..Filter::default() };
        assert_eq!(service(&history, &window).invoked, 2);
        let one = Filter { nodes: Some([NodeId(1)].into()), ..window };
        let found = service(&history, &one);
        assert_eq!((found.invoked, found.latency.map(|l| l.max.millis())), (1, Some(101)));
        let nobody = Filter { nodes: Some(BTreeSet::new()), ..Filter::default() };
        let none = service(&history, &nobody);
        assert_eq!((none.served(), none.latency, none.waiting(ms(1))), (None, None, None));
    }

    #[test]
    fn percentiles_are_elements_of_the_list() {
        let list = |n: u64| (1..=n).map(Duration).collect::<Vec<_>>();
        assert_eq!((rank(&list(1), 50), rank(&list(1), 99)), (Duration(1), Duration(1)));
        assert_eq!((rank(&list(4), 50), rank(&list(5), 50)), (Duration(2), Duration(3)));
        assert_eq!((rank(&list(100), 99), rank(&list(101), 99)), (Duration(99), Duration(100)));
    }
}
