# SPDX-License-Identifier: MIT
"""Other programs on the same processors, and clearbox itself: everything comes out as on an idle machine."""

import os
import signal
import subprocess
import sys
import time
import unittest

from support import (OK, CliTest, environment, main, read_safetensors_header, read_tensors,
                     start)

MANY = 10
UNITS = 32
OUTPUTS = (("-o", "learn.mp4"), ("--save", "w.safetensors"), ("--picture", "grid.png"))


class Load(CliTest):
    def setUp(self):
        super().setUp()
        self.flags = self.small()
        self.assert_done(self.learn(*self.flags, *self.named("alone")))

    def named(self, run):
        """Outputs of a run, which begin with its name."""
        return [part for flag, name in OUTPUTS for part in (flag, f"{run}-{name}")]

    def go(self, run, *flags, **options):
        return start("learn", *self.flags, *self.named(run), *flags, cwd=self.folder, **options)

    def assert_as_alone(self, run, process):
        _, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, OK, err)
        for _, name in OUTPUTS:
            read = read_tensors if name.endswith("safetensors") else lambda path: path.read_bytes()
            one, other = (read(self.folder / f"{which}-{name}") for which in ("alone", run))
            self.assertEqual(one, other, f"{run}-{name}")

    def assert_nothing_is_left(self):
        self.assertEqual(self.leftovers(), [])
        self.assertEqual([path.name for path in self.folder.rglob("*") if ".spool-" in path.name], [])

    def together(self, count, **changes):
        """All in one folder, with one cache, which is empty, and the driver's, which is not."""
        env = environment(XDG_CACHE_HOME=self.folder / "cache", **changes)
        ways = ("cpu", "gpu")
        runs = [(f"run{i}", self.go(f"run{i}", "--family", ways[i % 2], env=env)) for i in range(count)]
        for run, process in runs:
            with process:
                self.assert_as_alone(run, process)
        self.assert_nothing_is_left()

    def test_two_at_once(self):
        self.together(2)

    def test_ten_at_once(self):
        self.together(MANY)

    def test_ten_want_one_file(self):
        """One after the other gives it its name, and it is whole each time."""
        runs = [start("learn", *self.flags, *self.named("same"), cwd=self.folder) for _ in range(MANY)]
        for process in runs:
            with process:
                self.assert_as_alone("same", process)
        self.assert_nothing_is_left()

    def test_stopped_and_continued(self):
        with self.go("stopped") as process:
            for _ in range(20):
                time.sleep(0.03)
                if process.poll() is not None:
                    break
                process.send_signal(signal.SIGSTOP)
                time.sleep(0.03)
                process.send_signal(signal.SIGCONT)
            self.assert_as_alone("stopped", process)

    @unittest.skipUnless(hasattr(os, "sched_setaffinity"), "the system does not say where programs run")
    def test_one_core(self):
        """Of which the driver may not know: it starts as many threads as the machine has processors."""
        core = min(os.sched_getaffinity(0))
        with self.go("one-core", prepare=lambda: os.sched_setaffinity(0, {core})) as process:
            self.assert_as_alone("one-core", process)

    def test_more_units_than_cores(self):
        """Work-groups that wait for each other have to let the others run, for those have no core."""
        many = environment(POCL_PTHREAD_MIN_THREADS=UNITS, POCL_CPU_MIN_CU_COUNT=UNITS)
        weights = []
        for number, env in enumerate((environment(), many, many)):
            schedule = ("fused", "fused", "sparse")[number]
            result = self.learn(*self.flags, "--hidden", 1000, "--no-video", "--schedule", schedule,
                                "--family", "cpu", "--save", "w.safetensors", env=env, timeout=600)
            self.assert_done(result)
            header = read_safetensors_header(self.folder / "w.safetensors")
            if env is many and header["__metadata__"]["compute_units"] != str(UNITS):
                self.skipTest("the driver has as many units as there are cores")
            weights.append(read_tensors(self.folder / "w.safetensors"))
        self.assertEqual(weights[1:], weights[:1] * 2)

    def test_beside_others(self):
        """Twice as many busy programs as processors, and lower in rank than they."""
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
                for _ in range(2 * (os.cpu_count() or 1))]
        try:
            with self.go("beside", prepare=lambda: os.nice(10)) as process:
                self.assert_as_alone("beside", process)
        finally:
            for one in busy:
                one.kill()
                one.wait()


if __name__ == "__main__":
    main()
