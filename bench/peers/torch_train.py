#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lesson's training in PyTorch on the processor; the step compiled by nothing but its own kernels.

usage: torch_train.py [--data DIR] [--hidden 64] [--epochs 5] [--batch 64] [--lr 5e-3] [--seed 0]
"""
import common


def main():
    torch, numpy = common.need("torch", "numpy")
    arguments = common.parse(__doc__)
    torch.set_num_threads(common.threads())
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    data = common.load(arguments.data)
    xt, yt, xv, yv = (torch.from_numpy(part.copy()) for part in data)
    w1, b1, w2, b2 = (torch.from_numpy(part) for part in
                      common.weights(arguments.hidden, numpy.random.RandomState(arguments.seed)))
    rate = arguments.lr

    def slope(v):
        s = torch.sigmoid(v)
        return s * (1 - s)

    def train_epoch(order):
        order = torch.from_numpy(order)
        for i in range(0, 50000, arguments.batch):
            rows = order[i:i + arguments.batch]
            x, y = xt[rows], yt[rows]
            a1 = torch.addmm(b1, x, w1).sigmoid_()
            a2 = torch.addmm(b2, a1, w2).sigmoid_()
            d2 = 2 * (y - a2) * slope(a2)
            d1 = (d2 @ w2.t()) * slope(a1)
            w2.addmm_(a1.t(), d2, alpha=rate)
            w1.addmm_(x.t(), d1, alpha=rate)

    def outputs(part):
        x, y = (xt, yt) if part == "train" else (xv, yv)
        a1 = torch.addmm(b1, x, w1).sigmoid_()
        return torch.addmm(b2, a1, w2).sigmoid_().numpy(), y.numpy()

    with torch.inference_mode():
        common.run(arguments, train_epoch, outputs)


if __name__ == "__main__":
    main()
