# shellcheck shell=bash
# For the tests in shell that run commands: sourced after `name` is set, in the directory where a test works.

# shellcheck source=tests/integration/patience.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/patience.sh"

# work_apart: a directory of the test's own, in which it works; in the end what `begin` has started is killed, and the directory
# removed. Sets `work`.
work_apart() {
  work=$(mktemp -d)
  started=()
  trap end_work EXIT
  cd "$work" || fail "cannot work in $work"
}
end_work() {
  local pid
  for pid in "${started[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  # At once, though children of what was killed may have files open there for a moment more.
  if mountpoint -q "$work/small"; then umount --lazy "$work/small"; fi
  rm -rf "$work"
}
# small_disk SIZE: a file system of that size, in the directory `small`; false where that may not be made.
small_disk() {
  mkdir small && mount -t tmpfs -o "size=$1" none small 2>/dev/null
}

fail() {
  # shellcheck disable=SC2154  # the test sets it
  printf '%s: %s\n' "$name" "$1" >&2
  exit 1
}

# expect CODE TEXT COMMAND...: the command ends with CODE, and says TEXT; what it says is left in the file "out".
expect() {
  local code=$1 text=$2 got=0
  shift 2
  timeout $((120 * patience)) "$@" >out 2>&1 || got=$?
  [[ $got == "$code" ]] || fail "expected exit code $code, got $got: $* -- $(cat out)"
  [[ $(cat out) == *"$text"* ]] || fail "expected '$text': $* -- $(cat out)"
}

# begin NAME COMMAND...: starts it in the background; what it says is in NAME.log, its process in pid and among `started`.
begin() {
  local log=$1.log
  shift
  "$@" >"$log" 2>&1 &
  pid=$!
  started+=("$pid")
}
# await TEXT FILE [TIMES]: until the file says it so often.
await() {
  local deadline=$((SECONDS + 60 * patience)) times=${3:-1} count=0
  while true; do
    count=$(grep -c -- "$1" "$2" 2>/dev/null) || true
    ((${count:-0} < times)) || return 0
    ((SECONDS < deadline)) || fail "'$1' was not said in time: $(cat "$2" ./*.log 2>&1)"
    sleep 0.01
  done
}
# await_heeded SIGNAL PID: until the process has a handler for it.
await_heeded() {
  local deadline=$((SECONDS + 60 * patience)) handled
  until handled=0x$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$2/status") && ((handled >> ($(kill -l "$1") - 1) & 1)); do
    ((SECONDS < deadline)) || fail "$2 does not heed SIG$1: $(cat ./*.log)"
    sleep 0.01
  done
}
# ends_with CODE PID: one that was begun.
ends_with() {
  local got=0
  wait "$2" || got=$?
  [[ $got == "$1" ]] || fail "expected exit code $1, got $got: $(cat ./*.log)"
}
