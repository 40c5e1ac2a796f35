#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests and measures clearbox on this machine, which needs an OpenCL driver and nothing else, and
# writes one archive of what came out. It is called kit in the archive that kit.py packs.
#
# usage: ./kit run [FLAGS] [OUT_DIR]    into OUT_DIR [here]
#        ./kit steps                    the names of all steps, in their order
#
#   --quick            little of everything, for a machine that is lent; ends after 9 minutes
#   --minutes N        ends after N minutes [120]: steps that do not fit are skipped, and named
#   --device SPEC      as of clearbox [CLEARBOX_DEVICE, else the first GPU, else the first device]
#   --only NAME,...    only these steps
#
# Exit codes: 0 every step that ran is well, 70 one is not, 69 no driver, no device, another
# architecture or an older system, 73 OUT_DIR cannot be written, 74 the archive cannot, 64 usage, 130
# stopped; what there is then is in the archive.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
least_free_mb=700 # unpacked, with the driver's caches and the films
reserve=15        # seconds for the archive

say() {
    printf 'kit: %s\n' "$*" >&2
}

# stop CODE MESSAGE…
stop() {
    code=$1
    shift
    say "$@"
    exit "$code"
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# What the packer wrote down.
fact() {
    sed -n "s/^$1=//p" "$here/facts"
}

# ---- what is asked for ----

usage() {
    sed -n '3,/^set -u/{/^set -u/d;s/^# \{0,1\}//;p;}' "$0"
}

whole_number() {
    case $2 in
    '' | *[!0-9]* | 0* | ??????*) stop 64 "$1 wants a whole number of minutes, not '$2'" ;;
    esac
}

parse() {
    quick=no minutes='' device=${CLEARBOX_DEVICE:-} only='' out=''
    while [ $# -gt 0 ]; do
        case $1 in
        --quick) quick=yes ;;
        --minutes | --device | --only)
            [ $# -gt 1 ] || stop 64 "$1 wants a value"
            case $1 in
            --minutes) whole_number "$1" "$2" && minutes=$2 ;;
            --device) device=$2 ;;
            --only) only=$2 ;;
            esac
            shift
            ;;
        -*) stop 64 "unknown flag $1; './kit --help' lists them" ;;
        *)
            [ -z "$out" ] || stop 64 "one OUT_DIR only, not '$1' too"
            out=$1
            ;;
        esac
        shift
    done
    out=${out:-.}
    [ -n "$minutes" ] || { [ $quick = yes ] && minutes=9 || minutes=120; }
}

# ---- the steps, those first whose answers are worth most: name, limit in seconds, that of --quick ----

list_steps() {
    cat <<'END'
devices 600 150
verify 900 120
bench-64 300 45
bench-1024 300 45
bench-16384 300 60
END
    sed -n 's/^\(test_[a-z0-9_]*\) \([0-9]*\) first$/\1 \2 60/p' "$here/tests"
    cat <<'END'
film-64 300 60
verify-cpu 900 60
verify-gpu 900 60
bench-256 300 45
bench-4096 300 45
bench-65536 600 90
split-4096 300 45
split-16384 300 60
split-65536 600 90
END
    sed -n 's/^\(test_[a-z0-9_]*\) \([0-9]*\) then$/\1 \2 60/p' "$here/tests"
    cat <<'END'
film-1024 600 90
tune 900 200
tuned-64 300 45
tuned-1024 300 45
tuned-16384 300 60
tuned-256 300 45
tuned-4096 300 45
tuned-65536 600 90
END
    sed -n 's/^\(test_[a-z0-9_]*\) \([0-9]*\) last$/\1 \2 120/p' "$here/tests"
    echo verify-all 3600 600
}

check_only() {
    for name in $(printf '%s' "$only" | tr ',' ' '); do
        list_steps | grep -q "^$name " || stop 64 "there is no step '$name'; './kit steps' has them"
    done
}

is_wanted() {
    [ -n "$only" ] || return 0
    case ",$only," in
    *",$1,"*) return 0 ;;
    esac
    return 1
}

# ---- the place ----

check_machine() {
    architecture=$(uname -m)
    [ "$architecture" = "$(fact architecture)" ] ||
        stop 69 "this kit is for $(fact architecture), and this machine is $architecture; pack one there"
    for tool in awk date grep gzip mktemp sed tar timeout tr; do
        have "$tool" || stop 69 "there is no '$tool' on this machine, and the kit needs it"
    done
}

