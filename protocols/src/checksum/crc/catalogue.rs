//! The CRCs of the table, with what each promises.
//!
//! Lengths are those of P. Koopman's tables ("Best CRC Polynomials", users.ece.cmu.edu/~koopman/crc), given
//! there in bits of data and here in whole bytes; the tests of this crate prove them anew.

use super::tables::Tables;
use super::{Crc, Fold, Generator};
use crate::checksum::{Claim, Errors, Miss, Order};

const ORDER: &str = "two flipped bits are a multiple of the generator only if the order of x modulo it divides \
                     their distance";
const PARITY: &str =
    "x + 1 divides the generator, so all its multiples have an even number of terms";
const BURST: &str =
    "a burst is a polynomial of a lower degree than the generator's, times a power of x";
const OTHER_ORDER: &str = "counted against the generator's own order a burst has gaps; none within so many bits \
                           is a multiple";
const SEARCH: &str =
    "no multiple of the generator that is so short has so few terms: all were looked at";

const ARC: Generator = Generator { bits: 16, polynomial: 0x8005, order: Order::LowFirst };
static ARC_TABLES: Tables = Tables::new(ARC);

/// CRC-16/ARC: x^16 + x^15 + x^2 + 1.
pub(in super::super) static CRC_16_ARC: Crc<3> = Crc {
    name: "crc-16-arc",
    summary: "the remainder by x^16 + x^15 + x^2 + 1, low bits first",
    source: "catalogue of CRCs: CRC-16/ARC, of LHA and Bisync; Koopman's tables: 0xc002",
    generator: ARC,
    start: 0,
    end: 0,
    check: 0xbb3d,
    claims: &[
        Claim::new(Errors::Bits(3), ORDER).up_to(4_093),
        Claim::new(Errors::OddBits, PARITY),
        Claim::new(Errors::Burst(16, Order::LowFirst), BURST),
        Claim::new(Errors::Burst(10, Order::HighFirst), OTHER_ORDER),
    ],
    misses: &[
        Miss::flip("four bits, the generator itself", 3, &[0, 1, 14, 16], Order::LowFirst),
        Miss::flip("two bits at a distance of 32,767", 4_096, &[0, 32_767], Order::LowFirst),
        Miss::flip(
            "some bursts of 11 bits, counted from the highest of each byte",
            3,
            &[7, 8, 9, 15, 16, 17],
            Order::HighFirst,
        ),
        Miss::pair("zero bytes too many or missing at the begin", b"a", b"\0a"),
    ],
    tables: &ARC_TABLES,
    fold: Fold::new([177, 195, 233]),
};

const CCITT: Generator = Generator { bits: 16, polynomial: 0x1021, order: Order::HighFirst };
static CCITT_TABLES: Tables = Tables::new(CCITT);

/// CRC-16/CCITT-FALSE, also IBM-3740: x^16 + x^12 + x^5 + 1.
pub(in super::super) static CRC_16_CCITT_FALSE: Crc<3> = Crc {
    name: "crc-16-ccitt-false",
    summary: "the remainder by x^16 + x^12 + x^5 + 1, high bits first, from ones",
    source: "catalogue of CRCs: CRC-16/IBM-3740; generator of ITU-T V.41; Koopman's tables: 0x8810",
    generator: CCITT,
    start: 0xffff,
    end: 0,
    check: 0x29b1,
    claims: &[
        Claim::new(Errors::Bits(3), ORDER).up_to(4_093),
        Claim::new(Errors::OddBits, PARITY),
        Claim::new(Errors::Burst(16, Order::HighFirst), BURST),
        Claim::new(Errors::Burst(16, Order::LowFirst), OTHER_ORDER),
    ],
    misses: &[
        Miss::flip("four bits, the generator itself", 3, &[0, 4, 11, 16], Order::HighFirst),
        Miss::flip("two bits at a distance of 32,767", 4_096, &[0, 32_767], Order::HighFirst),
    ],
    tables: &CCITT_TABLES,
    fold: Fold::new([152, 204, 206]),
};

