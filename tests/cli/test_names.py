# SPDX-License-Identifier: MIT
"""Names of checkpoints: one run has FILE and FILE~ to itself, from its start to its end."""

import os
import pathlib
import signal
import tempfile
import unittest

from kept import Kept
from support import CANNOT_CREATE, INTERRUPTED, MISSING, OK, USAGE, main, start

ELSEWHERE = "/dev/shm"


class Names(Kept):
    def setUp(self):
        super().setUp()
        self.short = (*self.small(), "--no-video")

    def going(self, *flags):
        """A run that is on its way, and keeps no checkpoint before it is stopped."""
        return self.begun(*self.long("--no-video", "--checkpoint", "run.checkpoint", *flags))

    def end(self, process, number=signal.SIGINT):
        process.send_signal(number)
        _, err = process.communicate(timeout=300)
        return err

    def test_before_there_is_a_file(self):
        process = self.going()
        self.assertFalse((self.folder / "run.checkpoint").exists())
        for flags in ((), ("--overwrite",)):
            self.assert_only_error_beside(self.learn(*self.short, *self.KEPT, *flags), CANNOT_CREATE,
                                          "another process")
        self.end(process)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertEqual(self.leftovers(), [])

    def test_two_at_once(self):
        """One of them at least is refused, and the other has all of it."""
        both = [start("learn", *self.short, *self.KEPT, cwd=self.folder) for _ in range(2)]
        for process in both:
            self.addCleanup(process.kill)
        said = [process.communicate(timeout=300)[1] for process in both]
        codes = sorted(process.returncode for process in both)
        self.assertIn(codes, ([OK, CANNOT_CREATE], [CANNOT_CREATE, CANNOT_CREATE]), said)
        self.assertEqual((self.folder / "run.checkpoint").exists(), OK in codes)
        self.assertEqual(self.leftovers(), [])

    def test_of_the_dead(self):
        process = self.going()
        self.end(process, signal.SIGKILL)
        self.assertEqual(len(self.leftovers()), 1)
        self.assert_done(self.learn(*self.short, *self.KEPT))

    def test_of_the_one_before(self):
        """Who would go on from it would write where it is kept."""
        process = self.going("--checkpoint-every", 0)
        while not (self.folder / "run.checkpoint~").exists():
            self.assertIsNone(process.poll())
        self.assert_only_error_beside(self.learn("--resume", "run.checkpoint~"), CANNOT_CREATE, "another process")
        self.end(process)

    @unittest.skipIf(os.geteuid(), "only root gives files away")
    def test_of_another_user(self):
        self.stopped("--no-video")
        os.chown(self.folder / "run.checkpoint", 65534, 65534)
        process = self.begun("--resume", "run.checkpoint", at="2")
        self.assertEqual((self.folder / "run.checkpoint").stat().st_uid, 65534)
        self.assert_only_error_beside(self.learn("--resume", "run.checkpoint"), CANNOT_CREATE, "another process")
        self.end(process)

    def test_like_the_one_before_another(self):
        self.assert_error(self.learn(*self.short, "--checkpoint", "run.checkpoint~"), USAGE, "does not end in '~'")

    def test_an_output_that_is_the_one_before(self):
        for flag in ("--save", "--metrics", "--picture"):
            with self.subTest(flag=flag):
                self.assert_error(self.learn(*self.short, *self.KEPT, flag, "run.checkpoint~"), USAGE,
                                  "checkpoint before the last")
        (self.folder / "run.checkpoint~").symlink_to("there")
        self.assert_error(self.learn(*self.short, *self.KEPT, "--save", "there"), USAGE, "checkpoint before")

    def test_inputs_that_would_be_the_one_before(self):
        self.assert_done(self.learn(*self.short, "--save", "w"))
        (self.folder / "w").rename(self.folder / "run.checkpoint~")
        self.assert_error(self.learn(*self.short, *self.KEPT, "--overwrite", "--init", "run.checkpoint~"), USAGE,
                          "weights to start from")

    def test_metrics_over_the_checkpoint_to_go_on_from(self):
        self.stopped("--no-video")
        old = (self.folder / "run.checkpoint").read_bytes()
        self.assert_error(self.learn("--resume", "run.checkpoint", "--checkpoint", "new", "--metrics",
                                     "run.checkpoint"), USAGE, "an input of the run")
        self.assertEqual((self.folder / "run.checkpoint").read_bytes(), old)

    @unittest.skipUnless(os.path.isdir(ELSEWHERE) and os.stat(ELSEWHERE).st_dev != os.stat("/tmp").st_dev,
                         "another file system")
    def test_a_link_to_another_file_system(self):
        """The one before is kept where the file is."""
        holder = tempfile.TemporaryDirectory(prefix="clearbox ", dir=ELSEWHERE)
        self.addCleanup(holder.cleanup)
        there = pathlib.Path(holder.name) / "there"
        (self.folder / "run.checkpoint").symlink_to(there)
        process = self.begun(*self.long("--no-video", *self.KEPT), at="9")
        err = self.end(process)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertTrue(there.with_name("there~").exists())
        self.assertTrue((self.folder / "run.checkpoint").is_symlink())
        self.assertEqual(self.left(), [])

    def test_where_the_one_before_cannot_be(self):
        """Found before any work."""
        (self.folder / "run.checkpoint~").mkdir()
        self.assert_error(self.learn(*self.short, *self.KEPT), CANNOT_CREATE, "run.checkpoint~")
        self.assert_error(self.learn(*self.short, "--checkpoint", "x" * 255), CANNOT_CREATE, "name too long")

    def test_gone_but_for_the_one_before(self):
        """As a kill leaves it where there are no hard links."""
        self.stopped("--no-video")
        (self.folder / "run.checkpoint").rename(self.folder / "run.checkpoint~")
        self.assert_only_error_beside(self.learn("--resume", "run.checkpoint"), MISSING,
                                      "No such file.*; the one before is run.checkpoint~")

    def test_a_folder_that_is_gone(self):
        """Nothing was kept then."""
        (self.folder / "there").mkdir()
        process = self.begun(*self.long("--no-video", "--checkpoint", "there/run.checkpoint", "--checkpoint-every", 0))
        while not (self.folder / "there" / "run.checkpoint~").exists():
            self.assertIsNone(process.poll())
        (self.folder / "there").rename(self.folder / "elsewhere")
        err = self.end(process)
        self.assertEqual(process.returncode, CANNOT_CREATE, err)
        self.assertIn("; nothing was kept", err)


if __name__ == "__main__":
    main()
