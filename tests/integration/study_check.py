#!/usr/bin/env python3
"""The numbers of a study follow from its ranks: metrics, spread, groups, t-tests; the choice is by validation.

usage: study_check.py STUDY DATA
"""
import json
import math
import pathlib
import sys

import numpy

study, data = map(pathlib.Path, sys.argv[1:])
results = json.loads((study / "results.json").read_text())


def ranks(run):
    lines = [line.split("\t") for line in (study / "runs" / run / "test.tsv").read_text().splitlines()]
    return [line[0] for line in lines], numpy.array([math.inf if r == "-" else int(r) for _, _, r in lines])


def metric(name, rank):
    kind, cutoff = name.split("@")
    return (rank <= int(cutoff)) * (1 if kind == "hr" else 1 / numpy.log2(numpy.minimum(rank, 1e9) + 1))


def users_of(result, name):
    return numpy.mean([metric(name, ranks(seed["run"])[1]) for seed in result["seeds"]], axis=0)


history = {}
names = (data / "users.tsv").read_text().splitlines()
for part in sorted((data / "train").iterdir()):
    counts = numpy.diff(numpy.load(part / "indptr.npy").astype(int))
    history.update(zip((names[u] for u in numpy.load(part / "users.npy")), counts))

for result in results["results"]:
    where = (result["method"], result["dim"])
    assert len(result["seeds"]) == 2 and len(result["trials"]) == 2, where
    tried = [trial["validation"] for trial in result["trials"]]
    assert result["chosen"] == tried.index(max(tried)) and result["validation"] == max(tried), where
    for name in ("hr@10", "hr@100", "ndcg@30", "ndcg@100"):
        values = [metric(name, ranks(seed["run"])[1]).mean() for seed in result["seeds"]]
        found = result["metrics"][name]
        assert numpy.allclose(found["values"], values) and math.isclose(found["mean"], numpy.mean(values)), where
        assert math.isclose(found["deviation"], numpy.std(values, ddof=1), abs_tol=1e-12), where
    users, first = ranks(result["seeds"][0]["run"])
    sizes = numpy.array([history[user] for user in users])
    for group, bounds, found in zip(results["groups"], ((0, 4), (5, 8), (9, 10**9)), result["groups"]):
        inside = (sizes >= bounds[0]) & (sizes <= bounds[1])
        assert group["users"] == inside.sum(), group
        if inside.any():
            assert math.isclose(found["ndcg@100"]["values"][0], metric("ndcg@100", first)[inside].mean()), where

by_place = {(r["method"], r["dim"]): r for r in results["results"]}
assert len(by_place) == len(results["results"]) == 10
for dim in results["dims"]:
    best = max((r for r in results["results"] if r["dim"] == dim), key=lambda r: r["validation"])
    tests = [t for t in results["comparisons"] if t["dim"] == dim]
    assert {t["best"] for t in tests} == {best["method"]}, dim
    assert len(tests) == 4 * (sum(r["dim"] == dim for r in results["results"]) - 1)
    for test in tests:
        other = by_place[test["other"], dim]
        difference = users_of(best, test["metric"]) - users_of(other, test["metric"])
        assert math.isclose(test["mean_difference"], difference.mean(), abs_tol=1e-12), test
        if test["effect_size"]:
            assert math.isclose(test["effect_size"], difference.mean() / difference.std(ddof=1), rel_tol=1e-6), test
        assert test["users"] == len(users) and 0 <= test["p"] <= 1
print(len(results["results"]), "results follow from their ranks")
