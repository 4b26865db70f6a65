#!/usr/bin/env bash
# The methods to compare with, as a user meets them: trained, measured, asked for lists, scores and reasons.
#
# usage: baselines_test.sh ATTUNE
set -euo pipefail

name=baselines_test
# shellcheck source=tests/integration/expect.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/expect.sh"
attune=$1
work_apart

expect 0 "" "$attune" synth --kind planted --users 400 --items 150 --components 2 --genuine-share 0.9 --validation latest --out data
expect 0 "" "$attune" synth --users 50 --items 40 --interactions 500 --out bare
expect 0 "" "$attune" train --data data --out svdpp --item-attention average --dim 8 --epochs 3

train() {
  local kind=$1
  shift
  expect 0 "validation: HR@10" "$attune" train --algorithm "$kind" --data data --out "$kind" "$@"
}
train popularity
train item_knn --neighbours 30
train user_knn --neighbours 30 --shrinkage 1
train content_mean --similarity dot
train deep_hybrid --init-from svdpp --epochs 5 --network-hidden 16

# What training measured is what evaluate measures, and every command knows every kind.
printf 'u1\ti1\nu1\ti2\nu2\ti1\n' >pairs
for kind in popularity item_knn user_knn content_mean deep_hybrid; do
  expect 0 "verified" "$attune" inspect "$kind"
  [[ $(cat out) == *"algorithm "*"$kind"* ]] || fail "inspect does not say $kind: $(cat out)"
  "$attune" evaluate --model "$kind" --data data --split validation --json >measured 2>err || fail "$kind: $(cat err)"
  python3 - "$kind" <<'PY' || fail "$kind: another figure than in training"
import json, sys
measured = json.load(open("measured"))["results"][0]["metrics"]["ndcg@100"]["mean"]
trained = json.load(open(sys.argv[1] + "/manifest.json"))["metrics"]["validation"]["ndcg@100"]
assert abs(measured - trained) < 1e-9, (measured, trained)
PY
  expect 0 "HR@10" "$attune" evaluate --model "$kind" --data data --sampled-negatives 20 --against svdpp
  expect 0 "score" "$attune" recommend --model "$kind" --data data --user u1
  expect 0 "u1	i2	" "$attune" score --model "$kind" --data data --pairs pairs
done
"$attune" evaluate --model popularity --data data --baseline popularity --json >measured 2>err || fail "$(cat err)"
python3 -c 'import json; a, b = json.load(open("measured"))["results"]; assert a["metrics"] == b["metrics"]' ||
  fail "a popularity model is not the popularity baseline"

for kind in item_knn content_mean deep_hybrid; do
  expect 0 "user u1" "$attune" explain --model "$kind" --data data --user u1
done
expect 3 "nothing of a user to explain" "$attune" explain --model popularity --data data --user u1
expect 3 "no sum over the user's own history" "$attune" explain --model user_knn --data data --user u1

# What cannot take effect, and what is missing, is said.
again=("$attune" train --data data --out x)
expect 2 "--lr cannot take effect: --algorithm item_knn does not use it" "${again[@]}" --algorithm item_knn --lr 0.1
expect 2 "--similarity cannot take effect" "${again[@]}" --algorithm item_knn --similarity dot
expect 2 "--neighbours cannot take effect: --algorithm factorisation" "${again[@]}" --neighbours 10
expect 2 "needs --init-from MODEL" "${again[@]}" --algorithm deep_hybrid
expect 2 "it is a popularity model" "${again[@]}" --algorithm deep_hybrid --init-from popularity
expect 2 "popularity model has no vectors" "${again[@]}" --init-from popularity
expect 2 "has no features" "$attune" train --data bare --out x --algorithm content_mean
expect 2 "has no features" "$attune" train --data bare --out x --item-attention average --item-content average
expect 2 "--item-content average needs --item-attention none or average" "${again[@]}" --item-content average
expect 2 "is trained by one process" "$attune" local -n 2 train --data data --out x --algorithm item_knn
[[ ! -e x && ! -e .x.attune-part ]] || fail "a refused training left files"

# SVDFeature goes through training like the others, in several processes too, and reads content afterwards.
expect 0 "validation: HR@10" "$attune" train --data data --out svdfeature --item-attention average --item-content average --dim 8 --epochs 3
expect 0 "validation: HR@10" "$attune" local -n 2 train --data data --out ranks --item-attention average --item-content average \
  --dim 8 --epochs 3
[[ -e svdfeature/theta/F.npy && -e ranks/theta/F.npy ]] || fail "no F"
expect 0 "HR@10" "$attune" evaluate --model svdfeature --data data --against ranks
expect 3 "reads content of 16 numbers, but bare has no features" "$attune" evaluate --model svdfeature --data bare
printf 'baselines_test: passed\n'
