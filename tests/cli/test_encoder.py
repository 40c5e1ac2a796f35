# SPDX-License-Identifier: MIT
"""The encoder made of kernels: taken where it works, and what is said where it does not."""

import hashlib
import json
import os
import unittest

from support import OK, SOFTWARE, CliTest, environment, film_frames, main

# A library to load before all others, with a compiler that misreads; see its source.
BAD_COMPILER = os.environ.get("CBX_BAD_COMPILER")

# What it reads, and for what it takes that: a wrong inverse transform, a function that is not there.
WRONG = "(d[1] >> 1) - d[3]", "(d[1] >> 0) - d[3]"
MISSING = "HELPER int sum4(", "HELPER int sum9("


class EncoderTest(CliTest):
    def setUp(self):
        super().setUp()
        self.flags = (*self.small(train=200, test=10), "--picture", "grid.png")

    def start_event(self, *arguments, **options):
        result = self.learn(*self.flags, *arguments, "--progress", "json", **options)
        self.assert_done(result)
        return json.loads(result.stdout.splitlines()[0])


class Encoder(EncoderTest):
    def test_it_is_the_first_choice(self):
        for flags in ((), ("--encoder", "auto"), ("--encoder", "device")):
            film = self.start_event(*flags)["film"]
            self.assertEqual((film["encoder"], film["fallback"]), ("device", False))
            self.assertIsNone(film["fallback_reason"])

    def test_wishes_that_it_does_not_know_are_for_others(self):
        for flags in (("--codec", "mpeg4"), ("--preset", "superfast")):
            film = self.start_event(*flags)["film"]
            self.assertNotEqual(film["encoder"], "device")

    def test_any_number_of_processors(self):
        """Slices are cut where there are more processors than frames."""
        hashes = set()
        for processors in (1, 2, 40):
            env = environment(POCL_MAX_PTHREAD_COUNT=str(processors))
            self.assert_done(self.learn(*self.flags, "--encoder", "device", env=env))
            hashes.add(hashlib.sha256((self.folder / "learn.mp4").read_bytes()).hexdigest())
        self.assertEqual(len(hashes), 1)

    def test_every_quality(self):
        """The coarser, the smaller; all can be read."""
        sizes = []
        for quality in (1, 12, 23, 37, 51):
            self.assert_done(self.learn(*self.flags, "--encoder", "device", "--quality", quality))
            self.assertEqual(film_frames(self.folder / "learn.mp4"), 8)
            sizes.append(os.path.getsize(self.folder / "learn.mp4"))
        self.assertEqual(sorted(sizes, reverse=True), sizes)


@unittest.skipUnless(BAD_COMPILER, "a sanitizer's library must be the first one to load")
class BadKernels(EncoderTest):
    def bad(self, change):
        return environment(LD_PRELOAD=BAD_COMPILER, BAD_COMPILER_READS=change[0],
                           BAD_COMPILER_AS=change[1])

    def test_another_encoder_takes_its_place(self):
        for change, reason in ((WRONG, "the encoder on .* errs: "), (MISSING, "do not build")):
            with self.subTest(reason=reason):
                film = self.start_event(env=self.bad(change))["film"]
                self.assertNotEqual(film["encoder"], "device")
                self.assertTrue(film["fallback"])
                self.assertRegex(film["fallback_reason"], reason)
                self.assertGreater(film_frames(self.folder / "learn.mp4"), 0)
                result = self.learn(*self.flags, env=self.bad(change))
                self.assert_done(result)
                self.assertRegex(result.stderr, reason)

    def test_whoever_names_it_gets_no_other(self):
        before = sorted(os.listdir(self.folder))
        for change, reason in ((WRONG, "the encoder on .* errs: "), (MISSING, "do not build")):
            with self.subTest(reason=reason):
                result = self.learn(*self.flags, "--encoder", "device", env=self.bad(change))
                self.assertEqual(result.returncode, SOFTWARE, result.stderr)
                lines = [line for line in result.stderr.splitlines()
                         if line.startswith("clearbox: ")]
                self.assertEqual(len(lines), 1, result.stderr)
                self.assertRegex(lines[0], reason)
                self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_without_a_film_nobody_asks(self):
        self.assert_done(self.learn(*self.flags, "--no-video", env=self.bad(WRONG)))


if __name__ == "__main__":
    main()
