#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lesson's own program, made runnable: NumPy float64, Pillow, OpenCV, one frame after every batch.

usage: lesson.py [--data DIR] [--hidden 64] [--epochs 5] [--batch 64] [--lr 5e-3] [--seed 0]
                 [--init FILE.npz] [--no-shuffle] [--no-video] [--save FILE.npz] [--out learn.mp4]

What the published text elides is filled in as follows: weights start as normal(0, 1/sqrt(fan_in)) with
fan_in counting the bias; validation loss is divided by the validation set's own size; negative weights
clip to black. Needs numpy, Pillow and OpenCV (Debian: python3-numpy python3-pil python3-opencv).
"""
import argparse, gzip, os, time
import numpy as np

def idx(path, offset):
    with gzip.open(path) as f:
        return np.frombuffer(f.read(), np.uint8, offset=offset)

def load(directory):
    x = idx(os.path.join(directory, "train-images-idx3-ubyte.gz"), 16).reshape(-1, 784).astype(np.float64)
    y = idx(os.path.join(directory, "train-labels-idx1-ubyte.gz"), 8)
    hot = np.zeros((len(y), 10)); hot[np.arange(len(y)), y.astype(int) - 1] = 1   # the lesson's column order
    x_train, x_valid, y_train, y_valid = x[:50000], x[50000:], hot[:50000], hot[50000:]
    mean, std = x_train.mean(), x_train.std()
    return (x_train - mean) / std, y_train, (x_valid - mean) / std, y_valid

class Dataset:
    def __init__(self, x, y): self.x, self.y = x, y
    def __len__(self): return len(self.x)
    def __getitem__(self, i): return self.x[i], self.y[i]

class Sampler:
    def __init__(self, ds, bs, shuffle): self.n, self.bs, self.shuffle = len(ds), bs, shuffle
    def __iter__(self):
        order = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)
        for i in range(0, self.n, self.bs): yield order[i:i + self.bs]

class DataLoader:
    def __init__(self, ds, sampler): self.ds, self.sampler = ds, sampler
    def __iter__(self):
        for s in self.sampler:
            xs, ys = zip(*[self.ds[i] for i in s])
            yield np.stack(xs), np.stack(ys)

def sigmoid(z): return 1 / (1 + np.exp(-z))
def sigmoid_(z): return sigmoid(z) * (1 - sigmoid(z))

def biased(x): return np.hstack((np.ones((len(x), 1)), x))

def feedforward(x, w1, w2): return sigmoid(biased(sigmoid(biased(x) @ w1)) @ w2)

def backprop(x, y, w1, w2):
    layer1 = sigmoid(biased(x) @ w1)
    output = sigmoid(biased(layer1) @ w2)
    delta2 = 2 * (y - output) * sigmoid_(output)
    return layer1.T @ delta2, x.T @ (delta2 @ w2[1:].T * sigmoid_(layer1))

def picture(w, grid):
    from PIL import Image, ImageDraw
    img = Image.new("RGB", (28 * grid, 28 * grid))
    for i in range(min(w.shape[1], grid * grid)):
        tile = w[1:, i].reshape(28, 28)
        tile = np.clip(tile / np.max(tile) * 255, 0, 255).astype(np.uint8)
        im = Image.fromarray(tile).convert("RGB")
        ImageDraw.Draw(im).rectangle([(0, 0), (27, 27)], width=1, outline="#ff0000")
        img.paste(im, (28 * (i // grid), 28 * (i % grid)))      # the lesson's paste: neuron i in column i // grid
    return img

def main():
    p = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    p.add_argument("--data", default=os.path.join(here, "..", "..", "data", "mnist")); p.add_argument("--hidden", type=int, default=64)
    p.add_argument("--epochs", type=int, default=5); p.add_argument("--batch", type=int, default=64)
    p.add_argument("--lr", type=float, default=5e-3); p.add_argument("--seed", type=int, default=0)
    p.add_argument("--init"); p.add_argument("--save"); p.add_argument("--out", default="learn.mp4")
    p.add_argument("--no-shuffle", action="store_true"); p.add_argument("--no-video", action="store_true")
    a = p.parse_args()
    x_train, y_train, x_valid, y_valid = load(a.data)
    np.random.seed(a.seed)
    h, grid = a.hidden, int(np.ceil(np.sqrt(a.hidden)))
    w1 = np.random.normal(0, 785 ** -0.5, (785, h)); w2 = np.random.normal(0, (h + 1) ** -0.5, (h + 1, 10))
    if a.init: w1, w2 = (np.load(a.init)[k].astype(np.float64) for k in ("w1", "w2"))
    if not a.no_video:
        import cv2
        out = cv2.VideoWriter(a.out, cv2.VideoWriter_fourcc(*"mp4v"), 70.0, (28 * grid, 28 * grid))
    ds = Dataset(x_train, y_train); dl = DataLoader(ds, Sampler(ds, a.batch, not a.no_shuffle))
    for epoch in range(a.epochs):
        start = time.time()
        for x, y in dl:
            w2_, w1_ = backprop(x, y, w1, w2)
            w2[1:] += w2_ * a.lr; w1[1:] += w1_ * a.lr
            if not a.no_video: out.write(cv2.cvtColor(np.array(picture(w1, grid)), cv2.COLOR_RGB2BGR))
        took = time.time() - start
        loss = []
        for xs, ys in ((x_train, y_train), (x_valid, y_valid)):
            q = feedforward(xs, w1, w2); loss.append(np.sum(-ys * np.log(q) - (1 - ys) * np.log(1 - q)) / len(xs))
        print(f"{epoch} training loss: {loss[0]:.6f} validation loss: {loss[1]:.6f} "
              f"validation accuracy: {(q.argmax(1) == ys.argmax(1)).mean():.4f} epoch seconds: {took:.3f}", flush=True)
    if not a.no_video: out.release()
    if a.save: np.savez(a.save, w1=w1, w2=w2)

if __name__ == "__main__": main()
