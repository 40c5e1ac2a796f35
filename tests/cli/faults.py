# SPDX-License-Identifier: MIT
"""What the tests of faults share: runs with the layer of preload/inject*.c, of which calls fail, and
what must be true of them however they end.

CBX_TEST_EVERY_FAULT=1 takes all cases instead of some, CBX_TEST_FAULT=NAME:N that one alone;
CBX_TEST_FAULTS_TOLD=FILE adds what each one said to that file, for reading."""

import json
import os
import re
import shutil
import signal
import struct
import sys
import tempfile
import unittest

from results import results_of
from support import (BAD_DATA, CANNOT_CREATE, CANNOT_WRITE, MISSING, OK, SOFTWARE, UNAVAILABLE,
                     CliTest, film_frames)

LAYER = os.environ["CBX_INJECT_LAYER"]
EVERY = os.environ.get("CBX_TEST_EVERY_FAULT") == "1"
ONLY = os.environ.get("CBX_TEST_FAULT")
TOLD = os.environ.get("CBX_TEST_FAULTS_TOLD")
CODES = (OK, BAD_DATA, MISSING, UNAVAILABLE, SOFTWARE, CANNOT_CREATE, CANNOT_WRITE)
OLD = b"an old file"
SECONDS = 600  # a run takes one, but where its kernels are compiled anew

FILM = ("-o", "film.mp4")
OUTPUTS = ("--save", "w.safetensors", "--picture", "grid.png", "--metrics", "run.jsonl")
KEPT = ("--checkpoint", "run.checkpoint", "--checkpoint-every", 0)

# What a run makes, by name.
KINDS = {
    "film": (*FILM, *OUTPUTS),
    "encoder": (*FILM, *OUTPUTS, "--encoder", "mpeg4"),
    "stream": ("-o", "film.ts", *OUTPUTS, "--style", "show", "--scale", 1, "--seconds", 0.3),
    # a film that pages cannot play: the page gets one of its own
    "report": ("-o", "film.ts", *OUTPUTS, "--report", "page.html", "--poster", "poster.png"),
    "checkpoint": (*FILM, *OUTPUTS, *KEPT),
    "page kept": ("-o", "film.ts", *OUTPUTS, "--report", "page.html", *KEPT),
}

# Every way to train.
WAYS = (("fused", "cpu"), ("fused", "gpu"), ("stepwise", "cpu"), ("stepwise", "gpu"),
        ("sparse", "cpu"))


def is_whole_png(content):
    return content.startswith(b"\x89PNG") and content.endswith(b"IEND\xaeB`\x82")


def is_whole_safetensors(content):
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + size])
    header.pop("__metadata__", None)
    return len(content) == 8 + size + max(t["data_offsets"][1] for t in header.values())


