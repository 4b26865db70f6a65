#!/usr/bin/env bash
# A day in the life of a served model: yesterday's model is trained on with today's log, in one process and in two,
# lists are made, vectors exported.
#
# usage: serving_test.sh ATTUNE SOURCE_DIR
set -euo pipefail

name=serving_test
attune=$1
source_dir=$2
log=$source_dir/launch/demo/data/interactions.tsv.gz
# shellcheck source=tests/integration/expect.sh
source "$source_dir/tests/integration/expect.sh"
work_apart

# Debian's Python, the one that python3-numpy belongs to, whatever else is in PATH.
check() { /usr/bin/python3 -B "$source_dir/tests/integration/serving_check.py" "$@" || fail "serving_check.py $*"; }

# Yesterday lacks every seventh user, every eleventh item, and has an item that is gone today; its lines lie otherwise.
gzip -dc "$log" >today.tsv
{
  head -n 1 today.tsv
  tail -n +2 today.tsv | awk -F'\t' '$1 % 7 && $2 % 11' | sort -t$'\t' -k3,3nr
  printf '1\tgone\t1\n'
} >yesterday.tsv
for day in yesterday today; do
  "$attune" prepare --input $day.tsv --validation latest --out data.$day --log-level warning >out 2>&1 || fail "prepare: $(cat out)"
done
train=("$attune" train --dim 16 --log-level warning)
"${train[@]}" --data data.yesterday --out yesterday --epochs 3 >out 2>&1 || fail "train: $(cat out)"

# Without an epoch every old row is what it was, in any layout; the report counts.
counts='"users":{"kept":575,"new":94,"gone":0},"items":{"kept":1240,"new":146,"gone":1},"attention":"kept"'
expect 0 "$counts" "${train[@]}" --data data.today --out still --epochs 0 --init-from yesterday --json
check kept yesterday still
expect 0 "$counts" "$attune" local -n 2 "${train[@]:1}" --data data.today --out still.2 --epochs 0 --init-from yesterday --json
check kept yesterday still.2

# With some it has learnt from both days.
for layout in "" "local -n 2"; do
  # shellcheck disable=SC2086  # two words or none
  expect 0 "575 users kept, 94 new, 0 gone; 1240 items kept, 146 new, 1 gone" "$attune" $layout "${train[@]:1}" \
    --data data.today --out today --overwrite --epochs 2 --init-from yesterday --run run
  grep -q '"mean_cosine"' run/result.json || fail "result.json does not say what changed"
done

# What cannot be taken over is told before anything is trained, by every layout.
for layout in "" "local -n 2"; do
  # shellcheck disable=SC2086
  {
    expect 2 "its dim is 16, not 8" "$attune" $layout train --data data.today --out x --dim 8 --init-from yesterday
    expect 3 "expected an attune model" "$attune" $layout "${train[@]:1}" --data data.today --out x --init-from nowhere
  }
done
sed 's/\t/\tother/' today.tsv | sed '1s/other//' >other.tsv
"$attune" prepare --input other.tsv --out data.other --log-level warning >out 2>&1 || fail "prepare: $(cat out)"
expect 2 "knows none of the" "${train[@]}" --data data.other --out x --init-from yesterday
[[ ! -e x && ! -e .x.attune-part ]] || fail "a refused --init-from left files"

# Lists for somebody whom the model never saw, and within limits.
expect 0 "history of 2 items" "$attune" recommend --model today --history 1339,1343,nope
expect 0 "1 of 3 items are unknown to today and are left out: 'nope'" "$attune" recommend --model today --history 1339,1343,nope
printf '17\nnope\n' >some
expect 0 "     1  17 " "$attune" recommend --model today --history 1339 --candidates some
expect 3 "leaves no item" "$attune" recommend --model today --history 1339 --candidates some --deny some
expect 0 "cosine of v" "$attune" similar --model today --item 1339 -k 3
expect 2 "did you mean 'cosine'" "$attune" similar --model today --item 1339 --by cosin

