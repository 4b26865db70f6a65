#!/usr/bin/env python3
"""What checkpoints cost training: jobs with them and without in turn, in one process and in several, and how long it
takes until a run that goes on trains again. Makes its data, and removes all that it has made.

usage: checkpoint_bench.py [--work DIR] [--users 2000000] [--dim 128] [--epochs 8] [--repeats 5] [--build DIR]
                           [--parts machine,alone,ranks,resume]
  --work DIR  on the disk that is to be measured: needs six times the tables' size (default: /tmp)
  machine     checkpoint_bench, the program: what the machine can do, and what a stop takes to a millisecond
  alone       pairs of jobs in one process of two threads
  ranks       the same of two ranks of one thread under mpirun
  resume      of the run that was made last"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from cluster_bench import MPI, ROOT, spread

EVERY = "6s"


def call(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=os.environ | MPI, check=False)
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode}: {command}: {done.stderr}")
    return done.stdout


def moment(record):
    return datetime.datetime.fromisoformat(record["time"].replace("Z", "+00:00")).timestamp()


class Bench:
    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.attune = options.build / "launch/attune"
        self.begins = []  # seconds until a run in one process that begins trains

    def make_data(self):
        call([self.attune, "synth", "--users", self.options.users, "--items", self.options.users // 20, "--interactions",
              10 * self.options.users, "--user-exponent", "0.3", "--out", self.work / "data"])

    def machine(self):
        print(call([self.options.build / "tests/bench/checkpoint_bench", self.work / "data", self.work, 2, self.options.dim,
                    self.options.repeats]), end="", flush=True)

    def train(self, launcher, threads, every):
        """The run's records, by event."""
        for name in ("run", "model"):
            shutil.rmtree(self.work / name, ignore_errors=True)
        began = time.time()
        call([*launcher, self.attune, "train", "--data", self.work / "data", "--item-attention", "none", "--dim", self.options.dim,
              "--evaluate-every", 0, "--threads", threads, "--epochs", self.options.epochs, "--log-level", "warning", "--out",
              self.work / "model", "--run", self.work / "run", "--checkpoint-every", every])
        events = self.records()
        if not launcher:
            self.begins.append(moment(events["start"][0]) - began)
        return events

    def records(self):
        events = {}
        for line in map(json.loads, (self.work / "run/metrics.jsonl").read_text().splitlines()):
            events.setdefault(line["event"], []).append(line)
        return events

    def pairs(self, name, launcher, threads):
        lost, ratios, first, later, rest, disk = [], [], [], [], [], []
        for _ in range(self.options.repeats):
            plain, written = (self.train(launcher, threads, every) for every in ("never", EVERY))
            copies = [record["copy_seconds"] for record in written["snapshot"]]
            first.append(copies[0])
            later += copies[1:]
            rest += [record["rest_seconds"] for record in written["snapshot"]]
            disk += [record["seconds"] for record in written["checkpoint"]]
            without, with_them = (moment(run["epoch"][-1]) - moment(run["start"][0]) for run in (plain, written))
            lost.append((with_them - without) / len(copies))
            ratios.append(without / with_them)
        size = written["checkpoint"][-1]["bytes"]
        print(f"{name}, {size / 1e9:.2f} GB: at rest after {spread(rest, digits=3)} s, rows copied in {spread(first, digits=3)} s "
              f"the first time, {spread(later or first, digits=3)} s later; on disk after {spread(disk)} s")
        print(f"  speed with a checkpoint every {EVERY} to that without, pairs in turn: {spread(ratios)}; for each "
              f"{spread(lost)} s are lost: one in 5 minutes costs {spread([one / 3 for one in lost])} %", flush=True)

    def resume(self):
        """Of the newest run: to its first record, against a run that begins."""
        goes_on = []
        for _ in range(self.options.repeats):
            began = time.time()
            call([self.attune, "train", "--resume", self.work / "run", "--epochs", self.options.epochs, "--threads", 2,
                  "--log-level", "warning"])
            goes_on.append(moment(self.records()["resume"][-1]) - began)
        begins = f"{spread(self.begins)} s after its start, " if self.begins else ""
        print(f"one process trains {begins}{spread(goes_on)} s after it with --resume, every checksum verified", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()))
    parser.add_argument("--users", type=int, default=2_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--parts", default="machine,alone,ranks,resume")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        bench = Bench(options, pathlib.Path(work))
        bench.make_data()
        parts = {"machine": bench.machine,
                 "alone": lambda: bench.pairs("one process of 2 threads", [], 2),
                 "ranks": lambda: bench.pairs("2 ranks of 1 thread", ["mpirun", "-n", "2", "--bind-to", "none"], 1),
                 "resume": bench.resume}
        for part in options.parts.split(","):
            parts[part]()


if __name__ == "__main__":
    main()
