#!/usr/bin/env bash
# attune scale as a user meets it: a small series whose table follows from the runs' own records, that goes on where it
# was killed, that refuses to compare what is unequal, and whose page has every figure.
#
# usage: scale_test.sh SOURCE_DIR ATTUNE
set -euo pipefail
# shellcheck disable=SC2034  # expect.sh reads it
name=scale_test
source_dir=$(realpath -- "$1")
attune=$(realpath -- "$2")
# shellcheck source=tests/integration/expect.sh
source "$source_dir/tests/integration/expect.sh"
work_apart

"$attune" synth --out data --users 80 --items 40 --interactions 900 --validation latest --log-level warning >out
"$attune" synth --out other --users 90 --items 40 --interactions 900 --validation latest --log-level warning >out
printf '{"dim": 8, "item_attention": "average", "patience": 2}' >train.json

base=("$attune" scale --data data --settings train.json)
layouts=(--threads "1,2" --ranks 2 --hosts 2 --repeats 2)
scale=("${base[@]}" "${layouts[@]}" --epochs 2)

# What is wrong is said before anything starts.
expect 2 "expected rising numbers" "${base[@]}" --out s --ranks 3,2
expect 2 "no layout has one process" "${base[@]}" --out s --threads none --ranks 2
expect 2 "17 workers, but data has 16 slices" "${base[@]}" --out s --ranks 17
expect 2 "more than --max-runs 3" "${scale[@]}" --out s --max-runs 3
printf '{"dim": 8, "threads": 2}' >wrong.json
expect 2 "threads cannot take effect: attune scale decides it" "$attune" scale --data data --out s --settings wrong.json
expect 3 "nowhere" "$attune" scale --data nowhere --out s
expect 2 "--metric = 'recall@10': expected hr@K" "${scale[@]}" --out s --metric recall@10
mkdir full && touch full/file
expect 2 "it is not empty, and not of attune scale" "${scale[@]}" --out full
[[ ! -e s ]] || fail "a refused command leaves a directory"

# The plan, without doing anything.
expect 0 "10 runs, about" "${scale[@]}" --out s --dry-run
expect 0 '"name":"ranks-2.1"' "${scale[@]}" --out s --dry-run --json
[[ ! -e s ]] || fail "--dry-run leaves a directory"

# Killed, it leaves nothing running, and what was done is not done again.
cat >slow <<'LAUNCHER'
#!/bin/sh
# The second run of several processes takes for ever.
[ -e once ] && [ ! -e free ] && exec sleep 1000
[ "$3" = train ] && touch once
n=$1; shift 2
exec "$ATTUNE" local -n "$n" "$@"
LAUNCHER
chmod +x slow
export ATTUNE=$attune
begin killed "${scale[@]}" --out s --launcher "./slow {ranks}"
deadline=$((SECONDS + 100 * patience))
until sleeper=$(pgrep -P "$pid" sleep); do ((SECONDS < deadline)) || fail "the launcher is not used: $(cat killed.log)"; sleep 0.05; done
kill -KILL "$pid"
while kill -0 "$sleeper" 2>/dev/null; do ((SECONDS < deadline)) || fail "a run outlives its command"; sleep 0.05; done
[[ ! -e s/results.json ]] || fail "a killed command has results"
done_before=$(compgen -G "s/runs/*/manifest.json" | wc -l)
((done_before >= 1 && done_before < 10)) || fail "$done_before runs were done"
touch free
expect 0 "$((10 - done_before)) runs, $done_before that were there already" "${scale[@]}" --out s --launcher "./slow {ranks}"
[[ $(cat out) == *"Strong series"*"2 ranks"*"Weak series"* ]] || fail "the summary has no tables: $(cat out)"
/usr/bin/python3 "$source_dir/tests/integration/scale_check.py" s
[[ -z $(compgen -G "s/runs/*/model") ]] || fail "models are kept"

# The same again has nothing to do and says the same.
cp s/results.json first.json
expect 0 "0 runs, 10 that were there already" "${scale[@]}" --out s --launcher "./slow {ranks}"
cmp -s first.json s/results.json || fail "a command that did nothing has other results"

# A damaged run is told of, and done again.
sed -i 's/"triples":/"triples" :/' s/runs/ranks-2.1/run/result.json
expect 0 "run ranks-2.1 is damaged and will be done again" "${scale[@]}" --out s --launcher "./slow {ranks}"

# So is a copy of another run.
rm -r s/runs/ranks-2.1 && cp -r s/runs/threads-2.1 s/runs/ranks-2.1
expect 0 "it is a copy of threads-2.1" "${scale[@]}" --out s --launcher "./slow {ranks}"

