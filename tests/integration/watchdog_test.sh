#!/usr/bin/env bash
# A process that cannot get on says what each of its threads waits for, by itself and when it is asked; one that can says
# nothing.
# usage: watchdog_test.sh ATTUNE
set -euo pipefail
export LC_ALL=C.UTF-8
name=watchdog_test
# shellcheck source=tests/integration/expect.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/expect.sh"

attune=$(realpath "$1")
work=$(mktemp -d)
started=()
cleanup() {
  for pid in "${started[@]}"; do kill -CONT "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

# await TEXT FILE [N]: until N lines of the file have the text; fails when the job has ended before.
await() {
  local deadline=$((SECONDS + 60 * patience)) count=0
  while true; do
    count=$(grep -c -- "$1" "$2" 2>/dev/null) || true
    ((${count:-0} < ${3:-1})) || return 0
    ((SECONDS < deadline)) || fail "no '$1' in time: $(cat out)"
    kill -0 "$job" 2>/dev/null || fail "the job has ended without '$1': $(cat out)"
    sleep 0.02
  done
}
# begin COMMAND...: in the background; its process is in job.
begin() {
  "$@" >out 2>&1 &
  job=$!
  started+=("$job")
}
# The node of rank N: the child of its agent, which is the launcher's.
node_of() {
  pgrep -P "$(pgrep -P "$job" | sort -n | sed -n "$(($1 + 1))p")" | head -n 1
}
# end: tells the job to end, which saves what it has.
end() {
  local code=0
  kill -TERM "$job"
  wait "$job" || code=$?
  [[ $code == 4 ]] || fail "told to end, it ended with $code: $(cat out)"
}

"$attune" synth --users 2000 --items 300 --interactions 100000 --slices 48 --seed 3 --out data >log 2>&1 || fail "$(cat log)"
train=(train --data data --dim 8 --threads 1 --overwrite --log-level warning --batch-triples 128 --epochs 1000000
  --evaluate-every 0)

# One of two hosts stands still: the other's worker waits at the gate, and says so. The scheduler says who has leases.
begin "$attune" local -n 2 --hosts 2 "${train[@]}" --out model --run run --staleness 1 --stuck-after 1
await '"event":"epoch"' run/metrics.jsonl 1
stopped=$(node_of 1)
started+=("$stopped")
# One that stops between two epochs keeps nobody at the gate: it is tried again, before it is declared dead.
for ((tries = 0; tries < 10; ++tries)); do
  kill -STOP "$stopped"
  stop=$((SECONDS + 5))
  until grep -q "worker 0: waits at the gate: clock" out || ((SECONDS >= stop)); do sleep 0.02; done
  kill -CONT "$stopped"
  grep -q "worker 0: waits at the gate: clock" out && break
  before=$(grep -c '"event":"epoch"' run/metrics.jsonl)
  await '"event":"epoch"' run/metrics.jsonl $((before + 1))
done
python3 - 2>log <<'PYTHON' || fail "the report: $(cat log out)"
import re
text = open("out").read()
reports = [one for one in re.split(r"(?m)^\d{4}-", text) if "waits at the gate" in one]
report = reports[0]
assert re.search(r"W does not get on: .*its work for \d+ s", report), report
assert re.search(r"rank 0 \(.*\), node 0, pid \d+, working: round \d+ \(train, epoch \d+\), generation \d+; leases: \d+ held, 1 threads busy", report), report
assert re.search(r"scheduler: round \d+ \(train, epoch \d+\): \d+ of \d+ leases are done, \d+ are out", report), report
assert re.search(r"scheduler: node 1, rank 1 \(.*\), pid \d+: has \d+ leases?; heard \d+\.\d s ago", report), report
assert re.search(r"worker 0: waits at the gate: clock \d+, rows here are of clock \d+, bound 1, for \d+\.\d s; within: trains slice \d+ of epoch \d+, for", report), report
assert re.search(r"network: moves messages", report), report
assert re.search(r"job: waits for round \d+ \(train, epoch \d+\): \d+ of \d+ parts are done", report), report
PYTHON

# It goes on when the other does; asked, all say where they are.
before=$(grep -c '"event":"epoch"' run/metrics.jsonl)
await '"event":"epoch"' run/metrics.jsonl $((before + 2))
kill -USR2 "$job"
await "asked where it is" out 2
await "node 1, pid .* working: " out
end

# Also one process, which has said nothing while it got on.
begin "$attune" "${train[@]}" --out model --run alone --stuck-after 5
await '"event":"epoch"' alone/metrics.jsonl 2
kill -USR2 "$job"
await "one process, pid" out
await "worker 0: \(trains slice [0-9]* of epoch\|has no lease\)" out
end
[[ $(cat out) != *"does not get on"* ]] || fail "it said that it does not get on: $(cat out)"
echo "$name: passed"
