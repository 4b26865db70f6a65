#!/usr/bin/env bash
# The page of a run in a real browser, also of one of 10,000 epochs: nothing is wider than a phone, text can be told from
# its ground in light and dark; while the run trains the page follows it, and says so when there is no answer any more.
# Skipped (77) where there is no Chromium.
#
# usage: status_browser_test.sh SOURCE_DIR ATTUNE
set -euo pipefail
# shellcheck disable=SC2034  # expect.sh names it
name=status_browser_test
source_dir=$(realpath -- "$1")
attune=$(realpath -- "$2")
browser=$(command -v chromium || command -v chromium-browser || true)
[[ -n $browser ]] || { echo "no Chromium; skipped"; exit 77; }
# shellcheck source=tests/integration/expect.sh
source "$source_dir/tests/integration/expect.sh"
work_apart

# see ARGUMENT...: the document that the browser has made.
see() {
  timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/browser" \
    "$@" --dump-dom 2>browser.log || fail "the browser has failed: $(tail -5 browser.log)"
}

# look PAGE: in a window and on a phone, in light and dark. A browser's own window may not be as narrow as a phone.
look() {
  local page=$1 width dark
  for width in 1200 390; do
    python3 - "$page" "$width" "$source_dir/tests/integration/page_probe.js" >probed.html <<'PYTHON'
import html, pathlib, sys
page, width, probe = sys.argv[1:]
print(f"""<!doctype html><iframe srcdoc="{html.escape(pathlib.Path(page).read_text())}" width="{width}" height="900"></iframe>
<script>{pathlib.Path(probe).read_text()}
const frame = document.querySelector('iframe');
frame.onload = () => {{
  const page = frame.contentDocument;
  check('there are charts', page.querySelectorAll('svg.chart').length >= 2);
  check('the processes are there', page.querySelectorAll('#processes').length === (page.querySelector('script') ? 1 : 0));
  checkPage(frame.contentWindow, 'h1, h2, p:not([hidden]), td, th, .chart text, footer, .key li, dt, dd, .events li, time');
  for (const part of page.querySelectorAll('.chart, dl, .events'))
    check('a part is too wide', part.getBoundingClientRect().right <= {width});
  tell();
}};
</script>""")
PYTHON
    for dark in "" "--blink-settings=preferredColorScheme=0"; do
      # shellcheck disable=SC2086  # a flag or none
      see --window-size=1280,1000 $dark "file://$work/probed.html" >dom.html
      grep -q '<title>looks good' dom.html ||
        fail "$page, $width wide, '$dark': $(grep -o '<title>[^<]*' dom.html | head -1)"
    done
  done
}

# 10,000 epochs, as a run would have written them.
mkdir long
python3 - >long/metrics.jsonl <<'PYTHON'
import json, math
def say(event, **fields):
    print(json.dumps({"time": "2026-01-31T12:00:00.000Z", "event": event, **fields}))
say("start", version="0.1.0", threads=2, processes=2, settings={"data": "data/a-rather-long-name-of-a-data-set/" * 3, "out": "model", "epochs": 12000, "metric": "ndcg@100"})
for epoch in range(1, 10001):
    say("epoch", epoch=epoch, loss=1 / math.log(epoch + 2), seconds=1, triples_per_second=1e6 + 1e4 * (epoch % 7), lr=0.05,
        triples_total=1e6 * epoch, train_seconds=epoch, staleness={"batches": {"p99": epoch % 9, "max": 9}})
    if epoch % 5 == 0:
        say("evaluation", epoch=epoch, split="validation", best=epoch == 5000,
            metrics={f"{name}@{k}": 0.1 + math.log(epoch) / 30 + k / 1000 for name in ("hr", "ndcg") for k in (10, 100)})
    if epoch % 500 == 0:
        say("checkpoint", number=epoch, path=f"long/checkpoints/{epoch:08}", bytes=1 << 30, seconds=3)
        say("processes", what=f"rank 1 (node{epoch}), pid {epoch} was silent for too long")
PYTHON
expect 0 "epochs done              10000 of 12000" "$attune" status long --page long.html
(($(stat -c %s long.html) < 300000)) || fail "the page of 10,000 epochs has $(stat -c %s long.html) bytes"
look long.html

# One that is under way.
"$attune" synth --users 800 --items 100 --interactions 12000 --validation latest --out data >log 2>&1 || fail "$(cat log)"
begin run "$attune" local -n 2 train --data data --out model --run run --dim 8 --threads 1 --epochs 1000000 \
  --evaluate-every 3 --checkpoint-every 5epochs --status-port 0
await 'I status: http://' run.log
address=$(sed -n 's|.*I status: \(http://.*\)$|\1|p' run.log | head -1)
await '"checkpoint"' run/metrics.jsonl
python3 - "$address" >live.html <<'PYTHON'
import sys, time, urllib.request
page = ""
deadline = time.monotonic() + 60
while 'id="processes"' not in page:
    assert time.monotonic() < deadline, page
    page = urllib.request.urlopen(sys.argv[1], timeout=20).read().decode()
print(page)
PYTHON
look live.html

# asked: how often the endpoint has answered so far.
asked() {
  python3 -c 'import re, sys, urllib.request
print(int(re.search(r"attune_status_requests_total (\d+)", urllib.request.urlopen(sys.argv[1] + "metrics").read().decode())[1]))' \
    "$address"
}
before=$(asked)
see --virtual-time-budget=15000 "$address" >dom.html
after=$(asked)
((after >= before + 4)) || fail "the page has asked $((after - before - 2)) times for what is new: $(cat browser.log)"
grep -q '<title>model: ' dom.html || fail "the page has no title: $(head -c 600 dom.html)"
grep -q 'id="lost"[^>]*hidden' dom.html || fail "the page says that there is no answer: $(tail -5 browser.log)"
kill -TERM "$pid"
ends_with 4 "$pid"
# Its server is gone: a copy of the page, which finds none.
see --virtual-time-budget=5000 "file://$work/live.html" >dom.html
grep -q 'id="lost"' dom.html || fail "no word of a server that is gone"
if grep -q 'id="lost"[^>]*hidden' dom.html; then fail "the page does not say that its server is gone"; fi
echo "the page can be read"
