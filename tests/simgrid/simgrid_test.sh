#!/usr/bin/env bash
# attune predict and a second model of the same job, on SimGrid, say much the same; and the comparison sees it where they do not.
#
# usage: simgrid_test.sh ATTUNE SIMGRID_CHECK
set -euo pipefail

name=simgrid_test
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/integration/expect.sh
source "$here/../integration/expect.sh"
attune=$(realpath "$1")
check=$(realpath "$2")
work_apart

job=(--costs "$here/costs.json" --users 30000 --items 40000 --interactions 1e6 --threads 2 --seconds 6)

# The throughputs of both differ by this factor at most.
compare=(python3 "$here/compare.py" --attune "$attune" --check "$check" --within)
"${compare[@]}" 1.3 -- "${job[@]}" --hosts 1,2,4,8 --bandwidth 25Gbit --latency 50us
"${compare[@]}" 1.3 -- "${job[@]}" --hosts 1,2,4 --bandwidth 1Gbit --latency 500us
"${compare[@]}" 1.3 -- "${job[@]}" --hosts 2,4 --bandwidth 25Gbit --latency 50us --staleness 0
expect 1 "differ by a factor" "${compare[@]}" 1.00001 -- "${job[@]}" --hosts 2 --bandwidth 1Gbit --latency 500us

"$attune" predict --json "${job[@]}" --hosts 2 --replica-memory 0 >pulled.json
expect 1 "pulled rows" "$check" pulled.json
echo '{"predictions": [{}]}' >wrong.json
expect 1 "expected what attune predict --json prints" "$check" wrong.json
expect 2 "usage" "$check" pulled.json --network carrier-pigeon

echo "simgrid_test: both models say much the same"
