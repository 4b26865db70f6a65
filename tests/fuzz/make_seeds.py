#!/usr/bin/env python3
"""Writes the seeds of the fuzzers that are no plain text: arrays, compressed logs, messages, directories.

usage: python3 make_seeds.py      (files below corpus/, in place of those that are there)"""

import gzip
import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
LOG = b"user\titem\ttimestamp\trating\nu1\ta\t1262304000\t5\nu2\tb\t2010-01-01T12:30:00.25Z\t3\n"


def npy(descr, shape, form, *numbers):
    """An array as NumPy writes it; `form` is that of one number for struct."""
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    head = head.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + struct.pack(f"<{len(numbers)}{form}", *numbers)


def floats(*shape):
    count = 1
    for n in shape:
        count *= n
    return npy("<f4", shape, "f", *[0.5 * n for n in range(count)])


def directory(manifest, files):
    """What directory_input.h takes apart; sizes of files are put into the manifest when it is read."""
    manifest["files"] = {name: {"bytes": f"*{name}*", "xxh3": "0" * 16} for name in files}
    parts = {"manifest.json": json.dumps(manifest).encode(), **files}
    return b"\n".join(b"@" + name.encode() + b"\n" + content for name, content in parts.items())


def history():
    """result.json, then metrics.jsonl."""
    records = [
        {"event": "start", "version": "0.1.0", "threads": 2,
         "settings": {"data": "data", "out": "model", "epochs": 6, "metric": "ndcg@100"}},
        {"event": "epoch", "epoch": 1, "loss": 0.68, "seconds": 0.5, "triples_per_second": 5e5, "lr": 0.05,
         "triples_total": 260, "train_seconds": 0.5, "staleness": {"batches": {"p99": 3, "max": 4}},
         "traffic": {"bytes_sent": 77}},
        {"event": "evaluation", "epoch": 1, "split": "validation", "best": True,
         "metrics": {"hr@10": 0.5, "ndcg@10": 0.3, "ndcg@100": 0.4}},
        {"event": "snapshot", "rest_seconds": 0.1, "copy_seconds": 0.2},
        {"event": "checkpoint", "path": "run/checkpoints/00000001", "bytes": 35188, "seconds": 0.07},
        {"event": "checkpoint", "path": "run/checkpoints/00000002", "failure": "disk full"},
        {"event": "resume", "checkpoint": "run/checkpoints/00000001", "epochs": 0},
        {"event": "processes", "what": "rank 1 was silent"},
        {"event": "end", "status": "completed", "epochs": 6, "triples": 15600, "peak_memory_bytes": 2027520}]
    lines = b"".join(json.dumps({"time": "2026-01-31T12:00:00.000Z", **record}).encode() + b"\n" for record in records)
    return piece(b'{"status":"failed","error":"disk full","lives":{"ended":1,"triples_lost":5}}') + lines


def scorer(spec, **files):
    files = {"users.tsv": b"u1\nu2\n", "items.tsv": b"a\nb\nc\n", **{name.replace("__", "/") + ".npy": array for name, array in files.items()}}
    return directory({"kind": "attune model", "format_version": 1, "model": spec}, files)


def dataset(with_features):
    files = {"users.tsv": b"u1\nu2\n", "items.tsv": b"a\nb\nc\n", "validation.tsv": b"u1\tc\t0\n", "test.tsv": b"u2\ta\t0\n",
             "train/s/users.npy": npy("<u4", (2,), "I", 0, 1), "train/s/indptr.npy": npy("<u8", (3,), "Q", 0, 2, 3),
             "train/s/items.npy": npy("<u4", (3,), "I", 0, 1, 2)}
    manifest = {"kind": "attune dataset", "format_version": 1, "slices": [{"name": "s"}]}
    if with_features:
        manifest["features"] = {"dim": 2}
        files["features/vectors.npy"] = npy("<f2", (2, 2), "e", 1, 2, 3, 4)
        files["features/indptr.npy"] = npy("<u8", (4,), "Q", 0, 2, 2, 2)
    return directory(manifest, files)


def model(**spec):
    files = {"users.tsv": b"u1\nu2\n", "items.tsv": b"a\nb\nc\n", "U.npy": floats(2, 2), "V.npy": floats(3, 2)}
    spec = {"dim": 2, **spec, "user_vector": True, "exclude_target": False, "max_history": 0}
    if spec["item_attention"] != "none":
        files["P.npy"] = floats(3, 2)
    if spec["item_attention"] == "attention":
        for name, shape in {"W1u": (2, 2), "W1x": (2, 3), "b1": (2,), "w1": (2,), "c1": (1,)}.items():
            files[f"theta/{name}.npy"] = floats(*shape)
        for name, shape in {"W2u": (2, 2), "W2x": (2, 3), "b2": (2,), "w2": (2,), "c2": (1,)}.items():
            files[f"theta/{name}.npy"] = floats(*shape)
    return directory({"kind": "attune model", "format_version": 1, "model": spec}, files)


def checkpoint(users_parts):
    files = {"theta.npy": floats(0), "items/00000.npy": floats(3, 16), "items/00000.rows.npy": npy("<u4", (3,), "I", 2, 0, 1)}
    parts = [{"writer": 0, "items": {"file": "items/00000.npy", "rows": "items/00000.rows.npy"}}]
    for n, slices in enumerate(users_parts):
        name = f"users/0000{n}.npy"
        files[name] = floats(sum(end - first for _, first, end in slices), 16)
        parts.append({"writer": n, "users": {"file": name, "slices": slices}})
    manifest = {"kind": "attune checkpoint", "format_version": 1, "parts": parts,
                "records": {"users": 2, "items": 3, "user_floats": 16, "item_floats": 16}}
    return directory(manifest, files)


