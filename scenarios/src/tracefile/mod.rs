//! Trace files: a run on paper.
//!
//! JSON Lines. The first line is the [`Header`]: all that the run was made of, so that it can be made
//! again. Then come the answers of the run's script, if it had one, then its events, one a line, and
//! last the [`Footer`]: how many there were, the hash of the trace, and the verdict.
//!
//! ```text
//! {"format":"simlab-trace","version":1,"simlab":"0.1.0","scenario":"…", …,"hash":"8c02…"}
//! {"seq":1,"at":0,"node":"beijing","kind":"start","hash":"51fd…"}
//! {"seq":2,"at":0,"node":"beijing","cause":1,"kind":"send","to":"hangzhou", …,"hash":"0b77…"}
//! {"end":true,"records":2,"trace_hash":"…","verdict":{…},"hash":"e1a9…"}
//! ```
//!
//! Every line ends with the hash of its own text and the hash of the line before it, so a line that
//! was changed, cut, moved or left out is named by its number. There is exactly one way to write a
//! line: what is read is written once more and compared, so unknown, doubled and reordered fields are
//! found as well. The hash finds accidents; it is no protection against a forger.
//!
//! Both ways are streams: neither the writer nor the reader holds more than a line, and the names.

mod compare;
mod diff;
mod field;
mod follow;
mod footer;
mod header;
mod intern;
mod json;
mod kinds;
mod known;
mod line;
mod reader;
mod record;
mod tap;
mod writer;

pub use compare::{Compare, Difference};
pub use diff::{Parting, Side, part};
pub use follow::{Following, alike, datagram, follow};
pub use footer::{Footer, Verdict};
pub use header::Header;
pub use reader::{Place, Reader};
pub use record::Record;
pub use tap::Tap;
pub use writer::{TraceFile, Writer};

pub(crate) use json::Object;
pub(crate) use known::Known;
pub(crate) use line::{Mistake, parse as parse_line};

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// What the first line of every trace file calls it.
pub const FORMAT: &str = "simlab-trace";
/// The version of the format that this build writes, and the newest that it reads.
pub const VERSION: u64 = 1;
/// The longest line in bytes, without its end. A datagram needs about 130,000, the largest write of a
/// disk in one piece half as many as this.
pub const LINE_MAX: usize = 32 << 20;

/// Whether a file is meant to be a trace file: it is one of JSON, and no scenario begins so.
#[must_use]
pub fn is_one(path: &Path) -> bool {
    let mut first = [0; 64];
    let read = File::open(path).and_then(|mut file| file.read(&mut first));
    let begin = read.map_or(&[][..], |n| &first[..n]);
    let named = begin.windows(FORMAT.len()).any(|part| part == FORMAT.as_bytes());
    named || begin.trim_ascii_start().first() == Some(&b'{')
}
