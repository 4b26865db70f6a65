#!/usr/bin/env bash
# Checks who includes whom, and that every header compiles alone.
#
# usage: layering_test.sh includes SOURCE_DIR
#        layering_test.sh headers SOURCE_DIR BUILD_DIR COMPILER
set -euo pipefail

# Our folders, and which of them a file in each may include.
folders=(common ps worker scheduler launch tests)
declare -A may_include=(
  [common]="common"
  [ps]="common|ps"
  [worker]="common|worker"
  [scheduler]="common|scheduler"
  [launch]="common|ps|worker|scheduler|launch"
  [tests]="common|ps|worker|scheduler|launch|tests"
)

# Prints each include of the tree below $1 as "file:line<TAB>included path<TAB>opening character", files relative to $1.
list_includes() {
  (
    cd -- "$1"
    local present=() folder
    for folder in "${folders[@]}"; do
      if [[ -d $folder ]]; then present+=("$folder"); fi
    done
    find "${present[@]}" -type f \( -name '*.h' -o -name '*.cc' \) -exec \
      awk 'match($0, /^[ \t]*#[ \t]*include[ \t]*[<"][^>"]+[>"]/) {
             text = substr($0, RSTART, RLENGTH); sub(/^[^<"]*/, "", text)
             printf "%s:%d\t%s\t%s\n", FILENAME, FNR, substr(text, 2, length(text) - 2), substr(text, 1, 1)
           }' {} +
  )
}

# Prints one line for each include below $1 that breaks a rule.
violations() {
  local place path quote file folder
  while IFS=$'\t' read -r place path quote; do
    file=${place%%:*}
    folder=${file%%/*}

    if [[ $path =~ ^(common|ps|worker|scheduler|launch|tests)/ ]]; then
      if [[ ! $path =~ ^(${may_include[$folder]})/ ]]; then
        echo "$place: '$folder' must not include '${path%%/*}' ($path)"
      fi
      if [[ $quote == '<' && $path != *.pb.h ]]; then
        echo "$place: our own headers are included with quotes ($path)"
      fi
    elif [[ $quote == '"' ]]; then
      echo "$place: our own headers are included by their path from the root ($path)"
    fi

    # Libraries whose types stay behind our own.
    if [[ $path =~ ^google/protobuf/|\.pb\.h$ && ! $file =~ ^(common/config|common/wire|launch|tests)/ ]]; then
      echo "$place: Protocol Buffers belong to common/config, common/wire and launch ($path)"
    fi
    if [[ $path =~ ^(unsupported/)?Eigen/ && ! $file =~ ^common/model/|^tests/|\.cc$ ]]; then
      echo "$place: Eigen belongs to .cc files and common/model ($path)"
    fi
    if [[ $path =~ ^opencv2/ && ! $file =~ ^common/media/.*\.cc$|^tests/ ]]; then
      echo "$place: OpenCV belongs to .cc files of common/media ($path)"
    fi
    if [[ $path =~ ^hnswlib/ && ! $file =~ ^launch/export/.*\.cc$|^tests/ ]]; then
      echo "$place: hnswlib belongs to .cc files of launch/export ($path)"
    fi
    if [[ $path =~ ^pybind11/ && ! $file =~ ^launch/python/ ]]; then
      echo "$place: pybind11 belongs to launch/python ($path)"
    fi
    if [[ $path =~ ^zmq(_addon)?\.h(pp)?$ && ! $file =~ ^(common/net|tests)/ ]]; then
      echo "$place: ZeroMQ belongs to common/net ($path)"
    fi
    if [[ $path =~ ^(boost/(asio|beast)|prometheus/) && ! $file =~ ^launch/status/.*\.cc$|^tests/ ]]; then
      echo "$place: Boost.Asio, Boost.Beast and prometheus-cpp belong to .cc files of launch/status ($path)"
    fi
    if [[ $path =~ ^(simgrid|xbt)/ && ! $file =~ ^tests/simgrid/ ]]; then
      echo "$place: SimGrid belongs to tests/simgrid ($path)"
    fi
    if [[ $path =~ ^mpi(-ext)?\.h$ && ! $file =~ ^(launch|tests)/ ]]; then
      echo "$place: MPI belongs to launch ($path)"
    fi
  done < <(list_includes "$1")
}

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT

# A checker that finds nothing proves nothing: plants one breach of every rule, and what is allowed beside them.
check_the_checker() {
  local planted=$scratch/planted expected found
  mkdir -p "$planted"/{common/{config,media,model,net},ps,worker,scheduler,launch/{export,python,status},tests/simgrid}
  plant() { printf '#include %s\n' "$2" >"$planted/$1"; }

  plant common/a.h '"ps/table.h"'
  plant ps/b.cc '"worker/visit.h"'
  plant worker/c.cc '"scheduler/leases.h"'
  plant scheduler/d.cc '"launch/main.h"'
  plant launch/e.cc '"tests/support/clock.h"'
  plant worker/f.cc '"visit.h"'
  plant ps/g.cc '<common/types.h>'
  plant ps/h.cc '"common/config/train.pb.h"'
  plant ps/i.h '<Eigen/Core>'
  plant worker/j.cc '<zmq.hpp>'
  plant common/net/k.cc '<mpi.h>'
  plant common/media/l.h '<opencv2/core.hpp>'
  plant launch/m.cc '<opencv2/dnn.hpp>'
  plant launch/n.cc '<hnswlib/hnswlib.h>'
  plant launch/o.cc '<pybind11/numpy.h>'
  plant launch/status/p.h '<boost/beast/http.hpp>'
  plant worker/q.cc '<prometheus/counter.h>'
  plant tests/r.cc '<simgrid/s4u.hpp>'
  expected="tests/r.cc launch/status/p.h worker/q.cc common/a.h common/media/l.h launch/m.cc launch/n.cc launch/o.cc launch/e.cc ps/b.cc ps/g.cc ps/h.cc ps/i.h scheduler/d.cc worker/c.cc worker/f.cc worker/j.cc common/net/k.cc"

  plant common/config/ok.h '<google/protobuf/message.h>'
  plant common/model/ok.h '<Eigen/Core>'
  plant common/media/ok.cc '<opencv2/core.hpp>'
  plant launch/export/ok.cc '<hnswlib/hnswlib.h>'
  plant launch/python/ok.cc '<pybind11/numpy.h>'
  plant common/net/ok.cc '<zmq.h>'
  plant ps/ok.cc '<Eigen/Core>'
  plant launch/ok.cc '"scheduler/leases.h"'
  plant tests/ok.cc '"tests/support/clock.h"'
  plant launch/status/ok.cc '<boost/asio.hpp>'
  plant tests/simgrid/ok.h '<simgrid/s4u.hpp>'
  plant worker/ok.cc '// "scheduler/leases.h"'

  expected=$(tr ' ' '\n' <<<"$expected" | sort)
  found=$(violations "$planted" | sed 's/:.*//' | sort)
  if [[ $found != "$expected" ]]; then
    printf 'the checker itself is wrong about planted files (< expected, > found):\n'
    diff <(echo "$expected") <(echo "$found") || true
    exit 1
  fi
}

check_includes() {
  check_the_checker
  local found
  found=$(violations "$1")
  if [[ -n $found ]]; then
    printf '%s\n' "$found"
    exit 1
  fi
  printf '%d includes follow the rules\n' "$(list_includes "$1" | wc -l)"
}

# Whether the header $1 is the first include of a source file of its name that the build in $2 compiles: then it compiles
# alone, or the build had failed.
built_first() {
  local own=${1%.h}.cc
  [[ -e $own ]] && [[ $(grep -m 1 '^#include' "$own") == "#include \"$1\"" ]] && grep -q "/$own\"" "$2/compile_commands.json"
}

# Every header of ours that no source file has shown to compile alone, as the only line of one, with the include paths,
# definitions and machine flags of the build.
check_headers() {
  local source=$1 build=$2 compiler=$3 flags headers=() all count header
  cd -- "$source"
  flags=$(sed 's/ -isystem / -isystem/g; s/[ "]/\n/g' "$build/compile_commands.json" |
    grep -E '^-(isystem|I|std=|m[a-z]|D[A-Z0-9_]+(=[0-9]+)?$)' | sort -u | tr '\n' ' ')
  mapfile -t all < <(find "${folders[@]}" -type f -name '*.h' | sort)
  for header in launch/python/module tests/simgrid/machine; do
    grep -q "/$header.cc\"" "$build/compile_commands.json" && continue
    mapfile -t all < <(printf '%s\n' "${all[@]}" | grep -v "^${header%/*}/")  # what those include may not be there
  done
  count=${#all[@]}
  ((count > 0)) || { echo "no headers below $source"; exit 1; }
  for header in "${all[@]}"; do
    grep -q '^#pragma once$' "$header" || { echo "$header: has no #pragma once"; exit 1; }
    built_first "$header" "$build" || headers+=("$header")
  done

  # One process a processor; each prints the header's name when it fails.
  export compiler flags
  # shellcheck disable=SC2016  # expanded by the inner shell
  if ! printf '%s\0' "${headers[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c '
      echo "#include \"$1\"" | "$compiler" $flags -I. -fsyntax-only -Wno-psabi -x c++ - 2>&1 ||
        { echo "$1: does not compile alone"; exit 1; }' check; then
    exit 1
  fi
  printf '%d headers compile alone, %d of them as the first of a source file\n' "$count" $((count - ${#headers[@]}))
}

case "${1:-}" in
  includes) check_includes "$2" ;;
  headers) check_headers "$2" "$3" "$4" ;;
  *) sed -n '2,${/^#/!q; s/^# \{0,1\}//; p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
