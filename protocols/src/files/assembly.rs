//! What a sink has of a file that is not whole yet.

use super::check::Check;
use super::message::Attempt;
use std::collections::BTreeMap;

/// The parts of one attempt. It holds `room` bytes of blocks at most, and of those at most
/// [`BLOCKS_MAX`](super::BLOCKS_MAX): no message has a higher number.
#[derive(Clone, Debug, Hash)]
pub(super) struct Assembly {
    pub(super) of: Attempt,
    blocks: BTreeMap<u16, Vec<u8>>,
    bytes: usize,
    end: Option<End>,
}

#[derive(Clone, Debug, Hash)]
struct End {
    blocks: u16,
    check: Check,
    value: Vec<u8>,
}

/// What all blocks of an attempt come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) content: Vec<u8>,
    /// Whether the check of the file, if it has one, is right.
    pub(super) right: bool,
}

impl Assembly {
    pub(super) const fn new(of: Attempt) -> Self {
        Assembly { of, blocks: BTreeMap::new(), bytes: 0, end: None }
    }

    /// Keeps a block, unless there is one of that number; whether there was room for it.
    pub(super) fn block(&mut self, number: u16, data: &[u8], room: usize) -> bool {
        if self.blocks.contains_key(&number) {
            return true;
        }
        if self.bytes + data.len() > room {
            return false;
        }
        self.bytes += data.len();
        self.blocks.insert(number, data.to_vec());
        true
    }

    /// Keeps what the last message says.
    pub(super) fn end(&mut self, blocks: u16, check: Check, value: &[u8]) {
        self.end = Some(End { blocks, check, value: value.to_vec() });
    }

    /// The file, as soon as no block of it is missing.
    pub(super) fn whole(&self) -> Option<Whole> {
        let End { blocks, check, value } = self.end.as_ref()?;
        let parts = || self.blocks.range(..blocks);
        if self.blocks.len() < usize::from(*blocks) || parts().count() < usize::from(*blocks) {
            return None;
        }
        let content = parts().flat_map(|(_, data)| data).copied().collect::<Vec<u8>>();
        let right = check.of(&content) == *value;
        Some(Whole { content, right })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: Attempt = Attempt { life: 0, file: 0, number: 1 };

    fn check(name: &str) -> Check {
        Check::named(name).expect("a check")
    }

    #[test]
    fn blocks_may_come_in_any_order() {
        let parts: [(u16, &[u8]); 3] = [(0, b"one "), (1, b"two "), (2, b"three")];
        let sum = check("crc-32c");
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            for end_at in 0..=3 {
                let mut assembly = Assembly::new(OF);
                for (at, part) in order.into_iter().enumerate() {
                    if at == end_at {
                        assembly.end(3, sum, &sum.of(b"one two three"));
                    }
                    assert_eq!(assembly.whole(), None);
                    assert!(assembly.block(parts[part].0, parts[part].1, 100));
                }
                if end_at == 3 {
                    assembly.end(3, sum, &sum.of(b"one two three"));
                }
                let content = b"one two three".to_vec();
                assert_eq!(assembly.whole(), Some(Whole { content, right: true }));
            }
        }
    }

    #[test]
    fn only_a_check_finds_what_is_wrong() {
        for (name, right) in [("none", true), ("sum-8", true), ("crc-32c", false)] {
            let mut assembly = Assembly::new(OF);
            assembly.block(0, b"interchnaged", 100);
            assembly.end(1, check(name), &check(name).of(b"interchanged"));
            let whole = assembly.whole().expect("there is but one block");
            assert_eq!(whole.right, right, "{name}");
        }
    }

    /// A block whose number was damaged must not stand in for the one that it was.
    #[test]
    fn a_block_of_another_number_makes_nothing_whole() {
        let mut assembly = Assembly::new(OF);
        assembly.block(0, b"a", 100);
        assembly.block(256, b"b", 100);
        assembly.end(2, check("none"), &[]);
        assert_eq!(assembly.whole(), None);
        assembly.block(1, b"b", 100);
        assert_eq!(assembly.whole().map(|whole| whole.content), Some(b"ab".to_vec()));
    }

    #[test]
    fn it_holds_no_more_than_it_has_room_for() {
        let mut assembly = Assembly::new(OF);
        assert!(assembly.block(0, &[1; 60], 100));
        assert!(!assembly.block(1, &[2; 41], 100));
        assert!(assembly.block(0, &[3; 60], 100), "it has that one");
        assert!(assembly.block(1, &[4; 40], 100));
        assembly.end(2, check("none"), &[]);
        assert_eq!(assembly.whole().map(|whole| whole.content[..1] == [1]), Some(true));
    }
}
