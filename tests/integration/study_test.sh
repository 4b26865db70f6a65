#!/usr/bin/env bash
# attune study and attune report as a user meets them: a small study goes on where it was, chooses on validation, says
# what is wrong before it starts, and its page has every figure.
#
# usage: study_test.sh SOURCE_DIR ATTUNE
set -euo pipefail
name=study_test
source_dir=$(realpath -- "$1")
attune=$(realpath -- "$2")
# shellcheck source=tests/integration/expect.sh
source "$source_dir/tests/integration/expect.sh"
work_apart

"$attune" synth --kind planted --out data --users 150 --items 80 --components 3 --feature-dim 6 \
  --validation latest --log-level warning >out
"$attune" synth --out other --users 60 --items 40 --interactions 700 --validation latest --log-level warning >out
"$attune" synth --out untuned --users 60 --items 40 --interactions 700 --log-level warning >out

study=("$attune" study --data data --trials 2 --seeds 2 --epochs 2 --dims "4,8" --jobs 2 --group-bounds "4,8")
methods=bpr,svdpp,acf,acf_mean,acf_uvp,acf_uv

# What is wrong is said before anything starts.
expect 2 "did you mean 'svdpp'" "${study[@]}" --out s --methods svdp
expect 2 "unknown setting '--trails'; did you mean '--trials'" "${study[@]}" --out s --trails 3
expect 2 "attune train has no setting 'lrr'; did you mean 'lr'" "${study[@]}" --out s --vary "lrr=0.1"
expect 2 "more than --max-runs 10" "${study[@]}" --out s --methods "$methods" --max-runs 10
expect 2 "has no validation split" "$attune" study --data untuned --out s
expect 3 "nowhere" "$attune" study --data nowhere --out s
expect 2 "--metric = 'recall@10': expected hr@K" "${study[@]}" --out s --metric recall@10
expect 2 "the value 0.05 is given twice, once as 0.050" "${study[@]}" --out s --vary "lr=0.05,0.050"
expect 2 "--launcher: cannot start no-such-launcher: No such file or directory" "${study[@]}" --out s --methods bpr \
  --launcher no-such-launcher
touch file
expect 2 "--out file: it is no directory" "${study[@]}" --out file --methods bpr
cp -r data changed
sed -i 's/^\(.\)/x/' changed/users.tsv
expect 3 "changed/users.tsv" "$attune" study --data changed --out s --methods bpr
mkdir full && touch full/file
expect 2 "it is not empty, and no study" "${study[@]}" --out full --methods bpr
[[ ! -e s ]] || fail "a refused study leaves a directory"

# The plan, without doing anything.
expect 0 "30 trainings, about" "${study[@]}" --out s --methods "$methods" --dry-run
expect 0 "with the grid 'quick'" "${study[@]}" --out s --methods "$methods" --dry-run
expect 0 "with the grid 'large'" "${study[@]}" --out s --methods "$methods" --grid large --dry-run
expect 0 '"trainings":30' "${study[@]}" --out s --methods "$methods" --dry-run --json
[[ ! -e s ]] || fail "--dry-run leaves a directory"

# A study from a file.
cat >study.json <<JSON
{"data": "data", "out": "s", "methods": "$methods", "dims": "4,8", "trials": 2, "seeds": 2, "epochs": 2,
 "jobs": 2, "group_bounds": "4,8", "table_dim": 8}
JSON
expect 0 "30 trainings, 0 that were there already" "$attune" study --config study.json
[[ $(cat out) == *"acf D=8"* ]] || fail "the summary has no acf: $(cat out)"
/usr/bin/python3 "$source_dir/tests/integration/study_check.py" s data

# The same again has nothing to do and says the same; more trials use what is there.
cp s/results.json first.json
expect 0 "0 trainings, 30 that were there already" "$attune" study --config study.json
cmp -s first.json s/results.json || fail "a study that did nothing has other results"
expect 0 "that were there already" "$attune" study --config study.json --methods bpr,svdpp,acf --trials 3
reused=$(grep -o '[0-9]* that were there already' out | cut -d' ' -f1)
((reused >= 12 && reused < 24)) || fail "more trials have used $reused of the trainings that were there"

# A damaged run is told of, and done again.
expect 0 "30 that were there already" "$attune" study --config study.json
run=$(/usr/bin/python3 -c 'import json; print(json.load(open("first.json"))["results"][0]["seeds"][1]["run"])')
sed -i 's/\t[0-9-]*$/\t1/' "s/runs/$run/test.tsv"
expect 0 "is damaged and will be done again" "$attune" study --config study.json

