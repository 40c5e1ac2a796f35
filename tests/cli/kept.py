# SPDX-License-Identifier: MIT
"""Runs with checkpoints, for the tests of what goes on from them."""

import signal

from support import INTERRUPTED, CliTest, start


class Kept(CliTest):
    KEPT = ("--checkpoint", "run.checkpoint", "--checkpoint-every", "0")

    def left(self):
        """With what checkpoints need while they are made."""
        return self.leftovers() + [path.name for path in self.folder.rglob("*")
                                      if ".spool-" in path.name or path.name.endswith("~")]

    def begun(self, *flags, at="1"):
        """A run that has said a line of its table which begins so: its first epoch is over."""
        process = start("learn", *flags, cwd=self.folder)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if line.split()[:1] == [at]:
                break
        return process

    def stopped(self, *flags):
        """Leaves a checkpoint of a run that was stopped in its middle."""
        process = self.begun(*self.long(*flags, *self.KEPT))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertRegex(err, "; kept .*run.checkpoint.*; clearbox learn --resume run.checkpoint goes on")

    def assert_only_error_beside(self, result, code, phrase):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertRegex(result.stderr, f"^clearbox: .*{phrase}")
        self.assertEqual(result.stderr.count("\n"), 1)
