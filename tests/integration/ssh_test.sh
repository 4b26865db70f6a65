#!/usr/bin/env bash
# launch/ssh.sh on hosts of their own (network namespaces): a job is complete, one that is told to end saves what it has, a host
# that cannot be reached ends it, and nothing is left anywhere.
# usage: ssh_test.sh SOURCE_DIR ATTUNE    ends with 77 where there are no namespaces
set -euo pipefail
export LC_ALL=C.UTF-8
# shellcheck disable=SC2034  # fail says it
name=ssh_test
source=$(realpath "$1") attune=$(realpath "$2")
# shellcheck source=tests/integration/expect.sh
source "$source/tests/integration/expect.sh"
work_apart
export TMPDIR=$work
namespaces=$source/tests/cluster/namespaces.sh

code=0
timeout 60 bash "$namespaces" --hosts 1 -- true >out 2>&1 || code=$?
((code != 77)) || { cat out; exit 77; }
((code == 0)) || fail "no hosts: $(cat out)"

# What namespaces.sh has in place of ssh reaches its hosts from one of them.
cat >on_hosts.sh <<'SCRIPT'
set -euo pipefail
read -ra hosts <<<"$HOSTS"
printf '# hosts of the job\n\n' >hosts
printf '%s slots=4  # one\n' "${hosts[@]}" >>hosts
ssh=$1
shift
exec bash "$ssh" --hosts hosts --ssh "$OMPI_MCA_plm_rsh_agent" "$@"
SCRIPT
on_hosts=(bash "$namespaces" --hosts 2 -- bash on_hosts.sh "$source/launch/ssh.sh" --attune "$attune")

"$attune" synth --users 2000 --items 300 --interactions 40000 --seed 3 --out data >log 2>&1 || fail "$(cat log)"
train=(--data data --dim 8 --threads 1 --log-level warning --evaluate-every 0 --run run)
left() { find "$work" /dev/shm -maxdepth 1 \( -name 'tmp.*' -o -name 'attune*' \) ! -path "$work"; }
before=$(left)
# Scheduler, and on each host an owner of rows and a worker.
expect 0 '"status":"completed"' "${on_hosts[@]}" -- "${train[@]}" --out "model of all" --epochs 4 --json
python3 - 2>log <<'PYTHON' || fail "the job: $(cat log)"
import json
result = json.load(open("run/result.json"))
assert result["status"] == "completed" and result["epochs"] == 4, result
PYTHON
"$attune" inspect "model of all" >log 2>&1 || fail "$(cat log)"

# Told to end: the whole job is, and has saved a checkpoint.
rm -r run
begin told "${on_hosts[@]}" -- "${train[@]}" --out model --overwrite --epochs 1000000
told=$pid
await '"event":"epoch"' run/metrics.jsonl 2
pkill -TERM -f "^bash $source/launch/ssh.sh --hosts hosts --ssh $work/" || fail "launch/ssh.sh does not run: $(cat told.log)"
ends_with 4 "$told"
grep -q '"status": "interrupted"' run/result.json || fail "$(cat run/result.json)"

# Killed: the processes on the hosts (this one here, which nobody takes down) save what they have, and end.
rm -r run
echo 127.0.0.1 >here
cat >here.sh <<'SCRIPT'
shift
exec bash -c "$*"
SCRIPT
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
begin killed bash "$source/launch/ssh.sh" --hosts here --port "$port" --ssh "bash $work/here.sh" --attune "$attune" -- \
  "${train[@]}" --out model --overwrite --epochs 1000000
await '"event":"epoch"' run/metrics.jsonl 2
kill -KILL "$pid"
await '"status": "interrupted"' run/result.json
deadline=$((SECONDS + 60 * patience))
while pgrep -f -- "--join 127.0.0.1:$port" >/dev/null; do
  ((SECONDS < deadline)) || fail "processes are left: $(pgrep -af -- "--join 127.0.0.1:$port")"
  sleep 0.02
done
rm -rf tmp.*  # the script that was killed could not

# All of the script's group is told to end, as by timeout: still it is the scheduler that ends, with its code.
cat >here.py <<'PYTHON'
import os, sys
os.setpgid(0, 0)
os.execvp(sys.argv[1], sys.argv[1:])
PYTHON
rm -r run
begin group python3 here.py bash "$source/launch/ssh.sh" --hosts here --port "$port" --ssh "bash $work/here.sh" --attune "$attune" -- \
  "${train[@]}" --out "the model's own" --overwrite --epochs 1000000
await '"event":"epoch"' run/metrics.jsonl 2
kill -TERM -- "-$pid"
ends_with 4 "$pid"
grep -q '"status": "interrupted"' run/result.json || fail "$(cat run/result.json)"
[[ $(stat -c %a run/metrics.jsonl) == "$(: >as_others; stat -c %a as_others)" ]] || fail "files for this user alone: $(ls -l run)"

# The connection to the owner of rows is lost: the job saves what it has, and ends.
rm -r run
begin lost bash "$source/launch/ssh.sh" --hosts here --port "$port" --ssh "bash $work/here.sh" --attune "$attune" -- \
  "${train[@]}" --out model --overwrite --epochs 1000000
await '"event":"epoch"' run/metrics.jsonl 2
pkill -KILL -f "^bash -c cd .* server --join 127.0.0.1:$port" || fail "no such process: $(ps ax)"
ends_with 1 "$pid"
await 'the job is ended' lost.log
rm -rf tmp.*  # what was killed could not

# A host that cannot be reached, bad settings, no hosts.
cat >refuses.sh <<'SCRIPT'
[[ $1 != *.2 ]] || exit 255
exec "$OMPI_MCA_plm_rsh_agent" "$@"
SCRIPT
chmod +x refuses.sh
expect 255 "cannot be reached" "${on_hosts[@]}" --ssh "bash $work/refuses.sh" -- "${train[@]}" --out model --overwrite --epochs 1000000
expect 2 "--dim" "${on_hosts[@]}" -- "${train[@]}" --out model --overwrite --dim no
: >none
expect 2 "names no host" bash "$source/launch/ssh.sh" --hosts none --attune "$attune" -- --data data
expect 2 "usage" bash "$source/launch/ssh.sh" --hosts none
[[ $(left) == "$before" ]] || fail "left: $(left)"
echo "$name: passed"
