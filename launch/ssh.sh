#!/usr/bin/env bash
# Trains on hosts that are reached by ssh, without MPI and without a batch system: the scheduler and, on every host, a process
# that owns rows and one that trains; they find each other by --join, with a secret made for this job.
#
# usage: bash launch/ssh.sh --hosts FILE [--port 7700] [--attune PATH] [--ssh COMMAND] -- SETTINGS of attune train
#   bash launch/ssh.sh --hosts hosts -- --data DATA --out MODEL --run RUN
#   --hosts FILE    a host a line, as for mpirun; what follows the name ("slots=4") is ignored: --threads in SETTINGS says
#                   how many a host has, one a processor by default. The scheduler is on the first
#   --port N        of the first host, where the others join (7700)
#   --attune PATH   of the program, the same on all hosts (what 'attune' is here)
#   --ssh COMMAND   in place of 'ssh -o BatchMode=yes'
# This directory, the program and DATA must be at the same paths on all hosts. SIGTERM and SIGINT end the job as they end one
# process: what was reached is saved. When this script is killed, or loses a host, the processes there are told to end.
# Exit code: that of the scheduler; 255 if a host cannot be reached.
set -euo pipefail
export LC_ALL=C.UTF-8

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | sed '$d' >&2
  exit 2
}
say() { printf 'ssh: %s\n' "$1" >&2; }

hosts_file='' port=7700 attune=attune reach=(ssh -o BatchMode=yes)
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
mapfile -t hosts < <(sed 's/#.*//' "$hosts_file" | awk 'NF { print $1 }')
((${#hosts[@]} > 0)) || { say "$hosts_file: names no host"; exit 2; }
program=$(command -v "$attune") || { say "there is no program '$attune'; say where it is with --attune"; exit 2; }
program=$(realpath "$program")

state=$(mktemp -d)
secret=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
processes=()  # of ssh; the scheduler's is the first
lines=()      # what keeps each alive: when it is closed, the process there is told to end
where=()
# shellcheck disable=SC2317  # the trap calls it
clean_up() {
  end_job
  for line in "${lines[@]:1}"; do exec {line}>&-; done
  wait
  rm -rf "$state"
}
trap clean_up EXIT

# On a host: takes the secret from the first line of its input, runs the program, and tells it to end when the input ends.
# shellcheck disable=SC2016  # it is expanded there
there='cd -- "$1" || exit 255
umask 077
secret=$(mktemp) || exit 255
trap "rm -f $secret" EXIT
IFS= read -r words && printf "%s\n" "$words" >"$secret"
shift
"$@" --secret-file "$secret" </dev/null & job=$!
{ cat >/dev/null; kill -TERM $job; } <&0 2>/dev/null & watch=$!
wait $job; code=$?
while kill -0 $job 2>/dev/null; do wait $job; code=$?; done
kill $watch 2>/dev/null
exit $code'

# begin HOST ROLE SETTINGS...
begin() {
  local host=$1 role=$2 pipe=$state/${#processes[@]} line
  shift 2
  mkfifo "$pipe"
  # It must not hold the lines of the others open.
  {
    for line in ${lines[@]+"${lines[@]}"}; do exec {line}>&-; done
    exec "${reach[@]}" "$host" \
      "bash -c $(printf '%q ' "$there" "$role of $host" "$PWD" "$program" "$role" --join "${hosts[0]}:$port" "$@")"
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
  if [[ $told == yes || ${#lines[@]} == 0 ]]; then return 0; fi
  told=yes
  local line=${lines[0]}
  exec {line}>&-
}
trap end_job TERM INT
trap '' PIPE

begin "${hosts[0]}" scheduler --processes $((1 + 2 * ${#hosts[@]})) "$@"
for host in "${hosts[@]}"; do
  begin "$host" server
  begin "$host" worker
done

# Until the scheduler has ended; a host that cannot be reached ends the job.
result=''
while [[ -z $result ]]; do
  code=0
  wait -n -p ended "${processes[@]}" || code=$?
  [[ -n ${ended:-} ]] || continue  # a signal
  for ((n = 0; n < ${#processes[@]}; ++n)); do
    [[ ${processes[n]} == "$ended" ]] || continue
    if ((n == 0)); then
      result=$code
    elif ((code == 255)); then
      say "the ${where[n]} cannot be reached, or has no directory $PWD: the job is ended"
      end_job
      result=255
    elif ((code != 0)) && [[ $told == no ]]; then
      say "the ${where[n]} ended with exit code $code"
    fi
    unset 'processes[n]'
    processes=("${processes[@]}")
    where=("${where[@]:0:n}" "${where[@]:n+1}")
    break
  done
done
exit "$result"
