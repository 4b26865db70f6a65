"""Ranks the validation items of DATA with the files of MODEL in NumPy, by the formulas alone, and compares HR@K,
NDCG@K and MRR with what training wrote into MODEL's manifest.

usage: evaluation_check.py MODEL DATA
"""
import json
import os
import sys

import numpy as np

model, data = sys.argv[1:3]
manifest = json.load(open(f"{model}/manifest.json"))
spec = manifest["model"]


def lines(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read().split("\n")[:-1]


def array(name):
    path = f"{model}/{name}.npy"
    return np.load(path).astype(np.float64) if os.path.exists(path) else None


users = {text: n for n, text in enumerate(lines(f"{data}/users.tsv"))}
items = {text: n for n, text in enumerate(lines(f"{data}/items.tsv"))}
assert lines(f"{data}/users.tsv") == lines(f"{model}/users.tsv")
assert lines(f"{data}/items.tsv") == lines(f"{model}/items.tsv")

history = []
for slice_ in json.load(open(f"{data}/manifest.json"))["slices"]:
    folder = f"{data}/train/{slice_['name']}"
    indptr, members = np.load(f"{folder}/indptr.npy"), np.load(f"{folder}/items.npy")
    history += [members[a:b] for a, b in zip(indptr[:-1], indptr[1:])]

U, V, P = array("U"), array("V"), array("P")
theta = {name: array(f"theta/{name}") for name in ("W1u", "W1v", "W1p", "b1", "w1", "c1")}
attention = spec["item_attention"] == "attention"


def effective(user):
    """u'_i of equation 6."""
    out = U[user].copy() if spec["user_vector"] else np.zeros(spec["dim"])
    r = history[user]
    if spec["item_attention"] == "none" or len(r) == 0:
        return out
    weights = np.full(len(r), float(len(r)) ** -spec["history_exponent"])
    if attention:  # equations 8 and 9
        hidden = np.tile(theta["b1"], (len(r), 1))
        if theta["W1u"] is not None:
            hidden = hidden + theta["W1u"] @ U[user]
        for name, rows in (("W1v", V), ("W1p", P)):
            if theta[name] is not None:
                hidden = hidden + rows[r] @ theta[name].T
        logits = np.maximum(hidden, 0) @ theta["w1"] + theta["c1"][0]
        alpha = np.exp(logits - logits.max())
        weights = alpha / alpha.sum() * float(len(r)) ** (1 - spec["history_exponent"])
    return out + weights @ P[r]


# Where the float32 of the program and the float64 here order two scores differently, a rank moves by one: every
# metric is bounded by what the ranks with and without all near ties would give.
low, high = [], []
for line in lines(f"{data}/validation.tsv"):
    user, item = line.split("\t")[:2]
    user, item = users[user], items[item]
    scores = V @ effective(user)
    candidate = np.ones(len(scores), bool)
    candidate[history[user]] = candidate[item] = False
    near = 1e-5 * np.abs(scores).max()
    low.append(1 + np.sum(scores[candidate] > scores[item] + near))
    high.append(1 + np.sum(scores[candidate] >= scores[item] - near))
low, high = np.array(low), np.array(high)

failures = 0
for name, value in manifest["metrics"]["validation"].items():
    kind, _, k = name.partition("@")
    k = int(k or 0)
    metric = {
        "hr": lambda rank: np.mean(rank <= k),
        "recall": lambda rank: np.mean(rank <= k),
        "ndcg": lambda rank: np.mean((rank <= k) / np.log2(rank + 1)),
        "mrr": lambda rank: np.mean(1 / rank),
    }[kind]
    if not metric(high) - 1e-9 <= value <= metric(low) + 1e-9:
        print(f"{name}: the program says {value}, NumPy {metric(high)} to {metric(low)}")
        failures += 1
print(f"{model}: {len(low)} users, HR@100 {np.mean(low <= 100):.4f}, {np.mean(low != high):.1%} near ties")
sys.exit(1 if failures else 0)
