#!/usr/bin/env python3
"""Holds `attune predict` against jobs on hosts of their own (network namespaces of one machine) with limited links: prints
what was predicted, what was measured, and their ratio, and how far off the worst was.

usage: predict_validation.py DATA [--costs FILE] [--hosts 2,3,4] [--rates 100mbit,300mbit,1gbit] [--seconds 30]
                             [--attune PATH] [--json FILE] [-- FLAGS that attune train and attune predict both know]
  --costs FILE   of this machine; without it this calibrates first, with as many threads as there are processors
  --seconds S    that a job takes, by the prediction: its epochs are chosen so

The hosts share the machine's processors, and so does the model (--shared-cores). Where others work on the machine, too, the
job has fewer of them: how many is measured (what a control group of its own has used, and what stood idle meanwhile). They
may be slower than when costs were taken: before and after each job one process trains on all of them, and is held against what
costs say of it. And interrupts, for the timers of limited links above all, take of them: a fixed piece of work takes longer
beside the job than beside the one process (pace.py). The model is given as many processors of the speed in its costs. A job's
first quarter and last epoch are left out of its throughput: the model is of jobs that have settled. Needs root."""

import argparse
import contextlib
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMESPACES = ROOT / "tests/cluster/namespaces.sh"
PACE = pathlib.Path(__file__).resolve().parent / "pace.py"
# Between two hosts of one machine, beside the link's rate: what the kernel takes to move a packet from one to the other.
LATENCY = "20us"
ALONE_SECONDS = 5


