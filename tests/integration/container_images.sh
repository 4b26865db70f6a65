#!/usr/bin/env bash
# Makes the images of launch/container from HEAD of this checkout, and runs a small job in each.
#
# usage: sudo bash tests/integration/container_images.sh docker|apptainer [--parts "mpi hnsw"] [--native]
#                                                        [--ccache DIR] [--suite bookworm] [--mirror URL] [--keep]
#   docker       builds the Dockerfile with buildah, without a daemon, and runs the job with its user and variables
#   apptainer    carries out %files, %post and %environment of attune.def in bare Debians, as Apptainer would
#   --parts, --native   the recipe's build arguments
#   --ccache DIR        what the compiler has made is kept there, for the next time
# The base image is a Debian that debootstrap makes: nothing comes from a registry of images.
# By hand, not in CI: it needs root, debootstrap, buildah, a Debian mirror and some 5 GB below /tmp.
set -euo pipefail

name=container_images
script=$(realpath -- "${BASH_SOURCE[0]}")
root=$(cd -- "$(dirname -- "$script")/../.." && pwd)
# shellcheck source=tests/integration/bare_debian.sh
source "$root/tests/integration/bare_debian.sh"

# buildah with a store of its own; a chroot isolates well enough to build, and works inside other containers.
own_buildah() { BUILDAH_ISOLATION=chroot buildah --root "$work/store" --runroot "$work/run" "$@"; }

# The store's layers may be mounted when the script ends early.
# shellcheck disable=SC2317  # called by the trap
forget_store() {
  own_buildah umount --all >/dev/null 2>&1 || true
  own_buildah rm --all >/dev/null 2>&1 || true
  umount "$work/store/overlay" 2>/dev/null || true
  clean_up
}

make_base_image() {
  local container
  container=$(own_buildah from scratch)
  own_buildah add --quiet "$container" "$work/debian" / >/dev/null
  own_buildah commit --quiet --rm "$container" localhost/debian >/dev/null
}

try_dockerfile() {
  local container options=()
  trap forget_store EXIT
  make_base_image
  if [[ -n $ccache ]]; then
    options=(--volume "$ccache:/ccache" --env CCACHE_DIR=/ccache --env CCACHE_BASEDIR=/attune)
  fi
  own_buildah bud --pull-never --network host --build-arg BASE=localhost/debian --build-arg "PARTS=$parts" \
    --build-arg "NATIVE=$native" ${options[@]+"${options[@]}"} --file "$source/launch/container/Dockerfile" --tag attune "$source"
  printf 'container_images: entrypoint, user: %s\n' \
    "$(own_buildah inspect --type image --format '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.User}}' attune)"
  own_buildah images --format '{{.Name}}: {{.Size}}'
  container=$(own_buildah from --pull-never attune)
  own_buildah run --network host --volume "$source/tests/integration/first_run.sh:/first_run.sh:ro" --workingdir /tmp \
    "$container" -- bash /first_run.sh
}

# section STAGE NAME: the lines of a section of attune.def, with the values of build arguments.
section() {
  awk -v stage="$1" -v wanted="$2" '
    /^Bootstrap:/ { section = "" }
    /^Stage:/ { current = $2 }
    /^%/ { section = $0; next }
    current == stage && section == wanted { print }' "$source/launch/container/attune.def" |
    sed -e "s/{{ PARTS }}/$parts/g" -e "s/{{ NATIVE }}/$native/g" -e 's/^    //' -e '/^$/d'
}

# copy_files SOURCE_ROOT TARGET_ROOT: carries out the lines of %files.
copy_files() {
  local from to
  while read -r from to; do
    mkdir -p "$(dirname -- "$2$to")"
    cp -fLr -- "$1/$from" "$2$to"
  done
}

# run_post ROOT STAGE VARIABLE=VALUE...: runs %post of a stage, which ends at the first error.
run_post() {
  local target=$1 stage=$2
  shift 2
  section "$stage" %post >"$target/post"
  in_root "$target" HOME=/root "$@" bash -e /post
  rm -f "$target/post"
}

try_definition() {
  local build=$work/build final=$work/final variables=()
  cp -a "$work/debian" "$build"
  if [[ -n $ccache ]]; then
    export ATTUNE_BIND=$ccache:/ccache
    variables=(CCACHE_DIR=/ccache CCACHE_BASEDIR=/attune)
  fi
  section build %files | copy_files "$source" "$build"
  run_post "$build" build ${variables[@]+"${variables[@]}"}
  cp -a "$work/debian" "$final"
  section final %files | copy_files "$source" "$final"
  section final '%files from build' | copy_files "$build" "$final"
  run_post "$final" final
  printf 'container_images: runscript: %s; base %s, image %s\n' "$(section final %runscript)" \
    "$(size_of "$work/debian")" "$(size_of "$final")"
  section final %environment >"$final/environment"
  cp "$source/tests/integration/first_run.sh" "$final/first_run.sh"
  in_root "$final" BASH_ENV=/environment setpriv --reuid 65534 --regid 65534 --clear-groups bash /first_run.sh
}

size_of() { du -sh -- "$1" | cut -f 1; }

what=
parts="mpi hnsw"
native=OFF
ccache=
suite=bookworm
mirror=
keep=no
while (($# > 0)); do
  case "$1" in
    docker | apptainer) what=$1 ;;
    --parts) parts=${2?--parts needs a list}; shift ;;
    --native) native=ON ;;
    --ccache) ccache=$(realpath -- "${2:?--ccache needs a directory}"); shift ;;
    --suite) suite=${2:?--suite needs a name}; shift ;;
    --mirror) mirror=${2:?--mirror needs a URL}; shift ;;
    --keep) keep=yes ;;
    -h | --help) print_header "$script"; exit 0 ;;
    *) print_header "$script" >&2; exit 2 ;;
  esac
  shift
done

case "$what" in
  docker) work_below_tmp debootstrap unshare git buildah ;;
  apptainer) work_below_tmp debootstrap unshare git ;;
  *) print_header "$script" >&2; exit 2 ;;
esac
SECONDS=0
make_debian "$work/debian"
source=$work/source
clone_head "$root" "$source"
printf 'container_images: Debian is ready after %d s; commit %s\n' "$SECONDS" "$(head_of "$root")"
if [[ $what == docker ]]; then try_dockerfile; else try_definition; fi
printf 'container_images: the image of %s works; %d s in all\n' "$what" "$SECONDS"
