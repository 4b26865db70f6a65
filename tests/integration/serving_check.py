"""What `attune export` and `attune train --init-from` write, looked at with NumPy.

usage: serving_check.py scores EXPORT SCORES      lines of SCORES (user, item, score) are the export's inner products
       serving_check.py stranger MODEL EXPORT LISTS  one list for i1 and i2: the mean of their p, times item vectors
       serving_check.py like EXPORT LISTS         one list of items like i1, by cosine: that of item vectors
       serving_check.py kept BEFORE AFTER         rows of BEFORE's ids are the same in AFTER, bit for bit
       serving_check.py index REPORT              the index of an export finds what exact search finds
"""
import json
import os
import sys

import numpy as np


def read_ids(path):
    return {line.rstrip("\n"): row for row, line in enumerate(open(path, encoding="utf-8"))}


def check_scores(export, scores):
    users, items = read_ids(f"{export}/users.tsv"), read_ids(f"{export}/items.tsv")
    u, v = np.load(f"{export}/user_vectors.npy"), np.load(f"{export}/item_vectors.npy")
    assert u.dtype == v.dtype == np.float32 and u.shape == (len(users), v.shape[1]) and len(v) == len(items)
    rows = [line.rstrip("\n").split("\t") for line in open(scores, encoding="utf-8")]
    found = np.array([u[users[user]] @ v[items[item]] for user, item, _ in rows])
    expected = np.array([float(score) for _, _, score in rows])
    assert len(rows) > 100, "too few scores to say anything"
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def check_list(listed, expected):
    """Items and scores of a list are the best of `expected`, {id: score}, in their order."""
    found = [(item["item"], item["score"]) for item in listed]
    best = sorted(expected.values(), reverse=True)[: len(found)]
    assert len(found) == min(10, len(expected)), len(found)
    np.testing.assert_allclose([score for _, score in found], best, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose([expected[item] for item, _ in found], best, rtol=1e-4, atol=1e-6)


def check_stranger(model, export, lists):
    items = read_ids(f"{export}/items.tsv")
    p = "P" if os.path.exists(f"{model}/P.npy") else "V"  # of content_mean they are the same
    u = np.load(f"{model}/{p}.npy")[[items["i1"], items["i2"]]].mean(axis=0)
    if json.load(open(f"{model}/manifest.json", encoding="utf-8"))["model"].get("similarity") == "cosine":
        u /= np.linalg.norm(u)
    scores = np.load(f"{export}/item_vectors.npy") @ u
    [listed] = json.load(open(lists, encoding="utf-8"))["users"]
    check_list(listed["items"], {item: scores[row] for item, row in items.items() if item not in ("i1", "i2")})


def check_like(export, lists):
    items, v = read_ids(f"{export}/items.tsv"), np.load(f"{export}/item_vectors.npy")
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    cosines = v @ v[items["i1"]]
    [listed] = json.load(open(lists, encoding="utf-8"))["lists"]
    check_list(listed["items"], {item: cosines[row] for item, row in items.items() if item != "i1"})


def check_kept(before, after):
    for ids, tables in (("users.tsv", ["U"]), ("items.tsv", ["V", "P"])):
        old, new = read_ids(f"{before}/{ids}"), read_ids(f"{after}/{ids}")
        kept = sorted(old.keys() & new.keys())
        added = [new[name] for name in new.keys() - old.keys()]
        assert kept and added and [old[name] for name in kept] != [new[name] for name in kept]
        for table in tables:
            a, b = np.load(f"{before}/{table}.npy"), np.load(f"{after}/{table}.npy")
            assert np.array_equal(a[[old[name] for name in kept]], b[[new[name] for name in kept]]), table
            assert np.abs(b[added]).max(axis=1).min() > 0, f"{table}: new rows have no first values"


def check_index(report):
    index = json.load(open(report, encoding="utf-8"))["index"]
    assert index["recall"] > 0.95 and index["recall_users"] > 100 and index["recall_k"] == 100, index


checks = {"scores": check_scores, "stranger": check_stranger, "like": check_like, "kept": check_kept, "index": check_index}
checks[sys.argv[1]](*sys.argv[2:])
