#!/usr/bin/env bash
# Integration tests with a program that a sanitizer watches: real jobs of several processes and threads, hurt on purpose.
# By hand: they take several times as long as in release. What a sanitizer has to say of any process, also of one that was
# started again in its place, is a failure.
#
# usage: bash tests/integration/sanitized.sh asan|tsan [arguments for ctest]
#   bash tests/integration/sanitized.sh tsan                    all that say something of the program
#   bash tests/integration/sanitized.sh asan -R 'lives|fault'
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=launch/functions.sh
source "$root/launch/functions.sh"

preset=${1:-}
if [[ $preset != asan && $preset != tsan ]]; then
  print_header "${BASH_SOURCE[0]}"
  exit 2
fi
shift

# Of the source, of the machine's packages, or of the same program once more, at great length.
elsewhere='layering|headers|scripts|install|spack|readme|python|settings_page|browser|slurm|predict_test_of_jobs|simgrid|planted'

export CCACHE_SLOPPINESS=pch_defines,time_macros
bash "$root/launch/build.sh" "$preset" -- --target attune hanging_disk delay_link

reports=$(mktemp -d "${TMPDIR:-/tmp}/attune-sanitized-XXXXXX")
trap 'rm -rf -- "$reports"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 1777 "$reports" # processes of other users write there, too
said="log_path=$reports/report:abort_on_error=0"
export UBSAN_OPTIONS="$said:halt_on_error=1:print_stacktrace=1"
export TSAN_OPTIONS="$said:halt_on_error=1:detect_deadlocks=0:suppressions=$root/tests/tsan.supp"
export ATTUNE_SANITIZED=1

cd -- "$root/build/$preset"
chosen=(ctest --label-regex '^integration$' --exclude-regex "$elsewhere")
if "${chosen[@]}" -N "$@" | grep -qx 'Total Tests: 0'; then
  printf 'sanitized: no test is chosen by: %s\n' "$*" >&2
  exit 2
fi

failed=0
# run_tests LEAKS ARGUMENTS...: those that ctest is to run, looking for leaks or not.
run_tests() {
  export ASAN_OPTIONS="$said:detect_leaks=$1"
  shift
  "${chosen[@]}" --output-on-failure "$@" </dev/null || failed=1
}
# Open MPI leaves much behind in modules that it unloads, which no suppression can name.
run_tests 1 --label-exclude mpi "$@"
run_tests 0 --label-regex mpi "$@"

for report in "$reports"/*; do
  [[ -e $report ]] || continue
  failed=1
  printf '\n--- %s\n' "${report##*/}"
  head -n 100 -- "$report"
done
exit "$failed"
