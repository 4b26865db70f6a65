#!/usr/bin/env python3
"""What several processes of one host cost, in one run, variants in turn.

usage: cluster_bench.py DATA [--parts ranks,memory,start,slow] [--repeats 5] [--attune PATH] -- FLAGS of attune train
  ranks   triples/s of 2 ranks under mpirun, one thread each, against one process with two threads: BPR and ACF; with
          huge pages for memory that processes share, too, if this may switch them on (it switches them off again)
  memory  what a rank takes besides the tables that it shares, in the middle of training
  start   8 ranks: from mpirun to the first epoch of tiny data, and from the end of the job to the end of mpirun
  slow    3 hosts (pretended), one of them stopped half of the time, against the same without"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HUGE_PAGES = pathlib.Path("/sys/kernel/mm/transparent_hugepage")
VARIANTS = {"BPR": ["--item-attention", "none"], "ACF": []}
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}


def spread(values, scale=1.0, digits=2):
    return f"{statistics.median(values) / scale:.{digits}f} ({min(values) / scale:.{digits}f}..{max(values) / scale:.{digits}f})"


class Bench:
    def __init__(self, options, work):
        self.options = options
        self.work = work

    def train(self, *flags):
        return [str(self.options.attune), "train", "--data", str(self.options.data), "--overwrite", "--evaluate-every", "0",
                "--json", "--log-level", "warning", "--out", str(self.work / "model"), *self.options.flags, *map(str, flags)]

    def mpirun(self, ranks, *flags):
        return ["mpirun", "-n", str(ranks), "--bind-to", "none", *self.train(*flags)]

    def hosts(self, ranks, *flags):
        return [str(self.options.attune), "local", "-n", str(ranks), "--hosts", str(ranks), *self.train(*flags)[1:]]

    def start(self, command):
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | MPI)

    def finish(self, process):
        out, log = process.communicate()
        if process.returncode != 0:
            sys.exit(f"exit code {process.returncode}: {log}")
        return json.loads(out.splitlines()[-1])

    def run(self, command):
        return self.finish(self.start(command))

    def ranks(self):
        with shared_huge_pages():
            self.pairs_of_ranks()

    def pairs_of_ranks(self):
        for name, flags in VARIANTS.items():
            alone, two = [], []
            for _ in range(self.options.repeats):
                alone.append(self.run(self.train(*flags, "--threads", 2))["triples_per_second"])
                two.append(self.run(self.mpirun(2, *flags, "--threads", 1))["triples_per_second"])
            ratios = [b / a for a, b in zip(alone, two)]
            print(f"{name}: one process of 2 threads {spread(alone, 1e6)} M triples/s, 2 ranks of 1 thread {spread(two, 1e6)}; "
                  f"ratio of pairs {spread(ratios)}", flush=True)

    def memory(self):
        for name, flags in VARIANTS.items():
            for ranks in (2, 4):
                job = self.start(self.mpirun(ranks, *flags, "--threads", 1, "--epochs", 1000))
                time.sleep(self.options.settle)
                pairs = [sum(private_mib(pid) for pid in (agent, *children(agent))) for agent in children(job.pid)
                         if pathlib.Path(f"/proc/{agent}/exe").resolve().name == "attune"]
                os.kill(job.pid, signal.SIGTERM)
                job.communicate()
                print(f"{name}, {ranks} ranks: a rank's own memory, agent and node, {spread(pairs, digits=1)} MiB", flush=True)

    def job_seconds(self, number):
        """From the start of 8 ranks to their first epoch, and from the job's result to the end of mpirun."""
        run = self.work / f"run{number}"
        began = time.time()
        job = self.start(self.mpirun(8, "--threads", 1, "--run", run))
        metrics, result = run / "metrics.jsonl", run / "result.json"
        first = None
        while job.poll() is None:
            if first is None and metrics.exists() and '"event":"epoch"' in metrics.read_text():
                first = time.time() - began
            time.sleep(0.005)
        ended = time.time()
        self.finish(job)
        return first or ended - began, ended - result.stat().st_mtime

    def start_and_end(self):
        pairs = [self.job_seconds(number) for number in range(self.options.repeats)]
        print(f"8 ranks: first epoch after {spread([a for a, _ in pairs])} s, gone {spread([b for _, b in pairs])} s after the "
              "result", flush=True)

    def slowed(self, staleness):
        job = self.start(self.hosts(3, "--threads", 1, "--staleness", staleness))
        stop = threading.Event()
        slower = threading.Thread(target=stop_half_of_the_time, args=(job, stop))
        slower.start()
        summary = self.finish(job)
        stop.set()
        slower.join()
        return summary["triples_per_second"]

    def slow(self):
        for staleness in (-1, 8, 512):
            plain, slowed = [], []
            for _ in range(self.options.repeats):
                plain.append(self.run(self.hosts(3, "--threads", 1, "--staleness", staleness))["triples_per_second"])
                slowed.append(self.slowed(staleness))
            print(f"staleness {staleness}: {spread(plain, 1e6)} M triples/s, with one of three workers stopped half of the time "
                  f"{spread(slowed, 1e6)}; ratio of pairs {spread([b / a for a, b in zip(plain, slowed)])}", flush=True)


@contextlib.contextmanager
def shared_huge_pages():
    """A process of its own has them where it asks for them; tables of several only if the system was told so."""
    path = HUGE_PAGES / "shmem_enabled"
    before = re.search(r"\[(\w+)\]", path.read_text()).group(1) if path.exists() else "none"
    if before not in ("never", "deny") or not os.access(path, os.W_OK):
        print(f"tables of several processes: huge pages {before}")
        yield
        return
    path.write_text("advise")
    print(f"tables of several processes: huge pages advise, {before} outside of this part")
    try:
        yield
    finally:
        path.write_text(before)


def children(pid):
    try:
        return [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
                for child in (task / "children").read_text().split()]
    except FileNotFoundError:
        return []


def private_mib(pid):
    fields = [line.split() for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]]
    return sum(int(field[1]) for field in fields if field[0] in ("Private_Dirty:", "Private_Clean:")) / 1024


def stop_half_of_the_time(job, stop):
    """Of the last rank's node."""
    node = None
    while node is None and not stop.wait(0.01):
        ranks = children(job.pid)
        nodes = children(max(ranks)) if len(ranks) == 3 else []
        node = nodes[0] if nodes else None
    for turn in iter(lambda: stop.wait(0.2), True):
        del turn
        try:
            os.kill(node, signal.SIGSTOP)
            stop.wait(0.2)
            os.kill(node, signal.SIGCONT)
        except ProcessLookupError:
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--parts", default="ranks,memory,start,slow")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--settle", type=float, default=5, help="seconds of training before memory is looked at")
    parser.add_argument("--attune", default=ROOT / "build/release/launch/attune")
    own = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:own])
    options.flags = sys.argv[own + 1:]
    for name in ("enabled", "shmem_enabled"):
        path = HUGE_PAGES / name
        print(f"transparent huge pages, {name}: {path.read_text().strip() if path.exists() else 'none'}")
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(options, pathlib.Path(work))
        parts = {"ranks": bench.ranks, "memory": bench.memory, "start": bench.start_and_end, "slow": bench.slow}
        for part in options.parts.split(","):
            parts[part]()


if __name__ == "__main__":
    main()