const ISO_HDLC: Generator = Generator { bits: 32, polynomial: 0x04c1_1db7, order: Order::LowFirst };
static ISO_HDLC_TABLES: Tables = Tables::new(ISO_HDLC);

/// CRC-32/ISO-HDLC.
pub(in super::super) static CRC_32: Crc<4> = Crc {
    name: "crc-32",
    summary: "the remainder of Ethernet, gzip and PNG, by 04c11db7",
    source: "catalogue of CRCs: CRC-32/ISO-HDLC; RFC 1952 (1996), section 8; Koopman's tables: 0x82608edb",
    generator: ISO_HDLC,
    start: u32::MAX,
    end: u32::MAX,
    check: 0xcbf4_3926,
    claims: &[
        Claim::new(Errors::Bits(5), SEARCH).up_to(33),
        Claim::new(Errors::Bits(4), SEARCH).up_to(371),
        Claim::new(Errors::Bits(3), SEARCH).up_to(11_450),
        Claim::new(Errors::Bits(2), ORDER).up_to(536_870_907),
        Claim::new(Errors::Burst(32, Order::LowFirst), BURST),
        Claim::new(Errors::Burst(30, Order::HighFirst), OTHER_ORDER),
    ],
    misses: &[
        Miss::flip("some five bits in 38 bytes", 38, &[0, 145, 183, 211, 300], Order::LowFirst),
        Miss::flip("some four bits in 376 bytes", 376, &[0, 140, 791, 3_006], Order::LowFirst),
        Miss::flip(
            "some three bits in 11,455 bytes",
            11_455,
            &[0, 49_961, 91_639],
            Order::LowFirst,
        ),
        Miss::flip(
            "some bursts of 31 bits, counted from the highest of each byte",
            5,
            &[4, 6, 11, 12, 13, 14, 16, 17, 18, 20, 23, 24, 25, 27, 29, 31, 32, 33, 34],
            Order::HighFirst,
        ),
    ],
    tables: &ISO_HDLC_TABLES,
    fold: Fold::new([145, 183, 211, 300]),
};

const CASTAGNOLI: Generator =
    Generator { bits: 32, polynomial: 0x1edc_6f41, order: Order::LowFirst };
static CASTAGNOLI_TABLES: Tables = Tables::new(CASTAGNOLI);

/// CRC-32C, also CRC-32/ISCSI: Castagnoli's polynomial.
pub(crate) static CRC_32C: Crc<5> = Crc {
    name: "crc-32c",
    summary: "the remainder of iSCSI, SCTP and ext4, by Castagnoli's 1edc6f41",
    source: "G. Castagnoli, S. Bräuer, M. Herrmann: \"Optimization of Cyclic Redundancy-Check Codes with 24 and \
             32 Parity Bits\", IEEE Transactions on Communications 41(6), 1993; RFC 3720, appendix B.4; RFC 3309; \
             Koopman's tables: 0x8f6e37a0",
    generator: CASTAGNOLI,
    start: u32::MAX,
    end: u32::MAX,
    check: 0xe306_9283,
    claims: &[
        Claim::new(Errors::Bits(7), SEARCH).up_to(22),
        Claim::new(Errors::Bits(5), SEARCH).up_to(655),
        Claim::new(Errors::Bits(3), ORDER).up_to(268_435_451),
        Claim::new(Errors::OddBits, PARITY),
        Claim::new(Errors::Burst(32, Order::LowFirst), BURST),
        Claim::new(Errors::Burst(31, Order::HighFirst), OTHER_ORDER),
    ],
    misses: &[
        Miss::flip("some six bits in 27 bytes", 27, &[0, 65, 155, 170, 195, 209], Order::LowFirst),
        Miss::flip("some four bits in 660 bytes", 660, &[0, 767, 2_524, 5_275], Order::LowFirst),
        Miss::flip(
            "some bursts of 32 bits, counted from the highest of each byte",
            5,
            &[1, 2, 6, 8, 11, 13, 15, 16, 17, 18, 22, 23, 24, 25, 26, 27, 28, 29, 31, 32],
            Order::HighFirst,
        ),
    ],
    tables: &CASTAGNOLI_TABLES,
    fold: Fold::new([157, 165, 237, 278, 299]),
};
