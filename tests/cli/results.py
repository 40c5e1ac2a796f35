# SPDX-License-Identifier: MIT
"""What is the same of two runs that computed the same, one of which was stopped and went on."""

import json
import re

from support import read_safetensors_header, read_tensors

# Of a page and of metrics what is different each time.
TIMES = re.compile(rb'"(?:seconds|evaluate_seconds|load|start|train|evaluate|encode)": ?[-0-9.eE+]+')
HOW = re.compile(rb'"(?:schedule|command|compute_units)": ?"[^"]*"')


def metrics_of(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        for key in ("seconds", "evaluate_seconds", "images_per_second"):
            line.pop(key, None)
    return lines


def page_of(path):
    return HOW.sub(b"", TIMES.sub(b"", path.read_bytes()))


def header_of(path):
    header = read_safetensors_header(path)["__metadata__"]
    for key in ("schedule", "compute_units"): # of one device, or of the first rank's
        header.pop(key)
    return header


def results_of(folder, but=b""):
    """By name, of all outputs that are there, and do not have this content."""
    made = {}
    for path in folder.iterdir():
        if path.is_file() and path.read_bytes() == but:
            continue
        if path.suffix in (".mp4", ".ts", ".png"):
            made[path.name] = path.read_bytes()
        elif path.suffix == ".safetensors":
            made[path.name] = read_tensors(path)
            made[f"{path.name}, metadata"] = header_of(path)
        elif path.suffix == ".jsonl":
            made[path.name] = metrics_of(path)
        elif path.suffix == ".html":
            made[path.name] = page_of(path)
    return made
