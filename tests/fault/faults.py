"""Faults: what hurts a job that runs, and what takes the hurt away again.

Each fault is a function of (life, draw): it does its harm, and returns what was done, or None if there was nothing to
hurt. Choices come from `draw`, a generator of the life's own, so that a seed repeats them."""

import dataclasses
import errno
import os
import pathlib
import shutil
import signal

import processes


@dataclasses.dataclass
class Kind:
    do: object
    kinds: tuple  # of layouts to which it applies
    survived: tuple = ()  # layouts in which the job must complete all the same
    weight: int = 2
    not_before: bool = False  # survived only when the job has begun: a launcher may not reach its hosts

    def must_be_survived(self, layout, begun):
        return layout.kind in self.survived and (begun or not self.not_before)


def pick(draw, found):
    """One of rank -> pid, as (rank, pid)."""
    return draw.choice(sorted(found.items())) if found else (None, None)


def kill_node(life, draw):
    rank, pid = pick(draw, {rank: pid for rank, pid in life.job.nodes().items() if life.layout.may_lose(rank)})
    return f"SIGKILL of the node of rank {rank}" if pid and processes.send(pid, signal.SIGKILL) else None


def kill_first_of_host(life, draw):
    found = {rank: pid for rank, pid in life.job.nodes().items() if rank > 0 and life.layout.leads(rank)}
    rank, pid = pick(draw, found)
    return f"SIGKILL of the node of rank {rank}, the first of its host" if pid and processes.send(pid, signal.SIGKILL) else None


def kill_scheduler(life, _):
    pid = life.job.nodes().get(0)
    return "SIGKILL of the scheduler's node" if pid and processes.send(pid, signal.SIGKILL) else None


def kill_agent(life, draw):
    rank, pid = pick(draw, life.job.agents())
    return f"SIGKILL of the agent of rank {rank}" if pid and processes.send(pid, signal.SIGKILL) else None


def kill_launcher(life, _):
    pid = life.job.launcher()
    return f"SIGKILL of {processes.program(pid)}, the launcher" if pid and processes.send(pid, signal.SIGKILL) else None


def kill_everything(life, _):
    """All but the script that takes the namespaces down."""
    hurt = [pid for pid in [life.job.pid, *processes.descendants(os.getpid())]
            if processes.program(pid) in ("attune", "mpirun", "orterun", "orted")]
    return f"SIGKILL of all {len(hurt)} processes" if sum([processes.send(pid, signal.SIGKILL) for pid in hurt]) else None


def stop_node(life, draw, least, most):
    rank, pid = pick(draw, life.job.nodes())
    seconds = round(draw.uniform(least, most), 1)
    if not pid or not processes.send(pid, signal.SIGSTOP):
        return None
    life.later(seconds, lambda: processes.send(pid, signal.SIGCONT))
    return f"SIGSTOP of the node of rank {rank} for {seconds} s"


def stop_short(life, draw):
    return stop_node(life, draw, 0.2, 4)


def stop_long(life, draw):
    """Longer than silence may last: the node is replaced, or the job begins again; the scheduler forgives itself."""
    return stop_node(life, draw, 10.5, 14)


def terminate(life, _):
    """mpirun would kill the job a second later: there the first rank is told."""
    pid = life.job.agents().get(0) if life.layout.uses_mpi() else life.job.launcher()
    return "SIGTERM of the job" if pid and processes.send(pid, signal.SIGTERM) else None


def terminate_mpirun(life, _):
    pid = life.job.launcher()
    return "SIGTERM of mpirun" if pid and processes.send(pid, signal.SIGTERM) else None


def ask_for_checkpoint(life, _):
    """Before the program is ready to be asked, the signal would end it, as it ends any program."""
    if not life.has_begun():
        return None
    pid = life.job.launcher()
    return "SIGUSR1 of the job" if pid and processes.send(pid, signal.SIGUSR1) else None


