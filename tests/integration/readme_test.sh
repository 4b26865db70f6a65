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

# The two lines for the package, where it was built, on a matrix of two users.
awk '/^and from Python/ { inside = 1; next } inside && /^    / { print substr($0, 5); found = 1 } found && /^$/ { exit }' \
  "$source_dir/README.md" >train.py
[[ $(grep -c attune.train train.py) == 1 ]] || { echo "found no training from Python in the README"; exit 1; }
if [[ -e $program_dir/../python/attune/_program.py ]]; then
  sed -i '1i import attune, scipy.sparse\nuser_items = scipy.sparse.csr_matrix([[1, 1, 0, 0], [0, 1, 1, 1]])' train.py
  PYTHONPATH=$program_dir/../python /usr/bin/python3 -B train.py
fi
