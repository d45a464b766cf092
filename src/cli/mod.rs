//! The command line: the only place that prints.

mod args;
mod balance;
mod check;
mod checks;
mod checksum;
mod diff;
mod files;
mod list;
mod log;
mod merge;
mod new;
mod output;
mod progress;
mod replay;
mod rpc_serve;
mod run;
mod scoreboard;
mod script;
mod show;
mod shrunk;
mod story;
mod summary;
mod sweep;
mod tui;
mod wrap;

use args::{Cli, Command, NewCommand};
use clap::{CommandFactory, Parser};
use output::{Exit, Output};
use simlab_core::Entry;
use simlab_scenarios::Catalogue;
use std::process::ExitCode;

pub(crate) use output::quoted;

/// Reads the arguments, does what they say, and answers with an exit status.
pub(crate) fn main(entries: &[&'static Entry]) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap has its own way to print, with colours where they are wanted; a pipe that is
            // closed is no concern of ours.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let catalogue = Catalogue::with(entries);
    let mut output = Output::new();
    let exit = match cli.command {
        Command::Run(mut args) => {
            args.scenario.settle();
            run::run(&args, &catalogue, &mut output)
        }
        Command::Log(mut args) => {
            args.scenario.settle();
            log::log(&args, &catalogue, &mut output)
        }
        Command::Sweep(mut args) => {
            args.settle();
            sweep::sweep(&args, &catalogue, &mut output)
        }
        Command::Merge(args) => merge::merge(&args, &catalogue, &mut output),
        Command::Replay(args) => replay::replay(&args, &catalogue, &mut output),
        Command::Diff(args) => diff::diff(&args, &catalogue, &mut output),
        Command::Check(args) => check::check(&args, &mut output),
        Command::Checksum(args) => checksum::checksum(&args, &mut output),
        Command::RpcServe(args) => rpc_serve::rpc_serve(&args, &mut output),
        Command::Tui(mut args) => {
            args.scenario.settle();
            tui::tui(&args, &catalogue, &mut output)
        }
        Command::List(args) => list::list(&args, &catalogue, &mut output),
        Command::Show(args) => show::show(&args, &catalogue, &mut output),
        Command::New(NewCommand::Protocol(args)) => new::new(&args, &mut output),
        Command::Schema => {
            output.line(&format!("{:#}", simlab_scenarios::schema()));
            Exit::Passed
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "simlab", &mut script);
            output.line(String::from_utf8_lossy(&script).trim_end());
            Exit::Passed
        }
    };
    ExitCode::from(output.finish(exit) as u8)
}
