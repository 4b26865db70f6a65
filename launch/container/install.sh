#!/usr/bin/env bash
# The steps of both container recipes, so that they cannot differ: Dockerfile and attune.def call nothing else.
#
# usage: bash launch/container/install.sh dependencies|build|runtime
#   dependencies   build stage: packages that attune is built with
#   build          build stage: builds this tree, installs it below $PREFIX, and notes there which packages it runs with
#   runtime        last stage: these packages, and nothing that is only needed to build
# Settings, from the environment:
#   PARTS    optional parts: of mpi, hnsw, opencv, python; the default is "mpi hnsw"
#   NATIVE   ON: for the processor of the machine that builds; the default OFF runs on every processor of the kind
#   PREFIX   where the program goes; the default is /opt/attune
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
parts=${PARTS-mpi hnsw}
prefix=${PREFIX:-/opt/attune}
packages=$prefix/share/attune/packages

fail() {
  printf 'container/install: %s\n' "$1" >&2
  exit 1
}

# has PART: whether an optional part is wanted.
has() { [[ " $parts " == *" $1 "* ]]; }

# One argument a line for install-deps.sh: parts that are not wanted.
without_parts() {
  printf '%s\n' --without-tests
  has mpi || echo --without-mpi
  has hnsw || echo --without-index
  has opencv || echo --without-opencv
  has python || echo --without-python
}

# One argument a line for CMake: every part is ON or OFF, so that nothing is left out without an error.
part_options() {
  local part
  for part in mpi hnsw opencv python; do
    if has "$part"; then echo "-DATTUNE_${part^^}=ON"; else echo "-DATTUNE_${part^^}=OFF"; fi
  done
}

install_packages() { bash "$root/launch/install-deps.sh" "$@"; }

# Lists and archives of packages are of no use in an image.
forget_package_lists() {
  apt-get clean
  rm -rf /var/lib/apt/lists/*
}

build() {
  local build=$root/build/container
  # shellcheck source=launch/functions.sh
  source "$root/launch/functions.sh"
  use_writable_ccache "$root"
  cmake -S "$root" -B "$build" -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
    "-DCMAKE_INSTALL_PREFIX=$prefix" -DATTUNE_PYTHON_DIR=lib/python "-DATTUNE_NATIVE=${NATIVE:-OFF}" "${options[@]}"
  cmake --build "$build" --parallel "$(build_jobs)"
  cmake --install "$build" --strip >/dev/null
  mkdir -p "$(dirname -- "$packages")"
  install_packages "${without[@]}" --runtime "$prefix" --list >"$packages"
}

for part in $parts; do
  case "$part" in
    mpi | hnsw | opencv | python) ;;
    *) fail "PARTS=\"$parts\": there is no part '$part'; parts are mpi, hnsw, opencv and python" ;;
  esac
done
mapfile -t without < <(without_parts)
mapfile -t options < <(part_options)

case "${1:-}" in
  dependencies) install_packages "${without[@]}" ;;
  build) build ;;
  runtime)
    install_packages --packages "$packages"
    forget_package_lists
    ;;
  *) sed -n '2,${/^#/!q; s/^# \{0,1\}//; p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
