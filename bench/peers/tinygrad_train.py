#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lesson's training in tinygrad on its OpenCL back end: the same driver that clearbox uses. The step is
compiled by TinyJit; the first epoch's seconds hold the compilation.

usage: tinygrad_train.py [--data DIR] [--hidden 64] [--epochs 5] [--batch 64] [--lr 5e-3] [--seed 0]
"""
import importlib.metadata
import os

import common


def main():
    # CL since 0.11, GPU before.
    os.environ.setdefault("DEV", "CL")
    os.environ.setdefault("CL", "1")
    tinygrad, numpy = common.need("tinygrad", "numpy")
    Tensor, TinyJit, Device = tinygrad.Tensor, tinygrad.TinyJit, tinygrad.Device
    arguments = common.parse(__doc__)
    print(f"tinygrad {importlib.metadata.version('tinygrad')} on {Device.DEFAULT}")
    if Device.DEFAULT not in ("CL", "GPU"):
        print("not installed: tinygrad's OpenCL back end")
        raise SystemExit(common.NOT_INSTALLED)
    data = common.load(arguments.data)
    xt, yt, xv, yv = (Tensor(part).contiguous().realize() for part in data)
    w1, b1, w2, b2 = (Tensor(part).contiguous().realize() for part in
                      common.weights(arguments.hidden, numpy.random.RandomState(arguments.seed)))
    rate, batch = arguments.lr, arguments.batch

    def slope(v):
        s = v.sigmoid()
        return s * (1 - s)

    def step(x, y):
        a1 = (x @ w1 + b1).sigmoid()
        a2 = (a1 @ w2 + b2).sigmoid()
        d2 = 2 * (y - a2) * slope(a2)
        d1 = (d2 @ w2.T) * slope(a1)
        new1, new2 = (w1 + rate * (x.T @ d1)).contiguous(), (w2 + rate * (a1.T @ d2)).contiguous()
        w1.assign(new1)
        w2.assign(new2)
        Tensor.realize(w1, w2)

    # A JIT for each shape: whole batches, and the last, short one.
    steps = {}

    def train_epoch(order):
        for i in range(0, 50000, batch):
            rows = order[i:i + batch]
            jitted = steps.setdefault(len(rows), TinyJit(step))
            # Gathered on the host: tinygrad's indexing compares every row on the device.
            jitted(Tensor(data[0][rows]).contiguous().realize(),
                   Tensor(data[1][rows]).contiguous().realize())
        Device[Device.DEFAULT].synchronize()

    def outputs(part):
        x, y = (xt, data[1]) if part == "train" else (xv, data[3])
        return (((x @ w1 + b1).sigmoid()) @ w2 + b2).sigmoid().numpy(), y

    common.run(arguments, train_epoch, outputs)


if __name__ == "__main__":
    main()
