# SPDX-License-Identifier: MIT
"""What tests of the page share in every browser: the runs that make pages, and how scripts are run in
them."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from support import OK, SOURCE, run

DATA = SOURCE / "data" / "mnist"

# Runs as the body of an async function; what it returns comes back.
ASYNC = """const done = arguments[arguments.length - 1];
(async (...args) => {%s})(...[...arguments].slice(0, -1))
    .then((value) => done({value}), (error) => done({error: String(error)}));"""


def learn(folder, *flags, data=DATA):
    """page.html, weights.safetensors and, unless --no-video, learn.mp4 in the folder."""
    result = run("learn", "--data", data, "--report", "page.html", "--save", "weights.safetensors",
                 "--progress", "none", *flags, cwd=folder, timeout=900)
    assert result.returncode == OK, result.stderr
