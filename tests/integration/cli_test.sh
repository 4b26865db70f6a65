#!/usr/bin/env bash
# What a shell sees of the program: exit codes, which stream says what, odd standard streams.
# Usage: cli_test.sh ATTUNE VERSION
set -uo pipefail
attune=$1
version=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

# expect CODE ARGUMENT...: runs the program, keeps its streams in $scratch/out and $scratch/err.
expect() {
  local code=$1
  shift
  "$attune" "$@" >"$scratch/out" 2>"$scratch/err"
  local got=$?
  [ "$got" -eq "$code" ] || fail "attune $*: exit code $got, expected $code: $(cat "$scratch/err")"
}
out_has() { grep -qF -- "$1" "$scratch/out" || fail "standard output lacks '$1'"; }
err_has() { grep -qF -- "$1" "$scratch/err" || fail "standard error lacks '$1': $(cat "$scratch/err")"; }
out_empty() { [ ! -s "$scratch/out" ] || fail "standard output is not empty: $(cat "$scratch/out")"; }
err_empty() { [ ! -s "$scratch/err" ] || fail "standard error is not empty: $(cat "$scratch/err")"; }

expect 0 --version
[ "$(cat "$scratch/out")" = "attune $version" ] || fail "--version prints $(cat "$scratch/out")"
err_empty

for words in help --help -h; do
  expect 0 $words
  out_has "Usage: attune COMMAND"
  err_empty
done

expect 0 settings-reference --help
out_has "Usage: attune settings-reference"
err_empty

expect 2
out_empty
err_has "attune: error: no command"

expect 2 halp
out_empty
err_has "attune: error: unknown command 'halp'; did you mean 'help'?"

expect 2 settings-reference --log-levle debug
out_empty
err_has "did you mean '--log-level'?"

expect 2 settings-reference --log-level
err_has "--log-level: a value is missing"

expect 3 settings-reference --config "$scratch/none.json"
out_empty
err_has "none.json"

# Outputs never take the place of what is read, or of each other.
mkdir "$scratch/apart"
echo '{"seed": 1}' >"$scratch/apart/my.json"
expect 2 prepare --input "$scratch/apart/log.tsv" --out "$scratch/apart" --overwrite
err_has "is the same as, or above, --input"
expect 2 train --data "$scratch/data" --out "$scratch/apart" --overwrite --config "$scratch/apart/my.json"
err_has "is the same as, or above, --config"
expect 2 evaluate --model m --data d --config "$scratch/apart/my.json" --per-user "$scratch/apart/my.json"
err_has "is the same as, or inside, --config"
expect 2 predict --csv "$scratch/table" --html "$scratch/table"
err_has "is the same as, or above, --html"
[ "$(cat "$scratch/apart/my.json")" = '{"seed": 1}' ] || fail "the settings file has changed"

echo '{"dim": 3}' >"$scratch/unknown.json"
expect 2 settings-reference --config "$scratch/unknown.json"
err_has "unknown.json: unknown setting 'dim'"

# A full disk is an error that is said aloud.
"$attune" help >/dev/full 2>"$scratch/err"
[ $? -eq 1 ] || fail "output to a full disk must fail"
err_has "standard output: cannot write"

# A closed standard output too.
"$attune" help >&- 2>"$scratch/err"
[ $? -eq 1 ] || fail "a closed standard output must fail"
err_has "standard output: cannot write"

# A reader that has gone is not worth a message.
mkfifo "$scratch/pipe"
exec 3<>"$scratch/pipe"
exec 4>"$scratch/pipe"
exec 3>&-
"$attune" help >&4 2>"$scratch/err"
[ $? -eq 1 ] || fail "a broken pipe must end the program with exit code 1"
err_empty
exec 4>&-

# Closed standard error changes nothing.
"$attune" halp 2>&-
[ $? -eq 2 ] || fail "a closed standard error must not change the exit code"

[ "$failures" -eq 0 ]
