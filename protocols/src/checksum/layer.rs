//! Checksums as layers: what was damaged is dropped, so that what stands on them knows only loss.

use super::{ALL, Cost};
use simlab_core::{
    Arguments, BuildError, Entry, Env, FaultKind, Fields, Hops, Layer, Layered, NodeId, Part,
    Peeled, Switch,
};

/// Only the last 16 bytes are covered: what layers have put behind the message, or most of that.
pub const HEADER_ONLY: Switch = Switch {
    name: "checksum-header-only",
    breaks: "a checksum covers the data and not the header alone, as that of IP does (RFC 791 §3.1)",
    caught_by: "exactly_once_in_order",
};

/// How much of a frame is covered if the switch is on.
const HEADER: usize = 16;

/// Makes an entry, and what it calls, since those are plain functions and know only what is in their
/// text.
macro_rules! layers {
    ($($entry:ident: $index:literal, $name:literal, $summary:literal;)*) => {
        $(
            #[doc = concat!("The layer `", $name, "`.")]
            pub const $entry: Entry = {
                fn build(
                    arguments: &Arguments<'_>,
                    _: &Layered,
                ) -> Result<Box<dyn Layer>, BuildError> {
                    Ok(Box::new(Checked::new($index, arguments.switched(HEADER_ONLY.name))))
                }
                fn peel(frame: &[u8]) -> Option<Peeled> {
                    peeled($index, frame)
                }
                fn repair(frame: &mut [u8]) {
                    repaired($index, frame);
                }
                Entry::layer($name, $summary, build)
                    .repair(repair)
                    .switches(&[HEADER_ONLY])
                    .shields(&[FaultKind::Corrupt])
                    .shown_as("checksum")
                    .peel(peel)
            };
        )*

        /// The layers, in the order of [`ALL`].
        pub const LAYERS: [&Entry; 9] = [$(&$entry),*];
    };
}

layers! {
    SUM_8: 0, "sum-8", "drops what a sum of its bytes finds damaged";
    INTERNET: 1, "internet", "drops what the checksum of IP, UDP and TCP finds damaged";
    FLETCHER_16: 2, "fletcher-16", "drops what Fletcher's checksum of 16 bits finds damaged";
    FLETCHER_32: 3, "fletcher-32", "drops what Fletcher's checksum of 32 bits finds damaged";
    ADLER_32: 4, "adler-32", "drops what the checksum of zlib finds damaged";
    CRC_16_ARC: 5, "crc-16-arc", "drops what CRC-16/ARC finds damaged";
    CRC_16_CCITT_FALSE: 6, "crc-16-ccitt-false", "drops what CRC-16/CCITT-FALSE finds damaged";
    CRC_32: 7, "crc-32", "drops what the CRC of Ethernet finds damaged";
    CRC_32C: 8, "crc-32c", "drops what Castagnoli's CRC finds damaged";
}

/// A checksum behind each frame.
#[derive(Clone, Debug, Hash)]
pub struct Checked {
    /// Its place in [`ALL`].
    index: usize,
    header_only: bool,
    refused: u64,
    covered: u64,
    overhead: u64,
    lookups: u64,
    additions: u64,
}

impl Checked {
    /// The checksum at a place of [`ALL`], over all of a frame or its last bytes alone.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn new(index: usize, header_only: bool) -> Self {
        assert!(index < ALL.len(), "there is no such checksum");
        Checked {
            index,
            header_only,
            refused: 0,
            covered: 0,
            overhead: 0,
            lookups: 0,
            additions: 0,
        }
    }

    fn count(&mut self, bytes: usize) {
        let Cost { lookups, additions } = ALL[self.index].cost(bytes as u64);
        self.covered += bytes as u64;
        self.lookups += lookups;
        self.additions += additions;
    }

    /// How many bytes at the begin of a frame of this length are not covered.
    fn uncovered(&self, len: usize) -> usize {
        if self.header_only { len.saturating_sub(HEADER) } else { 0 }
    }
}

impl Layer for Checked {
    fn down(&mut self, _: NodeId, frame: &mut Vec<u8>, _: &mut Hops, _: &mut Env<'_>) -> bool {
        let checksum = ALL[self.index];
        let start = self.uncovered(frame.len());
        self.count(frame.len() - start);
        self.overhead += checksum.width() as u64;
        if start == 0 {
            checksum.seal(frame);
        } else {
            let mut covered = frame.split_off(start);
            checksum.seal(&mut covered);
            frame.append(&mut covered);
        }
        true
    }

