#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One table of all results that are kept, each row with the command that repeats it.

usage: results.py [--output FILE.md] [FOLDER]

FOLDER, bench/results beside this file where none is named, is searched for what `clearbox bench --json` and
`--format jsonl` wrote, *.json and *.jsonl, and for the archives of kits, clearbox-results-*.tar.gz. Archives
are read, never unpacked. A file that cannot be read is left out and named; then the exit code is 65. Other
exit codes: 64 usage, 66 no such folder, 73 the table cannot be written.
"""
import argparse
import json
import os
import re
import shlex
import sys
import tarfile

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "results")
USAGE, BAD_DATA, MISSING, CANNOT_CREATE = 64, 65, 66, 73
FORMAT = 1
BASELINE = "OpenBLAS"
MOST_BYTES = 16 << 20  # of a file in an archive that somebody sent
# What host/cli/bench_options.c takes where nothing is said.
DEFAULTS = {"batch": 64, "recipe": "lesson", "family": "auto", "arithmetic": "canon", "repetitions": 5,
            "seconds": 3}
HEADS = ["H", "device", "driver", "kernels", "schedule", "epoch s", "±", "GFLOP/s", "of peak", "evaluate GFLOP/s",
         "frames/s", "film frames/s", "clearbox", "date", "file", "command"]
NUMBERS = {"H", "epoch s", "±", "GFLOP/s", "of peak", "evaluate GFLOP/s", "frames/s", "film frames/s"}


class Fault(Exception):
    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


# ---- reading ----

def as_object(text):
    """A result as --json has it, also from JSON lines, whose last may be cut short."""
    try:
        result = json.loads(text)
    except ValueError:
        result = None
    if result is None or isinstance(result, dict) and result.get("type") == "host":
        lines = text.splitlines()
        values = []
        for number, line in enumerate(lines, 1):
            try:
                values.append(json.loads(line))
            except ValueError as error:
                if number < len(lines) or text.endswith("\n"):
                    raise Fault(BAD_DATA, f"line {number}: {error}") from None
        if not values or not all(isinstance(value, dict) for value in values):
            raise Fault(BAD_DATA, "it is no result of clearbox bench")
        result = {**values[0], "devices": [value for value in values if value.get("type") == "device"],
                  "rows": [value for value in values if value.get("type") == "row"]}
    check(result)
    return result


def check(result):
    if not isinstance(result, dict) or not isinstance(result.get("clearbox"), str) \
            or not all(isinstance(result.get(key), kind) for key, kind in
                       (("rows", list), ("devices", list), ("settings", dict))):
        raise Fault(BAD_DATA, "it is no result of clearbox bench")
    if result.get("format") != FORMAT:
        raise Fault(BAD_DATA, f"clearbox {result['clearbox']} wrote it in a format that is not known here")
    for row in result["rows"]:
        if not isinstance(row, dict) or not isinstance(row.get("hidden"), int) \
                or not isinstance(row.get("device"), str) or not isinstance(row.get("schedule"), str):
            raise Fault(BAD_DATA, "a row lacks device, schedule or hidden")
    if not all(isinstance(device, dict) for device in result["devices"]):
        raise Fault(BAD_DATA, "a device is no object")


def members(path):
    """Names and texts of the files in an archive that are read here, without their folder."""
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            name = os.path.basename(member.name)
            if member.isfile() and name in ("bench.jsonl", "tuned.jsonl", "split.jsonl", "summary.json"):
                if member.size > MOST_BYTES:
                    raise Fault(BAD_DATA, f"its {name} has {member.size} bytes")
                yield name, archive.extractfile(member).read().decode("utf-8", "replace")


def read_archive(path):
    """The results in a kit's archive, and its summary."""
    results, summary = [], None
    for name, text in members(path):
        if name == "summary.json":
            summary = json.loads(text)
            if not isinstance(summary, dict) or not isinstance(summary.get("steps"), list) \
                    or not all(isinstance(step, dict) for step in summary["steps"]):
                raise Fault(BAD_DATA, "its summary is none of a kit")
        else:
            results.append(({"tuned": True} if name == "tuned.jsonl" else {}) | as_object(text))
    if summary is None:
        raise Fault(BAD_DATA, "it has no summary.json, as kits' archives have")
    return results, summary


def read_file(path):
    """(results, summary or None)"""
    try:
        if path.endswith(".tar.gz"):
            return read_archive(path)
        with open(path, encoding="utf-8") as file:
            return [as_object(file.read())], None
    except (OSError, EOFError, ValueError, RecursionError, tarfile.TarError) as error:
        raise Fault(BAD_DATA, str(error)) from None


def find(folder):
    if not os.path.isdir(folder):
        raise Fault(MISSING, f"there is no folder {folder}")
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".json", ".jsonl")) or re.fullmatch(r"clearbox-results-.*\.tar\.gz", name):
                yield os.path.join(place, name)


# ---- what is shown ----

def median(value):
    if isinstance(value, dict):
        value = value.get("median")
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else None


