//! Keys: one for each pair of nodes and each use, from one secret.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use simlab_core::NodeId;

/// A key of 256 bits.
pub type Key = [u8; 32];

/// HMAC-SHA-256 with a key of any length (RFC 2104).
pub(super) fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// The first step of HKDF (RFC 5869 §2.2): concentrates what is secret in `secret`.
#[must_use]
pub fn extract(salt: &[u8], secret: &[u8]) -> Key {
    let mut mac = hmac(salt);
    mac.update(secret);
    mac.finalize().into_bytes().into()
}

/// The second step of HKDF (RFC 5869 §2.3), as far as its first block, which is a key: independent ones for
/// different `info`.
#[must_use]
pub fn expand(concentrated: &Key, info: &[&[u8]]) -> Key {
    let mut mac = hmac(concentrated);
    info.iter().for_each(|part| mac.update(part));
    mac.update(&[1]);
    mac.finalize().into_bytes().into()
}

/// The key of two nodes for one use. It is the same for both, whoever asks.
#[must_use]
pub fn of_pair(secret: &[u8], usage: &str, a: NodeId, b: NodeId) -> Key {
    let (low, high) = (a.min(b).0.to_be_bytes(), a.max(b).0.to_be_bytes());
    expand(&extract(b"simlab", secret), &[usage.as_bytes(), &[0], &low, &high])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::window::tests::hex;

    /// RFC 5869, appendix A.1: test case 1. Its output is longer than a block; ours is the first block.
    #[test]
    fn keys_are_derived_as_rfc_5869_shows() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let concentrated = extract(&salt, &[0x0b; 22]);
        assert_eq!(
            concentrated.to_vec(),
            hex("077709362c2e32df0ddc3f0dc47bba63 90b6c73bb50f9c3122ec844ad7c2b3e5")
        );
        assert_eq!(
            expand(&concentrated, &[&info]).to_vec(),
            hex("3cb25f25faacd57a90434f64d0362f2a 2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
        );
    }

    #[test]
    fn pairs_uses_and_secrets_have_different_keys() {
        let (a, b, c) = (NodeId(0), NodeId(1), NodeId(2));
        let key = of_pair(b"secret", "mac", a, b);
        assert_eq!(key, of_pair(b"secret", "mac", b, a));
        for other in [
            of_pair(b"secret", "mac", a, c),
            of_pair(b"secret", "seal", a, b),
            of_pair(b"Secret", "mac", a, b),
        ] {
            assert_ne!(key, other);
        }
    }

    /// RFC 4231, sections 4.2 to 4.8: key, data, HMAC-SHA-256 (of case 5 the first 128 bits).
    #[test]
    fn macs_are_those_of_rfc_4231() {
        let counting: Vec<u8> = (1..=25).collect();
        let long = b"This is a test using a larger than block-size key and a larger than block-size data. \
            The key needs to be hashed before being used by the HMAC algorithm.";
        let cases: [(&[u8], &[u8], &str); 7] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b 881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c7 5a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                "773ea91e36800e46854db8ebd09181a7 2959098b3ef8c122d9635514ced565fe",
            ),
            (
                &counting,
                &[0xcd; 50],
                "82558a389a443c0ea4cc819899f2083a 85f0faa3e578f8077a2e3ff46729665b",
            ),
            (&[0x0c; 20], b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f 8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &[0xaa; 131],
                long,
                "9b09ffa71b942fcb27635fbcd5b0e944 bfdc63644f0713938a7f51535c3a35e2",
            ),
        ];
        for (key, data, expected) in cases {
            let mut mac = hmac(key);
            mac.update(data);
            let expected = hex(expected);
            assert_eq!(mac.clone().finalize().into_bytes()[..expected.len()], expected[..]);
            assert!(mac.verify_truncated_left(&expected).is_ok());
        }
    }
}
