#!/usr/bin/env bash
# Several processes train together, on one host and as if on several: the same model, honest exit codes, nothing
# left behind.
# usage: local_ranks_test.sh ATTUNE
set -euo pipefail
export LC_ALL=C.UTF-8
name=local_ranks_test
# shellcheck source=tests/integration/expect.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/expect.sh"

attune=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# train_in NAME COMMAND...: trains, and adds digest of the triples and loss to the file "models". What was sent must have
# been applied; the ledger of all processes must hold every positive of every user once in each epoch.
train_in() {
  local name=$1
  shift
  rm -rf ledger
  expect 0 '"status":"completed"' "$@"
  "$attune" inspect model >log 2>&1 || fail "$name: $(cat log)"
  python3 - >>models 2>log <<'PYTHON' || fail "$name: $(cat log)"
import array, collections, glob, json
def numbers(path, kind):
    content = open(path, "rb").read()
    return array.array(kind, content[10 + int.from_bytes(content[8:10], "little"):])
expected = {}
for path in glob.glob("data/train/slice-*"):
    users, ends = numbers(path + "/users.npy", "I"), numbers(path + "/indptr.npy", "Q")
    expected |= {user: after - before for user, before, after in zip(users, ends, ends[1:])}
trained = collections.Counter()
for path in glob.glob("ledger/*.tsv"):
    for line in open(path):
        epoch, _, _, user, triples = map(int, line.split())
        trained[epoch, user] += triples
assert trained == {(epoch, user): n for epoch in range(1, 5) for user, n in expected.items()}, "ledger"
summary = json.loads(open("out").read().splitlines()[-1])
traffic = summary.get("traffic", {"rows_sent": 0, "rows_applied": 0, "messages_refused": 0})
assert traffic["rows_sent"] == traffic["rows_applied"], traffic
assert traffic["messages_refused"] == 0, traffic
made = json.load(open("model/manifest.json"))["provenance"]
print(made["triples_digest"], made["loss"])
PYTHON
}

"$attune" synth --users 2000 --items 300 --interactions 40000 --seed 3 --out data >log 2>&1 || fail "$(cat log)"
train=(train --data data --dim 8 --threads 1 --overwrite --log-level warning)

# The same triples and much the same model in every layout.
run=(--batch-triples 256 --epochs 4 --evaluate-every 2 --evaluate-test --out model --json --audit ledger)
train_in "one process" "$attune" "${train[@]}" "${run[@]}"
for layout in "-n 1" "-n 3" "-n 3 --hosts 3" "-n 4 --hosts 2"; do
  for staleness in 0 8 -1; do
    # shellcheck disable=SC2086  # the layout is several words
    train_in "$layout" "$attune" local $layout "${train[@]}" "${run[@]}" --staleness "$staleness"
  done
done

# Also where servers do not train, and where few items or none have rows on every host.
for layout in "-n 4 --hosts 2" "-n 3 --hosts 3" "-n 3"; do
  for memory in 2KiB 0 ""; do
    # shellcheck disable=SC2086
    train_in "$layout, dedicated server" "$attune" local $layout "${train[@]}" "${run[@]}" \
      --placement dedicated --servers 1 ${memory:+--replica-memory $memory}
  done
  for staleness in 0 8 -1; do
    # shellcheck disable=SC2086
    train_in "$layout, few replicas" "$attune" local $layout "${train[@]}" "${run[@]}" \
      --replica-memory 2KiB --staleness "$staleness"
  done
done
# Batches of other shapes, with rows that are brought for them: gradients by row, positives drawn with replacement.
for sampling in permuted bootstrap; do
  expect 0 '"status":"completed"' "$attune" local -n 3 --hosts 3 "${train[@]}" --out model --json --batch-triples 2048 --epochs 2 \
    --replica-memory 1 --update batch --reduction mean --sampling "$sampling"
done
python3 - models 2>log <<'PYTHON' || fail "$(cat log)"
import sys
runs = [line.split() for line in open(sys.argv[1])]
assert len({digest for digest, _ in runs}) == 1, runs
losses = [float(loss) for _, loss in runs]
assert max(losses) < 1.1 * min(losses), losses
PYTHON

# What a rank finds wrong is said once, with its exit code.
expect 3 "nowhere: not a directory" "$attune" local -n 3 train --data nowhere --out other
expect 2 "exists already" "$attune" local -n 2 train --data data --out model
expect 2 "--triples cannot take effect" "$attune" local -n 2 train --data data --triples log --out other
expect 2 "there are 3 processes, and at least one must be a worker" \
  "$attune" local -n 3 "${train[@]}" --out other --placement dedicated --servers 3
