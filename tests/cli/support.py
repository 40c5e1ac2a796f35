# SPDX-License-Identifier: MIT
"""What the tests of the command line share: running the program, small datasets,
safetensors and just enough of mp4."""

import gzip
import json
import os
import pathlib
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from stuck import describe

PROGRAM = os.environ["CLEARBOX"]
SOURCE = pathlib.Path(__file__).resolve().parents[2]

OK, USAGE, BAD_DATA, MISSING, UNAVAILABLE, SOFTWARE = 0, 64, 65, 66, 69, 70
CANNOT_CREATE, CANNOT_WRITE, STOPPED, INTERRUPTED = 73, 74, 75, 130

# What a user's shell may have set must not decide a test.
CLEARED = ("CLEARBOX_DEVICE", "CLEARBOX_DATA", "NO_COLOR", "COLUMNS", "TERM")

IMAGES, LABELS = 0x00000803, 0x00000801
FILES = {
    "train-images-idx3-ubyte": IMAGES,
    "train-labels-idx1-ubyte": LABELS,
    "t10k-images-idx3-ubyte": IMAGES,
    "t10k-labels-idx1-ubyte": LABELS,
}


def environment(**changes):
    env = {key: value for key, value in os.environ.items() if key not in CLEARED}
    env["CLEARBOX_NO_TUNE"] = "1"
    env["TERM"] = "xterm"
    env["LC_ALL"] = "C.UTF-8"
    for key, value in changes.items():
        if value is None:
            env.pop(key, None)
        else:
            env[key] = str(value)
    return env


