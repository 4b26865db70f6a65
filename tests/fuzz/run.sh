#!/usr/bin/env bash
# Runs each fuzzer with its corpus, as many at once as there are processors. Fails when one finds something, and names
# the file that repeats it: BUILD_DIR/tests/fuzz/NAME_fuzz FILE. What else is new goes to a temporary directory. Without SECONDS
# its draws are the same each time, so that a short run finds what it found before, and nothing by luck.
#
# usage: bash tests/fuzz/run.sh BUILD_DIR [SECONDS] [NAME...]
#   bash tests/fuzz/run.sh build/asan               15 seconds each
#   bash tests/fuzz/run.sh build/asan 3600 log npy  an hour for each of two
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=launch/functions.sh
source "$here/../../launch/functions.sh"

if (($# == 0)) || [[ $1 == -* ]]; then
  print_header "${BASH_SOURCE[0]}"
  exit 2
fi
build=$(cd -- "$1" && pwd)/tests/fuzz
seconds=${2:-15}
seed=0  # another each time
if [[ -z ${2:-} ]]; then seed=1; fi
names=("${@:3}")
if ((${#names[@]} == 0)); then
  mapfile -t names < <(cd -- "$here" && find . -name '*_fuzz.cc' | sed 's|^\./||; s|_fuzz\.cc$||' | sort)
fi

scratch=$(mktemp -d "${TMPDIR:-/tmp}/attune-fuzz-XXXXXX")
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# Inputs are files for many parsers: in memory where that can be.
files=$scratch
if [[ -w /dev/shm ]]; then
  files=$(mktemp -d /dev/shm/attune-fuzz-XXXXXX)
  trap 'rm -rf -- "$scratch" "$files"' EXIT
fi

export ASAN_OPTIONS="allow_addr2line=1:quarantine_size_mb=16${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"

# Whether NAME's FINDING is an input that took too long because the machine stood still: alone it does not.
was_held_up() {
  local name=$1 finding=$2
  [[ ${finding##*/} == "$name-timeout-"* ]] &&
    TMPDIR=$files "$build/${name}_fuzz" -timeout=5 -rss_limit_mb=1024 "$finding" >>"$scratch/$name.log" 2>&1
}

run_fuzzer() {
  local name=$1 log=$scratch/$1.log found=$build/found/$1- finding
  mkdir -p "$scratch/new/$name" "$build/found"
  if TMPDIR=$files "$build/${name}_fuzz" -max_total_time="$seconds" -seed="$seed" -timeout=5 -rss_limit_mb=1024 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="$found" "$scratch/new/$name" "$here/corpus/$name" >"$log" 2>&1; then
    printf 'fuzz: %-15s %9s inputs, nothing found\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: //p' "$log")"
    return
  fi
  finding=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  if was_held_up "$name" "$finding"; then
    rm -f "$finding"
    printf 'fuzz: %-15s ended early: an input took more than 5 s, and does not when it is repeated\n' "$name"
    return
  fi
  touch "$scratch/$name.failed"
  tail -n 60 "$log" | sed "s/^/$name: /"
  printf 'fuzz: %-15s FAILED: %s\n' "$name" "$finding"
}

processors=$(nproc)
for name in "${names[@]}"; do
  while (($(jobs -rp | wc -l) >= processors)); do wait -n || true; done
  run_fuzzer "$name" &
done
wait

failed=("$scratch"/*.failed)
if [[ -e ${failed[0]} ]]; then
  echo "fuzz: ${#failed[@]} of ${#names[@]} fuzzers found something"
  exit 1
fi
echo "fuzz: ${#names[@]} fuzzers found nothing in $seconds s each"
