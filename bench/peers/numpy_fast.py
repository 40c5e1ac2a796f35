#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a competent user would write today instead: NumPy float32 over a threaded BLAS, the picture tiled
without a Python loop, frames piped as raw video to the ffmpeg command line.

usage: numpy_fast.py [--data DIR] [--hidden 64] [--epochs 5] [--batch 64] [--lr 5e-3] [--seed 0]
                     [--no-video] [--preset ultrafast] [--out learn.mp4]
Prints a line per epoch and a last line `total seconds: N` (data loading left out). Same arithmetic as the
lesson. Needs numpy with OpenBLAS and the ffmpeg program.
"""
import argparse, gzip, os, subprocess, time
import numpy as np

def main():
    p = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    p.add_argument("--data", default=os.path.join(here, "..", "..", "data", "mnist")); p.add_argument("--hidden", type=int, default=64)
    p.add_argument("--epochs", type=int, default=5); p.add_argument("--batch", type=int, default=64)
    p.add_argument("--lr", type=float, default=5e-3); p.add_argument("--seed", type=int, default=0)
    p.add_argument("--no-video", action="store_true"); p.add_argument("--preset", default="ultrafast")
    p.add_argument("--out", default="learn.mp4")
    a = p.parse_args()
    def idx(name, off):
        with gzip.open(os.path.join(a.data, name)) as f: return np.frombuffer(f.read(), np.uint8, offset=off)
    x = idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 784).astype(np.float32); y = np.eye(10, dtype=np.float32)[idx("train-labels-idx1-ubyte.gz", 8)]
    mean, std = x[:50000].mean(dtype=np.float64), x[:50000].std(dtype=np.float64)
    x = ((x - mean) / std).astype(np.float32); xt, yt, xv, yv = x[:50000], y[:50000], x[50000:], y[50000:]
    r = np.random.RandomState(a.seed); h, g = a.hidden, int(np.ceil(np.sqrt(a.hidden)))
    w1 = r.normal(0, 785 ** -0.5, (785, h)).astype(np.float32); w2 = r.normal(0, (h + 1) ** -0.5, (h + 1, 10)).astype(np.float32)
    s = lambda z: 1 / (1 + np.exp(-z)); d = lambda q: (lambda t: t * (1 - t))(s(q))
    side = 28 * g; frame = np.zeros((g, 28, g, 28, 3), np.uint8)
    frame[..., [0, -1], :, :, 0] = 255; frame[:, [0, -1], :, :, 0] = 255
    start = time.time()
    if not a.no_video:
        pipe = subprocess.Popen(["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{side}x{side}", "-r", "70", "-i", "-",
                                 "-c:v", "libx264", "-preset", a.preset, "-pix_fmt", "yuv420p", a.out], stdin=subprocess.PIPE)
    for epoch in range(a.epochs):
        t = time.time(); order = r.permutation(50000)
        for i in range(0, 50000, a.batch):
            j = order[i:i + a.batch]; xb, yb = xt[j], yt[j]
            l1 = s(xb @ w1[1:] + w1[0]); o = s(l1 @ w2[1:] + w2[0])
            d2 = 2 * (yb - o) * d(o); d1 = (d2 @ w2[1:].T) * d(l1)
            w2[1:] += a.lr * (l1.T @ d2); w1[1:] += a.lr * (xb.T @ d1)
            if not a.no_video:
                v = w1[1:]; v = np.clip(v * (255 / v.max(0)), 0, 255).astype(np.uint8)
                full = np.zeros((784, g * g), np.uint8); full[:, :h] = v
                frame[:, 1:-1, :, 1:-1, :] = full.T.reshape(g, g, 28, 28).transpose(0, 2, 1, 3)[:, 1:-1, :, 1:-1, None]
                pipe.stdin.write(frame.data)
        took = time.time() - t
        loss = []
        for xs, ys in ((xt, yt), (xv, yv)):
            q = np.clip(s(s(xs @ w1[1:] + w1[0]) @ w2[1:] + w2[0]), 1e-7, 1 - 1e-7); loss.append(-np.sum(ys * np.log(q) + (1 - ys) * np.log(1 - q)) / len(xs))
        print(f"{epoch} training loss: {loss[0]:.6f} validation loss: {loss[1]:.6f} validation accuracy: {(q.argmax(1) == ys.argmax(1)).mean():.4f} epoch seconds: {took:.3f}", flush=True)
    if not a.no_video: pipe.stdin.close(); pipe.wait()
    print(f"total seconds: {time.time() - start:.3f}")

if __name__ == "__main__": main()
