#!/usr/bin/env bash
# The committed page of settings is what the program prints.
# Usage: settings_page_test.sh ATTUNE PAGE
set -euo pipefail
attune=$1
page=$2
if ! "$attune" settings-reference | diff -u "$page" -; then
  echo "$page is out of date; regenerate it with: attune settings-reference > docs/settings.md" >&2
  exit 1
fi
