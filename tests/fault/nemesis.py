#!/usr/bin/env python3
"""Hurts real jobs at random moments, takes them up again until they are complete, and checks what they have made.

usage: nemesis.py ATTUNE --seed S --faults N --work DIR [--kinds NAME,...] [--layouts NAME,...] [--tally FILE]
       nemesis.py --table FILE...
  --seed S       everything that is drawn comes from it: layouts, faults, moments, whom they hit
  --faults N     jobs are begun until so many faults were done
  --work DIR     is made; removed at the end if nothing is wrong
  --kinds        only these faults: see faults.py
  --layouts      only these: one, local, mpirun, namespaces
  --tally FILE   what was done and found is added to it, a JSON document a line
  --table FILE   prints the table of such files

A line for each fault and each life; a table at the end. Ends with 1 if something was violated; the same command repeats
the choices, as far as the machine's own timing lets it."""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import checks
import faults
import layouts
import processes

USERS, ITEMS, INTERACTIONS, EPOCHS = 2000, 500, 60000, 40
TRAIN = ["--dim", "16", "--threads", "1", "--batch-triples", "1024", "--evaluate-every", "10", "--log-level", "warning"]
DISK = "6m"
MOST_LIVES = 12  # of a job; the last ones are left alone
SILENT_WITHIN = 75  # seconds without a line of metrics.jsonl; a node that was told to end may take 60
GONE_WITHIN = 15
SECONDS = 4.0  # that a job takes, roughly: moments are drawn from it
BAND = 0.05  # beyond the least and the greatest of undisturbed runs


class Life:
    """From one command to its end."""

    def __init__(self, job_of, layout, begins_anew):
        self.layout, self.run, self.log_path = layout, job_of.run, job_of.work / f"life-{job_of.lives}.log"
        self.faults, self.deadly, self.must_survive = [], False, True
        self.pending, self.code, self.hung = [], None, False
        self.began, self.began_at = time.monotonic(), time.time()
        arguments = job_of.begin_arguments(layout) if begins_anew else ["train", "--resume", str(job_of.run)]
        command = layout.command(job_of.campaign.attune, job_of.campaign.delay_link, arguments)
        with open(self.log_path, "wb") as log:
            self.job = layouts.Job(layout, command, job_of.work, log)

    def age(self):
        return time.monotonic() - self.began

    def later(self, seconds, undo):
        self.pending.append((self.age() + seconds, undo))

    def has_begun(self):
        """Whether the scheduler's part has: it records its start."""
        path = self.run / "metrics.jsonl"
        return path.exists() and path.stat().st_size > 0 and path.stat().st_mtime >= self.began_at

    def silent_for(self):
        """Seconds since it has begun, or has recorded something: on a busy machine it may take long, and is not stuck."""
        path = self.run / "metrics.jsonl"
        return time.time() - max(self.began_at, path.stat().st_mtime if path.exists() else 0)

    def said(self):
        return self.log_path.read_text(errors="replace")

    def done(self):
        return "; ".join(f"at {at:.1f} s {what}" for at, what in self.faults) or "no fault"

    def hurt(self, name, draw):
        """@returns what was done, or None"""
        kind = faults.KINDS[name]
        begun = self.has_begun()
        what = kind.do(self, draw)
        if what is None:
            return None
        self.faults.append((self.age(), what))
        survived = kind.must_be_survived(self.layout, begun)
        self.must_survive &= survived
        self.deadly |= not survived and (name != "terminate" or not begun)
        return what

    def live(self, moments, tell):
        """Until it ends; moments are (seconds, name, generator)."""
        moments = sorted(moments, key=lambda one: one[0], reverse=True)
        while self.job.process.poll() is None:
            if self.silent_for() > SILENT_WITHIN:
                self.give_up()
                break
            self.undo(self.age())
            if moments and moments[-1][0] <= self.age():
                _, name, draw = moments.pop()
                tell(name, self.hurt(name, draw))
            time.sleep(0.005)
        if self.had_no_room():
            self.deadly, self.must_survive = True, False
        self.undo(float("inf"))
        self.code = self.job.process.wait()
        self.seconds = self.age()

    def had_no_room(self):
        """Whether the disk was full when the job wrote its result: there may be room again when its launcher has ended."""
        full = "result.json.attune-part: cannot write: No space left on device"
        return (self.run / "ballast").exists() or f"attune: error: {self.run}/.{full}" in self.said()

    def undo(self, now):
        due = [undo for at, undo in self.pending if at <= now]
        self.pending = [one for one in self.pending if one[0] > now]
        for undo in due:
            undo()

    def give_up(self):
        self.hung = True
        print(f"it has recorded nothing for {SILENT_WITHIN} s, after {self.done()}; its threads wait for:")
        pids = [self.job.pid, *processes.descendants(self.job.pid)]
        print("\n".join(processes.what_it_waits_for(pid) for pid in pids), flush=True)
        self.undo(float("inf"))
        # The script that has made the namespaces takes them down when its command is over.
        processes.end_all(reversed(pids[1:] if self.layout.kind == "namespaces" else pids))


