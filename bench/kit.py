#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packs a built tree for a machine that has an OpenCL driver and nothing else.

usage: kit.py pack [--preset N] BUILD_DIR OUT.tar.gz

The archive has the program, the tests that need a device, MNIST, every shared library that these
need but those of glibc, and `kit` (kit_run.sh), which runs them there: see README.md beside this.
--preset is that of xz: 0 packs in seconds, 6, the default, gets a third smaller. Exit codes: 64 usage,
66 BUILD_DIR is no build with its tests, 69 a tool is missing, 73 OUT cannot be written.
"""
import argparse
import io
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
DATA = os.path.join(ROOT, "data", "mnist")
TOP = "clearbox-kit"
USAGE, MISSING, UNAVAILABLE, CANNOT_CREATE = 64, 66, 69, 73
# Of glibc, which a process has once: the machine's own, for its driver needs that.
GLIBC = re.compile(r"(?:ld-linux.*|lib(?:c|m|mvec|pthread|dl|rt|resolv|util|anl|nsl|BrokenLocale))\.so\.\d+")
# e_machine of ELF, as `uname -m` calls it.
MACHINES = {62: "x86_64", 183: "aarch64", 243: "riscv64", 21: "ppc64le", 22: "s390x"}
# x86 code gets a tenth smaller.
FILTERS = {"x86_64": [{"id": lzma.FILTER_X86}]}
# Similar files, such as the tests, are packed as one that is long.
DICTIONARY_BYTES = 64 << 20
# The tests whose answers are worth most on a new device.
FIRST = re.compile(r"test_(kernels|self_test|trainer)")


class Fault(Exception):
    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def output_of(*command, **options):
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout
    except FileNotFoundError:
        raise Fault(UNAVAILABLE, f"there is no '{command[0]}', which packing needs") from None
    except subprocess.CalledProcessError as error:
        text = (error.stderr or error.stdout).strip().splitlines()
        raise Fault(MISSING, f"{' '.join(command)} failed: {text[-1] if text else error}") from None


# ---- what goes into it ----

def properties_of(test):
    return {entry["name"]: entry["value"] for entry in test.get("properties", [])}


def find_tests(build):
    """Programs that need a device, as CTest lists them: path, timeout, and first, then or last."""
    listed = json.loads(output_of("ctest", "-L", "^device$", "--show-only=json-v1", cwd=build))
    tests = []
    for test in listed["tests"]:
        path, *arguments = test.get("command", [""])
        if os.path.dirname(path) == build and not arguments and re.fullmatch(r"test_[a-z0-9_]+", test["name"]):
            properties = properties_of(test)
            when = ("last" if "slow" in properties["LABELS"] else
                    "first" if FIRST.match(test["name"]) else "then")
            tests.append((path, int(properties.get("TIMEOUT", 900)), when))
    tests.sort(key=lambda test: "gpu" not in os.path.basename(test[0]))  # else in CTest's order
    missing = [path for path, _, _ in tests if not os.path.exists(path)]
    if not tests or missing:
        raise Fault(MISSING, f"{build} has no tests that were built: configure it with -DCBX_TESTS=ON, "
                             "and build all of it")
    return tests


def libraries_of(programs):
    """Of all programs, name and path of every shared library that is not glibc's."""
    found = {}
    for program in programs:
        for line in output_of("ldd", program).splitlines():
            name, _, path = line.partition(" => ")
            name = name.strip()
            if path.strip() == "not found":
                raise Fault(MISSING, f"{program} needs {name}, which is not on this machine")
            if path and not GLIBC.fullmatch(name):
                found[name] = path.rsplit(" (", 1)[0]
    return found


def architecture_of(program):
    with open(program, "rb") as file:
        head = file.read(20)
    if head[:4] != b"\x7fELF":
        raise Fault(MISSING, f"{program} is no program of Linux")
    return MACHINES.get(int.from_bytes(head[18:20], "little" if head[5] == 1 else "big"), "unknown")


def glibc_of(paths):
    """The newest version of glibc that any of them asks for."""
    newest = (0, 0)
    for path in paths:
        with open(path, "rb") as file:
            for major, minor in re.findall(rb"\0GLIBC_(\d+)\.(\d+)(?=[\0.])", file.read()):
                newest = max(newest, (int(major), int(minor)))
    return "%d.%d" % newest


# ---- packing ----

