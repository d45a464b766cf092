//! Reads histories that nobody wrote: those below, and the files of a folder, each mutated again and again.
//!
//! ```text
//! cargo run --release -p simlab-check --example fuzz_histories -- 1000000 [seed] [folder]
//! ```
//!
//! The same numbers make the same inputs. What is read must have a place for each operation, what is
//! refused must have places in the file, nothing may panic, and no input may take long. The end
//! says how much was read, and how long the longest took.

use simlab_check::MODELS;
use simlab_check::format::read;
use std::panic::catch_unwind;
#[allow(clippy::disallowed_types, reason = "it measures the reader")]
use std::time::Instant;

/// Histories, with their models.
const SEEDS: &[(&str, &str)] = &[
    (
        "cas-register",
        "INFO  jepsen.util - 0\t:invoke\t:cas\t[1 2]\nINFO  jepsen.util - 0\t:fail\t:cas\t[1 2]\n\
     INFO  jepsen.util - 1\t:invoke\t:read\tnil\nINFO  jepsen.util - 1\t:ok\t:read\t-3\n\
     INFO  jepsen.util - 2\t:invoke\t:write\t4\nINFO  jepsen.util - 2\t:info\t:write\t:timed-out\n",
    ),
    (
        "multi-register",
        "; x = 0\n[{:process 0, :type :invoke, :f :txn, :value [[:read :x nil] [:write :y 2]], :time 5}\n \
     {:process :nemesis, :type :info, :f :start, :value \"Cut off [:n1 #[:n2]]\"}\n \
     {:process 0, :type :ok, :f :txn, :value [[:read :x 0] [:write :y 2]], :time 7}]\n",
    ),
    (
        "kv",
        "{:process 0, :type :invoke, :f :append, :key \"4\", :value \"x 0 1 y\"}\n\
     {:process 1, :type :invoke, :f :get, :key \"4\", :value nil}\n\
     {:process 0, :type :ok, :f :append, :key \"4\", :value \"x 0 1 y\"}\n\
     {:process 1, :type :ok, :f :get, :key \"4\", :value \"a\\\"\\u00e4\"}\n",
    ),
    (
        "set",
        "({:f :add :value 1 :type :invoke :process 3} #_ {:a 1} #t {:f :add :type :ok :process 3}\n \
     {:f :read :type :invoke :process 4} {:f :read :type :ok :process 4 :value #{1 2 \\] 1.5}})",
    ),
    (
        "mutex",
        "{:process 0 :type :invoke :f :acquire}{:process 0 :type :ok :f :acquire}\
     {:process 0 :type :invoke :f :release}{:process 0 :type :fail :f :release :error :not-held}",
    ),
    ("queue", "0 :invoke :enqueue 1\n0 :ok :enqueue 1\n1 :invoke :dequeue nil\n1 :ok :dequeue 1\n"),
];

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "#{",
    "#_",
    "#t ",
    "\"",
    "\\",
    ";",
    "\n",
    "\t",
    " ",
    ",",
    ":",
    "#",
    ":process 0 ",
    ":process ",
    ":type :ok ",
    ":type :invoke ",
    ":type :info ",
    ":f :read ",
    ":key 1 ",
    ":value ",
    "nil ",
    "99999999999999999999 ",
    "-9223372036854775808 ",
    "1.5 ",
    "[1 2] ",
    ":nemesis ",
    "0 :invoke :read nil\n",
    "0 :ok :read 1\n",
    "INFO  jepsen.util - ",
    "\u{feff}",
    "ä",
    "{\"format\"",
];

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not 0.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A range of a text of `len` bytes, mostly a short one.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len + 1);
        let most = if self.below(4) == 0 { len - start } else { (len - start).min(12) };
        start..start + self.below(most + 1)
    }
}

