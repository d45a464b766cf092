//! Work in parallel, results in order.
//!
//! Whoever is free takes the next seed, and who gathers gets the results in the order of the seeds. So
//! what comes of it does not depend on how many threads there are. Nobody takes a seed that is far
//! ahead of what was gathered: one slow run then does not let the results of the others pile up.

use super::Seeds;
use rayon::ThreadPool;
use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How far ahead the seed that a thread takes may be, for each thread.
const AHEAD_PER_THREAD: u128 = 32;
/// How long it is quiet before the one who gathers is asked whether to go on.
const PATIENCE: Duration = Duration::from_millis(100);

/// Does `work`, which must not panic, for every seed on the threads of `pool`. `gather` gets each result in the order of the
/// seeds, and `None` now and then if it has to wait, and says whether to go on. If it does not, what
/// other threads have done by then is thrown away.
pub(super) fn in_order<T: Send>(
    pool: &ThreadPool,
    seeds: Seeds,
    work: impl Fn(u64) -> T + Sync,
    mut gather: impl FnMut(Option<T>) -> bool,
) {
    let threads = pool.current_num_threads();
    let ahead = AHEAD_PER_THREAD * threads as u128;
    let (from, to) = (u128::from(seeds.from), seeds.to);
    let state = State { next: from, gathered: from, stopped: false };
    let desk = Desk { to, ahead, state: Mutex::new(state), moved: Condvar::new() };
    pool.in_place_scope(|scope| {
        // Dropped before the scope waits for its threads, be it by a panic.
        let _stop = Stop(&desk);
        let (sender, results) = mpsc::channel();
        for _ in 0..threads {
            let (sender, desk, work) = (sender.clone(), &desk, &work);
            scope.spawn(move |_| {
                while let Some(seed) = desk.take() {
                    if sender.send((u128::from(seed), work(seed))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut at = from;
        while at < to {
            let go_on = match results.recv_timeout(PATIENCE) {
                Ok((seed, result)) => {
                    early.insert(seed, result);
                    let mut go_on = true;
                    while go_on && let Some(result) = early.remove(&at) {
                        at += 1;
                        go_on = gather(Some(result));
                    }
                    desk.gathered(at);
                    go_on
                }
                Err(RecvTimeoutError::Timeout) => gather(None),
                Err(RecvTimeoutError::Disconnected) => false,
            };
            if !go_on {
                break;
            }
        }
    });
}

/// Where seeds are given out.
struct Desk {
    to: u128,
    ahead: u128,
    state: Mutex<State>,
    /// That seeds were gathered, or that all is over.
    moved: Condvar,
}

struct State {
    next: u128,
    /// The first seed that was not gathered.
    gathered: u128,
    stopped: bool,
}

impl Desk {
    /// The next seed; `None` if there is none, or no more is wanted.
    fn take(&self) -> Option<u64> {
        let mut state = self.state();
        loop {
            if state.stopped || state.next >= self.to {
                return None;
            }
            if state.next < state.gathered + self.ahead {
                state.next += 1;
                return u64::try_from(state.next - 1).ok();
            }
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn gathered(&self, at: u128) {
        self.state().gathered = at;
        self.moved.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the threads go home.
struct Stop<'a>(&'a Desk);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.state().stopped = true;
        self.0.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn pool(threads: usize) -> ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
    }

    /// Work that takes longer for some seeds.
    fn uneven(seed: u64) -> u64 {
        (0..seed % 7 * 1_000).fold(seed, |a, b| std::hint::black_box(a ^ b ^ b))
    }

    #[test]
    fn results_come_in_the_order_of_the_seeds() {
        for threads in [1, 2, 4] {
            let mut gathered = Vec::new();
            in_order(&pool(threads), Seeds { from: 5, to: 1_000 }, uneven, |result| {
                gathered.extend(result);
                true
            });
            assert_eq!(gathered, (5..1_000).collect::<Vec<_>>(), "{threads} threads");
        }
    }

    #[test]
    fn the_last_seed_is_one_of_them() {
        let seeds = Seeds { from: u64::MAX - 2, to: 1 << 64 };
        let mut gathered = Vec::new();
        in_order(
            &pool(2),
            seeds,
            |seed| seed,
            |result| {
                gathered.extend(result);
                true
            },
        );
        assert_eq!(gathered, [u64::MAX - 2, u64::MAX - 1, u64::MAX]);
    }

    #[test]
    fn whoever_stops_gets_no_more_and_little_was_done_in_vain() {
        let (started, mut gathered) = (AtomicU64::new(0), 0);
        let work = |seed| {
            started.fetch_add(1, Ordering::Relaxed);
            seed
        };
        in_order(&pool(2), Seeds { from: 0, to: 1 << 64 }, work, |result| {
            gathered += u64::from(result.is_some());
            gathered < 10
        });
        assert_eq!(gathered, 10);
        let most = 10 + 2 * AHEAD_PER_THREAD as u64;
        assert!(started.load(Ordering::Relaxed) <= most, "{started:?} started");
    }

    #[test]
    fn a_panic_of_the_one_who_gathers_ends_the_work() {
        let seeds = Seeds { from: 0, to: 1 << 64 };
        let gather = |result| {
            assert_ne!(result, Some(3), "a panic on purpose");
            true
        };
        let caught = simlab_sim::guard(|| in_order(&pool(2), seeds, |seed| seed, gather));
        assert!(caught.expect_err("it panics").message.contains("on purpose"));
    }
}
