#!/usr/bin/env bash
# A job whose scheduler or rows are lost begins again from its newest checkpoint, while its agents go on: its next life.
# Killed and stopped processes of every kind; what it must not do: go on without a run, for ever, or after its end.
# usage: lives_test.sh ATTUNE
set -euo pipefail
export LC_ALL=C.UTF-8
name=lives_test
# shellcheck source=tests/integration/expect.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/expect.sh"

attune=$(realpath "$1")
faults=$(realpath "$(dirname -- "${BASH_SOURCE[0]}")/../fault")
work_apart

epochs=80
"$attune" synth --out data --users 2000 --items 500 --interactions 60000 --slices 48 --validation latest >log 2>&1 ||
  fail "$(cat log)"
train=(--data data --threads 1 --evaluate-every 10 --batch-triples 1024 --log-level warning)

# start NAME LAYOUT... -- ARGUMENTS...: a job in the background; its process is in pid.
start() {
  local job=$1 layout=()
  shift
  while [[ $1 != -- ]]; do
    layout+=("$1")
    shift
  done
  shift
  begin "$job" "$attune" local "${layout[@]}" train "${train[@]}" --dim "${dim_of:-16}" --epochs "${epochs_of:-$epochs}" --out "$job.model" "$@"
}
await_checkpoints() { await '"event":"checkpoint"' "$1.run/metrics.jsonl" "$2"; }
# node RANK: the process of the job that trains; none while it is being replaced.
node() {
  local agents
  mapfile -t agents < <(pgrep -P "$pid" | sort -n)
  [[ -z ${agents[$1]:-} ]] || pgrep -P "${agents[$1]}" | head -n 1 || true
}
# hurt SIGNAL RANK
hurt() {
  local deadline=$((SECONDS + 20 * patience)) victim
  until victim=$(node "$2") && [[ -n $victim ]] && kill "-$1" "$victim" 2>/dev/null; do
    ((SECONDS < deadline)) || fail "there is no node of rank $2"
    sleep 0.01
  done
}
# completes NAME LIVES: it ends well, after so many lives that have ended early, and has trained each positive once an epoch.
completes() {
  ends_with 0 "$pid"
  python3 -B - "$faults" "$1" "$2" "$epochs" <<'PYTHON' || fail "$1: $(cat "$1.log")"
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
import checks
name, lives, epochs = sys.argv[2], sys.argv[3], int(sys.argv[4])
result = json.loads(pathlib.Path(name + ".run/result.json").read_text())
ended = result.get("lives", {}).get("ended", 0)
problems = checks.check_ledger(name + ".audit", checks.expected_ledger(pathlib.Path("data"), epochs))
problems += checks.check_leftovers(pathlib.Path(name + ".run"), [])
if result["status"] != "completed" or result["epochs"] != epochs or str(ended) not in lives.split("|"):
    problems.append(f"{result['status']} after {result['epochs']} epochs and {ended} lives that ended, expected {lives}")
if ended and result["processes"]["died"] < ended:
    problems.append(f"{result['processes']}")
sys.exit("\n".join(problems) or 0)
PYTHON
}
kept=(--checkpoint-every 0.05s)

# The scheduler's process, on one host and on several, twice.
for layout in "-n 2" "-n 3 --hosts 3"; do
  job="scheduler${layout//[ -]/}"
  # shellcheck disable=SC2086  # several words
  start "$job" $layout -- --run "$job.run" --audit "$job.audit" "${kept[@]}"
  await_checkpoints "$job" 1
  hurt KILL 0
  await_checkpoints "$job" 3
  hurt KILL 0
  completes "$job" 2
done

# The first process of another host; with it the scheduler's; dedicated servers.
start owner -n 4 --hosts 2 -- --run owner.run --audit owner.audit "${kept[@]}"
await_checkpoints owner 1
hurt KILL 2
completes owner 1
start both -n 4 --hosts 2 -- --run both.run --audit both.audit "${kept[@]}"
await_checkpoints both 1
hurt KILL 2
hurt KILL 0
hurt KILL 3
completes both "1|2"
start server -n 3 --hosts 3 -- --run server.run --audit server.audit "${kept[@]}" --placement dedicated --servers 2
await_checkpoints server 1
hurt KILL 1
completes server 1

# Two lives end before another process has begun the first of them: it goes on with the newest.
start behind -n 2 -- --run behind.run --audit behind.audit "${kept[@]}"
await_checkpoints behind 1
mapfile -t agents < <(pgrep -P "$pid" | sort -n)
follower=$(node 1)
kill -STOP "${agents[1]}"
hurt KILL 0
deadline=$((SECONDS + 60 * patience))
until [[ $(ps -o state= -p "$follower") == Z* ]]; do # it was told of the next life
  ((SECONDS < deadline)) || fail "it was not told of the next life: $(cat behind.log)"
  sleep 0.05
