//! What every single order of all operations must contain, on registers whose values tell their
//! writers: if that is a cycle there is no order, and no search is needed to know it.
//!
//! ```text
//!     write 1 ───▶ read of write 2   ⟹   write 1 ───▶ write 2
//!     write 2 ───▶ write 3           ⟹   read of write 2 ───▶ write 3      (all on one object)
//! ```
//!
//! Starting with session order and "write before its read", these rules are applied until nothing
//! changes (the gradual consistency checking of Zennou, Bouajjani, Enea, Erradi, CAV 2019). They find
//! most of what is impossible, but not all. The table of what is before what has n² bits, so that
//! only short histories and evidence are asked; the search answers for the rest.

use super::super::effective::{Effective, Saw};
use super::super::meter::{Meter, Spent};

/// The table of more operations than these is not made.
const OPERATIONS: usize = 512;
const BITS: usize = u64::BITS as usize;

/// What must come after each operation.
struct Table {
    count: usize,
    words: usize,
    after: Vec<u64>,
}

impl Table {
    fn new(count: usize) -> Self {
        let words = count.div_ceil(BITS);
        Table { count, words, after: vec![0; count * words] }
    }

    /// Whether that was not known.
    fn put(&mut self, before: usize, after: usize) -> bool {
        let word = &mut self.after[before * self.words + after / BITS];
        let bit = 1 << (after % BITS);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    fn has(&self, before: usize, after: usize) -> bool {
        self.after[before * self.words + after / BITS] >> (after % BITS) & 1 == 1
    }

    /// What is after what is after something is after it (Warshall 1962).
    fn close(&mut self) {
        for middle in 0..self.count {
            let onward = self.after[middle * self.words..][..self.words].to_vec();
            for before in 0..self.count {
                if self.has(before, middle) {
                    let row = &mut self.after[before * self.words..][..self.words];
                    row.iter_mut().zip(&onward).for_each(|(word, more)| *word |= more);
                }
            }
        }
    }
}

/// Whether these operations are known to have no order. `false` says nothing.
pub(super) fn is_impossible(effective: &Effective, meter: &mut Meter<'_>) -> Result<bool, Spent> {
    let all = &effective.all;
    if all.len() > OPERATIONS {
        return Ok(false);
    }
    let mut table = Table::new(all.len());
    for session in &effective.sessions {
        for pair in session.windows(2) {
            table.put(pair[0], pair[1]);
        }
    }
    let mut writes = vec![Vec::new(); effective.objects];
    for (index, effect) in all.iter().enumerate() {
        if let Some(Saw::Write(write)) = effect.reads {
            table.put(write, index);
        }
        if effect.writes {
            writes[effect.object].push(index);
        }
    }
    loop {
        meter.steps((all.len() * all.len() * (1 + table.words / 4)) as u64)?;
        table.close();
        if (0..all.len()).any(|index| table.has(index, index)) {
            return Ok(true);
        }
        let mut changed = false;
        for (read, effect) in all.iter().enumerate() {
            let Some(saw) = effect.reads else { continue };
            for &write in writes[effect.object].iter().filter(|&&write| write != read) {
                changed |= match saw {
                    Saw::Initial => table.put(read, write),
                    Saw::Write(source) if source == write => false,
                    Saw::Write(source) => {
                        let earlier = table.has(write, read) && table.put(write, source);
                        let later = table.has(source, write) && table.put(read, write);
                        earlier || later
                    }
                };
            }
        }
        if !changed {
            return Ok(false);
        }
    }
}
