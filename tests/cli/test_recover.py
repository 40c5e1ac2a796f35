# SPDX-License-Identifier: MIT
"""Films of runs that were killed: recovered, or left to those that need their frames."""

import os
import re
import signal
import struct
import unittest

from kept import Kept
from support import BAD_DATA, INTERRUPTED, MISSING, OK, film_frames, frames_in, main, start


class Recover(Kept):
    def killed(self, frames):
        """The run is killed when so many bytes of frames are there."""
        return self.killed_filming("learn.mp4", lambda spool: spool.stat().st_size >= frames)

    def test_a_film_is_recovered(self):
        for size in (20000, 100000):
            with self.subTest(bytes=size):
                spool = self.killed(size)
                left = frames_in(spool)
                result = self.run_cli("recover", "-o", "so-far.mp4")
                self.assertEqual(result.returncode, OK, result.stderr)
                told = int(re.search(r"so-far\.mp4, ([\d,]+) frames", result.stderr)[1].replace(",", ""))
                self.assertEqual(film_frames(self.folder / "so-far.mp4"), told)
                self.assertEqual(told, left)
                self.assertGreater(told, 1)
                self.assertFalse(spool.exists())
        self.assert_only_error_beside(self.run_cli("recover"), MISSING, "no frames beside learn.mp4")

    def test_what_is_cut_off_is_left_out(self):
        spool = self.killed(20000)
        with open(spool, "r+b") as file:
            file.truncate(spool.stat().st_size - 3)
        left = frames_in(spool)
        result = self.run_cli("recover")
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertEqual(film_frames(self.folder / "learn.mp4"), left)
        self.assertGreater(left, 1)

    def test_the_next_run_says_so_and_tidies_up(self):
        spool = self.killed(20000)
        result = self.learn(*self.small())
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertIn("clearbox recover learn.mp4 -o OTHER makes a film of them", result.stderr)
        self.assertFalse(spool.exists())
        self.assertEqual(self.left(), [])

    def test_a_run_that_is_stopped_leaves_the_frames_of_another(self):
        """Its film is short, and may be what makes somebody think of the other one."""
        spool = self.killed(20000)
        process = self.begun(*self.long())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertEqual(self.left(), [spool.name])
        self.assertEqual(self.run_cli("recover", "-o", "so-far.mp4").returncode, OK)

    def test_a_name_with_blanks(self):
        spool = self.killed_filming("a b.mp4", lambda spool: spool.stat().st_size > 20000)
        with self.begun(*self.long("-o", "a b.mp4")) as process:
            process.kill()
            process.stderr.read()
        result = self.learn(*self.small(), "-o", "a b.mp4")
        self.assertIn("clearbox recover 'a b.mp4' -o OTHER makes", result.stderr)
        self.assertFalse(spool.exists())

    def test_frames_behind_a_newer_file_without_any(self):
        spool = self.killed(20000)
        left = frames_in(spool)
        head = spool.read_bytes()[:20 + struct.unpack_from("<I", spool.read_bytes(), 16)[0] + 4]
        for number, content in enumerate((head, head[:100], b"", bytes(4096))):
            (self.folder / f".learn.mp4.spool-{number + 1}").write_bytes(content)
        result = self.run_cli("recover", "-o", "so-far.mp4")
        self.assertIn(f"{left} frames", result.stderr)
        self.assertFalse(spool.exists())
        self.assert_only_error_beside(self.run_cli("recover"), BAD_DATA, "or is damaged")
        later = self.folder / ".learn.mp4.spool-9"
        later.write_bytes(b"clearbox film 2\n" + bytes(100))
        result = self.learn(*self.small())
        self.assertNotIn("left frames", result.stderr)
        self.assertEqual(self.left(), [later.name]) # what is no head has no frames

    def test_a_stream_leaves_no_frames(self):
        with self.begun(*self.long("-o", "-")) as process:
            names = [path.name for path in self.folder.iterdir()]
            process.kill()
        self.assertEqual(names, ["data"])

    @unittest.skipIf(os.geteuid(), "only root gives files away")
    def test_frames_of_another_user(self):
        os.chown(self.killed(20000), 65534, 65534)
        self.assert_only_error_beside(self.run_cli("recover"), MISSING, "cannot be used by this user")

    def test_a_link_to_where_the_film_goes(self):
        (self.folder / "there").mkdir()
        (self.folder / "link.mp4").symlink_to("there/film.mp4")
        process = start("learn", *self.long("-o", "link.mp4"), cwd=self.folder)
        self.addCleanup(process.kill)
        spool = self.folder / "there" / f".film.mp4.spool-{process.pid}"
        while not (spool.exists() and spool.stat().st_size > 20000):
            self.assertIsNone(process.poll())
        process.kill()
        process.communicate(timeout=300)
        self.assertEqual(self.run_cli("recover", "link.mp4").returncode, OK)
        self.assertGreater(film_frames(self.folder / "there" / "film.mp4"), 1)

    def test_tags_that_are_not_utf_8(self):
        """They are told with what can be said of them; the frames count more."""
        self.assert_done(self.learn(*self.small(), "--no-video", "--save", b"w\xe9".decode(errors="surrogateescape")))
        self.killed_filming("learn.mp4", lambda spool: spool.stat().st_size > 20000, "--init",
                            b"w\xe9".decode(errors="surrogateescape"))
        self.assertEqual(self.run_cli("recover").returncode, OK)

    def test_a_film_that_is_being_made_is_left_alone(self):
        with self.begun(*self.long()) as process:
            self.assert_only_error_beside(self.run_cli("recover"), MISSING, "still being made")
            process.kill()
            process.stderr.read()

    def test_frames_stay_where_the_checkpoint_cannot_be_read(self):
        """Neither a recovered film nor another run takes them for nobody's."""
        self.stopped()
        spool, = self.folder.glob(".learn.mp4.spool-*")
        for name in ("run.checkpoint", "run.checkpoint~"):
            content = (self.folder / name).read_bytes()
            (self.folder / name).write_bytes(content[:1000])
        result = self.learn(*self.small())
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertTrue(spool.exists())
        result = self.run_cli("recover")
        self.assertIn("they stay for --resume", result.stderr)
        self.assertTrue(spool.exists())
        for name in ("run.checkpoint", "run.checkpoint~"):
            (self.folder / name).unlink()
        self.assertEqual(self.learn(*self.small()).returncode, OK)
        self.assertFalse(spool.exists())

    def test_frames_of_the_one_before_stay(self):
        """FILE is gone, FILE~ counts on them, too."""
        self.stopped()
        spool, = self.folder.glob(".learn.mp4.spool-*")
        (self.folder / "run.checkpoint").unlink()
        self.assertEqual(self.run_cli("recover").returncode, OK)
        self.assertTrue(spool.exists())

    def test_who_goes_on_from_the_one_before_leaves_the_last_alone(self):
        self.stopped()
        spool, = self.folder.glob(".learn.mp4.spool-*")
        frames = spool.read_bytes()
        old = (self.folder / "run.checkpoint").read_bytes()
        process = start("learn", "--resume", "run.checkpoint~", "-o", "other.mp4", cwd=self.folder)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if "epoch" in line:
                break
        process.kill()
        process.communicate(timeout=300)
        self.assertEqual(spool.read_bytes(), frames)
        self.assertEqual((self.folder / "run.checkpoint").read_bytes(), old)
        for name in ("run.checkpoint", "run.checkpoint~"):
            process = start("learn", "--resume", name, cwd=self.folder)
            self.addCleanup(process.kill)
            for line in process.stderr:
                if "epoch" in line:
                    break
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=300)
            self.assertEqual(process.returncode, INTERRUPTED, err)

    def test_a_run_with_a_film_goes_on_after_recovering(self):
        self.stopped()
        spools = list(self.folder.glob(".learn.mp4.spool-*"))
        self.assertEqual(len(spools), 1)
        result = self.run_cli("recover", "-o", "so-far.mp4")
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertIn("a checkpoint counts on the frames", result.stderr)
        self.assertTrue(spools[0].exists())


if __name__ == "__main__":
    main()
