# SPDX-License-Identifier: MIT
"""A disk that is full after so many bytes, for good or for a while: wherever that happens, each
output is whole or as it was, it is said, and a checkpoint that stands goes on.

The suite takes some of all places; CBX_TEST_EVERY_FAULT=1 takes each."""

import random
import re
import sys

from faults import EVERY, KINDS, Faults
from results import results_of
from support import CANNOT_WRITE, OK, main


class Disk(Faults):
    def written(self, flags):
        """Every write of a run that finds room: bytes of all before it, its own, and its file."""
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        self.clean()
        self.counts(*flags, CBX_INJECT_LOG=log)
        writes = []
        for line in log.read_text().splitlines():
            found = re.match(r"write (\d+) (\d+) (.*?)(?:-\d+)*(?: \(deleted\))?$", line)
            if found:
                writes.append((int(found[1]), int(found[2]), found[3]))
        return writes

    @staticmethod
    def places(writes):
        """After how many bytes the disk is full, and why there: of each file before its first byte,
        behind that, within its head, in its middle, where one write ends, and before its last."""
        chosen = {}
        for file in sorted({file for _, _, file in writes}):
            own = [(at, size) for at, size, other in writes if other == file and size > 0]
            first, last, middle = own[0], own[-1], own[len(own) // 2]
            name = file.rpartition("/")[2]
            for place, what in ((first[0], "nothing"), (first[0] + 1, "a byte"),
                                (first[0] + min(20, first[1] - 1), "a part of its head"),
                                (middle[0] + middle[1] // 2, "a half"),
                                (middle[0] + middle[1], "a whole write"),
                                (last[0] + last[1] - 1, "all but a byte")):
                chosen.setdefault(place, f"{what} of {name}")
        return sorted(chosen.items())

    def check(self, flags, base, result, left, for_good):
        shown = f"exit code {result.returncode}\n{result.stderr}"
        said = [line for line in result.stderr.splitlines() if line.startswith("clearbox: ")]
        self.assertIn(result.returncode, (OK, CANNOT_WRITE), shown)
        self.assertEqual(len(said), int(result.returncode != OK), shown)
        for line in said:
            self.assertIn("No space left on device", line, shown)
        self.assert_tidy(shown)
        self.assert_outputs(flags, result, shown)
        self.assert_given_back(left, shown)
        if result.returncode == OK:
            self.assert_the_same(base, shown)
        elif for_good: # then there is room again
            self.assert_goes_on(base, shown)

    def fill(self, kind, most):
        flags = KINDS[kind]
        writes = self.written(flags)
        base = results_of(self.at)
        places = self.places(writes)
        dice = random.Random(kind)
        chosen = places if EVERY else sorted(dice.sample(places, most))
        for place, what in chosen:
            for refusals in ("", ":2") if EVERY else (dice.choice(("", ":2")),):
                with self.subTest(bytes=place, fits=what, run=kind, disk=refusals):
                    self.put_old(flags)
                    result, left = self.one(*flags, CBX_INJECT_DISK=f"{place}{refusals}")
                    self.tell(f"{kind} full after {place}{refusals}, {what}", result)
                    self.check(flags, base, result, left, not refusals)
        print(f"{len(chosen)} full disks, {kind}", file=sys.stderr)

    def test_a_film(self):
        self.fill("film", 6)

    def test_a_page(self):
        self.fill("report", 6)

    def test_checkpoints(self):
        self.fill("checkpoint", 5)

    def test_checkpoints_and_a_page(self):
        self.fill("page kept", 5)


if __name__ == "__main__":
    main()
