#!/bin/sh
# SPDX-License-Identifier: MIT
# headers.sh INCLUDE_DIR CC [CXX]: every public header compiles alone, as C11 and, where
# there is a C++ compiler, as C++11 and C++17, and twice in a row.
set -eu

include=$1
cc=$2
cxx=${3:-}
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
failed=0
checked=0

# compile LANGUAGE COMPILER STANDARD HEADER; warnings are several words
# shellcheck disable=SC2086
compile() {
    printf '#include "%s"\n#include "%s"\n' "$4" "$4" |
        "$2" -x "$1" -std="$3" $warnings -fsyntax-only -I"$include" - || {
        echo "$4 does not compile alone as $3" >&2
        failed=1
    }
    checked=$((checked + 1))
}

for path in "$include"/clearbox/*.h; do
    header=clearbox/$(basename "$path")
    compile c "$cc" c11 "$header"
    if [ -n "$cxx" ]; then
        compile c++ "$cxx" c++11 "$header"
        compile c++ "$cxx" c++17 "$header"
    fi
done
[ -n "$cxx" ] || echo "left out: as C++, there is no compiler of it"
[ "$checked" -gt 0 ] || { echo "no headers in $include" >&2; exit 1; }
exit "$failed"
