# SPDX-License-Identifier: MIT
"""Choosing and checking devices, and what happens where there are none."""

import json
import os
import pathlib
import pty
import resource
import unittest

from support import (CANNOT_WRITE, OK, SOFTWARE, UNAVAILABLE, USAGE, CliTest, environment, main,
                     start, write_dataset)

# Where Debian's loader looks, and PoCL's entry there.
POCL = pathlib.Path("/etc/OpenCL/vendors/pocl.icd")

SANITIZED = bool(os.environ.get("CBX_TEST_SANITIZE"))


class Choice(CliTest):
    def listed(self, **options):
        result = self.run_cli("devices", "--json", **options)
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertEqual(result.stderr, "")
        return json.loads(result.stdout)

    def two_alike(self):
        """An environment in which PoCL has two devices of one name."""
        return environment(POCL_DEVICES="pthread pthread")

    def test_table(self):
        result = self.run_cli("devices")
        self.assertEqual((result.returncode, result.stderr), (OK, ""))
        head, *rows = result.stdout.splitlines()
        self.assertEqual(head.split(), ["device", "kind", "name", "units", "memory", "driver"])
        self.assertRegex(rows[0], r"^\d+:\d+ +(CPU|GPU|other)  ")
        self.assertRegex(rows[1], r"^ +(cpu|gpu) kernels passed, \d+ ms.* \(auto\)$")
        self.assertRegex(rows[2], r"^ +(cpu|gpu) kernels passed, \d+ ms")
        self.assertNotEqual(rows[1].split()[0], rows[2].split()[0])

    def test_narrow_table(self):
        """Names give way to the terminal's width, with a mark."""
        env = environment(COLUMNS=60)
        wide = self.run_cli("devices").stdout.splitlines()[1]
        name = self.listed()[0]["name"]
        for locale, mark in (("C.UTF-8", "…"), ("C", "~")):
            with self.subTest(locale=locale):
                narrow = self.on_terminal("devices", env=dict(env, LC_ALL=locale)).splitlines()[1]
                self.assertLessEqual(len(narrow), 60)
                if len(wide) > 60:
                    self.assertIn(mark, narrow)
                    self.assertNotIn(name, narrow)

    def on_terminal(self, *arguments, env):
        """Standard output of a run whose standard output is a terminal."""
        ours, theirs = pty.openpty()
        with start(*arguments, cwd=self.folder, env=env, stdout=theirs) as process:
            os.close(theirs)
            shown = b""
            while True:
                try:
                    part = os.read(ours, 4096)
                except OSError: # Linux's way to say that nobody is left on the other side
                    break
                if not part:
                    break
                shown += part
            process.communicate(timeout=300)
        os.close(ours)
        self.assertEqual(process.returncode, OK)
        return shown.decode().replace("\r\n", "\n")

    def test_json(self):
        for device in self.listed():
            self.assertRegex(device["spec"], r"^\d+:\d+$")
            self.assertIs(device["passed"], True, device["reason"])
            self.assertIsNone(device["reason"])
            self.assertGreater(device["global_memory_bytes"], 0)
            self.assertGreater(device["self_test_milliseconds"], 0)
            self.assertEqual({f["family"] for f in device["families"]}, {"cpu", "gpu"})
            for key, value in device["families"][0].items():
                self.assertEqual(device[key], value)
            for family in device["families"]:
                self.assertIs(family["passed"], True, family["reason"])

    def test_the_list_alone(self):
        """What is there, and no check of it: for programs."""
        known = self.listed()
        rows = self.run_cli("devices", "--list")
        self.assertEqual((rows.returncode, rows.stderr), (OK, ""))
        self.assertEqual([row.split("\t") for row in rows.stdout.splitlines()],
                         [[device[key] for key in ("spec", "kind", "name")] for device in known])
        checked = {"family", "passed", "reason", "fuses", "open_milliseconds",
                   "self_test_milliseconds", "families"}
        array = json.loads(self.run_cli("devices", "--list", "--json").stdout)
        self.assertEqual(array, [{key: value for key, value in device.items()
                                  if key not in checked} for device in known])
        nowhere = environment(OCL_ICD_VENDORS="/nowhere", OCL_ICD_FILENAMES=None)
        for flags in ([], ["--json"]):
            self.assert_only_error(self.run_cli("devices", "--list", *flags, env=nowhere),
                                   UNAVAILABLE, "no OpenCL")
        with open("/dev/full", "w") as full:
            result = self.run_cli("devices", "--list", stdout=full)
        self.assertEqual(result.returncode, CANNOT_WRITE)

    def test_every_way_to_name_one(self):
        device = self.listed()[0]
        small = self.small(train=60, test=10)
        for spec in (device["spec"], device["name"], device["name"].upper(),
                     device["kind"].lower()):
            with self.subTest(spec=spec):
                if len([d for d in self.listed() if spec.lower() in d["name"].lower()]) > 1:
                    continue
                result = self.learn(*small, "--no-video", "--device", spec)
                self.assert_done(result)
                self.assertIn(f"{device['spec']} {device['name']}", result.stderr)

    def test_flag_before_environment(self):
        spec = self.listed()[0]["spec"]
        small = self.small(train=60, test=10)
        nowhere = environment(CLEARBOX_DEVICE="nowhere")
        self.assert_only_error(self.learn(*small, env=nowhere), UNAVAILABLE, "nowhere")
        self.assert_done(self.learn(*small, "--no-video", "--device", spec, env=nowhere))
        self.assert_done(self.learn(*small, "--no-video", env=environment(CLEARBOX_DEVICE="")))

    def test_unknown(self):
        known = self.listed()[0]
        for spec in ("no such device", "99:0", "0:99", "0:", ":0", "-1:0", "0:0:0"):
            with self.subTest(spec=spec):
                result = self.learn(*self.small(train=60, test=10), "--device", spec)
                self.assert_only_error(result, UNAVAILABLE, spec, known["spec"])

    def test_ambiguous(self):
        devices = self.listed(env=self.two_alike())
        self.assertGreaterEqual(len(devices), 2, "PoCL was to show two devices")
        alike = [d for d in devices if "pthread" in d["name"] or "cpu" in d["name"]]
        self.assertGreaterEqual(len(alike), 2)
        part = alike[0]["name"][:5]
        result = self.learn(*self.small(train=60, test=10), "--device", part,
                            env=self.two_alike())
        self.assert_only_error(result, UNAVAILABLE, part, alike[0]["spec"], alike[1]["spec"])

    def test_too_large(self):
        """W1 is 785 MiB here, PoCL is told to offer a buffer of 256 MiB at most."""
        result = self.learn("--hidden", 262144, "--no-video",
                            "--data", write_dataset(self.folder / "data", train=60, test=10),
                            env=environment(POCL_MEMORY_LIMIT=1))
        self.assert_only_error(result, UNAVAILABLE)

    def test_small_work_groups(self):
        """Groups of 64 do for the kernels for GPUs; with less, what suits is taken by itself."""
        small = self.small(train=60, test=10)
        enough = environment(POCL_MAX_WORK_GROUP_SIZE=64)
        self.assert_done(self.learn(*small, "--family", "gpu", env=enough))
        env = environment(POCL_MAX_WORK_GROUP_SIZE=16)
        self.assert_done(self.learn(*small, "--no-video", env=env))
        result = self.learn(*small, "--no-video", "--family", "gpu", env=env)
        self.assert_only_error(result, UNAVAILABLE, "work-groups of 64 work-items", "at most 16")

    def test_kernels_that_do_not_build(self):
        """The compiler's whole log is shown; PoCL itself adds a line before it."""
        options = "-DCBX_UPDATE_ROWS=113"
        result = self.learn("--no-video", env=environment(CLEARBOX_BUILD_OPTIONS=options))
        self.assertEqual(result.returncode, SOFTWARE)
        self.assertIn("clearbox: the kernels do not build on ", result.stderr)
        self.assertIn('"CBX_VECTOR or CBX_UPDATE_ROWS does not fit the panels"', result.stderr)
        self.assertEqual(self.leftovers(), [])


