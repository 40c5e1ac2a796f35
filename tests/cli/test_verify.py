# SPDX-License-Identifier: MIT
"""clearbox verify: runs whose weights are known, and devices that compute something else."""

import gzip
import hashlib
import json
import os
import re
import signal
import unittest

from support import (BAD_DATA, CANNOT_WRITE, INTERRUPTED, MISSING, OK, SOFTWARE, SOURCE,
                     UNAVAILABLE, USAGE, CliTest, environment, main, start, write_dataset)

MNIST = SOURCE / "data" / "mnist"
LIST = SOURCE / "host" / "cli" / "verify_list.c"

# A library to load before all others, with a compiler that reads what is not there.
BAD_COMPILER = os.environ.get("CBX_BAD_COMPILER")

# Of e^x, the smallest coefficient. As the float after next, one result in a hundred thousand is
# another float, which the self-test does not come across; changed by much, all are.
COEFFICIENT, NEARLY, GROSS = "1.3933643526e-3f", "1.3933645854e-3f", "9.3933643526e-1f"


def unpacked(name):
    return gzip.decompress((MNIST / f"{name}.gz").read_bytes())


class Verify(CliTest):
    def verify(self, *arguments, **options):
        return self.run_cli("verify", *arguments, **options)

    def listed(self, *arguments):
        result = self.verify("--list", "--json", *arguments)
        self.assert_done(result)
        return json.loads(result.stdout)


class List(Verify):
    def test_it_needs_no_device(self):
        env = environment(OCL_ICD_VENDORS=self.folder / "nowhere")
        result = self.verify("--list", env=env)
        self.assert_done(result)
        self.assertEqual(result.stderr, "")
        head, _, *rows = result.stdout.splitlines()
        self.assertEqual(head.replace("|", "").split(), ["run", "recipe", "hidden", "batch", "epochs",
                                                         "batches", "seed", "quick", "sha256"])
        self.assertEqual([row.split()[1] for row in rows], [run["name"] for run in self.listed()])

    def test_json(self):
        runs = self.listed()
        for run in runs:
            self.assertEqual(list(run), ["name", "recipe", "hidden", "batch", "epochs", "batches",
                                         "seed", "quick", "expected_sha256"])
            self.assertRegex(run["expected_sha256"], r"^[0-9a-f]{64}$")
        default = dict(recipe="lesson", hidden=64, batch=64, epochs=5, batches=3910, seed="0")
        self.assertTrue(any(default.items() <= run.items() for run in runs), "the default run")

    def test_names_choose(self):
        self.assertEqual([run["name"] for run in self.listed("nll-100", "lesson-64")],
                         ["nll-100", "lesson-64"])


class Refusals(Verify):
    def test_unknown_names(self):
        self.assert_only_error(self.verify("lesson-46"), USAGE,
                               "there is no run 'lesson-46'; did you mean 'lesson-64'")
        self.assert_only_error(self.verify("xyzzy"), USAGE, "'xyzzy'.*verify --list")
        self.assert_only_error(self.verify("lesson-64", "a\nb"), USAGE, r"'a\?b'")
        self.assert_only_error(self.verify(""), USAGE)
        self.assert_only_error(self.verify(*["lesson-64"] * 33), USAGE, "up to 32 names")

    def test_contradictions(self):
        self.assert_only_error(self.verify("--all", "lesson-64"), USAGE, "--all contradicts names")
        self.assert_only_error(self.verify("--print", "--json"), USAGE, "--print contradicts --json")
        self.assert_only_error(self.verify("--print", "--list"), USAGE, "--print contradicts --list")

    def test_nonsense_values(self):
        for flag in ("device", "family", "schedule", "data"):
            self.assert_only_error(self.verify(f"--{flag}="), USAGE, f"--{flag} wants ")
        for flag in ("all", "list", "print", "json"):
            self.assert_only_error(self.verify(f"--{flag}=1"), USAGE, f"--{flag} takes no value")

    def test_other_data(self):
        """The list is about MNIST, wherever that lies; this is said before a device is opened."""
        write_dataset(self.folder / "data")
        self.assert_only_error(self.verify("--data", "data"), BAD_DATA, "data holds other training",
                               "the MNIST that comes with clearbox")
        self.assert_only_error(self.verify(env=environment(CLEARBOX_DATA="data")), BAD_DATA)
        self.assert_only_error(self.verify("--data", "nowhere"), MISSING, "nowhere")

    def test_mnist_elsewhere_with_other_test_images(self):
        """Only what is trained on counts."""
        folder = write_dataset(self.folder / "data", packed=False)
        for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
            (folder / name).write_bytes(unpacked(name))
        self.assert_done(self.verify("lesson-64", "--data", folder))

    def test_no_such_device(self):
        self.assert_only_error(self.verify("--device", "nowhere"), UNAVAILABLE, "nowhere")