class DisturbedJob:
    """A run from its first command to its completion, over several lives."""

    def __init__(self, campaign, number):
        self.campaign, self.number = campaign, number
        self.random = random.Random(f"{campaign.seed}-{number}")
        self.work = campaign.work / f"job-{number}"
        self.run, self.model, self.audit = (self.work / name for name in ("run", "model", "audit"))
        self.lives, self.damaged, self.newest_damaged, self.violations = 0, [], [], []
        self.run.mkdir(parents=True)
        self.small_disk = self.random.random() < 0.3 and os.geteuid() == 0 and processes.quietly(
            "mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(self.run))

    def begin_arguments(self, layout):
        train = ["train", *self.campaign.settings(), "--out", str(self.model), "--run", str(self.run), "--overwrite", "--audit",
                 str(self.audit), "--checkpoint-every", "0.5s"]
        if layout.kind != "one":
            train += self.random.choice([[], [], ["--staleness", "8"], ["--staleness", "-1"], ["--replica-memory", "2KiB"],
                                         ["--placement", "dedicated", "--servers", "1"]])
        return train

    def moments(self):
        """Of the faults in the next life."""
        if self.lives >= MOST_LIVES - 3 or self.campaign.enough():
            return []
        wanted = self.random.choice([1, 1, 1, 2, 3])
        names = [faults.draw_kind(self.random, self.layout, self.names()) for _ in range(wanted)]
        return [(self.random.uniform(0.02, SECONDS), name, random.Random(self.random.random())) for name in names if name]

    def names(self):
        return [name for name in self.campaign.kinds if name != "full disk" or self.small_disk]

    def complete(self):
        """Lives until one completes."""
        anew = True
        while self.lives < MOST_LIVES:
            self.lives += 1
            self.layout = layouts.draw(self.random, self.campaign.layouts, self.campaign.delay_link.exists())
            life = Life(self, self.layout, anew)
            life.live(self.moments(), lambda name, what: self.campaign.note_fault(self, name, what))
            self.check(life, anew)
            status = (checks.result_of(self.run) or {}).get("status")
            self.campaign.note_life(self, life, status)
            if status in ("completed", "stopped early"):
                return self.check_end()
            self.damage()
            anew = not set(one.name for one in checks.checkpoints(self.run)) - set(self.damaged)
        self.violate([f"it was not complete after {MOST_LIVES} lives"])

    def check(self, life, anew):
        if (self.run / "result.json").exists():
            shutil.copyfile(self.run / "result.json", self.work / f"result-{self.lives}.json")
        if life.hung:
            self.violate([f"hung after {life.done()}"])
        else:
            self.violate(checks.check_code(life) + checks.check_survived(life) + checks.check_crashes(life))
        left = processes.left_behind(life.job.pid, GONE_WITHIN)
        if left:
            waits = "\n".join(processes.what_it_waits_for(pid) for pid in left)
            self.violate([f"processes are left after {life.done()}:\n{waits}"])
            processes.end_all(left)
            processes.left_behind(life.job.pid, GONE_WITHIN)
        if life.has_begun() and anew:
            self.damaged = []  # it has removed them
        elif life.has_begun():
            self.violate(checks.check_skipped(life.said(), self.newest_damaged))
        self.violate(checks.check_newest(self.campaign.attune, self.run, self.damaged))

    def damage(self):
        self.newest_damaged = []
        whole = [one for one in checks.checkpoints(self.run) if one.name not in self.damaged]
        if faults.DAMAGE not in self.campaign.with_damage or not whole or self.random.random() > 0.25:
            return
        what = faults.damage(self.random, whole[-1])
        self.damaged.append(whole[-1].name)
        self.newest_damaged = [whole[-1].name]
        self.campaign.note_fault(self, faults.DAMAGE, what)

    def check_end(self):
        try:
            result = checks.result_of(self.run)
            self.violate(checks.check_result(result, self.model, self.campaign.reference))
            self.violate(checks.check_ledger(self.audit, self.campaign.ledger))
            self.violate(checks.check_leftovers(self.run, self.campaign.shared_memory))
        except (OSError, KeyError, ValueError) as error:
            self.violate([f"cannot be checked: {error!r}"])

    def violate(self, violations):
        for one in violations:
            self.violations.append(one)
            self.campaign.note_violation(self, one)

    def clean_up(self):
        if os.path.ismount(self.run):
            if self.violations:
                shutil.copytree(self.run, self.work / "run-kept")
            subprocess.run(["umount", self.run], check=False)
        if not self.violations:
            shutil.rmtree(self.work)


class Campaign:
    def __init__(self, options):
        self.options, self.seed, self.work = options, options.seed, options.work.resolve()
        self.attune = options.attune.resolve()
        self.delay_link = self.attune.parent.parent / "tests/cluster/delay_link"
        self.shared_memory = processes.list_directory("/dev/shm")
        self.work.mkdir(parents=True, exist_ok=True)
        possible, skipped = layouts.kinds_possible(self.attune, self.work)
        self.layouts = [one for one in possible if one in options.layouts.split(",")]
        for one in skipped:
            print(f"skipped: {one}")
        wanted = options.kinds.split(",") if options.kinds else [*faults.KINDS, faults.DAMAGE]
        self.kinds = [one for one in wanted if one in faults.KINDS]
        self.with_damage = wanted
        self.tally = []

    def settings(self, seed=1):
        return ["--data", str(self.work / "data"), *TRAIN, "--epochs", str(EPOCHS), "--seed", str(seed)]

    def prepare(self):
        """The data, and what runs make of it that nobody disturbs."""
        self.attune_says("synth", "--out", self.work / "data", "--users", USERS, "--items", ITEMS, "--interactions", INTERACTIONS,
                         "--slices", 48, "--validation", "latest")
        self.ledger = checks.expected_ledger(self.work / "data", EPOCHS)
        runs = [self.undisturbed(seed, layout) for seed in (1, 2) for layout in ([], ["local", "-n", "3", "--hosts", "3"])]
        quality = [one["validation"]["ndcg@100"] for one in runs]
        self.reference = {"triples": runs[0]["triples"], "triples_digest": runs[0]["triples_digest"],
                          "band": (min(quality) * (1 - BAND), max(quality) * (1 + BAND))}
        print(f"undisturbed: {runs[0]['triples']} triples, validation NDCG@100 "
              f"{', '.join(f'{one:.4f}' for one in quality)}, {max(one['seconds'] for one in runs):.1f} s at most", flush=True)

    def undisturbed(self, seed, layout):
        model = self.work / "model"
        began = time.monotonic()
        out = self.attune_says(*layout, "train", *self.settings(seed), "--out", model, "--overwrite", "--json")
        provenance = json.loads((model / "manifest.json").read_text())["provenance"]
        return json.loads(out.splitlines()[-1]) | {"triples_digest": provenance["triples_digest"],
                                                   "seconds": time.monotonic() - began}

    def attune_says(self, *arguments):
        told = subprocess.run([self.attune, *map(str, arguments)], capture_output=True, text=True, check=False)
        if told.returncode != 0:
            sys.exit(f"nemesis: {arguments[0]}: exit code {told.returncode}: {told.stderr}")
        return told.stdout

    def count(self, what):
        return sum(one["what"] == what for one in self.tally)

    def enough(self):
        return self.count("fault") >= self.options.faults

    def run(self):
        number = 0
        while not self.enough():
            number += 1
            job = DisturbedJob(self, number)
            try:
                job.complete()
            finally:
                job.clean_up()
                self.note({"what": "job", "lives": job.lives, "violations": len(job.violations)})

    def note(self, one):
        self.tally.append(one | {"seed": self.seed})
        if self.options.tally:
            with open(self.options.tally, "a", encoding="utf-8") as file:
                file.write(json.dumps(self.tally[-1]) + "\n")

    def note_fault(self, job, name, what):
        if what is None:
            return
        self.note({"what": "fault", "kind": name, "job": job.number, "life": job.lives, "layout": job.layout.kind})
        print(f"job {job.number}, life {job.lives}: fault: {what}", flush=True)

    def note_life(self, job, life, status):
        ended = f"exit code {life.code}" + (f", {status}" if status else ", no result")
        self.note({"what": "life", "job": job.number, "life": job.lives, "layout": job.layout.kind, "status": status or "none",
                   "hung": life.hung, "seconds": round(life.seconds, 2)})
        print(f"job {job.number}, life {job.lives}: {life.layout}: {life.seconds:.1f} s, {ended}", flush=True)

    def note_violation(self, job, text):
        self.note({"what": "violation", "job": job.number, "life": job.lives, "text": text})
        print(f"job {job.number}, life {job.lives}: VIOLATION: {text}", flush=True)

    def clean_up(self):
        if not self.count("violation"):
            shutil.rmtree(self.work)


def end_jobs():
    """When this process was told to end: scripts that have made namespaces take them down."""
    for pid in processes.children(os.getpid()):
        processes.send(pid, signal.SIGTERM)
    processes.end_all(processes.left_behind(None, GONE_WITHIN))


def print_table(tally):
    """A line for each kind of fault: how often, and how the lives ended that it hit."""
    ends = {(one["seed"], one["job"], one["life"]): one["status"] for one in tally if one["what"] == "life"}
    kinds = collections.defaultdict(collections.Counter)
    for one in tally:
        if one["what"] == "fault":
            status = ends.get((one["seed"], one["job"], one["life"]), "none")
            kinds[one["kind"]].update({"faults": 1, "between lives" if one["kind"] == faults.DAMAGE else status: 1})
    columns = ["faults", "completed", "interrupted", "failed", "none"]
    print("| fault | times | its life completed | interrupted | failed | no result |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind, counts in sorted(kinds.items()):
        cells = ["", "", "", ""] if kind == faults.DAMAGE else [str(counts[column]) for column in columns[1:]]
        print(f"| {kind} | {counts['faults']} | {' | '.join(cells)} |")
    by_what = collections.Counter(one["what"] for one in tally)
    by_layout = collections.Counter(one["layout"] for one in tally if one["what"] == "life")
    print(f"\n{by_what['fault']} faults, {by_what['job']} jobs, {by_what['life']} lives "
          f"({', '.join(f'{count} {layout}' for layout, count in sorted(by_layout.items()))}), {by_what['violation']} violations")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attune", type=pathlib.Path, nargs="?")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=int, default=10)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--kinds", default="")
    parser.add_argument("--layouts", default="one,local,mpirun,namespaces")
    parser.add_argument("--tally", type=pathlib.Path)
    parser.add_argument("--table", type=pathlib.Path, nargs="+")
    options = parser.parse_args()
    if not options.table and not (options.attune and options.work):
        parser.error("expected ATTUNE and --work DIR")
    return options


def main():
    options = parse_arguments()
    if options.table:
        tally = [json.loads(line) for path in options.table for line in path.read_text().splitlines()]
        print_table(tally)
        return int(any(one["what"] == "violation" for one in tally))
    processes.adopt_orphans()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("nemesis: told to end"))
    campaign = Campaign(options)
    try:
        campaign.prepare()
        campaign.run()
    finally:
        end_jobs()
    print_table(campaign.tally)
    print(f"to repeat it: {sys.argv[0]} {options.attune} --seed {options.seed} --faults {options.faults} --work DIR")
    campaign.clean_up()
    return int(campaign.count("violation") > 0)


if __name__ == "__main__":
    sys.exit(main())
