#!/usr/bin/env bash
# Installs what attune is built and tested with: Debian or Ubuntu packages, nothing from anywhere else.
# This file is the only list of them. Safe to run again: it installs what is missing and touches nothing else.
set -euo pipefail

build_packages=(
  g++                   # C++20: version 12 or newer
  cmake                 # 3.25 or newer
  ninja-build
  ccache                # makes a second build fast
  libeigen3-dev         # matrix products
  libboost-dev          # math: the t distribution; containers; HTTP of a run's page
  libprotobuf-dev       # settings schema
  protobuf-compiler
  libfmt-dev
  libspdlog-dev         # log
  libcli11-dev          # command line
  nlohmann-json3-dev    # manifests, --config files
  librandom123-dev      # counter-based random numbers
  libxxhash-dev         # checksums
  libarchive-dev        # .gz and .zst logs
  libzmq3-dev           # messages between processes
  cppzmq-dev
  libsodium-dev         # keys from a secret
  prometheus-cpp-dev    # the text format of /metrics
)
mpi_packages=(          # optional: starting ranks with mpirun or srun
  libopenmpi-dev
  openmpi-bin
)
opencv_packages=(       # optional: 'attune features'; 273 MB installed, where libopencv-dev takes 673
  libopencv-dnn-dev        # networks
  libopencv-imgcodecs-dev  # pictures
  libopencv-imgproc-dev    # resizing
  libopencv-videoio-dev    # videos
)
python_packages=(       # optional: the Python module
  pybind11-dev
  python3-dev
  python3-numpy
  python3-scipy         # matrices to train on
)
index_packages=(        # optional: indexes of 'attune export'
  libhnswlib-dev        # headers only
)
simgrid_packages=(      # optional: a second model of what 'attune predict' predicts
  libsimgrid-dev
)
test_packages=(
  libgtest-dev
  python3-numpy         # opens our .npy files the way users do
)
check_packages=(
  clang-format-14       # one version, so that everybody formats alike
  clang-14              # the fuzzers: libFuzzer comes with it
  libclang-rt-14-dev    # ... its sanitizers
  shellcheck
  slurm-wlm             # a Slurm of one machine, on which the recipe is tried
  munge
)

usage() {
  cat <<'TEXT'
usage: bash launch/install-deps.sh [--without-tests] [--without-opencv] [--without-mpi] [--without-python]
                                   [--without-index] [--with-simgrid] [--with-checks] [--list]

  --without-tests    only what the program itself needs
  --without-opencv   not what 'attune features' decodes pictures and runs networks with
  --without-mpi      not what mpirun and srun need to start ranks
  --without-python   not what the Python module is built with
  --without-index    not what indexes of 'attune export' are built with
  --with-simgrid     also what the second model of predictions is built with
  --with-checks      also what checks formatting, scripts, parsers, and jobs under Slurm
  --list             print the packages, one a line, and install nothing
TEXT
}

fail() {
  printf 'install-deps: %s\n' "$1" >&2
  exit 1
}

with_tests=yes
with_opencv=yes
with_mpi=yes
with_python=yes
with_index=yes
with_simgrid=no
with_checks=no
list_only=no
while (($# > 0)); do
  case "$1" in
    --without-tests) with_tests=no ;;
    --without-opencv) with_opencv=no ;;
    --without-mpi) with_mpi=no ;;
    --without-python) with_python=no ;;
    --without-index) with_index=no ;;
    --with-simgrid) with_simgrid=yes ;;
    --with-checks) with_checks=yes ;;
    --list) list_only=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

packages=("${build_packages[@]}")
if [[ $with_opencv == yes ]]; then packages+=("${opencv_packages[@]}"); fi
if [[ $with_mpi == yes ]]; then packages+=("${mpi_packages[@]}"); fi
if [[ $with_python == yes ]]; then packages+=("${python_packages[@]}"); fi
if [[ $with_index == yes ]]; then packages+=("${index_packages[@]}"); fi
if [[ $with_tests == yes ]]; then packages+=("${test_packages[@]}"); fi
if [[ $with_simgrid == yes ]]; then packages+=("${simgrid_packages[@]}"); fi
if [[ $with_checks == yes ]]; then packages+=("${check_packages[@]}"); fi

declare -A listed=()  # one may be in two lists
wanted=("${packages[@]}")
packages=()
for package in "${wanted[@]}"; do
  if [[ -z ${listed[$package]:-} ]]; then packages+=("$package"); fi
  listed[$package]=yes
done

if [[ $list_only == yes ]]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  fail "this script knows Debian and Ubuntu only. Install the equivalents of these Debian packages with your
own package manager, then build with 'cmake --workflow --preset release':
  ${packages[*]}"
fi

is_installed() {
  # ':any' would also match packages that are only configured; the status word is exact.
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing=()
for package in "${packages[@]}"; do
  if ! is_installed "$package"; then missing+=("$package"); fi
done
if ((${#missing[@]} == 0)); then
  printf 'install-deps: all %d packages are installed\n' "${#packages[@]}"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    fail "not root, and there is no sudo. Ask an administrator to run
  apt-get install --no-install-recommends ${missing[*]}"
  fi
  as_root=(sudo)
fi

# Nothing may ask a question, and messages should not depend on a locale that may be missing.
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
    apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"
}

printf 'install-deps: installing %d of %d packages: %s\n' "${#missing[@]}" "${#packages[@]}" "${missing[*]}"
apt -qq update || fail "'apt-get update' failed: look at the lines above, at the network and at the package sources"
apt -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" >/dev/null ||
  fail "apt-get could not install: ${missing[*]}
It needs the package sources of Debian 12, Ubuntu 24.04 or newer ('universe' on Ubuntu)."

for package in "${missing[@]}"; do
  if ! is_installed "$package"; then fail "apt-get reported success, but $package is not installed"; fi
done
printf 'install-deps: done\n'
