"""What must hold after each life of a job, and when it is complete. Each check returns violations, as texts."""

import array
import json
import re
import subprocess

import ledger
import processes

CODES = {"completed": 0, "stopped early": 0, "interrupted": 4}


def result_of(run):
    try:
        return json.loads((run / "result.json").read_text())
    except (OSError, ValueError):
        return None


def checkpoints(run):
    return [run / "checkpoints" / name for name in processes.list_directory(run / "checkpoints") if name.isdigit()]


def check_code(life):
    """The command's exit code is that of result.json; where a process died that gives it, there may be none."""
    result, code = result_of(life.run), life.code
    if result is None:
        return [] if code != 0 and life.deadly else [f"exit code {code} and no result.json, after {life.done()}"]
    expected = CODES.get(result["status"], result.get("exit_code"))
    if expected != result.get("exit_code"):
        return [f"result.json: {result['status']} with exit code {result.get('exit_code')}"]
    if code == expected or (life.deadly and code != 0):
        return []
    return [f"exit code {code}, but result.json says {result['status']} ({expected}), after {life.done()}"]


def check_survived(life):
    """Faults that a job must survive did not end it."""
    if not life.must_survive or (life.code == 0 and (result_of(life.run) or {}).get("status") == "completed"):
        return []
    return [f"it did not complete (exit code {life.code}), after {life.done()}"]


def check_crashes(life):
    """No process has ended itself by a signal: a broken invariant, or memory that is not its own.

    mpirun's own crash is not counted: Open MPI 4.1.4 may fail in PMIx_Finalize when it is told to end while it ends.
    """
    reports = re.compile(r"[^\n]*\*\*\* Process received signal.*?\*\*\* End of error message[^\n]*", re.DOTALL)
    of_mpirun = [one for one in reports.findall(life.said()) if "] mpirun(" in one]
    text = reports.sub(lambda one: "" if "] mpirun(" in one[0] else one[0], life.said())
    said = re.findall(r".*(?:signal (?:4|6|7|8|11) |Signal: (?:Segm|Abor|Bus|Floa|Ille)).*", text)
    if life.code in (-6, -11, 134, 139) and not of_mpirun:
        said.append(f"exit code {life.code}")
    return [f"a process has crashed: {one.strip()}, after {life.done()}" for one in said[:3]]


def check_newest(attune, run, damaged):
    """Every checkpoint that nobody has damaged is whole."""
    violations = []
    for path in checkpoints(run):
        if path.name in damaged:
            continue
        told = subprocess.run([attune, "inspect", path], capture_output=True, text=True, check=False)
        if told.returncode != 0 or "verified" not in told.stdout:
            violations.append(f"{path}: {told.stdout[-300:]} {told.stderr[-300:]}")
    return violations


def check_skipped(said, damaged):
    """Those that were damaged are named when a run is taken up."""
    return [f"checkpoint {name} was damaged, and nobody said that it is not used"
            for name in damaged if f"{name} is not used" not in said]


def check_leftovers(run, shared_memory):
    violations = [f"{run / 'checkpoints' / name} is left" for name in processes.list_directory(run / "checkpoints")
                  if name.endswith((".attune-part", ".old"))]
    return violations + [f"/dev/shm/{name} is left" for name in processes.list_directory("/dev/shm")
                         if name not in shared_memory and "attune" in name]


def numbers(path, kind):
    content = path.read_bytes()
    return array.array(kind, content[10 + int.from_bytes(content[8:10], "little"):])


def expected_ledger(data, epochs):
    """(epoch, user) -> triples: every positive of every user once an epoch."""
    expected = {}
    for path in sorted((data / "train").glob("slice-*")):
        users, ends = numbers(path / "users.npy", "I"), numbers(path / "indptr.npy", "Q")
        expected |= {user: after - before for user, before, after in zip(users, ends, ends[1:])}
    return {(epoch, user): n for epoch in range(1, epochs + 1) for user, n in expected.items() if n > 0}


def check_ledger(audit, expected):
    total = ledger.counted(audit)
    if total == expected:
        return []
    wrong = sorted(key for key in expected.keys() | total.keys() if total[key] != expected.get(key, 0))
    return [f"ledger: {len(wrong)} pairs of epoch and user differ, first {wrong[0]}: {total[wrong[0]]} triples, "
            f"expected {expected.get(wrong[0], 0)}"]


def check_result(result, model, reference):
    """Triples, their digest and quality are those of runs that nobody disturbed."""
    violations = []
    provenance = json.loads((model / "manifest.json").read_text())["provenance"]
    for name, found in (("triples", result["triples"]), ("triples_digest", provenance["triples_digest"])):
        if found != reference[name]:
            violations.append(f"{name}: {found}, undisturbed runs have {reference[name]}")
    quality, (least, most) = result["validation"]["ndcg@100"], reference["band"]
    if not least <= quality <= most:
        violations.append(f"validation NDCG@100 {quality:.4f}, undisturbed runs are within {least:.4f}..{most:.4f}")
    return violations
