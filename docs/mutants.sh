#!/bin/sh
# Changes Raft one thing at a time, and runs the tests that should notice: see mutants.md.
#
#     docs/mutants.sh core|service [DIRECTORY [MORE OPTIONS OF cargo mutants]]
#
# In the workspace most of the time goes into building what has nothing to do with Raft. So Raft is cut out, with its tests, into a
# workspace of its own: a change of the core takes one to three seconds, one of the service, which the scenarios are built for, ten.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
part=${1:?core or service}
shift
cut=${1:-${TMPDIR:-/tmp}/raft-$part}
[ $# -eq 0 ] || shift
mkdir -p "$cut"
cd "$cut"
rm -rf sim protocols scenarios sums Cargo.toml
mkdir -p sim protocols/src protocols/tests sums/src .cargo
cp "$root/Cargo.lock" .
cp "$root/.cargo/mutants.toml" .cargo/
cp -r "$root/protocols/src/raft" protocols/src/

case $part in
core)
    needs='checksum dissect'
    built='simlab-core sums'
    cp -r "$root/sim/core" sim/
    cp -r "$root/protocols/tests/raft_interaction" protocols/tests/
    ;;
service)
    needs='arith checksum dissect named reliable rpc threads'
    built='simlab-core simlab-sim simlab-check sums'
    cp -r "$root/sim/core" "$root/sim/check" "$root/sim/kernel" sim/
    cp -r "$root/scenarios" .
    ;;
esac

# What is not changed.
for module in $needs; do
    [ -d "$root/protocols/src/$module" ] || module=$module.rs
    cp -r "$root/protocols/src/$module" sums/src/
done
grep -rl 'pub(crate)' sums/src | xargs sed -i 's/pub(crate)/pub/g'
printf 'pub mod %s;\n' $needs > sums/src/lib.rs
printf 'pub(crate) use sums::{%s};\npub mod raft;\n' "$(echo $needs | tr ' ' ,)" > protocols/src/lib.rs

package() {
    printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\n' "$1"
    printf '[dependencies]\nsimlab-core = { path = "../sim/core" }\n'
}
{ package sums; printf 'serde_json.workspace = true\n[dev-dependencies]\ncrc.workspace = true\n'; } > sums/Cargo.toml
{
    package simlab-protocols
    printf 'sums = { path = "../sums" }\n[dev-dependencies]\n'
    printf '%s.workspace = true\n' proptest rand rand_chacha snapbox
    [ $part = core ] || printf '%s.workspace = true\n' simlab-scenarios simlab-sim
} > protocols/Cargo.toml
{
    printf '[workspace]\nmembers = ["sim/*", "protocols", "sums"]\nresolver = "3"\n'
    sed -n '/^\[workspace.package\]/,/^$/p' "$root/Cargo.toml"
    sed -n '/^\[workspace.dependencies\]/,/^\[workspace.lints/p' "$root/Cargo.toml" | grep -v '^\[workspace.lints\|simlab-tui'
    printf '[workspace.lints.rust]\n[profile.mutants]\ninherits = "dev"\nopt-level = 0\ndebug = false\n'
    for built_once in '"*"' $built; do
        printf '[profile.mutants.package.%s]\nopt-level = 2\n' "$built_once"
    done
} > Cargo.toml

case $part in
core)
    # The service is an entry without calls.
    rm -r protocols/src/raft/service
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
    sed -i 's|^examine_globs.*|&\nexclude_globs = ["protocols/src/raft/service.rs", "protocols/src/raft/switches.rs"]|' .cargo/mutants.toml
    ;;
service)
    sed -i 's/crate::service!/sums::service!/' protocols/src/raft/service/mod.rs
    cat >> protocols/src/lib.rs << 'END'
pub fn entries() -> &'static [&'static simlab_core::Entry] {
    use raft::service::{CLIENT, OPERATOR, SERVER};
    use sums::checksum::layer::CRC_32C;
    static ENTRIES: [&simlab_core::Entry; 4] = [&SERVER, &CLIENT, &OPERATOR, &CRC_32C];
    &ENTRIES
}
END
    # The tests of whole stories, on the scenarios alone.
    mkdir -p protocols/tests/golden protocols/tests/common
    cp "$root"/tests/golden/raft*.txt protocols/tests/golden/
    sed -i '/^cap_leader/d' protocols/tests/golden/raft.txt
    for test in raft raft_service switches; do
        sed -e 's/simlab::scenarios/simlab_scenarios/g' -e 's/simlab::protocols::rpc/sums::rpc/' \
            -e 's/simlab::protocols/simlab_protocols/g' \
            -e 's/ || \*name == "cap_leader"//' -e 's/{}\/scenarios/{}\/..\/scenarios/' \
            "$root/tests/$test.rs" > protocols/tests/$test.rs
    done
    sed -e 's/simlab::scenarios/simlab_scenarios/g' -e '/^pub mod /d' "$root/tests/common/mod.rs" > protocols/tests/common/mod.rs
    # The shop is not cut out.
    sed -i 's/^fn two_clusters_of_raft_are_judged_apart/#[ignore]\n&/' protocols/tests/raft_service.rs
    # Of the switches those that a story of their own catches: the storm's take half a minute.
    sed -i '/("raft-.* RAFT, /d' protocols/tests/switches.rs
    sed -i 's/"--test", "raft_interaction"/"--test", "raft", "--test", "raft_service", "--test", "switches"/' .cargo/mutants.toml
    sed -i 's|"protocols/src/raft/\*\*/\*.rs"|"protocols/src/raft/service/*.rs", "protocols/src/raft/switches.rs"|' .cargo/mutants.toml
    ;;
esac
cargo test --profile mutants -p simlab-protocols --lib --tests raft
exec cargo mutants -p simlab-protocols -j 2 "$@"
