#!/usr/bin/env bash
# Without root, on Debian or Ubuntu: unpacks what attune is built with into a directory, and builds and installs attune with it.
#
# usage: bash launch/prefix.sh DIR [--without-mpi] [--without-index] [--sources FILE]
#   DIR               gets the packages in DIR/usr, and DIR/environment, which the shells that build and run attune source
#   --without-mpi     not OpenMPI: build with the cluster's own, from its module
#   --without-index   not what indexes of 'attune export' are built with
#   --sources FILE    the package sources, instead of those in /etc/apt
# Needs g++ 12, cmake 3.25, ninja and dpkg on the machine, the release of Debian or Ubuntu that the packages are from, and no
# rights. Then:
#   source DIR/environment
#   cmake --preset release -DCMAKE_INSTALL_PREFIX=$HOME/attune -DBUILD_TESTING=OFF
#   cmake --build --preset release && cmake --install build/release
# DIR must stay where it is: the installed program finds its libraries there, by itself.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=launch/functions.sh
source "$root/launch/functions.sh"

fail() {
  printf 'prefix: %s\n' "$1" >&2
  exit 1
}

# apt-get with lists and a state of its own: no right to the system's is needed, and nothing counts as installed.
own_apt() {
  apt-get -qq -o "Dir::State=$state" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache" \
    -o Dir::Log="$state" -o APT::Sandbox::User='' -o Acquire::Languages=none ${sources[@]+"${sources[@]}"} "$@"
}

# The packages that these need, and themselves, one a line: as if nothing were installed.
closure() {
  own_apt --simulate --no-install-recommends install "$@" >"$state/simulation" 2>&1 ||
    { cat "$state/simulation" >&2; fail "apt-get cannot say what these need: $*"; }
  awk '$1 == "Inst" { print $2 }' "$state/simulation" | sort -u
}

# What attune is built with but for tools, which are the machine's or a module's.
wanted_packages() {
  bash "$root/launch/install-deps.sh" --list --without-tests --without-opencv --without-python "${options[@]}" |
    grep -vxE 'g\+\+|cmake|ninja-build|ccache'
}

# What every Debian with a compiler has. It stays the machine's: another C library would not fit the system's loader.
base=(g++ apt base-files bash coreutils dpkg perl-base tar util-linux)

update_lists() {
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  : >"$state/status"
  own_apt update || fail "'apt-get update' failed: look at the lines above, at the network and at the package sources"
}

unpack_packages() {
  local needed present packages archive
  # shellcheck disable=SC2046  # names of packages, one a word
  needed=$(closure $(wanted_packages))
  present=$(closure "${base[@]}")
  mapfile -t packages < <(comm -23 <(echo "$needed") <(echo "$present"))
  printf 'prefix: unpacking %d packages into %s\n' "${#packages[@]}" "$prefix/usr"
  mkdir -p "$state/archives" "$prefix/usr/lib" "$prefix/usr/bin" "$prefix/usr/sbin"
  (cd "$state/archives" && own_apt download "${packages[@]}") || fail "a package could not be downloaded: see above"
  # As in the system itself: /lib and /bin are those of /usr.
  local directory
  for directory in lib bin sbin; do ln -sfn "usr/$directory" "$prefix/$directory"; done
  for archive in "$state"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$archive" | tar --extract --keep-directory-symlink --no-same-owner --directory "$prefix" ||
      fail "$archive could not be unpacked"
  done
}

# A link with an absolute target would lead out of DIR. One to a library that every machine has leads there.
mend_links() {
  local link target
  while IFS= read -r -d '' link; do
    target=$(readlink -- "$link")
    if [[ $target == /* && -e $prefix$target ]]; then
      ln -sfn -- "$(realpath --relative-to="$(dirname -- "$link")" "$prefix$target")" "$link"
    elif [[ ! -e $link && -e /usr/lib/$architecture/${target##*/} ]]; then
      ln -sfn -- "/usr/lib/$architecture/${target##*/}" "$link"
    fi
  done < <(find "$prefix/usr" -type l -print0)
}

# What update-alternatives makes when packages are installed: plain names of OpenMPI's programs, and of a library of its own.
name_alternatives() {
  local path
  for path in "$prefix"/usr/bin/*.openmpi; do
    if [[ -e $path ]]; then ln -sfn -- "${path##*/}" "${path%.openmpi}"; fi
  done
  for path in "$prefix"/usr/lib/libpsm1/libpsm_infinipath.so.1.*; do
    if [[ -e $path ]]; then ln -sfn -- "../libpsm1/${path##*/}" "$prefix/usr/lib/$architecture/libpsm_infinipath.so.1"; fi
  done
}

write_environment() {
  local libraries=$prefix/usr/lib/$architecture
  cat >"$prefix/environment" <<TEXT
# Sourced by shells that build or run attune with the packages below $prefix; made by launch/prefix.sh.
export PATH="$prefix/usr/bin:\$PATH"
export CMAKE_PREFIX_PATH="$prefix/usr\${CMAKE_PREFIX_PATH:+:\$CMAKE_PREFIX_PATH}"
# Programs of the packages, protoc and mpirun among them.
export LD_LIBRARY_PATH="$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
# The path to libraries that CMake writes into programs holds for what these libraries need, too: no program that is built
# and installed needs LD_LIBRARY_PATH.
export LDFLAGS="-Wl,--disable-new-dtags\${LDFLAGS:+ \$LDFLAGS}"
TEXT
  if [[ -e $prefix/usr/bin/mpirun ]]; then
    cat >>"$prefix/environment" <<TEXT
# OpenMPI and PMIx were made for /usr.
export OPAL_PREFIX="$prefix/usr"
export PMIX_LIBDIR="$libraries/pmix2/lib" PMIX_DATADIR="$libraries/pmix2/share"
TEXT
  fi
}

prefix=
options=()
sources=()
while (($# > 0)); do
  case "$1" in
    --without-mpi | --without-index) options+=("$1") ;;
    --sources)
      file=$(realpath -- "${2:?--sources needs a file}")
      sources=(-o "Dir::Etc::SourceList=$file" -o Dir::Etc::SourceParts=/nonexistent)
      shift
      ;;
    -h | --help) print_header "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) printf "prefix: unknown option '%s'; see --help\n" "$1" >&2; exit 2 ;;
    *) prefix=$1 ;;
  esac
  shift
done
[[ -n $prefix ]] || { print_header "${BASH_SOURCE[0]}" >&2; exit 2; }

for tool in apt-get dpkg-deb g++ cmake ninja; do
  command -v "$tool" >/dev/null ||
    fail "needs $tool. Debian's packages fit Debian and Ubuntu only; docs/installing.md has other ways (Spack, Apptainer)"
done
mkdir -p "$prefix"
prefix=$(realpath -- "$prefix")
[[ ! -e $prefix/usr ]] || fail "$prefix/usr is there already: name a new directory, or remove it"
architecture=$(g++ -print-multiarch)
state=$prefix/.apt

SECONDS=0
update_lists
unpack_packages
mend_links
name_alternatives
write_environment
rm -rf -- "$state"
printf 'prefix: done after %d s. To build and to run: source %s\n' "$SECONDS" "$prefix/environment"
