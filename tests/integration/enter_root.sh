#!/usr/bin/env bash
# Runs a command in another root directory, with the mounts that programs expect. Called in a mount namespace of its own, by
# what sources bare_debian.sh.
#
# usage: enter_root.sh ROOT COMMAND...     without locale, home directory or any other variable
#   ATTUNE_BIND=DIR:PLACE   the caller's directory DIR is seen at PLACE
set -euo pipefail

target=$1
shift
mount -t proc proc "$target/proc"
mkdir -p "$target/dev/shm"
for node in null zero full random urandom; do
  if [[ ! -c $target/dev/$node ]]; then
    touch "$target/dev/$node"
    mount --bind "/dev/$node" "$target/dev/$node"
  fi
done
mount -t tmpfs -o mode=1777 tmpfs "$target/dev/shm"
if [[ -n ${ATTUNE_BIND:-} ]]; then
  mkdir -p "$target${ATTUNE_BIND#*:}"
  mount --bind "${ATTUNE_BIND%%:*}" "$target${ATTUNE_BIND#*:}"
fi
# Not replaced by the command: this shell, the first process of the namespace, is what dies with unshare, and all others with
# it. A command that gives up root's rights would no longer be told.
status=0
chroot "$target" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent "$@" || status=$?
exit "$status"
