#!/usr/bin/env bash
# Metrics that training reports are those that NumPy finds from the model's files alone, for each kind of model.
#
# usage: evaluation_test.sh SOURCE_DIR ATTUNE
set -euo pipefail
source_dir=$1
attune=$2
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

"$attune" prepare --input "$source_dir/launch/demo/data/interactions.tsv.gz" --validation latest \
  --out "$work/data" --log-level warning >"$work/prepare.txt"

# check NAME FLAG...: trains with these flags and compares.
check() {
  local name=$1
  shift
  "$attune" train --data "$work/data" --out "$work/$name" --epochs 4 --evaluate-every 2 --threads 2 \
    --log-level warning "$@" >"$work/train.txt"
  # Debian's Python, the one that python3-numpy belongs to, whatever else is in PATH.
  /usr/bin/python3 "$source_dir/tests/integration/evaluation_check.py" "$work/$name" "$work/data"
}

check bpr --item-attention none --dim 20 --lr 0.05
check average --item-attention average --history-exponent 0.5 --dim 16 --lr 0.01
check fism --item-attention average --no-user-vector --dim 33 --lr 0.02
check acf --dim 24 --item-hidden 10 --attention-init xavier --lr 0.02
check acf_items --attention-inputs vp --no-user-vector --history-exponent 0.7 --attention-init xavier --lr 0.003
