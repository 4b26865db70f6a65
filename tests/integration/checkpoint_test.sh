#!/usr/bin/env bash
# Checkpoints and --resume: a run that is killed at any moment goes on from its newest whole checkpoint, in the same or in
# another layout; with one thread the result is that of a run that nobody disturbed, bit for bit; every positive of every
# user is trained once an epoch. Damaged checkpoints, full disks, settings that may not change.
# usage: checkpoint_test.sh ATTUNE HANGING_DISK
set -euo pipefail
export LC_ALL=C.UTF-8
name=checkpoint_test
# shellcheck source=tests/integration/expect.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/expect.sh"

attune=$(realpath "$1")
hanging_disk=$(realpath "$2")
launch=$(realpath "$(dirname -- "${BASH_SOURCE[0]}")/../../launch")
ledger=$(realpath "$(dirname -- "${BASH_SOURCE[0]}")/../fault/ledger.py")
work_apart

"$attune" synth --out data --users 3000 --items 1000 --interactions 200000 --slices 48 --validation latest >log 2>&1 ||
  fail "$(cat log)"
run=(--data data --dim 16 --threads 1 --evaluate-every 2 --log-level warning)
epochs=24
common=("${run[@]}" --epochs "$epochs")

# await_event EVENT RUN N: until the run has had N of them.
await_event() { await "\"event\":\"$1\"" "$2/metrics.jsonl" "$3"; }
# same_model A B
same_model() {
  local file
  while read -r file; do
    cmp -s "$1/$file" "$2/$file" || fail "$2/$file is not that of the undisturbed run"
  done < <(cd "$1" && find . -name '*.npy')
}
# check_ledger DIR: every positive of every user once an epoch, in what the scheduler has counted.
check_ledger() { python3 "$ledger" reference.audit "$1" || fail "the ledger of $1"; }

expect 0 completed "$attune" train "${common[@]}" --out reference --run reference.run --checkpoint-every never \
  --audit reference.audit
[[ -z $(ls reference.run/checkpoints) ]] || fail "checkpoints were written although none were wanted"

# Killed in the middle, three times, at moments that differ from run to run.
begin one "$attune" train "${common[@]}" --out model --run one --checkpoint-every 0.05s --audit one.audit
for round in 1 2 3; do
  await_event '\(checkpoint\|end\)' one "$round"
  kill -9 "$pid" 2>/dev/null || true
  wait "$pid" || true
  if [[ -e one/result.json ]]; then break; fi
  ((round < 3)) || break
  begin one "$attune" train --resume one
done
[[ -e one/result.json ]] || expect 0 completed "$attune" train --resume one
grep -q '"event":"resume"' one/metrics.jsonl || fail "the run was over before it was killed"
same_model reference model
check_ledger one.audit
(($(find one/checkpoints -mindepth 1 -maxdepth 1 | wc -l) <= 3)) || fail "too many checkpoints are kept: $(ls one/checkpoints)"
[[ $(ls one/checkpoints) != *tmp* ]] || fail "half-written checkpoints are left: $(ls one/checkpoints)"
expect 0 verified "$attune" inspect one
expect 2 "the run is over" "$attune" train --resume one
mkdir -p short && cp one/result.json short
expect 2 "the run is over" "$attune" train --resume short

# Told to end: a checkpoint, exit code 4, then the same end. Signals for a checkpoint in between.
begin told "$attune" train "${run[@]}" --out told.model --run told --checkpoint-every never --epochs 60
await_event epoch told 1
kill -USR1 "$pid"
await_event checkpoint told 1
kill -TERM "$pid"
ends_with 4 "$pid"
grep -q '"status": "interrupted"' told/result.json || fail "$(cat told/result.json)"
await_event checkpoint told 2
expect 0 completed "$attune" train --resume told
expect 0 completed "$attune" train "${run[@]}" --epochs 60 --out whole.model
same_model whole.model told.model

