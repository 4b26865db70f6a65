# shellcheck shell=bash
# Minimal Debians below /tmp, for the checks that are run by hand as root. Sourced after `name` and `root` are set.
# Mounts and processes live in namespaces of their own and end with the script, however it ends.

# shellcheck source=launch/functions.sh
source "$root/launch/functions.sh"

fail() {
  # shellcheck disable=SC2154  # the caller sets it
  printf '%s: %s\n' "$name" "$1" >&2
  exit 1
}

bare_debian_folder=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# work_below_tmp TOOL...: sets `work`, a directory that is removed in the end unless `keep` is yes. The tools must be there.
work_below_tmp() {
  local tool
  ((EUID == 0)) || fail "needs root: debootstrap and chroot do"
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "needs $tool: apt-get install debootstrap util-linux git buildah"
  done
  # shellcheck disable=SC2154  # the caller sets it
  work=$(mktemp -d "/tmp/attune-$name-XXXXXX")
  child=
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# shellcheck disable=SC2317  # called by the trap
clean_up() {
  # Killing unshare kills all that runs in its namespaces, and the mounts go with the last process.
  if [[ -n $child ]]; then
    kill -KILL "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  # shellcheck disable=SC2154  # the caller sets it
  if [[ $keep == yes ]]; then
    printf '%s: kept %s\n' "$name" "$work"
  else
    rm -rf --one-file-system -- "$work"
  fi
}

# In the background, because bash answers signals only between foreground commands.
in_namespaces() {
  local status=0
  unshare --mount --propagation private --pid --fork --kill-child "$@" </dev/null &
  child=$!
  wait "$child" || status=$?
  child=
  return "$status"
}

# in_root ROOT COMMAND...: as root, without locale or home directory.
in_root() { in_namespaces bash "$bare_debian_folder/enter_root.sh" "$@"; }

# The mirror of this machine is the one that is known to be reachable.
mirror_of_machine() {
  local mirror
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep -v '^ *#' | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ') || true
  echo "${mirror:-http://deb.debian.org/debian}"
}

# make_debian TARGET: a minimal Debian with this machine's way to the network; of `suite`, from `mirror`.
make_debian() {
  local target=$1
  mirror=${mirror:-$(mirror_of_machine)}
  # shellcheck disable=SC2154  # the caller sets it
  printf '%s: %s from %s in %s\n' "$name" "$suite" "$mirror" "$target"
  # In a namespace too: debootstrap mounts /proc and /sys while it works.
  in_namespaces debootstrap --variant=minbase "$suite" "$target" "$mirror" >"$work/debootstrap.log" 2>&1 ||
    { tail -n 20 "$work/debootstrap.log" >&2; fail "debootstrap failed: see above"; }
  rm -f "$target"/var/cache/apt/archives/*.deb
  # Name servers, proxy, retry settings.
  cp /etc/resolv.conf "$target/etc/resolv.conf"
  printf 'deb %s %s main\n' "$mirror" "$suite" >"$target/etc/apt/sources.list"
  apt-config dump | grep -E '^Acquire::([a-z]+::Proxy|Check-|Retries|Languages)' \
    >"$target/etc/apt/apt.conf.d/90bare-machine" || true
}

# clone_head ROOT TARGET: HEAD of a checkout.
clone_head() { git -c safe.directory='*' clone --quiet --no-hardlinks "$1" "$2"; }

# head_of ROOT: its commit, short.
head_of() { git -c safe.directory='*' -C "$1" log -1 --format=%h; }
