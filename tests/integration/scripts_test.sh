#!/usr/bin/env bash
# What the scripts do where things are not as they hope.
#
# usage: scripts_test.sh SOURCE_DIR
set -euo pipefail

source_dir=$1
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT

fail() {
  printf 'scripts_test: %s\n' "$1"
  exit 1
}

# expect STATUS TEXT COMMAND...: the command ends with this status and says this.
expect() {
  local status=0 wanted=$1 text=$2 output
  shift 2
  output=$("$@" 2>&1 </dev/null) || status=$?
  [[ $status == "$wanted" ]] || fail "'$*' ended with $status, expected $wanted: $output"
  [[ $output == *"$text"* ]] || fail "'$*' should say '$text', said: $output"
}

# A machine with a shell and the named programs, and nothing else.
machine() {
  local bin=$scratch/machine-$1 tool
  shift
  mkdir -p "$bin"
  for tool in bash cat env "$@"; do ln -sf "$(command -v "$tool")" "$bin/$tool"; done
  echo "$bin"
}

install_deps=$source_dir/launch/install-deps.sh

duplicates=$(bash "$install_deps" --with-checks --list | sort | uniq -d)
[[ -z $duplicates ]] || fail "listed twice: $duplicates"
[[ $(bash "$install_deps" --list) == *libopencv-* ]] || fail "OpenCV is not installed unless left out"
[[ $(bash "$install_deps" --without-opencv --list) != *opencv* ]] || fail "--without-opencv lists OpenCV"
[[ $(bash "$install_deps" --with-checks --list) != *simgrid* ]] || fail "SimGrid is installed without being asked for"
[[ $(bash "$install_deps" --with-simgrid --list) == *libsimgrid-dev* ]] || fail "--with-simgrid lists no SimGrid"

# What a program runs with: read from a list, or asked of the program.
printf 'libzmq5\nlibfmt9\n' >"$scratch/packages"
[[ $(bash "$install_deps" --packages "$scratch/packages" --list) == $'libzmq5\nlibfmt9' ]] || fail "--packages lists something else"
expect 1 "cannot be read" bash "$install_deps" --packages "$scratch/none" --list
expect 1 "there is no bin/attune below it" bash "$install_deps" --runtime "$scratch" --list
if command -v dpkg-query >/dev/null; then
  mkdir -p "$scratch/installed/bin"
  cp "$(realpath /bin/bash)" "$scratch/installed/bin/attune"
  listed=$(bash "$install_deps" --runtime "$scratch/installed" --without-python --list)
  [[ $listed == *openmpi-bin* && $listed == *libc6* ]] || fail "--runtime lists: $listed"
  listed=$(bash "$install_deps" --runtime "$scratch/installed" --without-mpi --without-python --list)
  [[ $listed != *openmpi-bin* && $listed == *libc6* ]] || fail "--runtime --without-mpi lists: $listed"
fi

bin=$(machine without_apt)
expect 1 "libeigen3-dev" env -i PATH="$bin" bash "$install_deps"
expect 1 "knows Debian and Ubuntu only" env -i PATH="$bin" bash "$install_deps"

# Nothing is installed here, because dpkg-query knows no package.
bin=$(machine without_packages)
printf '#!/bin/sh\nexit 1\n' >"$bin/dpkg-query"
printf '#!/bin/sh\necho "$@" >>%q\nexit 100\n' "$scratch/apt-get.log" >"$bin/apt-get"
chmod +x "$bin/dpkg-query" "$bin/apt-get"
if ((EUID == 0)); then
  expect 1 "'apt-get update' failed" env -i PATH="$bin" bash "$install_deps"
  if command -v setpriv >/dev/null; then
    chmod 755 "$scratch"
    unprivileged=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    if "${unprivileged[@]}" test -r "$install_deps"; then
      expect 1 "there is no sudo" "${unprivileged[@]}" env -i PATH="$bin" bash "$install_deps"
    fi
  fi
else
  expect 1 "there is no sudo" env -i PATH="$bin" bash "$install_deps"
fi

# The package manager is left alone when nothing is missing.
printf '#!/bin/sh\necho installed\n' >"$bin/dpkg-query"
rm -f "$scratch/apt-get.log"
expect 0 "packages are installed" env -i PATH="$bin" bash "$install_deps"
[[ ! -e $scratch/apt-get.log ]] || fail "apt-get was called although nothing is missing"

# The recipes of images take the same files and the same steps.
container=$source_dir/launch/container
files=$(sed -n 's/^!//p' "$source_dir/.dockerignore" | sort)
[[ $(awk '/^%/ { section = $0 } section == "%files" && $2 ~ /^\/attune\/[^\/]*$/ { print $1 }' "$container/attune.def" | sort) == "$files" ]] ||
  fail ".dockerignore and attune.def name other files of the sources"
for file in $files; do [[ -e $source_dir/$file ]] || fail ".dockerignore names $file, which does not exist"; done
steps() { grep -oE 'install\.sh (dependencies|build|runtime)' "$1"; }
[[ $(steps "$container/Dockerfile") == "$(steps "$container/attune.def")" ]] || fail "Dockerfile and attune.def take other steps"
[[ $(steps "$container/Dockerfile" | wc -l) == 3 ]] || fail "the Dockerfile takes other steps than install.sh has"
expect 1 "there is no part 'gpu'" env PARTS="mpi gpu" bash "$container/install.sh" dependencies
expect 2 "usage: bash launch/container/install.sh" bash "$container/install.sh"

# Without root: what is missing is said before anything is made.
expect 2 "usage: bash launch/prefix.sh" bash "$source_dir/launch/prefix.sh"
bin=$(machine for_prefix dirname sed)
expect 1 "needs apt-get" env -i PATH="$bin" bash "$source_dir/launch/prefix.sh" "$scratch/prefix"
[[ ! -e $scratch/prefix ]] || fail "prefix.sh made a directory although apt-get is missing"

# The demo empties only what a demo made.
mkdir "$scratch/mine"
touch "$scratch/mine/data"
expect 2 "not from an earlier demo" bash "$source_dir/launch/demo.sh" --no-install --out "$scratch/mine"
[[ -e $scratch/mine/data ]] || fail "the demo removed a file that it did not make"

for script in launch/install-deps.sh launch/build.sh launch/demo.sh launch/prefix.sh tests/run.sh; do
  expect 0 "usage: bash $script" bash "$source_dir/$script" --help
done
