//! A digest of many things that is kept up thing by thing: it costs what is changed, and not what there is.

use simlab_core::Digest;
use std::hash::{Hash, Hasher};

/// The sum of the digests of all that is in it, in whatever order that came (Clarke, Devadas, van Dijk, Gassend, Suh:
/// "Incremental Multiset Hash Functions", ASIACRYPT 2003, §5, without its key: it finds accidents, no adversary).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Tally(u64);

impl Tally {
    /// One more thing.
    pub(super) fn add(&mut self, thing: &impl Hash) {
        self.0 = self.0.wrapping_add(digest(thing));
    }

    /// One less, which is as it was when it was added.
    pub(super) fn take(&mut self, thing: &impl Hash) {
        self.0 = self.0.wrapping_sub(digest(thing));
    }

    /// The digest of what is in it.
    pub(super) const fn value(self) -> u64 {
        self.0
    }
}

fn digest(thing: &impl Hash) -> u64 {
    let mut digest = Digest::new();
    thing.hash(&mut digest);
    digest.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_count_and_what_is_taken_is_gone() {
        let of = |things: &[&str]| {
            let mut tally = Tally::default();
            things.iter().for_each(|thing| tally.add(thing));
            tally
        };
        assert_eq!(of(&["a", "b"]), of(&["b", "a"]));
        let mut two = of(&["a", "b", "b"]);
        assert_ne!(two, of(&["a", "b"]), "how often counts");
        two.take(&"b");
        assert_eq!(two, of(&["a", "b"]));
        assert_ne!(of(&["a"]), of(&["b"]));
        assert_ne!(of(&["ab"]).value(), of(&["a", "b"]).value());
        assert_eq!(of(&[]).value(), 0);
    }
}
