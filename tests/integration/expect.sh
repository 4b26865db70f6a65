# shellcheck shell=bash
# For the tests in shell that run commands: sourced after `name` is set, in the directory where a test works.

fail() {
  # shellcheck disable=SC2154  # the test sets it
  printf '%s: %s\n' "$name" "$1" >&2
  exit 1
}

# expect CODE TEXT COMMAND...: the command ends with CODE, and says TEXT; what it says is left in the file "out".
expect() {
  local code=$1 text=$2 got=0
  shift 2
  timeout 120 "$@" >out 2>&1 || got=$?
  [[ $got == "$code" ]] || fail "expected exit code $code, got $got: $* -- $(cat out)"
  [[ $(cat out) == *"$text"* ]] || fail "expected '$text': $* -- $(cat out)"
}
