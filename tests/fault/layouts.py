"""How a job is laid out over processes and hosts, how it is started, and who in it is who."""

import dataclasses
import os
import pathlib
import shutil
import subprocess

import processes

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMESPACES = ROOT / "tests/cluster/namespaces.sh"
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}


@dataclasses.dataclass
class Layout:
    kind: str  # one, mpirun, local, namespaces
    ranks: int = 1
    hosts: int = 1
    delay: int = 0  # milliseconds at each host's link

    def __str__(self):
        if self.kind == "one":
            return "one process"
        text = f"{self.kind} -n {self.ranks}" + (f" --hosts {self.hosts}" if self.hosts > 1 else "")
        return text + (f" --delay {self.delay}" if self.delay else "")

    def uses_mpi(self):
        return self.kind in ("mpirun", "namespaces")

    def host_of(self, rank):
        return rank * self.hosts // self.ranks

    def leads(self, rank):
        """The first process of its host, which has made its memory."""
        return rank == 0 or self.host_of(rank) != self.host_of(rank - 1)

    def may_lose(self, rank):
        """Whether the job goes on when the node of this rank is killed."""
        return rank > 0 and (self.hosts == 1 or not self.leads(rank))

    def command(self, attune, delay_link, arguments):
        if self.kind == "one":
            return [str(attune), *arguments]
        if self.kind == "local":
            hosts = ["--hosts", str(self.hosts)] if self.hosts > 1 else []
            return [str(attune), "local", "-n", str(self.ranks), *hosts, *arguments]
        mpirun = ["mpirun", "-n", str(self.ranks), "--bind-to", "none", str(attune), *arguments]
        if self.kind == "mpirun":
            return mpirun
        slots = self.ranks // self.hosts
        delay = ["--delay", str(self.delay), "--delay-link", str(delay_link)] if self.delay else []
        return ["bash", str(NAMESPACES), "--hosts", str(self.hosts), "--slots", str(slots), *delay, "--", *mpirun]


def kinds_possible(attune, work):
    """Kinds of layouts that this machine allows, and why others are skipped."""
    kinds, skipped = ["one", "local"], []
    if shutil.which("mpirun") is None or not (pathlib.Path(attune).parent / "attune_mpi.so").exists():
        return kinds, ["mpirun, namespaces: there is no mpirun, or attune was built without MPI"]
    kinds.append("mpirun")
    tried = subprocess.run(["bash", NAMESPACES, "--hosts", "1", "--", "true"], capture_output=True, text=True,
                           env=os.environ | {"TMPDIR": str(work)}, check=False)
    if tried.returncode == 0:
        kinds.append("namespaces")
    else:
        skipped.append(f"namespaces: {tried.stderr.strip()}")
    return kinds, skipped


def draw(random, kinds, delays):
    kind = random.choice(kinds)
    if kind == "one":
        return Layout(kind)
    if kind == "mpirun":
        return Layout(kind, random.randint(2, 4))
    if kind == "local":
        ranks = random.randint(2, 4)
        return Layout(kind, ranks, random.randint(1, min(ranks, 3)))
    hosts, slots = random.choice([(2, 1), (2, 2), (3, 1)])
    return Layout(kind, hosts * slots, hosts, random.choice([0, 0, 0, 0, 0, 2]) if delays else 0)


class Job:
    """One life: the command, and its processes as they are now."""

    def __init__(self, layout, command, work, log):
        self.layout = layout
        self.process = subprocess.Popen(command, cwd=work, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        start_new_session=True, env=os.environ | MPI | {
                                            "TMPDIR": str(work), "OMPI_MCA_btl_vader_backing_directory": str(work)})

    @property
    def pid(self):
        return self.process.pid

    def programs(self, name):
        return [pid for pid in [self.pid, *processes.descendants(os.getpid())] if processes.program(pid) == name]

    def launcher(self):
        """What has started the ranks: mpirun, or attune local."""
        if self.layout.uses_mpi():
            return next(iter(self.programs("mpirun") + self.programs("orterun")), None)
        return self.pid

    def agents(self):
        """rank -> process that a launcher has started"""
        if self.layout.kind == "one":
            return {}
        name = "ATTUNE_LOCAL_RANK" if self.layout.kind == "local" else "OMPI_COMM_WORLD_RANK"
        return {int(rank.split(":")[0]): pid for pid, rank in self.by_environment(name) if pid not in self.nodes().values()}

    def nodes(self):
        """rank -> process that trains"""
        if self.layout.kind == "one":
            return {0: self.pid}
        return {self.rank_of(pid): pid for pid, _ in self.by_environment("ATTUNE_NODE_DESCRIPTION")}

    def by_environment(self, name):
        found = ((pid, processes.environment(pid).get(name)) for pid in self.programs("attune"))
        return [(pid, value) for pid, value in found if value is not None]

    def rank_of(self, node):
        status = processes.read(f"/proc/{node}/status").decode().splitlines()
        parent = next((line.split()[1] for line in status if line.startswith("PPid:")), "0")
        of_agent = processes.environment(parent)
        rank = of_agent.get("ATTUNE_LOCAL_RANK", of_agent.get("OMPI_COMM_WORLD_RANK", "-1"))
        return int(rank.split(":")[0])

    def namespace(self, host):
        """Only of layout `namespaces`; hosts from 0."""
        return f"at{self.pid}-{host + 1}"