done
hurt KILL 0
kill -CONT "${agents[1]}"
completes behind 2
[[ $(cat behind.log) != *"has not come"* ]] || fail "it went on without the other process: $(cat behind.log)"

# Before the first checkpoint it begins anew.
start early -n 2 -- --run early.run --audit early.audit --checkpoint-every never
await '"event":"epoch"' early.run/metrics.jsonl
hurt KILL 0
completes early 1

# One that ends before it has taken the run's directory begins again as it was told to: with nothing of the run that it
# replaces, and from the checkpoint that was named, though there are newer ones.
start replaced -n 2 -- --run replaced.run --audit replaced.audit "${kept[@]}"
completes replaced 0
rm -r replaced.model
start replaced -n 2 -- --run replaced.run --audit replaced.audit "${kept[@]}" --overwrite --seed 2
hurt KILL 0
completes replaced 1
mapfile -t whole < <(find replaced.run/checkpoints -regex '.*/[0-9]*' | sort)
((${#whole[@]} == 2)) || fail "two checkpoints were expected: ${whole[*]}"
begin replaced "$attune" local -n 2 train --resume "${whole[0]}" --epochs "$epochs"
hurt KILL 0
completes replaced 1
[[ -e ${whole[1]}.unused ]] || fail "it went on from another than ${whole[0]}: $(ls replaced.run/checkpoints)"

# Where no checkpoint is whole it begins anew, and takes nothing from them.
start damaged -n 2 -- --run damaged.run --audit damaged.audit "${kept[@]}"
await_checkpoints damaged 2
victim=$(node 0)
kill -STOP "$victim"
for file in damaged.run/checkpoints/*/users/*.npy; do printf x | dd of="$file" bs=1 seek=200 conv=notrunc status=none; done
kill -KILL "$victim"
completes damaged 1
[[ -n $(find damaged.run/checkpoints -name '*.unused') ]] || fail "damaged checkpoints are still there: $(cat damaged.log)"

# There is room for one set of tables only: those before go first.
if small_disk 20M; then
  epochs=40 dim_of=256 start room -n 2 -- --run room.run --audit room.audit "${kept[@]}" --shm-dir small
  await_checkpoints room 1
  read -r used free < <(df --output=used,avail small | tail -n 1)
  ((used > free)) || fail "there is room for two: $used and $free KiB"
  hurt KILL 0
  epochs=40 completes room 1
else
  echo "$name: skipped: a small file system, which takes a mount"
fi

# An owner that stands still for longer than silence may last, and then goes on: there are never two.
start still -n 3 --hosts 3 -- --run still.run --audit still.audit "${kept[@]}"
await_checkpoints still 1
victim=$(node 1)
kill -STOP "$victim"
await "begins again" still.log
kill -CONT "$victim"
completes still 1

# The scheduler's process is killed when the model gets its name, and when the result is there: what is made once is not made
# again by halves, and what is over stays over.
for sign in last.model/manifest.json last.run/result.json; do
  for seed in 1 2 3; do
    rm -rf last.*
    epochs=30 start last -n 3 --hosts 2 -- --run last.run --audit last.audit "${kept[@]}" --seed "$seed"
    await_checkpoints last 1
    victim=$(node 0)
    until [[ -e $sign ]]; do
      kill -0 "$pid" 2>/dev/null || fail "it ended without $sign: $(cat last.log)"
      sleep 0.001
    done
    kill -9 "$victim" 2>/dev/null || true # it may be over
    epochs=30 completes last "0|1"
    expect 0 "verified" "$attune" inspect last.model
  done
done

# Without a run there is nothing to go on from.
epochs_of=1000 start bare -n 2 --
hurt KILL 0
code=0
wait "$pid" || code=$?
[[ $code == 1 && $(cat bare.log) == *"with --run"* ]] || fail "without a run it ended with $code: $(cat bare.log)"

# One that cannot go on is not tried for ever.
epochs_of=100000 start stuck -n 2 -- --run stuck.run --checkpoint-every never
deadline=$((SECONDS + 120 * patience))
while kill -0 "$pid" 2>/dev/null; do
  ((SECONDS < deadline)) || fail "it is tried for ever: $(cat stuck.log)"
  victim=$(node 0)
  [[ -z $victim ]] || kill -9 "$victim" 2>/dev/null || true
  sleep 0.2
done
code=0
wait "$pid" || code=$?
[[ $code == 1 && $(cat stuck.log) == *"its process"* ]] || fail "it ended with $code: $(cat stuck.log)"
grep -q '"status": "failed"' stuck.run/result.json || fail "its result does not say that it has failed"

# Told to end while a life begins, it ends, and can be resumed.
start told -n 2 -- --run told.run --audit told.audit "${kept[@]}"
await_checkpoints told 1
hurt KILL 0
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
[[ $code == 4 ]] || fail "told to end, it ended with $code: $(cat told.log)"
expect 0 completed "$attune" train --resume told.run
echo "$name: passed"