# Inner products of an export are what the program says, of every kind of model.
awk -F'\t' 'NR > 1 && NR % 97 == 0 {print $1 "\t" $2}' today.tsv >pairs
for kind in "attention" "average --no-user-vector" "none"; do
  # shellcheck disable=SC2086
  "${train[@]}" --data data.today --out model --overwrite --epochs 1 --item-attention $kind >out 2>&1 || fail "train: $(cat out)"
  expect 0 "vectors of" "$attune" export model --out export --overwrite --text tsv
  "$attune" score --model model --data data.today --pairs pairs >scores 2>out || fail "score: $(cat out)"
  check scores export scores
done
expect 0 "verified" "$attune" inspect export

# The same of models made with content, whose item vectors are more than V.
"$attune" synth --kind planted --users 200 --items 100 --components 2 --out planted --log-level warning >out 2>&1 ||
  fail "synth: $(cat out)"
content=("$attune" train --data planted --log-level warning --dim 8 --epochs 2 --item-attention average)
"${content[@]}" --out svdpp >out 2>&1 || fail "train: $(cat out)"
"${content[@]}" --out svdfeature --item-content average >out 2>&1 || fail "train: $(cat out)"
"$attune" train --data planted --out content_mean --algorithm content_mean >out 2>&1 || fail "train: $(cat out)"
"$attune" train --data planted --out deep_hybrid --algorithm deep_hybrid --init-from svdpp --epochs 5 --network-hidden 16 >out 2>&1 ||
  fail "train: $(cat out)"
awk '{ for (item = NR % 7 + 1; item <= 100; item += 20) print $0 "\ti" item }' planted/users.tsv >pairs
for kind in svdfeature content_mean deep_hybrid; do
  data=()
  if [[ $kind == svdfeature ]]; then data=(--data planted); fi
  expect 0 "vectors of 200 users and 100 items" "$attune" export $kind --out export --overwrite
  "$attune" score --model $kind --data planted --pairs pairs >scores 2>out || fail "score: $(cat out)"
  check scores export scores
  "$attune" recommend --model $kind ${data[@]+"${data[@]}"} --history i1,i2 --json >lists 2>out || fail "recommend: $(cat out)"
  check stranger $kind export lists
  printf 'i7\ni8\ni1\n' >some
  expect 0 "     1  i8 " "$attune" recommend --model $kind ${data[@]+"${data[@]}"} --history i1 --candidates some --deny <(echo i7)
  "$attune" similar --model $kind ${data[@]+"${data[@]}"} --item i1 --json >lists 2>out || fail "similar: $(cat out)"
  check like export lists
done
expect 2 "--data is missing" "$attune" similar --model svdfeature --item i1
expect 2 "--data is missing" "$attune" recommend --model svdfeature --history i1
expect 2 "--data cannot take effect" "$attune" similar --model deep_hybrid --item i1 --data planted
expect 3 "svdfeature knows none of the users and items of data.today" "$attune" export svdfeature --data data.today --out x
expect 3 "knows none of the users and items" "$attune" recommend --model today --data planted --all
[[ ! -e x && ! -e .x.attune-part ]] || fail "a refused export left files"

# An index finds what exact search finds.
expect 2 "--hnsw-m cannot take effect" "$attune" export model --out x --hnsw-m 8
code=0
"$attune" export today --out indexed --index hnsw --json >report 2>out || code=$?
if [[ $code == 0 ]]; then
  check index report
  expect 0 "recall" "$attune" inspect indexed
  printf x >>indexed/items.hnsw
  expect 3 "items.hnsw" "$attune" inspect indexed
else
  [[ $code == 2 && $(cat out) == *"built without hnswlib"* && ! -e .indexed.attune-part ]] || fail "--index hnsw: $(cat out)"
fi

# A full disk leaves nothing under the final name.
code=0
(ulimit -f 40; "$attune" export model --out full >out 2>&1) || code=$?
[[ $code == 1 && ! -e full && ! -e .full.attune-part ]] || fail "exit code $code on a full disk, or files are left: $(cat out)"
