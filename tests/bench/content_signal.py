#!/usr/bin/env python3
"""How much items' content alone says about who likes them: each test item is scored by the cosine similarity of its mean
component to the mean over the user's training items. Prints the AUC against all items outside the history, and against
as many items of about the same popularity.

usage: content_signal.py DATA     (a data set with features and a test split, made by attune prepare)
"""
import glob
import sys

import numpy as np


def lines(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read().split("\n")[:-1]


def main():
    data = sys.argv[1]
    vectors = np.load(f"{data}/features/vectors.npy", mmap_mode="r")
    offsets = np.load(f"{data}/features/indptr.npy")
    items = {item: row for row, item in enumerate(lines(f"{data}/items.tsv"))}
    users = {user: row for row, user in enumerate(lines(f"{data}/users.tsv"))}
    means = np.stack([vectors[a:b].astype(np.float64).mean(0) if b > a else np.zeros(vectors.shape[1])
                      for a, b in zip(offsets, offsets[1:])])
    means -= means.mean(0)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    history = {}
    for part in sorted(glob.glob(f"{data}/train/*")):
        indptr, row = np.load(f"{part}/indptr.npy"), np.load(f"{part}/users.npy")
        taken = np.load(f"{part}/items.npy")
        for n, user in enumerate(row):
            history[int(user)] = taken[indptr[n]:indptr[n + 1]]
    counts = np.bincount(np.concatenate(list(history.values())), minlength=len(items))
    order = np.argsort(counts, kind="stable")
    place = np.argsort(order)
    among_all, among_alike = [], []
    for line in lines(f"{data}/test.tsv"):
        user, item = line.split("\t")[:2]
        seen, target = history.get(users[user], []), items[item]
        if len(seen) == 0:
            continue
        scores = means @ means[seen].mean(0)
        others = np.setdiff1d(np.arange(len(items)), np.append(seen, target))
        among_all.append((scores[target] > scores[others]).mean())
        near = order[max(0, place[target] - 25):place[target] + 26]
        near = np.setdiff1d(near, np.append(seen, target))
        if len(near):
            among_alike.append((scores[target] > scores[near]).mean())
    for name, values in (("all items", among_all), ("items of about the same popularity", among_alike)):
        print(f"AUC against {name}: {np.mean(values):.3f} (standard error {np.std(values) / len(values) ** 0.5:.3f}, "
              f"{len(values)} test items)")


if __name__ == "__main__":
    main()
