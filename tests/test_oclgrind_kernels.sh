#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs tests of kernels under Oclgrind, small, and fails on any report of a data race
# or of an access out of bounds.
#
# usage: test_oclgrind_kernels.sh PROGRAM…
# shellcheck source=tests/oclgrind.sh
. "${0%/*}/oclgrind.sh"
export CBX_TEST_WATCHED=1

for program in "$@"; do
    watch "$program" "$program"
done
exit "$failed"
