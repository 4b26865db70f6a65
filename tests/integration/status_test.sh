#!/usr/bin/env bash
# A run that is looked at while it trains, in one process and in several: what its endpoint says is what its files say in
# the end, and whoever asks cannot disturb it.
# usage: status_test.sh SOURCE_DIR ATTUNE
set -euo pipefail
export LC_ALL=C.UTF-8
# shellcheck disable=SC2034  # expect.sh names it
name=status_test
source_dir=$(realpath "$1")
attune=$(realpath "$2")
# shellcheck source=tests/integration/expect.sh
source "$source_dir/tests/integration/expect.sh"
work_apart

"$attune" synth --users 1500 --items 200 --interactions 25000 --validation latest --seed 3 --out data >log 2>&1 ||
  fail "$(cat log)"
train=(train --data data --dim 8 --threads 1 --overwrite --out model --epochs 1000000 --evaluate-every 3
  --checkpoint-every 5epochs --status-port 0)

# watch NAME: of a run that has begun, whose launcher is $pid: its endpoint is asked until it has said enough, then the run
# is told to end, and what was said is compared with its files.
watch() {
  await 'I status: http://127.0.0.1:' "$1.log"
  local port
  port=$(sed -n 's|.*I status: http://127.0.0.1:\([0-9]*\)/$|\1|p' "$1.log" | head -1)
  timeout $((200 * patience)) python3 "$source_dir/tests/integration/status_check.py" watch "$port" "$2" >said.json 2>check.log ||
    fail "$1: $(cat check.log "$1.log")"
  # While it trains, its port is taken for another.
  expect 1 "--status-port $port: cannot listen at 127.0.0.1: another program has this port" \
    "$attune" train --data data --out other --epochs 1 --status-port "$port"
  [[ ! -e other ]] || fail "$1: a run whose port is taken has left a model"
  expect 0 "live page: http://127.0.0.1:$port/" "$attune" status "run-$1"
  kill -TERM "$pid"
  ends_with 4 "$pid"
  "$attune" status "run-$1" --json --page "$1.html" >after.json 2>check.log || fail "$1: $(cat check.log)"
  python3 "$source_dir/tests/integration/status_check.py" compare "run-$1" said.json after.json "$1.html" \
    >check.log 2>&1 || fail "$1: $(cat check.log)"
}

begin one "$attune" "${train[@]}" --run run-one
watch one 1
begin two "$attune" local -n 2 "${train[@]}" --run run-two
watch two 2
begin hosts "$attune" local -n 2 --hosts 2 "${train[@]}" --run run-hosts
watch hosts 2

# A run that goes on says what came before, too; the same port is no other's by then.
begin again "$attune" local -n 2 train --resume run-two
await 'I status: http://127.0.0.1:' again.log
port=$(sed -n 's|.*I status: http://127.0.0.1:\([0-9]*\)/$|\1|p' again.log | head -1)
timeout $((100 * patience)) python3 "$source_dir/tests/integration/status_check.py" resumed "$port" >check.log 2>&1 ||
  fail "again: $(cat check.log again.log)"
# Its scheduler is killed: the next life has the page, or says that it has none.
kill -9 "$(cat scheduler.pid)"
await 'I status: http://127.0.0.1:' again.log 2
port=$(sed -n 's|.*I status: http://127.0.0.1:\([0-9]*\)/$|\1|p' again.log | tail -1)
timeout $((100 * patience)) python3 "$source_dir/tests/integration/status_check.py" lives "$port" >check.log 2>&1 ||
  fail "lives: $(cat check.log again.log)"
kill -TERM "$pid"
ends_with 4 "$pid"

# What cannot take effect, and what is no run.
expect 2 "--status-address cannot take effect without --status-port" \
  "$attune" train --data data --out other --status-address 127.0.0.1
expect 2 "--status-address nowhere: not an address" \
  "$attune" train --data data --out other --status-port 0 --status-address nowhere
expect 2 "--status-port" "$attune" train --data data --out other --status-port 65536
expect 3 "no such directory" "$attune" status nowhere
expect 3 "pass what --run named" "$attune" status data
echo "a run can be looked at while it trains"
