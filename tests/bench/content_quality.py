#!/usr/bin/env python3
"""What content adds on real posters: BPR, SVD++, and ACF without content, with the average of the components and with
component attention. Every model gets the same search on the validation split (best NDCG@100, mean of two seeds), is then
fitted on train + validation for the chosen number of epochs with five seeds, and is measured once on the test split.

usage: content_quality.py POSTERS OUT [--dims 32,64,128] [--attune PATH]
  POSTERS   holds interactions.tsv.gz, features.npy and features_index.tsv
  OUT       data set and models go there; OUT/results.json is the outcome
"""
import argparse
import itertools
import json
import math
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
HISTORY = ["--history-exponent", "0.5"]
MODELS = {
    "BPR": ["--item-attention", "none"],
    "SVD++": ["--item-attention", "average", *HISTORY],
    "ACF without content": [*HISTORY],
    "ACF, average": [*HISTORY, "--attention-inputs", "uvpx", "--component-attention", "average"],
    "ACF, attention": [*HISTORY, "--attention-inputs", "uvpx"],
}
GRID = {  # eight settings for every model
    "BPR": {"--lr": ["0.05", "0.1"], "--l2": ["0.005", "0.01", "0.02", "0.04"]},
    "SVD++": {"--lr": ["0.05", "0.1"], "--l2": ["0.01", "0.02"], "--l2-p": ["0.001", "0.003"]},
    "ACF": {"--lr": ["0.05", "0.1"], "--l2": ["0.02"], "--l2-p": ["0.001", "0.003"], "--lr-theta": ["0.0003", "0.001"]},
}
SEEDS = range(1, 6)


def run(*arguments):
    done = subprocess.run([str(a) for a in arguments], stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout


def train(attune, data, out, flags, seed, *more):
    return json.loads(run(attune, "train", "--data", data, "--out", out, "--overwrite", "--seed", seed, "--json",
                          "--log-level", "warning", *flags, *more))


def search(attune, data, out, model, dim):
    """The flags and epochs with the best validation NDCG@100."""
    best = None
    grid = GRID[model.split(" ")[0].rstrip(",")]
    for values in itertools.product(*grid.values()):
        flags = [*MODELS[model], "--dim", dim, *itertools.chain(*zip(grid, values))]
        runs = [train(attune, data, out / "search", flags, seed, "--epochs", 60, "--evaluate-every", 4, "--patience", 4)
                for seed in (1, 2)]
        value = sum(r["validation"]["ndcg@100"] for r in runs) / len(runs)
        epochs = round(sum(r["model_of_epoch"] for r in runs) / len(runs))
        if best is None or value > best[0]:
            best = (value, flags, epochs)
    return best


def ranks_of(path):
    """Rank of each user's target: lines of user, item, rank."""
    return {user: int(rank) for user, _, rank in (line.split("\t") for line in path.read_text().splitlines())}


def gain(rank):
    return 1 / math.log2(rank + 1) if rank <= 100 else 0.0


def paired(a, b):
    """Mean difference and two-sided p of a paired test over users (normal approximation: hundreds of users)."""
    differences = [a[u] - b[u] for u in a]
    mean = sum(differences) / len(differences)
    variance = sum((d - mean) ** 2 for d in differences) / (len(differences) - 1)
    z = mean / math.sqrt(variance / len(differences)) if variance else 0.0
    return mean, math.erfc(abs(z) / math.sqrt(2))


def measure(attune, data, out, flags, epochs):
    """HR@100 and NDCG@100 of each seed, and each user's mean NDCG@100 over the seeds."""
    hits, gains, users = [], [], {}
    for seed in SEEDS:
        train(attune, data, out / "model", flags, seed, "--epochs", epochs, "--evaluate-every", 0, "--include-validation")
        run(attune, "evaluate", "--model", out / "model", "--data", data, "--per-user", out / "ranks.tsv",
            "--log-level", "error")
        ranks = ranks_of(out / "ranks.tsv")
        hits.append(sum(r <= 100 for r in ranks.values()) / len(ranks))
        gains.append(sum(map(gain, ranks.values())) / len(ranks))
        for user, rank in ranks.items():
            users[user] = users.get(user, 0) + gain(rank) / len(SEEDS)
    return hits, gains, users


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posters", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--dims", default="32,64,128")
    parser.add_argument("--attune", default=ROOT / "build/release/launch/attune")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    data = options.out / "data"
    run(options.attune, "prepare", "--input", options.posters / "interactions.tsv.gz", "--split", "latest",
        "--validation", "latest", "--features", options.posters / "features.npy", "--features-index",
        options.posters / "features_index.tsv", "--feature-normalise", "scale", "--feature-dim", 64, "--out", data,
        "--overwrite", "--log-level", "warning")
    results = []
    for dim in options.dims.split(","):
        users = {}
        for model in MODELS:
            validation, flags, epochs = search(options.attune, data, options.out, model, dim)
            hits, gains, users[model] = measure(options.attune, data, options.out, flags, epochs)
            row = {"model": model, "dim": int(dim), "validation": validation, "epochs": epochs, "flags": flags,
                   "hr@100": hits, "ndcg@100": gains,
                   "against": {other: paired(users[model], users[other]) for other in users if other != model}}
            results.append(row)
            mean = sum(gains) / len(gains)
            print(f"D={dim:>3}  {model:<20}  HR@100 {sum(hits) / len(hits):.4f}  NDCG@100 {mean:.4f} "
                  f"({min(gains):.4f}..{max(gains):.4f})", *(f"  {d:+.4f} p={p:.2g} against {o}" for o, (d, p) in
                                                            row["against"].items()), "  ", " ".join(flags[-6:]),
                  "epochs", epochs, flush=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
