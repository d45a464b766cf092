#!/bin/sh
# Changes Raft's core (all of it but the service) one thing at a time, and runs the tests that should notice: see mutants.md.
#
#     docs/mutants.sh [DIRECTORY [MORE OPTIONS OF cargo mutants]]
#
# In the workspace a change takes three to ten seconds, most of which is the rest of the protocols being built three times. So the
# core is cut out, with its tests, into a workspace of its own: a change takes one to three.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cut=${1:-${TMPDIR:-/tmp}/raft-core}
[ $# -eq 0 ] || shift
mkdir -p "$cut"
cd "$cut"
rm -rf sim protocols sums Cargo.toml
mkdir -p sim protocols/src protocols/tests sums/src .cargo
cp "$root/Cargo.lock" .
cp "$root/.cargo/mutants.toml" .cargo/
cp -r "$root/sim/core" sim/
cp -r "$root/protocols/src/raft" protocols/src/
cp -r "$root/protocols/tests/raft_interaction" protocols/tests/
rm -r protocols/src/raft/service

# Checksums and walks through datagrams, which are not changed.
cp -r "$root/protocols/src/checksum" "$root/protocols/src/dissect.rs" sums/src/
grep -rl 'pub(crate)' sums/src | xargs sed -i 's/pub(crate)/pub/g'
printf 'pub mod checksum;\npub mod dissect;\n' > sums/src/lib.rs

# The service is an entry without calls.
sed -i -e '/^use super::service::kvs;$/d' -e '/^use crate::rpc;$/d' \
    -e '/port == rpc::PORT.0.get()/,/^    }$/d' protocols/src/raft/dissect.rs
cat > protocols/src/raft/service.rs << 'END'
use simlab_core::{Arguments, BuildError, Entry, Port, Process};
pub const RAFT: Port = Port::new(3);
pub static SERVER: Entry = Entry::server("raft-kv", "", build)
    .dissector(super::dissect::dissect)
    .invariants(super::invariant::INVARIANTS)
    .switches(super::switches::SWITCHES)
    .goals(super::goals::GOALS)
    .inspector(super::inspector::node);
fn build(_: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    Err(BuildError { parameter: None, message: String::new() })
}
END
printf 'pub(crate) use sums::{checksum, dissect};\npub mod raft;\n' > protocols/src/lib.rs

package() {
    printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\n' "$1"
    printf '[dependencies]\nsimlab-core = { path = "../sim/core" }\n'
}
{ package sums; printf '[dev-dependencies]\ncrc.workspace = true\n'; } > sums/Cargo.toml
{
    package simlab-protocols
    printf 'sums = { path = "../sums" }\n[dev-dependencies]\n'
    printf '%s.workspace = true\n' proptest rand rand_chacha
} > protocols/Cargo.toml
{
    printf '[workspace]\nmembers = ["sim/core", "protocols", "sums"]\nresolver = "3"\n'
    sed -n '/^\[workspace.package\]/,/^$/p' "$root/Cargo.toml"
    printf '[workspace.dependencies]\nsimlab-core = { path = "sim/core" }\n'
    grep -E '^(crc|libm|proptest|rand|rand_chacha|snapbox) = ' "$root/Cargo.toml"
    printf '[workspace.lints.rust]\n[profile.mutants]\ninherits = "dev"\nopt-level = 0\ndebug = false\n'
    for built_once in '"*"' simlab-core sums; do
        printf '[profile.mutants.package.%s]\nopt-level = 2\n' "$built_once"
    done
} > Cargo.toml
cargo test --profile mutants -p simlab-protocols --lib --test raft_interaction raft
exec cargo mutants -p simlab-protocols --exclude 'protocols/src/raft/service.rs' -j 2 "$@"
