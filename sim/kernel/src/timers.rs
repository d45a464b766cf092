//! A node's keyed timers.
//!
//! A timer that is set again while its queue entry is still under way only notes its new time; the
//! entry puts itself in again when it comes out early. So a time-out that every heart-beat moves
//! costs one queue entry, not one for each heart-beat.

use simlab_core::{Scope, Seq, Time, TimerKey};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// A queue entry that came out, and where it finds its timer: at `slot`, if that still waits for an
/// entry of this time and order. It fits no other timer, and none of a later life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerEntry {
    pub(crate) slot: u32,
    pub(crate) at: Time,
    pub(crate) order: u64,
}

#[derive(Clone, Debug)]
struct Slot {
    scope: Scope,
    key: TimerKey,
    /// What the timer is set to; `None` once it was cancelled.
    set: Option<Setting>,
    /// When the live queue entry comes out, and its order number; `None` if there is no timer here.
    armed: Option<(Time, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Setting {
    /// When it fires, on the world's clock.
    due: Time,
    /// The same on the node's own.
    local: Time,
    order: u64,
    seq: Seq,
}

/// What to do with a queue entry that came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Popped {
    /// It belongs to no timer any more.
    Stale,
    /// The timer was moved: put an entry in again, with this time and order number.
    Again(Time, u64),
    /// The timer fires.
    Fire {
        scope: Scope,
        key: TimerKey,
        /// The record of the setting.
        set: Seq,
    },
}

/// With more timers than this they are found by a map.
const FEW: usize = 8;

/// All timers of one node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers {
    slots: Vec<Slot>,
    /// What is needed once there were many.
    many: Option<Box<Many>>,
}

#[derive(Clone, Debug, Default)]
struct Many {
    /// Slots without a timer.
    free: Vec<u32>,
    /// Where each timer is.
    by_key: BTreeMap<(Scope, TimerKey), u32>,
}

impl Timers {
    /// The slot of a timer.
    fn find(&self, scope: Scope, key: TimerKey) -> Option<u32> {
        if let Some(many) = &self.many {
            return many.by_key.get(&(scope, key)).copied();
        }
        let mut slots = (0..).zip(&self.slots);
        let is = |slot: &Slot| slot.key == key && slot.scope == scope && slot.armed.is_some();
        slots.find(|(_, slot)| is(slot)).map(|(index, _)| index)
    }

    /// Sets a timer. Returns its slot if the queue needs an entry for it, at `due` with `order`.
    pub(crate) fn set(
        &mut self,
        scope: Scope,
        key: TimerKey,
        (due, local): (Time, Time),
        order: u64,
        seq: Seq,
    ) -> Option<u32> {
        let set = Some(Setting { due, local, order, seq });
        let armed = Some((due, order));
        if let Some(index) = self.find(scope, key) {
            let slot = &mut self.slots[index as usize];
            slot.set = set;
            if slot.armed <= armed {
                return None;
            }
            slot.armed = armed;
            return Some(index);
        }
        Some(self.add(Slot { scope, key, set, armed }))
    }

    /// Adds a timer that there is no slot for.
    fn add(&mut self, slot: Slot) -> u32 {
        let (scope, key) = (slot.scope, slot.key);
        let free = match &mut self.many {
            Some(many) => many.free.pop(),
            None => self.slots.iter().position(|slot| slot.armed.is_none()).map(|at| at as u32),
        };
        let index = if let Some(index) = free {
            self.slots[index as usize] = slot;
            index
        } else {
            if self.slots.len() < FEW {
                // A world has many nodes with one timer or two.
                self.slots.reserve_exact(1);
            }
            self.slots.push(slot);
            (self.slots.len() - 1) as u32
        };
        if self.slots.len() > FEW {
            let slots = &self.slots;
            let many = self.many.get_or_insert_with(|| {
                let all = (0..).zip(slots).filter(|(_, slot)| slot.armed.is_some());
                let by_key = all.map(|(index, slot)| ((slot.scope, slot.key), index)).collect();
                // There was no free slot, or there would be no new one.
                Box::new(Many { free: Vec::new(), by_key })
            });
            many.by_key.insert((scope, key), index);
        }
        index
    }