# What a stopped step leaves running for a moment, such as a driver's compiler, may still write there, and make
# the folder anew.
clear_place() {
    for try in 1 2 3 4 5 6 7 8 9 10; do
        rm -rf "$place" 2>/dev/null && [ -z "${stopped:-}" ] && return
        sleep 1
        [ -e "$place" ] || return
    done
    say "cannot remove $place after $try tries"
}

# A folder of our own in OUT_DIR, for everything; it goes when the archive is there.
make_place() {
    mkdir -p "$out" 2>/dev/null
    asked=$out
    out=$(CDPATH='' cd -- "$out" 2>/dev/null && pwd -P) || stop 73 "cannot use $asked as a folder"
    place=$(mktemp -d "$out/.clearbox-kit-XXXXXX" 2>/dev/null) || stop 73 "cannot write to $out"
    trap clear_place EXIT
    trap 'exit 130' INT TERM HUP
    free_mb=$(df -Pk "$out" 2>/dev/null | awk 'NR == 2 {print int($4 / 1024)}')
    [ "${free_mb:-$least_free_mb}" -ge "$least_free_mb" ] ||
        stop 73 "$out has $free_mb MB free, and the kit needs $least_free_mb"
    host=$(uname -n | tr -c 'A-Za-z0-9.\n-' '_')
    title=clearbox-results-${host:-unknown}-$(date -u +%Y%m%dT%H%M%SZ)
    results=$place/$title
    mkdir "$results" "$place/tmp" "$place/cache" "$place/lib" || stop 73 "cannot write to $out"
}

# What the loader said in a file.
check_glibc() {
    ! grep -q GLIBC_ "$1" ||
        stop 69 "the kit needs glibc $(fact glibc) or newer, and this system's is older; pack one on an older system"
}

# By the system's xz, else the kit's own.
unxz() {
    if have xz; then
        xz -dc
    else
        LD_LIBRARY_PATH=$here "$here/xz" -dc
    fi <"$here/payload.tar.xz"
}

unpack() {
    unxz 2>"$place/unxz" | tar -xf - -C "$place" 2>"$place/untar"
    if [ -s "$place/unxz" ] || [ -s "$place/untar" ] || [ ! -e "$place/whole" ]; then
        check_glibc "$place/unxz"
        stop 73 "cannot unpack into $out: $(cat "$place/unxz" "$place/untar" | head -n 1)"
    fi
}

# The loader's own list, without libraries of another architecture; empty where there is none.
known_libraries() {
    case $architecture in
    x86_64) kind=x86-64 ;;
    aarch64) kind=AArch64 ;;
    *) kind=libc6 ;;
    esac
    { ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null |
        sed -n "s/^[[:space:]]*\([^ ]*\) (.*$kind.*) => \(.*\)/\1 \2/p"
}

