#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs tests of kernels under Oclgrind, small, and fails on any report of a data race
# or of an access out of bounds.
#
# usage: test_oclgrind_kernels.sh PROGRAM…
#
# Oclgrind itself exits 0 after finding an error; only its log tells.
set -u

if ! command -v oclgrind >/dev/null; then
    echo "left out: oclgrind is not installed"
    exit 77 # for CTest, skipped
fi
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
export CBX_TEST_WATCHED=1
failed=0
for program in "$@"; do
    : >"$log"
    echo "== $program"
    if ! oclgrind --data-races --log "$log" "$program"; then
        failed=1
    fi
    if [ -s "$log" ]; then
        head -n 40 "$log"
        failed=1
    fi
done
exit $failed