    /// Forgets a timer. Returns whether it was set. Its queue entry stays, to be used again.
    pub(crate) fn cancel(&mut self, scope: Scope, key: TimerKey) -> bool {
        let Some(index) = self.find(scope, key) else { return false };
        self.slots[index as usize].set.take().is_some()
    }

    /// Moves all timers that are set to where `when` puts their local time: the node's clock runs at
    /// another rate from `now` on. Returns the entries to put into the queue. What is due already
    /// stays so, and keeps its place among what waits for the node.
    pub(crate) fn retime(&mut self, now: Time, when: impl Fn(Time) -> Time) -> Vec<TimerEntry> {
        let mut entries = Vec::new();
        for (index, slot) in (0..).zip(&mut self.slots) {
            let Some(setting) = &mut slot.set else { continue };
            if setting.due <= now {
                continue;
            }
            setting.due = when(setting.local);
            let (at, order) = (setting.due.max(now), setting.order);
            if slot.armed.is_some_and(|armed| (at, order) < armed) {
                slot.armed = Some((at, order));
                entries.push(TimerEntry { slot: index, at, order });
            }
        }
        entries
    }

    /// The timer that fires with an entry that came out of the queue, if one does.
    pub(crate) fn ripe(&self, entry: TimerEntry) -> Option<(Scope, TimerKey)> {
        let slot = self.slots.get(entry.slot as usize)?;
        let live = slot.armed == Some((entry.at, entry.order));
        let due = slot.set.is_some_and(|set| (set.due, set.order) <= (entry.at, entry.order));
        (live && due).then_some((slot.scope, slot.key))
    }

    /// Judges an entry that came out of the queue, at `now` or before if its node could not look at
    /// it then.
    pub(crate) fn popped(&mut self, entry: TimerEntry, now: Time) -> Popped {
        let Some(slot) = self.slots.get_mut(entry.slot as usize) else { return Popped::Stale };
        if slot.armed != Some((entry.at, entry.order)) {
            return Popped::Stale;
        }
        assert!(entry.at <= now, "a live entry comes out when it is armed for");
        match slot.set {
            Some(set) if (set.due, set.order) > (entry.at, entry.order) => {
                let at = set.due.max(now);
                slot.armed = Some((at, set.order));
                Popped::Again(at, set.order)
            }
            set => {
                let (scope, key) = (slot.scope, slot.key);
                (slot.set, slot.armed) = (None, None);
                if let Some(many) = &mut self.many {
                    many.by_key.remove(&(scope, key));
                    many.free.push(entry.slot);
                }
                match set {
                    Some(setting) => Popped::Fire { scope, key, set: setting.seq },
                    None => Popped::Stale,
                }
            }
        }
    }

    /// Forgets all timers, as a crash does.
    pub(crate) fn clear(&mut self) {
        *self = Timers::default();
    }

    /// The timers that are set, by their keys.
    fn sorted(&self) -> Vec<(&Slot, Setting)> {
        let set = self.slots.iter().filter_map(|slot| slot.set.map(|set| (slot, set)));
        let mut sorted: Vec<_> = set.collect();
        sorted.sort_unstable_by_key(|(slot, _)| (slot.scope, slot.key));
        sorted
    }

    /// The timers that are set: when each is due, by the world's clock and by the node's own.
    pub(crate) fn hash(&self, state: &mut impl Hasher) {
        let sorted = self.sorted();
        sorted.len().hash(state);
        for (Slot { scope, key, .. }, set) in sorted {
            (scope, key, set.due, set.local).hash(state);
        }
    }

