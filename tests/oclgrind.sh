# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# For scripts that run programs under Oclgrind: watch WHAT PROGRAM ARGUMENT… sets failed=1 on
# any report of a data race or of an access out of bounds.
#
# Oclgrind itself exits 0 after finding an error; only its log tells. It opens the log anew for every
# context, and would cut off what it had found in those before: the log is a pipe.
set -u

if ! command -v oclgrind >/dev/null; then
    echo "left out: oclgrind is not installed"
    exit 77 # for CTest, skipped
fi
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
failed=0 # what the script that reads this file ends with

exec 4>&1
watch() {
    echo "== $1"
    shift
    { oclgrind --data-races --log /dev/fd/3 "$@" 3>&1 >&4 || echo "$1 failed"; } | cat >"$log"
    if [ -s "$log" ]; then
        head -n 40 "$log"
        failed=1
    fi
}
