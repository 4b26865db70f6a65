# shellcheck shell=bash
# Sourced by the scripts of this tree.

# Prints the comment at the head of a script, from its second line on: its help.
print_header() {
  sed -n '2,${/^#/!q; s/^# \{0,1\}//; p}' "$1"
}

# Prints how many compilers may run at once: one a processor, each with 1.5 GiB, never less than one.
build_jobs() {
  local processors memory_kib=0 limit jobs
  # OMP_* variables change what nproc says; they are about the program, not about compilers.
  processors=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc 2>/dev/null || echo 1)
  if [[ -r /proc/meminfo ]]; then
    memory_kib=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  fi
  # A container may be allowed less than the machine has.
  if [[ -r /sys/fs/cgroup/memory.max ]]; then
    limit=$(</sys/fs/cgroup/memory.max)
    if [[ $limit =~ ^[0-9]+$ ]] && ((limit / 1024 < memory_kib)); then memory_kib=$((limit / 1024)); fi
  fi
  jobs=$processors
  if ((memory_kib > 0 && memory_kib / 1572864 < jobs)); then jobs=$((memory_kib / 1572864)); fi
  if ((jobs < 1)); then jobs=1; fi
  echo "$jobs"
}

# Keeps ccache's files below build/ where the home directory is missing or read-only: ccache would stop the build.
use_writable_ccache() {
  local root=$1
  if [[ -z ${CCACHE_DIR:-} && (! -d ${HOME:-} || ! -w ${HOME:-}) ]]; then
    export CCACHE_DIR="$root/build/ccache"
  fi
}
