#!/usr/bin/env bash
# Runs the commands of the README's section "On your own log", on the demo's log.
#
# usage: readme_test.sh SOURCE_DIR PROGRAM_DIR
set -euo pipefail

source_dir=$1
program_dir=$2

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"
export PATH=$program_dir:$PATH
cp "$source_dir/launch/demo/data/interactions.tsv.gz" log.tsv.gz

# Prints the lines inside fences of the language $1, in the section.
blocks() {
  awk -v fence="\`\`\`$1" '
    /^## / { section = ($0 == "## On your own log") }
    /^```/ { inside = section && $0 == fence; next }
    inside' "$source_dir/README.md"
}

blocks sh | grep '^attune ' >commands.sh
count=$(wc -l <commands.sh)
((count >= 4)) || { echo "found $count commands in the README, expected at least 4"; exit 1; }
while IFS= read -r command; do
  printf '$ %s\n' "$command"
  bash -euo pipefail -c "$command" </dev/null
done <commands.sh

blocks python >open.py
[[ -s open.py ]] || { echo "found no Python in the README"; exit 1; }
# Debian's Python, the one that python3-numpy belongs to, whatever else is in PATH.
/usr/bin/python3 open.py
