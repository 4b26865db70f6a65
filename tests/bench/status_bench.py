#!/usr/bin/env python3
"""What it costs to look at a run: jobs whose endpoint is asked for /metrics and for what its page asks, once a second each,
and jobs without an endpoint, in turn; and the processor time that the endpoint's thread takes. Makes its data, and removes
all that it has made.

usage: status_bench.py [--work DIR] [--users 20000] [--dim 64] [--epochs 10] [--repeats 5] [--build DIR] [--parts alone,ranks,page]
  alone  one process of two threads
  ranks  attune local -n 2, one thread each
  page   how long pages of a run with 10,000 epochs take, to make and to load"""

import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from cluster_bench import ROOT, spread

TICKS = os.sysconf("SC_CLK_TCK")
# Says in its title how many milliseconds a page takes to load, its scripts with it.
AROUND = """<!doctype html><title></title><body><script>
const frame = document.createElement("iframe"), began = performance.now();
frame.style = "width: 1200px; height: 20000px";
frame.onload = () => { document.title = (performance.now() - began).toFixed(1); };
frame.src = "PAGE";
document.body.append(frame);
</script>"""


def ask(port, path, accept="*/*"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Accept": accept})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


class Asked:
    """An endpoint that is asked once a second until it is gone."""

    def __init__(self, process):
        self.process = process
        self.port = None
        self.times = 0
        self.thread_seconds = 0.0  # of the endpoint's thread
        self.watched = threading.Thread(target=self.watch)
        self.watched.start()

    def watch(self):
        for line in self.process.stderr:
            found = re.search(r"status: http://127.0.0.1:(\d+)/", line)
            if found:
                self.port = int(found.group(1))
                break
        threading.Thread(target=self.process.stderr.read).start()
        while self.process.poll() is None:
            try:
                ask(self.port, "/metrics")
                _, status = ask(self.port, "/status")
                ask(self.port, "/status", "text/html")
                self.times += 1
                processes = json.loads(status).get("processes")
                if processes:
                    self.look(int(re.search(r"pid (\d+)", processes[0]["where"]).group(1)))
            except (OSError, http.client.HTTPException):
                pass  # not yet, or not any more
            time.sleep(1)

    def look(self, pid):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            name, _, rest = (task / "stat").read_text().partition(") ")
            if name.endswith("(status"):
                fields = rest.split()
                self.thread_seconds = (int(fields[11]) + int(fields[12])) / TICKS


class Bench:
    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.attune = str(options.build / "launch/attune")

    def make_data(self):
        subprocess.run([self.attune, "synth", "--users", str(self.options.users), "--items", "5000", "--interactions",
                        str(50 * self.options.users), "--out", self.work / "data", "--log-level", "warning"], check=True,
                       stdout=subprocess.DEVNULL)

    def train(self, launcher, threads, asked):
        """Triples a second, and, if it is asked, the share of its time that the endpoint's thread has taken."""
        command = [self.attune, *launcher, "train", "--data", self.work / "data", "--dim", self.options.dim, "--evaluate-every", 0,
                   "--threads", threads, "--epochs", self.options.epochs, "--overwrite", "--out", self.work / "model", "--json"]
        if asked:
            command += ["--status-port", 0]
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if asked:
            watcher = Asked(process)
            out = process.stdout.read()
            process.wait()
            watcher.watched.join()
        else:
            out, _ = process.communicate()
        if process.returncode != 0:
            sys.exit(f"exit code {process.returncode}: {command}")
        result = json.loads(out.splitlines()[-1])
        share = watcher.thread_seconds / result["train_seconds"] if asked else 0
        return result["triples_per_second"], share, watcher.times if asked else 0

    def pairs(self, name, launcher, threads):
        ratios, shares, times = [], [], 0
        for n in range(self.options.repeats):
            order = (False, True) if n % 2 == 0 else (True, False)
            rates = {asked: self.train(launcher, threads, asked) for asked in order}
            ratios.append(rates[True][0] / rates[False][0])
            shares.append(100 * rates[True][1])
            times += rates[True][2]
        print(f"{name}: speed of a run that is asked {times / self.options.repeats:.0f} times to that of one without endpoint, pairs "
              f"in turn: {spread(ratios, digits=3)}; its thread takes {spread(shares)} % of a processor", flush=True)

    def page(self):
        run = self.work / "long"
        run.mkdir()
        with open(run / "metrics.jsonl", "w", encoding="utf-8") as file:
            for epoch in range(1, 10001):
                file.write(json.dumps({"time": "2026-01-31T12:00:00.000Z", "event": "epoch", "epoch": epoch, "loss": 1 / epoch,
                                       "seconds": 1, "triples_per_second": 1e6, "lr": 0.05}) + "\n")
                if epoch % 5 == 0:
                    metrics = {f"{metric}@{k}": epoch / 1e4 for metric in ("hr", "ndcg") for k in range(10, 101, 10)}
                    file.write(json.dumps({"time": "2026-01-31T12:00:00.000Z", "event": "evaluation", "epoch": epoch,
                                           "split": "validation", "best": True, "metrics": metrics}) + "\n")
        seconds = []
        for _ in range(self.options.repeats):
            began = time.perf_counter()
            subprocess.run([self.attune, "status", run, "--page", self.work / "long.html"], check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - began)
        print(f"page of 10,000 epochs: {(self.work / 'long.html').stat().st_size} bytes, from "
              f"{(run / 'metrics.jsonl').stat().st_size} bytes of records in {spread(seconds, digits=3)} s", flush=True)
        self.load(self.work / "long.html")

    def load(self, page):
        """What Chromium needs from the address of the page's file to its load event, its own start left out."""
        browser = shutil.which("chromium") or shutil.which("chromium-browser")
        if browser is None:
            print("no Chromium: not loaded")
            return
        around = self.work / "around.html"
        around.write_text(AROUND.replace("PAGE", page.as_uri()))
        seconds = []
        for _ in range(self.options.repeats):
            dom = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                  f"--user-data-dir={self.work}/browser", "--dump-dom", around.as_uri()], check=True,
                                 capture_output=True, text=True, timeout=120).stdout
            said = re.search("<title>([0-9.]+)<", dom)
            if said is None:
                sys.exit(f"Chromium has not loaded {page}: {dom[:200]}")
            seconds.append(float(said.group(1)) / 1000)
        print(f"Chromium has loaded the file in {spread(seconds, digits=3)} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()))
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--parts", default="alone,ranks,page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        bench = Bench(options, pathlib.Path(work))
        bench.make_data()
        parts = {"alone": lambda: bench.pairs("one process of 2 threads", [], 2),
                 "ranks": lambda: bench.pairs("2 processes of 1 thread", ["local", "-n", "2"], 1),
                 "page": bench.page}
        for part in options.parts.split(","):
            parts[part]()


if __name__ == "__main__":
    main()