# So is one whose model is damaged, before another begins with it or it is tested.
model=$(/usr/bin/python3 -c 'import json; print(json.load(open("first.json"))["results"][0]["seeds"][1]["run"])')
sed -i 's/\t[0-9-]*$/\t1/' "s/runs/$model/test.tsv"
"$attune" study --config study.json --log-level warning >out 2>&1
array=$(find "s/runs/$model/model" -name '*.npy' | sort | tail -n 1)
printf x | dd of="$array" bs=1 seek="$(($(stat -c %s "$array") - 1))" conv=notrunc status=none
/usr/bin/python3 - "s/runs/$model/manifest.json" <<'PYTHON'
import json, sys
# As it is after the training, before its test.
manifest = json.load(open(sys.argv[1]))
manifest["files"] = {}
del manifest["manifest_digest"]
json.dump(manifest, open(sys.argv[1], "w"))
PYTHON
expect 0 "run $model is damaged and will be done again" "$attune" study --config study.json

# Methods with equal settings share their trainings: SVD++ as FISM.
for jobs in 1 4; do
  expect 0 "3 trainings, 0 that were there already, 3 shared with another method" "$attune" study --data data --out "shared-$jobs" \
    --methods svdpp,fism --dims 4 --trials 2 --seeds 2 --epochs 1 --jobs "$jobs" \
    --vary "svdpp.user_vector=false; svdpp.exclude_target=true; lr=0.05,0.1; l2=0.01; l2_p=0.001"
done

# Nor is a model removed that a method which has not begun may choose.
expect 0 "3 trainings," "$attune" study --data data --out in_turn --methods svdpp,fism --dims 4 --trials 2 --seeds 1 --epochs 4 --jobs 1 \
  --vary "svdpp.user_vector=false; svdpp.exclude_target=true; fism.lr=0.3,0.001; svdpp.lr=0.0001,0.001; l2=0.01; l2_p=0.001"

# With --refit what is tested has trained on validation, too, for as many epochs as were best there; what is tuned begins
# with no such model.
refit=("$attune" study --data data --out refit --methods "popularity,svdpp,deep_hybrid" --dims 4 --trials 2 --seeds 2 --epochs 12
  --jobs 2 --vary "lr=0.2,0.5; l2=0.01; l2_p=0.001")
expect 0 "7 trainings, 0 that were there already" "${refit[@]}"
refit+=(--refit)
expect 0 "10 trainings, about" "${refit[@]}" --dry-run
expect 0 "5 trainings, 5 that were there already" "${refit[@]}"
/usr/bin/python3 "$source_dir/tests/integration/study_refit_check.py" refit "$attune" 12 >check
cp refit/results.json first.json
expect 0 "0 trainings, 10 that were there already" "${refit[@]}"
cmp -s first.json refit/results.json || fail "a study with --refit that did nothing has other results"
# Without the model that others begin with, its trial is done again.
rm -r "refit/runs/$(tail -n 1 check)/model"
expect 0 "1 trainings, 9 that were there already" "${refit[@]}"
cmp -s first.json refit/results.json || fail "a trial that was done again has other results"
expect 0 "refit.html" "$attune" report refit --out refit.html
grep -q "anew on training and validation" refit.html || fail "the page does not say what was trained on what"

# Another data set has no place there, nor a second study at the same time.
expect 2 "it is a study of another data set" "$attune" study --data other --out s

# Content is needed by some; the others go on without.
expect 0 "acf was skipped: it needs content" "$attune" study --data other --out plain --methods bpr,acf \
  --dims 4 --trials 1 --seeds 1 --epochs 1

# A run that fails is reported, and does not sink the others.
cat >unlucky <<'LAUNCHER'
#!/bin/sh
grep -q '"lr": 0.1' "$4" && grep -q average "$4" && { echo "attune: error: out of luck" >&2; exit 5; }
exec "$@"
LAUNCHER
chmod +x unlucky
expect 0 "of the study's runs have failed" "${study[@]}" --out failing --methods bpr,svdpp --launcher ./unlucky \
  --vary "lr=0.05,0.1; l2=0.02; l2_p=0.003"
/usr/bin/python3 - <<'PYTHON'
import json
results = json.load(open("failing/results.json"))
assert [(f["method"], f["what"], f["error"]) for f in results["failures"]] == [
    ("svdpp", "trial 2", "out of luck (exit code 5)")] * 2, results["failures"]
assert [r["method"] for r in results["results"]] == ["bpr", "bpr", "svdpp", "svdpp"]
assert all(r["chosen"] == 0 for r in results["results"][2:])
PYTHON
expect 1 "no method has a result" "${study[@]}" --out hopeless --methods bpr --launcher false

