#!/usr/bin/env bash
# Ranks that mpirun starts: colocated, with dedicated servers, with roles of their own; honest exit codes.
# usage: mpi_test.sh ATTUNE    ends with 77 where there is no mpirun, or the program was built without MPI
set -euo pipefail
export LC_ALL=C.UTF-8
name=mpi_test
# shellcheck source=tests/integration/expect.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/expect.sh"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

attune=$(realpath "$1")
if ! command -v mpirun >/dev/null || [[ ! -e $(dirname "$attune")/attune_mpi.so ]]; then
  echo "mpi_test: no mpirun, or built without MPI: skipped"
  exit 77
fi
work_apart
export TMPDIR=$work  # mpirun's own files

"$attune" synth --users 2000 --items 300 --interactions 40000 --seed 3 --out data >log 2>&1 || fail "$(cat log)"
settings=(--data data --dim 8 --threads 1 --overwrite --log-level warning --batch-triples 256 --epochs 3 --out model)
mpirun=(mpirun --oversubscribe --bind-to none)

digest() { sed -n 's/.*"triples_digest": "\(.*\)".*/\1/p' model/manifest.json; }
expect 0 "completed after 3 epochs" "$attune" train "${settings[@]}"
alone=$(digest)
same_triples() {
  [[ -n $alone && $(digest) == "$alone" ]] || fail "$1: other triples than one process: $(digest), not $alone"
}

for ranks in 2 8; do
  expect 0 "completed after 3 epochs" "${mpirun[@]}" -n "$ranks" "$attune" train "${settings[@]}"
  same_triples "$ranks ranks"
done
expect 0 "completed after 3 epochs" "${mpirun[@]}" -n 3 "$attune" train "${settings[@]}" --placement dedicated --servers 1
same_triples "a dedicated server"
expect 0 "completed after 3 epochs" \
  "${mpirun[@]}" -n 1 "$attune" scheduler "${settings[@]}" : -n 2 "$attune" server : -n 2 "$attune" worker
same_triples "roles"

# What is wrong is said once.
expect 2 "at least one must be a worker" \
  "${mpirun[@]}" -n 2 "$attune" train "${settings[@]}" --placement dedicated --servers 2
expect 2 "a job with roles has one scheduler" "${mpirun[@]}" -n 2 "$attune" worker
expect 3 "nowhere" "${mpirun[@]}" -n 2 "$attune" train --data nowhere --out other
[[ $(grep -c "not a directory" out) == 1 ]] || fail "the error was said more than once, or never: $(cat out)"
# Also by the first rank alone, while others wait for it.
expect 3 "there is no checkpoint in" timeout 30 "${mpirun[@]}" -n 2 "$attune" train --resume nowhere
expect 2 "has another program, other settings or other data" \
  "${mpirun[@]}" -n 1 "$attune" train "${settings[@]}" : -n 1 "$attune" train "${settings[@]}" --lr 0.5
# A rank with another program, or without the data: the job is refused, and the doctor says so too.
mkdir elsewhere
cp "$attune" "$(dirname "$attune")/attune_mpi.so" elsewhere
printf ' ' >>elsewhere/attune
# shellcheck disable=SC2016  # variables are those of the ranks' shells
{
  other_program='[[ $OMPI_COMM_WORLD_RANK == 0 ]] && exec "$@"; shift; exec elsewhere/attune "$@"'
  other_place='[[ $OMPI_COMM_WORLD_RANK == 0 ]] || cd elsewhere; exec "$@"'
}
expect 2 "has another program" "${mpirun[@]}" -n 2 bash -c "$other_program" rank "$attune" train "${settings[@]}"
expect 1 "start the same binary" "${mpirun[@]}" -n 2 bash -c "$other_program" rank "$attune" doctor
expect 1 "rank 1: data: not a directory" "${mpirun[@]}" -n 2 bash -c "$other_place" rank "$attune" doctor --data data
expect 1 '"threads":1' "${mpirun[@]}" -n 1 "$attune" doctor --threads 1 : -n 1 "$attune" doctor --threads 2
expect 0 "median of 3 pairs" "${mpirun[@]}" -n 3 "$attune" doctor --data data --out model

echo "mpi_test: ranks under mpirun train the triples of one process"
