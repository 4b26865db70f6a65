#!/usr/bin/env bash
# The nemesis with many seeds, two at once, for some time; prints the table of all of them. By hand.
# usage: soak.sh ATTUNE MINUTES [FIRST_SEED]    ends with 1 if something was violated: what is left tells of it
# FAULTS (30) is how many each seed does, STREAMS (2) how many run at once; all is below SOAK_DIR (build/soak)
set -euo pipefail
export LC_ALL=C.UTF-8

if (($# < 2)); then
  sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
attune=$(realpath "$1")
deadline=$((SECONDS + $2 * 60))
first=${3:-1}
streams=${STREAMS:-2}
work=${SOAK_DIR:-$here/../../build/soak}
mkdir -p "$work"

# Seeds of one stream, one after the other. A seed that is begun is brought to its end.
stream() {
  local seed=$1
  while ((SECONDS < deadline)); do
    python3 "$here/nemesis.py" "$attune" --seed "$seed" --faults "${FAULTS:-30}" --work "$work/seed-$seed" \
      --tally "$work/seed-$seed.jsonl" >"$work/seed-$seed.log" 2>&1 || echo "seed $seed: see $work/seed-$seed.log"
    seed=$((seed + streams))
  done
}

started=()
for ((n = 0; n < streams; ++n)); do
  stream $((first + n)) &
  started+=($!)
done
for pid in "${started[@]}"; do wait "$pid"; done
python3 "$here/nemesis.py" --table "$work"/seed-*.jsonl
