#!/usr/bin/env bash
# Configures and builds one preset of CMakePresets.json, with as many jobs as processors and memory allow.
#
# usage: bash launch/build.sh [PRESET] [--without-tests] [-- more arguments for 'cmake --build']
#   --without-tests   does without the test libraries; a build directory that has the tests already keeps them
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/functions.sh
source "$root/launch/functions.sh"

preset=release
with_tests=yes
while (($# > 0)); do
  case "$1" in
    --without-tests) with_tests=no ;;
    --) shift; break ;;
    -h | --help) print_header "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) printf "build: unknown option '%s'; see --help\n" "$1" >&2; exit 2 ;;
    *) preset=$1 ;;
  esac
  shift
done

configure=()
if [[ $with_tests == yes ]]; then
  configure=(-DBUILD_TESTING=ON)
elif [[ ! -e $root/build/$preset/CMakeCache.txt ]]; then
  configure=(-DBUILD_TESTING=OFF)
fi

use_writable_ccache "$root"
jobs=$(build_jobs)
cd "$root"
printf "build: preset '%s' in build/%s, %s jobs\n" "$preset" "$preset" "$jobs"
cmake --preset "$preset" --log-level=WARNING ${configure[@]+"${configure[@]}"} >/dev/null
cmake --build --preset "$preset" --parallel "$jobs" "$@"