def varint(number):
    text = b""
    while number > 127:
        text += bytes([number & 127 | 128])
        number >>= 7
    return text + bytes([number])


def message(**fields):
    """A description in the encoding of Protocol Buffers: f3=7, f4=b"text"."""
    text = b""
    for name, value in fields.items():
        field = int(name[1:])
        if isinstance(value, bytes):
            text += varint(field * 8 + 2) + varint(len(value)) + value
        else:
            text += varint(field * 8) + varint(value)
    return text


def piece(content):
    return struct.pack("<H", len(content)) + content


def control(kind, **fields):
    return bytes([kind]) + message(**fields)


def rows(kind, keys, values, **fields):
    return bytes([kind]) + piece(message(**fields)) + piece(struct.pack(f"<{len(keys)}I", *keys)) + values


def step(kind, node, **fields):
    return bytes([kind, node]) + piece(message(**fields))


def job():
    """Two nodes come, the first round is trained, the second node leaves."""
    steps = [step(1, node, f1=node, f3=b"ab"[node:node + 1], f8=1, f9=1, f10=1, f12=2) for node in (0, 1)]
    steps += [step(0, 0), step(4, 0, f1=1), step(4, 1, f1=1)]
    for slice_number in range(3):
        steps += [step(6, slice_number % 2, f1=1, f2=slice_number + 1)]
    for slice_number in range(3):
        steps += [step(9, node, f1=1, f2=slice_number, f3=1, f4=5, f6=5) for node in (0, 1)]
    steps += [step(12, 1, f1=b"tired", f4=1), step(12, 1, f1=b"tired", f2=1, f3=b"", f4=1), step(15, 0, f1=1, f2=b"\x00\x01\x02")]
    return b"".join(steps + [step(16, 100), step(18, 1), step(17, 200)])


PREFIX = struct.pack("<IHHQQQQ", 0x4E545441, 1, 32, 2, 8, 0, 0)
SEEDS = {
    "log/gzip": b"\x00" + gzip.compress(LOG, mtime=0),
    "npy/f4": floats(2, 3),
    "npy/f2": npy("<f2", (2, 2, 1), "e", 1, 2, 3, 4),
    "npy/u8": npy("<u8", (3,), "Q", 0, 2, 3),
    "npy/empty": npy("<i8", (0,), "q"),
    "dataset/plain": dataset(False),
    "dataset/features": dataset(True),
    "model/bpr": model(item_attention="none"),
    "model/svdpp": model(item_attention="average", history_exponent=0.5),
    "model/acf": model(item_attention="attention", attention_inputs="ux", item_hidden=2, feature_dim=3,
                       component_attention="attention", component_hidden=2, history_exponent=1.0),
    "model/popularity": scorer({"algorithm": "popularity"}, counts=npy("<u4", (3,), "I", 2, 0, 1)),
    "model/item_knn": scorer({"algorithm": "item_knn", "neighbours": 2, "shrinkage": 0.5},
                             neighbours__indptr=npy("<u8", (4,), "Q", 0, 1, 2, 2), neighbours__items=npy("<u4", (2,), "I", 1, 0),
                             neighbours__weights=floats(2)),
    "model/user_knn": scorer({"algorithm": "user_knn", "neighbours": 2, "shrinkage": 0},
                             histories__indptr=npy("<u8", (3,), "Q", 0, 2, 3), histories__items=npy("<u4", (3,), "I", 0, 1, 2)),
    "model/content_mean": scorer({"algorithm": "content_mean", "dim": 2, "similarity": "cosine"}, V=floats(3, 2)),
    "checkpoint/one": checkpoint([[(0, 0, 2)]]),
    "checkpoint/two": checkpoint([[(1, 1, 2)], [(0, 0, 1)]]),
    "frame/two": b"\x02" + piece(PREFIX + b"\x20\x40") + piece(b"\x03\x00\x00\x00\xe8\x03\x00\x00"),
    "frame/three": b"\x03" + piece(PREFIX) + piece(b"keys") + b"values",
    "control/register": control(1, f1=4, f2=1, f3=b"host", f4=b"rank 4", f5=b"tcp://10.0.0.1:4711", f8=1, f12=2),
    "control/roster": control(3, f1=3, f2=message(f1=1, f3=b"host", f6=1), f3=b"\x02\x05"),
    "control/lease": control(7, f1=3, f2=17, f3=1, f4=3, f5=5, f6=1),
    "control/lease_done": control(9, f1=3, f2=17, f4=40, f6=40, f8=b"\x07\x08", f11=b"\x00\x01", f12=b"\x01", f13=3),
    "control/leaving": control(12, f1=b"tired", f2=1, f3=message(f2=9, f9=8)),
    "control/fetch": control(14, f1=3, f2=b"\x04\x05"),
    "rows/pull": rows(32, [3, 1000], b"", f2=7, f3=2, f4=64),
    "rows/push": rows(34, [3, 1000], bytes(16), f1=1, f2=2, f4=2),
    "rows/sync": rows(36, [5], bytes(4), f2=9, f4=1, f7=2, f8=1),
    "scheduler/job": job(),
    "http/page": b"\x00GET /status HTTP/1.1\r\nHost: localhost:8080\r\nAccept: text/html\r\n\r\n",
    "http/scrape": b"\x07GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Prometheus/2.42\r\nAccept: text/plain\r\n\r\n",
    "http/head": b"\x01HEAD / HTTP/1.0\r\n\r\n",
    "http/post": b"\x00POST /status HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "history/run": history(),
    "rows/theta": rows(48, [], bytes(12), f1=3, f2=100),
}

for name, content in SEEDS.items():
    path = CORPUS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
