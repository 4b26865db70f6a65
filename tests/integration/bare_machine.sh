#!/usr/bin/env bash
# Proves the promise of the README: a machine with nothing but Debian 12 builds, tests and runs attune with one command.
#
# usage: sudo bash tests/integration/bare_machine.sh tests|demo|ci [--suite bookworm] [--mirror URL] [--keep]
#
# Makes a minimal Debian below /tmp with debootstrap, clones HEAD of this checkout into it and runs there, as root,
# without locale, git configuration or home directory:
#   tests   bash tests/run.sh
#   demo    bash launch/demo.sh
#   ci      bash .ci/run
# By hand, not in CI: it needs root, debootstrap, a Debian mirror and some 3 GB. Mounts and processes live in namespaces
# of their own and end with the script, however it ends; --keep leaves the directory.
set -euo pipefail

name=bare_machine
script=$(realpath -- "${BASH_SOURCE[0]}")
root=$(cd -- "$(dirname -- "$script")/../.." && pwd)
# shellcheck source=tests/integration/bare_debian.sh
source "$root/tests/integration/bare_debian.sh"

print_header() { sed -n '2,${/^#/!q; s/^# \{0,1\}//; p}' "$script"; }

fail() {
  printf 'bare_machine: %s\n' "$1" >&2
  exit 1
}

what=
suite=bookworm
mirror=
keep=no
while (($# > 0)); do
  case "$1" in
    tests | demo | ci) what=$1 ;;
    --suite) suite=${2:?--suite needs a name}; shift ;;
    --mirror) mirror=${2:?--mirror needs a URL}; shift ;;
    --keep) keep=yes ;;
    -h | --help) print_header; exit 0 ;;
    *) print_header >&2; exit 2 ;;
  esac
  shift
done
case "$what" in
  tests) command=(bash tests/run.sh) ;;
  demo) command=(bash launch/demo.sh) ;;
  ci) command=(bash .ci/run) ;;
  *) print_header >&2; exit 2 ;;
esac

work_below_tmp debootstrap unshare git
target=$work/root
SECONDS=0
make_debian "$target"
clone_head "$root" "$target/attune"
printf 'bare_machine: Debian is ready after %d s; commit %s; running: %s\n' "$SECONDS" "$(head_of "$root")" "${command[*]}"

SECONDS=0
status=0
in_root "$target" bash -c 'cd /attune && exec "$@"' bare "${command[@]}" || status=$?
printf "bare_machine: '%s' ended with %d after %d s\n" "${command[*]}" "$status" "$SECONDS"
exit "$status"
