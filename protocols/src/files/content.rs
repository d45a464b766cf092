//! What files say: a function of their numbers, so that a judge knows what must arrive.

use simlab_core::Digest;

/// A word of a file. Each step can be undone, so that no two words of a file are the same, and the last
/// spreads what differs over all bytes.
fn word(file: u32, at: u64) -> u64 {
    let mut x = u64::from(file) << 32 | (at & 0xffff_ffff);
    x = (x ^ x >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ x >> 32
}

/// The contents of a file of this length.
pub(super) fn content(file: u32, len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        (0..len.div_ceil(8) as u64).flat_map(|at| word(file, at).to_be_bytes()).collect();
    bytes.truncate(len);
    bytes
}

/// A number by which a judge tells contents apart.
pub(super) fn digest(content: &[u8]) -> u64 {
    Digest::of(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_its_own_contents() {
        assert_eq!(content(1, 20).len(), 20);
        assert_eq!(content(1, 20), content(1, 30)[..20]);
        assert_ne!(content(1, 20), content(2, 20));
        assert_ne!(content(1, 8), content(1, 16)[8..]);
    }

    #[test]
    fn a_digest_sees_an_interchange() {
        let whole = content(3, 1_000);
        for at in (0..999).filter(|at| whole[*at] != whole[at + 1]) {
            let mut other = whole.clone();
            other.swap(at, at + 1);
            assert_ne!(digest(&whole), digest(&other), "bytes {at} and {}", at + 1);
        }
        assert_ne!(digest(&whole), digest(&whole[..999]));
    }
}
