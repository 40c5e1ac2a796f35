#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The README's Python does what the README says.

usage: test_readme.py CLEARBOX SOURCE
Runs the block of Python in the README on weights that clearbox has just trained, and
compares the accuracy that it prints with the program's own. Needs NumPy; exits 77 without.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import numpy  # noqa: F401, what the block imports
except ImportError:
    print("left out: there is no NumPy (Debian: python3-numpy)")
    sys.exit(77)


def main():
    program, source = sys.argv[1], pathlib.Path(sys.argv[2])
    blocks = re.findall(r"```python\n(.*?)```", (source / "README.md").read_text(), re.DOTALL)
    if len(blocks) != 1:
        sys.exit(f"{len(blocks)} blocks of Python in the README; this test knows one")
    with tempfile.TemporaryDirectory() as folder:
        learned = subprocess.run([program, "learn", "--recipe", "nll", "--no-video", "--epochs", "1",
                                  "--data", source / "data" / "mnist", "--save", "w.safetensors"],
                                 cwd=folder, check=True, stderr=subprocess.PIPE, text=True).stderr
        os.symlink(source / "data", pathlib.Path(folder, "data"))
        shown = subprocess.run([sys.executable, "-c", blocks[0]], cwd=folder, check=True,
                               stdout=subprocess.PIPE, text=True).stdout
    told = re.search(r"test +accuracy ([\d.]+) %", learned)
    if not told or shown != told[1] + "%\n":
        sys.exit(f"the README's Python printed {shown!r}, clearbox {told and told[1]!r}")


main()
