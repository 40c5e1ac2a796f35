# SPDX-License-Identifier: MIT
"""clearbox-mpi, by a launcher of MPI: every output is that of one process, to the byte; and how a job ends
when a rank does."""

import json
import math
import os
import pathlib
import random
import re
import signal
import subprocess
import time
import unittest

from jobs import LAUNCHER, SECONDS_TO_END, Jobs, ranks
from results import results_of
from support import (BAD_DATA, INTERRUPTED, MISSING, OK, PROGRAM, SOFTWARE, USAGE, environment, main,
                     write_dataset)

ALONE = os.environ["CLEARBOX_ALONE"] # the program without MPI
BAD_COMPILER = os.environ.get("CBX_BAD_COMPILER")
KILLS = 20 if os.environ.get("CBX_TEST_EVERY_FAULT") else 4


class Ranks(Jobs):
    # ---- the same bytes ----

    def test_all_outputs_are_those_of_one_process(self):
        for number, way in enumerate(self.WAYS):
            flags = (*way, *self.OUTPUTS)
            expected, _ = self.made(f"one {number}", *flags)
            for count in (2, 3, 5):
                with self.subTest(flags=way, ranks=count):
                    made, _ = self.made(f"{number} {count}", *flags, launcher=ranks(count))
                    self.assert_same(made, expected)

    def test_odd_sizes(self):
        """Also fewer panels than ranks."""
        for hidden, batch in ((1, 64), (37, 33), (64, 7), (1024, 64)):
            flags = ("--hidden", hidden, "--batch", batch, "--epochs", 1, "--save", "w.safetensors", "--no-video")
            expected, _ = self.made(f"one {hidden}", *flags)
            for count in (2, 3):
                with self.subTest(hidden=hidden, ranks=count):
                    made, err = self.made(f"{hidden} {count}", *flags, launcher=ranks(count))
                    self.assert_same(made, expected)
                    self.assertEqual("fewer panels of 32 than ranks" in err, hidden < 32 * (count - 1) + 1)

    def test_unlike_devices(self):
        """Each rank takes the next one of a list, and as many neurons as its speed tells."""
        env = environment(POCL_DEVICES="pthread basic")
        flags = (*self.data, "--batch", 50, "--epochs", 1, "--hidden", 330, "--no-video")
        result = self.learn(*flags)
        self.assertEqual(result.returncode, OK, result.stderr)
        for devices in (("--device", "0:0,0:1"), ("--device", "cpu"), ("--device", "all"), ()):
            with self.subTest(devices=devices):
                code, _, text = self.ended(self.job(2, "learn", *flags, *devices, env=env))
                self.assertEqual(code, OK, text)
                names = re.findall(r"(?m)^ +(?:devices +)?(0:[01]) (pthread|basic)", text)
                self.assertEqual([spec for spec, _ in names], ["0:0", "0:1"])
                self.assertNotEqual(names[0][1], names[1][1])
                hashes = re.findall(r"sha256 +(\w+) of the weights", text + result.stderr)
                self.assertEqual(len(hashes), 2)
                self.assertEqual(hashes[0], hashes[1])

    def test_verify(self):
        """The published hashes."""
        code, _, text = self.ended(self.job(2, "verify", "lesson-64", "nll-100", env=environment(POCL_DEVICES=None)))
        self.assertEqual(code, OK, text)
        self.assertEqual(text.count("| equal"), 2, text)

    def test_a_stopped_run_goes_on_with_other_ranks(self):
        small = ("--hidden", 100, *self.OUTPUTS)
        for number, (flags, first, then) in enumerate(((small, 2, 3), (small, 1, 2), (small, 3, 1), (self.LARGE, 2, 3))):
            with self.subTest(first=first, then=then, flags=flags):
                flags = (*flags, *self.KEPT)
                expected, _ = self.made(f"whole {number}", *flags)
                folder = self.folder / f"broken {number}"
                folder.mkdir()
                process = self.job(first, "learn", *self.data, "--epochs", 2, "--batch", 50, *flags, cwd=folder)
                self.trains(process)
                os.kill(self.processes(process)[0], signal.SIGTERM) # as a launcher would
                code, _, text = self.ended(process)
                self.assertIn(code, (OK, INTERRUPTED), text)
                if code == INTERRUPTED:
                    self.assertTrue((folder / "run.checkpoint").exists())
                    code, _, text = self.ended(self.job(then, "learn", "--resume", "run.checkpoint", cwd=folder))
                self.assertEqual(code, OK, text)
                self.assertEqual(self.left(), [])
                self.assert_same(results_of(folder), expected)

    # ---- what is said ----

    def test_what_is_said(self):
        small = ("learn", *self.data, "--batch", 50, "--epochs", 1, "--no-video", "--hidden", 64)
        code, _, text = self.ended(self.job(2, *small))
        self.assertEqual(code, OK, text)
        host = r"\S+(?:, bound to core \S+)?"
        self.assertRegex(text, rf"(?m)^  devices +0:0 .+, \d+ units?\n +rank 0 on {host}, neurons 1.32\n +0:0 .+\n"
                               rf" +rank 1 on {host}, neurons 33.64\n")
        self.assertEqual(text.count("test      accuracy"), 1) # rank 0 alone prints
        code, _, text = self.ended(self.job(2, *small, "--progress", "json"))
        self.assertEqual(code, OK, text)
        devices = json.loads(text.splitlines()[0])["devices"]
        self.assertEqual([(device["first"], device["neurons"]) for device in devices], [(0, 32), (32, 32)])
        self.assertEqual(len({device["host"] for device in devices}), 1)

    def test_commands_that_do_not_train(self):
        code, _, text = self.ended(self.job(3, "--version"))
        self.assertEqual((code, text.count("commit")), (OK, 1), text)

    def test_what_is_refused(self):
        for arguments, code, phrase in ((("--hidden", 0), USAGE, "hidden"), (("--data", "nowhere"), MISSING, "nowhere"),
                                        (("--device", "9:9"), 69, 'no OpenCL device fits "9:9"'),
                                        (("--device", "0:0,9:9"), 69, 'rank 1 on .*: no OpenCL device fits "9:9"'),
                                        (("--arithmetic", "plain"), USAGE, "several devices train by the canon alone")):
            with self.subTest(arguments=arguments):
                begun = time.monotonic()
                found, lines, text = self.ended(self.job(2, "learn", *self.data, "--no-video", *arguments))
                self.assertEqual(found, code, text)
                self.assertEqual(len(lines), 1, text)
                self.assertRegex(lines[0], phrase)
                self.assertLess(time.monotonic() - begun, 60)

    def test_the_program_without_mpi(self):
        """Each process would train the whole network."""
        result = subprocess.run([*map(str, ranks(2)), ALONE, "learn", *self.data], cwd=self.folder, capture_output=True,
                                text=True, env=environment(), timeout=60, check=False)
        self.assertEqual(result.returncode, USAGE, result.stderr)
        lines = [line for line in result.stderr.splitlines() if line.startswith("clearbox: ")]
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertIn("mpirun -n 2 clearbox-mpi learn", lines[0])

    def test_ranks_of_different_programs(self):
        """Both are named."""
        other = self.folder / "other"
        content = pathlib.Path(PROGRAM).read_bytes()
        self.assertEqual(content.count(b"clearbox %s (commit %s), kernels"), 1)
        other.write_bytes(content.replace(b"clearbox %s (commit %s), kernels", b"clearbox %s (commit %s), Kernels"))
        other.chmod(0o755)
        command = [LAUNCHER, "-n", "1", PROGRAM, "learn", *self.data, ":", "-n", "1", other, "learn", *self.data]
        result = subprocess.run([*map(str, command)], cwd=self.folder, capture_output=True, text=True, env=environment(),
                                timeout=60, check=False)
        self.assertEqual(result.returncode, USAGE, result.stderr)
        self.assertRegex(result.stderr, r"clearbox: rank 1 on \S+ runs another program: it is clearbox .* Kernels \w+, but "
                                        r"rank 0 on \S+ is clearbox .* kernels \w+\n")

    def test_bench(self):
        bench = ("bench", "--ranks", *self.data, "--batch", 50, "--hidden", "64,330,800", "--seconds", 0.2, "--repetitions", 2)
        code, _, text = self.ended(self.job(2, *bench))
        self.assertEqual(code, OK, text)
        self.assertRegex(text, r"Measured, 2 ranks, batches of 50:\n\n\| +H \|")
        self.assertRegex(text, r"A model, not measured: such ranks on a network of 10 .s and 100 Gbit/s, where each\n"
                               r"message beside others takes \d+\.\d\d .s more, as it does here, less what they do for the\n"
                               r"next batch meanwhile:\n")
        sparse = write_dataset(self.folder / "sparse", noisy=5) # so that there are lists
        code, _, text = self.ended(self.job(3, *bench, "--data", sparse, "--latency", 5, "--bandwidth", 10,
                                            "--format", "json"))
        self.assertEqual(code, OK, text)
        told = json.loads(next(line for line in text.splitlines() if line.startswith("{")))
        self.assertEqual([(row["hidden"], row["ranks"], row["neurons_a_rank"]) for row in told["measured"]],
                         [(64, 1, 64), (64, 2, 32), (330, 1, 330), (330, 2, 192), (330, 3, 128),
                          (800, 1, 800), (800, 2, 416), (800, 3, 288)])
        for row in told["measured"]:
            self.assertGreater(row["batch_seconds"], 0)
            self.assertEqual(row["exchange_seconds"] > 0, row["ranks"] > 1)
        self.assertEqual([(row["hidden"], row["ranks"]) for row in told["model"]["rows"]],
                         [(330, 8), (800, 8), (800, 16)])
        # Of 5 µs and 2,000 bytes at 10 Gbit/s: three messages in a row, or seven at once. Meanwhile those with
        # four panels turn the lists of the next batch round.
        wire, more = 8 * 2000 / 10e9, 1e-6 * told["model"]["message_us"]
        self.assertGreaterEqual(more, 0)
        for row in told["model"]["rows"]:
            others, steps, prepare = row["ranks"] - 1, math.log2(row["ranks"]), row["prepare_seconds"]
            self.assertAlmostEqual(row["exchange_seconds"],
                                   min(max(0, 5e-6 + wire - prepare) + (steps - 1) * (5e-6 + wire),
                                       max(0, 5e-6 + others * wire - prepare) + others * more))
        self.assertGreater(told["model"]["rows"][1]["prepare_seconds"], 1e-7) # nothing takes some 30 ns
        for row in (*told["measured"], *told["model"]["rows"]):
            alone = next(one["batch_seconds"] for one in told["measured"] if one["hidden"] == row["hidden"])
            self.assertAlmostEqual(row["efficiency_fixed_hidden"], alone / row["ranks"] / row["batch_seconds"])
        for flags in (("--film",), ("--format", "csv"), ("--device", "0:0,0:0")):
            found, lines, text = self.ended(self.job(2, *bench, *flags))
            self.assertEqual((found, len(lines)), (USAGE, 1), text)
        result = subprocess.run([ALONE, *map(str, bench)], cwd=self.folder, capture_output=True, text=True,
                                env=environment(), timeout=60, check=False)
        self.assertEqual(result.returncode, USAGE, result.stderr)
        self.assertIn("mpirun -n 2 clearbox-mpi bench --ranks", result.stderr)

    # ---- failures ----

    @unittest.skipUnless(BAD_COMPILER, "a sanitizer's library must be the first one to load")
    def test_a_rank_whose_device_does_not_work(self):
        code, _, text = self.ended(self.unlike_job(2, ("learn", *self.data, "--no-video", "--epochs", 1),
                                                   {1: {"LD_PRELOAD": BAD_COMPILER, "BAD_COMPILER": "refuse"}},
                                                   environment(XDG_CACHE_HOME=self.folder / "xdg")))
        self.assertEqual(code, SOFTWARE, text)
        self.assertRegex(text, r"clearbox: rank 1 on \S+: the kernels do not build on ")

    def test_a_rank_that_is_killed(self):
        """At random moments; the run goes on with another number."""
        chance = random.Random(7)
        flags = ("--hidden", 100, "--epochs", 40, *self.OUTPUTS, *self.KEPT)
        expected, _ = self.made("whole", *flags)
        for number in range(KILLS):
            with self.subTest(number=number):
                folder = self.folder / f"killed {number}"
                folder.mkdir()
                process = self.job(3, "learn", *self.data, "--batch", 50, *flags, cwd=folder)
                self.trains(process)
                time.sleep(chance.random())
                victims = self.processes(process)
                if len(victims) == 3:
                    os.kill(victims[chance.choice((1, 2))], signal.SIGKILL)
                begun = time.monotonic()
                code, _, text = self.ended(process, 60)
                self.assertLess(time.monotonic() - begun, SECONDS_TO_END)
                if code != OK: # the kill came too late
                    code, _, text = self.ended(self.job(2, "learn", "--resume", "run.checkpoint", cwd=folder))
                self.assertEqual(code, OK, text)
                self.assertEqual(self.left(), [])
                self.assert_same(results_of(folder), expected)

    def test_a_rank_that_is_not_heard(self):
        """As of a machine that is cut off, but for mpirun, which knows nothing of it."""
        process = self.long_job(3, "--no-video", *self.KEPT)
        pids = self.processes(process)
        while not (self.folder / "run.checkpoint").exists():
            time.sleep(0.01)
        os.kill(pids[2], signal.SIGSTOP)
        begun = time.monotonic()
        code, lines, text = self.ended(process, 60)
        self.assertLess(time.monotonic() - begun, SECONDS_TO_END)
        self.assertEqual(code, SOFTWARE, text)
        self.assertEqual(len(lines), 1, text)
        self.assertRegex(lines[0], r"rank 2 on \S+ has not been heard for 3\.0 seconds.*--resume run.checkpoint goes on")
        self.assert_gone(pids, begun)

    def test_a_first_rank_that_is_not_heard(self):
        """The others are not left behind; what a launcher does to a process that is stopped is its own affair."""
        process = self.long_job(3, "--no-video")
        first, *others = self.processes(process)
        os.kill(first, signal.SIGSTOP)
        self.assert_gone(others, time.monotonic())
        os.kill(first, signal.SIGKILL)
        _, lines, text = self.ended(process, 60)
        self.assertEqual(len(lines), 1, text)
        self.assertRegex(lines[0], r"clearbox: rank 0 on \S+ has not been heard for 3\.0 seconds$")

    def test_a_job_that_slept(self):
        """With its whole machine: nobody is lost."""
        process = self.long_job(2, "--no-video", "--save", "w.safetensors")
        pids = self.processes(process)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(SECONDS_TO_END)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        time.sleep(1.5)
        self.assertEqual(self.processes(process), pids)
        os.kill(pids[0], signal.SIGTERM)
        code, _, text = self.ended(process)
        self.assertEqual(code, INTERRUPTED, text)
        self.assertTrue((self.folder / "w.safetensors").exists())

    def test_a_stop(self):
        """Ctrl-C reaches the launcher."""
        process = self.long_job(2, "--save", "w.safetensors", "--checkpoint", "run.checkpoint")
        pids = self.processes(process)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        self.ended(process, 60)
        self.assertLess(time.monotonic() - begun, SECONDS_TO_END)
        self.assert_gone(pids, begun)
        self.assertEqual([name for name in self.leftovers() if "learn.mp4" not in name], [])

    def test_a_full_disk(self):
        code, lines, text = self.ended(self.job(2, "learn", *self.data, "--batch", 50, "--epochs", 1, "--no-video", "--save",
                                                "/dev/full"))
        self.assertEqual(code, 74, text)
        self.assertEqual(len(lines), 1, text)
        self.assertIn("No space left", lines[0])

    def test_damaged_data(self):
        path = next((self.folder / "data").glob("train-labels*"))
        path.write_bytes(path.read_bytes()[:-9])
        code, lines, text = self.ended(self.job(2, "learn", *self.data, "--no-video"))
        self.assertEqual((code, len(lines)), (BAD_DATA, 1), text)


if __name__ == "__main__":
    main()