def output(command, what, before=None):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, preexec_fn=before)
    if done.returncode != 0:
        sys.exit(f"{what}: exit code {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def busy_and_idle():
    """Processor seconds of the whole machine."""
    ticks = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = (ticks[3] + ticks[4]) / os.sysconf("SC_CLK_TCK")
    return sum(ticks) / os.sysconf("SC_CLK_TCK") - idle, idle


class Group:
    """A control group (version 1, cpuacct) that counts the processor time of whoever is in it."""

    def __enter__(self):
        self.path = pathlib.Path(f"/sys/fs/cgroup/cpuacct/attune-validation-{os.getpid()}")
        self.path.mkdir(exist_ok=True)
        self.before = self.seconds()
        return self

    def enter(self):
        (self.path / "tasks").write_text(str(os.getpid()))

    def seconds(self):
        return int((self.path / "cpuacct.usage").read_text()) / 1e9

    def __exit__(self, *_):
        self.used = self.seconds() - self.before
        with contextlib.suppress(OSError):
            self.path.rmdir()


@contextlib.contextmanager
def pace(work):
    """Yields a list, in which stands at the end what a fixed piece of work took of a processor meanwhile, in seconds."""
    taken = []
    file = work / "pace"
    file.unlink(missing_ok=True)
    watch = subprocess.Popen([sys.executable, PACE, file])
    try:
        yield taken
    finally:
        watch.terminate()
        watch.wait()
    taken.append(float(file.read_text()))


class Validation:
    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.cores = len(os.sched_getaffinity(0))
        self.costs = options.costs or self.calibrate()
        self.alone = self.predict_alone()
        self.machine = self.look_at_machine()

    def calibrate(self):
        costs = self.work / "costs.json"
        print(output([self.options.attune, "predict", "--calibrate", "--data", self.options.data, "--threads", self.cores,
                      "--out", costs], "calibration").strip(), flush=True)
        return costs

    def train(self, seconds, expected, *arguments):
        epochs = max(8, math.ceil(seconds / expected["epoch_seconds"]))
        return [self.options.attune, "train", "--data", self.options.data, "--out", self.work / "model", "--overwrite",
                "--evaluate-every", 0, "--checkpoint-every", "never", "--log-level", "warning", "--json",
                "--epochs", epochs, *arguments, *self.options.flags]

    def look_at_machine(self):
        """Its speed as a share of that in the costs, and its pace, while one process trains."""
        with pace(self.work) as taken:
            done = output(self.train(ALONE_SECONDS, self.alone, "--threads", self.cores), "one process")
        speed = json.loads(done.splitlines()[-1])["triples_per_second"] / self.alone["triples_per_second"]
        return speed, taken[0]

    def measure(self, hosts, rate):
        """Processors that the job had, as many of the speed in the costs, and what it reached."""
        run = self.work / f"run-{hosts}-{rate}"
        expected = self.predict(hosts, rate, self.cores)
        train = self.train(self.options.seconds, expected, "--threads", 1, "--run", run)
        link = [] if rate == "none" else ["--rate", rate]
        began, idle = time.monotonic(), busy_and_idle()[1]
        with Group() as group, pace(self.work) as taken:
            output(["bash", NAMESPACES, "--hosts", hosts, *link, "--", "mpirun", "-n", hosts, *train], "job", group.enter)
        passed = time.monotonic() - began
        available = min(self.cores, (group.used + busy_and_idle()[1] - idle) / passed)
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        epochs = [line for line in lines if line["event"] == "epoch"]
        epochs = epochs[math.ceil(len(epochs) / 4) : -1]  # rows are brought together at the end of the last
        result = json.loads((run / "result.json").read_text())
        before, self.machine = self.machine, self.look_at_machine()
        speed, unhurried = (statistics.mean(both) for both in zip(before, self.machine))
        machine = {"available": available, "speed": speed, "interrupted": taken[0] / unhurried,
                   "cores": available * speed * unhurried / taken[0]}
        return machine, {"triples_per_second": sum(one["triples"] for one in epochs) / sum(one["seconds"] for one in epochs),
                         "bytes_per_triple": result["traffic"]["bytes_per_triple"],
                         "seconds_behind": statistics.median(one["staleness"]["milliseconds"]["median"] for one in epochs) / 1e3}

    def predict_alone(self):
        return self.prediction("--hosts", 1, "--threads", self.cores)

    def prediction(self, *arguments):
        text = output([self.options.attune, "predict", "--costs", self.costs, "--data", self.options.data, "--json",
                       *arguments, *self.options.flags], "prediction")
        one = json.loads(text)["predictions"][0]
        return {"triples_per_second": one["triples_per_second"], "bytes_per_triple": one["bytes_per_triple"],
                "seconds_behind": one["staleness"]["seconds_median"], "limit": one["limit"], "share": one["limit_share"],
                "gate": one["workers_wait"]["gate"], "round": one["round_seconds"], "epoch_seconds": 3600 * one["hours_of_epoch"]}

    def predict(self, hosts, rate, cores):
        bandwidth = "infinite" if rate == "none" else rate.replace("gbit", "Gbit").replace("mbit", "Mbit")
        return self.prediction("--scaling", "strong", "--hosts", hosts, "--shared-cores", f"{cores:.3f}", "--latency", LATENCY,
                               "--bandwidth", bandwidth)

    def compare(self):
        rows = []
        for hosts in self.options.hosts.split(","):
            for rate in self.options.rates.split(","):
                machine, measured = self.measure(hosts, rate)
                cores = machine["cores"]
                predicted = self.predict(hosts, rate, cores)
                ratios = {key: predicted[key] / max(1e-12, measured[key]) for key in measured}
                rows.append({"hosts": int(hosts), "rate": rate, "machine": machine, "measured": measured, "predicted": predicted,
                             "ratios": ratios})
                print(f"{hosts} hosts, {rate:>8}, {cores:.2f} cores ({machine['available']:.2f} x {machine['speed']:.2f} / "
                      f"{machine['interrupted']:.2f}): predicted {predicted['triples_per_second'] / 1e6:6.3f}, measured "
                      f"{measured['triples_per_second'] / 1e6:6.3f} M triples/s, ratio {ratios['triples_per_second']:.3f}; "
                      f"bytes a triple {predicted['bytes_per_triple']:.0f}, {measured['bytes_per_triple']:.0f}, ratio "
                      f"{ratios['bytes_per_triple']:.3f}; rows behind {predicted['seconds_behind'] * 1e3:.0f}, "
                      f"{measured['seconds_behind'] * 1e3:.0f} ms; {predicted['limit']} {predicted['share']:.0%}, "
                      f"gate {predicted['gate']:.0%}", flush=True)
        worst = max(abs(row["ratios"]["triples_per_second"] - 1) for row in rows)
        within = sum(abs(row["ratios"]["triples_per_second"] - 1) <= 0.15 for row in rows)
        print(f"throughput: {within} of {len(rows)} within 15 %, worst off by {worst:.0%}")
        return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--costs", type=pathlib.Path)
    parser.add_argument("--hosts", default="2,3,4")
    parser.add_argument("--rates", default="100mbit,300mbit,1gbit")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--attune", default=ROOT / "build/release/launch/attune")
    own = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:own])
    options.flags = sys.argv[own + 1:]
    options.data = options.data.resolve()
    with tempfile.TemporaryDirectory() as work:
        rows = Validation(options, pathlib.Path(work)).compare()
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
