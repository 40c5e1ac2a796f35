# SPDX-License-Identifier: MIT
"""What a process that does not end is waiting for, for those who read a failed test."""

import os
import pathlib
import shutil
import subprocess


def read(path):
    try:
        return path.read_text().strip()
    except OSError as error: # it ended meanwhile, or may not be read
        return f"({error.strerror})"


def children_of(pid):
    return [int(child) for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children") for child in read(task).split()
            if child.isdigit()]


def threads_of(pid):
    return [f"  thread {task.name}: {read(task / 'comm')}, {read(task / 'wchan')}, system call {read(task / 'syscall')}"
            for task in sorted(pathlib.Path(f"/proc/{pid}/task").glob("*"))]


def stacks_of(pid):
    if not shutil.which("gdb"):
        return []
    command = ["gdb", "-p", str(pid), "-batch", "-ex", "thread apply all backtrace"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ, LC_ALL="C"))
    return [result.stdout]


def describe(pid):
    """Of it and those that it started."""
    command = read(pathlib.Path(f"/proc/{pid}/cmdline")).replace("\0", " ")
    lines = [f"process {pid}: {command}", *threads_of(pid), *stacks_of(pid)]
    for child in children_of(pid):
        lines.append(describe(child))
    return "\n".join(lines)