def number(value, unit=1.0):
    value = median(value)
    return "-" if value is None else f"{value * unit:.4g}"


def share(value):
    value = median(value)
    return "-" if value is None else f"{100 * value:.0f} %"


def scatter(value):
    """Half of what lies between the extremes, as a share of the median."""
    middle = median(value)
    extremes = [median(value.get(key)) for key in ("min", "max")] if isinstance(value, dict) else [None]
    return "-" if middle is None or None in extremes else share((extremes[1] - extremes[0]) / 2 / middle)


def command(result, row, name):
    """What measures this row again, with the flags that are not as they come."""
    settings = result["settings"]
    words = ["clearbox", "bench", "--hidden", str(row["hidden"])]
    if row["device"] != BASELINE:
        words += ["--device", name.split(",")[0] or row["device"], "--schedule", row["schedule"]]
    for key, usual in DEFAULTS.items():
        if settings.get(key, usual) != usual:
            value = settings[key]
            words += [f"--{key}", f"{value:g}" if isinstance(value, (int, float)) else str(value)]
    if settings.get("film"):
        words.append("--film")
    if settings.get("tune") or result.get("tuned"):
        words.append("--tune")
    return shlex.join(words)


def cells(path, result, row):
    device = next((each for each in result["devices"] if each.get("device") == row["device"]), {})
    name = str(device.get("name") or (result.get("openblas") if row["device"] == BASELINE else "") or
               row["device"])
    film = row.get("film_job") if isinstance(row.get("film_job"), dict) else {}
    commit = result.get("commit")
    return [str(row["hidden"]), name, device.get("driver") or "-", device.get("family") or "-", row["schedule"],
            number(row.get("epoch_seconds")), scatter(row.get("epoch_seconds")),
            number(row.get("flop_per_second"), 1e-9), share(row.get("share_of_peak")),
            number(row.get("evaluate_flop_per_second"), 1e-9), number(row.get("draw_frames_per_second")),
            number(film.get("frames_per_second")), f"{result['clearbox']} {commit or ''}".strip(),
            str(result.get("date") or "-")[:10], os.path.basename(path), f"`{command(result, row, name)}`"]


def plain(text):
    """Nothing in a cell, which may be a stranger's, ends it."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f|\u2028-\u202e\u2066-\u2069]", "/", str(text))


def table(heads, rows):
    rows = [[plain(cell) for cell in row] for row in rows]
    lines = [heads, ["--:" if head in NUMBERS else "---" for head in heads], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def order(row):
    """By H, the fastest first."""
    try:
        return int(row[0]), float(row[5]), row[1:]
    except ValueError:
        return int(row[0]), float("inf"), row[1:]


def kit_cells(path, summary):
    def named(*states):
        return ", ".join(str(step.get("name")) for step in summary["steps"] if step.get("state") in states) or "-"

    done = sum(step.get("state") == "done" for step in summary["steps"])
    return [os.path.basename(path), summary.get("name") or "-", summary.get("driver") or "-",
            summary.get("commit") or "-", str(done), named("failed", "timed out"),
            named("skipped", "cut short", "stopped")]


def page(files):
    rows, unmeasured, kits = [], [], []
    for path, (results, summary) in files:
        for result in results:
            for row in result["rows"]:
                (unmeasured if isinstance(row.get("reason"), str) else rows).append((path, result, row))
        if summary is not None:
            kits.append(kit_cells(path, summary))
    text = "# Results\n\nMade by `bench/results.py` of the files beside this; by H, the fastest first.\n\n"
    text += table(HEADS, sorted((cells(*row) for row in rows), key=order))
    if unmeasured:
        text += "\nNot measured:\n\n" + table(
            ["H", "device", "schedule", "file", "reason"],
            [[str(row["hidden"]), cells(path, result, row)[1], row["schedule"], os.path.basename(path),
              row["reason"]] for path, result, row in unmeasured])
    if kits:
        text += "\nWhat else the kits found:\n\n" + table(
            ["file", "device", "driver", "commit", "steps done", "failed or timed out", "not run to their end"], kits)
    return text


EMPTY = """# Results

No result is kept in {folder} yet. `clearbox bench --json -o NAME.json` writes one; a kit's archive is one, too.
"""


def write(text, output):
    if not output:
        sys.stdout.write(text)
        return
    try:
        with open(output, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Fault(CANNOT_CREATE, f"cannot write {output}: {error.strerror}") from None


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Fault(USAGE, message)


def main():
    parser = Parser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", metavar="FILE.md", help="write there instead of standard output")
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=FOLDER)
    options = parser.parse_args()
    files, code = [], 0
    for path in find(options.folder):
        try:
            files.append((path, read_file(path)))
        except Fault as fault:
            print(f"results.py: {path} is left out: {fault}", file=sys.stderr)
            code = BAD_DATA
    write(page(files) if files else EMPTY.format(folder=os.path.relpath(options.folder)), options.output)
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Fault as fault:
        print(f"results.py: {fault}", file=sys.stderr)
        sys.exit(fault.code)
