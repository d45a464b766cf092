//! A node's keyed timers.
//!
//! A timer that is set again while its queue entry is still under way only notes its new time; the
//! entry puts itself in again when it comes out early. So a time-out that every heart-beat moves
//! costs one queue entry, not one for each heart-beat.

use simlab_core::{Scope, Seq, Time, TimerKey};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// Where a queue entry finds its timer. It fits no other timer, and none of a later life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerEntry {
    slot: u32,
    token: u32,
}

#[derive(Clone, Debug)]
struct Slot {
    scope: Scope,
    key: TimerKey,
    /// What the timer is set to; `None` once it was cancelled.
    set: Option<Setting>,
    /// When the live queue entry comes out, and its order number.
    armed: (Time, u64),
    /// The token of the live queue entry.
    token: u32,
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
    /// The timer was moved: put the entry in again, with this time and order number.
    Again(Time, u64),
    /// The timer fires.
    Fire {
        scope: Scope,
        key: TimerKey,
        /// The record of the setting.
        set: Seq,
    },
}

/// All timers of one node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers {
    slots: Vec<Slot>,
    free: Vec<u32>,
    by_key: BTreeMap<(Scope, TimerKey), u32>,
    next_token: u32,
}

impl Timers {
    /// Sets a timer. Returns the entry to put into the queue (at `due`, with `order`), if one is
    /// needed.
    pub(crate) fn set(
        &mut self,
        scope: Scope,
        key: TimerKey,
        (due, local): (Time, Time),
        order: u64,
        seq: Seq,
    ) -> Option<TimerEntry> {
        let setting = Setting { due, local, order, seq };
        if let Some(&index) = self.by_key.get(&(scope, key)) {
            let slot = &mut self.slots[index as usize];
            slot.set = Some(setting);
            if slot.armed <= (due, order) {
                return None;
            }
            self.next_token = self.next_token.wrapping_add(1);
            slot.armed = (due, order);
            slot.token = self.next_token;
            return Some(TimerEntry { slot: index, token: slot.token });
        }
        self.next_token = self.next_token.wrapping_add(1);
        let armed = (due, order);
        let slot = Slot { scope, key, set: Some(setting), armed, token: self.next_token };
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        self.by_key.insert((scope, key), index);
        Some(TimerEntry { slot: index, token: self.next_token })
    }

    /// Forgets a timer. Returns whether it was set. Its queue entry stays, to be used again.
    pub(crate) fn cancel(&mut self, scope: Scope, key: TimerKey) -> bool {
        let Some(&index) = self.by_key.get(&(scope, key)) else { return false };
        self.slots[index as usize].set.take().is_some()
    }

    /// Moves all timers that are set to where `when` puts their local time: the node's clock runs at
    /// another rate from `now` on. Returns the entries to put into the queue, each with its time and
    /// order. What is due already stays so, and keeps its place among what waits for the node.
    pub(crate) fn retime(
        &mut self,
        now: Time,
        when: impl Fn(Time) -> Time,
    ) -> Vec<(Time, u64, TimerEntry)> {
        let mut entries = Vec::new();
        for &index in self.by_key.values() {
            let slot = &mut self.slots[index as usize];
            let Some(setting) = &mut slot.set else { continue };
            if setting.due <= now {
                continue;
            }
            setting.due = when(setting.local);
            let wanted = (setting.due, setting.order);
            if wanted < slot.armed {
                self.next_token = self.next_token.wrapping_add(1);
                slot.armed = wanted;
                slot.token = self.next_token;
                let entry = TimerEntry { slot: index, token: slot.token };
                entries.push((setting.due, setting.order, entry));
            }
        }
        entries
    }

    /// The timer that fires with an entry that came out of the queue, if one does.
    pub(crate) fn ripe(&self, entry: TimerEntry) -> Option<(Scope, TimerKey)> {
        let slot = self.slots.get(entry.slot as usize)?;
        let live = self.by_key.get(&(slot.scope, slot.key)) == Some(&entry.slot);
        let due = slot.set.is_some_and(|setting| (setting.due, setting.order) <= slot.armed);
        (live && slot.token == entry.token && due).then_some((slot.scope, slot.key))
    }

