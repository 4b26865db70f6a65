#!/usr/bin/env bash
# Hosts of their own on one machine: network namespaces with addresses and host names, joined by a switch that leads nowhere
# else. Runs a command on the first of them, with mpirun set up to reach the others, and takes all down again.
#
# usage: namespaces.sh [--hosts N] [--slots K] [--processors X] [--rate 1gbit] [--delay MILLISECONDS --delay-link PROGRAM] -- COMMAND...
#   --hosts N        hosts (3)
#   --slots K        ranks that mpirun may start on each (1)
#   --processors X   processor time of each host: a control group's quota, in processors; unset: no limit
#   --rate RATE      limit of each host's link in both directions (tbf)
#   --delay MS       that a frame takes longer on each host's link, in both directions
#   --delay-link P   the program delay_link of the build
# In COMMAND, HOSTS is the list of addresses. Ends with COMMAND's exit code, or with 77 where the system does not let us make
# namespaces.
set -euo pipefail

hosts=3 slots=1 processors='' rate='' delay='' delay_link=''
usage() {
  sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}
while (($# > 0)); do
  case "$1" in
    --hosts) hosts=${2:?}; shift 2 ;;
    --slots) slots=${2:?}; shift 2 ;;
    --processors) processors=${2:?}; shift 2 ;;
    --rate) rate=${2:?}; shift 2 ;;
    --delay) delay=${2:?}; shift 2 ;;
    --delay-link) delay_link=$(realpath "${2:?}"); shift 2 ;;
    --) shift; break ;;
    *) usage ;;
  esac
done
(($# > 0)) || usage
[[ -z $delay || -n $delay_link ]] || usage

skip() {
  printf 'namespaces: %s: skipped\n' "$1" >&2
  exit 77
}
((EUID == 0)) || skip "only root may make network namespaces"
command -v ip >/dev/null || skip "there is no ip (package iproute2)"

name=at$$ # of this run's namespaces: names of interfaces have 15 characters
state=$(mktemp -d "${TMPDIR:-/tmp}/attune-hosts-XXXXXX")
network=10.$((RANDOM % 100 + 100)).$((RANDOM % 256))
links=() groups=()

# shellcheck disable=SC2317  # it is reached: by the trap
down() {
  local namespace pid group try
  trap '' INT TERM
  for pid in "${links[@]}"; do kill "$pid" 2>/dev/null || true; done
  for namespace in $(ip netns list 2>/dev/null | awk -v name="$name-" 'index($1, name) == 1 { print $1 }'); do
    for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill -9 "$pid" 2>/dev/null || true; done
    ip netns delete "$namespace" 2>/dev/null || true
  done
  for group in "${groups[@]}"; do
    # Empty as soon as those who were killed are gone.
    for ((try = 0; try < 500; ++try)); do
      rmdir "$group" 2>/dev/null && break
      read -rt 0.01 <> <(:) || true
    done
  done
  [[ -z $processors ]] || umount "$state/groups" 2>/dev/null || true
  rm -rf --one-file-system "$state"
}
trap down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

ip netns add "$name-switch" 2>"$state/log" || skip "network namespaces are not allowed ($(cat "$state/log"))"
switch=(ip -n "$name-switch")
"${switch[@]}" link add bridge type bridge stp_state 0 forward_delay 0 2>"$state/log" ||
  skip "there are no bridges ($(cat "$state/log"))"
"${switch[@]}" link set bridge up

# limit INTERFACE-OF-WHOM...: what leaves by it is held to the rate.
limit() {
  [[ -z $rate ]] || tc -n "$1" qdisc add dev "$2" root tbf rate "$rate" burst 256kb latency 50ms
}

# Where hosts see it, too: each has a /sys of its own.
if [[ -n $processors ]]; then
  mkdir "$state/groups"
  mount --bind /sys/fs/cgroup/cpu "$state/groups" 2>"$state/log" ||
    skip "there are no control groups of version 1 for processor time ($(cat "$state/log"))"
fi

# ration HOST: a control group that gets the host's share of processor time, in pieces of 10 ms.
ration() {
  local group=$state/groups/$name-$1
  mkdir "$group" 2>"$state/log" || skip "control groups with processor time are not allowed ($(cat "$state/log"))"
  groups+=("$group")
  echo 10000 >"$group/cpu.cfs_period_us"
  awk -v share="$processors" 'BEGIN { printf "%d\n", share * 10000 }' >"$group/cpu.cfs_quota_us"
}

# join HOST: its end of the link joins the bridge, through a program that holds frames back if there is a delay.
join() {
  local port=port$1
  if [[ -z $delay ]]; then
    "${switch[@]}" link set "$port" master bridge
    return
  fi
  "${switch[@]}" link add "late$1" type veth peer name "later$1"
  "${switch[@]}" link set "late$1" up
  "${switch[@]}" link set "later$1" master bridge
  "${switch[@]}" link set "later$1" up
  ip netns exec "$name-switch" "$delay_link" "$port" "late$1" "$delay" </dev/null >"$state/delay$1" 2>&1 &
  links+=($!)
  # It says so when it listens.
  local deadline=$((SECONDS + 10))
  until [[ -s $state/delay$1 ]]; do
    ((SECONDS < deadline)) || { echo "namespaces: $delay_link does not start" >&2; exit 1; }
    read -rt 0.01 <> <(:) || true
  done
}

HOSTS=''
for ((host = 1; host <= hosts; ++host)); do
  namespace=$name-$host address=$network.$host
  ip netns add "$namespace"
  ip link add eth0 netns "$namespace" type veth peer name "port$host" netns "$name-switch"
  ip -n "$namespace" link set lo up
  ip -n "$namespace" addr add "$address/24" dev eth0
  ip -n "$namespace" link set eth0 up
  "${switch[@]}" link set "port$host" up
  limit "$namespace" eth0
  limit "$name-switch" "port$host"
  join "$host"
  [[ -z $processors ]] || ration "$host"
  printf '%s slots=%s\n' "$address" "$slots" >>"$state/hostfile"
  HOSTS+="${HOSTS:+ }$address"
done
export HOSTS

# mpirun calls it in place of ssh: with options, a host and a command.
cat >"$state/reach" <<REACH
#!/usr/bin/env bash
while [[ \$1 == -* ]]; do shift; done
host=\${1##*.}
shift
[[ -z "$processors" ]] || echo \$\$ >"$state/groups/$name-\$host/tasks"
exec ip netns exec "$name-\$host" unshare --uts bash -c 'hostname "\$0"; exec bash -c "\$*"' "host\$host" "\$@"
REACH
chmod +x "$state/reach"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_plm_rsh_agent=$state/reach OMPI_MCA_orte_default_hostfile=$state/hostfile
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_orte_tmpdir_base=$state
# Waited for, so that a signal takes all down at once.
"$state/reach" "$network.1" "$(printf '%q ' "$@")" &
links+=($!)
code=0
wait $! || code=$?
exit "$code"