expect 2 "a job with roles has one scheduler" "$attune" local -n 2 worker
expect 2 "no scheduler" "$attune" server
expect 2 "there are only 2 ranks" "$attune" local -n 2 --hosts 3 "${train[@]}" --out other
expect 2 "expected a whole number" "$attune" local -n two "${train[@]}" --out other

# --dry-run is one document, of rank 0, with the memory of each host; for people, the settings once and a table.
for layout in "-n 2" "-n 3 --hosts 3"; do
  # shellcheck disable=SC2086
  "$attune" local $layout "${train[@]}" --out dry --dry-run --json >out 2>log || fail "$(cat log)"
  python3 - "${layout##* }" 2>log <<'PYTHON' || fail "$layout --dry-run --json: $(cat log)"
import json, sys
read = json.load(open("out"))
assert read["settings"]["dim"] == 8, read
memory, hosts = read["memory"], read["memory"]["hosts"]
assert len(hosts) == (3 if sys.argv[1] == "3" else 1), hosts
assert memory["total_bytes"] == sum(host["total_bytes"] for host in hosts) == sum(memory["parts"].values()), memory
PYTHON
  # shellcheck disable=SC2086
  expect 0 "tables with optimizer state" "$attune" local $layout "${train[@]}" --out dry --dry-run
  [[ $(grep -c '"dim"' out) == 1 ]] || fail "the settings were not printed once: $(cat out)"
done

# What --dry-run says of memory is what is taken, in every layout (at most 8 % off on Gowalla), by jobs that are long enough to
# have all of it at the same time. memory LAYOUT EVALUATE
memory() {
  local job=("$attune")
  # shellcheck disable=SC2206
  [[ -z $1 ]] || job+=($1)
  job+=(train --data large --out dry --overwrite --threads 1 --dim 64 --epochs 10 --evaluate-every "$2" --json)
  { "${job[@]}" --dry-run && "${job[@]}"; } >out 2>log || fail "$(cat log)"
  if [[ -n ${ATTUNE_SANITIZED:-} ]]; then return; fi # which takes memory of its own
  python3 - 2>log <<'PYTHON' || fail "$1, evaluation $2: $(tail -n 1 log)"
import json
stated, took = [json.loads(line) for line in open("out")]
stated, took = stated["memory"]["total_bytes"], took["peak_memory_bytes"]
assert 0.8 < stated / took < 1.3, (stated, took, stated / took)
PYTHON
}
"$attune" synth --users 10000 --items 20000 --interactions 300000 --validation latest --out large >log 2>&1 ||
  fail "$(cat log)"
for layout in "" "local -n 2" "local -n 3 --hosts 3"; do
  for evaluate in 0 2; do memory "$layout" "$evaluate"; done
done

# A worker that is killed is started again; the job goes on, and the epoch is whole.
"$attune" local -n 3 "${train[@]}" --epochs 300 --evaluate-every 0 --out killed >out 2>&1 &
launcher=$!
deadline=$((SECONDS + 30 * patience))
until [[ -n $(pgrep -P "$(pgrep -P $launcher | sed -n 3p)" 2>/dev/null) ]]; do
  ((SECONDS < deadline)) || fail "the third rank has not started its node"
done
kill -9 "$(pgrep -P "$(pgrep -P $launcher | sed -n 3p)")"
wait $launcher || fail "the job did not survive a worker: $(cat out)"
[[ $(cat out) == *"it is started again"* ]] || fail "nobody said that the worker was started again: $(cat out)"

# An interrupt ends the job as one process would: what was reached is saved.
"$attune" local -n 3 "${train[@]}" --epochs 1000000 --evaluate-every 0 --out interrupted --run run >out 2>&1 &
launcher=$!
deadline=$((SECONDS + 30 * patience))
until [[ -s run/metrics.jsonl && $(wc -l <run/metrics.jsonl) -gt 2 ]]; do
  ((SECONDS < deadline)) || fail "training has not begun: $(cat out)"
done
kill -INT $launcher
code=0
wait $launcher || code=$?
[[ $code == 4 ]] || fail "expected exit code 4 after an interrupt, got $code: $(cat out)"
expect 2 "record of an earlier run" "$attune" local -n 3 train --data data --out again --run run
"$attune" inspect interrupted >log 2>&1 || fail "$(cat log)"

# Those of this test work in its directory.
for process in $(find /proc/[0-9]*/cwd -lname "$work*" -printf '%h ' 2>/dev/null || true); do
  [[ $process == "/proc/$$" || ! -e $process/exe ]] || fail "a process is left: $(readlink "$process/exe")"
done
