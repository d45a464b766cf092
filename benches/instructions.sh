#!/usr/bin/env bash
# How many instructions a delivery takes: the work of `cargo bench`, or parts of it, under valgrind.
# Prints one table in Markdown. No clock is read, so a busy machine does not matter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v valgrind >/dev/null; then
    echo "valgrind is missing: it counts the instructions (for example: apt-get install valgrind)" >&2
    exit 2
fi

# Flags from outside would make counts differ.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS
cargo build --release --locked --quiet --example instructions
target=$(cargo metadata --no-deps --locked --format-version 1 |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
program=$target/release/examples/instructions
[ -x "$program" ] || { echo "cargo has put the program elsewhere: is build.target set?" >&2; exit 2; }

said=$(mktemp)
trap 'rm -f "$said"' EXIT

# The instructions of one work in one mode, divided by how many deliveries, events … there were.
each() {
    local count total
    count=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*counted*' \
        "$program" "$1" "$2" 2>"$said") || { cat "$said" >&2; return 1; }
    total=$(sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p' "$said")
    if [ "${total:-0}" -eq 0 ]; then
        cat "$said" >&2
        echo "valgrind has counted nothing: it did not find the function \`counted\`" >&2
        return 1
    fi
    echo $(((total + count / 2) / count))
}

# row NAME WORK MODE...: `-` for a mode that there is not.
row() {
    local name=$1 work=$2 line="| $1 |" mode one
    shift 2
    for mode in "$@"; do
        one=
        if [ "$mode" != - ]; then
            one=$(each "$work" "$mode") || { echo "no figure for $name, $mode" >&2; exit 1; }
        fi
        line+=" ${one:+$one }|"
    done
    echo "$line"
}

echo "| | heap | wheel | off | on |"
echo "|---|---|---|---|---|"
row "W1" w1 heap wheel off on
row "W2, 10 nodes" w2-10 heap wheel off on
row "W2, 50 nodes" w2-50 heap wheel off on
row "W2, 1,000 nodes" w2-1000 heap wheel off on
row "W3" w3 heap wheel off on
row "W3, a reset" reset - - off on
row "W3, a send alone" send-alone - - off on
row "W3, a send and its delivery" send - - off on
row "W4, an event" w4 - - off on
