# SPDX-License-Identifier: MIT
"""Jobs of clearbox-mpi, by a launcher of MPI."""

import os
import pathlib
import re
import subprocess
import time

from alike import Alike
from support import PROGRAM, environment, start

LAUNCHER = os.environ["CBX_LAUNCHER"]
SECONDS_TO_END = 5.0

# What Open MPI asks of root, and of whoever starts more ranks than there are cores.
os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_rmaps_base_oversubscribe="1")
# What ranks of one core would choose, so that the device's name in outputs is that of one process, too.
os.environ["POCL_DEVICES"] = "basic cpu-minimal"


def ranks(count):
    return (LAUNCHER, "-n", count)


def processes_below(pid):
    """All that it started, and what those did."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == pid:
            child = int(path.parent.name)
            found += [child, *processes_below(child)]
    return found


def name_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def rank_of(pid):
    try:
        found = re.search(rb"(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)", pathlib.Path(f"/proc/{pid}/environ").read_bytes())
    except OSError:
        return None
    return int(found[1]) if found else None


class Jobs(Alike):
    def job(self, count, *arguments, cwd=None, env=None):
        process = start(*arguments, cwd=cwd or self.folder, env=env, launcher=ranks(count))
        self.addCleanup(process.kill)
        return process

    def unlike_job(self, count, arguments, changes, env=None):
        """One whose ranks have an environment of their own: {rank: {NAME: value}}."""
        command = [LAUNCHER]
        for rank in range(count):
            own = [f"{name}={value}" for name, value in changes.get(rank, {}).items()]
            command += [*([":"] if rank else []), "-n", 1, *(["env", *own] if own else []), PROGRAM, *arguments]
        process = subprocess.Popen([*map(str, command)], cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env or environment())
        self.addCleanup(process.kill)
        return process

    def ended(self, process, seconds=300):
        """The exit code, and the lines of the program."""
        out, err = process.communicate(timeout=seconds)
        return process.returncode, [line for line in (out + err).splitlines() if line.startswith("clearbox: ")], out + err

    def processes(self, launcher):
        """Of the ranks, in order."""
        found = {rank_of(pid): pid for pid in processes_below(launcher.pid) if name_of(pid) == os.path.realpath(PROGRAM)}
        return [found[rank] for rank in sorted(found)]

    def trains(self, process):
        """Waits for the first epoch."""
        for line in process.stderr:
            if line.split()[:1] == ["1"]:
                return
        self.fail("it ended before its first epoch was over")

    def long_job(self, count, *flags):
        process = self.job(count, "learn", *self.data, "--epochs", 1000000, "--batch", 50, "--hidden", 100, *flags)
        self.trains(process)
        return process

    def assert_gone(self, pids, begun):
        while any(name_of(pid) for pid in pids):
            self.assertLess(time.monotonic() - begun, SECONDS_TO_END)
            time.sleep(0.01)
