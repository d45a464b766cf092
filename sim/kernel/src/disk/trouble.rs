//! What can be wrong with a disk.

use simlab_core::{Distribution, Ratio};
use std::fmt;

/// A fault of a disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DiskFault {
    /// Writes fail so often; the next sync that covers one says so.
    WriteErrors(Ratio),
    /// Files whose names begin so cannot be read.
    ReadErrors(String),
    /// Syncs take this long instead.
    SlowSync(Distribution),
    /// Syncs do nothing and say that all is well.
    LyingSync,
    /// Writes go to another place so often.
    Misdirected(Ratio),
    /// There is room for so many bytes.
    Full(u64),
    /// So many bits flip at once, at the beginning of the fault; at most [`DiskFault::ROT_MAX`].
    Rot(u32),
}

impl DiskFault {
    /// No [`DiskFault::Rot`] flips more bits of a disk.
    pub const ROT_MAX: u32 = 65_536;
}

/// As it follows the names of nodes: `syncs lie`.
impl fmt::Display for DiskFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiskFault::WriteErrors(rate) => write!(f, "{rate} of the writes fail"),
            DiskFault::ReadErrors(prefix) if prefix.is_empty() => {
                f.write_str("no file can be read")
            }
            DiskFault::ReadErrors(prefix) => write!(f, "the files {prefix}… cannot be read"),
            DiskFault::SlowSync(delay) => write!(f, "a sync takes {delay}"),
            DiskFault::LyingSync => f.write_str("syncs do nothing and say that all is well"),
            DiskFault::Misdirected(rate) => write!(f, "{rate} of the writes go astray"),
            DiskFault::Full(bytes) => write!(f, "the disk has room for {bytes} B"),
            DiskFault::Rot(1) => f.write_str("a bit flips on the disk"),
            DiskFault::Rot(bits) => write!(f, "{bits} bits flip on the disk"),
        }
    }
}

/// What is wrong with a disk now: all faults that hold, the later ones over the earlier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Trouble {
    pub(super) fails: Option<Ratio>,
    pub(super) misdirects: Option<Ratio>,
    pub(super) lies: bool,
    pub(super) capacity: Option<u64>,
    unreadable: Vec<String>,
    /// How long a sync takes instead.
    pub(crate) sync: Option<Distribution>,
}

impl Trouble {
    /// All of these.
    pub(crate) fn of<'a>(faults: impl Iterator<Item = &'a DiskFault>) -> Self {
        let mut trouble = Trouble::default();
        for fault in faults {
            match fault {
                DiskFault::WriteErrors(rate) => trouble.fails = Some(*rate),
                DiskFault::ReadErrors(prefix) => trouble.unreadable.push(prefix.clone()),
                DiskFault::SlowSync(delay) => trouble.sync = Some(*delay),
                DiskFault::LyingSync => trouble.lies = true,
                DiskFault::Misdirected(rate) => trouble.misdirects = Some(*rate),
                DiskFault::Full(bytes) => {
                    trouble.capacity = Some(trouble.capacity.map_or(*bytes, |c| c.min(*bytes)));
                }
                // It has happened already.
                DiskFault::Rot(_) => {}
            }
        }
        trouble
    }

    pub(super) fn unreadable(&self, file: &str) -> bool {
        self.unreadable.iter().any(|prefix| file.starts_with(prefix.as_str()))
    }
}