    fn up<'b>(
        &mut self,
        from: NodeId,
        frame: &'b [u8],
        _: &mut Hops,
        env: &mut Env<'_>,
    ) -> Option<&'b [u8]> {
        let checksum = ALL[self.index];
        let data = frame.len().saturating_sub(checksum.width());
        let start = self.uncovered(data);
        self.count(data - start);
        if checksum.open(&frame[start..]).is_some() {
            Some(&frame[..data])
        } else {
            self.refused += 1;
            env.note("checksum.refused", from.0.into(), frame.len() as u64);
            None
        }
    }

    fn only_seals(&self) -> bool {
        true
    }

    fn inspect(&self, view: &mut Fields) {
        let per_kib = |n: u64| (n * 1_024).checked_div(self.covered).unwrap_or(0) as i64;
        view.int("refused", self.refused as i64);
        // Who only receives has the same to do as who sent it.
        if self.overhead > 0 {
            view.int("overhead_bytes", self.overhead as i64);
            view.int("lookups_per_kib", per_kib(self.lookups));
            view.int("additions_per_kib", per_kib(self.additions));
        }
    }
}

fn peeled(index: usize, frame: &[u8]) -> Option<Peeled> {
    let checksum = ALL[index];
    let end = frame.len().checked_sub(checksum.width())?;
    let hex: String = frame[end..].iter().map(|byte| format!("{byte:02x}")).collect();
    // The switch is not known here: a checksum of less than the frame looks wrong, as it is.
    let good = checksum.open(frame).is_some();
    let value = if good { format!("{hex}, right") } else { format!("{hex}, WRONG") };
    let summary = if good { String::new() } else { format!("wrong {}", checksum.name()) };
    let parts = vec![Part { name: checksum.name(), value, bytes: end..frame.len() }];
    Some(Peeled { kind: "checksum", summary, parts, inner: Some(end) })
}

/// A checksum takes no key: whoever edits a frame computes it anew.
fn repaired(index: usize, frame: &mut [u8]) {
    let checksum = ALL[index];
    let Some(end) = frame.len().checked_sub(checksum.width()) else { return };
    let mut sealed = frame[..end].to_vec();
    checksum.seal(&mut sealed);
    frame.copy_from_slice(&sealed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_core::{Counters, Moment, NoDisk, Outbox, Seeded, Time};

    fn with<T>(body: impl FnOnce(&mut Hops, &mut Env<'_>) -> T) -> T {
        let moment = Moment { me: NodeId(0), now: Time(0), wall: Time(0), life: 0 };
        let (mut counters, mut decide) = (Counters::default(), Seeded::new(1));
        let mut outbox = Outbox::new();
        let mut env = Env::new(moment, &mut outbox, &mut counters, &mut decide, &NoDisk);
        body(&mut Hops::new(), &mut env)
    }

    #[test]
    fn layers_and_checksums_have_the_same_names() {
        for (entry, checksum) in LAYERS.iter().zip(ALL) {
            assert_eq!(entry.name, checksum.name());
        }
    }

    #[test]
    fn what_is_damaged_is_dropped_and_what_is_whole_passes() {
        let to = NodeId(1);
        for index in 0..ALL.len() {
            let mut layer = Checked::new(index, false);
            for message in [&b""[..], b"a", b"a message of some length"] {
                let mut frame = message.to_vec();
                with(|hops, env| assert!(layer.down(to, &mut frame, hops, env)));
                with(|hops, env| assert_eq!(layer.up(to, &frame, hops, env), Some(message)));
                for bit in 0..frame.len() * 8 {
                    let mut bad = frame.clone();
                    bad[bit / 8] ^= 1 << (bit % 8);
                    with(|hops, env| assert_eq!(layer.up(to, &bad, hops, env), None));
                }
            }
            with(|hops, env| assert_eq!(layer.up(to, &[], hops, env), None, "too short"));
        }
    }

    /// What somebody edits on purpose no checksum finds.
    #[test]
    fn what_is_edited_and_repaired_passes() {
        for (index, entry) in LAYERS.iter().enumerate() {
            let mut layer = Checked::new(index, false);
            let mut frame = b"pay 1 to Alice".to_vec();
            with(|hops, env| layer.down(NodeId(1), &mut frame, hops, env));
            frame[4] = b'9';
            (entry.layer.and_then(|layer| layer.repair).expect("it can be repaired"))(&mut frame);
            let read = with(|hops, env| layer.up(NodeId(1), &frame, hops, env));
            assert_eq!(read, Some(&b"pay 9 to Alice"[..]));
        }
    }

    #[test]
    fn a_checksum_of_the_header_does_not_see_the_data() {
        let mut layer = Checked::new(8, true);
        let mut frame = b"a message and then its header....".to_vec();
        with(|hops, env| layer.down(NodeId(1), &mut frame, hops, env));
        let mut up =
            |frame: &[u8]| with(|hops, env| layer.up(NodeId(1), frame, hops, env).is_some());
        assert!(up(&frame));
        let damaged = |at: usize| {
            let mut bad = frame.clone();
            bad[at] ^= 1;
            bad
        };
        assert!(up(&damaged(0)) && !up(&damaged(20)));
    }
}