def add(archive, name, content, mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def stripped(path, scratch):
    """Without symbols, where there is a `strip`."""
    to = os.path.join(scratch, "stripped")
    if shutil.which("strip"):
        output_of("strip", "-o", to, path)
        path = to
    with open(path, "rb") as file:
        return file.read()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write_payload(path, kit, preset, scratch):
    filters = FILTERS.get(kit["architecture"], []) + [
        {"id": lzma.FILTER_LZMA2, "preset": preset, "dict_size": DICTIONARY_BYTES}]
    with lzma.open(path, "wb", format=lzma.FORMAT_XZ, filters=filters) as packed, \
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        add(archive, "bin/clearbox", stripped(kit["program"], scratch), 0o755)
        for test, _, _ in kit["tests"]:
            add(archive, "tests/" + os.path.basename(test), stripped(test, scratch), 0o755)
        for name, library in sorted(kit["libraries"].items()):
            add(archive, "carried/" + name, read(library), 0o755)
        for name in sorted(os.listdir(DATA)):
            add(archive, "share/clearbox/mnist/" + name, read(os.path.join(DATA, name)))
        add(archive, "whole", b"")  # the last: nothing is missing


README = """clearbox on a machine with an OpenCL driver:

  ./kit run              everything, up to two hours
  ./kit run --quick      little of everything, nine minutes
  ./kit --help

It writes one archive, clearbox-results-HOST-DATE.tar.gz: send that, whatever it says.
"""


def write_kit(out, kit, payload):
    facts = "".join(f"{name}={kit[name]}\n" for name in ("architecture", "version", "commit", "glibc"))
    tests = "".join(f"{os.path.basename(path)} {timeout} {when}\n" for path, timeout, when in kit["tests"])
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1, format=tarfile.GNU_FORMAT) as archive:
        add(archive, f"{TOP}/kit", read(os.path.join(HERE, "kit_run.sh")), 0o755)
        add(archive, f"{TOP}/README", README.encode())
        add(archive, f"{TOP}/facts", facts.encode())
        add(archive, f"{TOP}/tests", tests.encode())
        add(archive, f"{TOP}/xz", read(kit["xz"]), 0o755)
        for name, library in libraries_of([kit["xz"]]).items():
            add(archive, f"{TOP}/{name}", read(library), 0o755)
        archive.add(payload, f"{TOP}/payload.tar.xz", filter=anonymous)


def anonymous(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o644
    return entry


def look_at(build):
    program = os.path.join(build, "clearbox")
    if not os.access(program, os.X_OK) or not os.path.exists(os.path.join(build, "CTestTestfile.cmake")):
        raise Fault(MISSING, f"{build} is no build of clearbox with its tests")
    xz = shutil.which("xz")
    if not xz:
        raise Fault(UNAVAILABLE, "there is no 'xz', which the kit carries along")
    tests = find_tests(build)
    programs = [program, *(path for path, _, _ in tests)]
    libraries = libraries_of(programs)
    told = output_of(program, "--version")
    return {"program": program, "tests": tests, "libraries": libraries, "xz": xz,
            "architecture": architecture_of(program),
            "version": re.match(r"clearbox (\S+)", told)[1],
            "commit": re.search(r"(?m)^  commit +(\S+)", told)[1],
            "glibc": glibc_of([*programs, xz, *libraries.values()])}


def pack(build, out, preset):
    part = f"{out}.part-{os.getpid()}"
    try:
        with open(part, "wb") as file, tempfile.TemporaryDirectory(prefix="clearbox-kit-") as scratch:
            kit = look_at(build)
            payload = os.path.join(scratch, "payload.tar.xz")
            write_payload(payload, kit, preset, scratch)
            write_kit(file, kit, payload)
        os.replace(part, out)
    except OSError as error:
        raise Fault(CANNOT_CREATE, f"cannot write {out}: {error.strerror}") from None
    finally:
        if os.path.exists(part):
            os.remove(part)
    print(f"{out}: {os.path.getsize(out) / 2**20:.1f} MiB for {kit['architecture']} with glibc {kit['glibc']} "
          f"or newer: clearbox {kit['version']} ({kit['commit']}), {len(kit['tests'])} tests, "
          f"{len(kit['libraries'])} libraries")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Fault(USAGE, message)


def main():
    parser = Parser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="pack", parser_class=Parser)
    packing = commands.add_parser("pack", help="pack BUILD_DIR into OUT.tar.gz")
    packing.add_argument("build", metavar="BUILD_DIR")
    packing.add_argument("out", metavar="OUT.tar.gz")
    packing.add_argument("--preset", type=int, choices=range(10), default=6, metavar="N",
                         help="that of xz, 0 to 9 [6]")
    options = parser.parse_args()
    pack(os.path.realpath(options.build), options.out, options.preset)


if __name__ == "__main__":
    try:
        main()
    except Fault as fault:
        print(f"kit.py: {fault}", file=sys.stderr)
        sys.exit(fault.code)
