# shellcheck shell=bash
# How many times longer than usual a command may take: a program that a sanitizer watches is slow (sanitized.sh). Sourced.
# shellcheck disable=SC2034  # tests use it
patience=1
if [[ -n ${ATTUNE_SANITIZED:-} ]]; then patience=8; fi
