# SPDX-License-Identifier: MIT
"""--arithmetic split-bf16: what says so, and who refuses it. Devices without tensor cores emulate them here."""

import json
import os
import re

from support import OK, UNAVAILABLE, USAGE, CliTest, environment, main, read_safetensors_header

SPLIT = ("--arithmetic", "split-bf16")
EMULATED = {"CLEARBOX_EMULATE_MMA": "1"}


class Arithmetic(CliTest):
    def test_a_run_says_by_what_its_bits_came_about(self):
        flags = (*self.small(), "--no-video")
        told = {}
        for arithmetic in ("canon", "split-bf16"):
            result = self.learn(*flags, "--arithmetic", arithmetic, "--save", "w.safetensors", "--metrics", "m.jsonl",
                                env=environment(**EMULATED))
            self.assert_done(result)
            hashes = json.loads((self.folder / "m.jsonl").read_text().splitlines()[-1])
            metadata = read_safetensors_header(self.folder / "w.safetensors")["__metadata__"]
            self.assertEqual((hashes["arithmetic"], metadata["arithmetic"]), (arithmetic, arithmetic))
            self.assertEqual(metadata["schedule"], "fused")
            split = arithmetic == "split-bf16"
            self.assertEqual("split-bf16 arithmetic: the bits are this device's own\n" in result.stderr, split)
            self.assertEqual(", by split-bf16 arithmetic\n" in result.stderr, split, result.stderr)
            told[arithmetic] = hashes["weights_sha256"]
        self.assertNotEqual(told["canon"], told["split-bf16"])
        again = self.learn(*flags, *SPLIT, "--progress", "json", env=environment(**EMULATED))
        events = [json.loads(line) for line in again.stdout.splitlines()]
        self.assertEqual(events[0]["arithmetic"], "split-bf16")
        self.assertEqual(events[-1]["weights_sha256"], told["split-bf16"])  # the same bits on the same device

    def test_other_kernels_are_refused(self):
        for flag, value in (("family", "cpu"), ("schedule", "sparse"), ("schedule", "stepwise")):
            with self.subTest(value=value):
                result = self.learn(*self.small(), *SPLIT, f"--{flag}", value, env=environment(**EMULATED))
                self.assert_only_error(result, USAGE, value, "arithmetic split-bf16")

    def test_devices_without_tensor_cores_are_refused(self):
        """Where there are some the run is done."""
        flags = (*self.small(), *SPLIT, "--no-video", "--save", "w.safetensors")
        for device in ((), ("--device", "cpu")):
            with self.subTest(device=device):
                result = self.learn(*flags, *device)
                if result.returncode == OK and not device:
                    os.remove(self.folder / "w.safetensors")
                else:
                    self.assert_only_error(result, UNAVAILABLE, "split-bf16", "compute capability 8.0 or later")

    def test_verify_knows_the_canon_alone(self):
        self.assert_only_error(self.run_cli("verify", *SPLIT), USAGE, "--arithmetic")

    def test_bench_says_whose_peak_it_is(self):
        self.small()
        flags = ("bench", "--data", "data", "--device", "cpu", "--hidden", 32, "--schedule", "fused", "--seconds",
                 0.01, "--repetitions", 1, "--no-baseline", *SPLIT)
        result = self.run_cli(*flags, "--output", "bench.json", "--format", "json", env=environment(**EMULATED))
        self.assert_done(result)
        self.assertRegex(result.stderr, r"split-bf16, trains H = 32 as if at \d+ % of its multiply-add peak:\n"
                                        r"tensor cores multiply, whose peak is another and was not measured")
        report = json.loads((self.folder / "bench.json").read_text())
        self.assertIn('"arithmetic": "split-bf16"', json.dumps(report))
        text = self.run_cli(*flags, "--output", "bench.md", env=environment(**EMULATED))
        self.assert_done(text)
        self.assertTrue(re.search(r"split-bf16 arithmetic", (self.folder / "bench.md").read_text()))


if __name__ == "__main__":
    main()
