#!/usr/bin/env python3
"""Holds `attune predict` against jobs on hosts of their own (network namespaces of one machine) with limited links: prints
what was predicted, what was measured, and their ratio, and how far off the worst was.

usage: predict_validation.py DATA [--costs FILE] [--hosts 2,3,4] [--rates 100mbit,300mbit,1gbit] [--processors 0.4]
                             [--seconds 20] [--repeats 3] [--attune PATH] [--json FILE]
                             [-- FLAGS that attune train and attune predict both know]
  --costs FILE      of this machine; without it this calibrates first, with as many threads as there are processors
  --processors X    processor time of each host (a control group's quota): all hosts together need less than there is
  --seconds S       that a job takes, by the prediction: its epochs are chosen so; longer where that is less than 16 rounds
  --repeats N       jobs of each kind; the median of their ratios counts

The machine is not the same from minute to minute, hosts that share it take caches from each other, and limited links take
processor time on nobody's account. So before and after each job its hosts train by themselves, all at the same time, beside
as much traffic through the same links: what they reach, by what costs say of a host with such processors, is how fast the
processors are, and the prediction is of a job on such ones. A job's first quarter and last epoch are left out of its
throughput: the model is of jobs that have settled. Needs root."""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMESPACES = ROOT / "tests/cluster/namespaces.sh"
BY_ITSELF = ROOT / "tests/bench/by_itself.py"
# Between two hosts of one machine, beside the link's rate: what the kernel takes to move a packet from one to the other.
LATENCY = "20us"
ALONE_SECONDS = 6
# Jobs begin with all hosts in step, and take as many rounds to settle.
LEAST_ROUNDS = 16
PREDICTED_SECONDS = 60


