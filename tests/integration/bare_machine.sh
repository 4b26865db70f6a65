#!/usr/bin/env bash
# Proves what the README and docs/installing.md promise: a machine with nothing but Debian 12 builds, tests and runs attune
# with one command, and one where nobody has root and only a compiler, CMake and Ninja are installed builds and runs it, too.
#
# usage: sudo bash tests/integration/bare_machine.sh tests|demo|ci|prefix [--suite bookworm] [--mirror URL] [--keep]
#
# Makes a minimal Debian below /tmp with debootstrap, clones HEAD of this checkout into it and runs there, as root,
# without locale, git configuration or home directory:
#   tests   bash tests/run.sh
#   demo    bash launch/demo.sh
#   ci      bash .ci/run
#   prefix  as user nobody: bash launch/prefix.sh, build, install, then bash tests/integration/first_run.sh
# By hand, not in CI: it needs root, debootstrap, a Debian mirror and some 3 GB. Mounts and processes live in namespaces
# of their own and end with the script, however it ends; --keep leaves the directory.
set -euo pipefail

name=bare_machine
script=$(realpath -- "${BASH_SOURCE[0]}")
root=$(cd -- "$(dirname -- "$script")/../.." && pwd)
# shellcheck source=tests/integration/bare_debian.sh
source "$root/tests/integration/bare_debian.sh"

what=
suite=bookworm
mirror=
keep=no
while (($# > 0)); do
  case "$1" in
    tests | demo | ci | prefix) what=$1 ;;
    --suite) suite=${2:?--suite needs a name}; shift ;;
    --mirror) mirror=${2:?--mirror needs a URL}; shift ;;
    --keep) keep=yes ;;
    -h | --help) print_header "$script"; exit 0 ;;
    *) print_header "$script" >&2; exit 2 ;;
  esac
  shift
done
case "$what" in
  tests) command=(bash tests/run.sh) ;;
  demo) command=(bash launch/demo.sh) ;;
  ci) command=(bash .ci/run) ;;
  prefix) command=(setpriv --reuid 65534 --regid 65534 --clear-groups bash tests/integration/prefix_steps.sh /home/user) ;;
  *) print_header "$script" >&2; exit 2 ;;
esac

# What an administrator has installed where the others have no rights, and a home directory of theirs.
prepare_for_nobody() {
  in_root "$target" bash -c 'apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends g++ cmake ninja-build' >"$work/apt.log" 2>&1 ||
    { tail -n 20 "$work/apt.log" >&2; fail "g++, cmake and ninja-build could not be installed: see above"; }
  mkdir -p "$target/home/user"
  chown -R 65534:65534 "$target/home/user" "$target/attune"
}

work_below_tmp debootstrap unshare git
target=$work/root
SECONDS=0
make_debian "$target"
clone_head "$root" "$target/attune"
if [[ $what == prefix ]]; then prepare_for_nobody; fi
printf 'bare_machine: Debian is ready after %d s; commit %s; running: %s\n' "$SECONDS" "$(head_of "$root")" "${command[*]}"

SECONDS=0
status=0
in_root "$target" bash -c 'cd /attune && exec "$@"' bare "${command[@]}" || status=$?
printf "bare_machine: '%s' ended with %d after %d s\n" "${command[*]}" "$status" "$SECONDS"
exit "$status"