class Equal(Verify):
    def test_one(self):
        result = self.verify("lesson-64")
        self.assert_done(result)
        run, = self.listed("lesson-64")
        head, _, row = result.stdout.splitlines()
        self.assertEqual(head.replace("|", "").split()[-3:], ["seconds", "sha256", "verdict"])
        self.assertEqual(row.replace("|", "").split()[-2:], [run["expected_sha256"][:12], "equal"])
        self.assertRegex(result.stderr, r"\Adevice \d+:\d+, .*\nlesson-64\n\Z")

    def test_the_quick_ones(self):
        result = self.verify("--json")
        self.assert_done(result)
        told = json.loads(result.stdout)
        self.assertEqual(list(told), ["version", "device", "passed_over", "family", "schedule",
                                      "data_sha256", "equal", "runs"])
        self.assertIs(told["equal"], True)
        self.assertEqual([run["name"] for run in told["runs"]],
                         [run["name"] for run in self.listed() if run["quick"]])
        for run, listed in zip(told["runs"], (run for run in self.listed() if run["quick"])):
            self.assertLessEqual(listed.items(), run.items())
            self.assertEqual(run["weights_sha256"], run["expected_sha256"])
            self.assertEqual((run["equal"], run["equal_until"], run["differs_by"]),
                             (True, None, None))
            self.assertGreater(run["seconds"], 0)
            batches = [mark["batches"] for mark in run["marks"]]
            powers = [1 << i for i in range(64) if 1 << i < run["batches"]]
            self.assertEqual(batches, [0, *powers, run["batches"]])
            self.assertEqual(run["marks"][-1]["sha256"], run["weights_sha256"])
            self.assertTrue(all(mark["equal"] for mark in run["marks"]))

    def test_the_data_are_those_of_the_list(self):
        told = json.loads(self.verify("lesson-64", "--json").stdout)
        images = unpacked("train-images-idx3-ubyte")[16:16 + 50000 * 784]
        labels = unpacked("train-labels-idx1-ubyte")[8:8 + 50000]
        self.assertEqual(told["data_sha256"], hashlib.sha256(images + labels).hexdigest())

    def test_learn_comes_to_the_same(self):
        run, = self.listed("lesson-64")
        self.assert_done(self.learn("--no-video", "--epochs", 1, "--metrics", "m"))
        last = json.loads((self.folder / "m").read_text().splitlines()[-1])
        self.assertEqual(last["weights_sha256"], run["expected_sha256"])

    def test_rows_are_printed_as_they_stand_in_the_source(self):
        result = self.verify("lesson-64", "lesson-37-batch-7", "--print")
        self.assert_done(result)
        source = LIST.read_text()
        for row in re.findall(r"(?ms)^    \{.*?\},\n", result.stdout):
            self.assertIn(row, source)
        self.assertEqual(result.stdout.count('    {"'), 2)

    def test_a_full_standard_output_is_told(self):
        for flags in ([], ["--json"], ["--print"], ["--list"]):
            with open("/dev/full", "w") as full:
                result = self.verify("lesson-64", *flags, stdout=full)
            self.assertEqual(result.returncode, CANNOT_WRITE, flags)
            self.assertIn("standard output", result.stderr)

    def test_ctrl_c_keeps_what_was_trained(self):
        with start("verify", "lesson-64", "lesson-4096", cwd=self.folder) as process:
            while process.stderr.readline() != "lesson-4096\n":
                self.assertIsNone(process.poll())
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertEqual(err.splitlines(), ["stopping; Ctrl-C again stops at once",
                                            "clearbox: interrupted after 1 of 2 runs"])
        self.assertEqual(len(out.splitlines()), 3)
        self.assertRegex(out, r"lesson-64 .* equal ")


@unittest.skipUnless(BAD_COMPILER, "a sanitizer's library must be the first one to load")
class Different(Verify):
    def misreading(self, wrong, **changes):
        return environment(LD_PRELOAD=BAD_COMPILER, BAD_COMPILER_READS=COEFFICIENT,
                           BAD_COMPILER_AS=wrong, **changes)

    def test_what_the_self_test_does_not_notice(self):
        """The first batches that differ are told, in every form."""
        env = self.misreading(NEARLY)
        result = self.verify("lesson-64", env=env)
        self.assert_verdict(result)
        told = json.loads(self.verify("lesson-64", "--json", env=env).stdout)
        run, = told["runs"]
        self.assertEqual((told["equal"], run["equal"]), (False, False))
        self.assertNotEqual(run["weights_sha256"], run["expected_sha256"])
        self.assertIn(f"batch {run['equal_until'] + 1}…{run['differs_by']}", result.stdout)
        for mark in run["marks"]:
            if mark["batches"] <= run["equal_until"]:
                self.assertIs(mark["equal"], True)
            if mark["batches"] == run["differs_by"]:
                self.assertIs(mark["equal"], False)
        plain = self.verify("lesson-64", env=dict(env, LC_ALL="C"))
        self.assertIn(f"batch {run['equal_until'] + 1}-{run['differs_by']}", plain.stderr)

    def assert_verdict(self, result):
        self.assertEqual(result.returncode, SOFTWARE, result.stderr)
        row = result.stdout.splitlines()[2]
        first, last = map(int, re.search(r"differs since batch (\d+)…(\d+) ", row).groups())
        self.assertTrue(1 < first < last, row)
        self.assertRegex(result.stderr.splitlines()[-1],
                         r"^clearbox: device \d+:\d+ computes other weights in 1 of 1 runs: "
                         rf"lesson-64 differs since batch {first}…{last}$")

    def test_new_rows_are_no_failure(self):
        result = self.verify("lesson-64", "--print", env=self.misreading(NEARLY))
        self.assert_done(result)
        self.assertNotIn(result.stdout, LIST.read_text())

    def test_what_the_self_test_notices(self):
        """It comes first, and names the kernel."""
        result = self.verify("lesson-64", env=self.misreading(GROSS, CLEARBOX_DEVICE="0:0"))
        self.assert_error(result, SOFTWARE)
        self.assertNotIn("lesson-64", result.stderr)


if __name__ == "__main__":
    main()
