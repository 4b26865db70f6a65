#!/usr/bin/env python3
"""What approximations of component attention cost in NDCG@100: projections of features that age, features of fewer
numbers, sampled histories, larger batches. On planted logs, in which content matters, each seed is another log; on
posters seeds differ in the training's random draws. Every run has one thread, so it can be repeated to the last digit.

usage: approximation_quality.py POSTERS OUT [--data planted,wide,unsliced,posters]
         [--studies refresh,batch,features,history] [--seeds 5] [--jobs 2] [--attune PATH]
  wide is planted with features of 128 numbers: more than 2 H1, so that W1x x_lm ages too
  unsliced is planted in one slice: a batch ends with its slice, one of 16 (planted 7,500 triples, posters 2,500)
  POSTERS   holds interactions.tsv.gz, features_pca64.npy and features_index.tsv
  OUT       logs and models go there; runs are kept in OUT/runs.json, and a later call makes only those it lacks
"""
import argparse
import concurrent.futures
import dataclasses
import json
import math
import pathlib
import shutil
import statistics
import subprocess
import threading

import numpy

from content_quality import ROOT, gain, ranks_of, run

# 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom.
STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]


@dataclasses.dataclass(frozen=True)
class Kind:
    """Data of one kind, how models are trained on it, and what is tried."""
    recipe: list
    inputs: list  # inputs of the item attention
    batch: int
    lr_theta: float
    batches: list
    rates: list  # of the attention, one of which is chosen for each size of batches
    choosing_seeds: tuple  # by these, which are other logs than those measured, or on the validation split
    dims: list
    histories: list
    synth: list = dataclasses.field(default_factory=list)  # flags of planted logs


PLANTED = Kind(  # the recipe of tests/planted
    recipe=["--dim", 32, "--epochs", 24, "--lr", 0.05, "--l2", 0.01, "--l2-p", 0.0013, "--exclude-target", "--clip", 0,
            "--theta-optimizer", "sgd", "--visit-triples", 8, "--visit-steps", 1],
    inputs=["uvpx", "ux"], batch=256, lr_theta=0.01, batches=[64, 256, 1024, 4096, 16384], rates=[0.0025, 0.01, 0.04],
    choosing_seeds=(101, 102), dims=[2, 4, 8, 12, 16], histories=[4, 8, 16])
