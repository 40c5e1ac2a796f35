#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lesson's training in JAX on the processor: one compiled loop over the batches of an epoch. The first
epoch's seconds hold the compilation.

usage: jax_train.py [--data DIR] [--hidden 64] [--epochs 5] [--batch 64] [--lr 5e-3] [--seed 0]
"""
import os

import common


def main():
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    jax, numpy = common.need("jax", "numpy")
    jnp = jax.numpy
    arguments = common.parse(__doc__)
    print(f"jax {jax.__version__}, {jax.devices()}")
    xt, yt, xv, yv = (jnp.asarray(part) for part in common.load(arguments.data))
    weights = [jnp.asarray(part) for part in
               common.weights(arguments.hidden, numpy.random.RandomState(arguments.seed))]
    rate, batch = arguments.lr, arguments.batch

    def slope(v):
        s = jax.nn.sigmoid(v)
        return s * (1 - s)

    def step(state, rows):
        w1, b1, w2, b2 = state
        x, y = xt[rows], yt[rows]
        a1 = jax.nn.sigmoid(x @ w1 + b1)
        a2 = jax.nn.sigmoid(a1 @ w2 + b2)
        d2 = 2 * (y - a2) * slope(a2)
        d1 = (d2 @ w2.T) * slope(a1)
        return (w1 + rate * (x.T @ d1), b1, w2 + rate * (a1.T @ d2), b2), None

    @jax.jit
    def epoch(state, whole, rest):
        state, _ = jax.lax.scan(step, state, whole)
        return step(state, rest)[0] if rest.shape[0] else state

    @jax.jit
    def forward(state, x):
        w1, b1, w2, b2 = state
        return jax.nn.sigmoid(jax.nn.sigmoid(x @ w1 + b1) @ w2 + b2)

    state = tuple(weights)

    def train_epoch(order):
        nonlocal state
        whole = 50000 // batch * batch
        state = epoch(state, jnp.asarray(order[:whole].reshape(-1, batch)),
                      jnp.asarray(order[whole:]))
        jax.block_until_ready(state)

    def outputs(part):
        x, y = (xt, yt) if part == "train" else (xv, yv)
        return numpy.asarray(forward(state, x)), numpy.asarray(y)

    common.run(arguments, train_epoch, outputs)


if __name__ == "__main__":
    main()