# Libraries that this system has are its own, as its driver's are: of two of one name a program gets
# one only, and a driver may be in need of the newer. The others are the kit's.
lend_libraries() {
    known_libraries >"$place/known"
    for library in "$place"/carried/*; do
        name=${library##*/}
        grep -q "^$name " "$place/known" || ln -s "$library" "$place/lib/$name"
    done
    ours=$place/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    starts && return 0
    ln -sf "$place"/carried/* "$place/lib/"
    starts && return 0
    check_glibc "$place/start"
    stop 69 "clearbox does not start here: $(head -n 1 "$place/start")"
}

# What runs with the libraries that were lent.
lent() {
    env "LD_LIBRARY_PATH=$ours" "$@"
}

starts() {
    lent LD_BIND_NOW=1 "$place/bin/clearbox" --version >"$place/start" 2>&1
}

set_environment() {
    export CLEARBOX_DATA="$place/share/clearbox/mnist" CBX_TEST_DATA="$place/share/clearbox/mnist"
    export TMPDIR="$place/tmp" XDG_CACHE_HOME="$place/cache" POCL_CACHE_DIR="$place/cache/pocl"
    export CUDA_CACHE_PATH="$place/cache/cuda" HOME="${HOME:-$place/tmp}" LC_ALL=C
    mkdir -p "$POCL_CACHE_DIR"
    unset CLEARBOX_NO_TUNE
}

# ---- the driver ----

driver_names='libnvidia-opencl.so.1 libamdocl64.so libamdocl-orca64.so libigdrcl.so libigdrcl_legacy1.so libintelocl.so libmali.so.1 libpocl.so.2'

# Where drivers lie that no loader knows of.
driver_folders() {
    printf '%s' "${LD_LIBRARY_PATH:-}" | tr ':' '\n'
    for folder in /usr/lib /usr/lib64 /usr/local/lib "/usr/lib/$(uname -m)-linux-gnu" \
        "/usr/lib/$(uname -m)-linux-gnu/intel-opencl" /usr/lib64/intel-opencl /usr/lib/intel-opencl \
        "/usr/lib/$(uname -m)-linux-gnu/nvidia/current" /usr/local/nvidia/lib64 /usr/lib/wsl/lib \
        /run/opengl-driver/lib /opt/rocm*/lib /opt/rocm*/opencl/lib /opt/amdgpu*/lib/* \
        /opt/intel/oneapi/compiler/latest/lib; do
        [ ! -d "$folder" ] || echo "$folder"
    done
}

find_drivers() {
    for driver in $driver_names; do
        path=$(sed -n "s/^$driver //p" "$place/known" | head -n 1)
        if [ ! -e "$path" ]; then
            path=$(driver_folders | while read -r folder; do
                [ ! -e "$folder/$driver" ] || echo "$folder/$driver"
            done | head -n 1)
        fi
        [ -z "$path" ] || echo "$path"
    done
}

list_devices() {
    lent timeout -k 10 120 "$place/bin/clearbox" devices --list >"$place/list" \
        2>"$results/list.log" </dev/null
}

# As the system has it; where that gives no device, what was found is named to the loader.
choose_driver() {
    list_devices
    if [ ! -s "$place/list" ] && [ -z "${OCL_ICD_VENDORS:-}${OCL_ICD_FILENAMES:-}" ]; then
        find_drivers >"$results/drivers.txt"
        mkdir "$place/vendors"
        while read -r path; do
            echo "$path" >"$place/vendors/${path##*/}.icd"
        done <"$results/drivers.txt"
        [ -s "$results/drivers.txt" ] ||
            stop 69 "there is no OpenCL driver: nothing usable in /etc/OpenCL/vendors, and none of" \
                "$driver_names in the usual folders; install the card's, or set OCL_ICD_VENDORS"
        export OCL_ICD_VENDORS="$place/vendors"
        list_devices
    fi
    [ -s "$place/list" ] || stop 69 "no OpenCL device: $(head -n 1 "$results/list.log")"
    cp "$place/list" "$results/devices.txt"
    choose_device
}

# By its place, kind or a part of its name, as of --device; from here on by its place.
choose_device() {
    chosen=$(awk -F '\t' -v spec="$device" '
        {score = 0}
        spec == "" {score = 1 + ($2 == "GPU")}
        spec != "" && index(tolower($3), tolower(spec)) {score = 1}
        spec != "" && tolower($2) == tolower(spec) {score = 2}
        $1 == spec {score = 3}
        score > best {best = score; found = $1 "\t" $3}
        END {print found}' "$place/list")
    [ -n "$chosen" ] || stop 69 "there is no device '$device'; there are: $(tr '\t\n' ' ;' <"$place/list")"
    device=${chosen%%	*} device_name=${chosen#*	}
    export CLEARBOX_DEVICE="$device"
}

describe_system() {
    {
        uname -a
        cat /etc/os-release 2>/dev/null
        grep -m 1 'model name' /proc/cpuinfo 2>/dev/null
        grep MemTotal /proc/meminfo 2>/dev/null
        grep -E '^(libOpenCL|libnvidia|libcuda|libamdocl|libigdrcl)' "$place/known"
        for tool in nvidia-smi rocm-smi clinfo; do
            ! have $tool || { echo "---- $tool" && timeout -k 5 20 $tool 2>&1; }
        done
    } >"$results/system.txt" </dev/null
    cp "$place/start" "$results/version.txt"
}

# ---- running ----

now() {
    date +%s
}

# What a step is, with its limit in $1: sets `command`.
run_command() {
    bench='bin/clearbox bench --no-baseline --format jsonl'
    if [ $quick = yes ]; then
        how='--seconds 0.5 --repetitions 3' epochs=1 patience=120
    else
        how='--seconds 3 --repetitions 5' epochs=5 patience=280
    fi
    case $1 in
    devices) command="bin/clearbox devices --json --timeout $patience" ;;
    verify) command="bin/clearbox verify --json" ;;
    verify-all) command="bin/clearbox verify --all --json" ;;
    verify-*) command="bin/clearbox verify --family ${1#verify-} --json" ;;
    tune) command="$bench --tune --hidden 64 $how" ;;
    bench-*) command="$bench --hidden ${1#bench-} $how" ;;
    tuned-*) command="$bench --hidden ${1#tuned-} $how" ;;
    split-*) command="$bench --arithmetic split-bf16 --schedule fused --hidden ${1#split-} $how" ;;
    film-*)
        command="bin/clearbox learn --hidden ${1#film-} --recipe nll --epochs $epochs"
        command="$command -o $title/$1.mp4 --metrics $title/$1.jsonl"
        ;;
    test_*) command="env CLEARBOX_NO_TUNE=1 tests/$1" ;;
    esac
}

