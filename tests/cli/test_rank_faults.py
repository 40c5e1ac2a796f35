# SPDX-License-Identifier: MIT
"""clearbox-mpi, when the device of one rank fails: the job says which, keeps what it can, and never ends with 0."""

import os
import re
import threading
import time
import unittest

from jobs import Jobs
from support import OK, SOFTWARE, UNAVAILABLE, main

LAYER = os.environ.get("CBX_INJECT_LAYER")
AGAIN = 3 # who ends a job first is a matter of time


@unittest.skipUnless(LAYER, "a sanitizer's library must be the first one to load")
class RankFaults(Jobs):
    def failing(self, count, call, *flags, rank=None):
        """A job whose last rank, or that one, fails at a call."""
        return self.unlike_job(count, ("learn", *self.data, "--batch", 50, *flags),
                               {count - 1 if rank is None else rank: {"LD_PRELOAD": LAYER, "CBX_INJECT": call}})

    def assert_failed(self, process, phrase, expected=SOFTWARE):
        code, lines, text = self.ended(process, 60)
        self.assertEqual(code, expected, text)
        self.assertEqual(len(lines), 1, text)
        self.assertRegex(lines[0], phrase)
        return lines[0]

    def test_while_it_trains(self):
        for _ in range(AGAIN):
            self.assert_failed(self.failing(3, "clEnqueueNDRangeKernel:400", "--epochs", 1000000, "--hidden", 100,
                                            "--no-video"), r"clearbox: rank 2 on \S+: ")

    def test_a_trainer_that_cannot_be_made(self):
        """The others are let go at once."""
        for _ in range(AGAIN):
            begun = time.monotonic()
            self.assert_failed(self.failing(3, "clCreateBuffer:" + self.buffers(), "--epochs", 1000000, "--hidden",
                                            100, "--no-video"), r"clearbox: rank 2 on \S+: .* no buffer",
                               UNAVAILABLE)
            took = time.monotonic() - begun
        self.assertLess(took, 30)

    def buffers(self):
        """The call that makes one of the last of a trainer."""
        counts = self.folder / "counts"
        code, _, text = self.ended(self.unlike_job(
            3, ("learn", *self.data, "--batch", 50, "--epochs", 1, "--hidden", 100, "--no-video", "--no-check"),
            {2: {"LD_PRELOAD": LAYER, "CBX_INJECT_COUNTS": counts}}))
        self.assertEqual(code, OK, text)
        made = int(re.search(r"(?m)^clCreateBuffer (\d+)$", counts.read_text())[1])
        return str(made - 4)

    def test_a_first_rank_whose_trainer_cannot_be_made(self):
        self.assert_failed(self.failing(2, "clCreateBuffer:" + self.buffers(), "--epochs", 1000000, "--hidden", 100,
                                        "--no-video", rank=0), "^clearbox: [^:]*: .*no buffer", UNAVAILABLE)

    def test_the_first_has_much_to_write(self):
        """It is not ended by the one that failed, seconds before."""
        fifo = self.folder / "film.mkv"
        os.mkfifo(fifo)
        got = []

        def read():
            with open(fifo, "rb") as film:
                got.append(film.read(60000))
                time.sleep(6)
                got.append(film.read())

        reader = threading.Thread(target=read)
        reader.start()
        line = self.assert_failed(self.failing(2, "clEnqueueNDRangeKernel:4000", "-o", "film.mkv", "--hidden", 100,
                                               "--epochs", 1000000), r"clearbox: rank 1 on \S+: ")
        reader.join()
        self.assertIn("; kept film.mkv", line)
        self.assertGreater(len(got[1]), 0)


if __name__ == "__main__":
    main()
