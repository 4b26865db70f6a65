#!/usr/bin/env bash
# Hosts of their own (network namespaces) train together under mpirun: the same triples, much the same loss, also over slow
# links; what is wrong is said; nothing is left.
# usage: hosts_test.sh SOURCE_DIR ATTUNE DELAY_LINK    ends with 77 where there are no namespaces, or there is no mpirun
set -euo pipefail
export LC_ALL=C.UTF-8
# shellcheck source=tests/integration/patience.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/patience.sh"
export patience # scripts on hosts use it

namespaces=$(realpath "$1")/tests/cluster/namespaces.sh attune=$(realpath "$2") delay_link=$(realpath "$3")
faults=$(realpath "$1")/tests/fault
if ! command -v mpirun >/dev/null || [[ ! -e $(dirname "$attune")/attune_mpi.so ]]; then
  echo "hosts_test: no mpirun, or built without MPI: skipped"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export TMPDIR=$work

fail() {
  printf 'hosts_test: %s\n' "$1" >&2
  exit 1
}

# on_hosts SECONDS ARGUMENTS...: namespaces.sh; the number of its process, which its hosts are named after, goes to a file.
on_hosts() {
  local seconds=$1
  shift
  # shellcheck disable=SC2016  # the variables are those of the process that becomes namespaces.sh
  timeout "$seconds" bash -c 'echo $$ >>numbers; exec bash "$0" "$@"' "$namespaces" "$@" >out 2>&1
}

code=0
on_hosts 60 --hosts 1 -- true || code=$?
((code != 77)) || { cat out; exit 77; }
((code == 0)) || fail "no hosts: $(cat out)"

# expect CODE TEXT COMMAND...: the command ends with CODE, and says TEXT.
expect() {
  local code=$1 text=$2 got=0
  shift 2
  on_hosts $((120 * patience)) "$@" || got=$?
  [[ $got == "$code" ]] || fail "expected exit code $code, got $got: $* -- $(cat out)"
  [[ $(cat out) == *"$text"* ]] || fail "expected '$text': $* -- $(cat out)"
}

"$attune" synth --users 2000 --items 300 --interactions 40000 --seed 3 --out data >log 2>&1 || fail "$(cat log)"
train=("$attune" train --data data --dim 8 --threads 1 --overwrite --log-level warning --batch-triples 256 --epochs 4
  --evaluate-every 2 --evaluate-test --json)
"${train[@]}" --out alone >out 2>log || fail "$(cat log)"

# same_as_alone MODEL: what a job with hosts printed and made is what one process makes.
same_as_alone() {
  "$attune" inspect "$1" >log 2>&1 || fail "$1: $(cat log)"
  python3 - "$1" 2>log <<'PYTHON' || fail "$1: $(cat log)"
import json, sys
summary = json.loads([line for line in open("out") if line.startswith("{")][-1])
traffic = summary["traffic"]
assert traffic["rows_sent"] == traffic["rows_applied"] > 0, traffic
assert traffic["messages_refused"] == traffic["connections_refused"] == 0, traffic
one, many = (json.load(open(name + "/manifest.json"))["provenance"] for name in ("alone", sys.argv[1]))
assert one["triples_digest"] == many["triples_digest"], (one, many)
assert abs(one["loss"] - many["loss"]) < 0.1 * one["loss"], (one, many)
PYTHON
}

for staleness in 0 8 -1; do
  expect 0 '"status":"completed"' --hosts 3 -- mpirun -n 3 "${train[@]}" --out model --staleness "$staleness"
  same_as_alone model
done
expect 0 '"status":"completed"' --hosts 2 --slots 2 -- mpirun -n 4 "${train[@]}" --out model --staleness 8
same_as_alone model
expect 0 '"status":"completed"' --hosts 3 -- mpirun -n 3 "${train[@]}" --out model --placement dedicated --servers 1 \
  --replica-memory 2KiB
same_as_alone model
expect 0 '"status":"completed"' --hosts 3 --rate 1gbit --delay 10 --delay-link "$delay_link" -- \
  mpirun -n 3 "${train[@]}" --out model --staleness 32
same_as_alone model

expect 0 "--insecure: processes talk without keys" --hosts 2 -- mpirun -n 2 "${train[@]}" --out model --insecure
same_as_alone model

expect 0 "median of 3 pairs" --hosts 3 -- mpirun -n 3 "$attune" doctor --data data --out model

# Two jobs at once; two mpirun would make the same directory at once.
mkdir other
# shellcheck disable=SC2016  # $PWD is that of the shell on the host
timeout $((120 * patience)) bash "$namespaces" --hosts 2 -- bash -c 'OMPI_MCA_orte_tmpdir_base=$PWD/other mpirun -n 2 "$@" --out first >first.out 2>&1 &
  mpirun -n 2 "$@" --out second && wait $!' jobs "${train[@]}" --staleness 8 >out 2>&1 || fail "two jobs: $(cat out first.out)"
same_as_alone second
cp first.out out
same_as_alone first

