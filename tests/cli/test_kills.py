# SPDX-License-Identifier: MIT
"""Runs that are killed at once after the n-th write, or whatever else changes a file, or after any other
call, go on and end with the same bytes as one that nobody touched.

The suite takes some of all places; CBX_TEST_EVERY_FAULT=1 takes each, and 1,000 of the others, and kills the run
that goes on, too."""

import random
import signal
import sys

from faults import EVERY, KINDS, Faults
from results import results_of
from support import OK, main

CHANGES = ("write", "fsync", "fdatasync", "rename", "link", "unlink", "ftruncate64", "open64")


class Kills(Faults):
    batch = 5  # so that there are many checkpoints

    def whole(self, flags):
        """What a run makes that is let alone, and how often it calls what."""
        self.clean()
        counts = self.counts(*flags)
        self.assert_tidy("a whole run")
        return results_of(self.at), counts

    def kill(self, name, call, flags, begin):
        result, _ = self.one(*flags, begin=begin, CBX_INJECT_KILL=f"{name}:{call}")
        self.tell(f"{begin} killed after {name} {call}", result)
        self.assertIn(result.returncode, (OK, -signal.SIGKILL), result.stderr)
        return result.returncode

    def go_on(self, flags):
        """From the checkpoint, if there is one yet."""
        going = (self.at / "run.checkpoint").exists()
        return self.one(*(() if going else flags), begin="resume" if going else "learn",
                        layer=False)[0]

    def assert_ends(self, flags, base):
        result = self.go_on(flags)
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assert_tidy(result.stderr)
        for path in self.at.iterdir(): # now that the run is over
            self.assertFalse(".spool-" in path.name or path.name.endswith("~"), path.name)
        made = results_of(self.at)
        self.assertEqual(sorted(made), sorted(base), result.stderr)
        for name, content in base.items():
            self.assertTrue(made[name] == content, f"{name} differs\n{result.stderr}")

    def kill_all(self, kind, most):
        base, counts = self.whole(KINDS[kind])
        places = [(name, call) for name in CHANGES for call in range(1, counts.get(name, 0) + 1)]
        dice = random.Random(kind)
        # Between the names of two checkpoints; and when the last one says that the run is over.
        sure = {("link", 1), max(place for place in places if place[0] == "rename")}
        self.kill_at(kind, base, places if EVERY else sorted({*dice.sample(places, most - 2), *sure}), dice)

    def kill_at(self, kind, base, chosen, dice):
        flags = KINDS[kind]
        for name, call in chosen:
            with self.subTest(killed=f"{name}:{call}", run=kind):
                self.clean()
                code = self.kill(name, call, flags, "learn")
                if code != OK and EVERY and (self.at / "run.checkpoint").exists():
                    self.kill(dice.choice(CHANGES), dice.randint(1, 12), (), "resume")
                self.assert_ends(flags, base)
        print(f"{len(chosen)} kills, {kind}", file=sys.stderr)

    def test_a_run_with_a_film(self):
        self.kill_all("checkpoint", 12)

    def test_a_run_with_a_page(self):
        self.kill_all("page kept", 8)

    def test_at_any_moment(self):
        base, counts = self.whole(KINDS["checkpoint"])
        dice = random.Random(1)
        # Of a call that comes often as well as of one that comes once.
        seen = [(name, count) for name, count in sorted(counts.items()) if name not in (*CHANGES, "clock_gettime")]
        chosen = [(name, dice.randint(1, count)) for name, count in dice.choices(seen, k=1000 if EVERY else 6)]
        self.kill_at("checkpoint", base, chosen, dice)


if __name__ == "__main__":
    main()
