#!/usr/bin/env bash
# Tries sweep.sbatch and merge.sbatch on a Slurm of its own, with this machine as the only node, on loopback:
# a sweep in four shards, of which one is killed, one is queued again, and one is told that its time is up, has
# to come to the report of the sweep in one piece; and a mistake has to end in no report.
#
#   docs/slurm/try.sh [--install] [SCENARIO --seeds A..B …]
#
# What comes after --install is for `simlab sweep`; by default it is a sweep of which seeds fail. SIMLAB names the
# program, by default that of `cargo build --release`. --install gets what is missing by apt-get. All else is in a
# temporary folder, which is removed at the end, and the daemons are stopped. It has to be root who runs this.
# Exit status: 0 all is as it should be, 1 something went wrong, 2 something is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
shards=4

fail() { echo "$1" >&2; exit "${2:-1}"; }

install=
if [ "${1:-}" = --install ]; then
    install=yes
    shift
fi
[ $# -gt 0 ] || set -- kv_storm --seeds 0..2000 --switch quorum-of-half
SIMLAB=${SIMLAB:-$here/../../target/release/simlab}
SIMLAB=$(command -v "$SIMLAB") || fail "build simlab, or name the program: SIMLAB=…" 2
export SIMLAB=$(realpath "$SIMLAB")

# The daemons are often where only root looks.
PATH=$PATH:/usr/sbin:/sbin
missing() {
    local tool
    for tool in munged slurmctld slurmd sbatch scontrol scancel; do
        command -v "$tool" >/dev/null || echo "$tool"
    done
    command -v python3 >/dev/null || echo python3
}
if [ -n "$(missing)" ] && [ -n "$install" ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends slurm-wlm munge python3
fi
[ -z "$(missing)" ] || fail "missing: $(missing | tr '\n' ' ')(apt-get install slurm-wlm munge python3, or --install)" 2
# slurmd starts jobs as the users that they are of.
[ "$(id -u)" = 0 ] || fail "slurmd has to be started as root" 2

dir=$(mktemp -d) pids=()
stop() {
    local status=$? pid
    trap '' INT TERM
    set +e
    [ ! -e "$dir/slurm.conf" ] || scancel --user="$(id -un)" 2>/dev/null
    # The last to be started is the first to go: who is authenticated before who authenticates.
    for ((at = ${#pids[@]} - 1; at >= 0; at--)); do
        kill "${pids[at]}" 2>/dev/null
        for _ in {1..100}; do kill -0 "${pids[at]}" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "${pids[at]}" 2>/dev/null
        wait "${pids[at]}" 2>/dev/null
    done
    if [ "$status" = 1 ]; then
        tail -n 15 "$dir"/log/* "$dir"/out/*.out >&2
    fi
    rm -rf "$dir"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

chmod 755 "$dir"
mkdir "$dir"/{munge,log,out,state,spool}
node=$(hostname -s) port=$((20000 + $$ % 10000))
# What this machine has, in the words of slurm.conf.
slurmd -C | sed -n 's/^NodeName=[^ ]* //p' >"$dir/hardware"
export SLURM_CONF=$dir/slurm.conf
cat >"$SLURM_CONF" <<CONF
ClusterName=try
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$(id -un)
AuthType=auth/munge
# What is queued again is held back for so long, two minutes if nothing is said.
AuthInfo=socket=$dir/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1
KillWait=5
MinJobAge=86400
NodeName=$node NodeAddr=127.0.0.1 $(sed 's/ *UpTime=.*//' "$dir/hardware")
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF

# until_ok SECONDS WHAT COMMAND…: waits for the command to succeed.
until_ok() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || fail "waited in vain for: $what"
        sleep 0.05
    done
}

dd if=/dev/urandom of="$dir/munge/key" bs=128 count=1 status=none
chmod 600 "$dir/munge/key"
munged --foreground --key-file="$dir/munge/key" --socket="$dir/munge/socket" --seed-file="$dir/munge/seed" \
    --pid-file="$dir/munge/pid" >"$dir/log/munged" 2>&1 &
pids+=($!)
until_ok 30 "munged" test -S "$dir/munge/socket"
slurmctld -D >"$dir/log/slurmctld" 2>&1 &
pids+=($!)
until_ok 30 "slurmctld" scontrol ping
slurmd -D >"$dir/log/slurmd" 2>&1 &
pids+=($!)
idle() { [ "$(sinfo --noheader --format=%T)" = idle ]; }
until_ok 60 "an idle node" idle
echo "$(sbatch --version) is up: $(sinfo --noheader --format='%D node, %c cores')"

# The commands of docs/cluster.md.
cd "$dir/out"
sweep=$(sbatch --parsable --array=1-$shards "$here/sweep.sbatch" $shards results "$@")
merge=$(sbatch --parsable --dependency=afterok:"$sweep" --kill-on-invalid-dep=yes \
    "$here/merge.sbatch" $shards results --format json)

# What Slurm says of a job.
field() { scontrol --oneliner show job "$1" | sed -n "s/^/ /; s/.* $2=\([^ ]*\).*/\1/p"; }
ended() { case $(field "$1" JobState) in PENDING | RUNNING | COMPLETING) false ;; esac }
# The first line says of which sweep the results are, then there is one a seed.
lines() { wc -l <"results/$1-of-$shards.jsonl"; }
under_way() { [ "$(lines "$1")" -gt 30 ] || ended "${sweep}_$1"; }
running() {
    [ "$(field "${sweep}_$1" JobState)" = RUNNING ] || fail "shard $1 was done too soon: more seeds, please"
}
# The simlab of a shard, next to which the script of its task runs.
program() {
    local pid
    for pid in $(scontrol listpids "$(field "${sweep}_$1" JobId)" | awk 'NR > 1 && $1 > 0 { print $1 }'); do
        if tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q "^$SIMLAB sweep "; then echo "$pid"; fi
    done
}
until_ok 120 "shard 1" under_way 1
running 1
kill -KILL "$(program 1)"
echo "shard 1: simlab killed after $(($(lines 1) - 1)) seeds"
until_ok 120 "shard 2" under_way 2
running 2
scontrol requeue "${sweep}_2"
echo "shard 2: queued again after $(($(lines 2) - 1)) seeds, as when a node fails"
until_ok 120 "shard 3" under_way 3
running 3
scancel --batch --signal=USR1 "${sweep}_3"
echo "shard 3: told after $(($(lines 3) - 1)) seeds that its time is up"

until_ok 600 "the merged report" ended "$merge"
for ((shard = 1; shard <= shards; shard++)); do
    echo "shard $shard: $(field "${sweep}_$shard" JobState) after $(field "${sweep}_$shard" Restarts) restarts"
done
echo "merge: $(field "$merge" JobState), exit status $(field "$merge" ExitCode)"
for shard in 1 2 3; do
    [ "$(field "${sweep}_$shard" Restarts)" = 1 ] || fail "shard $shard was not run again"
done
[ -e results/report ] || fail "there is no report"

one=0
"$SIMLAB" sweep "$@" --format json >one 2>/dev/null || one=$?
[ "$(field "$merge" ExitCode)" = "$one:0" ] || fail "the sweep in one piece has exit status $one"
python3 - one results/report <<'PYTHON'
import json, sys
one, merged = (json.load(open(path)) for path in sys.argv[1:])
for report in one, merged:
    for time in "wall_s", "runs_per_s":
        del report[time]
one, merged = (json.dumps(report, indent=1) for report in (one, merged))
if one != merged:
    sys.exit("the reports differ:\n" + one + "\n" + merged)
PYTHON
echo "the merged report is that of the sweep in one piece, apart from times"

# A mistake is not tried again, and what depends on it is cancelled.
bad=$(sbatch --parsable --array=1 "$here/sweep.sbatch" 1 bad no_such_scenario --seeds 0..10)
never=$(sbatch --parsable --dependency=afterok:"$bad" --kill-on-invalid-dep=yes "$here/merge.sbatch" 1 bad)
until_ok 120 "the end of a merge that cannot be" ended "$never"
echo "no such scenario: $(field "$bad" JobState) with $(field "$bad" ExitCode), merge $(field "$never" JobState)"
[ "$(field "$bad" ExitCode) $(field "$bad" Restarts) $(field "$never" JobState)" = "2:0 0 CANCELLED" ] ||
    fail "this should be 2:0 after 0 restarts, and CANCELLED"

# Who cancels a shard has it stopped.
long=$(sbatch --parsable --array=1 "$here/sweep.sbatch" 1 long kv_storm --seeds 0..1000000)
begun() { [ "$(wc -l <long/1-of-1.jsonl)" -gt 5 ]; }
until_ok 120 "a long shard" begun
scancel "${long}_1"
until_ok 60 "the end of a cancelled shard" ended "${long}_1"
# Longer than what is queued again is held back.
sleep 8
said=$(field "${long}_1" JobState)
echo "cancelled: $said after $(field "${long}_1" Restarts) restarts"
# Which of the two depends on who is first to tell Slurm, scancel or the task.
case $said in
    CANCELLED | FAILED) [ "$(field "${long}_1" Restarts)" = 0 ] || fail "it came back" ;;
    *) fail "this should be CANCELLED" ;;
esac
