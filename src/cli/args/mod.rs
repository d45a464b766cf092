//! The arguments of all commands.

mod sweep;

pub(super) use sweep::{MergeArgs, SweepArgs};

use super::story::SWITCH;
use clap::{Args, Parser, Subcommand, ValueEnum};
use simlab_core::{Duration, Kind, Seq, Value};
use std::path::PathBuf;

/// See and break distributed systems, deterministically.
#[derive(Debug, Parser)]
#[command(name = "simlab", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  simlab run cap_partition                  the first lesson, all variants side by side
  simlab run cap_partition --seed 8         the same story with other delays
  simlab run slow_node --checks             what was expected beside what was observed
  simlab log cap_partition --variant available --from 12s --to 13s
  simlab tui cap_partition                  step through it, forwards and backwards
  simlab run cap_partition --variant available --trace run.jsonl
  simlab replay run.jsonl                   the same run again, and whether it is the same
  simlab sweep cap_partition --seeds 0..1000
  simlab sweep kv_storm --seeds 0..1000 --shard 1/4 --results 1.jsonl
  simlab merge 1.jsonl 2.jsonl 3.jsonl 4.jsonl
  simlab check history.edn --model cas-register --initial 0
  simlab checksum --algorithm crc-32c FILE  and what it finds: simlab checksum --explain crc-32c
  simlab show cap_partition                 what the lesson is about, and why it must come out so
  simlab list                               the lessons";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a scenario and compare its variants
    Run(RunArgs),
    /// Run a scenario under many seeds and count what comes out
    ///
    /// Exit status: 0 as expected in every run, 1 something was not, 2 bad input, 3 a checker gave up, 130
    /// interrupted.
    Sweep(SweepArgs),
    /// Make one report of the results of all shards of a sweep
    ///
    /// It is the report of the sweep in one piece, apart from times. Exit status: that of the sweep, and 2 if
    /// the files do not make it up.
    Merge(MergeArgs),
    /// Print what happened in a run, event by event
    Log(LogArgs),
    /// Run again what a trace file or a counterexample is of, and confirm its hash and verdict
    ///
    /// Exit status: 0 the same hash and verdict (a violation too), 1 they differ, 2 a bad file.
    Replay(ReplayArgs),
    /// Show where two trace files part, and why
    ///
    /// Exit status: 0 the same events and verdict, 1 they differ, 2 a bad file.
    Diff(DiffArgs),
    /// Tell from a recorded history what the system of it really promised
    ///
    /// The format is recognised from the content: operations in a Jepsen log, EDN as Jepsen, Knossos and
    /// Porcupine keep it, or a trace file of `run --trace`. docs/histories.md describes them.
    ///
    /// Exit status: 0 the history is one that the model allows, 1 it is not, 2 bad input, 3 unknown: a limit was
    /// hit, or the model says nothing of such objects.
    Check(CheckArgs),
    /// Print the checksum of a file, or tell what a checksum is sure to find
    ///
    /// A line for each: `NAME HEX FILE`. docs/checksums.md tells which finds what. Exit status: 2 if there is no
    /// such checksum, or the file cannot be read.
    Checksum(ChecksumArgs),
    /// Answer JSON-RPC 2.0 calls of the service `arith` on standard input
    ///
    /// One JSON text a line each way, answered before the next is read; no line for notifications. The methods are
    /// `add` (a, b), `subtract` (minuend, subtrahend), `sum` (numbers) and `divide` (dividend, divisor), with
    /// parameters by place or by name. Exit status: 0 at the end of the input.
    RpcServe(RpcServeArgs),
    /// Step through a run, forwards and backwards
    ///
    /// A trace file is run again. Without a scenario, there are the lessons to choose from. The keys are told
    /// by `?`.
    Tui(TuiArgs),
    /// List what there is
    List(ListArgs),
    /// Tell what a scenario is about and what is expected of it
    Show(ShowArgs),
    /// Begin something of one's own
    #[command(subcommand)]
    New(NewCommand),
    /// Print the JSON Schema of scenario files
    Schema,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What is begun.
#[derive(Debug, Subcommand)]
pub(super) enum NewCommand {
    /// Write a crate with a protocol to start from, its scenario and its property test
    Protocol(NewArgs),
}

/// Which crate.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// What it is called: small letters, digits and `-`
    pub(super) name: String,
    /// The folder that is made for it [default: one of its name]
    #[arg(long, value_name = "DIR")]
    pub(super) path: Option<PathBuf>,
    /// Where the sources of simlab are [default: where this program was built]
    #[arg(long, value_name = "DIR")]
    pub(super) simlab: Option<PathBuf>,
}

