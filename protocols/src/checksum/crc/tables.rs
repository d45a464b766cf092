//! Division by looking up: what sixteen bytes leave is the sum of what each leaves alone (D. Sarwate:
//! "Computation of Cyclic Redundancy Checks via Table Look-Up", CACM 31(8), 1988; M. Kounavis, F. Berry: "Novel
//! Table Lookup-Based Algorithms for High-Performance CRC Generation", IEEE ToC 57(11), 2008, as *slicing*).

use super::{Generator, Order};
use std::{array, fmt};

/// So many bytes are taken at once.
const SLICES: usize = 16;

/// Entry `b` of slice `n` is what byte `b` leaves if `n` zero bytes follow it. The low byte of an entry is
/// that of the highest powers, whichever way the bits of a byte are counted.
pub(super) struct Tables([[u32; 256]; SLICES]);

impl Tables {
    pub(super) const fn new(generator: Generator) -> Self {
        let mut tables = [[0; 256]; SLICES];
        let mut byte = 0;
        while byte < 256 {
            let mut register = 0;
            let mut bit = 0;
            while bit < 8 {
                register = generator.step(register, byte as u8 & generator.order.mask(bit) != 0);
                bit += 1;
            }
            let aligned = register << (32 - generator.bits);
            tables[0][byte] = match generator.order {
                Order::HighFirst => aligned.swap_bytes(),
                Order::LowFirst | Order::Any => aligned.reverse_bits(),
            };
            byte += 1;
        }
        let mut slice = 1;
        while slice < SLICES {
            let mut byte = 0;
            while byte < 256 {
                let before = tables[slice - 1][byte];
                tables[slice][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
                byte += 1;
            }
            slice += 1;
        }
        Tables(tables)
    }

    /// The register after these bytes.
    #[inline]
    pub(super) fn divide(&self, mut register: u32, bytes: &[u8]) -> u32 {
        let (rows, rest) = bytes.as_chunks::<SLICES>();
        for row in rows {
            // What waits for the row before is looked up apart from what does not.
            let [first, second, third, fourth] =
                array::from_fn(|word| u32::from_le_bytes(array::from_fn(|n| row[4 * word + n])));
            let behind = self.four::<8>(second) ^ self.four::<4>(third) ^ self.four::<0>(fourth);
            register = self.four::<12>(first ^ register) ^ behind;
        }
        let (words, rest) = rest.as_chunks::<4>();
        for word in words {
            register = self.four::<0>(u32::from_le_bytes(*word) ^ register);
        }
        for byte in rest {
            register = register >> 8 ^ self.0[0][usize::from(register as u8 ^ byte)];
        }
        register
    }

    /// What four bytes leave, the first of them lowest, if `BEHIND` bytes follow them.
    #[inline(always)]
    fn four<const BEHIND: usize>(&self, bytes: u32) -> u32 {
        let entry =
            |place: usize| self.0[BEHIND + 3 - place][usize::from((bytes >> (8 * place)) as u8)];
        entry(0) ^ entry(1) ^ entry(2) ^ entry(3)
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables").finish_non_exhaustive()
    }
}
