"""Processes of a job, found and looked at through /proc; nothing outlives the nemesis unseen."""

import ctypes
import os
import pathlib
import signal
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """What a job leaves behind becomes a child of this process, and is found as such."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def read(path):
    try:
        return pathlib.Path(path).read_bytes()
    except OSError:
        return b""


def children(pid):
    return [int(child) for task in list_directory(f"/proc/{pid}/task")
            for child in read(f"/proc/{pid}/task/{task}/children").split()]


def list_directory(path):
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def descendants(pid):
    found, waiting = [], [pid]
    while waiting:
        for child in children(waiting.pop()):
            found.append(child)
            waiting.append(child)
    return found


def state(pid):
    fields = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return fields[0].decode() if fields else "gone"


def environment(pid):
    pairs = (one.partition(b"=") for one in read(f"/proc/{pid}/environ").split(b"\0"))
    return {name.decode(errors="replace"): value.decode(errors="replace") for name, _, value in pairs}


def program(pid):
    try:
        return pathlib.Path(os.readlink(f"/proc/{pid}/exe")).name
    except OSError:
        return ""


def send(pid, number):
    """Whether the process was there."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def reap(but):
    """Collects orphans that have ended, which are ours now."""
    for child in children(os.getpid()):
        if child != but and state(child) == "Z":
            try:
                os.waitpid(child, os.WNOHANG)
            except ChildProcessError:
                pass


def left_behind(but, within):
    """Processes of the job that are there still when they should have ended: their descriptions."""
    deadline = time.monotonic() + within
    while True:
        reap(but)
        left = [pid for pid in descendants(os.getpid()) if pid != but and state(pid) not in ("Z", "gone")]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def what_it_waits_for(pid):
    """The command, and where each thread is in the kernel."""
    lines = [f"  {pid} [{state(pid)}] {read(f'/proc/{pid}/cmdline').replace(bytes(1), b' ').decode(errors='replace')[:150]}"]
    for thread in list_directory(f"/proc/{pid}/task"):
        path = f"/proc/{pid}/task/{thread}"
        where = read(f"{path}/wchan").decode() or "?"
        stack = " < ".join(line.split()[-1].decode() for line in read(f"{path}/stack").splitlines()[:4])
        lines.append(f"    {thread} {read(f'{path}/comm').decode().strip()}: {where} {stack}")
    return "\n".join(lines)


def end_all(pids):
    for pid in pids:
        send(pid, signal.SIGCONT)
        send(pid, signal.SIGKILL)


def quietly(*command):
    """Whether the command succeeded."""
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
