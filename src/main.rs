//! The `simlab` command.

use std::process::ExitCode;

/// Sweeps make and drop worlds all the time, and a trace is written into ever new memory: the system's
/// allocator hands that back to the kernel, and is given it again page by page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    simlab::main_with(&[])
}