KINDS = {
    "planted": PLANTED,
    "wide": dataclasses.replace(PLANTED, inputs=["ux"], synth=["--feature-dim", 128], dims=[4, 8, 16, 32, 64]),
    "unsliced": dataclasses.replace(PLANTED, synth=["--slices", 1]),
    "posters": Kind(  # the best settings that content_quality.py found at D = 32
        recipe=["--dim", 32, "--epochs", 48, "--lr", 0.05, "--l2", 0.02, "--l2-p", 0.003, "--history-exponent", 0.5,
                "--evaluate-every", 0],
        inputs=["uvpx"], batch=4096, lr_theta=0.001, batches=[256, 1024, 4096], rates=[0.0003, 0.001, 0.003],
        choosing_seeds=(1,), dims=[8, 16, 32, 64], histories=[4, 8, 16, 64]),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """A way to train, but for the seed."""
    data: str  # of KINDS
    inputs: str
    features: tuple = ()  # flags of attune prepare; None: a planted log as synth writes it
    batch: int = 0  # 0: that of the recipe
    lr_theta: float = 0
    refresh: int = 0
    history: int = 0

    def flags(self):
        kind = KINDS[self.data]
        return [*kind.recipe, "--attention-inputs", self.inputs, "--batch-triples", self.batch or kind.batch,
                "--lr-theta", self.lr_theta or kind.lr_theta, "--projection-refresh", self.refresh, "--max-history",
                self.history]


class Logs:
    """Data sets, made when first needed. Threads: confined."""

    def __init__(self, attune, posters, out):
        self.attune, self.posters, self.out = attune, posters, out

    def get(self, case, seed):
        if case.data == "posters":
            return self.prepared(self.out / "posters", case.features,
                                 ["--input", self.posters / "interactions.tsv.gz", "--split", "latest", "--validation",
                                  "latest", "--features", self.posters / "features_pca64.npy", "--features-index",
                                  self.posters / "features_index.tsv", "--feature-normalise", "scale"])
        planted = self.out / f"{case.data}-{seed}"
        if not planted.exists():
            run(self.attune, "synth", "--kind", "planted", *KINDS[case.data].synth, "--seed", seed, "--out", planted,
                "--log-level", "warning")
        return planted if case.features is None else self.prepared(planted, case.features, self.exported(planted))

    def prepared(self, base, features, source):
        path = base.with_name("-".join([base.name, "prepared", *(str(f).strip("-") for f in features)]))
        if not path.exists():
            run(self.attune, "prepare", *source, *features, "--out", path, "--log-level", "warning")
        return path

    @staticmethod
    def exported(planted):
        """Writes a planted log as text and names it for attune prepare."""
        text = planted.with_name(planted.name + "-text")
        text.mkdir(exist_ok=True)
        items = (planted / "items.tsv").read_text().split()
        users = (planted / "users.tsv").read_text().split()
        with open(text / "train.tsv", "w") as out:
            out.write("user\titem\ttimestamp\n")
            for part in sorted((planted / "train").iterdir()):
                array = {name: numpy.load(part / f"{name}.npy") for name in ("users", "indptr", "items", "times")}
                rows = zip(numpy.repeat(array["users"], numpy.diff(array["indptr"]).astype(int)), array["items"],
                           array["times"] // 1_000_000)
                out.writelines(f"{users[user]}\t{items[item]}\t{time}\n" for user, item, time in rows)
        (text / "test.tsv").write_text("user\titem\ttimestamp\n" + (planted / "test.tsv").read_text())
        first = numpy.load(planted / "features/indptr.npy")
        (text / "index.tsv").write_text("item\tfirst_row\tn_rows\n" + "".join(
            f"{item}\t{a}\t{b - a}\n" for item, a, b in zip(items, first[:-1], first[1:])))
        return ["--input", text / "train.tsv", "--split", "given", "--test-input", text / "test.tsv", "--features",
                planted / "features/vectors.npy", "--features-index", text / "index.tsv"]


class Runs:
    """Outcomes of runs by their description, kept in a file. Threads: run() makes its own."""

    def __init__(self, logs, out, jobs):
        self.logs, self.out, self.jobs = logs, out, jobs
        self.file = out / "runs.json"
        self.done = {r["key"]: r for r in json.loads(self.file.read_text())} if self.file.exists() else {}
        self.lock = threading.Lock()

    @staticmethod
    def key(case, seed, choosing):
        return json.dumps([dataclasses.asdict(case), seed, choosing])

    def make(self, wanted):
        """Makes the runs (case, seed, choosing) that are not there yet."""
        missing = list(dict.fromkeys(w for w in wanted if self.key(*w) not in self.done))
        data = [self.logs.get(case, seed) for case, seed, _ in missing]
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(self.one, missing, data))

    def one(self, wanted, data):
        case, seed, choosing = wanted
        model = self.out / f"model-{threading.get_ident()}"
        posters = case.data == "posters"
        more = ["--include-validation"] if posters and not choosing else []
        outcome = {"key": self.key(*wanted), **dataclasses.asdict(case), "seed": seed, "choosing": choosing}
        try:
            run(self.logs.attune, "train", "--data", data, "--out", model, "--overwrite", "--seed", seed, "--threads",
                1, "--log-level", "error", *case.flags(), *more)
            run(self.logs.attune, "evaluate", "--model", model, "--data", data, "--split",
                "validation" if posters and choosing else "test", "--threads", 1, "--per-user",
                model.with_suffix(".tsv"), "--log-level", "error")
            gains = {user: gain(rank) for user, rank in ranks_of(model.with_suffix(".tsv")).items()}
            outcome["ndcg@100"] = statistics.fmean(gains.values())
            if posters:
                outcome["users"] = {user: round(value, 6) for user, value in gains.items()}
        except subprocess.CalledProcessError as failed:
            if failed.returncode != 1:
                raise
            outcome["ndcg@100"] = None  # diverged: standard error says so
        shutil.rmtree(model, ignore_errors=True)
        model.with_suffix(".tsv").unlink(missing_ok=True)
        with self.lock:
            self.done[outcome["key"]] = outcome
            partial = self.file.with_suffix(".tmp")
            partial.write_text(json.dumps(list(self.done.values()), indent=1))
            partial.replace(self.file)

    def of(self, case, seeds, choosing=False):
        return [self.done[self.key(case, seed, choosing)] for seed in seeds]


def interval(values, quantile):
    """Mean, and half of its 95 % interval."""
    return statistics.fmean(values), quantile * statistics.stdev(values) / math.sqrt(len(values))


def difference(runs, exact):
    """Paired difference: over logs where seeds are logs, else over users with their mean over the seeds."""
    if "users" in exact[0]:
        pairs = list(zip(runs, exact))
        return interval([statistics.fmean(a["users"][u] - b["users"][u] for a, b in pairs) for u in exact[0]["users"]],
                        1.96)
    return interval([a["ndcg@100"] - b["ndcg@100"] for a, b in zip(runs, exact)], STUDENT[len(runs) - 2])


def print_study(title, rows, runs, seeds):
    """@param rows  label and case; the first is what the others are compared with"""
    print(f"\n{title}\n{'':<28}{'NDCG@100':>9} {'sd':>7} {'difference':>11} {'95 % interval':>20}")
    exact = runs.of(rows[0][1], seeds)
    for n, (label, case) in enumerate(rows):
        outcomes = runs.of(case, seeds)
        values = [r["ndcg@100"] for r in outcomes]
        if None in values:
            print(f"{label:<28} diverged: {values.count(None)} of {len(values)}")
            continue
        line = f"{label:<28}{statistics.fmean(values):>9.4f} {statistics.stdev(values):>7.4f}"
        if n > 0:
            mean, half = difference(outcomes, exact)
            line += f" {mean:>+11.4f} {mean - half:>+9.4f} .. {mean + half:>+7.4f}"
        print(line, flush=True)


def base(data, inputs):
    return Case(data, inputs, features=() if data == "posters" else None)


def refresh_rows(data, inputs, batches_an_epoch):
    exact = base(data, inputs)
    periods = [n for n in (1, 4, 16, 64, 256) if n < batches_an_epoch]
    return [("exact", exact)] + [(label, dataclasses.replace(exact, refresh=n)) for label, n in
                                 [*((f"{n} batches", n) for n in periods), ("an epoch", batches_an_epoch),
                                  ("4 epochs", 4 * batches_an_epoch)]]


def feature_rows(data, inputs):
    """Prepared from text in every row, the first too: the order of items, and with it every draw, is the same."""
    whole = Case(data, inputs)
    return [("all numbers", whole)] + [
        (f"{kind}, {dim}", dataclasses.replace(whole, features=("--feature-dim", dim, "--feature-projection", kind)))
        for kind in ("pca", "random") for dim in KINDS[data].dims]


def history_rows(data, inputs):
    whole = base(data, inputs)
    return [("all items", whole)] + [(f"{n} items", dataclasses.replace(whole, history=n))
                                     for n in KINDS[data].histories]


def batch_rows(data, inputs, runs):
    """Each batch size with the rate of the attention that is best for it on other logs, or on the validation split."""
    kind = KINDS[data]
    cases = {b: [dataclasses.replace(base(data, inputs), batch=b, lr_theta=rate) for rate in kind.rates]
             for b in kind.batches}
    seeds = kind.choosing_seeds
    runs.make((case, seed, True) for choices in cases.values() for case in choices for seed in seeds)
    rows = []
    for batch, choices in cases.items():
        best = max(choices, key=lambda c: sum(r["ndcg@100"] or -1 for r in runs.of(c, seeds, True)))
        rows.append((f"{batch} triples, rate {best.lr_theta}", best))
    rows.sort(key=lambda row: row[1].batch != kind.batch)  # that of the recipe first
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posters", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--data", default=",".join(KINDS))
    parser.add_argument("--studies", default="refresh,batch,features,history")
    parser.add_argument("--seeds", type=int, default=5, choices=range(2, 11))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--attune", default=ROOT / "build/release/launch/attune")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    logs = Logs(options.attune, options.posters, options.out)
    runs = Runs(logs, options.out, options.jobs)
    seeds = range(1, options.seeds + 1)
    for data in options.data.split(","):
        slices = json.loads((logs.get(base(data, "uvpx"), 1) / "manifest.json").read_text())["slices"]
        batches_an_epoch = sum(-(-part["interactions"] // KINDS[data].batch) for part in slices)
        make_rows = {"refresh": lambda inputs: refresh_rows(data, inputs, batches_an_epoch),
                     "batch": lambda inputs: batch_rows(data, inputs, runs),
                     "features": lambda inputs: feature_rows(data, inputs),
                     "history": lambda inputs: history_rows(data, inputs)}
        for study in options.studies.split(","):
            for inputs in KINDS[data].inputs:
                rows = make_rows[study](inputs)
                runs.make((case, seed, False) for _, case in rows for seed in seeds)
                title = f"{study}, {data}, inputs {inputs} ({batches_an_epoch} batches an epoch)"
                print_study(title, rows, runs, seeds)


if __name__ == "__main__":
    main()
