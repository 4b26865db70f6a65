#!/usr/bin/env python3
"""Holds `attune predict` against a second model of the same job, on SimGrid's network and actors: prints what both say of
each number of hosts, and by how much they differ.

usage: compare.py [--attune PATH] [--check PATH] [--network plain|tcp] [--flows N] [--within FACTOR] [--json FILE]
                  -- FLAGS of attune predict
  --network, --flows   as of simgrid_check
  --within FACTOR      ends with 1 if the throughputs of any number of hosts differ by more than this factor
Without --hosts among the flags these are 1, 2, 4, ..., 128."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOSTS = "1,2,4,8,16,32,64,128"


def output(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(word) for word in command)}: exit code {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def waits(one):
    """Share of workers' time, of all reasons."""
    return sum(one["workers_wait"].values())


def compare(options):
    hosts = [] if "--hosts" in options.flags else ["--hosts", HOSTS]
    predicted = output([options.attune, "predict", "--json", *hosts, *options.flags])
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(predicted)
        file.flush()
        checked = json.loads(output([options.check, file.name, "--json", "--network", options.network, "--flows", options.flows]))
    return list(zip(json.loads(predicted)["predictions"], checked))


def show(rows):
    alone = next(((p["triples_per_second"], c["triples_per_second"]) for p, c in rows if p["hosts"] == 1), None)
    print("| hosts | predicted, SimGrid: M triples/s | difference | speed-up | waiting, % | bytes a triple | round, ms |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for p, c in rows:
        speed_ups = f"{p['triples_per_second'] / alone[0]:.2f}, {c['triples_per_second'] / alone[1]:.2f}" if alone else "-"
        print(f"| {p['hosts']} | {p['triples_per_second'] / 1e6:.3f}, {c['triples_per_second'] / 1e6:.3f} "
              f"| {c['triples_per_second'] / p['triples_per_second'] - 1:+.1%} | {speed_ups} "
              f"| {100 * waits(p):.1f}, {100 * waits(c):.1f} | {p['bytes_per_triple']:.0f}, {c['bytes_per_triple']:.0f} "
              f"| {1e3 * p['round_seconds']:.1f}, {1e3 * c['round_seconds']:.1f} |")
    rates = [(p["triples_per_second"], c["triples_per_second"]) for p, c in rows]
    factors = [max(pair) / min(pair) if min(pair) > 0 else float("inf") for pair in rates]
    print(f"throughput: {sum(factor <= 1.15 for factor in factors)} of {len(factors)} within a factor of 1.15, "
          f"worst {max(factors):.2f}")
    return max(factors)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attune", default=ROOT / "build/release/launch/attune")
    parser.add_argument("--check", default=ROOT / "build/release/tests/simgrid/simgrid_check")
    parser.add_argument("--network", default="plain", choices=["plain", "tcp"])
    parser.add_argument("--flows", type=int, default=16)
    parser.add_argument("--within", type=float, default=float("inf"))
    parser.add_argument("--json", type=pathlib.Path)
    own = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:own])
    options.flags = sys.argv[own + 1:]
    rows = compare(options)
    worst = show(rows)
    if options.json:
        options.json.write_text(json.dumps([{"predicted": p, "checked": c} for p, c in rows], indent=1) + "\n")
    if worst > options.within:
        sys.exit(f"compare: the two differ by a factor of {worst:.2f}; expected {options.within} at most")


if __name__ == "__main__":
    main()
