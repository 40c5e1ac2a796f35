#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a small training under Oclgrind with both families of kernels, and fails on any
# report of a data race or of an access out of bounds.
#
# usage: test_oclgrind.sh OCLGRIND_RUN
# shellcheck source=tests/oclgrind.sh
. "${0%/*}/oclgrind.sh"
unset CLEARBOX_DEVICE # Oclgrind has one device of its own

for family in cpu gpu; do
    watch "$family" "$1" "$family"
done
exit "$failed"
