#!/usr/bin/env bash
# Starts a training job, and goes on with it from its newest checkpoint until it is over: what RUN/result.json says decides,
# not the launcher's exit code.
#
# usage: bash launch/until-done.sh --run RUN [--lives 10] -- LAUNCHER... attune train -- SETTINGS of attune train
#   bash launch/until-done.sh --run run -- mpirun -n 4 --bind-to none attune train -- --data DATA --out MODEL
# The first life has the settings with `--run RUN`, later ones `--resume RUN` alone; so has the first, if RUN has checkpoints
# of an earlier job. SIGTERM and SIGINT are passed on, and end the loop; SIGUSR1 (a checkpoint now) is passed on.
# Exit code: 0 the run is complete, 4 it was told to end, 2 or 3 the command or its input is wrong, 1 it was given up: after so
# many lives, or two in a row without a new checkpoint.
set -euo pipefail
export LC_ALL=C.UTF-8

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}
run='' lives=10
while (($# > 0)); do
  case $1 in
    --run) run=${2:?--run needs a directory}; shift ;;
    --lives) lives=${2:?--lives needs a number}; shift ;;
    --) shift; break ;;
    *) usage ;;
  esac
  shift
done
launcher=()
while (($# > 0)) && [[ $1 != -- ]]; do
  launcher+=("$1")
  shift
done
if (($# > 0)); then shift; fi
[[ -n $run && ${#launcher[@]} -gt 0 ]] || usage

say() { printf 'until-done: %s\n' "$1" >&2; }
# What the run says of its end; "none" if it says nothing.
status() { sed -n 's/^ *"status": "\(.*\)",\{0,1\}$/\1/p' "$run/result.json" 2>/dev/null | head -n 1 | grep . || echo none; }
newest() { { find "$run/checkpoints" -mindepth 1 -maxdepth 1 -name '[0-9]*' ! -name '*.*' 2>/dev/null || true; } | sort | tail -n 1; }

job='' told=no
# shellcheck disable=SC2317  # the traps call it
pass_on() {
  [[ $1 == USR1 ]] || told=yes
  [[ -z $job ]] || kill "-$1" "$job" 2>/dev/null || true
}
for signal in TERM INT USR1; do
  # shellcheck disable=SC2064  # the signal's name is known now
  trap "pass_on $signal" "$signal"
done

without_progress=0
for ((life = 1; life <= lives; ++life)); do
  before=$(newest)
  if [[ -n $before ]]; then settings=(--resume "$run"); else settings=("$@" --run "$run"); fi
  # A life that was too short for a checkpoint has left its record.
  if [[ -z $before && $life != 1 && " $* " != *" --overwrite "* ]]; then settings+=(--overwrite); fi
  rm -f "$run/result.json"
  "${launcher[@]}" "${settings[@]}" &
  job=$!
  code=0
  wait "$job" || code=$?
  # A wait that a signal has ended says nothing of the launcher yet.
  while kill -0 "$job" 2>/dev/null; do
    code=0
    wait "$job" || code=$?
  done
  job=''
  case $(status) in
    completed | "stopped early") exit 0 ;;
    interrupted) if [[ $told == yes ]]; then exit 4; fi ;;
    *) if ((code == 2 || code == 3)); then exit "$code"; fi ;;
  esac
  [[ $told == no ]] || exit 4
  if [[ $(newest) == "$before" ]]; then ((++without_progress)); else without_progress=0; fi
  if ((without_progress == 2)); then
    say "given up: two lives in a row brought no new checkpoint"
    exit 1
  fi
  say "life $life ended with exit code $code (result: $(status)); it goes on from ${before:-the start} or newer"
done
say "given up after $lives lives"
exit 1