class Slow(CliTest):
    def test_no_fused_multiply_add(self):
        """PoCL, told to compile for a processor that has none, says it has; clearbox finds out."""
        env = environment(POCL_LLVM_CPU_NAME="sandybridge", POCL_KERNELLIB_NAME="avx",
                          POCL_CACHE_DIR=self.folder / "pocl", CLEARBOX_DEVICE="sandybridge")
        (self.folder / "pocl").mkdir()
        small = self.small(train=600, test=60)
        result = self.learn(*small, "--no-video", "--progress", "json", env=env)
        if result.returncode != OK:
            self.skipTest("PoCL cannot be told to be an old processor here")
        start = json.loads(result.stdout.splitlines()[0])
        self.assertIs(start["device"]["fuses"], False)
        told = self.learn(*small, "--no-video", env=env)
        self.assert_done(told)
        self.assertIn("fused multiply-add", told.stderr)


class Nothing(CliTest):
    def setUp(self):
        super().setUp()
        (self.folder / "vendors").mkdir()
        self.vendors = self.folder / "vendors"

    def test_no_platform(self):
        none = environment(OCL_ICD_VENDORS=str(self.vendors) + "/", OCL_ICD_FILENAMES=None)
        for arguments in (["devices"], ["devices", "--json"],
                          ["learn", *self.small(train=60, test=10)]):
            with self.subTest(arguments=arguments):
                result = self.run_cli(*arguments, env=none)
                self.assert_only_error(result, UNAVAILABLE, "pocl-opencl-icd")
        self.assertFalse((self.folder / "learn.mp4").exists())

    def test_a_driver_that_cannot_be_loaded(self):
        """Installed, but not to be used: another matter than nothing installed."""
        driver = self.vendors / "broken.icd"
        driver.write_text("libno_such_driver_of_all.so.1\n")
        for vendors in (str(self.vendors) + "/", str(self.vendors), str(driver)):
            with self.subTest(vendors=vendors):
                env = environment(OCL_ICD_VENDORS=vendors, OCL_ICD_FILENAMES=None)
                result = self.run_cli("devices", env=env)
                self.assert_only_error(result, UNAVAILABLE, "broken.icd", "could not be loaded")
                self.assertNotIn("no OpenCL platform", result.stderr)

    @unittest.skipIf(SANITIZED, "a sanitizer wants terabytes of addresses")
    def test_limits_that_keep_the_driver_out(self):
        def few_files():
            resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))

        def little_memory():
            resource.setrlimit(resource.RLIMIT_AS, (300000 * 1024, 300000 * 1024))

        (self.vendors / "pocl.icd").write_text(POCL.read_text())
        env = environment(OCL_ICD_VENDORS=str(self.vendors) + "/", OCL_ICD_FILENAMES=None)
        for prepare in (few_files, little_memory):
            with self.subTest(limit=prepare.__name__):
                result = self.run_cli("devices", env=env, prepare=prepare)
                # PoCL aborts where there is room to load it, but not to start its threads.
                self.assertNotIn("no OpenCL platform", result.stderr)
                if result.returncode == UNAVAILABLE:
                    self.assertRegex(result.stderr, "could not be loaded|has no device")

    def test_a_platform_without_devices(self):
        """PoCL offers none when it cannot use its cache."""
        (self.vendors / "pocl.icd").write_text(POCL.read_text())
        none = environment(OCL_ICD_VENDORS=str(self.vendors) + "/",
                           POCL_CACHE_DIR="/dev/null/nowhere")
        for arguments in (["devices"], ["learn", *self.small(train=60, test=10)]):
            with self.subTest(arguments=arguments):
                result = self.run_cli(*arguments, env=none)
                self.assertIn(result.returncode, (UNAVAILABLE, SOFTWARE))
                # PoCL itself may print a line.
                self.assertEqual(result.stderr.count("clearbox: "), 1, result.stderr)
                self.assertEqual(self.leftovers(), [])


if __name__ == "__main__":
    main()
