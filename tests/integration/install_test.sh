#!/usr/bin/env bash
# The program runs from where it is installed, with its licence beside it.
# Usage: install_test.sh CMAKE BUILD_DIRECTORY BINDIR DOCDIR
set -euo pipefail
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
"$1" --install "$2" --prefix "$prefix" >/dev/null
"$prefix/$3/attune" --version
test -f "$prefix/$4/LICENSE"
