#!/usr/bin/env bash
# Installs what is missing, builds, runs the tests. The last line is ctest's own.
#
# usage: bash tests/run.sh [--preset release|debug|asan|tsan] [--no-install] [arguments for ctest]
#   bash tests/run.sh                      everything, optimised
#   bash tests/run.sh --preset asan -L unit
#   bash tests/run.sh -R npy               only tests whose name matches
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/functions.sh
source "$root/launch/functions.sh"

preset=release
install=yes
while (($# > 0)); do
  case "$1" in
    --preset) preset=${2:?--preset needs a name}; shift ;;
    --preset=*) preset=${1#*=} ;;
    --no-install) install=no ;;
    -h | --help) print_header "${BASH_SOURCE[0]}"; exit 0 ;;
    *) break ;;
  esac
  shift
done

if [[ $install == yes ]]; then
  case $preset in
    asan | tsan) bash "$root/launch/install-deps.sh" --with-checks ;;  # clang
    *) bash "$root/launch/install-deps.sh" ;;
  esac
fi
bash "$root/launch/build.sh" "$preset"

cd "$root"
printf "test: preset '%s'\n" "$preset"
exec ctest --preset "$preset" --no-tests=error --parallel "$(build_jobs)" "$@" </dev/null
