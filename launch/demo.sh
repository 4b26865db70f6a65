#!/usr/bin/env bash
# From a fresh checkout to recommendations on real data: installs, builds, prepares MovieLens with features of its posters,
# trains BPR and ACF, compares them with popularity, recommends movies to one user and shows why.
#
# usage: bash launch/demo.sh [--out DIR] [--user ID] [--images DIR] [--no-install]
#   --out DIR      where data and models go (default: launch/demo/out); what an earlier demo left there is replaced
#   --user ID      whose recommendations are shown (default: 42)
#   --images DIR   posters to show on the page that explains: ID.jpg for movie ID (they are not part of attune)
#   --no-install   packages are there already; only build and run
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/functions.sh
source "$root/launch/functions.sh"

out=$root/launch/demo/out
user=42
images=
install=yes
while (($# > 0)); do
  case "$1" in
    --out) out=${2:?--out needs a directory}; shift ;;
    --user) user=${2:?--user needs an id}; shift ;;
    --images) images=${2:?--images needs a directory}; shift ;;
    --no-install) install=no ;;
    -h | --help) print_header "${BASH_SOURCE[0]}"; exit 0 ;;
    *) printf "demo: unknown argument '%s'; see --help\n" "$1" >&2; exit 2 ;;
  esac
  shift
done

out=$(realpath -m -- "$out")
pictures=()
[[ -z $images ]] || pictures=(--images "$(realpath -- "$images")")
# Only a directory that a demo made is emptied.
if [[ -d $out && ! -e $out/.attune-demo && -n $(ls -A -- "$out") ]]; then
  printf 'demo: %s is not empty and not from an earlier demo; choose another --out\n' "$out" >&2
  exit 2
fi

step=0
say() {
  step=$((step + 1))
  printf '\n[%d/8] %s\n' "$step" "$1"
}

# Prints a command the way a user would type it, then runs the program of this checkout.
run_attune() {
  printf '      $ attune'
  printf ' %q' "$@"
  printf '\n'
  "$attune" "$@"
}

say "Install Debian packages that are missing"
if [[ $install == yes ]]; then bash "$root/launch/install-deps.sh" --without-tests; else echo "skipped"; fi

say "Build the program (some minutes the first time, seconds after that)"
bash "$root/launch/build.sh" release --without-tests -- --target attune
attune=$root/build/release/launch/attune

# Paths below the checkout read better without it; the commands printed can be copied and run from there.
cd "$root"
out=$(realpath -m --relative-base=. -- "$out")
mkdir -p -- "$out"
touch -- "$out/.attune-demo"
rm -rf -- "$out/data" "$out/bpr" "$out/acf"
data=launch/demo/data
SECONDS=0

say "Prepare the log: 41,088 interactions of 669 users, 49 regions of each poster; the latest are kept for the test"
run_attune prepare --input "$data/interactions.tsv.gz" \
  --features "$data/features_pca64.npy" --features-index "$data/features_index.tsv" \
  --feature-normalise scale --split latest --validation latest --out "$out/data"

say "Train BPR: one vector a user, one an item, no history (launch/demo/bpr.json)"
run_attune train --config launch/demo/bpr.json --data "$out/data" --out "$out/bpr"

say "Train ACF: attention over each user's history and over the regions of posters (launch/demo/acf.json)"
run_attune train --config launch/demo/acf.json --data "$out/data" --out "$out/acf"

say "Evaluate on the held-out test: all movies ranked, beside popularity and BPR"
run_attune evaluate --model "$out/acf" --data "$out/data" --baseline popularity --against "$out/bpr"

say "Recommend: ten movies that user $user has not rated"
run_attune recommend --model "$out/acf" --data "$out/data" --user "$user" -k 10 --titles "$data/items.tsv"

say "Explain the first of them: what each movie of the history adds, and which regions of its poster count"
run_attune explain --model "$out/acf" --data "$out/data" --user "$user" --titles "$data/items.tsv" \
  --html "$out/explain.html" "${pictures[@]}"

cat <<TEXT

Done: prepared, trained twice, evaluated, recommended and explained in $SECONDS s. What next:
  why                open $out/explain.html in a browser
  your own log       ${attune#"$root/"} prepare --input LOG.tsv --out DATA; then train, evaluate and recommend as above
  another model      edit launch/demo/acf.json, or give flags: attune train --help
  the files          $out: text, JSON and .npy, which numpy.load opens
  how it works       docs/architecture.md
TEXT