fn mutate(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let range = dice.range(bytes.len());
    match dice.below(7) {
        0 => drop(bytes.drain(range)),
        1 => {
            let copy = bytes[range.clone()].to_vec();
            let at = dice.below(bytes.len() + 1);
            bytes.splice(at..at, copy);
        }
        2 => bytes.truncate(range.start),
        3 => {
            let other = &seeds[dice.below(seeds.len())];
            let part = dice.range(other.len());
            bytes.splice(range, other[part].iter().copied());
        }
        4 if !bytes.is_empty() => {
            let at = dice.below(bytes.len());
            bytes[at] = dice.next() as u8;
        }
        5 => {
            let times = if dice.below(50) == 0 { 200 } else { 1 };
            let piece = PIECES[dice.below(PIECES.len())].repeat(times);
            bytes.splice(range.start..range.start, piece.bytes());
        }
        _ => {
            let piece = PIECES[dice.below(PIECES.len())];
            bytes.splice(range, piece.bytes());
        }
    }
}

/// Reads an input, and returns whether it was a history.
fn check(bytes: &[u8], model: usize) -> bool {
    match read(bytes, &MODELS[model]) {
        Ok(recording) => {
            let records = recording.history.records();
            assert!(!records.is_empty() && records.len() == recording.places.len());
            // The shortest operation is `0 :ok :f`.
            assert!(records.len() <= bytes.len() / 8);
            for (record, place) in records.iter().zip(&recording.places) {
                assert_eq!(recording.place(record.op), Some(*place));
            }
            true
        }
        Err(mistakes) => {
            assert!((1..=10).contains(&mistakes.list.len()));
            for mistake in &mistakes.list {
                assert!(mistake.span.end <= bytes.len() && mistake.span.start <= mistake.span.end);
                assert!(mistake.message.len() < 400, "{}", mistake.message);
            }
            false
        }
    }
}

#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures the reader")]
#[allow(clippy::print_stdout, reason = "it is a program of its own")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: u64| match arguments.get(index) {
        Some(text) => text.parse().expect("a whole number"),
        None => default,
    };
    let (inputs, seed) = (number(0, 100_000), number(1, 1));
    let bytes = |(_, text): &(&str, &str)| text.as_bytes().to_vec();
    let mut seeds: Vec<Vec<u8>> = SEEDS.iter().map(bytes).collect();
    if let Some(folder) = arguments.get(2) {
        let files = std::fs::read_dir(folder).expect("a folder of histories");
        let mut paths: Vec<_> = files.map(|file| file.expect("an entry").path()).collect();
        paths.sort();
        let files = paths.iter().filter(|path| path.is_file());
        seeds.extend(files.map(|path| std::fs::read(path).expect("a file")));
    }
    let (mut histories, mut bytes_read, mut slowest) = (0_u64, 0_u64, (0, 0, 0));
    let begin = Instant::now();
    for input in 0..inputs {
        let mut dice = Dice(seed.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ input);
        let chosen = dice.below(seeds.len());
        let mut bytes = seeds[chosen].clone();
        let most = 1 << dice.below(4);
        for _ in 0..1 + dice.below(most) {
            mutate(&mut bytes, &seeds, &mut dice);
        }
        // Mostly the model that the seed is of.
        let fitting = SEEDS.get(chosen).filter(|_| dice.below(4) != 0);
        let fitting = fitting.and_then(|(name, _)| MODELS.iter().position(|m| m.name == *name));
        let model = fitting.unwrap_or_else(|| dice.below(MODELS.len()));
        let start = Instant::now();
        let Ok(history) = catch_unwind(|| check(&bytes, model)) else {
            panic!("input {input} of seed {seed}: {:?}", String::from_utf8_lossy(&bytes));
        };
        let took = start.elapsed().as_micros() as u64;
        // A microsecond a byte is a hundred times what it takes; the rest is the machine's.
        let most = 50_000 + bytes.len() as u64;
        assert!(
            took < most,
            "input {input} of seed {seed} took {took} µs for {} bytes",
            bytes.len()
        );
        slowest = slowest.max((took, bytes.len(), input));
        histories += u64::from(history);
        bytes_read += bytes.len() as u64;
    }
    let took = begin.elapsed();
    println!("{inputs} inputs of {bytes_read} bytes in {took:.1?}, {histories} of them histories");
    println!("the slowest took {} µs for {} bytes (input {})", slowest.0, slowest.1, slowest.2);
}