# SIGUSR1 that comes before there is anybody to handle it: while the program waits for its settings.
mkfifo settings.json
begin early "$attune" train --config settings.json --out early.model --run early
exec {settings}>settings.json # waits until somebody reads it
kill -USR1 "$pid"
printf '{"nonsense": 1}' >&"$settings"
exec {settings}>&-
ends_with 2 "$pid"
grep -q nonsense early.log || fail "$(cat early.log)"

# A disk that does not answer: the run ends all the same when it is told to again, and says so.
begin hung env LD_PRELOAD="$hanging_disk" HANGING_DISK=/users/ "$attune" train "${run[@]}" --epochs 100000 --out hung.model \
  --run hung --checkpoint-every 1epochs
await_event snapshot hung 1
kill -TERM "$pid"
sleep 3
kill -0 "$pid" || fail "it has not waited for its checkpoint: $(cat hung.log)"
kill -TERM "$pid"
ends_with 4 "$pid"
grep -q '"status": "interrupted"' hung/result.json || fail "$(cat hung/result.json)"
grep -q "were not written when the job was told to end again" hung.log || fail "$(cat hung.log)"
grep -q "its disk does not answer" hung.log || fail "$(cat hung.log)"
expect 0 verified "$attune" inspect hung.model

# Several hosts write it; others, fewer, and one process go on.
begin three "$attune" local -n 3 --hosts 3 train "${common[@]}" --out three.model --run three --checkpoint-every 0.05s \
  --audit three.audit
await_event checkpoint three 3
kill -9 "$pid"
wait "$pid" || true
[[ ! -e three/result.json ]] || fail "the run was over before it was killed"
expect 0 verified "$attune" inspect three
timeout 60 flock three true || fail "processes of the run are left"  # those that are about to end
cp -r three two
expect 0 completed "$attune" local -n 4 --hosts 2 train --resume three
check_ledger three.audit
expect 0 completed "$attune" train --resume two --out two.model --audit two.audit