/// Which scenario, and with what changes.
#[derive(Debug, Args)]
pub(super) struct ScenarioArgs {
    /// A scenario file, or the name of a lesson
    pub(super) scenario: String,
    /// What answers the random choices, decimal or 0x hex [default: the scenario's]
    #[arg(long, value_name = "N", value_parser = seed, allow_hyphen_values = true)]
    pub(super) seed: Option<u64>,
    /// Change a setting: until, jitter, switch, workloads.count, network.default.FIELD,
    /// network.same_site.FIELD, or NODE|SERVICE|ROLE.PARAMETER
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    pub(super) set: Vec<(String, String)>,
    /// Let services leave out a rule, in every variant that has it; see `simlab list switches`
    #[arg(long, value_name = "NAME")]
    switch: Vec<String>,
    /// The language of titles and explanations [default: the locale's]
    #[arg(long, value_name = "LANG")]
    pub(super) lang: Option<String>,
}

impl ScenarioArgs {
    /// Makes of the switches the settings that they are.
    pub(super) fn settle(&mut self) {
        settle(&mut self.switch, &mut self.set);
    }
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) scenario: ScenarioArgs,
    /// Run only this variant; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Vec<String>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// List each expectation of each variant, with what was observed and the verdict; JSON has them anyway
    #[arg(long)]
    pub(super) checks: bool,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub(super) ascii: bool,
    #[command(flatten)]
    pub(super) script: ScriptArgs,
    /// Write every choice of the run and its answer to this file; of several variants, of the first
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub(super) record_decisions: Option<PathBuf>,
    /// Write every event to this file as it happens, to be replayed, printed and compared; of several
    /// variants, the first. The file has its name only when it is complete. There is then no picture
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub(super) trace: Option<PathBuf>,
}

/// Which run to step through, and how to show it.
#[derive(Debug, Args)]
#[command(mut_arg("scenario", |arg| {
    arg.help("A scenario file, the name of a lesson, or a trace file [default: the lessons]")
        .required(false)
        .default_value("")
        .hide_default_value(true)
}))]
pub(super) struct TuiArgs {
    #[command(flatten)]
    pub(super) scenario: ScenarioArgs,
    /// Show only this variant; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Vec<String>,
    /// Begin at this event
    #[arg(long, value_name = "EVENT", value_parser = event)]
    pub(super) at: Option<Seq>,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub(super) ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    pub(super) no_mouse: bool,
    /// The colours [default: dark, or plain if NO_COLOR is set]
    #[arg(long, value_enum)]
    pub(super) theme: Option<ThemeName>,
}

/// The colours of the debugger.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ThemeName {
    /// For dark terminals
    Dark,
    /// For light terminals
    Light,
    /// Without colours
    Plain,
}

fn settle(switches: &mut Vec<String>, set: &mut Vec<(String, String)>) {
    set.extend(switches.drain(..).map(|name| (SWITCH.to_owned(), name)));
}

/// Who answers choices.
#[derive(Debug, Args)]
pub(super) struct ScriptArgs {
    /// Let this file answer choices, and the seed the rest
    ///
    /// One answer a line: {"who":"a->b","choice":"lose","ordinal":3,"answer":1}. `who` is a link or a
    /// node, `ordinal` counts from 0. --record-decisions writes such a file, with a first line that
    /// says of which run. Without that line, or without "complete":true in it, the answers are
    /// overrides. Answers that were not asked for, or that make no sense, are reported; if the
    /// recording is complete, the exit status is then 1.
    #[arg(long, value_name = "FILE")]
    pub(super) decisions: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(mut_arg("scenario", |arg| arg.help("A scenario file, the name of a lesson, or a trace file")))]
pub(super) struct LogArgs {
    #[command(flatten)]
    pub(super) scenario: ScenarioArgs,
    #[command(flatten)]
    pub(super) script: ScriptArgs,
    /// The variant [default: the first]
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Only events at this node; may be given several times
    #[arg(long, value_name = "NODE")]
    pub(super) node: Vec<String>,
    /// Only events of this kind; may be given several times
    #[arg(long, value_name = "KIND", value_parser = Kind::NAMES)]
    pub(super) kind: Vec<String>,
    /// Only datagrams of this type, as the protocol calls it (prepare, gossip, request …)
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) message: Vec<String>,
    /// Only the begin and the end of this client operation, as the log names it (customer-b.3)
    #[arg(long, value_name = "OP")]
    pub(super) op: Vec<String>,
    /// Only the event of this number, and what led to it: its cause, the cause of that, and so on
    #[arg(long, value_name = "N", value_parser = event, conflicts_with_all = FILTERS)]
    pub(super) event: Option<Seq>,
    /// Only events at this time or later
    #[arg(long, value_name = "TIME")]
    pub(super) from: Option<Duration>,
    /// Only events before this time
    #[arg(long, value_name = "TIME")]
    pub(super) to: Option<Duration>,
}

/// The other filters of the log, which a chain of causes does not go with.
const FILTERS: [&str; 6] = ["node", "kind", "message", "op", "from", "to"];

/// Which run to repeat.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// A file that `run --trace` wrote, or a counterexample that `sweep --shrink` wrote
    pub(super) file: PathBuf,
}

