#!/usr/bin/env python3
"""Runs a command on each host of an mpirun as if there were no others: what a host would do if it did not wait for them.
"{rank}" in it is replaced by the rank of the host. With --traffic each host sends as much to every other, through the same
links, in blocks of the exchange's frames, while its command runs, and throws away what comes: a job's traffic without its
waits. Where the host has a control group with a quota of processor time, the traffic is outside of it.

usage: mpirun -x HOSTS -n N by_itself.py [--traffic BYTES_PER_SECOND] -- COMMAND...
  HOSTS       addresses of all, in the order of ranks (namespaces.sh sets it)
  --traffic   to each of the others"""

import argparse
import multiprocessing
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

PORT = 24_404  # below those that the system gives out
BLOCK = bytes(256 * 1024)
DEADLINE_SECONDS = 30


def listen(address):
    server = socket.create_server((address, PORT))
    while True:
        peer, _ = server.accept()
        threading.Thread(target=throw_away, args=(peer,), daemon=True).start()


def throw_away(peer):
    buffer = bytearray(len(BLOCK))
    try:
        while peer.recv_into(buffer):
            pass
    except OSError:
        pass  # its command has ended


def connect(address):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            peer = socket.create_connection((address, PORT), timeout=DEADLINE_SECONDS)
            peer.settimeout(None)
            return peer
        except OSError as error:
            if time.monotonic() > deadline:
                print(f"by_itself: {address} port {PORT}: {error}", file=sys.stderr)
                os._exit(1)  # from a thread
            time.sleep(0.05)


def send(address, bytes_per_second):
    """A block at a time, when it is due; what a full link makes late is not made up for."""
    peer = connect(address)
    every = len(BLOCK) / bytes_per_second
    due = time.monotonic()
    try:
        while True:
            peer.sendall(BLOCK)
            due = max(due + every, time.monotonic() - every)
            time.sleep(max(0, due - time.monotonic()))
    except OSError:
        pass  # the other's command has ended


def leave_quota():
    """To the control group above all others, where the system has such."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        place, _, kind = line.partition(" - ")
        if kind.startswith("cgroup ") and "cpu" in kind.split()[-1].split(","):
            (pathlib.Path(place.split()[4]) / "cgroup.procs").write_text(str(os.getpid()))
            return


def exchange(hosts, rank, bytes_per_second):
    leave_quota()
    for host in hosts[:rank] + hosts[rank + 1:]:
        threading.Thread(target=send, args=(host, bytes_per_second), daemon=True).start()
    listen(hosts[rank])


def main():
    own = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traffic", type=float, default=0)
    options = parser.parse_args(sys.argv[1:own])
    rank = int(os.environ["OMPI_COMM_WORLD_RANK"])
    if own + 1 >= len(sys.argv):
        parser.error("there is no command")
    traffic = None
    if options.traffic > 0:
        hosts = os.environ["HOSTS"].split()
        traffic = multiprocessing.Process(target=exchange, args=(hosts, rank, options.traffic), daemon=True)
        traffic.start()
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PMIX_"))}
    command = [word.replace("{rank}", str(rank)) for word in sys.argv[own + 1:]]
    code = subprocess.run(command, env=alone, check=False).returncode
    if traffic is not None and not traffic.is_alive():
        sys.exit("by_itself: the traffic beside the command has ended before it")
    sys.exit(code)


if __name__ == "__main__":
    main()
