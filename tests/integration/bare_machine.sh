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

script=$(realpath -- "${BASH_SOURCE[0]}")
root=$(cd -- "$(dirname -- "$script")/../.." && pwd)

print_header() { sed -n '2,${/^#/!q; s/^# \{0,1\}//; p}' "$script"; }

fail() {
  printf 'bare_machine: %s\n' "$1" >&2
  exit 1
}

# Inside the namespaces: mounts what programs expect and runs the command in the new root.
if [[ ${1:-} == --inside ]]; then
  target=$2
  shift 2
  mount -t proc proc "$target/proc"
  mkdir -p "$target/dev/shm"
  for node in null zero full random urandom; do
    if [[ ! -c $target/dev/$node ]]; then
      touch "$target/dev/$node"
      mount --bind "/dev/$node" "$target/dev/$node"
    fi
  done
  mount -t tmpfs -o mode=1777 tmpfs "$target/dev/shm"
  exec chroot "$target" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent "$@"
fi

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

((EUID == 0)) || fail "needs root: debootstrap and chroot do"
for tool in debootstrap unshare git; do
  command -v "$tool" >/dev/null || fail "needs $tool: apt-get install debootstrap util-linux git"
done

# The mirror of this machine is the one that is known to be reachable.
if [[ -z $mirror ]]; then
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep -v '^ *#' | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ') || true
  mirror=${mirror:-http://deb.debian.org/debian}
fi

work=$(mktemp -d /tmp/attune-bare-XXXXXX)
target=$work/root
child=
# shellcheck disable=SC2317  # called by the trap
cleanup() {
  # Killing unshare kills all that runs in its namespaces, and the mounts go with the last process.
  if [[ -n $child ]]; then
    kill -KILL "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  if [[ $keep == yes ]]; then
    printf 'bare_machine: kept %s\n' "$work"
  else
    rm -rf --one-file-system -- "$work"
  fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# In the background, because bash answers signals only between foreground commands.
in_namespaces() {
  local status=0
  unshare --mount --propagation private --pid --fork --kill-child "$@" </dev/null &
  child=$!
  wait "$child" || status=$?
  child=
  return "$status"
}

SECONDS=0
printf 'bare_machine: %s from %s in %s\n' "$suite" "$mirror" "$target"
# In a namespace too: debootstrap mounts /proc and /sys while it works.
in_namespaces debootstrap --variant=minbase "$suite" "$target" "$mirror" >"$work/debootstrap.log" 2>&1 ||
  { tail -n 20 "$work/debootstrap.log" >&2; fail "debootstrap failed: see above"; }

# The host's way to the network: name servers, proxy, retry settings.
cp /etc/resolv.conf "$target/etc/resolv.conf"
printf 'deb %s %s main\n' "$mirror" "$suite" >"$target/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::([a-z]+::Proxy|Check-|Retries|Languages)' \
  >"$target/etc/apt/apt.conf.d/90bare-machine" || true

git -c safe.directory='*' clone --quiet --no-hardlinks "$root" "$target/attune"
printf 'bare_machine: Debian is ready after %d s; commit %s; running: %s\n' "$SECONDS" \
  "$(git -c safe.directory='*' -C "$target/attune" log -1 --format=%h)" "${command[*]}"

SECONDS=0
status=0
in_namespaces bash "$script" --inside "$target" \
  bash -c 'cd /attune && exec "$@"' bare "${command[@]}" || status=$?
printf "bare_machine: '%s' ended with %d after %d s\n" "${command[*]}" "$status" "$SECONDS"
exit "$status"
