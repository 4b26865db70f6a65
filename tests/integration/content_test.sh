#!/usr/bin/env bash
# Component features as a user meets them: data that do not fit a model, damaged files, memory as it was stated.
#
# usage: content_test.sh ATTUNE
set -euo pipefail
export LC_ALL=C.UTF-8
name=content_test
# shellcheck source=tests/integration/expect.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/expect.sh"

attune=$(realpath "$1")
work_apart

synth() {
  expect 0 "" "$attune" synth --users 300 --items 200 --interactions 6000 --validation latest --out "$@"
}

synth d16 --components 3 --min-components 0 --feature-dim 16
synth d24 --components 3 --feature-dim 24
synth d0
expect 0 "" "$attune" train --data d16 --out m --dim 8 --epochs 2 --attention-inputs uvpx
printf 'u1\ti1\n' >pairs

# Data with features of another size, or without any: both numbers, and what to do.
for query in "evaluate" "recommend --user u1" "score --pairs pairs"; do
  # shellcheck disable=SC2086  # words of a command
  expect 3 "m was trained on features of 16 numbers, those of d24 have 24; prepare it" "$attune" $query --model m --data d24
  # shellcheck disable=SC2086
  expect 3 "m reads content of 16 numbers, but d0 has no features; prepare it" "$attune" $query --model m --data d0
done
start=("$attune" train --dim 8 --epochs 1 --out again --overwrite --init-from m)
expect 2 "trained on features of 16 numbers, those of d24 have 24; prepare" "${start[@]}" --data d24 --attention-inputs uvpx
[[ ! -e again && ! -e .again.attune-part ]] || fail "a refused --init-from left files"
expect 0 "attention parameters begin anew" "${start[@]}" --data d0
expect 0 "with P, attention parameters taken over" "${start[@]}" --data d16 --attention-inputs uvpx

# A data set that was changed by hand is an error, never a crash.
cp -r d16 cut
truncate -s -100 cut/features/vectors.npy
expect 3 "cut/features/vectors.npy: " "$attune" train --data cut --out x --epochs 1 --attention-inputs uvpx
expect 3 "cut/features/vectors.npy: " "$attune" evaluate --data cut --model m
[[ ! -e x && ! -e .x.attune-part ]] || fail "training on damaged features left files"

# --dry-run states what a run takes beyond the program and the mapped features: about what it took. Two threads take less
# where one of them does all the work before the other has begun.
memory() {
  local stated peak
  stated=$("$attune" train --data big --out x "$@" --dry-run --json 2>/dev/null |
    sed -n 's/.*"total_bytes":\([0-9]*\).*/\1/p')
  peak=$("$attune" train --data big --out x --overwrite "$@" --json 2>/dev/null |
    sed -n 's/.*"peak_memory_bytes":\([0-9]*\).*/\1/p')
  if [[ -n ${ATTUNE_SANITIZED:-} ]]; then return; fi # which takes memory of its own
  ((10 * stated >= 8 * peak)) || fail "stated $stated, took $peak: $*"
  [[ $* != *"--threads 1"* ]] || ((10 * stated <= 16 * peak)) || fail "stated $stated, took only $peak: $*"
}
expect 0 "" "$attune" synth --users 2000 --items 600 --interactions 60000 --validation latest --components 4 \
  --feature-dim 1024 --feature-dtype f16 --out big
for refresh in 0 8; do
  for batch in 1024 16384; do
    for threads in 1 2; do
      memory --epochs 1 --evaluate-every 1 --threads $threads --attention-inputs uvpx --batch-triples $batch \
        --projection-refresh $refresh
    done
  done
done
printf 'content_test: passed\n'
