#!/usr/bin/env python3
"""Quality in every layout: one process with several seeds, then processes of one host and of three, with servers among
the workers and apart, with bounds of staleness, and with all, a twentieth and none of the items on every host.

usage: cluster_quality.py DATA OUT [--seeds 1,2,3] [--layout-seeds 1] -- FLAGS of attune train
Prints HR@100 and NDCG@100 on the test split, and whether they are in the band of the seeds of one process (at or above
its least value less half of its width: better is no fault)."""

import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def layouts(twentieth):
    """Name, what starts the job, and more flags."""
    yield "2 processes", ["local", "-n", "2"], []
    yield "4 processes", ["local", "-n", "4"], []
    yield "3 processes, 1 server", ["local", "-n", "3"], ["--placement", "dedicated", "--servers", "1"]
    for staleness in ("0", "8", "-1"):
        for share, memory in (("all", None), ("a twentieth", str(twentieth)), ("none", "0")):
            for servers in (0, 1):
                flags = ["--staleness", staleness]
                flags += ["--replica-memory", memory] if memory is not None else []
                flags += ["--placement", "dedicated", "--servers", str(servers)] if servers else []
                name = f"3 hosts, {'1 server' if servers else 'colocated'}, staleness {staleness}, {share} replicated"
                yield name, ["local", "-n", "3", "--hosts", "3"], flags


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def measure(options, launch, flags, seed):
    model = options.out / "model"
    made = json.loads(run(options.attune, *launch, "train", "--data", options.data, "--out", model, "--overwrite", "--seed",
                          seed, "--evaluate-every", 0, "--json", "--log-level", "warning", *options.flags, *flags)
                      .splitlines()[-1])
    found = json.loads(run(options.attune, "evaluate", "--model", model, "--data", options.data, "--json", "--log-level",
                           "warning"))
    metrics = found["results"][0]["metrics"]
    return metrics["hr@100"]["mean"], metrics["ndcg@100"]["mean"], made["triples_per_second"]


def band(values):
    return min(values) - (max(values) - min(values)) / 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--attune", default=ROOT / "build/release/launch/attune")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--layout-seeds", default="1")
    parser.add_argument("--dim", default="32")
    own = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:own])
    options.flags = [*sys.argv[own + 1:], "--dim", options.dim]
    options.out.mkdir(parents=True, exist_ok=True)
    items = json.loads((options.data / "manifest.json").read_text())["counts"]["items"]
    record = 4 * 2 * int(options.dim)  # V and P; with SGD there is no more

    alone = [measure(options, [], ["--threads", "2"], seed) for seed in options.seeds.split(",")]
    for seed, (hits, gain, speed) in zip(options.seeds.split(","), alone):
        print(f"one process, seed {seed}: HR@100 {hits:.4f} NDCG@100 {gain:.4f}, {speed / 1e6:.2f} M triples/s", flush=True)
    hits_band, gain_band = band([a[0] for a in alone]), band([a[1] for a in alone])
    print(f"in the band: HR@100 >= {hits_band:.4f}, NDCG@100 >= {gain_band:.4f}", flush=True)
    for name, launch, flags in layouts(items * record // 20):
        for seed in options.layout_seeds.split(","):
            hits, gain, speed = measure(options, launch, [*flags, "--threads", "1"], seed)
            verdict = "in" if hits >= hits_band and gain >= gain_band else "BELOW"
            print(f"{name}, seed {seed}: HR@100 {hits:.4f} NDCG@100 {gain:.4f}, {speed / 1e6:.2f} M triples/s: {verdict}",
                  flush=True)


if __name__ == "__main__":
    main()
