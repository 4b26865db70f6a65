#!/usr/bin/env bash
# The Python package: its own tests, and the example of docs/python.md. Skipped (77) where it was not built.
#
# usage: python_test.sh SOURCE_DIR BUILD_DIR
set -euo pipefail

source_dir=$1
build_dir=$2
if [[ ! -e $build_dir/python/attune/_program.py ]]; then
  echo "python_test: the module was not built"
  exit 77
fi
# Debian's Python, the one that the module was built for, whatever else is in PATH.
python=/usr/bin/python3
if ! "$python" -c 'import scipy.sparse'; then
  echo "python_test: there is no SciPy (Debian: python3-scipy)"
  exit 77
fi

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
export PYTHONPATH=$build_dir/python PYTHONDONTWRITEBYTECODE=1 TMPDIR=$work
cd "$work"
"$python" "$source_dir/tests/integration/python_test.py" --buffer

awk '/^```/ { inside = ($0 == "```python"); next } inside' "$source_dir/docs/python.md" >example.py
[[ $(wc -l <example.py) -gt 20 ]] || { echo "python_test: no example in docs/python.md"; exit 1; }
"$python" example.py
rm -rf -- MODEL example.py
left=$(find "$work" -mindepth 1)
[[ -z $left ]] || { echo "python_test: temporary files were left: $left"; exit 1; }
