#!/usr/bin/env bash
# A few faults of a fixed seed: jobs that are hurt at random moments are complete in the end, with every positive of every
# user trained once an epoch. `soak.sh` does many.
# usage: fault_test.sh ATTUNE
set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/integration/patience.sh
source "$here/../integration/patience.sh"
attune=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Those that last longest, and what waits for ten seconds of silence, are left to the soak.
kinds="kill node,kill first of host,kill scheduler,kill agent,kill launcher,kill everything,terminate"
kinds+=",ask for a checkpoint,cut short,slow link,full disk,damage"
code=0
timeout $((350 * patience)) python3 -B "$here/nemesis.py" "$attune" --seed 1 --faults 4 --kinds "$kinds" --work "$work/job" \
  >"$work/log" 2>&1 || code=$?
if ((code != 0)); then
  printf 'fault_test: the nemesis ended with %s\n%s\n' "$code" "$(cat "$work/log")" >&2
  exit 1
fi
echo "fault_test: passed"