    /// The timers that are set, with the time at which each is due.
    pub(crate) fn pending(&self) -> impl Iterator<Item = (Scope, TimerKey, Time)> + '_ {
        self.sorted().into_iter().map(|(slot, set)| (slot.scope, slot.key, set.due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Queue;
    use proptest::prelude::*;
    use std::num::NonZeroU64;

    #[derive(Clone, Debug)]
    enum Step {
        Set(TimerKey, u64),
        Cancel(TimerKey),
        Crash,
        Advance(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..12_u64, 0..40_u64).prop_map(|(key, after)| Step::Set(key, after)),
            1 => (0..12_u64).prop_map(Step::Cancel),
            1 => Just(Step::Crash),
            4 => (0..20_u64).prop_map(Step::Advance),
        ]
    }

    proptest! {
        /// Timers against a map from key to due time: each fires exactly when it is due, in the
        /// order of (due, set), and there is never more than one live entry for a key.
        #[test]
        fn they_agree_with_a_map(steps in proptest::collection::vec(step(), 0..120)) {
            let mut timers = Timers::default();
            let mut queue = Queue::new();
            let mut model: BTreeMap<TimerKey, (u64, u64)> = BTreeMap::new();
            let mut now = 0;
            let seq = Seq(NonZeroU64::MIN);
            for step in steps {
                match step {
                    Step::Set(key, after) => {
                        let order = queue.reserve();
                        model.insert(key, (now + after, order));
                        let due = Time(now + after);
                        if let Some(slot) = timers.set(Scope::ROOT, key, (due, due), order, seq) {
                            queue.push_reserved(due, order, [slot.into(), 0]);
                        }
                    }
                    Step::Cancel(key) => {
                        prop_assert_eq!(
                            timers.cancel(Scope::ROOT, key),
                            model.remove(&key).is_some()
                        );
                    }
                    Step::Crash => {
                        timers.clear();
                        model.clear();
                    }
                    Step::Advance(by) => {
                        let mut fired = Vec::new();
                        while let Some((at, order, [slot, ..])) = queue.pop_until(Time(now + by)) {
                            let slot = slot as u32;
                            match timers.popped(TimerEntry { slot, at, order }, at) {
                                Popped::Stale => {}
                                Popped::Again(due, order) => {
                                    queue.push_reserved(due, order, [slot.into(), 0]);
                                }
                                Popped::Fire { key, .. } => fired.push((at.0, key)),
                            }
                        }
                        now += by;
                        let mut expected: Vec<_> =
                            model.iter().map(|(k, (due, order))| (*due, *order, *k)).collect();
                        expected.retain(|(due, ..)| *due <= now);
                        expected.sort_unstable();
                        model.retain(|_, (due, _)| *due > now);
                        let expected: Vec<_> =
                            expected.into_iter().map(|(due, _, key)| (due, key)).collect();
                        prop_assert_eq!(fired, expected);
                    }
                }
                let pending = timers.pending().map(|(_, key, due)| (key, due.0));
                let expected = model.iter().map(|(key, (due, _))| (*key, *due));
                prop_assert!(pending.eq(expected));
            }
        }
    }

    #[test]
    fn moving_a_timer_on_needs_no_new_entry() {
        let mut timers = Timers::default();
        let seq = Seq(NonZeroU64::MIN);
        let slot =
            timers.set(Scope::ROOT, 1, (Time(10), Time(10)), 0, seq).expect("the first entry");
        assert_eq!(timers.set(Scope::ROOT, 1, (Time(20), Time(20)), 1, seq), None);
        assert!(timers.cancel(Scope::ROOT, 1));
        assert_eq!(timers.set(Scope::ROOT, 1, (Time(30), Time(30)), 2, seq), None);
        let entry = TimerEntry { slot, at: Time(10), order: 0 };
        assert_eq!(timers.popped(entry, Time(10)), Popped::Again(Time(30), 2));
        assert_eq!(timers.popped(entry, Time(10)), Popped::Stale);
        let fire = Popped::Fire { scope: Scope::ROOT, key: 1, set: seq };
        assert_eq!(timers.popped(TimerEntry { slot, at: Time(30), order: 2 }, Time(30)), fire);
    }
}