/// Which two runs to compare.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// A file that `run --trace` wrote
    pub(super) first: PathBuf,
    /// Another
    pub(super) second: PathBuf,
}

/// Which history, and what to check of it.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// A history, or `-` for standard input
    pub(super) file: String,
    /// What the objects are; see `simlab list models`
    #[arg(long, value_name = "OBJECT")]
    pub(super) model: String,
    /// What to check; see `simlab list consistency`. `all` tells the strongest ones that hold, and what broke
    /// the next [default: linearizable]
    #[arg(long, value_name = "NAME")]
    pub(super) consistency: Option<String>,
    /// Draw the operations as bars in this file, with an order that fits or with what contradicts itself: as
    /// SVG if its name ends in .svg, else as text
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub(super) diagram: Option<PathBuf>,
    /// What each object holds at first: nil, true, false, a whole number or a text [default: nil; of the
    /// keys of a recorded kv, the empty text]
    #[arg(long, value_name = "V", value_parser = value, allow_hyphen_values = true)]
    pub(super) initial: Option<Value>,
    /// Give up after so much time, as in 60s
    #[arg(long, value_name = "D")]
    pub(super) limit: Option<Duration>,
    /// The variant that a trace file must be of
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// Which checksums, of what.
#[derive(Debug, Args)]
pub(super) struct ChecksumArgs {
    /// A file; `-` is standard input [default: -]
    #[arg(conflicts_with = "explain")]
    pub(super) file: Option<PathBuf>,
    /// Which checksum, as in crc-32c; may be given several times [default: all]
    #[arg(long, value_name = "NAME")]
    pub(super) algorithm: Vec<String>,
    /// Every checksum that there is, as is done if none is named
    #[arg(long, conflicts_with = "algorithm")]
    pub(super) all: bool,
    /// Tell what a checksum, or each, is sure to find and what it does not, and what it costs
    #[arg(long, value_name = "NAME", num_args = 0..=1, conflicts_with_all = ["algorithm", "all"])]
    pub(super) explain: Option<Option<String>>,
}

/// Where the calls come from.
#[derive(Debug, Args)]
pub(super) struct RpcServeArgs {
    /// Read calls from standard input, and answer on standard output
    #[arg(long)]
    pub(super) stdio: bool,
}

/// A value as it is displayed; what is none of the others is a text, and so is what stands in quotes.
fn value(text: &str) -> Result<Value, String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    Ok(match text {
        "nil" => Value::Nil,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            let range = "a whole number is from -2^63 to 2^63-1";
            Value::Int(text.parse().map_err(|_| range.to_owned())?)
        }
        _ => {
            let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            Value::Text(quoted.unwrap_or(text).to_owned())
        }
    })
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// What to list
    #[arg(value_enum, default_value_t = Topic::Scenarios)]
    pub(super) topic: Topic,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A scenario file, or the name of a lesson
    pub(super) scenario: String,
    /// The language of titles and explanations [default: the locale's]
    #[arg(long, value_name = "LANG")]
    pub(super) lang: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Topic {
    /// The lessons
    Scenarios,
    /// What nodes can run, with parameters and invariants
    Services,
    /// What services can stand on: checksums, repetition, fragments, seals
    Layers,
    /// What expectations can name
    Checks,
    /// What objects can be
    Models,
    /// What a history can be checked for
    Consistency,
    /// What services can leave out, and which check must catch it
    Switches,
    /// What a sweep of a storm over each service must have visited
    Goals,
    /// What can go wrong, and what each service tolerates of it
    Faults,
}

fn seed(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    let parsed = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    parsed.map_err(|_| "expected a whole number from 0 to 2^64-1, decimal or 0x hex".to_owned())
}

/// The number of an event, as reports (#832) or people (832) write it.
fn event(text: &str) -> Result<Seq, String> {
    let number = text.strip_prefix('#').unwrap_or(text).parse().map(Seq);
    number.map_err(|_| "expected the number of an event, as in 832".to_owned())
}

/// The report goes to standard output already.
fn file(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" => Err("expected a file; the report goes to standard output".to_owned()),
        _ => Ok(PathBuf::from(text)),
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected KEY=VALUE, as in shop.deadline=500ms".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_are_written_as_they_are_displayed() {
        let text = |text: &str| Ok(Value::Text(text.to_owned()));
        assert_eq!(value("nil"), Ok(Value::Nil));
        assert_eq!(value("-5"), Ok(Value::Int(-5)));
        assert_eq!((value(""), value("\"5\""), value("-")), (text(""), text("5"), text("-")));
        assert!(value("9223372036854775808").is_err());
    }

    #[test]
    fn seeds_are_decimal_or_hex_up_to_the_last() {
        assert_eq!(seed("7"), Ok(7));
        assert_eq!(seed("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(seed("0xffff_ffff_ffff_ffff"), Ok(u64::MAX));
        assert!(seed("-1").is_err() && seed("18446744073709551616").is_err());
        assert!(seed("seven").is_err() && seed("").is_err());
    }
}
