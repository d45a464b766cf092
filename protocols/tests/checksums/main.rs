//! Checksums: known answers, other people's implementations, and proofs of what each promises.

mod claims;
mod known;

use proptest::collection::vec;
use proptest::prelude::*;
use simlab_protocols::checksum::{ALL, Checksum};

/// A text of so many bytes, always the same.
fn text(len: usize) -> Vec<u8> {
    (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// A text of which runs may be all zeros or all ones.
fn texts(len: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), Just(0), Just(0xff)];
    prop_oneof![vec(any::<u8>(), 0..len), vec(byte, 0..len)]
}

/// The same by somebody else, where somebody has it.
fn elsewhere(checksum: &dyn Checksum, bytes: &[u8]) -> Option<u32> {
    use crc::{Algorithm, Crc};
    let narrow = |algorithm: &'static Algorithm<u16>| {
        Some(u32::from(Crc::<u16>::new(algorithm).checksum(bytes)))
    };
    let wide =
        |algorithm: &'static Algorithm<u32>| Some(Crc::<u32>::new(algorithm).checksum(bytes));
    match checksum.name() {
        "sum-8" => Some(bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).into()),
        "internet" => Some(u32::from(u16::from_be_bytes(internet_checksum::checksum(bytes)))),
        "fletcher-16" => Some(fletcher::calc_fletcher16(bytes).into()),
        "fletcher-32" => {
            let word = |word: &[u8]| {
                u16::from_le_bytes([word[0], word.get(1).copied().unwrap_or_default()])
            };
            Some(fletcher::calc_fletcher32(&bytes.chunks(2).map(word).collect::<Vec<_>>()))
        }
        "adler-32" => Some(simd_adler32::adler32(&bytes)),
        "crc-16-arc" => narrow(&crc::CRC_16_ARC),
        "crc-16-ccitt-false" => narrow(&crc::CRC_16_IBM_3740),
        "crc-32" => wide(&crc::CRC_32_ISO_HDLC),
        "crc-32c" => wide(&crc::CRC_32_ISCSI),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Where a text begins in memory does not matter either.
    #[test]
    fn the_fast_version_is_the_reference(text in texts(5_000), from in 0_usize..70) {
        let bytes = text.get(from..).unwrap_or_default();
        for checksum in ALL {
            prop_assert_eq!(checksum.of(bytes), checksum.reference(bytes), "{}", checksum.name());
        }
    }

    #[test]
    fn a_text_may_come_in_pieces(text in texts(3_000), cuts in vec(0_usize..3_000, 0..6)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        for checksum in ALL {
            let pieces = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]);
            let state = pieces.fold(checksum.start(), |state, piece| checksum.add(state, piece));
            let whole = checksum.reference(&text);
            prop_assert_eq!(checksum.finish(state), whole, "{}", checksum.name());
        }
    }

    #[test]
    fn others_have_the_same_results(text in texts(5_000)) {
        for checksum in ALL {
            let theirs = elsewhere(checksum, &text).expect("somebody has it");
            prop_assert_eq!(checksum.of(&text), theirs, "{}", checksum.name());
        }
    }

    #[test]
    fn what_is_sealed_can_be_opened(text in texts(300), bit in any::<prop::sample::Index>()) {
        for checksum in ALL {
            let mut frame = text.clone();
            checksum.seal(&mut frame);
            prop_assert_eq!(frame.len(), text.len() + checksum.width());
            prop_assert_eq!(checksum.open(&frame), Some(text.as_slice()));
            let bit = bit.index(frame.len() * 8);
            frame[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(checksum.open(&frame), None, "{}", checksum.name());
        }
    }
}

#[test]
fn what_is_too_short_for_a_checksum_has_none() {
    for checksum in ALL {
        for len in 0..checksum.width() {
            assert_eq!(checksum.open(&vec![0; len]), None, "{}", checksum.name());
        }
    }
}
