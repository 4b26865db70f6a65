#!/usr/bin/env bash
# What slow links between hosts cost: one training job on hosts of their own (network namespaces), through links of 1 Gbit/s
# on which every frame takes 10 ms longer at each host, and through the same links (with the same program in them, which takes
# processor time) without limit and delay, in turn; beside it one process with as many threads, and what the links give.
# Limits and delays are timers of the system, whose interrupts take the processors from whoever runs, on no process's account.
# So there is a control: on the same hosts, through both kinds of links, each host trains by itself while a program sends as
# many bytes a second as the job does (by_itself.py). It waits for nobody; what slow links cost it is not the job's.
# With --processors X each host has the processor time of so many processors (a control group's quota).
# With --encryption: what encryption costs. The job as it is against the same with --insecure, in turn, on hosts whose links
# have neither limit nor program in them.
#
# usage: cluster_links.sh [--encryption] [--processors X] BUILD_DIR DATA [RUNS [HOSTS]] [-- arguments of attune train]
set -euo pipefail
export LC_ALL=C.UTF-8

what=links
if [[ ${1:-} == --encryption ]]; then what=encryption; shift; fi
rations=()
if [[ ${1:-} == --processors ]]; then rations=(--processors "${2:?how many of each host}"); shift 2; fi
build=$(realpath "${1:?the build directory}") data=$(realpath "${2:?the data set}")
shift 2
runs=3 hosts=3
if (($# > 0)) && [[ $1 != -- ]]; then runs=$1; shift; fi
if (($# > 0)) && [[ $1 != -- ]]; then hosts=$1; shift; fi
if (($# > 0)); then shift; fi
((hosts > 1)) || { echo "cluster_links: links are between two hosts and more, not $hosts" >&2; exit 2; }
namespaces=$(realpath "$(dirname -- "${BASH_SOURCE[0]}")/../cluster/namespaces.sh")
by_itself=$(realpath "$(dirname -- "${BASH_SOURCE[0]}")/by_itself.py")
attune=$build/launch/attune
program=(--delay-link "$build/tests/cluster/delay_link")
fast=(--delay 0 "${program[@]}")
slow=(--rate 1gbit --delay 10 "${program[@]}")
work=$(mktemp -d)
trap 'pkill -TERM -P $$ || true; rm -rf "$work"' EXIT
cd "$work"

# Round trip of a byte, and a stream of 256 MB, between the first two hosts.
cat >probe.py <<'PYTHON'
import os, socket, statistics, subprocess, sys, time
if len(sys.argv) > 1:
    server = socket.create_server((sys.argv[1], 0))
    print(server.getsockname()[1], flush=True)
    peer, _ = server.accept()
    for _ in range(20):
        peer.send(peer.recv(1))
    while peer.recv(1 << 20):
        pass
    sys.exit()
there = os.environ["HOSTS"].split()[1]
reach = os.environ["OMPI_MCA_plm_rsh_agent"]
server = subprocess.Popen([reach, there, f"python3 {os.getcwd()}/probe.py {there}"], stdout=subprocess.PIPE, text=True)
peer = socket.create_connection((there, int(server.stdout.readline())), timeout=20)
trips = []
for _ in range(20):
    start = time.perf_counter()
    peer.send(b"x")
    peer.recv(1)
    trips.append(time.perf_counter() - start)
start = time.perf_counter()
block = bytes(1 << 20)
for _ in range(256):
    peer.sendall(block)
peer.shutdown(socket.SHUT_WR)
server.wait(60)
seconds = time.perf_counter() - start
print(f"round trip {statistics.median(trips) * 1e3:.2f} ms, one stream {268.435 / seconds:.0f} MB/s")
PYTHON
if [[ $what == links ]]; then
  printf 'links without limit: %s\n' "$(bash "$namespaces" --hosts 2 "${fast[@]}" -- python3 probe.py)"
  printf 'links with limits:   %s\n' "$(bash "$namespaces" --hosts 2 "${slow[@]}" -- python3 probe.py)"
fi

train=("$attune" train --data "$data" --overwrite --evaluate-every 0 --json --log-level warning)
# The same arguments with about as many epochs as a host by itself trains in the time of the job.
short=("$@")
for ((n = 1; n < $#; ++n)); do
  [[ ${short[n - 1]} != --epochs ]] || short[n]=$(((short[n] + hosts - 1) / hosts))
done
# note NAME COMMAND...: runs it, and keeps its last line, the summary.
note() {
  local name=$1
  shift
  "$@" 2>log | tail -n 1 >>"$name" || { cat log >&2; exit 1; }
}
# on_hosts NAME OPTIONS... -- ARGUMENTS...: a job on hosts with these options of namespaces.sh.
on_hosts() {
  local name=$1 options=()
  shift
  while [[ $1 != -- ]]; do options+=("$1"); shift; done
  shift
  note "$name" bash "$namespaces" --hosts "$hosts" ${rations[@]+"${rations[@]}"} ${options[@]+"${options[@]}"} -- \
    mpirun -n "$hosts" "${train[@]}" --out model --threads 1 "$@"
}
# control NAME OPTIONS... -- ARGUMENTS...: all hosts by themselves, with the traffic of the last job through slow links; notes
# triples a second of all together.
control() {
  local name=$1 options=() traffic
  shift
  while [[ $1 != -- ]]; do options+=("$1"); shift; done
  shift
  traffic=$(python3 -c 'import json, sys
one, hosts = json.loads(open("slow").readlines()[-1]), int(sys.argv[1])
print(one["traffic"]["bytes_per_triple"] * one["triples_per_second"] / (hosts * (hosts - 1)))' "$hosts")
  bash "$namespaces" --hosts "$hosts" ${rations[@]+"${rations[@]}"} "${options[@]}" -- \
    mpirun -x HOSTS -n "$hosts" "$by_itself" --traffic "$traffic" -- \
    bash -c '"$@" >lines{rank}' bash "${train[@]}" --out 'model{rank}' --threads 1 "$@" 2>log || { cat log >&2; exit 1; }
  python3 -c 'import json, sys
last = [open(f"lines{host}").readlines()[-1] for host in range(int(sys.argv[1]))]
print(sum(json.loads(line)["triples_per_second"] for line in last))' "$hosts" >>"$name"
}
for ((run = 0; run < runs; ++run)); do
  if [[ $what == encryption ]]; then
    ((run % 2)) || on_hosts encrypted -- "$@"
    on_hosts insecure -- --insecure "$@"
    ((run % 2 == 0)) || on_hosts encrypted -- "$@"
  else
    ((run % 2)) || on_hosts fast "${fast[@]}" -- "$@"
    on_hosts slow "${slow[@]}" -- "$@"
    ((run % 2 == 0)) || on_hosts fast "${fast[@]}" -- "$@"
    control fast.control "${fast[@]}" -- "${short[@]}"
    control slow.control "${slow[@]}" -- "${short[@]}"
    note alone "${train[@]}" --out model --threads "$(nproc)" "$@"
  fi
done

python3 - "$what" "$hosts" <<'PYTHON'
import json, statistics, sys
what, hosts = sys.argv[1:]
titles = {"alone": "one process, all cores", "fast": f"{hosts} hosts, no limit", "slow": f"{hosts} hosts, 1 Gbit/s and 10 ms",
          "encrypted": f"{hosts} hosts", "insecure": f"{hosts} hosts, --insecure"}
names = ("alone", "fast", "slow") if what == "links" else ("encrypted", "insecure")
runs = {name: [json.loads(line) for line in open(name)] for name in names}
median = {}
for name, summaries in runs.items():
    rates = sorted(one["triples_per_second"] / 1e6 for one in summaries)
    median[name] = statistics.median(rates)
    traffic = [one.get("traffic", {}) for one in summaries]
    sent = statistics.median(one.get("bytes_per_triple", 0) for one in traffic)
    every = traffic[0].get("pull_push_bytes_per_triple", 0)
    stale = [one["staleness"] for one in summaries if "staleness" in one]
    old = "" if not stale else "; staleness at most {} batches, {} ms".format(
        max(one["batches"]["max"] for one in stale), max(one["milliseconds"]["max"] for one in stale))
    losses = ", ".join(f"{one['loss']:.4f}" for one in summaries)
    print(f"{titles[name]:28} {median[name]:6.2f} M triples/s ({rates[0]:.2f}..{rates[-1]:.2f}); {sent:.0f} bytes a triple "
          f"(every row: {every:.0f}); loss {losses}{old}")
if what == "links":
    ratios = sorted(a["triples_per_second"] / b["triples_per_second"] for a, b in zip(runs["slow"], runs["fast"]))
    ratio = median["slow"] / median["fast"]
    print(f"slow links / links without limit: {ratio:.3f} (of pairs {ratios[0]:.3f}..{ratios[-1]:.3f})")
    control = {name: [float(line) / 1e6 for line in open(name + ".control")] for name in ("fast", "slow")}
    by_itself = {name: statistics.median(rates) for name, rates in control.items()}
    costs = by_itself["slow"] / by_itself["fast"]
    pairs = sorted(a / b for a, b in zip(control["slow"], control["fast"]))
    print(f"hosts by themselves beside as much traffic: {by_itself['fast']:.2f} and {by_itself['slow']:.2f} M triples/s: {costs:.3f} (of "
          f"pairs {pairs[0]:.3f}..{pairs[-1]:.3f}); what is left of slow / without limit: {ratio / costs:.3f}")
else:
    ratios = sorted(a["triples_per_second"] / b["triples_per_second"] for a, b in zip(runs["encrypted"], runs["insecure"]))
    print(f"encrypted / insecure, of pairs: median {statistics.median(ratios):.3f} ({ratios[0]:.3f}..{ratios[-1]:.3f})")
PYTHON
