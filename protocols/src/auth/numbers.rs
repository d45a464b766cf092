//! The numbers of a sender's frames to a receiver.

use simlab_core::{Env, NodeId};
use std::collections::BTreeMap;

/// How many frames were sent to each node in this life.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Numbers {
    sent: BTreeMap<NodeId, u32>,
}

impl Numbers {
    /// The number of the next frame to a node: the life of the sender, and how many frames went before in that
    /// life. `None` if it has sent 2^32 - 1 of them: a number never comes again.
    pub(super) fn next(&mut self, to: NodeId, env: &Env<'_>) -> Option<u64> {
        let sent = self.sent.entry(to).or_default();
        let number = u64::from(env.life()) << 32 | u64::from(*sent);
        *sent = sent.checked_add(1)?;
        Some(number)
    }
}

/// A number in words.
pub(super) fn told(number: u64) -> String {
    match number >> 32 {
        0 => number.to_string(),
        life => format!("{} of life {life}", number & u64::from(u32::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_core::{Counters, Moment, NoDisk, Outbox, Seeded, Time};

    #[test]
    fn no_number_comes_twice() {
        let (mut outbox, mut counters, mut decide) =
            (Outbox::new(), Counters::default(), Seeded::new(1));
        let moment = |life| Moment { me: NodeId(3), now: Time::ZERO, wall: Time::ZERO, life };
        let mut of = |numbers: &mut Numbers, to, life| {
            let env = Env::new(moment(life), &mut outbox, &mut counters, &mut decide, &NoDisk);
            numbers.next(NodeId(to), &env)
        };
        let mut first = Numbers::default();
        assert_eq!([1, 1, 2].map(|to| of(&mut first, to, 0)), [Some(0), Some(1), Some(0)]);
        let mut second = Numbers::default();
        assert_eq!([1, 1].map(|to| of(&mut second, to, 1)), [Some(1 << 32), Some((1 << 32) + 1)]);
        second.sent.insert(NodeId(1), u32::MAX - 1);
        let last = (2 << 32) - 2;
        assert_eq!([1, 1, 1].map(|to| of(&mut second, to, 1)), [Some(last), None, None]);
    }
}
