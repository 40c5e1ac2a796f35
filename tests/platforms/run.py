#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the self-test, `verify` and tests of a build on every OpenCL that can be had, and prints a table.

usage: run.py [FLAGS] BUILD_DIR

  --fetch DIR        where drivers, chroots and results are kept [BUILD_DIR/platforms]
  --only NAME,...    only these platforms; the table has what was kept of others, too
  --all              every test, and the long runs of verify
  --steps NAME,...   these steps of the kit, whatever the platform
  --minutes N        at most so many for each platform [20; 240 with --all]
  --mirror D=URL     where packages of the distribution D are had [that of this system]
  --table            run nothing: the table of what was kept
  --output FILE      write the table there
  --list             the platforms

BUILD_DIR has its tests (-DCBX_TESTS=ON), all built. bench/kit.py packs it, and the kit runs on each platform: on
this system, or in a chroot for what comes with another. Drivers are had from PyPI by pip, chroots by
debootstrap, which wants root and some 2 GB. Nothing of this system is changed, nothing is installed.

Exit codes: 0, also where a platform is refused or not to be had, for which the table has the reason; 70 a
platform that passed the self-test computes other bits than the rest; 64 usage; 66 no such build; 73 FILE or
DIR cannot be written.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys

import places
import table
from known import PLATFORMS, QUICK, System

KIT = pathlib.Path(__file__).resolve().parents[2] / "bench" / "kit.py"
DIFFERS, USAGE, MISSING, CANNOT_CREATE = 70, 64, 66, 73


class Fault(Exception):
    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Fault(USAGE, message)

    def format_help(self):
        return __doc__


def parse():
    parser = Parser()
    parser.add_argument("--fetch", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--steps")
    parser.add_argument("--minutes", type=int)
    parser.add_argument("--mirror", action="append", default=[])
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--output")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("build", nargs="?", type=pathlib.Path)
    options = parser.parse_args()
    options.only = [name for name in options.only.split(",") if name]
    unknown = set(options.only) - {platform.name for platform in PLATFORMS}
    if unknown:
        raise Fault(USAGE, f"there is no platform '{min(unknown)}'; --list has them")
    if not all("=" in mirror for mirror in options.mirror):
        raise Fault(USAGE, "--mirror wants DISTRIBUTION=URL")
    options.mirror = dict(mirror.split("=", 1) for mirror in options.mirror)
    if options.minutes is None:
        options.minutes = 240 if options.all else 20
    if options.minutes < 1:
        raise Fault(USAGE, "--minutes wants a whole number")
    if not options.list and options.build is None:
        raise Fault(USAGE, "BUILD_DIR is missing")
    return options


def pack(build, folder):
    """The kit of what is built now, which takes a minute where it is not that of the last time."""
    kit = folder / "kit.tar.gz"
    parts = [build / "clearbox", KIT, KIT.with_name("kit_run.sh"), *build.glob("test_*")]
    if kit.exists() and all(kit.stat().st_mtime > part.stat().st_mtime for part in parts if part.exists()):
        return kit
    done = subprocess.run([sys.executable, "-B", KIT, "pack", "--preset", "0", build, kit])
    if done.returncode:
        raise Fault(done.returncode, "the kit could not be packed")
    return kit


def all_steps(kit, folder):
    places.unpack_kit(kit, folder / "kit")
    steps = subprocess.run([folder / "kit/clearbox-kit/kit", "steps"], check=True, capture_output=True, text=True)
    return [name for name in steps.stdout.split()
            if name in QUICK or name == "verify-all" or name.startswith("test_")]


def devices_of(build):
    """What this machine has; nothing where it has none."""
    listed = subprocess.run([build / "clearbox", "devices", "--list"], capture_output=True, text=True)
    return [line.split("\t")[0] for line in listed.stdout.splitlines() if "\t" in line]


def rows_of(platform, build):
    """(name, device): one, but one for each device of a system as it is."""
    if platform.source != System():
        return [(platform.name, None)]
    found = devices_of(build)
    return [(f"{platform.name}-{device.replace(':', '-')}", device) for device in found] or [(platform.name, None)]


def try_platform(platform, kit, options, steps):
    for name, device in rows_of(platform, options.build):
        kept = {end: options.fetch / "results" / f"{name}.{end}" for end in ("tar.gz", "reason")}
        for path in kept.values():
            path.unlink(missing_ok=True)
        print(f"---- {name}: {platform.about}", file=sys.stderr, flush=True)
        try:
            archive = places.run_kit(platform, kit, options.fetch, options.mirror,
                                     options.steps.split(",") if options.steps else platform.steps or steps,
                                     options.minutes, device)
            shutil.move(archive, kept["tar.gz"])
        except places.Missing as missing:
            print(f"{name}: {missing}", file=sys.stderr, flush=True)
            kept["reason"].write_text(f"{missing}\n")


def results(folder):
    """(platform, archive, reason) of all that was kept, in the order of the list."""
    found = []
    for platform in PLATFORMS:
        paths = [path for path in (folder / "results").glob(f"{platform.name}*")
                 if path.name in (f"{platform.name}.tar.gz", f"{platform.name}.reason")
                 or platform.source == System()]
        for path in sorted(paths):
            name = path.name.removesuffix(".tar.gz").removesuffix(".reason")
            found.append((name, path, None) if path.suffix == ".gz" else (name, None, path.read_text().strip()))
    return found


def main():
    options = parse()
    if options.list:
        for platform in PLATFORMS:
            print(f"{platform.name:22} {platform.about}")
        return 0
    options.build = options.build.resolve()
    options.fetch = (options.fetch or options.build / "platforms").resolve()
    try:
        for name in ("results", "logs", "vendors", "wheels", "chroots"):
            (options.fetch / name).mkdir(parents=True, exist_ok=True)
        if not options.table:
            kit = pack(options.build, options.fetch)
            steps = all_steps(kit, options.fetch) if options.all else QUICK
            for platform in PLATFORMS:
                if not options.only or platform.name in options.only:
                    try_platform(platform, kit, options, steps)
        text, differs = table.make(results(options.fetch))
        if options.output:
            pathlib.Path(options.output).write_text(text)
        else:
            print(text, end="")
    except OSError as error:
        raise Fault(CANNOT_CREATE, f"cannot write: {error}") from None
    for name in differs:
        print(f"run.py: {name} computes other bits than the rest", file=sys.stderr)
    return DIFFERS if differs else 0


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    try:
        sys.exit(main())
    except (Fault, table.Fault) as fault:
        print(f"run.py: {fault}", file=sys.stderr)
        sys.exit(getattr(fault, "code", 65))
