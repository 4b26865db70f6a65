#!/usr/bin/env python3
"""How long a job stands still when one of its processes is killed: the last process of a host that works for others, the
first of another host (an owner of rows), the scheduler's. Two hosts on this machine with two processes each (`attune
local`), tables of about 1 GB. Makes its data, and removes all that it has made.

usage: recovery_bench.py [--work DIR] [--users 2000000] [--dim 128] [--repeats 3] [--build DIR]
  --work DIR  on the disk that is to be measured: needs six times the tables' size (default: /tmp)

For an owner and the scheduler: from the kill until the job trains in its next life, whose rows were read and verified, beside
what reading the same files alone takes. For a worker: until its successor trains; the others never stop."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from checkpoint_bench import call, moment
from cluster_bench import ROOT, spread

sys.path.insert(0, str(ROOT / "tests/fault"))
import processes  # noqa: E402  beside this folder

WITHIN = 300  # seconds for anything that is waited for
TRAINS = 0.1  # seconds of processor time that a worker's thread has used when it has begun to train
TICKS = 100   # of a second, in /proc


class Job:
    """A job that trains until it is ended."""

    def __init__(self, attune, work, dim):
        self.run = pathlib.Path(tempfile.mkdtemp(dir=work)) / "run"
        self.log = self.run.with_name("log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [attune, "local", "-n", "4", "--hosts", "2", "train", "--data", work / "data", "--item-attention", "none", "--dim",
                 str(dim), "--threads", "1", "--epochs", "1000", "--evaluate-every", "0", "--checkpoint-every", "8s", "--out",
                 self.run.with_name("model"), "--run", self.run], stdout=log, stderr=log)

    def records(self, event):
        if not (self.run / "metrics.jsonl").exists():
            return []
        lines = (self.run / "metrics.jsonl").read_text().splitlines()
        return [record for record in map(json.loads, lines) if record["event"] == event]

    def wait(self, what, reached):
        deadline = time.time() + WITHIN
        while not reached():
            if self.process.poll() is not None or time.time() > deadline:
                sys.exit(f"no {what}: {self.log.read_text()}")
            time.sleep(0.005)

    def node(self, rank):
        """The process of that rank that trains."""
        nodes = processes.children(sorted(processes.children(self.process.pid))[rank])
        return nodes[0] if nodes else None

    def kill(self, rank):
        """@returns when, and who"""
        victim = self.node(rank)
        processes.send(victim, 9)
        return time.time(), victim

    def end(self):
        self.process.terminate()
        self.process.wait(WITHIN)


def uses_its_thread(pid):
    """Whether one of its worker threads has trained for a while."""
    for task in processes.list_directory(f"/proc/{pid}/task"):
        stat = processes.read(f"/proc/{pid}/task/{task}/stat")
        name, fields = stat[stat.find(b"(") + 1:stat.rfind(b")")], stat[stat.rfind(b")") + 2:].split()
        if name.startswith(b"worker") and int(fields[11]) / TICKS >= TRAINS:
            return True
    return False


def worker(job):
    killed, victim = job.kill(3)
    job.wait("successor of a worker", lambda: (now := job.node(3)) not in (None, victim) and uses_its_thread(now))
    return time.time() - killed - TRAINS


def owner_of_rows(job, rank):
    before = len(job.records("resume"))
    killed, _ = job.kill(rank)
    job.wait("next life", lambda: len(job.records("resume")) > before)
    return moment(job.records("resume")[-1]) - killed


def reads(job):
    """Seconds that the newest checkpoint's files take to be read once, as they are after they were written."""
    newest = sorted((job.run / "checkpoints").iterdir())[-1]
    began, size = time.time(), 0
    for path in newest.rglob("*"):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while data := file.read(1 << 24):
                    size += len(data)
    return time.time() - began, size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()))
    parser.add_argument("--users", type=int, default=2_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        work = pathlib.Path(name)
        attune = options.build / "launch/attune"
        call([attune, "synth", "--users", options.users, "--items", options.users // 20, "--interactions", 10 * options.users,
              "--user-exponent", "0.3", "--out", work / "data"])
        job = Job(attune, work, options.dim)
        times = {"worker": [], "owner of rows": [], "scheduler": []}
        read = []
        try:
            for _ in range(options.repeats):
                for what, hurt in (("worker", worker), ("owner of rows", lambda job: owner_of_rows(job, 2)),
                                   ("scheduler", lambda job: owner_of_rows(job, 0))):
                    written = len(job.records("checkpoint"))
                    job.wait("checkpoint", lambda: len(job.records("checkpoint")) > written + 1)
                    times[what].append(hurt(job))
                took, size = reads(job)
                read.append(took)
        finally:
            job.end()
        print(f"checkpoints of {size / 1e9:.2f} GB, read alone in {spread(read)} s")
        for what, seconds in times.items():
            print(f"{what} killed: trains again after {spread(seconds)} s")


if __name__ == "__main__":
    main()
