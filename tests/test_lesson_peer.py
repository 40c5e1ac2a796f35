#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""clearbox against the lesson's own program: the same weights and order, two epochs.

usage: test_lesson_peer.py CLEARBOX LESSON.PY DATA

Random weights go to both, as .safetensors and as .npz; both take the training images in
file order. W1 and W2 must then agree to 1e-3 of the largest weight. The lesson computes in
float64, clearbox in float32.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("left out: Python's numpy is not installed")
    sys.exit(77)  # for CTest, skipped

HIDDEN, EPOCHS, TOLERANCE = 64, 2, 1e-3


def pack(path, tensors):
    """Writes float32 tensors as safetensors: length, JSON header, then the bytes."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = np.ascontiguousarray(tensor, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def unpack(path):
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
    return tensors


def run(*command):
    print("+", " ".join(command), flush=True)
    subprocess.run(command, check=True)


def compare(name, actual, expected):
    error, largest = np.abs(actual - expected).max(), np.abs(expected).max()
    print(f"{name}: largest difference {error:.3g}, {error / largest:.3g} of the largest weight")
    return bool(error <= TOLERANCE * largest)  # a NaN fails


def main():
    clearbox, lesson, data = sys.argv[1:4]
    random = np.random.default_rng(7)
    w1 = random.normal(0, 785 ** -0.5, (785, HIDDEN)).astype(np.float32)
    w2 = random.normal(0, (HIDDEN + 1) ** -0.5, (HIDDEN + 1, 10)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        def path(name):
            return os.path.join(folder, name)

        # The lesson sets column label - 1, so digit d is its column d - 1, and 0 its last.
        np.savez(path("start.npz"), w1=w1, w2=np.roll(w2, -1, axis=1))
        pack(path("start.safetensors"), {"w1": w1, "w2": w2})
        run(clearbox, "learn", "--data", data, "--init", path("start.safetensors"),
            "--hidden", str(HIDDEN), "--epochs", str(EPOCHS), "--no-shuffle", "--no-video",
            "--save", path("end.safetensors"))
        run(sys.executable, lesson, "--data", data, "--init", path("start.npz"),
            "--hidden", str(HIDDEN), "--epochs", str(EPOCHS), "--no-shuffle", "--no-video",
            "--save", path("end.npz"))
        ours, theirs = unpack(path("end.safetensors")), np.load(path("end.npz"))
        moved = np.abs(theirs["w1"] - w1).max() / np.abs(w1).max()
        print(f"w1 moved by {moved:.3g} of its largest start weight")
        right = [moved > 0.1, compare("w1", ours["w1"], theirs["w1"]),
                 compare("w2", ours["w2"], np.roll(theirs["w2"], 1, axis=1))]
    sys.exit(0 if all(right) else 1)


if __name__ == "__main__":
    main()