    /// Judges an entry that came out of the queue, at `now` or before if its node could not look at
    /// it then.
    pub(crate) fn popped(&mut self, entry: TimerEntry, now: Time) -> Popped {
        let Some(slot) = self.slots.get_mut(entry.slot as usize) else { return Popped::Stale };
        let live = self.by_key.get(&(slot.scope, slot.key)) == Some(&entry.slot);
        if !live || slot.token != entry.token {
            return Popped::Stale;
        }
        assert!(slot.armed.0 <= now, "a live entry comes out when it is armed for");
        match slot.set {
            Some(setting) if (setting.due, setting.order) > slot.armed => {
                slot.armed = (setting.due, setting.order);
                Popped::Again(setting.due, setting.order)
            }
            set => {
                let (scope, key) = (slot.scope, slot.key);
                self.by_key.remove(&(scope, key));
                self.free.push(entry.slot);
                match set {
                    Some(setting) => Popped::Fire { scope, key, set: setting.seq },
                    None => Popped::Stale,
                }
            }
        }
    }

    /// Forgets all timers, as a crash does.
    pub(crate) fn clear(&mut self) {
        // Tokens run on, so that no entry of this life fits a timer of the next.
        self.slots.clear();
        self.free.clear();
        self.by_key.clear();
    }

    /// The timers that are set: when each is due, by the world's clock and by the node's own.
    pub(crate) fn hash(&self, state: &mut impl Hasher) {
        for index in self.by_key.values() {
            let Slot { scope, key, set, .. } = &self.slots[*index as usize];
            set.map(|set| (scope, key, set.due, set.local)).hash(state);
        }
    }

    /// The timers that are set, with the time at which each is due.
    pub(crate) fn pending(&self) -> impl Iterator<Item = (Scope, TimerKey, Time)> + '_ {
        self.by_key.values().filter_map(|&index| {
            let slot = &self.slots[index as usize];
            slot.set.map(|setting| (slot.scope, slot.key, setting.due))
        })
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
            4 => (0..4_u64, 0..40_u64).prop_map(|(key, after)| Step::Set(key, after)),
            1 => (0..4_u64).prop_map(Step::Cancel),
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
            let mut queue: Queue<TimerEntry> = Queue::new();
            let mut model: BTreeMap<TimerKey, (u64, u64)> = BTreeMap::new();
            let mut now = 0;
            let seq = Seq(NonZeroU64::MIN);
            for step in steps {
                match step {
                    Step::Set(key, after) => {
                        let order = queue.reserve();
                        model.insert(key, (now + after, order));
                        let due = Time(now + after);
                        if let Some(entry) = timers.set(Scope::ROOT, key, (due, due), order, seq) {
                            queue.push_reserved(due, order, entry);
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
                        while let Some((at, entry)) = queue.pop_until(Time(now + by)) {
                            match timers.popped(entry, at) {
                                Popped::Stale => {}
                                Popped::Again(due, order) => {
                                    queue.push_reserved(due, order, entry);
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
        let entry =
            timers.set(Scope::ROOT, 1, (Time(10), Time(10)), 0, seq).expect("the first entry");
        assert_eq!(timers.set(Scope::ROOT, 1, (Time(20), Time(20)), 1, seq), None);
        assert!(timers.cancel(Scope::ROOT, 1));
        assert_eq!(timers.set(Scope::ROOT, 1, (Time(30), Time(30)), 2, seq), None);
        assert_eq!(timers.popped(entry, Time(10)), Popped::Again(Time(30), 2));
        let fire = Popped::Fire { scope: Scope::ROOT, key: 1, set: seq };
        assert_eq!(timers.popped(entry, Time(30)), fire);
    }
}