json() {
    printf '"'
    printf '%s' "$1" | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g'
    printf '"'
}

state_of() {
    case $1 in
    0) echo 'done' ;;
    77) echo 'left out' ;;
    124 | 137 | 143) echo 'timed out' ;;
    *) echo failed ;;
    esac
}

# record NAME STATE RC SECONDS LIMIT
record() {
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" "$command" >>"$place/steps"
}

# In the background, for a shell waits for what is in front before it hears of a signal.
run_step() {
    name=$1 limit=$2 command='' cut=no
    left=$((end - $(now)))
    if [ -n "$stopped" ] || [ $left -lt 10 ]; then
        record "$name" skipped null 0 "$limit"
        return
    fi
    [ "$limit" -le $left ] || { limit=$left && cut=yes; }
    run_command "$name"
    began=$(now)
    printf '%-28s' "$name" >&2
    # shellcheck disable=SC2086
    lent timeout -k 10 "$limit" $command >"$results/$name.out" 2>"$results/$name.log" </dev/null &
    child=$!
    wait $child
    rc=$?
    while [ $rc -gt 128 ] && kill -0 $child 2>/dev/null; do # a signal ended the waiting only
        wait $child
        rc=$?
    done
    child=''
    took=$(($(now) - began))
    state=$(state_of $rc)
    case $name:$rc in
    split-*:69) state='left out' ;; # a device without tensor cores
    esac
    [ $cut = no ] || [ "$state" != 'timed out' ] || state='cut short'
    [ -z "$stopped" ] || state=stopped
    printf '%s, %s s%s\n' "$state" "$took" "$([ "$state" != failed ] || echo ", exit $rc")" >&2
    record "$name" "$state" "$rc" "$took" "$limit"
}

run_steps() {
    stopped='' child=''
    end=$((begun + 60 * minutes - reserve))
    trap 'stopped=yes; [ -z "$child" ] || kill -TERM "$child"' INT TERM HUP
    : >"$place/steps"
    list_steps >"$place/plan"
    while read -r name limit quick_limit; do
        [ $quick = no ] || limit=$quick_limit
        ! is_wanted "$name" || run_step "$name" "$limit"
    done <"$place/plan"
}

# ---- what came out ----

# The lines of all benches, those of the host and devices once.
join_benches() {
    for name in bench tuned split; do
        for hidden in 64 256 1024 4096 16384 65536; do
            cat "$results/$name-$hidden.out" 2>/dev/null
        done |
            awk '/"type":"row"/ || !seen[substr($0, 1, 40)]++' >"$results/$name.jsonl"
        [ -s "$results/$name.jsonl" ] || rm -f "$results/$name.jsonl"
    done
    cp "$place"/cache/clearbox/tune-*.json "$results/" 2>/dev/null
}

write_summary() {
    {
        printf '{"kit": 1, "clearbox": %s, "commit": %s,\n' "$(json "$(fact version)")" "$(json "$(fact commit)")"
        printf ' "date": %s, "host": %s, "system": %s,\n' "$(json "$(date -u +%Y-%m-%dT%H:%M:%SZ)")" \
            "$(json "$host")" "$(json "$(uname -srm)")"
        printf ' "device": %s, "name": %s, "driver": %s, "opencl": %s,\n' "$(json "$device")" \
            "$(json "$device_name")" "$(json "$(device_fact driver)")" "$(json "$(device_fact version)")"
        printf ' "quick": %s, "minutes": %s, "seconds": %s,\n "steps": [' \
            "$([ $quick = yes ] && echo true || echo false)" "$minutes" $(($(now) - begun))
        comma=''
        while IFS='	' read -r name state rc seconds limit command; do
            printf '%s\n  {"name": %s, "state": %s, "rc": %s, "seconds": %s, "limit": %s, "command": %s}' \
                "$comma" "$(json "$name")" "$(json "$state")" "$rc" "$seconds" "$limit" "$(json "$command")"
            comma=,
        done <"$place/steps"
        printf '\n ]}\n'
    } >"$results/summary.json"
}

