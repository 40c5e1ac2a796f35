# SPDX-License-Identifier: MIT
"""One call fails: of OpenCL, of libav, for memory, of a file, for a thread. The program neither
crashes nor hangs, says what is wrong, gives back what it holds, and leaves every output either
whole or as it was.

The suite takes some of all cases; CBX_TEST_EVERY_FAULT=1 takes the first, the second, the middle
and the last call of every function, however a run trains and whatever it makes."""

import os
import re
import signal
import sys

from faults import CODES, EVERY, KINDS, OLD, ONLY, WAYS, Faults
from results import results_of
from support import OK, main, write_safetensors

# Nothing that is called can be removed, or told, when these fail.
LEAVES = ("unlink",)
SILENT = ("fwrite", "fflush")
# What is told is one part shorter: a string that fails once is taken for one that is no UTF-8, and the
# command line is put together in memory.
PARTS = ("json_string", "fclose", "open_memstream")


# What is said where nobody told why.
BARE = r"^clearbox: (?:bad \w+|out of memory|missing input|no \w+|device fault|cannot \w+ output)(?:;|$)"


def places(count):
    """Which calls of so many fail: of a few, and where it is wanted, all."""
    if EVERY and count <= 8:
        return range(1, count + 1)
    return sorted({1, (count + 1) // 2, count} | ({2} if EVERY else set()))


class Injection(Faults):
    def cases(self, flags, only=("",), **options):
        counts = self.counts(*flags, **options)
        return [(name, call) for name, count in sorted(counts.items()) if name.startswith(only)
                and name != "clock_gettime" and not name.startswith("clRelease")
                for call in places(count)]

    def check(self, name, flags, result, left):
        shown = f"exit code {result.returncode}\n{result.stderr}"
        said = [line for line in result.stderr.splitlines() if line.startswith("clearbox: ")]
        self.assertIn(result.returncode, CODES, shown)
        if name not in LEAVES:
            self.assert_tidy(shown)
        if name not in SILENT:
            self.assertEqual(len(said), int(result.returncode != OK), shown)
        for line in said:
            self.assertNotRegex(line, BARE, shown)
        self.assert_outputs(flags, result, shown, None if name in SILENT else ())
        if name == "clEnqueueUnmapMemObject": # which is said to have done nothing
            left = {kind: count for kind, count in (left or {}).items() if kind != "mapping"}
        self.assert_given_back(left, shown)
        return shown

    @staticmethod
    def encoder(result):
        """Which one made the film; a fault may lead to another."""
        return re.findall(r"frames at \d+ a second, (.*)", result.stderr)

    def inject(self, what, flags, step=1, **options):
        """`what` names the run; of its cases every `step`-th is taken."""
        all_cases = self.cases(flags, **options)[::1 if EVERY else step]
        if ONLY:
            name, _, call = ONLY.partition(":")
            all_cases = [(name, int(call))]
        base = results_of(self.at)
        options.pop("only", None)
        for name, call in all_cases:
            with self.subTest(call=f"{name}:{call}", run=what):
                self.put_old(flags)
                result, left = self.one(*flags, CBX_INJECT=f"{name}:{call}", **options)
                self.tell(f"{what} {name}:{call}", result)
                shown = self.check(name, flags, result, left)
                if result.returncode == OK and name not in (*SILENT, *PARTS):
                    differs = (self.encoder(self.said_by_base) != self.encoder(result) or
                               "no fast fused multiply-add" in result.stderr)
                    self.assert_the_same(base, shown, ("w.safetensors", "grid.png") if differs else base)
                self.assert_goes_on(base, shown)
        print(f"{len(all_cases)} injected failures, {what}", file=sys.stderr)
        return sys.maxsize if ONLY else len(all_cases)

    def test_every_call_of_a_run(self):
        self.assertGreater(self.inject("film", KINDS["film"], 3), 60)

    def test_a_film_of_libavcodec(self):
        self.assertGreater(self.inject("encoder", KINDS["encoder"], 23), 7)

    def test_a_film_with_captions(self):
        self.assertGreater(self.inject("stream", KINDS["stream"], 25), 7)

    def test_a_page(self):
        self.assertGreater(self.inject("report", KINDS["report"], 27), 7)

    def test_checkpoints(self):
        self.assertGreater(self.inject("checkpoint", KINDS["checkpoint"], 29), 7)

    def test_checkpoints_and_a_page(self):
        self.assertGreater(self.inject("page kept", KINDS["page kept"], 31), 7)

    def test_what_all_of_them_found_once(self):
        for kind, name in (("film", "read"), ("checkpoint", "json_string"), ("report", "av_new_packet")):
            self.clean()
            self.assertGreater(self.inject(kind, KINDS[kind], only=(name,)), 1)

    def test_however_a_run_trains(self):
        for number, (schedule, family) in enumerate(WAYS):
            for kind in KINDS if EVERY else ("film",):
                flags = (*KINDS[kind], "--schedule", schedule, "--family", family)
                self.clean()
                self.inject(f"{kind} {schedule} {family}", flags, 23 + 2 * number, only=("cl",))

    def test_an_encoder_that_nobody_may_replace(self):
        flags = (*KINDS["film"], "--encoder", "device")
        self.assertGreater(self.inject("device", flags, 9, only=("av", "cl")), 8)

    def test_a_run_that_keeps_its_names(self):
        """--no-clobber moves its files in another way."""
        flags = KINDS["film"]
        for call in ("link:1", "link:2", "link:3", "lstat64:1", "lstat64:3", "open64:9"):
            with self.subTest(call=call):
                self.clean()
                result, _ = self.one(*flags, "--no-clobber", CBX_INJECT=call)
                self.assertIn(result.returncode, CODES, result.stderr)
                self.assert_tidy(result.stderr)
                for name in self.outputs(flags):
                    if (self.at / name).exists():
                        self.assertTrue(self.is_whole(name))

    def test_one_thread_asks_the_device(self):
        """PoCL 3.1's basic device waits for itself where one thread enqueues behind what another executes."""
        for kind, flags in KINDS.items():
            with self.subTest(kind=kind):
                self.clean()
                result, left = self.one(*flags, CBX_INJECT_COUNTS=self.folder / "counts")
                self.assertEqual(result.returncode, OK, result.stderr)
                self.assertEqual(left["thread at a queue"], 1)

    def test_what_a_killed_run_left(self):
        """A film is made of it, or all stays as it is."""
        self.clean()
        killed, _ = self.one("-o", "film.mp4", CBX_INJECT_KILL="clFlush:9")
        self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
        spool, = self.at.glob(".film.mp4.spool-*")
        frames = spool.read_bytes()
        cases = self.cases((), begin="recover")
        whole = (self.at / "film.mp4").read_bytes()
        self.assertFalse(spool.exists())
        for name, call in cases:
            with self.subTest(call=f"{name}:{call}", run="recover"):
                self.put_old(("-o", "film.mp4"))
                spool.write_bytes(frames)
                result, left = self.one(begin="recover", CBX_INJECT=f"{name}:{call}")
                self.tell(f"recover {name}:{call}", result)
                shown = f"exit code {result.returncode}\n{result.stderr}"
                self.assertIn(result.returncode, CODES, shown)
                self.assertEqual(result.stderr.count("clearbox: "), int(result.returncode != OK), shown)
                self.assertNotRegex(result.stderr, BARE, shown)
                self.assert_given_back(left, shown)
                film = (self.at / "film.mp4").read_bytes()
                self.assertEqual(film, whole if result.returncode == OK else OLD, shown)
                if name not in LEAVES:
                    self.assertEqual(spool.exists(), result.returncode != OK, shown)
                    self.assertEqual(len(os.listdir(self.at)), 1 + spool.exists(), shown)
                if spool.exists():
                    self.assertEqual(spool.read_bytes(), frames, shown)
        self.assertGreater(len(cases), 60)

    def test_weights_to_start_from(self):
        write_safetensors(self.folder / "start", 9)
        flags = (*KINDS["film"], "--init", "../start")
        self.inject("init", flags, only=("fread", "fdopen", "json_loadb", "fstat64"))


if __name__ == "__main__":
    main()
