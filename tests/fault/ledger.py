#!/usr/bin/env python3
"""Of what processes have recorded (attune train --audit), what the scheduler has counted.

usage: ledger.py DIR OTHER    do two runs have the same triples of every user in every epoch?"""

import collections
import pathlib
import sys


def counted(audit):
    """(epoch, user) -> triples: of each slice the newest attempt."""
    attempts = collections.defaultdict(collections.Counter)
    for path in pathlib.Path(audit).glob("process-*.tsv"):
        for line in path.read_text().splitlines():
            epoch, slice_, attempt, user, triples = map(int, line.split("\t"))
            attempts[epoch, slice_, attempt, path.name][user] += triples
    newest = {}
    for epoch, slice_, attempt, name in attempts:
        newest[epoch, slice_] = max(newest.get((epoch, slice_), (0, "")), (attempt, name))
    total = collections.Counter()
    for (epoch, slice_), (attempt, name) in newest.items():
        for user, triples in attempts[epoch, slice_, attempt, name].items():
            total[epoch, user] += triples
    return total


def main():
    expected, found = map(counted, sys.argv[1:])
    if found != expected:
        sys.exit(f"{sys.argv[2]}: {sum((expected - found).values())} triples are missing, "
                 f"{sum((found - expected).values())} are too many")


if __name__ == "__main__":
    main()
