#!/usr/bin/env bash
# The recipe for Slurm, on a Slurm of this machine alone: ranks by srun and by mpirun, the doctor before them, honest exit
# codes, a job that is told to end saves what it has, and one whose time is over is queued again and goes on.
# usage: slurm_test.sh SOURCE_DIR ATTUNE    ends with 77 where there is no Slurm, or the program was built without MPI
set -euo pipefail
export LC_ALL=C.UTF-8

source_dir=$(realpath "$1")
attune=$(realpath "$2")
if [[ ! -e $(dirname "$attune")/attune_mpi.so ]]; then
  echo "slurm_test: built without MPI: skipped"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export TMPDIR=$work ATTUNE=$attune OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

"$attune" synth --users 2000 --items 300 --interactions 40000 --seed 3 --out data >log 2>&1 || { cat log; exit 1; }

cat >jobs.sh <<'JOBS'
set -euo pipefail
fail() {
  printf 'slurm_test: %s\n%s\n' "$1" "$(cat job.log 2>/dev/null)" >&2
  exit 1
}

# expect CODE TEXT ARGUMENTS...: the job ends with CODE, and says TEXT.
expect() {
  local code=$1 text=$2 got=0
  shift 2
  rm -f job.log
  timeout 120 sbatch --wait --output=job.log "$recipe" "$@" --dim 8 --overwrite >sbatch.log 2>&1 || got=$?
  [[ $got == "$code" ]] || fail "expected exit code $code, got $got: $* -- $(cat sbatch.log)"
  grep -q "$text" job.log || fail "expected '$text': $*"
}

ATTUNE_DOCTOR=yes expect 0 "median of 1 pairs" --data data --out model --epochs 2
grep -q "completed after 2 epochs" job.log || fail "it did not train"
ATTUNE_LAUNCH=mpirun expect 0 "completed after 2 epochs" --data data --out model --epochs 2
expect 3 "nowhere: not a directory" --data nowhere --out other --epochs 2
ATTUNE_DOCTOR=yes expect 1 "nowhere: not a directory" --data=nowhere --out other --epochs 2

# Told to end: both ways of starting ranks pass it on.
for launch in srun mpirun; do
  rm -rf job.log endless
  ATTUNE_LAUNCH=$launch sbatch --wait --output=job.log "$recipe" --data data --out endless --dim 8 --epochs 1000000 \
    >sbatch.log 2>&1 &
  job=$! deadline=$((SECONDS + 120))
  until grep -qs "epoch 3/" job.log; do
    ((SECONDS < deadline)) || fail "$launch: no epoch was trained: $(cat sbatch.log)"
    sleep 0.1
  done
  scancel --batch --signal=TERM "$(sed -n 's/Submitted batch job //p' sbatch.log)"
  code=0
  wait "$job" || code=$?
  [[ $launch == mpirun || $code == 4 ]] || fail "$launch: expected exit code 4, got $code"  # mpirun has codes of its own
  "$ATTUNE" inspect endless >inspect.log 2>&1 || fail "$launch: nothing was saved: $(cat inspect.log)"
  grep -q "interrupted after" job.log || fail "$launch: it does not say that it was interrupted"
done

# Its time is over in the middle: it is queued again, and goes on from its checkpoint.
rm -rf job.log
sbatch --output=job.log "$recipe" --data data --out again --run again.run --dim 8 --epochs 300 >sbatch.log 2>&1
id=$(sed -n 's/Submitted batch job //p' sbatch.log) deadline=$((SECONDS + 240))
until grep -qs '"event":"epoch"' again.run/metrics.jsonl; do
  ((SECONDS < deadline)) || fail "no epoch was trained: $(cat sbatch.log)"
  sleep 0.1
done
scancel --batch --signal=USR1 "$id"
# Slurm lets two minutes pass before it begins anew; here it may when the nodes are clean, and in a later second: slurmd
# refuses a credential that is no younger, in whole seconds, than the end of the first life.
until grep -qs '"status": "interrupted"' again.run/result.json && [[ $(sinfo -h -o %T | sort -u) == idle ]] &&
  [[ $(squeue -h -j "$id" -o %T) == PENDING && -z $(pgrep -f "slurmstepd.*\[$id\.") ]]; do
  ((SECONDS < deadline)) || fail "it was not queued again: $(scontrol show job "$id")"
  sleep 0.5
done
clean=$SECONDS
until ((SECONDS > clean + 1)); do sleep 0.1; done
scontrol update jobid="$id" starttime=now
until grep -qs '"status": "completed"' again.run/result.json; do
  ((SECONDS < deadline)) || fail "it did not go on: $(scontrol show job "$id")"
  sleep 0.2
done
grep -q '"event":"resume"' again.run/metrics.jsonl || fail "it did not go on from its checkpoint"
JOBS
# Open MPI 4.1 under this Slurm sometimes crashes in MPI_Init on a busy machine (docs/clusters.md, where Slurm's recipe is).
# That is not ours to mend; all else is.
crashed_in_mpi_init() { grep -q "Failing at address: (nil)" jobs.out; }

for attempt in first second; do
  code=0
  recipe=$source_dir/launch/slurm/train.sbatch timeout 560 bash "$source_dir/tests/cluster/slurm.sh" --nodes 2 -- bash jobs.sh \
    >jobs.out 2>&1 || code=$?
  cat jobs.out
  if ((code == 0)) || [[ $attempt == second ]] || ! crashed_in_mpi_init; then break; fi
  echo "slurm_test: Open MPI crashed in MPI_Init: once more"
  find . -mindepth 1 -maxdepth 1 ! -name data ! -name jobs.sh -exec rm -rf {} +
done
((code == 0)) || exit "$code"
[[ -z $(find . -maxdepth 1 -name 'attune-slurm-*') ]] || { echo "slurm_test: Slurm's files are left"; exit 1; }
echo "slurm_test: the recipe runs jobs, says how they end, and passes signals on"
