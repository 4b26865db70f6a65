#!/usr/bin/env bash
# Workers that join a job which has begun, on its host and on one of their own, leave it, and die: every epoch trains the
# triples of one process, and nothing that was trained is lost with those who leave.
# usage: join_test.sh ATTUNE
set -euo pipefail
export LC_ALL=C.UTF-8
name=join_test
# shellcheck source=tests/integration/expect.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/expect.sh"

attune=$(realpath "$1")
faults=$(realpath "$(dirname -- "${BASH_SOURCE[0]}")/../fault")
work_apart

address() { sed -n 's/.*processes may join at \(.*\)$/\1/p' job.log; }
epochs() {
  local count
  count=$(grep -c '"event":"epoch"' run/metrics.jsonl 2>/dev/null) || true
  echo "${count:-0}"
}
# after_epochs N: N more epochs have passed.
after_epochs() {
  local until=$(($(epochs) + $1)) deadline=$((SECONDS + 60 * patience))
  until (($(epochs) >= until)); do
    ((SECONDS < deadline)) || fail "epochs do not go on: $(cat job.log)"
    sleep 0.05
  done
}
# The first epochs had the triples of one process; TRAFFIC: whether all that was sent must have been applied.
check_run() {
  python3 - "$1" >log 2>&1 <<'PYTHON' || fail "$(cat log)"
import json, sys
def digests(path):
    return [line["triples_digest"] for line in map(json.loads, open(path)) if line["event"] == "epoch"]
alone, job = digests("alone/metrics.jsonl"), digests("run/metrics.jsonl")
assert len(job) >= len(alone) and job[:len(alone)] == alone, (alone, job)
result = json.load(open("run/result.json"))
assert result["status"] == "interrupted" and result["exit_code"] == 4, result
traffic = result["traffic"]
assert sys.argv[1] == "lossy" or traffic["rows_sent"] == traffic["rows_applied"], traffic
assert traffic["messages_refused"] == 0, traffic
PYTHON
  "$attune" inspect model >log 2>&1 || fail "$(cat log)"
}

"$attune" synth --users 2000 --items 300 --interactions 40000 --seed 3 --out data >log 2>&1 || fail "$(cat log)"
settings=(--data data --dim 8 --threads 1 --overwrite --batch-triples 256 --evaluate-every 3 --evaluate-test)
"$attune" train "${settings[@]}" --epochs 5 --out alone-model --run alone --log-level warning >log 2>&1 || fail "$(cat log)"

# --- Two come and go, on the host of the job and on another, beside processes on one host and on two.
for layout in "-n 2" "-n 2 --hosts 2"; do
  for staleness in 0 8; do
    rm -rf run ./*.log
    # shellcheck disable=SC2086  # the layout is several words
    begin job "$attune" local $layout train "${settings[@]}" --epochs 1000000 --out model --run run --join 127.0.0.1:0 \
      --staleness "$staleness"
    job=$pid
    await "processes may join at .*[0-9]$" job.log
    home=$(sed 's/.*hosts.*/0/; t; s/.*//' <<<"$layout")
    begin near env ${home:+ATTUNE_PRETENDED_HOST=$home} "$attune" worker --join "$(address)"
    near=$pid
    begin far env ATTUNE_PRETENDED_HOST=far "$attune" worker --join "$(address)"
    far=$pid
    await "has joined the job" job.log 2
    after_epochs 3
    kill -TERM "$far"
    ends_with 0 "$far"
    after_epochs 2
    kill -TERM "$near"
    ends_with 0 "$near"
    [[ $(grep -c "has left the job" job.log) == 2 ]] || fail "not both have left: $(cat job.log)"
    after_epochs 2
    kill -INT "$job"
    ends_with 4 "$job"
    check_run "$layout"
  done
done

