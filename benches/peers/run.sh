#!/usr/bin/env bash
# The same work on the floors, on simlab and on other simulators: one run, one table.
#   run.sh                      all of it
#   run.sh w2 50                only W2 with 50 nodes
#   run.sh --only floor,simcore only those whose names begin so
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# Flags from outside would hide those of .cargo/config.toml, and make runs differ.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS
exec cargo run --release --locked --quiet -- "$@"
