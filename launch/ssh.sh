#!/usr/bin/env bash
# Trains on hosts that are reached by ssh, without MPI and without a batch system: the scheduler and, on every host, a process
# that owns rows and one that trains; they find each other by --join, with a secret made for this job.
#
# usage: bash launch/ssh.sh --hosts FILE [--port 7700] [--attune PATH] [--ssh COMMAND] -- SETTINGS of attune train
#   bash launch/ssh.sh --hosts hosts -- --data DATA --out MODEL --run RUN
#   --hosts FILE    a host a line ("node01", "me@node01"), as for mpirun; what follows ("slots=4") is ignored: --threads in
#                   SETTINGS says how many a host has, one a processor by default. The scheduler is on the first
#   --port N        of the first host, where the others join (7700)
#   --attune PATH   of the program, the same on all hosts (what 'attune' is here)
#   --ssh COMMAND   in place of 'ssh -o BatchMode=yes -o ServerAliveInterval=10 -o ServerAliveCountMax=3'
# This directory, the program and DATA must be at the same paths on all hosts. SIGTERM, SIGINT and SIGHUP end the job: what was
# reached is saved. So does the loss of the connection to an owner of rows or to the scheduler; without a worker the job goes
# on. When this script is killed, the processes on all hosts are told to end. A network that is cut is noticed there only if
# sshd looks (ClientAliveInterval).
# Exit code: that of the scheduler; 255 if a host cannot be reached, or not any more; 1 if an owner of rows has failed.
set -euo pipefail
export LC_ALL=C.UTF-8

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | sed '$d' >&2
  exit 2
}
say() { printf 'ssh: %s\n' "$1" >&2; }

hosts_file='' port=7700 attune=attune reach=(ssh -o BatchMode=yes -o ServerAliveInterval=10 -o ServerAliveCountMax=3)
while (($# > 0)); do
  case $1 in
    --hosts) hosts_file=${2:?--hosts needs a file}; shift ;;
    --port) port=${2:?--port needs a number}; shift ;;
    --attune) attune=${2:?--attune needs a path}; shift ;;
    --ssh) read -ra reach <<<"${2:?--ssh needs a command}"; shift ;;
    --) shift; break ;;
    *) usage ;;
  esac
  shift
done
[[ -n $hosts_file && $# -gt 0 ]] || usage
[[ -r $hosts_file ]] || { say "$hosts_file: cannot be read"; exit 2; }
mapfile -t hosts < <(sed 's/#.*//; s/\r$//' "$hosts_file" | awk 'NF { print $1 }')
((${#hosts[@]} > 0)) || { say "$hosts_file: names no host"; exit 2; }
for host in "${hosts[@]}"; do
  [[ $host =~ ^([A-Za-z0-9._-]+@)?[A-Za-z0-9._-]+$ ]] || { say "$hosts_file: '$host' is no name of a host"; exit 2; }
done
program=$(command -v "$attune") || { say "there is no program '$attune'; say where it is with --attune"; exit 2; }
program=$(realpath "$program")

state=$(mktemp -d)
secret=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
processes=()  # of ssh; the scheduler's is the first
lines=()      # what keeps each alive: when it is closed, the process there is told to end
where=()
# shellcheck disable=SC2317  # the trap calls it
clean_up() {
  local line
  for line in ${lines[@]+"${lines[@]}"}; do
    if [[ -n $line ]]; then exec {line}>&-; fi
  done
  wait
  rm -rf "$state"
}
trap clean_up EXIT

# On a host: takes the secret from the first line of its input, runs the program, and tells it to end when the input ends.
# One line, which any shell takes between single quotes.
# shellcheck disable=SC2016  # it is expanded there
there='cd -- "$1" || exit 255; shift; secret=$(mktemp) || exit 255; trap "rm -f -- \"\$secret\"" EXIT; exec 3<&0; '
# shellcheck disable=SC2016
there+='IFS= read -r words <&3 && printf "%s\n" "$words" >"$secret"; '
# shellcheck disable=SC2016
there+='"$@" --secret-file "$secret" </dev/null 3<&- & job=$!; { cat >/dev/null; kill -TERM $job; } <&3 2>/dev/null & watch=$!; '
# shellcheck disable=SC2016
there+='wait $job; code=$?; kill $watch 2>/dev/null; exit $code'

quoted() { printf "'%s' " "${@//\'/\'\\\'\'}"; }

# begin HOST ROLE SETTINGS...
begin() {
  local host=$1 role=$2 pipe=$state/${#processes[@]} line
  shift 2
  mkfifo "$pipe"
  # In a session of its own: who signals this script's group means the script. It must not hold the lines of the others open.
  {
    for line in ${lines[@]+"${lines[@]}"}; do
      if [[ -n $line ]]; then exec {line}>&-; fi
    done
    exec setsid "${reach[@]}" "$host" \
      "bash -c $(quoted "$there" "$role of $host" "$PWD" "$program" "$role" --join "${hosts[0]#*@}:$port" "$@")"
  } <"$pipe" &
  processes+=($!)
  exec {line}>"$pipe"
  lines+=("$line")
  where+=("$role of $host")
  printf '%s\n' "$secret" >&"$line" || true  # it may have ended already
}

told=no
# Closes the line of the scheduler, which ends the job.
# shellcheck disable=SC2317  # the traps call it
end_job() {
  local line
  told=yes
  if [[ -z ${lines[0]:-} ]]; then return 0; fi
  line=${lines[0]}
  lines[0]=''
  exec {line}>&-
}
trap end_job TERM INT HUP
trap '' PIPE

begin "${hosts[0]}" scheduler --processes $((1 + 2 * ${#hosts[@]})) "$@"
for host in "${hosts[@]}"; do
  begin "$host" server
  begin "$host" worker
done

[[ $told == no ]] || end_job  # while they were begun

# forget N: it has ended.
forget() {
  unset 'processes[$1]'
  processes=("${processes[@]}")
  where=("${where[@]:0:$1}" "${where[@]:$1+1}")
}
# What became of process N, which has ended with a code.
note_end() {
  local what=${where[$1]} code=$2
  if ((code == 255)); then
    say "$what: the host cannot be reached (any more), or has no directory $PWD"
  elif ((code != 0)) && [[ $told == no && $1 != 0 ]]; then
    say "$what: ended with exit code $code"
  fi
  if (($1 == 0)); then
    result=${failed:-$code}
  elif ((code != 0)) && [[ $told == no && $what == server* ]]; then
    failed=$((code == 255 ? 255 : 1))
    say "the job is ended"
    end_job
  fi
}

# Until the scheduler has ended.
result='' failed=''
while [[ -z $result ]]; do
  code=0 ended=''
  wait -n -p ended "${processes[@]}" || code=$?
  for ((n = 0; n < ${#processes[@]}; ++n)); do
    # Of those that a signal has ended, wait -n knows nothing.
    if [[ -z ${ended:-} ]] && ((code == 127)) && ! kill -0 "${processes[n]}" 2>/dev/null; then
      ended=${processes[n]} code=0
      wait "$ended" || code=$?
    fi
    [[ ${processes[n]} == "${ended:-}" ]] || continue
    note_end "$n" "$code"
    forget "$n"
    break
  done
done
exit "$result"
