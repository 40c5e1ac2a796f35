#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a small training under Oclgrind with both families of kernels, and fails on any
# report of a data race or of an access out of bounds.
#
# usage: test_oclgrind.sh OCLGRIND_RUN
#
# Oclgrind itself exits 0 after finding an error; only its log tells.
set -u
unset CLEARBOX_DEVICE # Oclgrind has one device of its own

run=$1
if ! command -v oclgrind >/dev/null; then
    echo "left out: oclgrind is not installed"
    exit 77 # for CTest, skipped
fi
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
failed=0
for family in cpu gpu; do
    : >"$log"
    echo "== $family"
    if ! oclgrind --data-races --log "$log" "$run" "$family"; then
        failed=1
    fi
    if [ -s "$log" ]; then
        head -n 40 "$log"
        failed=1
    fi
done
exit $failed
