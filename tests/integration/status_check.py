#!/usr/bin/env python3
"""Asks the endpoint of a run, as people, Prometheus and others do, and compares what it says with the run's files.

usage: status_check.py watch PORT PROCESSES           until enough was said, with hostile requests between; prints it as JSON
       status_check.py compare RUN SAID AFTER PAGE    with the files; AFTER: attune status --json, when the run has ended
       status_check.py resumed PORT                   a run that was taken up; writes scheduler.pid
       status_check.py lives PORT                     the same after its scheduler was killed
"""
import http.client
import json
import pathlib
import random
import re
import socket
import sys
import time

WITHIN = 90


def ask(port, path, method="GET", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def get(port, path, headers=None):
    code, body = ask(port, path, headers=headers)
    assert code == 200, (path, code, body)
    return body


def metrics(text):
    """Samples by name and labels."""
    samples = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            assert name not in samples, name
            samples[name] = float(value)
    return samples


def send(port, data):
    """Whatever comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        heard = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                heard += piece
        except OSError:
            pass  # cut
        return heard


def be_hostile(port):
    draws = random.Random(1)
    idle = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(60)]  # more than it holds
    for connection in idle[::2]:
        try:
            connection.sendall(b"GET /status HTTP/1.1\r\n")
        except OSError:
            pass  # cut for a newer one
    for _ in range(50):
        send(port, draws.randbytes(draws.randrange(1, 20000)))
    assert send(port, b"GET / HTTP/1.1\r\nX: " + b"x" * 100000).startswith((b"HTTP/1.1 431", b"HTTP/1.1 400", b""))
    assert send(port, b"POST /status HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc").startswith(b"HTTP/1.1 405")
    assert send(port, b"GET /../../etc/passwd HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 404")
    assert send(port, b"GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n").startswith(b"HTTP/1.1 421")
    head = send(port, b"HEAD /metrics HTTP/1.1\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200") and head.endswith(b"\r\n\r\n"), head
    for connection in idle:
        connection.close()


def watch(port, processes):
    said = []
    hostile = False
    deadline = time.monotonic() + WITHIN
    while True:
        status = json.loads(get(port, "/status"))
        samples = metrics(get(port, "/metrics"))
        said.append({"status": status, "metrics": samples})
        rates = [process for process in status.get("processes", []) if process.get("triples_per_second", 0) > 0]
        enough = (status["epochs"]["done"] >= 12 and "best" in status and status["checkpoints"]["written"] > 0 and
                  len(rates) == processes and samples.get("attune_triples_per_second", 0) > 0 and
                  (processes == 1 or samples["attune_sync_sent_bytes_total"] > 0))
        if enough and hostile and samples["attune_status_refused_total"] > 50:  # which are counted when they are over
            break
        if not hostile and status["epochs"]["done"] > 0:
            be_hostile(port)
            hostile = True
        assert time.monotonic() < deadline, said[-1]
    page = get(port, "/")
    assert page.startswith("<!doctype html>") and page.endswith("</html>\n") and 'class="chart"' in page
    body = get(port, "/status", {"Accept": "text/html"})
    assert body.startswith("<header>") and "<script" not in body
    json.dump(said, sys.stdout)


def records_of(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def compare(run, said, after, page):
    records = records_of(run)
    result = json.loads((run / "result.json").read_text())
    losses = {record["epoch"]: record for record in records if record["event"] == "epoch"}
    qualities = {(record["split"], record["epoch"]): record for record in records if record["event"] == "evaluation"}
    chosen = {record["epoch"]: record["metrics"]["ndcg@100"] for record in records if record.get("best")}
    triples = 0
    for one in said:
        status, samples = one["status"], one["metrics"]
        assert status["triples"] >= triples, (status["triples"], triples)
        triples = status["triples"]
        if "epoch" in status:
            told = losses[status["epoch"]["epoch"]]
            assert status["epoch"]["loss"] == told["loss"] and status["epoch"]["lr"] == told["lr"], (status["epoch"], told)
        if "attune_loss" in samples:
            known = [record["loss"] for record in losses.values()]
            assert any(abs(samples["attune_loss"] - loss) <= 1e-6 for loss in known), samples["attune_loss"]
        for split, evaluation in status["evaluation"].items():
            assert evaluation["metrics"] == qualities[split, evaluation["epoch"]]["metrics"], evaluation
        if "best" in status:
            assert chosen[status["best"]["epoch"]] == status["best"]["value"], status["best"]
        assert samples["attune_phase{phase=\"training\"}"] in (0, 1)
    assert 0 < triples <= result["triples"], (triples, result["triples"])
    ended = json.loads(after.read_text())
    assert ended["status"] == result["status"] == "interrupted", ended["status"]
    assert ended["epochs"]["done"] == result["epochs"] and ended["triples"] == result["triples"], ended["triples"]
    assert ended["epoch"]["loss"] == result["loss"] == losses[result["epochs"]]["loss"]
    assert ended["checkpoints"]["written"] == result["checkpoints"]["written"]
    assert ended["train_seconds"] == result["train_seconds"]
    text = page.read_text()
    assert "interrupted</h1>" in text and "<script" not in text and "http:" not in text
    print(f"{len(said)} times asked, {result['epochs']} epochs")


def status_when(port, good):
    deadline = time.monotonic() + WITHIN
    while True:
        status = json.loads(get(port, "/status"))
        if good(status):
            return status
        assert time.monotonic() < deadline, status
        time.sleep(0.02)


def write_scheduler(status):
    where = status["processes"][0]["where"]
    pathlib.Path("scheduler.pid").write_text(re.search(r"pid (\d+)", where).group(1))


def resumed(port):
    status = status_when(port, lambda status: status["phase"] == "training" and status["checkpoints"]["written"] > 1 and
                         len(status.get("processes", [])) == 2)
    assert status["history"]["epochs"][0]["epoch"] == 1, status["history"]
    assert any("goes on from checkpoint" in event["what"] for event in status["events"]), status["events"]
    write_scheduler(status)


def lives(port):
    status = status_when(port, lambda status: status["phase"] == "training" and status["lives"]["ended"] == 1 and
                         status.get("triples_per_second", 0) > 0)
    assert status["history"]["epochs"][0]["epoch"] == 1, status["history"]


kind, *rest = sys.argv[1:]
if kind == "watch":
    watch(int(rest[0]), int(rest[1]))
elif kind == "compare":
    compare(*map(pathlib.Path, rest[:1]), json.loads(pathlib.Path(rest[1]).read_text()), *map(pathlib.Path, rest[2:]))
else:
    {"resumed": resumed, "lives": lives}[kind](int(rest[0]))
