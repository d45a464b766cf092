//! The `simlab` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    simlab::main_with(&[])
}
