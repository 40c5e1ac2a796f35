#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles the kernels for a GPU of AMD and fails where they call a function of theirs that
# is left without a definition: the program would not link there.
#
# usage: test_helpers_defined.sh CLANG FILE…    in the order in which they are joined
set -u

clang=$1
shift
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cat "$@" >"$folder/all.cl"
failed=0
for family in CPU GPU; do
    for inline in 0 1; do
        echo "== family $family, CBX_INLINE=$inline"
        # Drivers define the version; the OpenCL functions stay undeclared but for _Z names.
        "$clang" -x cl -cl-std=CL1.2 -O3 -w -target amdgcn-amd-amdhsa -mcpu=gfx90a -nogpulib \
            -Xclang -finclude-default-header -D__OPENCL_VERSION__=120 -DCBX_BENCH_CPU=0 \
            "-DCBX_FAMILY_$family=1" "-DCBX_INLINE=$inline" -DCBX_FORWARD_ROWS=8 \
            -DCBX_UPDATE_ROWS=8 -S -emit-llvm -o "$folder/all.ll" "$folder/all.cl" || exit 1
        if grep '^declare' "$folder/all.ll" | grep -v -e '@_Z' -e '@llvm\.'; then
            failed=1
        fi
    done
done
exit $failed
