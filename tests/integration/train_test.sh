#!/usr/bin/env bash
# Trains, interrupts and damages real jobs with the built program.
#
# usage: train_test.sh ATTUNE SOURCE_DIR
set -euo pipefail
export LC_ALL=C.UTF-8
name=train_test
# shellcheck source=tests/integration/expect.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/expect.sh"

attune=$(realpath "$1")
log=$(realpath "$2")/launch/demo/data/interactions.tsv.gz
work_apart

same_model() {
  local file
  for file in U.npy V.npy P.npy theta/W1u.npy theta/W1v.npy theta/W1p.npy theta/b1.npy theta/w1.npy; do
    cmp -s "$1/$file" "$2/$file" || return 1
  done
}

expect 0 "" "$attune" prepare --input "$log" --split latest --validation latest --out data

# The same command runs everywhere: settings of a cluster are told, not refused.
expect 0 "one process: these settings have no effect: --staleness, --interface" \
  "$attune" train --data data --out inert --dim 4 --epochs 1 --staleness 3 --interface eth0

# One thread: bit for bit the same model, whatever the run directory; another seed differs.
expect 0 "" "$attune" train --data data --out a --dim 20 --epochs 3 --threads 1
expect 0 "" "$attune" train --data data --out b --dim 20 --epochs 3 --threads 1 --run run
expect 0 "" "$attune" train --data data --out c --dim 20 --epochs 3 --threads 1 --seed 2
same_model a b || fail "one thread is not reproducible"
same_model a c && fail "another seed gives the same model"
grep -q '"status": "completed"' run/result.json || fail "result.json"
[[ $(grep -c '"event":"epoch"' run/metrics.jsonl) == 3 ]] || fail "metrics.jsonl lacks epochs"

# The same triples for any number of threads.
for threads in 1 2 5; do
  "$attune" train --data data --out t --overwrite --epochs 2 --threads $threads --evaluate-every 0 --json 2>/dev/null |
    grep -o '"triples":[0-9]*'
done | sort -u >counts
[[ $(wc -l <counts) == 1 ]] || fail "threads change the number of triples"

# An output directory is replaced only when told to.
expect 2 "pass --overwrite" "$attune" train --data data --out a --epochs 1
[[ ! -e .a.attune-part ]] || fail ".a.attune-part was left"

# A signal ends the run after the current visits, with the model saved and exit code 4.
begin stopped "$attune" train --data data --out stopped --run stoprun --epochs 1000000 --evaluate-every 0
await '"event":"epoch"' stoprun/metrics.jsonl
kill -TERM "$pid"
ends_with 4 "$pid"
expect 0 "" "$attune" inspect stopped
grep -q '"status": "interrupted"' stoprun/result.json || fail "result.json of an interrupted run"

# Divergence is said, with the setting to change; nothing appears under the final name.
expect 1 "Lower lr" "$attune" train --data data --out diverged --lr 90 --epochs 20 --item-attention none --l2 0
[[ ! -e diverged && ! -e .diverged.attune-part ]] || fail "a diverged run left files"

# Settings that cannot take effect are refused.
expect 2 "cannot take effect" "$attune" train --data data --out x --item-attention none --lr-theta 0.1
expect 2 "cannot take effect" "$attune" train --data data --out x --exclude-target --item-attention none
expect 2 "cannot take effect" "$attune" train --data data --out x --reduction mean
expect 2 "u (user), v (item), p" "$attune" train --data data --out x --attention-inputs uz
expect 2 "data has no features" "$attune" train --data data --out x --attention-inputs ux
expect 2 "did you mean '--visit-triples'" "$attune" train --data data --out x --visit-triple 3
expect 3 "not a directory" "$attune" train --data nowhere --out x

# Given triples: one step, one batch.
printf '1\t1339\t2\n2\t17\t3\n' >triples
expect 0 "" "$attune" train --data data --out step --init-from a --dim 20 --triples triples --update batch
cmp -s a/V.npy step/V.npy && fail "--triples changed nothing"
printf '1\t1339\t2\n1\tnothing\t2\n' >unknown
expect 3 "unknown:2: item 'nothing' is not in the data set" "$attune" train --data data --out x --triples unknown

# --dry-run says what a run would take and does nothing.
expect 0 "tables with optimizer state" "$attune" train --data data --out dry --dry-run
[[ ! -e dry ]] || fail "--dry-run wrote something"

# A full disk ends the run with a clear error and nothing under the final name.
code=0
(ulimit -f 40; "$attune" train --data data --out full --epochs 1 >out 2>err) || code=$?
[[ $code == 1 ]] || fail "exit code $code on a full disk, expected 1"
grep -q 'cannot write' err || fail "a full disk is not said"
[[ ! -e full && ! -e .full.attune-part ]] || fail "a full disk left files"

# Unknown metric names, unusual sizes, more threads than slices.
expect 2 "metric 'ndcg@7'" "$attune" train --data data --out x --metric ndcg@7
expect 0 "" "$attune" train --data data --out small --dim 1 --item-hidden 3 --epochs 1 --threads 40
expect 0 "" "$attune" evaluate --model small --data data
expect 0 "" "$attune" train --data data --out none --epochs 0
printf 'train_test: passed\n'