def default_signals():
    """A child of a background job would otherwise ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*arguments, cwd, env=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE, prepare=None,
          launcher=()):
    """`launcher`: what starts the program, perhaps several times."""
    def before():
        default_signals()
        if prepare:
            prepare()

    return subprocess.Popen([*map(str, launcher), PROGRAM, *map(str, arguments)], cwd=cwd, env=env or environment(),
                            stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, text=True,
                            preexec_fn=before)


def run(*arguments, cwd, timeout=300, **options):
    with start(*arguments, cwd=cwd, **options) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as expired:
            print(describe(process.pid), file=sys.stderr)
            process.kill()
            print(f"so far it said:\n{process.communicate()[1]}", file=sys.stderr)
            raise expired
    if "LeakSanitizer has encountered a fatal error" in (err or ""):
        # Not a leak: now and then it cannot look at a driver's threads that are ending.
        return run(*arguments, cwd=cwd, timeout=timeout, **options)
    return subprocess.CompletedProcess(process.args, process.returncode, out or "", err or "")


# ---- datasets ----

def idx_images(count, seed=1, side=28, claimed=None, noisy=None):
    """Noise over a bar whose place depends on the label, so that there is something to learn; below so many
    `noisy` rows all else is 0."""
    noise = random.Random(seed)
    header = struct.pack(">4I", IMAGES, count if claimed is None else claimed, side, side)
    pixels = bytearray(noise.randbytes(count * side * side))
    for image in range(count):
        if noisy is not None:
            pixels[(image * side + noisy) * side:(image + 1) * side * side] = bytes((side - noisy) * side)
        start_row = image * side * side + (image % 10) * 2 * side
        pixels[start_row:start_row + 2 * side] = b"\xff" * (2 * side)
    return header + bytes(pixels)


def idx_labels(count, claimed=None):
    header = struct.pack(">2I", LABELS, count if claimed is None else claimed)
    return header + bytes(image % 10 for image in range(count))


def write_dataset(folder, train=600, test=60, packed=True, noisy=None):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("train-images-idx3-ubyte", idx_images(train, noisy=noisy)),
                          ("train-labels-idx1-ubyte", idx_labels(train)),
                          ("t10k-images-idx3-ubyte", idx_images(test, seed=2, noisy=noisy)),
                          ("t10k-labels-idx1-ubyte", idx_labels(test))):
        if packed:
            (folder / (name + ".gz")).write_bytes(gzip.compress(content, 1))
        else:
            (folder / name).write_bytes(content)
    return folder


# ---- safetensors ----

def write_safetensors(path, hidden, change=None):
    """Weights of 0.01; `change` may edit the header before it is written."""
    w1, w2 = 785 * hidden * 4, (hidden + 1) * 10 * 4
    header = {"w1": {"dtype": "F32", "shape": [785, hidden], "data_offsets": [0, w1]},
              "w2": {"dtype": "F32", "shape": [hidden + 1, 10], "data_offsets": [w1, w1 + w2]}}
    if change:
        change(header)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    body = struct.pack("<f", 0.01) * ((w1 + w2) // 4)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + body)


def read_safetensors_header(path):
    content = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8:8 + size])


def read_tensors(path):
    """The bytes of all tensors, one behind the other."""
    content = pathlib.Path(path).read_bytes()
    return content[8 + struct.unpack("<Q", content[:8])[0]:]


# ---- mp4 ----

def boxes(content):
    place = 0
    while place + 8 <= len(content):
        size, kind = struct.unpack(">I4s", content[place:place + 8])
        body = 8
        if size == 1:
            size, body = struct.unpack(">Q", content[place + 8:place + 16])[0], 16
        elif size == 0:
            size = len(content) - place
        if size < body:
            raise ValueError("a box smaller than its header")
        yield kind.decode("latin1"), content[place + body:place + size]
        place += size


def film_frames(path):
    """The number of samples in a film whose index comes first, and which is not cut short."""
    content = pathlib.Path(path).read_bytes()
    kinds = [kind for kind, _ in boxes(content)]
    if kinds.index("moov") > kinds.index("mdat"):
        raise ValueError("the index is not in front")
    inner = content
    for wanted in ("moov", "trak", "mdia", "minf", "stbl", "stsz"):
        inner = dict(reversed(list(boxes(inner))))[wanted]
    size, count = struct.unpack(">2I", inner[4:12])
    sizes = [size] * count if size else struct.unpack(f">{count}I", inner[12:12 + 4 * count])
    if sum(sizes) > len(dict(boxes(content))["mdat"]):
        raise ValueError("the film is cut short")
    return count


def frames_in(spool):
    """Whole frames in the file that a run leaves when it is killed."""
    content = spool.read_bytes()
    if len(content) < 20:
        return 0
    length = struct.unpack_from("<I", content, 16)[0]
    at, frames = 16 + 4 + length + 4, 0
    while at + 8 <= len(content):
        at += 8 + (struct.unpack_from("<I", content, at)[0] & 0x7fffffff)
        frames += at <= len(content)
    return frames


# ---- the test case ----

class CliTest(unittest.TestCase):
    """Each test has an empty folder that is the program's current one."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="clearbox ")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    environment = staticmethod(environment)

    def run_cli(self, *arguments, **options):
        return run(*arguments, cwd=self.folder, **options)

    def learn(self, *arguments, **options):
        return self.run_cli("learn", *arguments, **options)

    def small(self, **options):
        """Flags of a run that takes a moment."""
        return ("--data", write_dataset(self.folder / "data", **options), "--hidden", 9,
                "--batch", 50, "--epochs", 2)

    def long(self, *flags):
        """Flags of a run that would take days."""
        return (*self.small()[:-2], "--epochs", 1000000, *flags)

    def killed_filming(self, film, is_enough, *flags):
        """A long run is killed when the file of its film's frames has what is enough: that file."""
        process = start("learn", *self.long("-o", film, *flags), cwd=self.folder, stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        spool = self.folder / f".{film}.spool-{process.pid}"
        while not (spool.exists() and is_enough(spool)):
            self.assertIsNone(process.poll())
            time.sleep(0.001)
        process.kill()
        process.communicate(timeout=300)
        return spool

    def leftovers(self):
        """Temporary files that should be gone."""
        return [path.name for path in self.folder.rglob("*") if ".part" in path.name or ".lock-" in path.name]

    def assert_error(self, result, code, *phrases):
        """Exactly one line says what is wrong; nothing on standard output, nothing left over."""
        shown = f"{result.args}\nexit code {result.returncode}\n{result.stdout}{result.stderr}"
        self.assertEqual(result.returncode, code, shown)
        self.assertEqual(result.stdout, "", shown)
        lines = [line for line in result.stderr.splitlines() if line.startswith("clearbox: ")]
        self.assertEqual(len(lines), 1, shown)
        self.assertEqual(result.stderr.splitlines()[-1], lines[0], shown)
        for phrase in phrases:
            self.assertRegex(lines[0], re.compile(phrase), shown)
        self.assertEqual(self.leftovers(), [], shown)

    def assert_only_error(self, result, code, *phrases):
        """The same, and no other line before it."""
        self.assert_error(result, code, *phrases)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)

    def assert_done(self, result):
        shown = f"{result.args}\nexit code {result.returncode}\n{result.stdout}{result.stderr}"
        self.assertEqual(result.returncode, OK, shown)
        self.assertNotIn("clearbox:", result.stderr, shown)
        self.assertEqual(self.leftovers(), [], shown)


def main():
    unittest.main(verbosity=2)
