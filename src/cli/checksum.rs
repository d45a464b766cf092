//! `simlab checksum`: checksums of files, and what they are good for.

use super::args::ChecksumArgs;
use super::output::{Exit, Output};
use super::wrap::{WIDTH, filled};
use simlab_protocols::checksum::{ALL, Checksum, Example, Miss, Order, named};
use simlab_scenarios::advice;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// So much of a file is read at once.
const CHUNK: usize = 1 << 16;

pub(super) fn checksum(args: &ChecksumArgs, output: &mut Output) -> Exit {
    let asked = match &args.explain {
        Some(name) => name.as_slice(),
        None => &args.algorithm,
    };
    let checksums = match chosen(asked) {
        Ok(checksums) => checksums,
        Err(unknown) => {
            output.error(&format!("error: there is no checksum {unknown:?}"));
            for line in advice(unknown, "checksums", ALL.iter().map(|known| known.name())) {
                output.error(&format!("help: {line}"));
            }
            return Exit::BadInput;
        }
    };
    if args.explain.is_some() {
        for (n, checksum) in checksums.iter().enumerate() {
            if n > 0 {
                output.line("");
            }
            explained(*checksum).iter().for_each(|line| output.line(line));
        }
        return Exit::Passed;
    }
    let path = args.file.as_deref().unwrap_or(Path::new("-"));
    match sums(&checksums, path) {
        Ok(sums) => {
            for (checksum, sum) in checksums.iter().zip(sums) {
                let (name, width) = (checksum.name(), checksum.width() * 2);
                output.line(&format!("{name} {sum:0width$x} {}", path.display()));
            }
            Exit::Passed
        }
        Err(error) => {
            let file = if path == Path::new("-") {
                "standard input".to_owned()
            } else {
                path.display().to_string()
            };
            output.error(&format!("error: cannot read {file}: {error}"));
            Exit::BadInput
        }
    }
}

/// The checksums of these names, each once, or all; or the name that none has.
fn chosen(names: &[String]) -> Result<Vec<&'static dyn Checksum>, &str> {
    if names.is_empty() {
        return Ok(ALL.to_vec());
    }
    let mut chosen: Vec<&'static dyn Checksum> = Vec::new();
    for name in names {
        let checksum = named(name).ok_or(name.as_str())?;
        if !chosen.iter().any(|known| known.name() == name) {
            chosen.push(checksum);
        }
    }
    Ok(chosen)
}

/// The checksums of a file of any length, read once.
fn sums(checksums: &[&'static dyn Checksum], path: &Path) -> io::Result<Vec<u32>> {
    let mut input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path)?)
    };
    let mut states: Vec<_> = checksums.iter().map(|checksum| checksum.start()).collect();
    let mut chunk = vec![0; CHUNK];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => {
                for (checksum, state) in checksums.iter().zip(&mut states) {
                    *state = checksum.add(*state, &chunk[..read]);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(checksums.iter().zip(states).map(|(checksum, state)| checksum.finish(state)).collect())
}

/// What a checksum is sure to find and what it does not, in lines that fit a terminal.
fn explained(checksum: &dyn Checksum) -> Vec<String> {
    let (name, bits) = (checksum.name(), checksum.bits());
    let mut lines = filled("", &format!("{name}, {bits} bits: {}", checksum.summary()), 2, WIDTH);
    lines.push("  sure to find, in the data or in the checksum behind it:".to_owned());
    for claim in checksum.claims() {
        lines.extend(filled("    + ", &claim.to_string(), 6, WIDTH));
        lines.extend(filled("      ", &format!("({})", claim.why), 6, WIDTH));
    }
    lines.push("  does not find:".to_owned());
    for miss in checksum.misses() {
        lines.extend(filled("    - ", &shown(miss), 6, WIDTH));
    }
    let other = format!("of other damage, if it is random, about 1 in 2^{bits}");
    lines.extend(filled("    - ", &other, 6, WIDTH));
    lines.push("    - an edit on purpose: whoever edits computes it anew".to_owned());
    let cost = checksum.cost(1_024);
    let cost = format!("{} table look-ups, {} additions for a KiB", cost.lookups, cost.additions);
    lines.extend(filled("  takes ", &cost, 8, WIDTH));
    lines.extend(filled("  see ", checksum.source(), 6, WIDTH));
    lines
}

/// What is missed, with the example: `bytes in another order (3132 or 3231)`.
fn shown(miss: &Miss) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let example = match miss.example {
        Example::Pair(one, other) => format!("{} or {}", hex(one), hex(other)),
        Example::Flip { bits, order, .. } => {
            let bits: Vec<String> = bits.iter().map(ToString::to_string).collect();
            let from = match order {
                Order::HighFirst => "highest",
                Order::LowFirst | Order::Any => "lowest",
            };
            format!("bits {}, the {from} of a byte first", bits.join(" "))
        }
    };
    format!("{} ({example})", miss.what)
}