# The newest is damaged: the one before is taken, by name.
cp -r three broken
newest=$(find broken/checkpoints -mindepth 1 -maxdepth 1 | sort | tail -n 1)
printf x | dd of="$newest/theta.npy" bs=1 seek=140 conv=notrunc status=none
rm -f broken/result.json
expect 3 "theta.npy" "$attune" inspect "$newest"
cp -r broken lacking
rm "lacking/checkpoints/$(basename "$newest")/theta.npy"
expect 0 "$(basename "$newest") is not used" "$attune" train --resume broken --out broken.model
# Several processes, too: each takes its rows from the checkpoint that the run goes on from.
expect 0 "$(basename "$newest") is not used" "$attune" local -n 3 --hosts 3 train --resume lacking --out lacking.model
for path in broken/checkpoints/*/manifest.json; do printf '{' >"$path"; done
rm -f broken/result.json
expect 3 "no checkpoint there is whole" "$attune" train --resume broken

# The same for several hosts: all rows are those of the checkpoint that is taken.
cp -r two damaged
rm -f damaged/result.json
newest=$(find damaged/checkpoints -mindepth 1 -maxdepth 1 | sort | tail -n 1)
printf x | dd of="$newest/theta.npy" bs=1 seek=140 conv=notrunc status=none
truncate -s 100 "$newest/users/"*.npy
expect 0 "$(basename "$newest") is not used" "$attune" local -n 2 --hosts 2 train --resume damaged --out damaged.model \
  --audit damaged.audit
grep -q '"status": "completed"' damaged/result.json || fail "$(cat damaged/result.json)"

# What came after an older one is set aside; nothing that is not the run's is replaced.
cp -r one older
rm -f older/result.json
oldest=$(find older/checkpoints -mindepth 1 -maxdepth 1 | sort -r | tail -n 1)
expect 0 completed "$attune" local -n 2 --hosts 2 train --resume "$oldest" --out older.model --epochs "$((epochs + 2))"
[[ -n $(find older/checkpoints -name '*.unused') ]] || fail "later checkpoints were not set aside: $(ls older/checkpoints)"
cp -r data precious
expect 2 "exists already" "$attune" train --resume one --epochs "$((epochs + 1))" --out precious
expect 0 verified "$attune" inspect precious
cp -r one/checkpoints/"$(basename "$(find one/checkpoints -mindepth 1 -maxdepth 1 | tail -n 1)")" copied
expect 3 "named by its place" "$attune" train --resume copied
mkdir mine mine/checkpoints
touch mine/checkpoints/precious
expect 2 "record of an earlier run" "$attune" train "${common[@]}" --out x --run mine
cp -r one kept
expect 3 "not a directory" "$attune" train --data nowhere --dim 16 --out x --run kept --overwrite
expect 0 verified "$attune" inspect kept

# One that was cut in the middle of an epoch is of no epoch before.
cp -r one passed
newest=$(find passed/checkpoints -mindepth 1 -maxdepth 1 | sort | tail -n 1)
reached=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["epoch"]["number"])' "$newest/manifest.json")
((reached > 2)) || fail "the newest checkpoint is of epoch $reached"
expect 2 "are trained in" "$attune" train --resume "$newest" --epochs "$((reached - 2))" --out passed.model

# What may not change, and what is not there.
expect 2 "--dim cannot take effect with --resume" "$attune" train --resume one --epochs "$((epochs + 1))" --dim 8
expect 3 "no checkpoint" "$attune" train --resume nowhere
expect 2 "expected a time" "$attune" train "${common[@]}" --out x --run y --checkpoint-every often
"$attune" synth --out other --users 3000 --items 1000 --interactions 200000 --slices 48 --validation latest --seed 9 >log 2>&1
expect 3 "other data" "$attune" train --resume one --epochs "$((epochs + 1))" --data other

# The loop goes on by itself when a process is killed that nobody starts again.
begin loop bash "$launch/until-done.sh" --run loop.run -- "$attune" local -n 2 train -- "${common[@]}" --out loop.model \
  --checkpoint-every 0.05s
deadline=$((SECONDS + 60 * patience))
until compgen -G "loop.run/checkpoints/????????/manifest.json" >/dev/null; do
  ((SECONDS < deadline)) || fail "no checkpoint in time: $(cat loop.log)"
  sleep 0.01
done
# The first of the two agents that the launcher has started.
launcher=$(pgrep -o -P "$pid") || true
agent=$(pgrep -o -P "${launcher:-0}") || true
[[ -z $agent ]] || kill -9 "$agent" 2>/dev/null || true
wait "$pid" || fail "the loop has given up: $(cat loop.log)"
grep -q '"status": "completed"' loop.run/result.json || fail "$(cat loop.run/result.json)"
expect 2 "usage: bash launch/until-done.sh" bash "$launch/until-done.sh" --run x

# A full disk ends the checkpoint, not the training.
if small_disk 400k; then
  expect 0 "was not written" "$attune" train "${common[@]}" --out full.model --run small/run --checkpoint-every 1epochs
  grep -q '"failed": [1-9]' small/run/result.json || fail "$(cat small/run/result.json)"
  same_model reference full.model
  # With several hosts a disk that has room again takes the next one.
  rm -rf small/run
  begin room "$attune" local -n 2 --hosts 2 train "${run[@]}" --epochs 400 --out room.model --run small/run \
    --checkpoint-every 0.1s
  await failure small/run/metrics.jsonl
  mount -o remount,size=100m small
  deadline=$((SECONDS + 60 * patience))
  until compgen -G "small/run/checkpoints/????????/manifest.json" >/dev/null; do
    ((SECONDS < deadline)) || fail "no checkpoint was written when there was room: $(cat room.log)"
    sleep 0.05
  done
  kill -TERM "$pid"
  ends_with 4 "$pid"
  expect 0 verified "$attune" inspect small/run
else
  echo "$name: skipped: a full disk, which takes a mount"
fi
echo "$name: passed"
