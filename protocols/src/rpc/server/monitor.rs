//! Mutexes and condition variables, for calls that wait for each other (Hoare 1974; Lampson and Redell 1980).
//!
//! Who waits for a mutex gets it in turn. Who is notified has to get its mutex back first, behind those who wait
//! for it already: a notification is a hint (*Mesa* semantics), and what was waited for is to be looked at again.

use std::collections::{BTreeMap, VecDeque};

/// A call that is executed, by its number at the server.
pub type JobId = u64;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Mutex {
    holder: Option<JobId>,
    /// Who waits, and whether it was notified.
    waiting: VecDeque<(JobId, bool)>,
}

/// All mutexes and condition variables of a server, which come to be when they are first named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Monitor {
    mutexes: BTreeMap<u32, Mutex>,
    /// Who waits for a condition, and which mutex it gave back.
    conditions: BTreeMap<u32, VecDeque<(JobId, u32)>>,
}

/// A job that got a mutex, and whether it was notified before.
pub type Got = (JobId, bool);

impl Monitor {
    /// Gives a mutex to a job; whether it has it now. If not, it gets it in turn.
    ///
    /// # Panics
    /// If the job has it already: it would wait for itself.
    pub fn lock(&mut self, mutex: u32, job: JobId) -> bool {
        self.enter(mutex, job, false)
    }

    fn enter(&mut self, mutex: u32, job: JobId, notified: bool) -> bool {
        let number = mutex;
        let mutex = self.mutexes.entry(mutex).or_default();
        assert_ne!(mutex.holder, Some(job), "who waits for mutex {number} holds it already");
        if mutex.holder.is_none() {
            mutex.holder = Some(job);
            return true;
        }
        mutex.waiting.push_back((job, notified));
        false
    }

    /// Takes a mutex back from the job that holds it, and gives it to the next one.
    ///
    /// # Panics
    /// If the job does not hold it.
    pub fn unlock(&mut self, mutex: u32, job: JobId) -> Option<Got> {
        let holder = self.mutexes.get(&mutex).and_then(|mutex| mutex.holder);
        assert_eq!(holder, Some(job), "only who holds mutex {mutex} gives it back");
        self.pass_on(mutex)
    }

    fn pass_on(&mut self, mutex: u32) -> Option<Got> {
        let held = self.mutexes.get_mut(&mutex)?;
        let next = held.waiting.pop_front();
        held.holder = next.map(|(job, _)| job);
        if next.is_none() {
            self.mutexes.remove(&mutex);
        }
        next
    }

    /// Lets a job that holds a mutex give it back and wait for a condition; who gets the mutex.
    ///
    /// # Panics
    /// If the job does not hold the mutex.
    pub fn wait(&mut self, condition: u32, mutex: u32, job: JobId) -> Option<Got> {
        let next = self.unlock(mutex, job);
        self.conditions.entry(condition).or_default().push_back((job, mutex));
        next
    }

    /// Wakes the first that waits for a condition, or all; who has its mutex at once. The others get it in turn.
    pub fn notify(&mut self, condition: u32, all: bool) -> Vec<Got> {
        let Some(waiting) = self.conditions.get_mut(&condition) else { return Vec::new() };
        let count = if all { waiting.len() } else { 1 };
        let woken: Vec<(JobId, u32)> = waiting.drain(..count.min(waiting.len())).collect();
        if waiting.is_empty() {
            self.conditions.remove(&condition);
        }
        let got = woken.into_iter().filter(|(job, mutex)| self.enter(*mutex, *job, true));
        got.map(|(job, _)| (job, true)).collect()
    }

    /// A job waits for nothing any more.
    pub fn stop_waiting(&mut self, job: JobId) {
        for mutex in self.mutexes.values_mut() {
            mutex.waiting.retain(|(waiting, _)| *waiting != job);
        }
        for waiting in self.conditions.values_mut() {
            waiting.retain(|(waiting, _)| *waiting != job);
        }
        self.conditions.retain(|_, waiting| !waiting.is_empty());
    }

    /// A job is over: what it holds goes to the next ones.
    pub fn leave(&mut self, job: JobId) -> Vec<Got> {
        self.stop_waiting(job);
        let held = self.mutexes.iter().filter(|(_, mutex)| mutex.holder == Some(job));
        let held: Vec<u32> = held.map(|(id, _)| *id).collect();
        held.into_iter().filter_map(|mutex| self.pass_on(mutex)).collect()
    }

    /// Which mutexes are held, and by whom.
    pub fn held(&self) -> impl Iterator<Item = (u32, JobId)> + '_ {
        self.mutexes.iter().filter_map(|(id, mutex)| Some((*id, mutex.holder?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutex_is_given_in_turn() {
        let mut monitor = Monitor::default();
        assert!(monitor.lock(1, 10));
        assert!(!monitor.lock(1, 11) && !monitor.lock(1, 12));
        assert!(monitor.lock(2, 11), "another mutex");
        assert_eq!(monitor.unlock(1, 10), Some((11, false)));
        assert_eq!(monitor.unlock(1, 11), Some((12, false)));
        assert_eq!(monitor.unlock(1, 12), None);
        assert_eq!(monitor.held().collect::<Vec<_>>(), [(2, 11)]);
    }

    #[test]
    fn who_is_notified_waits_for_its_mutex() {
        let mut monitor = Monitor::default();
        assert!(monitor.lock(1, 10));
        assert_eq!(monitor.wait(5, 1, 10), None);
        assert!(monitor.lock(1, 11));
        assert_eq!(monitor.notify(5, false), [], "11 holds it");
        assert!(!monitor.lock(1, 12));
        assert_eq!(monitor.unlock(1, 11), Some((10, true)));
        assert_eq!(monitor.unlock(1, 10), Some((12, false)));
        assert_eq!(monitor.notify(5, true), [], "nobody waits");
    }

    #[test]
    fn all_that_are_notified_go_on_one_after_the_other() {
        let mut monitor = Monitor::default();
        for job in [10, 11, 12] {
            assert!(monitor.lock(1, job));
            assert_eq!(monitor.wait(5, 1, job), None);
        }
        assert_eq!(monitor.notify(5, true), [(10, true)]);
        assert_eq!(monitor.unlock(1, 10), Some((11, true)));
        assert_eq!(monitor.unlock(1, 11), Some((12, true)));
    }

    #[test]
    fn who_leaves_holds_nothing_and_waits_for_nothing() {
        let mut monitor = Monitor::default();
        assert!(monitor.lock(1, 10) && monitor.lock(2, 10));
        assert!(!monitor.lock(1, 11) && !monitor.lock(2, 11) && !monitor.lock(2, 12));
        monitor.stop_waiting(11);
        assert_eq!(monitor.leave(10), [(12, false)]);
        assert_eq!(monitor.held().collect::<Vec<_>>(), [(2, 12)]);
    }

    #[test]
    #[should_panic(expected = "who waits for mutex 1 holds it already")]
    fn nobody_waits_for_himself() {
        let mut monitor = Monitor::default();
        assert!(monitor.lock(1, 10));
        monitor.lock(1, 10);
    }
}
