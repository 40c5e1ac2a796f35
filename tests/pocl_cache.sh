#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles once what most tests use, and copies it to where each of them has PoCL's cache: two
# processes can corrupt one that they share. What is there already is compiled no more.
#
# Tests do without: where a device fails, they tell, and this only says so.
#
# usage: POCL_CACHE_DIR=… pocl_cache.sh PROGRAM FOLDER…
set -eu

program=$1
shift
done=$POCL_CACHE_DIR/done
if [ "$done" -nt "$program" ]; then
    exit 0
fi
mkdir -p "$POCL_CACHE_DIR"
if ! timeout 500 "$program"; then
    echo "nothing is compiled beforehand"
    exit 0
fi
for folder in "$@"; do
    mkdir -p "$folder"
    cp -R "$POCL_CACHE_DIR/." "$folder" || exit 0
done
: >"$done"
