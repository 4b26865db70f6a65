#!/usr/bin/env bash
# The pages of a study and of scaling in a real browser: scripts work, nothing is wider than a narrow window, text can be told from its
# ground in light and dark. Skipped (77) where there is no Chromium.
#
# usage: page_browser_test.sh SOURCE_DIR ATTUNE
set -euo pipefail
name=page_browser_test
source_dir=$(realpath -- "$1")
attune=$(realpath -- "$2")
browser=$(command -v chromium || command -v chromium-browser || true)
[[ -n $browser ]] || { echo "no Chromium; skipped"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd -- "$work"
# shellcheck source=tests/integration/expect.sh
source "$source_dir/tests/integration/expect.sh"

"$attune" synth --out data --users 60 --items 40 --interactions 700 --validation latest --log-level warning >out
"$attune" study --data data --out study --methods bpr,svdpp,acf_uvp --dims 4,8 --trials 1 --seeds 2 --epochs 1 \
  --log-level error >out
"$attune" report study --out study.html >out
"$attune" scale --data data --out scaling --threads 1,2 --ranks 2 --repeats 2 --epochs 1 --log-level error >out

# A copy that looks at itself and says what it found.
{
  echo '<script>'
  cat "$source_dir/tests/integration/page_probe.js"
  cat <<'PROBE'
const cells = (table, column) => [...table.tBodies[0].rows].map((row) => Number(row.cells[column].dataset.value));
const sorted = (numbers) => numbers.every((number, at) => at === 0 || numbers[at - 1] >= number);
const study = document.getElementById('methods') !== null;
const table = document.getElementById(study ? 'methods' : 'strong');
const head = table.tHead.rows[0].cells[3];
head.firstElementChild.click();
check('sorted, greatest first', sorted(cells(table, 3)) && head.getAttribute('aria-sort') === 'descending');
head.firstElementChild.click();
check('sorted, least first', sorted(cells(table, 3).reverse()) && head.getAttribute('aria-sort') === 'ascending');
const name = document.querySelector('.key li');
name.dispatchEvent(new MouseEvent('mouseenter'));
check('a name brings its lines out', document.querySelectorAll('.picked .series.out').length === 2);
name.dispatchEvent(new MouseEvent('mouseleave'));
check('and lets them go', document.querySelectorAll('.picked, .out').length === 0);
checkPage(window, 'h1, h2, p, td, th button, .chart text, footer, .key li, summary');
tell();
</script>
PROBE
} >probe.html

# look PAGE WIDTH FLAG...: the title that the page has given itself.
look() {
  local page=$1 width=$2
  shift 2
  cat "$page" probe.html >probed.html
  timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/browser" \
    --window-size="$width,900" "$@" --dump-dom "file://$work/probed.html" 2>browser.log | grep -o '<title>[^<]*' | head -1
}
for look in "1280" "1280 --blink-settings=preferredColorScheme=0" "500" "500 --blink-settings=preferredColorScheme=0"; do
  read -ra words <<<"$look"
  for page in study.html scaling/scaling.html; do
    said=$(look "$page" "${words[@]}") || fail "the browser has failed: $(tail -5 browser.log)"
    [[ $said == "<title>looks good" ]] || fail "$page with $look: $said"
  done
done
