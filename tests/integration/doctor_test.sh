#!/usr/bin/env bash
# The doctor looks at ranks before a job: alone, among others, in tables and in JSON; what is wrong is said, with exit
# code 1.
# usage: doctor_test.sh ATTUNE
set -euo pipefail
export LC_ALL=C.UTF-8
name=doctor_test
# shellcheck source=tests/integration/expect.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/expect.sh"

attune=$(realpath "$1")
work_apart

"$attune" synth --users 200 --items 30 --interactions 2000 --seed 3 --out data >log 2>&1 || fail "$(cat log)"
doctor=(doctor --threads 1 --pair-seconds 0.02)

expect 0 "one rank: nothing to measure" "$attune" "${doctor[@]}" --data data --out model
for layout in "-n 3" "-n 3 --hosts 3"; do
  # shellcheck disable=SC2086  # the layout is several words
  expect 0 "median of 3 pairs" "$attune" local $layout "${doctor[@]}" --data data --out model/of/tomorrow
done
expect 0 '"exit_code":0' "$attune" local -n 2 "${doctor[@]}" --json
python3 - <<'PYTHON' || fail "$(cat out)"
import json
read = json.loads(open("out").read())
assert len(read["ranks"]) == 2 and len(read["pairs"]) == 1, read
assert read["pairs"][0]["round_trip_us"] > 0 and read["pairs"][0]["sent_bytes_per_s"] > 0, read
assert all(check["result"] in ("ok", "warn") for check in read["checks"]), read
PYTHON
[[ -z $(find . -name '.attune-doctor*') ]] || fail "a probe is left"

# What is wrong.
expect 1 "nowhere: not a directory" "$attune" local -n 3 "${doctor[@]}" --data nowhere
expect 1 "/proc/" "$attune" local -n 3 "${doctor[@]}" --out /proc/none
expect 1 "--interface nowhere0" "$attune" local -n 3 "${doctor[@]}" --interface nowhere0

echo "doctor_test: the doctor says what is well and what is not"
