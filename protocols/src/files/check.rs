//! The check over a whole file, which the ends make and compare.

use crate::checksum;
use sha2::{Digest as _, Sha256};

/// The checks that a scenario can name.
pub(super) const NAMES: [&str; 11] = [
    "none",
    "sum-8",
    "internet",
    "fletcher-16",
    "fletcher-32",
    "adler-32",
    "crc-16-arc",
    "crc-16-ccitt-false",
    "crc-32",
    "crc-32c",
    "sha-256",
];

/// How a file is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Check(u8);

impl Check {
    /// The check of this name.
    pub(super) fn named(name: &str) -> Option<Check> {
        let place = NAMES.iter().position(|known| *known == name)?;
        u8::try_from(place).ok().map(Check)
    }

    /// The check of this number on the wire.
    pub(super) fn numbered(number: u8) -> Option<Check> {
        (usize::from(number) < NAMES.len()).then_some(Check(number))
    }

    /// Its number on the wire.
    pub(super) const fn number(self) -> u8 {
        self.0
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        NAMES[usize::from(self.0)]
    }

    /// What it makes of a file; nothing if there is no check.
    pub(super) fn of(self, content: &[u8]) -> Vec<u8> {
        match self.name() {
            "none" => Vec::new(),
            "sha-256" => Sha256::digest(content).to_vec(),
            name => checksum::named(name)
                .map_or_else(Vec::new, |sum| sum.of(content).to_be_bytes().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_checksums_can_check_a_file() {
        let sums = checksum::ALL.iter().map(|sum| sum.name());
        assert!(["none"].into_iter().chain(sums).chain(["sha-256"]).eq(NAMES));
        for name in NAMES {
            let check = Check::named(name).expect("it is in the table");
            assert_eq!(Check::numbered(check.number()), Some(check));
            assert_eq!(check.of(b"ab").is_empty(), name == "none", "{name}");
        }
        assert_eq!(Check::numbered(11), None);
    }

    /// Known answers: the CRC catalogue, and FIPS 180-4's `abc`.
    #[test]
    fn the_checks_are_those_of_the_books() {
        let of = |name, content| Check::named(name).expect("a check").of(content);
        assert_eq!(of("crc-32c", b"123456789"), [0xe3, 0x06, 0x92, 0x83]);
        assert_eq!(of("sha-256", b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
