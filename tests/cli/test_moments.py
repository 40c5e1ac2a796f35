# SPDX-License-Identifier: MIT
"""Signals at any moment of a run, and clocks that jump.

The suite takes a few moments; CBX_TEST_EVERY_FAULT=1 takes 200 signals. test_stops.py has what is said,
and what a second signal does."""

import random
import signal
import sys

from faults import EVERY, KINDS, OLD, Faults
from results import results_of
from support import INTERRUPTED, OK, main

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LATE = ("write", "rename", "fsync", "fdatasync", "clFlush", "clWaitForEvents", "av_write_frame")


class Moments(Faults):
    def moments(self, flags):
        """A run, and the calls of it that are seen; half of them come after its start."""
        self.clean()
        counts = self.counts(*flags)
        calls = [(name, count) for name, count in sorted(counts.items()) if name != "clock_gettime"]
        late = [call for call in calls if call[0] in LATE]
        return results_of(self.at), calls + late * (len(calls) // len(late))

    def check(self, flags, base, number, result, left):
        shown = f"exit code {result.returncode}\n{result.stderr}"
        # Before the listener stands, and then nothing is written yet, the signal itself ends the program.
        writes = "\nwrite " in (self.folder / "log").read_text()
        self.assertIn(result.returncode, (OK, INTERRUPTED) if writes else (OK, INTERRUPTED, -number), shown)
        said = [line for line in result.stderr.splitlines() if line.startswith("clearbox: ")]
        self.assertEqual(len(said), int(result.returncode == INTERRUPTED), shown)
        self.assert_tidy(shown)
        self.assert_given_back(left, shown)
        kept = said[0].partition("; kept ")[2] if said else ""
        for name in self.outputs(flags):
            is_old = (self.at / name).read_bytes() == OLD
            self.assertEqual(is_old, result.returncode != OK and name not in kept, f"{name}\n{shown}")
            self.assertTrue(is_old or self.is_whole(name, kept), f"{name}\n{shown}")
        if result.returncode == OK:
            self.assert_the_same(base, shown)
        self.assert_goes_on(base, shown)

    def send_all(self, kind, times):
        flags = KINDS[kind]
        base, calls = self.moments(flags)
        dice = random.Random(kind)
        for _ in range(times):
            name, count = dice.choice(calls)
            call, number = dice.randint(1, count), dice.choice(SIGNALS)
            with self.subTest(after=f"{name}:{call}", signal=number.name, run=kind):
                self.put_old(flags)
                (self.folder / "log").write_text("")
                result, left = self.one(*flags, CBX_INJECT_KILL=f"{name}:{call}:{int(number)}",
                                        CBX_INJECT_LOG=self.folder / "log")
                self.tell(f"{kind} {number.name} after {name} {call}", result)
                self.check(flags, base, number, result, left)
        print(f"{times} signals, {kind}", file=sys.stderr)

    def test_signals(self):
        for kind, some in (("film", 6), ("page kept", 4)):
            self.send_all(kind, 100 if EVERY else some)

    def test_a_reader_that_goes_away_is_no_signal(self):
        flags = KINDS["film"]
        self.counts(*flags)
        base = results_of(self.at)
        self.clean()
        result, _ = self.one(*flags, CBX_INJECT_KILL=f"clFinish:2:{int(signal.SIGPIPE)}")
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assert_the_same(base, result.stderr)

    def test_clocks_that_jump(self):
        """The time of day goes either way; the steady one only ahead, as after a sleep."""
        day = 86400
        for kind, jumps in (("film", ((0, -day), (1, day))), ("page kept", ((0, day), (1, day)))):
            flags = KINDS[kind]
            self.clean()
            asked = self.counts(*flags)["clock_gettime"]
            base = results_of(self.at)
            for clock, seconds in jumps:
                for call in range(1, asked, 7) if EVERY else (asked // 2,):
                    with self.subTest(clock=clock, seconds=seconds, after=call, run=kind):
                        self.clean()
                        result, left = self.one(*flags, CBX_INJECT_CLOCK=f"{clock}:{call}:{seconds}")
                        self.tell(f"{kind} clock {clock} {seconds:+} after {call}", result)
                        self.assertEqual(result.returncode, OK, result.stderr)
                        self.assert_tidy(result.stderr)
                        self.assert_given_back(left, result.stderr)
                        self.assert_the_same(base, result.stderr)


if __name__ == "__main__":
    main()