def output(command, what):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{what}: exit code {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def settled_epochs(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    epochs = [line for line in lines if line["event"] == "epoch"]
    return epochs[math.ceil(len(epochs) / 4) : -1]  # rows are brought together at the end of the last


def throughput(epochs):
    return sum(one["triples"] for one in epochs) / sum(one["seconds"] for one in epochs)


class Validation:
    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.costs = options.costs or self.calibrate()
        self.alone = self.prediction(1, options.processors, "none")

    def calibrate(self):
        costs = self.work / "costs.json"
        print(output([self.options.attune, "predict", "--calibrate", "--data", self.options.data, "--threads",
                      len(os.sched_getaffinity(0)), "--out", costs], "calibration").strip(), flush=True)
        return costs

    def train(self, seconds, expected):
        epochs = max(8, math.ceil(seconds / expected["epoch_seconds"]))
        return [self.options.attune, "train", "--data", self.options.data, "--overwrite", "--evaluate-every", 0,
                "--checkpoint-every", "never", "--log-level", "warning", "--threads", 1, "--epochs", epochs,
                *self.options.flags]

    def on_hosts(self, hosts, rate, command, what):
        link = [] if rate == "none" else ["--rate", rate]
        output(["bash", NAMESPACES, "--hosts", hosts, "--processors", self.options.processors, *link, "--",
                "mpirun", "-x", "HOSTS", "-n", hosts, *command], what)

    def speed(self, hosts, rate, job):
        """Of the processors, by that in the costs, while each of the hosts trains by itself beside the traffic of a job."""
        run = self.work / "alone"
        traffic = job["bytes_per_triple"] * job["triples_per_second"] / (hosts * (hosts - 1))
        train = self.train(ALONE_SECONDS, self.alone)
        self.on_hosts(hosts, rate, [BY_ITSELF, "--traffic", traffic, "--", *train, "--run", f"{run}-{{rank}}", "--out",
                                    f"{run}-{{rank}}.model"], "hosts by themselves")
        reached = [throughput(settled_epochs(self.work / f"alone-{host}")) for host in range(hosts)]
        return statistics.mean(reached) / self.alone["triples_per_second"]

    def measure(self, hosts, rate, expected):
        run = self.work / "run"
        train = self.train(max(self.options.seconds, LEAST_ROUNDS * expected["round"]), expected)
        self.on_hosts(hosts, rate, [*train, "--run", run, "--out", self.work / "model"], "job")
        epochs = settled_epochs(run)
        traffic = json.loads((run / "result.json").read_text())["traffic"]
        return {"triples_per_second": throughput(epochs), "bytes_per_triple": traffic["bytes_per_triple"],
                "seconds_behind": statistics.median(one["staleness"]["milliseconds"]["median"] for one in epochs) / 1e3}

    def prediction(self, hosts, processors, rate):
        bandwidth = "infinite" if rate == "none" else rate.replace("gbit", "Gbit").replace("mbit", "Mbit")
        text = output([self.options.attune, "predict", "--costs", self.costs, "--data", self.options.data, "--json",
                       "--scaling", "strong", "--hosts", hosts, "--cores", f"{processors:.4f}", "--latency", LATENCY,
                       "--bandwidth", bandwidth, "--seconds", PREDICTED_SECONDS, *self.options.flags], "prediction")
        one = json.loads(text)["predictions"][0]
        return {"triples_per_second": one["triples_per_second"], "bytes_per_triple": one["bytes_per_triple"],
                "seconds_behind": one["staleness"]["seconds_median"], "limit": one["limit"], "share": one["limit_share"],
                "gate": one["workers_wait"]["gate"], "round": one["round_seconds"], "epoch_seconds": 3600 * one["hours_of_epoch"]}

    def job(self, hosts, rate):
        """A job between two looks at its hosts by themselves, and its prediction on such hosts."""
        expected = self.prediction(hosts, self.options.processors, rate)
        before = self.speed(hosts, rate, expected)
        measured = self.measure(hosts, rate, expected)
        speed = (before + self.speed(hosts, rate, measured)) / 2
        predicted = self.prediction(hosts, self.options.processors * speed, rate)
        ratios = {key: predicted[key] / max(1e-12, measured[key]) for key in measured}
        return {"hosts": hosts, "rate": rate, "speed": speed, "measured": measured, "predicted": predicted, "ratios": ratios}

    def compare(self):
        kinds = []
        for hosts in self.options.hosts:
            for rate in self.options.rates:
                jobs = [self.job(hosts, rate) for _ in range(self.options.repeats)]
                kinds.append(jobs)
                print(line_of(jobs), flush=True)
                if self.options.json:
                    self.options.json.write_text(json.dumps(kinds, indent=1) + "\n")
        return kinds


def middle(jobs, what, key):
    return statistics.median(job[what][key] for job in jobs)


def off_by(jobs):
    return abs(middle(jobs, "ratios", "triples_per_second") - 1)


def line_of(jobs):
    ratios = sorted(job["ratios"]["triples_per_second"] for job in jobs)
    reached = sorted(job["measured"]["triples_per_second"] / 1e6 for job in jobs)
    return (f"{jobs[0]['hosts']} hosts, {jobs[0]['rate']:>8}: predicted {middle(jobs, 'predicted', 'triples_per_second') / 1e6:.3f}, "
            f"measured {statistics.median(reached):.3f} ({reached[0]:.3f}..{reached[-1]:.3f}) M triples/s, ratio "
            f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}..{ratios[-1]:.2f}); bytes a triple "
            f"{middle(jobs, 'predicted', 'bytes_per_triple'):.0f}, {middle(jobs, 'measured', 'bytes_per_triple'):.0f}; rows behind "
            f"{middle(jobs, 'predicted', 'seconds_behind') * 1e3:.0f}, {middle(jobs, 'measured', 'seconds_behind') * 1e3:.0f} ms; "
            f"speed {min(job['speed'] for job in jobs):.2f}..{max(job['speed'] for job in jobs):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--costs", type=pathlib.Path)
    parser.add_argument("--hosts", type=lambda text: [int(word) for word in text.split(",")], default=[2, 3, 4])
    parser.add_argument("--rates", type=lambda text: text.split(","), default=["100mbit", "300mbit", "1gbit"])
    parser.add_argument("--processors", type=float, default=0.4)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--attune", type=pathlib.Path, default=ROOT / "build/release/launch/attune")
    own = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:own])
    if min(options.hosts) < 2:
        parser.error("--hosts: links are between two hosts and more")
    options.flags = sys.argv[own + 1:]
    options.data = options.data.resolve()
    with tempfile.TemporaryDirectory() as work:
        kinds = Validation(options, pathlib.Path(work)).compare()
    within = sum(off_by(jobs) <= 0.15 for jobs in kinds)
    print(f"throughput: {within} of {len(kinds)} within 15 %, worst off by {max(off_by(jobs) for jobs in kinds):.0%}")


if __name__ == "__main__":
    main()
