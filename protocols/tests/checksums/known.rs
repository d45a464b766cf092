//! Known answers.

use simlab_protocols::checksum::{ALL, Checksum, Cost, named};

fn known(name: &str) -> &'static dyn Checksum {
    named(name).unwrap_or_else(|| panic!("there is no checksum {name}"))
}

/// The result of both versions.
fn of(name: &str, bytes: &[u8]) -> u32 {
    let (fast, reference) = (known(name).of(bytes), known(name).reference(bytes));
    assert_eq!(fast, reference, "{name}");
    fast
}

/// The catalogue of CRCs, and for the sums what its authors and others publish. That of the internet
/// checksum by hand: 3132 + 3334 + 3536 + 3738 + 3900 = 109d4, with the carry 09d5, complemented f62a.
#[test]
fn the_check_values_are_those_of_the_catalogue() {
    let catalogue = [
        ("sum-8", 8, 0xdd),
        ("internet", 16, 0xf62a),
        ("fletcher-16", 16, 0x1ede),
        ("fletcher-32", 32, 0xdf09_d509),
        ("adler-32", 32, 0x091e_01de),
        ("crc-16-arc", 16, 0xbb3d),
        ("crc-16-ccitt-false", 16, 0x29b1),
        ("crc-32", 32, 0xcbf4_3926),
        ("crc-32c", 32, 0xe306_9283),
    ];
    assert_eq!(ALL.map(|checksum| (checksum.name(), checksum.bits(), checksum.check())), catalogue);
    for (name, _, check) in catalogue {
        assert_eq!(of(name, b"123456789"), check, "{name}");
    }
    assert!(named("crc-64").is_none());
}

/// RFC 1071, section 3: the words 0001 f203 f4f5 f6f7 sum up to ddf2.
#[test]
fn the_internet_checksum_is_that_of_the_rfc() {
    assert_eq!(of("internet", &[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2 & 0xffff);
    // An odd byte is the high one of a last word: 0001 + f200 = f201.
    assert_eq!(of("internet", &[0x00, 0x01, 0xf2]), 0x0dfe);
}

/// RFC 3720, appendix B.4, which lists the bytes of each in the order in which they are sent.
#[test]
fn crc_32c_is_that_of_iscsi() {
    let up: Vec<u8> = (0..32).collect();
    let down: Vec<u8> = (0..32).rev().collect();
    let read = [
        0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0,
        0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
    ];
    let examples: [(&[u8], [u8; 4]); 5] = [
        (&[0; 32], [0xaa, 0x36, 0x91, 0x8a]),
        (&[0xff; 32], [0x43, 0xab, 0xa8, 0x62]),
        (&up, [0x4e, 0x79, 0xdd, 0x46]),
        (&down, [0x5c, 0xdb, 0x3f, 0x11]),
        (&read, [0x56, 0x3a, 0x96, 0xd9]),
    ];
    for (bytes, sent) in examples {
        assert_eq!(of("crc-32c", bytes), u32::from_le_bytes(sent));
        let mut frame = bytes.to_vec();
        known("crc-32c").seal(&mut frame);
        assert!(frame.ends_with(&sent));
    }
}

#[test]
fn words_have_their_sums() {
    assert_eq!(of("fletcher-16", b"abcde"), 0xc8f0);
    assert_eq!(of("fletcher-16", b"abcdef"), 0x2057);
    assert_eq!(of("fletcher-32", b"abcde"), 0xf04f_c729);
    assert_eq!(of("fletcher-32", b"abcdef"), 0x5650_2d2a);
    assert_eq!(of("adler-32", b"Wikipedia"), 0x11e6_0398);
    assert_eq!(of("crc-32", b"The quick brown fox jumps over the lazy dog"), 0x414f_a339);
}

#[test]
fn nothing_has_a_checksum() {
    let nothing = ALL.map(|checksum| of(checksum.name(), b""));
    assert_eq!(nothing, [0, 0xffff, 0, 0, 1, 0, 0xffff, 0, 0]);
}

#[test]
fn a_long_run_of_the_largest_byte_overflows_nothing() {
    let ones = vec![0xff; 200_000];
    let sums = ALL.map(|checksum| of(checksum.name(), &ones));
    // 200,000 times -1; and modulo 255 and 65,535 ones are nothing.
    assert_eq!(sums[..4], [0xc0, 0, 0, 0]);
}

/// What a KiB takes. Of crc-32, five blocks of 128 bytes are divided by few terms, which takes four additions
/// for eight bytes, 320; the rest, 384 bytes, a look-up and an addition each. In between the end of the quotient
/// is added at distances of 145, 183, 211 and 300 bytes, 19 + 23 + 27 + 38, and at the begin the register.
#[test]
fn costs_are_counted() {
    let cost = |lookups, additions| Cost { lookups, additions };
    let kib = ALL.map(|checksum| (checksum.name(), checksum.cost(1_024)));
    let counted = [
        ("sum-8", cost(0, 1_024)),
        ("internet", cost(0, 273)),
        ("fletcher-16", cost(0, 2_252)),
        ("fletcher-32", cost(0, 1_127)),
        ("adler-32", cost(0, 2_252)),
        ("crc-16-arc", cost(256, 623)),
        ("crc-16-ccitt-false", cost(256, 616)),
        ("crc-32", cost(384, 812)),
        ("crc-32c", cost(384, 929)),
    ];
    assert_eq!(kib, counted);
    assert_eq!(known("crc-32c").cost(64), cost(64, 64));
    for checksum in ALL {
        let grows = |len: u64| checksum.cost(len + 4_096).additions > checksum.cost(len).additions;
        assert!((0..20_000).step_by(97).all(grows), "{}", checksum.name());
        assert!(checksum.cost(0).lookups == 0, "{}", checksum.name());
    }
}
