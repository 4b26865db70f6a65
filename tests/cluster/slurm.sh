#!/usr/bin/env bash
# A Slurm of this machine alone: munged, slurmctld and several slurmd, in a directory of their own; nothing in /etc is
# touched. Runs a command with SLURM_CONF set, and takes all down again.
#
# usage: slurm.sh [--nodes N] -- COMMAND...
# Ends with COMMAND's exit code, or with 77 where Slurm is not installed (packages slurm-wlm, munge) or may not be started.
set -euo pipefail

nodes=2
usage() {
  sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}
while (($# > 0)); do
  case "$1" in
    --nodes) nodes=${2:?}; shift 2 ;;
    --) shift; break ;;
    *) usage ;;
  esac
done
(($# > 0)) || usage

skip() {
  printf 'slurm: %s: skipped\n' "$1" >&2
  exit 77
}
((EUID == 0)) || skip "only root may start Slurm's daemons"
for program in munged slurmctld slurmd sbatch srun sinfo; do
  command -v "$program" >/dev/null || skip "there is no $program (packages slurm-wlm, munge)"
done

state=$(mktemp -d "${TMPDIR:-/tmp}/attune-slurm-XXXXXX")
chmod 711 "$state"
export SLURM_CONF=$state/slurm.conf

# What runs as part of this Slurm: its daemons have the configuration's name in their arguments or environment.
ours() {
  local pid
  for pid in $(pgrep 'munged|slurm' || true); do
    if [[ $({ tr '\0' '\n' <"/proc/$pid/cmdline" && tr '\0' '\n' <"/proc/$pid/environ"; } 2>/dev/null) == *"$state/"* ]]; then
      printf '%s ' "$pid"
    fi
  done
}

# shellcheck disable=SC2317  # it is reached: by the trap
down() {
  trap '' INT TERM
  timeout 5 scancel --user="$(id -un)" 2>/dev/null || true
  local deadline=$((SECONDS + 5)) pid
  for pid in $(ours); do kill "$pid" 2>/dev/null || true; done
  while ((SECONDS < deadline)) && [[ -n $(ours) ]]; do sleep 0.1; done
  for pid in $(ours); do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$state"
}
trap down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$state"/{ctld,log,munge,socket}
chmod 700 "$state/munge"
chmod 755 "$state/socket" "$state/log"
for ((n = 0; n < nodes; n++)); do mkdir -p "$state/spool/n$n" "$state/tmp/n$n"; done
head -c 1024 /dev/urandom >"$state/munge/key"
chmod 400 "$state/munge/key"
munged --force --key-file="$state/munge/key" --socket="$state/socket/munge" --pid-file="$state/munge/pid" \
  --log-file="$state/munge/log" --seed-file="$state/munge/seed" 2>"$state/log/munged" ||
  skip "munged does not start: $(cat "$state/log/munged")"

host=$(hostname -s)
port=$((20000 + RANDOM % 8000))
cat >"$SLURM_CONF" <<CONF
ClusterName=attune
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
AuthType=auth/munge
AuthInfo=socket=$state/socket/munge
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$state/ctld
SlurmctldPidFile=$state/ctld.pid
SlurmdPidFile=$state/%n.pid
SlurmdSpoolDir=$state/spool/%n
SlurmctldLogFile=$state/log/ctld
SlurmdLogFile=$state/log/%n
TmpFS=$state/tmp/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=pmix
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=10
SchedulerParameters=bf_interval=2,batch_sched_delay=0,sched_min_interval=100000
NodeName=DEFAULT CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=2000 State=UNKNOWN
NodeName=n[0-$((nodes - 1))] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + nodes))]
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
# This version wants a plugin for control groups even where none are used.
printf '%s\n' CgroupPlugin=cgroup/v1 CgroupMountpoint=/sys/fs/cgroup CgroupAutomount=no ConstrainCores=no \
  ConstrainRAMSpace=no >"$state/cgroup.conf"

slurmctld -f "$SLURM_CONF" 2>"$state/log/start" || skip "slurmctld does not start: $(tail -3 "$state/log/start" "$state/log/ctld")"
for ((n = 0; n < nodes; n++)); do
  slurmd -N "n$n" -f "$SLURM_CONF" 2>"$state/log/start" || skip "slurmd does not start: $(tail -3 "$state/log/start" "$state/log/n$n")"
done
deadline=$((SECONDS + 30))
until [[ $(timeout 5 sinfo --noheader --states=idle --format=%D 2>/dev/null | head -1) == "$nodes" ]]; do
  ((SECONDS < deadline)) || skip "the nodes do not come up: $(timeout 5 sinfo 2>&1) $(tail -3 "$state/log/ctld")"
  sleep 0.1
done

"$@"
