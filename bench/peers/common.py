# SPDX-License-Identifier: MIT
"""What the peers share that are written on a framework: flags, data, and the lines they print.

Each trains the lesson's recipe (see docs or trainer.h): normal weights, sigmoid twice, the error times
s(v) = sigmoid(v)(1 - sigmoid(v)) of the activation, sums over the batch, bias rows that never change.
A framework that is not installed ends the program with code 77 and says so.
"""
import argparse
import gzip
import importlib
import os
import sys
import time

NOT_INSTALLED = 77
HERE = os.path.dirname(os.path.abspath(__file__))


def need(*names):
    """Imports modules, or ends the program with code 77."""
    try:
        modules = [importlib.import_module(name) for name in names]
    except ImportError as error:
        print(f"not installed: {names[0]} ({error})")
        sys.exit(NOT_INSTALLED)
    return modules[0] if len(modules) == 1 else modules


def parse(text):
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--data", default=os.path.join(HERE, "..", "..", "data", "mnist"))
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=5e-3)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def threads():
    """The number that run.py hands down, else all processors."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def load(directory):
    """Training and validation images (float32, normalised), their labels as one-hot rows."""
    import numpy as np

    def idx(name, offset):
        with gzip.open(os.path.join(directory, name)) as file:
            return np.frombuffer(file.read(), np.uint8, offset=offset)

    x = idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 784).astype(np.float32)
    y = np.eye(10, dtype=np.float32)[idx("train-labels-idx1-ubyte.gz", 8)]
    mean, std = x[:50000].mean(dtype=np.float64), x[:50000].std(dtype=np.float64)
    x = ((x - mean) / std).astype(np.float32)
    return x[:50000], y[:50000], x[50000:], y[50000:]


def weights(hidden, random):
    """w1, b1, w2, b2: the matrices below their bias rows, and those."""
    import numpy as np

    w1 = random.normal(0, 785 ** -0.5, (785, hidden)).astype(np.float32)
    w2 = random.normal(0, (hidden + 1) ** -0.5, (hidden + 1, 10)).astype(np.float32)
    return w1[1:].copy(), w1[0].copy(), w2[1:].copy(), w2[0].copy()


def run(arguments, train_epoch, outputs):
    """Epochs and their lines. train_epoch(order) ends when the weights are there; outputs(part) are A2
    of "train" or "valid" as a NumPy array, with the labels' rows."""
    import numpy as np

    random = np.random.RandomState(arguments.seed)
    start = time.time()
    for epoch in range(arguments.epochs):
        began = time.time()
        train_epoch(random.permutation(50000))
        took = time.time() - began
        loss = []
        for part in ("train", "valid"):
            q, y = outputs(part)
            clipped = np.clip(q, 1e-7, 1 - 1e-7)
            loss.append(-np.sum(y * np.log(clipped) + (1 - y) * np.log(1 - clipped)) / len(y))
        print(f"{epoch} training loss: {loss[0]:.6f} validation loss: {loss[1]:.6f} "
              f"validation accuracy: {(q.argmax(1) == y.argmax(1)).mean():.4f} "
              f"epoch seconds: {took:.3f}", flush=True)
    print(f"total seconds: {time.time() - start:.3f}")
