#!/usr/bin/env bash
# Quality on public splits, three seeds: BPR, SVD++ and ACF with the settings that a small search on a validation split
# chose, then fitted on train + validation and measured once on the given test split.
#
# usage: quality.sh DATA_DIR OUT_DIR [gowalla-loo|pinterest-ncf37k ...]
#   DATA_DIR   holds <name>/train.tsv.gz and <name>/test.tsv.gz
#   OUT_DIR    data sets, models and one JSON a comparison go there
set -euo pipefail

source_dir=$(realpath -- "$1")
out=$(realpath -m -- "$2")
shift 2
(($# > 0)) || set -- gowalla-loo pinterest-ncf37k
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
attune=${ATTUNE:-$root/build/release/launch/attune}

common=(--include-validation --evaluate-every 0 --lr-schedule linear --lr-final 0.05 --overwrite --log-level warning)
declare -A settings=(
  [gowalla-loo/bpr]="--item-attention none --lr 0.15 --l2 0.005 --epochs 100"
  [gowalla-loo/bpr128]="--item-attention none --dim 128 --lr 0.15 --l2 0.005 --epochs 100"
  [gowalla-loo/svdpp]="--item-attention average --history-exponent 0.5 --lr 0.15 --l2 0.005 --l2-p 0.0003 --epochs 80"
  [gowalla-loo/acf]="--history-exponent 0.5 --lr 0.15 --l2 0.005 --l2-p 0.0003 --lr-theta 0.0003 --epochs 80"
  [pinterest-ncf37k/bpr]="--item-attention none --lr 0.15 --l2 0.01 --epochs 100"
  [pinterest-ncf37k/svdpp]="--item-attention average --history-exponent 0.5 --lr 0.1 --l2 0.01 --l2-p 0.0003 --epochs 80"
  [pinterest-ncf37k/acf]="--history-exponent 0.5 --lr 0.1 --l2 0.01 --l2-p 0.0003 --lr-theta 0.0003 --epochs 80"
)

for name in "$@"; do
  data=$out/$name/data
  "$attune" prepare --input "$source_dir/$name/train.tsv.gz" --test-input "$source_dir/$name/test.tsv.gz" \
    --split given --validation random --seed 7 --out "$data" --overwrite --log-level warning >/dev/null
  for seed in 1 2 3; do
    for model in bpr bpr128 svdpp acf; do
      [[ -n ${settings[$name/$model]:-} ]] || continue
      read -ra flags <<<"${settings[$name/$model]}"
      "$attune" train --data "$data" --out "$out/$name/$model-$seed" --seed "$seed" "${common[@]}" "${flags[@]}" |
        sed -n "2s|^|$name $model seed $seed: |p"
      "$attune" evaluate --model "$out/$name/$model-$seed" --against "$out/$name/bpr-$seed" --data "$data" --json \
        --log-level warning >"$out/$name/$model-$seed.json"
      [[ $model != bpr ]] ||
        "$attune" evaluate --model "$out/$name/bpr-$seed" --data "$data" --sampled-negatives 99 --json \
          --log-level warning >"$out/$name/bpr-$seed-sampled.json"
    done
  done
done
