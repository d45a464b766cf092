#!/usr/bin/env bash
# What Raft costs: bare, in the kernel, as a service; and another Raft beside it. One run, one table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec cargo run --release --locked --quiet -- "$@"
