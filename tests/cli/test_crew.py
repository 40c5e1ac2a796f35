# SPDX-License-Identifier: MIT
"""Runs on several devices: every output is that of one device, to the byte; and what can go wrong."""

import json
import os
import signal
import unittest

from alike import Alike
from results import results_of
from support import INTERRUPTED, OK, SOFTWARE, UNAVAILABLE, USAGE, environment, main

TWO = ("--device", "0:0,0:0")
BAD_COMPILER = os.environ.get("CBX_BAD_COMPILER")


class Crew(Alike):
    def test_all_outputs_are_those_of_one_device(self):
        for number, way in enumerate(self.WAYS):
            flags = (*way, *self.OUTPUTS)
            expected, _ = self.made(f"one {number}", "--device", "0:0", *flags)
            for devices in ("0:0,0:0", "0:0,0:0,0:0,0:0,0:0", "all"):
                with self.subTest(flags=way, devices=devices):
                    made, _ = self.made(f"{number} {devices.replace(',', ' ')}", "--device", devices, *flags)
                    self.assert_same(made, expected)

    def test_a_stopped_run_goes_on_with_other_devices(self):
        """And from there with one again."""
        small = ("--hidden", 100, *self.OUTPUTS)
        for number, (flags, first) in enumerate(((small, TWO), (small, ("--device", "0:0")), (self.LARGE, TWO))):
            flags = (*flags, *self.KEPT)
            expected, _ = self.made(f"whole {number}", "--device", "0:0", *flags)
            folder = self.folder / f"broken {number}"
            folder.mkdir()
            begin = ("learn", *self.data, "--epochs", 2, "--batch", 50, *first, *flags)
            code = self.stop(folder, begin)
            while code == INTERRUPTED:
                devices = ("--device", "0:0,0:0,0:0") if number else ("--device", "0:0")
                self.assertTrue((folder / "run.checkpoint").exists())
                code = self.stop(folder, ("learn", "--resume", "run.checkpoint", *devices))
            self.assertEqual(code, OK)
            self.assertEqual(self.left(), [])
            self.assert_same(results_of(folder), expected)

    def test_what_is_said(self):
        _, err = self.made("said", "--device", "0:0, 0:0,0:0", "--hidden", 64, "--no-video")
        self.assertRegex(err, r"(?m)^  devices +0:0 .+, \d+ units?\n +neurons 1.32\n +0:0 .+\n"
                              r" +no neurons: .+\n +0:0 .+\n +neurons 33.64\n")
        result = self.learn(*self.data, "--device", "0:0,0:0", "--hidden", 64, "--epochs", 1, "--no-video",
                            "--progress", "json")
        self.assertEqual(result.returncode, OK, result.stderr)
        devices = json.loads(result.stdout.splitlines()[0])["devices"]
        self.assertEqual([(device["spec"], device["first"], device["neurons"]) for device in devices],
                         [("0:0", 0, 32), ("0:0", 32, 32)])

    def test_verify(self):
        """The published hashes."""
        result = self.run_cli("verify", "lesson-64", "--device", "0:0,0:0")
        self.assertEqual(result.returncode, OK, result.stdout + result.stderr)
        self.assertEqual(result.stderr.count("device 0:0, "), 2)

    def test_what_is_refused(self):
        small = (*self.data, "--no-video")
        for devices, code, phrase in (("0:0,9:9", UNAVAILABLE, 'no OpenCL device fits "9:9"'),
                                      ("9:9,0:0", UNAVAILABLE, 'no OpenCL device fits "9:9"'),
                                      (",", USAGE, '"," names no device'),
                                      (",".join(["0:0"] * 65), USAGE, "at most 64 devices")):
            with self.subTest(devices=devices):
                self.assert_error(self.learn(*small, "--device", devices), code, phrase)
        self.assert_error(self.learn(*small, *TWO, "--arithmetic", "plain"), USAGE,
                          "several devices train by the canon alone")
        self.made("weights", "--no-video", "--save", "w.safetensors")
        result = self.run_cli("look", self.folder / "weights" / "w.safetensors", *self.data, *TWO, "--picture", "a.png")
        self.assert_error(result, USAGE, "a look takes one device")

    @unittest.skipUnless(BAD_COMPILER, "a sanitizer's library must be the first one to load")
    def test_a_device_that_does_not_work(self):
        """Among all it is passed over; one that was named ends the run."""
        env = environment(LD_PRELOAD=BAD_COMPILER, BAD_COMPILER="refuse", BAD_COMPILER_DEVICE=2,
                          POCL_DEVICES="pthread pthread pthread", XDG_CACHE_HOME=self.folder / "xdg")
        small = (*self.data, "--no-video", "--hidden", 64, "--epochs", 1)
        result = self.learn(*small, "--device", "all", env=env)
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertRegex(result.stderr, r"(?m)^  passed over 0:1 .*do not build(.*\n)+  devices +0:0 .*\n.*\n +0:2 ")
        result = self.learn(*small, "--device", "0:0,0:1", env=env)
        self.assertEqual(result.returncode, SOFTWARE)
        self.assertIn("clearbox: the kernels do not build on ", result.stderr) # and the compiler's log

    def test_a_stop_and_a_kill(self):
        for number, code in ((signal.SIGINT, INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL)):
            process = self.begun(*self.long(*TWO, "--hidden", 64, "--save", "w.safetensors"))
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, code, err)


if __name__ == "__main__":
    main()