# A training that says that all is well and leaves no model for others has failed, and is not tried for ever.
cat >forgetful <<'LAUNCHER'
#!/bin/sh
"$@" || exit
rm -r "$6"
LAUNCHER
chmod +x forgetful
expect 1 "it has left no model in" timeout 60 "${study[@]}" --out forgetful.s --methods svdpp,deep_hybrid --launcher ./forgetful --refit

# Told to end, it leaves with 4 and nothing running; the same command goes on.
begin told "$attune" study --data data --out told --methods acf --dims 16 --trials 2 --seeds 1 --epochs 100000 --patience 0
await "trainings of" told.log
until [[ -n $(compgen -G "told/runs/*/train.log") ]]; do sleep 0.05; done
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
[[ $code == 4 ]] || fail "a study that is told to end ends with $code: $(cat told.log)"
[[ $(cat told.log) == *"the same command goes on"* ]] || fail "it does not say that it can go on"
[[ ! -e told/results.json ]] || fail "an interrupted study has results"
if pgrep -f -- "--out told/runs" >/dev/null; then fail "trainings outlive their study"; fi
expect 0 "2 trainings" "$attune" study --data data --out told --methods acf --dims 16 --trials 2 --seeds 1 --epochs 1

# Killed, it leaves nothing running either, and what was done is not done again.
cat >slow <<'LAUNCHER'
#!/bin/sh
# The second training takes for ever.
[ -e once ] && exec sleep 1000
touch once
exec "$@"
LAUNCHER
chmod +x slow
begin killed "$attune" study --data data --out killed --methods bpr,acf --dims 4 --trials 2 --seeds 1 --epochs 1 --jobs 1 \
  --launcher ./slow
until [[ -e once && -n $(compgen -G "killed/runs/*/manifest.json") && -n $(pgrep -P "$pid" sleep) ]]; do sleep 0.05; done
sleeper=$(pgrep -P "$pid" sleep)
kill -KILL "$pid"
until ! kill -0 "$sleeper" 2>/dev/null; do sleep 0.05; done
rm once
printf '#!/bin/sh\nexec "$@"\n' >slow
expect 0 "3 trainings, 1 that were there already" "$attune" study --data data --out killed --methods bpr,acf --dims 4 \
  --trials 2 --seeds 1 --epochs 1 --jobs 1 --launcher ./slow

# Several processes a training.
expect 0 "2 trainings" "$attune" study --data data --out ranks --methods bpr --dims 4 --trials 2 --seeds 1 --epochs 1 \
  --jobs 1 --launcher "attune local -n 2"
grep -q '"traffic"' ranks/runs/*/train.json || fail "the launcher was not used"

# The page.
rm told/results.json
expect 3 "the study has no results yet" "$attune" report told --out page.html
expect 0 "tables" "$attune" report s --out page.html --tables tables
/usr/bin/python3 "$source_dir/tests/integration/page_check.py" page.html
for file in data methods item-attention attention-inputs tests cutoffs groups speed settings; do
  [[ -s tables/$file.csv && -s tables/$file.tex && -s s/tables/$file.csv ]] || fail "no table $file"
done
expect 0 "" "$attune" report plain --out plain.html
[[ $(cat plain.html) == *"ACF was skipped: it needs content"* ]] || fail "the page does not say what was skipped"
expect 3 "nowhere/results.json" "$attune" report nowhere --out page2.html
printf '{"kind": "attune study", "format_version": 1}' >plain/results.json
expect 3 "not the results of a study" "$attune" report plain --out page2.html
printf '{' >plain/results.json
expect 3 "not valid JSON" "$attune" report plain --out page2.html
[[ ! -e page2.html ]] || fail "a page of nothing"
expect 2 "no/such" "$attune" report s --out no/such/page.html --tables none
[[ ! -e none ]] || fail "tables beside no page"

expect 0 "tables" "$attune" report s --out new/page.html --tables new/tables
expect 2 "or above, --tables" "$attune" report s --out new --tables new
expect 2 "is the same as, or inside, --study s/results.json" "$attune" report s --out s/results.json
expect 2 "is the same as, or inside, --data" "$attune" study --data data --out data/study --methods popularity

# Tables of a larger study do not stay.
expect 0 "" "${study[@]}" --out s --methods bpr,popularity
[[ -e s/tables/tests.csv && ! -e s/tables/item-attention.csv && ! -e s/tables/attention-inputs.tex ]] ||
  fail "tables of an earlier study are there: $(ls s/tables)"
