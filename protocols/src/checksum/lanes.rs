//! The sum of numbers, and the sum of the sums after each: what Fletcher's checksums and Adler's are made of.
//!
//! The numbers lie in rows of [`LANES`], and every lane is summed for itself, so that a processor can
//! take many at once. Of rows 0 to R - 1, the number in row r and lane j counts R L - (r L + j) times in the
//! sum of the sums; the lane's own sum of sums counts it R - r times. So the one is L times the sum of the others,
//! less j times what lane j adds up to.

use std::ops::AddAssign;

/// How many numbers are in a row.
pub(super) const LANES: usize = 32;

/// What numbers add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// All of them.
    pub(super) plain: u64,
    /// Each as many times as there are numbers from it on: the first as often as there are numbers.
    pub(super) weighted: u64,
}

/// Sums rows in lanes of type `Lane`, which must hold the sum of a lane's sums.
pub(super) fn sums<Lane>(rows: impl Iterator<Item = [Lane; LANES]>) -> Sums
where
    Lane: Copy + Default + AddAssign + Into<u64>,
{
    let mut plain = [Lane::default(); LANES];
    let mut weighted = [Lane::default(); LANES];
    for row in rows {
        for ((plain, weighted), number) in plain.iter_mut().zip(&mut weighted).zip(row) {
            *plain += number;
            *weighted += *plain;
        }
    }
    let total = |lanes: [Lane; LANES]| lanes.into_iter().map(Into::into).sum::<u64>();
    let behind: u64 = (0..).zip(plain).map(|(place, lane)| place * lane.into()).sum();
    Sums { plain: total(plain), weighted: LANES as u64 * total(weighted) - behind }
}

/// Texts of fewer rows are summed number by number: putting lanes together takes longer than that.
pub(super) const ROWS_MIN: usize = 4;

/// The rows of a text that are worth lanes, and the rest.
pub(super) fn rows<const BYTES: usize>(bytes: &[u8]) -> (&[[u8; BYTES]], &[u8]) {
    match bytes.as_chunks::<BYTES>() {
        (rows, _) if rows.len() < ROWS_MIN => (&[], bytes),
        rows => rows,
    }
}

/// So many rows of bytes have sums of sums below 2^16: 22 * 23 / 2 * 255 = 64,515.
pub(super) const ROWS_OF_BYTES: usize = 22;

/// The sum of bytes and the sum of its sums, both modulo M, after more bytes.
pub(super) fn add_bytes<const M: u32>(sums: (u32, u32), bytes: &[u8]) -> (u32, u32) {
    let (mut first, mut second) = (u64::from(sums.0), u64::from(sums.1));
    let (rows, rest) = self::rows::<LANES>(bytes);
    for rows in rows.chunks(ROWS_OF_BYTES) {
        let sums = self::sums(rows.iter().map(|row| row.map(u16::from)));
        second = (second + (rows.len() * LANES) as u64 * first + sums.weighted) % u64::from(M);
        first = (first + sums.plain) % u64::from(M);
    }
    for byte in rest {
        first += u64::from(*byte);
        second += first;
    }
    ((first % u64::from(M)) as u32, (second % u64::from(M)) as u32)
}

/// The additions of [`add_bytes`], or of the same with numbers of other types: two a number, and for each
/// `rows` what puts the lanes together and takes remainders.
pub(super) const fn additions(numbers: u64, rows: u64) -> u64 {
    let row = LANES as u64;
    let lanes = if numbers / row < ROWS_MIN as u64 { 0 } else { (numbers / row).div_ceil(rows) };
    2 * numbers + lanes * (3 * row + 5) + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_hold_the_largest_numbers() {
        let bytes = [0xff; LANES * ROWS_OF_BYTES];
        let count = bytes.len() as u64;
        let weighted = count * (count + 1) / 2 * 255;
        let rows = bytes.as_chunks::<LANES>().0.iter().map(|row| row.map(u16::from));
        assert_eq!(sums(rows), Sums { plain: count * 255, weighted });
        let expected = ((count * 255 % 65_521) as u32, (weighted % 65_521) as u32);
        assert_eq!(add_bytes::<65_521>((0, 0), &bytes), expected);
    }
}