# A member of the chosen device in the list that is asked for once more, now in JSON.
device_fact() {
    [ -s "$place/list.json" ] || lent timeout -k 10 120 "$place/bin/clearbox" devices \
        --list --json >"$place/list.json" 2>/dev/null </dev/null
    awk -v spec="\"$device\"" -v key="\"$1\":" '$1 == "\"spec\":" {ours = index($2, spec) == 1}
        ours && $1 == key {sub(/^ *"[a-z]*": "/, ""); sub(/",?$/, ""); print; exit}' "$place/list.json"
}

# Rows of JSON lines as a table.
bench_table() {
    awk '
    function number(key) {
        if (!match($0, "\"" key "\":([{]\"median\":)?[0-9.eE+-]+")) return 0
        value = substr($0, RSTART, RLENGTH); sub(/.*:/, "", value); return value + 0
    }
    function word(key) {
        if (!match($0, "\"" key "\":\"[^\"]*")) return "-"
        value = substr($0, RSTART, RLENGTH); sub(/.*"/, "", value); return value
    }
    /"type":"row"/ && /"reason":null/ {
        printf "| %6d | %-8s | %10.4g | %9.1f | %5.0f %% | %12.1f | %8.0f |\n", number("hidden"),
            word("schedule"), number("epoch_seconds"), number("flop_per_second") / 1e9,
            100 * number("share_of_peak"), number("evaluate_flop_per_second") / 1e9,
            number("draw_frames_per_second")
    }
    /"type":"row"/ && !/"reason":null/ {
        printf "| %6d | %-8s | %s\n", number("hidden"), word("schedule"), word("reason") " |||||"
    }' "$1"
}

write_table() {
    {
        echo "clearbox $(fact version) $(fact commit) on $device_name, driver $(device_fact driver)"
        echo
        awk -F '\t' '{count[$2]++} $2 == "failed" || $2 == "timed out" {bad = bad sprintf("%-28s %s, exit %s, %s s\n", $1, $2, $3, $4)}
            $2 == "skipped" || $2 == "stopped" || $2 == "cut short" {gone = gone " " $1}
            END {for (state in count) printf "%d %s  ", count[state], state; printf "\n%s", bad
                 if (gone) print "not run, or not to its end:" gone}' "$place/steps"
        for name in bench tuned split; do
            [ -s "$results/$name.jsonl" ] || continue
            echo
            case $name in
            tuned) echo 'after tuning:' ;;
            split) echo 'by split-bf16, against the peak of float32 multiply-adds:' ;;
            esac
            echo '|      H | schedule |    epoch s |   GFLOP/s | of peak | eval GFLOP/s | frames/s |'
            echo '| -----: | -------- | ---------: | --------: | ------: | -----------: | -------: |'
            bench_table "$results/$name.jsonl"
        done
    } >"$results/summary.md"
}

write_archive() {
    archive=$out/$title.tar.gz
    if ! { tar -cf - -C "$place" "$title" && : >"$place/whole"; } 2>"$place/tar" |
        gzip >"$archive.part" 2>>"$place/tar" || [ ! -e "$place/whole" ] ||
        ! mv "$archive.part" "$archive"; then
        rm -f "$archive.part"
        trap - EXIT
        stop 74 "cannot write $archive: $(head -n 1 "$place/tar"); the results are in $results"
    fi
}

conclude() {
    cat "$results/summary.md"
    say "the results are in $archive"
    [ -z "$stopped" ] || exit 130
    ! grep -qE '	(failed|timed out)	' "$place/steps" || exit 70
}

# ---- ----

case ${1:-} in
run)
    shift
    parse "$@"
    check_only
    begun=$(date +%s)
    check_machine
    make_place
    unpack
    set_environment
    lend_libraries
    choose_driver
    say "clearbox $(fact version) on $device, $device_name; at most $minutes minutes"
    describe_system
    cd "$place" || stop 73 "cannot use $place"
    run_steps
    join_benches
    write_summary
    write_table
    write_archive
    conclude
    ;;
steps)
    list_steps | sed 's/ .*//'
    ;;
-h | --help | help)
    usage
    ;;
*)
    usage >&2
    exit 64
    ;;
esac