def cut(life, draw, least, most):
    host = draw.randrange(life.layout.hosts)
    seconds = round(draw.uniform(least, most), 1)
    namespace = life.job.namespace(host)
    if not processes.quietly("ip", "-n", namespace, "link", "set", "eth0", "down"):
        return None
    life.later(seconds, lambda: processes.quietly("ip", "-n", namespace, "link", "set", "eth0", "up"))
    return f"link of host {host} cut for {seconds} s"


def cut_short(life, draw):
    return cut(life, draw, 0.2, 3)


def cut_long(life, draw):
    return cut(life, draw, 11, 15)


def slow_link(life, draw):
    """A queue that empties at 2 Mbit/s: messages wait for each other."""
    host = draw.randrange(life.layout.hosts)
    seconds = round(draw.uniform(0.5, 4), 1)
    namespace = life.job.namespace(host)
    if not processes.quietly("tc", "-n", namespace, "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "2mbit", "burst",
                             "32kb", "latency", "400ms"):
        return None
    life.later(seconds, lambda: processes.quietly("tc", "-n", namespace, "qdisc", "del", "dev", "eth0", "root"))
    return f"link of host {host} slowed to 2 Mbit/s for {seconds} s"


def fill_disk(life, draw):
    """Of the run's directory, which is a file system of its own."""
    if not os.path.ismount(life.run) or not life.has_begun():
        return None
    ballast = life.run / "ballast"
    if ballast.exists():
        return None
    seconds = round(draw.uniform(0.3, 3), 1)
    try:
        with open(ballast, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    life.later(seconds, lambda: ballast.unlink(missing_ok=True))
    return f"disk of the run full for {seconds} s"


MANY = ("mpirun", "local", "namespaces")
ANY = ("one", *MANY)
KINDS = {
    "kill node": Kind(kill_node, MANY, MANY, 4),
    "kill first of host": Kind(kill_first_of_host, ("local", "namespaces"), MANY),
    "kill scheduler": Kind(kill_scheduler, ANY, MANY),
    "kill agent": Kind(kill_agent, MANY),
    "kill launcher": Kind(kill_launcher, MANY),
    "kill everything": Kind(kill_everything, ANY),
    "stop short": Kind(stop_short, ANY, ANY, 1),
    "stop long": Kind(stop_long, MANY, MANY, 1),
    "terminate": Kind(terminate, ANY),
    "terminate mpirun": Kind(terminate_mpirun, ("mpirun", "namespaces"), (), 1),
    "ask for a checkpoint": Kind(ask_for_checkpoint, ANY, ANY),
    "cut short": Kind(cut_short, ("namespaces",), MANY, not_before=True),
    "cut long": Kind(cut_long, ("namespaces",), MANY, 1, not_before=True),
    "slow link": Kind(slow_link, ("namespaces",), MANY, not_before=True),
    "full disk": Kind(fill_disk, ANY, ANY),
}
DAMAGE = "damage"


def draw_kind(random, layout, names):
    possible = [name for name in names if layout.kind in KINDS[name].kinds]
    return random.choices(possible, [KINDS[name].weight for name in possible])[0] if possible else None


def damage(random, checkpoint):
    """Between two lives. @returns what was done, or None"""
    files = sorted(path for path in checkpoint.rglob("*") if path.is_file())
    if not files:
        return None
    path = random.choice(files)
    how = random.choice(["cut off", "changed", "removed"])
    break_link(path)
    if how == "removed":
        path.unlink()
    elif how == "cut off":
        os.truncate(path, random.randrange(path.stat().st_size) if path.stat().st_size else 0)
    else:
        flip(random, path)
    return f"{path.relative_to(checkpoint.parent)} {how}"


def break_link(path):
    """Files of the best model have a second name, in the model that is being made: only this one is damaged."""
    if path.stat().st_nlink > 1:
        copy = path.with_name(path.name + ".copy")
        shutil.copyfile(path, copy)
        copy.replace(path)


def flip(random, path):
    content = bytearray(path.read_bytes())
    if content:
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    pathlib.Path(path).write_bytes(content)