# --- Processes that the job began with are told to leave: one goes, the first of a host serves on.
rm -rf run ./*.log
begin job "$attune" local -n 4 --hosts 2 train "${settings[@]}" --epochs 1000000 --out model --run run
job=$pid
after_epochs 2
readarray -t ranks < <(pgrep -P "$job" | sort -n)
kill -TERM "${ranks[1]}" "${ranks[2]}"
await "has left the job" job.log
after_epochs 3
kill -INT "$job"
ends_with 4 "$job"
check_run "told to leave"

# --- One that joins a scheduler which was started with --join, with few rows on every host; it dies without a word.
rm -rf run ./*.log
begin job "$attune" scheduler "${settings[@]}" --epochs 1000000 --out model --run run --join 127.0.0.1:0 --processes 3 \
  --replica-memory 2KiB
job=$pid
await "processes may join at .*[0-9]$" job.log
begin server "$attune" server --join "$(address)"
begin worker "$attune" worker --join "$(address)"
after_epochs 1
expect 1 "only workers can join it now" "$attune" server --join "$(address)"
begin far env ATTUNE_PRETENDED_HOST=far "$attune" worker --join "$(address)"
far=$pid
await "has joined the job" job.log
after_epochs 2
kill -9 "$(pgrep -P "$far")" "$far"
await "was silent for too long" job.log
after_epochs 2
kill -INT "$job"
ends_with 4 "$job"
check_run lossy
# It can be resumed where nobody can join.
for layout in "" "local -n 2"; do
  # shellcheck disable=SC2086  # several words, or none
  expect 0 completed "$attune" $layout train --resume run --epochs $(($(epochs) + 1))
done

# --- The scheduler's node is killed: who has joined joins the next life, on the job's host and on its own, as others may; the
# job is complete in the end.
rm -rf run ./*.log
begin job "$attune" local -n 2 train "${settings[@]}" --epochs 1000000 --out model --run run --audit audit \
  --checkpoint-every 0.2s --join 127.0.0.1:0
job=$pid
await "processes may join at .*[0-9]$" job.log
begin near "$attune" worker --join "$(address)"
near=$pid
begin far env ATTUNE_PRETENDED_HOST=far "$attune" worker --join "$(address)"
far=$pid
await "has joined the job" job.log 2
after_epochs 2
kill -9 "$(pgrep -P "$(pgrep -P "$job" | sort -n | head -n 1)" | head -n 1)"
await "life 1 of the job" job.log
await "has joined the job" job.log 4
begin other env ATTUNE_PRETENDED_HOST=other "$attune" worker --join "$(address)"
other=$pid
await "has joined the job" job.log 5
after_epochs 2
kill -TERM "$far"
ends_with 0 "$far"
kill -INT "$job"
ends_with 4 "$job"
ends_with 4 "$near"
ends_with 4 "$other"
cp run/result.json before.json
expect 0 completed "$attune" train --resume run --epochs $(($(epochs) + 2))
python3 -B - "$faults" >log 2>&1 <<'PYTHON' || fail "$(cat log job.log)"
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
import checks
before, result = (json.load(open(path)) for path in ("before.json", "run/result.json"))
assert before["lives"]["ended"] == 1 and before["processes"]["joined"] == 5, before
assert before["staleness"]["milliseconds"]["max"] < 600_000, before["staleness"]
problems = checks.check_ledger("audit", checks.expected_ledger(pathlib.Path("data"), result["epochs"]))
assert not problems, problems
PYTHON

# --- Who is interrupted while it waits for the others says so; the others are told.
for signal in INT TERM; do
  rm -rf run ./*.log
  begin alone "$attune" worker --join 127.0.0.1:9 # nobody listens there
  await_heeded "$signal" "$pid"
  kill -"$signal" "$pid"
  ends_with 4 "$pid"
  await "interrupted while waiting to be let into the job" alone.log
  begin job "$attune" scheduler "${settings[@]}" --out other --join 127.0.0.1:0 --processes 4
  job=$pid
  await "processes may join at .*[0-9]$" job.log
  begin first "$attune" worker --join "$(address)"
  await "2 of 4 have come" job.log
  kill -"$signal" "$pid"
  ends_with 4 "$pid"
  await "interrupted while waiting for the other processes of the job" first.log
  begin second "$attune" worker --join "$(address)"
  second=$pid
  await "3 of 4 have come" job.log
  kill -"$signal" "$job"
  ends_with 4 "$job"
  await "error: interrupted while waiting for processes to join: . of 4 have come" job.log
  ends_with 1 "$second"
  await "interrupted while waiting for processes to join" second.log
done

# --- What cannot be is said.
expect 2 "--join cannot take effect in one process" "$attune" train "${settings[@]}" --out other --join 127.0.0.1:0
expect 2 "needs --processes" "$attune" scheduler "${settings[@]}" --out other --join 127.0.0.1:0
expect 2 "needs --secret-file" "$attune" local -n 2 train "${settings[@]}" --out other --join 0.0.0.0:0

# Those of this test work in its directory.
for process in $(find /proc/[0-9]*/cwd -lname "$work*" -printf '%h ' 2>/dev/null || true); do
  [[ $process == "/proc/$$" || ! -e $process/exe ]] || fail "a process is left: $(readlink "$process/exe")"
done
