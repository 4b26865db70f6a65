#!/usr/bin/env bash
# What a new installation must do: say its version, make a log, train on it, and again as two ranks where it has MPI.
#
# usage: first_run.sh     attune, and mpirun where there is MPI, are those in PATH
set -euo pipefail

fail() {
  printf 'first_run: %s\n' "$1" >&2
  exit 1
}

program=$(command -v attune) || fail "there is no attune in PATH=$PATH"
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"
export TMPDIR=$work OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# completed COMMAND...: the command trains three epochs; prints the digest of its triples.
completed() {
  "$@" >log 2>&1 || { cat log >&2; fail "'$*' ended with an error"; }
  grep -q 'completed after 3 epochs' log || { cat log >&2; fail "'$*' did not complete"; }
  sed -n 's/.*"triples_digest": "\(.*\)".*/\1/p' model/manifest.json
}

attune --version
attune synth --users 2000 --items 300 --interactions 40000 --seed 3 --out data >log 2>&1 || fail "$(cat log)"
settings=(--data data --dim 8 --threads 1 --overwrite --batch-triples 256 --epochs 3 --out model)
alone=$(completed attune train "${settings[@]}")
[[ -n $alone ]] || fail "the model's manifest has no digest of triples"
echo "first_run: one process has trained"

if [[ -e $(dirname -- "$program")/../lib/attune/attune_mpi.so ]]; then
  together=$(completed mpirun --oversubscribe --bind-to none -n 2 attune train "${settings[@]}")
  [[ $together == "$alone" ]] || fail "two ranks trained other triples than one process"
  echo "first_run: two ranks under mpirun have trained the same triples"
fi
if [[ -e $(dirname -- "$program")/../lib/attune/attune_opencv.so ]]; then
  said=$(attune features --model none.onnx --layer x --images / --out none --dry-run 2>&1) || true
  [[ $said == *"none.onnx: no such file"* ]] || fail "'attune features' said: $said"
  echo "first_run: the module for pictures loads"
fi
if [[ -n ${PYTHONPATH:-} && -e $PYTHONPATH/attune ]]; then
  python3 -c 'import attune, sys; attune.settings(); print("first_run: the Python package loads")'
fi