# A worker on a third host joins while two train, and leaves; one with another secret is told so.
cat >join.sh <<'SCRIPT'
set -euo pipefail
await() {
  local deadline=$((SECONDS + 60 * patience))
  until grep -q -- "$1" "$2" 2>/dev/null; do
    ((SECONDS < deadline)) || { echo "'$1' was not said: $(cat "$2")"; exit 1; }
    sleep 0.05
  done
}
epochs() {
  local count
  count=$(grep -c '"event":"epoch"' joined/metrics.jsonl 2>/dev/null) || true
  echo "${count:-0}"
}
after_epochs() {
  local until=$(($(epochs) + $1)) deadline=$((SECONDS + 60 * patience))
  until (($(epochs) >= until)); do
    ((SECONDS < deadline)) || { echo "epochs do not go on: $(cat join.out)"; exit 1; }
    sleep 0.05
  done
}
read -ra hosts <<<"$HOSTS"
(umask 077; head -c 32 /dev/urandom | base64 >secret; head -c 32 /dev/urandom | base64 >other-secret)
address=${hosts[0]}:7700
train=("$@")
for n in "${!train[@]}"; do [[ ${train[n]} != --epochs ]] || train[n + 1]=1000000; done
mpirun -n 2 "${train[@]}" --out model --run joined --join "$address" --secret-file secret >join.out 2>&1 &
job=$!
on_third() { exec "$OMPI_MCA_plm_rsh_agent" "${hosts[2]}" "cd $PWD && exec $(printf '%q ' "$@")"; }
(on_third "$1" worker --join "$address" --secret-file other-secret) >other.out 2>&1 && { echo "another secret was taken"; exit 1; }
grep -q "another secret" other.out || { cat other.out; exit 1; }
on_third "$1" worker --join "$address" --secret-file secret >late.out 2>&1 &
late=$!
await "has joined the job" join.out
after_epochs 3
kill -TERM "$late"
wait "$late" || { echo "the late worker ended with $?: $(cat late.out join.out)"; exit 1; }
await "has left the job" join.out
after_epochs 2
kill -TERM "$(pgrep -x -P "$job" attune)"
code=0
wait "$job" || code=$?
[[ $code == 4 ]] || { echo "expected exit code 4, got $code: $(cat join.out)"; exit 1; }
grep '"status"' join.out
SCRIPT
expect 0 '"status":"interrupted"' --hosts 3 -- bash join.sh "${train[@]}" --staleness 8
python3 - 2>log <<'PYTHON' || fail "joined: $(cat log)"
import json
result = json.load(open("joined/result.json"))
assert result["processes"]["joined"] == result["processes"]["left"] == 1, result["processes"]
assert result["processes"]["died"] == result["processes"]["lost_slices"] == 0, result["processes"]
assert result["traffic"]["rows_sent"] == result["traffic"]["rows_applied"], result["traffic"]
assert result["traffic"]["messages_refused"] == 0, result["traffic"]
# The one with another secret, who has tried several times.
assert result["traffic"]["connections_refused"] > 0, result["traffic"]
refused = [line for line in open("join.out") if "refused: connections from" in line]
assert refused and all("a handshake that is wrong" in line for line in refused), refused
# Told of once, and once more at most if it was gone before its address was looked at.
assert len(refused) <= 2 and sum("not known" not in line for line in refused) <= 1, refused
PYTHON

# The first process of the second host is killed: the job begins again from its newest checkpoint, mpirun goes on, and every
# positive of every user is trained once an epoch.
cat >lives.sh <<'SCRIPT'
set -euo pipefail
train=("$@")
for n in "${!train[@]}"; do [[ ${train[n]} != --epochs ]] || train[n + 1]=100; done
mpirun -n 4 "${train[@]}" --out model --run lives --audit audit --checkpoint-every 0.2s >lives.out 2>&1 &
job=$!
deadline=$((SECONDS + 60 * patience))
until grep -q '"event":"checkpoint"' lives/metrics.jsonl 2>/dev/null; do
  ((SECONDS < deadline)) || { echo "no checkpoint: $(cat lives.out)"; exit 1; }
  sleep 0.01
done
for process in $(find /proc/[0-9]*/cwd -lname "$PWD" -printf '%h ' 2>/dev/null || true); do
  grep -qxz "OMPI_COMM_WORLD_RANK=2" "$process/environ" 2>/dev/null || continue
  killed=$(pgrep -P "${process#/proc/}")
  kill -9 "$killed"
done
[[ -n ${killed:-} ]] || { echo "there is no node of rank 2: $(cat lives.out)"; exit 1; }
code=0
wait "$job" || code=$?
cat lives.out
exit "$code"
SCRIPT
expect 0 '"status":"completed"' --hosts 2 --slots 2 -- bash lives.sh "${train[@]}"
python3 -B - "$faults" >log 2>&1 <<'PYTHON' || fail "lives: $(cat log out)"
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
import checks
result = json.load(open("lives/result.json"))
assert result["lives"]["ended"] == 1 and result["processes"]["died"] == 1, result
problems = checks.check_ledger("audit", checks.expected_ledger(pathlib.Path("data"), 100))
assert not problems, problems
PYTHON

# A network that not all have, and a host without the data.
expect 2 "nowhere0" --hosts 2 -- mpirun -n 2 "${train[@]}" --out model --interface nowhere0
# shellcheck disable=SC2016  # the variable is the rank's
expect 3 "not a directory" --hosts 2 -- mpirun -n 2 bash -c \
  '[[ $OMPI_COMM_WORLD_RANK == 0 ]] || cd other; exec "$@"' train "${train[@]}" --out model

# Hosts that have a share of the processors each.
code=0
on_hosts 60 --hosts 2 --processors 0.5 -- mpirun -n 2 cat /proc/self/cgroup || code=$?
if ((code == 77)); then
  cat out
else
  number=$(tail -n 1 numbers)
  [[ $code == 0 && $(cat out) == *"/at$number-1"* && $(cat out) == *"/at$number-2"* ]] || fail "hosts have no share each: $(cat out)"
fi

while read -r number; do
  [[ -z $(ip netns list | grep "^at$number-" || true) ]] || fail "namespaces are left: $(ip netns list)"
  [[ -z $(find /sys/fs/cgroup -name "at$number-*" 2>/dev/null) ]] || fail "control groups are left"
done <numbers
[[ -z $(find /dev/shm -name '*attune*' 2>/dev/null) ]] || fail "shared memory is left"
echo "hosts_test: hosts with addresses of their own train the triples of one process"
