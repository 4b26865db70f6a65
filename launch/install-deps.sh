#!/usr/bin/env bash
# Installs what attune is built and tested with, or only what it runs with: Debian or Ubuntu packages, nothing from
# anywhere else. This file is the only list of them. Safe to run again: it installs what is missing and touches nothing else.
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
# What an installed program runs with is not listed: names of library packages differ from release to release. --runtime
# asks the program which libraries it loads. These are the programs and Python packages that no library leads to:
mpi_runtime_packages=(
  openmpi-bin
)
python_runtime_packages=(
  python3-numpy
  python3-scipy
)
test_packages=(
  libgtest-dev
  python3-numpy         # opens our .npy files the way users do
)
check_packages=(
  clang-format-14       # one version, so that everybody formats alike
  clang-14              # builds with sanitizers, and the fuzzers
  libclang-rt-14-dev    # ... its sanitizers
  shellcheck
  slurm-wlm             # a Slurm of one machine, on which the recipe is tried
  munge
)

usage() {
  cat <<'TEXT'
usage: bash launch/install-deps.sh [--without-tests] [--without-opencv] [--without-mpi] [--without-python]
                                   [--without-index] [--with-simgrid] [--with-checks]
                                   [--runtime DIR | --packages FILE] [--list]

  --without-tests    only what the program itself needs
  --without-opencv   not what 'attune features' decodes pictures and runs networks with
  --without-mpi      not what mpirun and srun need to start ranks
  --without-python   not what the Python module is built with
  --without-index    not what indexes of 'attune export' are built with
  --with-simgrid     also what the second model of predictions is built with
  --with-checks      also what checks formatting, scripts, parsers, and jobs under Slurm
  --runtime DIR      instead, what the program that was built here and installed below DIR runs with
  --packages FILE    instead, the packages named in FILE, one a line: what --runtime DIR --list has printed
  --list             print the packages, one a line, and install nothing
TEXT
}

fail() {
  printf 'install-deps: %s\n' "$1" >&2
  exit 1
}

# The package that a file of this machine belongs to. A file below /lib may be known as one below /usr/lib, and the reverse.
package_of() {
  local file owner
  file=$(realpath -- "$1")
  for file in "$file" "${file#/usr}" "/usr${file#/usr}"; do
    if owner=$(dpkg-query --search "$file" 2>/dev/null); then
      printf '%s\n' "${owner%%:*}"
      return
    fi
  done
  fail "$1, which the program loads, belongs to no package: build against the packages of 'bash launch/install-deps.sh --list'"
}

# The shared libraries that programs and modules below a directory load, one a line.
loaded_libraries() {
  local file needs
  while IFS= read -r -d '' file; do
    # What is no ELF file loads nothing.
    needs=$(ldd "$file" 2>/dev/null) || continue
    if [[ $needs == *'not found'* ]]; then
      fail "$file lacks libraries here, so that their packages cannot be told; run this where it was built:
$(grep 'not found' <<<"$needs")"
    fi
    awk '$2 == "=>" && $3 ~ /^\// { print $3 }' <<<"$needs"
  done < <(find "$1" -type f \( -perm /111 -o -name '*.so' \) -print0) | sort -u
}

# What the program below a directory runs with, one package a line.
runtime_packages() {
  local libraries library
  [[ -x $1/bin/attune ]] || fail "--runtime $1: there is no bin/attune below it; install first: cmake --install build/release --prefix $1"
  if [[ $with_mpi == yes ]]; then printf '%s\n' "${mpi_runtime_packages[@]}"; fi
  if [[ $with_python == yes ]]; then printf '%s\n' "${python_runtime_packages[@]}"; fi
  libraries=$(loaded_libraries "$1")
  for library in $libraries; do package_of "$library"; done
}

with_tests=yes
with_opencv=yes
with_mpi=yes
with_python=yes
with_index=yes
with_simgrid=no
with_checks=no
list_only=no
runtime_of=
package_file=
while (($# > 0)); do
  case "$1" in
    --without-tests) with_tests=no ;;
    --without-opencv) with_opencv=no ;;
    --without-mpi) with_mpi=no ;;
    --without-python) with_python=no ;;
    --without-index) with_index=no ;;
    --with-simgrid) with_simgrid=yes ;;
    --with-checks) with_checks=yes ;;
    --runtime) runtime_of=${2:?--runtime needs the directory of an installed program}; shift ;;
    --packages) package_file=${2:?--packages needs a file}; shift ;;
    --list) list_only=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

if [[ -n $package_file ]]; then
  [[ -r $package_file ]] || fail "--packages $package_file: cannot be read"
  mapfile -t packages <"$package_file"
elif [[ -n $runtime_of ]]; then
  text=$(runtime_packages "$runtime_of")
  mapfile -t packages <<<"$text"
else
  packages=("${build_packages[@]}")
  if [[ $with_opencv == yes ]]; then packages+=("${opencv_packages[@]}"); fi
  if [[ $with_mpi == yes ]]; then packages+=("${mpi_packages[@]}"); fi
  if [[ $with_python == yes ]]; then packages+=("${python_packages[@]}"); fi
  if [[ $with_index == yes ]]; then packages+=("${index_packages[@]}"); fi
  if [[ $with_tests == yes ]]; then packages+=("${test_packages[@]}"); fi
  if [[ $with_simgrid == yes ]]; then packages+=("${simgrid_packages[@]}"); fi
  if [[ $with_checks == yes ]]; then packages+=("${check_packages[@]}"); fi
fi

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
