#!/usr/bin/env python3
"""The numbers of a scaling study follow from the records of its runs: rates, efficiency, time to quality, phases.

usage: scale_check.py OUT
"""
import csv
import json
import math
import pathlib
import sys

import numpy

out = pathlib.Path(sys.argv[1])
results = json.loads((out / "results.json").read_text())


def result(run):
    return json.loads((out / "runs" / run / "run/result.json").read_text())


def events(run, kind):
    lines = (out / "runs" / run / "run/metrics.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == kind]


def rates(point):
    return [result(run)["triples"] / result(run)["train_seconds"] for run in point["runs"]]


def same(spread, values):
    expected = {"repeats": len(values), "median": numpy.median(values), "min": min(values), "max": max(values),
                "q1": numpy.percentile(values, 25), "q3": numpy.percentile(values, 75)}
    for key, value in expected.items():
        assert math.isclose(spread[key], value, rel_tol=1e-9, abs_tol=1e-12), (key, spread, expected)


points = {point["id"]: point for point in results["points"]}
strong = [point for point in points.values() if point["strong"]]
weak = [point for point in points.values() if point["weak"]]
assert {point["id"] for point in strong} == {"threads-1", "threads-2", "ranks-2", "hosts-2"}, list(points)
assert {point["share"] for point in weak} == {1, 2} and all(point["of"] == 2 for point in points.values())


def best_per_worker(some):
    single = [point for point in some if point["layout"]["ranks"] == 1]
    return max(numpy.median(rates(point)) / point["workers"] for point in single)


fastest = max(numpy.median(rates(point)) for point in strong if point["layout"]["ranks"] == 1)
metric = results["target"]["metric"]


def curve(run):
    return [(e["train_seconds"], e["metrics"][metric]) for e in events(run, "evaluation") if e["split"] == "validation"]


target = min(max(value for _, value in curve(run)) for point in strong for run in point["runs"])
assert math.isclose(results["target"]["value"], target)

for point in points.values():
    assert len(point["runs"]) == 2 and point["missing"] == 0
    # Equal work: the same triples in every layout.
    part = [other for other in points.values() if other["share"] == point["share"]]
    digests = {tuple(e["triples_digest"] for e in events(run, "epoch")) for other in part for run in other["runs"]}
    assert len(digests) == 1 and len(next(iter(digests))) == 2, digests
    assert all(result(run)["triples"] == point["triples"] for run in point["runs"])
    same(point["triples_per_second"], rates(point))
    for kind, some in (("strong", strong), ("weak", weak)):
        if point[kind]:
            base = best_per_worker(some)
            same(point[kind + "_efficiency"], [rate / point["workers"] / base for rate in rates(point)])
    if point["strong"]:
        same(point["of_fastest_single"], [rate / fastest for rate in rates(point)])
        seconds = [next(at for at, value in curve(run) if value >= target) for run in point["runs"]]
        same(point["seconds_to_target"], seconds)
    for phase, share in point["phases"].items():
        shares = []
        for run in point["runs"]:
            times = result(run)["steps"]["seconds"]
            shares.append(times[phase] / sum(times.values()))
            used = sum(times.values()) / (point["workers"] * result(run)["train_seconds"])
            assert 0.99 < used < 1.01, ("the phases of all workers are their time", run, times)
        assert math.isclose(share, numpy.median(shares), abs_tol=1e-12)
    assert ("bytes_sent" in point) == (point["layout"]["ranks"] > 1)

# A worker of the weak series trains as much, whatever there are.
each = [point["triples"] / point["workers"] for point in weak]
assert max(each) < 1.2 * min(each), each

rows = list(csv.DictReader((out / "tables/strong.csv").open()))
assert [row["layout"] for row in rows] == ["1 thread", "2 threads", "2 ranks", "2 hosts"], rows
for row, point in zip(rows, strong):
    assert math.isclose(float(row["efficiency"]), point["strong_efficiency"]["median"])
for measured in results["machine"]:
    assert measured["round_trip_us"] > 0 and measured["memory_bytes_per_s"]["1"] > 1e6
assert len(results["machine"]) >= 3
print(len(points), "points follow from their runs")
