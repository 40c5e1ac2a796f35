# SPDX-License-Identifier: MIT
"""Runs that are killed and go on: what comes of them is what comes of a run that nobody touched.

CBX_TEST_KILLS=N kills N runs instead of a few."""

import os
import random
import resource
import signal
import subprocess
import time

from kept import Kept
from page import Page
from results import results_of
from support import (BAD_DATA, CANNOT_CREATE, CANNOT_WRITE, INTERRUPTED, MISSING, OK, USAGE, main, run,
                     start)

KILLS = int(os.environ.get("CBX_TEST_KILLS", "6"))


class Resume(Kept):
    OUTPUTS = ("--save", "w.safetensors", "--picture", "grid.png", "--metrics", "run.jsonl",
               "--report", "page.html", "--poster", "poster.png")

    def setUp(self):
        super().setUp()
        self.flags = (*self.small(), *self.OUTPUTS)
        self.broken = self.folder / "broken"
        self.broken.mkdir()

    def whole(self, *flags):
        """A run that nobody touches, and how long it takes."""
        folder = self.folder / "whole"
        folder.mkdir()
        begun = time.monotonic()
        with start("learn", *self.flags, *flags, *self.KEPT, cwd=folder) as process:
            _, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, OK, err)
        self.assertEqual(self.left(), [])
        return folder, time.monotonic() - begun

    def run_until(self, flags, seconds, number):
        """Its code after a signal at that time, or as it ended before."""
        with start("learn", *flags, cwd=self.broken, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(number)
            process.communicate(timeout=300)
        return process.returncode

    def assert_same(self, whole):
        self.assertEqual(self.left(), [])
        made, expected = results_of(self.broken), results_of(whole)
        self.assertEqual(sorted(made), sorted(expected))
        for name, content in expected.items():
            self.assertTrue(made[name] == content, f"{name} differs")

    def kill_and_go_on(self, first, took, dice):
        """Until it is over; each time by other kernels."""
        ways = (("--family", "cpu", "--schedule", "fused"), ("--schedule", "sparse"), (),
                ("--family", "cpu", "--schedule", "stepwise"),
                ("--family", "gpu", "--schedule", "auto"))
        code = None
        for attempt in range(40):
            going = (self.broken / "run.checkpoint").exists()
            flags = ("--resume", "run.checkpoint", *dice.choice(ways)) if going else first
            end = dice.uniform(0.0, 1.1 * took) if attempt < 6 else 300
            code = self.run_until(flags, end, dice.choice((signal.SIGKILL, signal.SIGINT)))
            if code == OK:
                return
            self.assertIn(code, (-signal.SIGKILL, -signal.SIGINT, INTERRUPTED, USAGE))
            if code == USAGE: # sparse, which has no kernels for GPUs, was kept
                self.assertIn("gpu", flags)
        self.fail(f"it did not end: {code}")

    def test_killed_runs_end_as_if_nothing_had_been(self):
        ways = ((), ("--style", "show", "--scale", 1, "--recipe", "nll"))
        for number, way in enumerate(ways):
            with self.subTest(flags=way):
                self.folder.joinpath("whole").exists() and self.remove("whole")
                whole, took = self.whole(*way)
                dice = random.Random(number)
                for _ in range(KILLS // len(ways)):
                    self.remove("broken")
                    self.broken.mkdir()
                    self.kill_and_go_on((*self.flags, *way, *self.KEPT), took, dice)
                    self.assert_same(whole)

    def remove(self, name):
        for path in sorted((self.folder / name).iterdir()):
            path.unlink()
        (self.folder / name).rmdir()

    def test_what_changes_the_result_is_refused(self):
        self.stopped("--no-video")
        for flags, phrase in ((("--hidden", 10), "hidden 9, not 10"),
                              (("--epochs", 3), "epochs 1000000, not 3"),
                              (("--recipe", "nll"), "recipe lesson, not nll"),
                              (("--seed", 5), "seed 0, not 5"),
                              (("--fps", 20), "fps 70, not 20"),
                              (("-o", "new.mp4"), "without a film"),
                              (("--style", "show"), "--style contradicts --resume")):
            with self.subTest(flags=flags):
                self.assert_error(self.learn("--resume", "run.checkpoint", *flags), USAGE, phrase)

    def test_a_second_start_is_refused(self):
        self.stopped("--no-video")
        old = (self.folder / "run.checkpoint").read_bytes()
        again = (*self.small(), "--no-video", *self.KEPT)
        self.assert_error(self.learn(*again), CANNOT_CREATE, "progress of another run")
        self.assertEqual((self.folder / "run.checkpoint").read_bytes(), old)
        result = self.learn(*again, "--overwrite")
        self.assertEqual(result.returncode, OK, result.stderr)

    def test_the_one_before_is_not_lost(self):
        """FILE~ alone is progress, too; and who goes on from it keeps it."""
        self.stopped("--no-video")
        (self.folder / "run.checkpoint").rename(self.folder / "run.checkpoint~")
        old = (self.folder / "run.checkpoint~").read_bytes()
        again = (*self.small(), "--no-video", *self.KEPT)
        self.assert_error(self.learn(*again), CANNOT_CREATE, "run.checkpoint~ is there already")
        self.assert_error(self.learn("--resume", "run.checkpoint~", "--checkpoint",
                                     "run.checkpoint"), USAGE, "give one of them another name")
        self.assertEqual((self.folder / "run.checkpoint~").read_bytes(), old)

    def test_a_run_that_was_killed_between_two_names(self):
        """FILE~ has its name already, and is FILE still."""
        self.stopped("--no-video")
        (self.folder / "run.checkpoint~").unlink()
        os.link(self.folder / "run.checkpoint", self.folder / "run.checkpoint~")
        process = self.begun("--resume", "run.checkpoint", at="2")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, INTERRUPTED, err)

    def test_a_page_goes_on_without_its_film(self):
        """A run that can go on does not end because the page's own film cannot."""
        flags = ("-o", "film.ts", "--report", "page.html")
        self.stopped(*flags)
        spool, = self.folder.glob("..page.html.film.mp4.spool-*")
        spool.unlink()
        process = start("learn", "--resume", "run.checkpoint", cwd=self.folder)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if line.split()[:1] == ["2"]:
                break
        for again in range(2): # the second time the checkpoint knows that it is lost
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=300)
            self.assertEqual(process.returncode, INTERRUPTED, err)
            self.assertIsNone(Page(self.folder / "page.html").facts["film"])
            if not again:
                process = start("learn", "--resume", "run.checkpoint", cwd=self.folder)
                self.addCleanup(process.kill)
                for line in process.stderr:
                    if "epoch" in line:
                        break

    def test_frames_of_a_page_s_film_that_are_cut_short(self):
        self.stopped("-o", "film.ts", "--report", "page.html")
        spool, = self.folder.glob("..page.html.film.mp4.spool-*")
        os.truncate(spool, 2000)
        process = self.begun("--resume", "run.checkpoint", at="2")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertIsNone(Page(self.folder / "page.html").facts["film"])

    def test_a_page_s_film_that_is_not_wanted_any_more(self):
        self.stopped("-o", "film.ts", "--report", "page.html")
        for flags in (("--no-video",), ("-o", "other.mp4")):
            process = self.begun("--resume", "run.checkpoint", *flags, at="2")
            process.send_signal(signal.SIGKILL)
            self.assertNotIn("clearbox:", process.communicate(timeout=300)[1])

    def test_a_report_of_a_run_without_one(self):
        self.stopped("--no-video")
        self.assert_error(self.learn("--resume", "run.checkpoint", "--report", "page.html"), USAGE,
                          "a run without a report")

    def test_a_run_whose_film_was_lost_goes_on_without(self):
        """As it would have: the rest is worth its time, and at the end is said what is missing."""
        first = self.long("--save", "w", "--quality", 1, *self.KEPT)
        for flags in (first, ("--resume", "run.checkpoint")):
            process = start("learn", *flags, cwd=self.folder)
            self.addCleanup(process.kill)
            if flags is first:
                self.lose_film(process)
            for line in process.stderr: # some more epochs, and a checkpoint after them
                if line.strip()[:1].isdigit() and line.split()[0].endswith("0"):
                    break
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=300)
            self.assertRegex(err, r"clearbox: .*; kept run\.checkpoint, .*w; clearbox learn --resume ")
            self.assertNotIn("nan", err)
            previous = self.folder / "run.checkpoint~" # of before the film was lost, perhaps, on a busy machine
            for frames in self.folder.glob(".learn.mp4*"):
                self.assertIn(frames.name.encode(), previous.read_bytes(), err)

    def lose_film(self, process):
        """It becomes too large."""
        for line in process.stderr:
            if line.split()[:1] == ["1"]: # the driver has written what it writes
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (200000, 200000))
            if "cannot write" in line:
                return

    def test_a_checkpoint_that_could_not_be_written_is_tried_again(self):
        """A disk may be full for a while: it is said once, and when it works again."""
        process = start("learn", *self.long("--no-video", *self.KEPT), cwd=self.folder)
        self.addCleanup(process.kill)
        limits, said = (100000, resource.RLIM_INFINITY), []
        latest = time.monotonic() + 120
        for line in process.stderr: # with the epochs the file grows
            if line.split()[:1] == ["1"]: # the driver has written what it writes
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
            if "run.checkpoint" in line:
                said.append(line)
                limit = resource.RLIM_INFINITY
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
            if "written again" in line or time.monotonic() > latest:
                break
        self.assertEqual(len(said), 2, said)
        self.assertRegex(said[0], "^  cannot write .*run.checkpoint: File too large$")
        self.assertRegex(said[1], "^  run.checkpoint is written again$")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertIn("clearbox: interrupted after batch", err)
        self.assertIn("; kept run.checkpoint; clearbox learn --resume run.checkpoint goes on", err)

    def test_a_checkpoint_that_can_never_be_written(self):
        process = start("learn", *self.long("--no-video", *self.KEPT), cwd=self.folder)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if line.split()[:1] == ["1"]:
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100000, 100000))
            if "run.checkpoint" in line:
                break
        time.sleep(2.5) # it is tried some times
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, CANNOT_WRITE, err)
        self.assertEqual(err.count("File too large"), 1, err)
        self.assertRegex(err, "clearbox: cannot write .*run.checkpoint: File too large; kept run.checkp")
        process = start("learn", "--resume", "run.checkpoint", cwd=self.folder)
        self.addCleanup(process.kill)
        self.assertTrue(any("epoch" in line for line in process.stderr))
        process.kill()
        process.communicate(timeout=300)

    def test_one_run_at_a_time_has_a_checkpoint(self):
        with self.begun(*self.long("--no-video", *self.KEPT)) as process:
            (self.folder / "link").symlink_to("run.checkpoint")
            for name in ("run.checkpoint", "link"):
                self.assert_only_error_beside(self.learn("--resume", name, timeout=60),
                                              CANNOT_CREATE, "another process")
            process.kill()
            process.stderr.read()

    def test_what_will_be_written_is_said(self):
        """Before the first batch, for a checkpoint may be somebody else's."""
        self.stopped("--save", "w.safetensors")
        with start("learn", "--resume", "run.checkpoint", cwd=self.folder) as process:
            lines = []
            for line in process.stderr:
                lines.append(" ".join(line.split()))
                if line.split()[:1] == ["epoch"]:
                    break
            process.kill()
            process.stderr.read()
        self.assertIn(f"writes {self.folder / 'learn.mp4'}", lines)
        self.assertIn(str(self.folder / "w.safetensors"), lines)

    def test_a_finished_run_says_so(self):
        result = self.learn(*self.small(), "--no-video", *self.KEPT)
        self.assertEqual(result.returncode, OK, result.stderr)
        result = self.learn("--resume", "run.checkpoint")
        self.assertEqual(result.returncode, OK)
        self.assertRegex(result.stderr, "the run of run.checkpoint is over, after 20 batches")

    def test_a_finished_run_leaves_the_frames_of_others(self):
        self.assert_done(self.learn(*self.small(), *self.KEPT))
        spool = self.killed_filming("learn.mp4", lambda spool: spool.stat().st_size > 20000)
        self.assertEqual(self.learn("--resume", "run.checkpoint").returncode, OK)
        self.assertTrue(spool.exists())

    def test_names_that_no_checkpoint_can_keep(self):
        """They are JSON, which is UTF-8; without a checkpoint any name will do."""
        name, folder = (os.fsdecode(text) for text in (b"f\xe9lm.mp4", b"f\xe9lms"))
        for flags in (("-o", name, *self.KEPT), ("--save", name, *self.KEPT),
                      ("--no-video", "--checkpoint", name)):
            self.assert_only_error(self.learn(*self.small(), *flags), USAGE, "is not in UTF-8")
        (self.folder / folder).mkdir()
        result = run("learn", *self.small(), *self.KEPT, cwd=self.folder / folder)
        self.assert_only_error(result, USAGE, "is not in UTF-8")
        self.assertEqual(list((self.folder / folder).iterdir()), [])
        self.assert_done(self.learn(*self.small(), "-o", name))
        self.assertTrue((self.folder / name).exists())

    def test_a_damaged_one_is_refused(self):
        self.stopped("--no-video")
        path = self.folder / "run.checkpoint"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 16
        path.write_bytes(content)
        self.assertTrue((self.folder / "run.checkpoint~").exists())
        self.assert_only_error(self.learn("--resume", "run.checkpoint"), BAD_DATA,
                               "damaged.*the one before is run.checkpoint~$")
        self.assert_only_error(self.learn("--resume", "nothing"), MISSING, "cannot open")


if __name__ == "__main__":
    main()
