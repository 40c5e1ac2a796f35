# SPDX-License-Identifier: MIT
"""Runs whose outputs are to be the same bytes, for the tests of several devices and of ranks."""

import signal

from kept import Kept
from results import results_of
from support import OK, run, start


class Alike(Kept):
    OUTPUTS = ("--save", "w.safetensors", "--picture", "grid.png", "--metrics", "run.jsonl",
               "--report", "page.html", "--poster", "poster.png")
    WAYS = (("--hidden", 100), ("--hidden", 330, "--schedule", "sparse", "--style", "show", "--scale", 1,
                                 "--recipe", "nll"),
            ("--hidden", 70, "--schedule", "stepwise", "--frame-every", 3),
            ("--hidden", 70, "--schedule", "fused", "--family", "gpu", "--tone", "signed"))

    # More of W1 than a leader gathers for a checkpoint.
    LARGE = ("--hidden", 21500, "--recipe", "nll", "--frame-every", 8, "--save", "w.safetensors", "--metrics", "run.jsonl")

    def setUp(self):
        super().setUp()
        self.data = self.small()[:2]

    def made(self, name, *flags, launcher=()):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        result = run("learn", *self.data, "--epochs", 2, "--batch", 50, *flags, cwd=folder, launcher=launcher)
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertEqual(self.left(), [])
        return results_of(folder), result.stderr

    def assert_same(self, made, expected):
        self.assertEqual(sorted(made), sorted(expected))
        for name, content in expected.items():
            self.assertTrue(made[name] == content, f"{name} differs")

    def stop(self, folder, arguments, launcher=()):
        """After its first line about an epoch."""
        with start(*arguments, cwd=folder, launcher=launcher) as process:
            for line in process.stderr:
                if line.split()[:1] == ["1"]:
                    process.send_signal(signal.SIGINT)
                    break
            process.communicate(timeout=300)
        return process.returncode
