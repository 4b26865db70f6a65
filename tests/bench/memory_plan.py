#!/usr/bin/env python3
"""The memory that a job says it will take (--dry-run), against what it took (peak_memory_bytes): models, optimizers and content of
several sizes, in one process, in ranks of one host and on several pretended hosts.

usage: memory_plan.py [--attune PATH] [--only TEXT] [--epochs N]
Prints taken / said of each, and the least and the greatest; makes its data sets in a temporary directory."""

import argparse
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

LOGS = {
    "narrow": "--users 30000 --items 20000 --interactions 1000000 --validation latest",
    "many items": "--users 20000 --items 400000 --interactions 1000000",
    "long histories": "--users 300 --items 20000 --interactions 1000000",
    "content 8x64": "--users 10000 --items 3000 --interactions 300000 --components 8 --feature-dim 64 --validation latest",
    "content 49x512": "--users 5000 --items 1500 --interactions 150000 --components 49 --feature-dim 512",
    "content 1x2048": "--users 5000 --items 6000 --interactions 150000 --components 1 --feature-dim 2048",
    "content 4x128": "--users 3000 --items 40000 --interactions 200000 --components 4 --feature-dim 128",
}
BPR = "--item-attention none"
ACF = "--item-attention attention"
CONTENT = "--attention-inputs uvpx"
JOBS = [
    ("narrow", BPR), ("narrow", ACF), ("narrow", BPR + " --optimizer adam --dim 128"), ("narrow", ACF + " --batch-triples 65536"),
    ("narrow", ACF + " --update batch --lr 0.001"), ("narrow", "--item-attention average"), ("many items", BPR), ("many items", ACF),
    ("many items", ACF + " --dim 16"), ("long histories", ACF), ("long histories", ACF + " --max-history 100"),
    ("content 8x64", CONTENT), ("content 8x64", CONTENT + " --component-attention average"),
    ("content 8x64", "--item-attention none --item-content average"), ("content 49x512", CONTENT),
    ("content 49x512", CONTENT + " --projection-refresh 0"), ("content 49x512", CONTENT + " --component-attention average"),
    ("content 49x512", CONTENT + " --dim 16"), ("content 49x512", "--item-attention none --item-content average"),
    ("content 1x2048", CONTENT), ("content 1x2048", CONTENT + " --projection-refresh 0"),
    ("content 1x2048", "--item-attention none --item-content average"), ("content 4x128", CONTENT),
    ("content 4x128", CONTENT + " --projection-refresh 0 --batch-triples 32768"),
]
LAUNCHES = {"1 process": [], "2 ranks": ["local", "-n", "2"], "3 hosts": ["local", "-n", "3", "--hosts", "3"]}


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def total(said):
    return said["memory"]["total_bytes"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attune", default=ROOT / "build/release/launch/attune")
    parser.add_argument("--only", default="", help="jobs whose line has this text")
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for log, flags in JOBS:
            for launch, command in LAUNCHES.items():
                name = f"{log}, {launch}: {flags}"
                if options.only not in name or ("adam" in flags and "hosts" in launch):
                    continue
                data = scratch / log.replace(" ", "-")
                if not data.exists():
                    run(options.attune, "synth", "--out", data, *LOGS[log].split())
                threads = "2" if launch == "1 process" else "1"
                train = [options.attune, *command, "train", "--data", data, "--out", scratch / "model", "--overwrite", "--epochs", options.epochs,
                         "--evaluate-every", 1, "--threads", threads, "--json", "--log-level", "warning", *flags.split()]
                said = total(json.loads(run(*train, "--dry-run")))
                took = json.loads(run(*train).splitlines()[-1])["peak_memory_bytes"]
                ratios.append(took / said)
                print(f"{took / said:5.2f}  said {said / 2**20:8.1f} MiB, took {took / 2**20:8.1f} MiB  {name}", flush=True)
    if not ratios:
        parser.error(f"no job has {options.only!r}")
    print(f"taken / said: {min(ratios):.2f} .. {max(ratios):.2f}; {sum(0.9 <= r <= 1.1 for r in ratios)} of {len(ratios)} within 10 %")


if __name__ == "__main__":
    main()
