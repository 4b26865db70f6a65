"""Recall and speed of the index of `attune export`, for several settings of it.

usage: /usr/bin/python3 index_recall.py ATTUNE MODEL [DATA]

Prints a table: settings, seconds to build, recall@100 against exact search, and microseconds of a query on one thread: in
the index, exactly one by one, exactly among all others. Timed: nothing else should run.
"""
import json
import subprocess
import sys
import tempfile

SETTINGS = [(10, 400, 100), (16, 400, 120), (16, 400, 200), (32, 400, 100), (32, 400, 200), (32, 400, 400)]


def export(attune, model, data, m, ef_construction, ef_search):
    with tempfile.TemporaryDirectory() as directory:
        command = [attune, "export", model, "--out", f"{directory}/export", "--index", "hnsw", "--json"]
        command += ["--log-level", "warning", "--hnsw-m", m, "--hnsw-ef-construction", ef_construction]
        command += ["--hnsw-ef-search", ef_search] + (["--data", data] if data else [])
        printed = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
        return json.loads(printed)


def main(attune, model, data=None):
    print("|  M | ef build | ef search | build s | recall@100 | index us | exact us | exact among many us |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for setting in SETTINGS:
        index = export(attune, model, data, *setting)["index"]
        print(
            "| {} | {} | {} |".format(*setting),
            f"{index['build_seconds']:.1f} | {index['recall']:.4f} | {index['index_microseconds']:.0f} |",
            f"{index['exact_microseconds']:.0f} | {index['exact_block_microseconds']:.0f} |",
            flush=True,
        )


main(*sys.argv[1:])
