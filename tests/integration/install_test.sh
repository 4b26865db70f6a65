#!/usr/bin/env bash
# Installs a build below a temporary prefix and runs the program from there.
#
# usage: install_test.sh CMAKE BUILD_DIR VERSION
set -euo pipefail

cmake=$1
build=$2
version=$3

prefix=$(mktemp -d)
trap 'rm -rf -- "$prefix"' EXIT

fail() {
  printf 'install_test: %s\n' "$1"
  exit 1
}

"$cmake" --install "$build" --prefix "$prefix" >"$prefix/install.log" 2>&1 ||
  { cat "$prefix/install.log"; fail "cmake --install failed"; }

program=$prefix/bin/attune
[[ -x $program ]] || { cat "$prefix/install.log"; fail "bin/attune was not installed"; }

# Nothing of the build or of the caller's environment may be needed.
cd /
printed=$(env -i "$program" --version) || fail "'attune --version' failed"
[[ $printed == *"$version"* ]] || fail "'attune --version' printed '$printed', expected version $version"
env -i "$program" --help >/dev/null || fail "'attune --help' failed"

# A build with OpenCV finds its module in the installed tree: it gets as far as the network.
if [[ -e $build/launch/attune_opencv.so ]]; then
  said=$(env -i "$program" features --model none.onnx --layer x --images / --out none --dry-run 2>&1) || true
  [[ $said == *"none.onnx: no such file"* ]] || fail "'attune features' of a build with OpenCV said '$said'"
fi

# A build with the Python package: from there, it finds the program that was installed with it.
if [[ -e $build/python/attune/_program.py ]]; then
  package=$(find "$prefix/lib" -type d -path '*/dist-packages/attune') || true
  [[ -n $package ]] || fail "the Python package was not installed"
  found=$(env -i PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="${package%/attune}" /usr/bin/python3 -c \
    'import attune; print(attune._train.program(), attune.settings()["dim"])') || fail "the installed Python package failed"
  [[ $found == "$program 64" ]] || fail "the installed Python package found '$found'"
fi

for file in README.md LICENSE CHANGELOG.md; do
  [[ -s $prefix/share/doc/attune/$file ]] || fail "share/doc/attune/$file was not installed"
done
printf '%s\n' "$printed"
