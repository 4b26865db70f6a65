#!/usr/bin/env python3
"""What content tells of items with few interactions: SVD++, SVDFeature and Deep Hybrid on planted logs.

usage: content_cold_start.py ATTUNE OUT [SEEDS]      SEEDS: "31,32,33,34,35"

1,500 users and 6,000 items of one component each, of equal popularity, so that an item has four interactions on average and
two in a hundred have none. Each log is trained on with the same settings by all methods. Prints, for test items without
interactions in training, with one or two, and with more, the mean percentile of the test item among all (50: chance; 100: first).
"""

import pathlib
import subprocess
import sys

import numpy as np

ITEMS = 6000
LOG = ["--kind", "planted", "--validation", "latest", "--users", "1500", "--items", str(ITEMS), "--components", "1",
       "--genuine-share", "1", "--taste-sharpness", "1", "--item-exponent", "0", "--style", "1"]
TRAIN = ["--dim", "16", "--epochs", "32", "--evaluate-every", "4", "--batch-triples", "512", "--item-attention", "average",
         "--exclude-target", "--l2-p", "0.0013", "--clip", "0", "--lr", "0.05", "--optimizer", "sgd", "--l2", "0.06"]
METHODS = {"SVD++": [], "SVDFeature": ["--item-content", "average", "--lr-theta", "0.01"], "Deep Hybrid": None}
GROUPS = {"none": (0, 0), "1 or 2": (1, 2), "3 or more": (3, ITEMS * 1500)}


def train(attune, out, data, method, seed):
    model = out / method.replace(" ", "")
    settings = METHODS[method]
    if settings is None:
        settings = ["--algorithm", "deep_hybrid", "--init-from", out / "SVD++"]
    else:
        settings = TRAIN + settings
    subprocess.run([attune, "train", "--data", data, "--out", model, "--overwrite", "--seed", str(seed), *settings],
                   check=True, capture_output=True)
    return model


def percentiles(attune, data, model):
    """(item, percentile) of each test user's target."""
    ranks = model.with_suffix(".tsv")
    ranks.unlink(missing_ok=True)
    subprocess.run([attune, "evaluate", "--model", model, "--data", data, "--per-user", ranks], check=True, capture_output=True)
    lines = [line.split("\t") for line in ranks.read_text().splitlines() if line.startswith("u")]
    return [(item, 100 * (1 - (int(rank) - 1) / ITEMS)) for _, item, rank in lines if item.startswith("i") and rank.isdigit()]


def training_counts(data):
    names = (data / "items.tsv").read_text().split()
    counts = sum(np.bincount(np.load(path), minlength=ITEMS) for path in (data / "train").glob("*/items.npy"))
    return dict(zip(names, counts))


def measure(attune, out, seed):
    """group -> [targets, mean percentile of each method]"""
    data = out / "data"
    subprocess.run([attune, "synth", *LOG, "--seed", str(seed), "--out", data, "--overwrite"], check=True, capture_output=True)
    counts = training_counts(data)
    of_method = [percentiles(attune, data, train(attune, out, data, method, seed)) for method in METHODS]
    rows = {}
    for group, (least, most) in GROUPS.items():
        chosen = [[value for item, value in values if least <= counts[item] <= most] for values in of_method]
        rows[group] = [len(chosen[0]), *(float(np.mean(values)) for values in chosen)]
    return rows


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    seeds = [int(one) for one in (sys.argv[3] if len(sys.argv) > 3 else "31,32,33,34,35").split(",")]
    measured = [measure(sys.argv[1], out, seed) for seed in seeds]
    print(f"| interactions | targets | {' | '.join(METHODS)} |")
    for group in GROUPS:
        values = np.array([one[group] for one in measured])
        cells = [f"{np.mean(column):.1f} ({min(column):.1f}..{max(column):.1f})" for column in values.T[1:]]
        print(f"| {group} | {int(values[:, 0].sum())} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