class Faults(CliTest):
    batch = 50
    frames = 10  # two epochs of 250 images by 50

    known = None # a cache after one run

    def setUp(self):
        super().setUp()
        self.cache = self.folder / "cache"
        self.run_flags = (*self.small(train=300, test=30), "--batch", self.batch)
        self.at = self.folder / "at"
        self.at.mkdir()
        # The device is known from here on, and no process is started to try it.
        if Faults.known:
            shutil.copytree(Faults.known.name, self.cache)
            return
        self.assertEqual(self.one("-o", "first.mp4")[0].returncode, OK)
        Faults.known = tempfile.TemporaryDirectory(prefix="clearbox ")
        unittest.addModuleCleanup(Faults.known.cleanup)
        shutil.copytree(self.cache, Faults.known.name, dirs_exist_ok=True)
        self.clean()

    def env(self, **changes):
        return self.environment(XDG_CACHE_HOME=self.cache, **changes)

    def one(self, *flags, prepare=None, layer=True, timeout=SECONDS, begin="learn", **changes):
        """A run in self.at, and what it has not given back."""
        left = self.folder / "left"
        left.unlink(missing_ok=True)
        if layer:
            changes = {"LD_PRELOAD": LAYER, "CBX_INJECT_LEFT": left, **changes}
        start = {"learn": ("learn", *self.run_flags), "recover": ("recover", "film.mp4"),
                 "resume": ("learn", "--resume", "run.checkpoint")}[begin]
        folder, self.folder = self.folder, self.at
        try:
            result = self.run_cli(*start, *flags, env=self.env(**changes), timeout=timeout,
                                  prepare=prepare)
        finally:
            self.folder = folder
        return result, self.read_left(left)

    @staticmethod
    def read_left(path):
        """How many of each; None: the process did not come to its end."""
        if not path.exists():
            return None
        left = {}
        for line in path.read_text().splitlines():
            name, _, count = line.rpartition(" ")
            left[name] = left.get(name, 0) + int(count)
        return left

    def counts(self, *flags, **options):
        """How often the program calls each function in a run."""
        path = self.folder / "counts"
        result, self.base_left = self.one(*flags, CBX_INJECT_COUNTS=path, **options)
        self.assertEqual(result.returncode, OK, result.stderr)
        self.said_by_base = result
        return {name: int(count) for name, count in map(str.split, path.read_text().splitlines())}

    # ---- files ----

    def clean(self):
        for path in self.at.iterdir():
            path.unlink()

    @staticmethod
    def outputs(flags):
        """Names of the files that a run writes, but for the checkpoint."""
        names = {"-o", "--save", "--picture", "--metrics", "--report", "--poster"}
        return [value for flag, value in zip(flags, flags[1:]) if flag in names]

    def put_old(self, flags):
        self.clean()
        for name in self.outputs(flags):
            (self.at / name).write_bytes(OLD)

    def is_whole(self, name, said=""):
        """After a fault of the device the film ends with the last frame that was drawn."""
        path = self.at / name
        content = path.read_bytes()
        if name.endswith(".mp4"):
            told = re.search(r"\.mp4 \((\d+) frame", said)
            return film_frames(path) == (int(told[1]) if told else self.frames)
        if name.endswith(".ts"):
            return len(content) % 188 == 0 and content[:1] == b"G"
        if name.endswith(".png"):
            return is_whole_png(content)
        if name.endswith(".html"):
            return content.endswith(b"</html>\n")
        if name.endswith(".safetensors"):
            return is_whole_safetensors(content)
        return all(json.loads(line) for line in content.decode().splitlines())

    # ---- what must be true ----

    def tell(self, case, result):
        if TOLD:
            with open(TOLD, "a", encoding="utf-8") as file:
                said = [line for line in result.stderr.splitlines() if line.startswith("clearbox: ")]
                print(f"{case}\t{result.returncode}\t{' | '.join(said)}", file=file)

    def assert_tidy(self, shown, ended=False):
        """Nothing is left beside the outputs but what a checkpoint counts on; and where the process was
        ended in the middle, what `clearbox recover` makes a film of."""
        kept = ended or (self.at / "run.checkpoint").exists()
        for name in [path.name for path in self.at.iterdir()]:
            self.assertNotIn(".part", name, shown)
            if not kept:
                self.assertNotIn(".spool-", name, shown)
                self.assertFalse(name.endswith("~"), f"{name}\n{shown}")

    def assert_given_back(self, left, shown):
        """Nothing is held at the end that a run without a fault has given back. Memory that it, too,
        keeps may be more."""
        kept = {name.partition("<")[0] for name in self.base_left}
        for name, count in (left or {}).items():
            if name.startswith("memory ") and name.partition("<")[0] in kept:
                continue
            self.assertLessEqual(count, self.base_left.get(name, 0), f"{name}\n{shown}")

    def assert_outputs(self, flags, result, shown, replaced=()):
        """Each is whole, or as it was; and is what was told."""
        said = [line for line in result.stderr.splitlines() if line.startswith("clearbox: ")]
        kept = said[0].partition("; kept ")[2] if said else ""
        for name in self.outputs(flags):
            is_old = (self.at / name).read_bytes() == OLD
            if replaced is not None:
                self.assertEqual(is_old, not (result.returncode == OK or name in kept),
                                 f"{name}\n{shown}")
            if not is_old:
                self.assertTrue(self.is_whole(name, kept), f"{name}\n{shown}")

    def assert_the_same(self, base, shown, names=None):
        """A run that ends well has made what it makes without a fault. A page may do without a film of
        its own, and says so."""
        made = results_of(self.at)
        self.assertEqual(sorted(made), sorted(base), shown)
        for name in base if names is None else names:
            same = made[name] == base[name] or \
                (name.endswith(".html") and b"or was not kept; it is a file" in made[name])
            self.assertTrue(same, f"{name} differs\n{shown}")

    def assert_goes_on(self, base, shown):
        """A checkpoint that stands leads to the end of a run that nobody touched."""
        if not (self.at / "run.checkpoint").exists():
            return
        result, _ = self.one(begin="resume", layer=False)
        shown = f"{shown}\n---- and then: {result.returncode}\n{result.stderr}"
        lost = "the film was lost" in result.stderr
        self.assertEqual(result.returncode, BAD_DATA if lost else OK, shown)
        if "is over" in result.stderr:
            return
        made = results_of(self.at, but=OLD)
        for name in made if lost else base:
            if lost and name.endswith(("metadata", ".jsonl", ".html")):
                continue # which have no hash of a film
            self.assertTrue(made[name] == base[name], f"{name} differs\n{shown}")
        self.assert_tidy(shown)
