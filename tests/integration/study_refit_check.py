#!/usr/bin/env python3
"""What a study with --refit tests was trained on training and validation interactions, by the settings of the best trial.

usage: study_refit_check.py STUDY ATTUNE EPOCHS
The last line is the run of SVD++'s best trial."""
import json
import pathlib
import subprocess
import sys

study, attune, epochs = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
results = json.loads((study / "results.json").read_text())
runs = {path.parent.name: json.loads(path.read_text()) for path in study.glob("runs/*/manifest.json")}
refitted = {key for key, run in runs.items() if run["settings"].get("include_validation")}
assert len(results["results"]) == 3 and results["settings"]["refit"] is True
assert {seed["run"] for result in results["results"] for seed in result["seeds"]} == refitted

for result in results["results"]:
    algorithm = result["settings"].get("algorithm")
    trials = [run for key, run in runs.items() if key not in refitted and run["settings"].get("algorithm") == algorithm
              and run["settings"].get("seed", 1) == 1]
    assert len(trials) == len(result["trials"]), result["method"]
    best = max(trials, key=lambda run: run["training"]["validation"]["ndcg@100"])
    assert best["training"]["validation"]["ndcg@100"] == result["validation"], result["method"]
    for seed in result["seeds"]:
        run = runs[seed["run"]]
        assert not run["training"].get("validation"), run["training"]
        if result["method"] == "svdpp":
            assert run["settings"]["epochs"] < epochs, run["settings"]  # else it would say nothing
            chosen = best["key"]
        assert run["settings"].get("epochs") == best["training"].get("model_of_epoch"), run["settings"]
        assert (run["starts_from"] in refitted) == (result["method"] == "deep_hybrid"), run["starts_from"]
    for trial in trials:
        assert trial["starts_from"] not in refitted, trial["starts_from"]
        assert (trial["starts_from"] in runs) == (result["method"] == "deep_hybrid"), trial["starts_from"]

# The same by hand.
key = next(result for result in results["results"] if result["method"] == "svdpp")["seeds"][0]["run"]
data = results["data"]["path"]
for command in (["train", "--config", f"{study}/runs/{key}/settings.json", "--data", data, "--out", "by_hand", "--threads", "1"],
                ["evaluate", "--model", "by_hand", "--data", data, "--per-user", "by_hand.tsv"]):
    subprocess.run([attune, *command, "--log-level", "warning"], check=True, stdout=subprocess.DEVNULL)
assert pathlib.Path("by_hand.tsv").read_text() == (study / "runs" / key / "test.tsv").read_text()
print(chosen)
