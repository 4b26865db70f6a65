#!/usr/bin/env bash
# The steps of docs/installing.md, "Without root", from dependencies to a job: for a user without rights, on a machine where
# only a compiler, CMake and Ninja are installed. bare_machine.sh runs it on such a machine.
#
# usage: prefix_steps.sh HOME     at the root of the sources; HOME gets packages/ and attune/
set -euo pipefail

export HOME=$1
((EUID != 0)) || { echo "prefix_steps: is run as a user without rights" >&2; exit 1; }
if [[ -e /usr/include/zmq.h ]]; then echo "prefix_steps: ZeroMQ is installed: this proves nothing here" >&2; exit 1; fi

bash launch/prefix.sh "$HOME/packages"
(
  # shellcheck disable=SC1091  # made just now
  source "$HOME/packages/environment"
  cmake --preset release --log-level=WARNING -DCMAKE_INSTALL_PREFIX="$HOME/attune" -DBUILD_TESTING=OFF -DATTUNE_MPI=ON -DATTUNE_HNSW=ON
  # shellcheck source=launch/functions.sh
  source launch/functions.sh
  cmake --build --preset release --parallel "$(build_jobs)"
  cmake --install build/release >/dev/null
)
# The installed program needs neither the sources nor the environment; mpirun, which is one of the packages, needs the latter.
echo "prefix_steps: with an empty environment: $(cd / && env -i "$HOME/attune/bin/attune" --version | head -n 1)"
first_run=$(realpath tests/integration/first_run.sh)
# shellcheck disable=SC1091  # as above
source "$HOME/packages/environment"
cd /
PATH=$HOME/attune/bin:$PATH bash "$first_run"