# Parts of another data set are not taken, nor do damaged ones stand in the way.
small=(--settings train.json --threads "1,2" --ranks none --repeats 1 --epochs 2 --out parts)
expect 0 "" "$attune" scale --data other "${small[@]}"
rm -r parts/runs/*
expect 0 "parts/parts/1-of-2 is of another data set and will be written again" "$attune" scale --data data "${small[@]}"
rm -r parts/runs/*part* parts/parts/1-of-2/manifest.json
expect 0 "1 runs, 2 that were there already" "$attune" scale --data data "${small[@]}"
expect 2 "is the same as, or inside, --data" "${base[@]}" --out data/scale --threads 1

# Runs that are unequal are not compared, and are named: of another data set, other settings, another launcher.
expect 2 "other settings" "${base[@]}" "${layouts[@]}" --out s --launcher "./slow {ranks}" --epochs 3
expect 2 "other launcher" "${scale[@]}" --out s
expect 2 "other data" "$attune" scale --settings train.json "${layouts[@]}" --out s --launcher "./slow {ranks}" --epochs 2 \
  --data other
expect 0 "" "${base[@]}" --out planted --threads 1 --ranks 2 --repeats 1 --launcher "./slow {ranks}" --epochs 3 --no-weak
cp -r s moved && rm -r moved/runs/ranks-2.1 && cp -r planted/runs/ranks-2.1 moved/runs/
expect 2 "moved/runs/ranks-2.1: it may not be compared with runs of this command: other settings" \
  "${scale[@]}" --out moved --launcher "./slow {ranks}"

# A run of the same kind that has trained other triples.
cat >cheat <<'LAUNCHER'
#!/bin/sh
# Trains as it is told, and says that it was other triples.
n=$1; shift 2
"$ATTUNE" local -n "$n" "$@" || exit 1
for word; do case $word in */run) [ -e "$word/metrics.jsonl" ] && sed -i 's/"triples_digest":"[^"]*"/"triples_digest":"00"/' "$word/metrics.jsonl" ;; esac; done
exit 0
LAUNCHER
chmod +x cheat
expect 3 "may not be compared: they trained other triples" "${base[@]}" --out cheated --threads 1 --ranks 2 \
  --repeats 1 --epochs 2 --launcher "./cheat {ranks}" --no-weak

# A run that fails is named, and the others are compared.
cat >unlucky <<'LAUNCHER'
#!/bin/sh
case "$*" in *ranks-2.2*) echo "attune: error: out of luck" >&2; exit 5 ;; esac
n=$1; shift 2
exec "$ATTUNE" local -n "$n" "$@"
LAUNCHER
chmod +x unlucky
expect 0 "ranks-2: 1 of its runs are missing" "${base[@]}" --out unlucky_out --threads 1 --ranks 2 --repeats 2 --epochs 2 \
  --no-weak --launcher "./unlucky {ranks}"
grep -q "ranks-2.2 has failed: out of luck (exit code 5)" unlucky_out/scaling.html || fail "the page does not name the failure"
# Told to end, it leaves with 4.
begin told "${base[@]}" "${layouts[@]}" --out told --epochs 100000 --launcher "./slow {ranks}"
deadline=$((SECONDS + 60 * patience))
until [[ -n $(compgen -G "told/runs/*/train.log") ]]; do ((SECONDS < deadline)) || fail "nothing runs"; sleep 0.05; done
kill -TERM "$pid"
ends_with 4 "$pid"
grep -q "the same command goes on" told.log || fail "it does not say that it can go on"

# Pretended hosts are the default launcher's; the page can be made again, with its tables.
expect 0 "2 hosts" "${base[@]}" --out plain --threads 1 --ranks none --hosts 2 --repeats 1 --epochs 2 --no-weak
expect 0 "tables" "$attune" report s --out page.html --tables tables
cmp -s page.html s/scaling.html || fail "attune report makes another page"
mv s/machine.json kept.json
expect 0 "tables" "$attune" report s --out page.html
printf '[{}]' >s/machine.json
expect 3 "s/machine.json: not measurements of attune scale" "${scale[@]}" --out s --launcher "./slow {ranks}"
mv kept.json s/machine.json
for file in strong weak quality phases costs machine setup; do
  [[ -s tables/$file.csv && -s tables/$file.tex && -s s/tables/$file.csv ]] || fail "no table $file"
done
/usr/bin/python3 "$source_dir/tests/integration/page_check.py" page.html scaling
printf '{"kind": "attune scaling", "format_version": 1}' >plain/results.json
expect 3 "not the results of attune scale" "$attune" report plain --out page2.html
[[ ! -e page2.html ]] || fail "a page of nothing"
