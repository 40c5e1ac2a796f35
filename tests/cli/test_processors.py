# SPDX-License-Identifier: MIT
"""The same bits of weights and films from PoCL's compilers for other processors.

POCL_LLVM_CPU_NAME names the processor that PoCL compiles for, POCL_KERNELLIB_NAME the library
of built-in functions that goes with it; whatever runs here runs code for what came before.
"""

import hashlib
import platform
import re
import unittest

from support import OK, CliTest, environment, main

# Vectors of 8 with fma(), of 8 and of 4 without one, where it is worked out.
PROCESSORS = {"AVX2": ("haswell", "avx2"), "AVX": ("sandybridge", "avx"),
              "SSE2": ("x86-64", "sse2")}
RUNS = ["lesson-37-batch-7", "nll-33-batch-1"]


@unittest.skipUnless(platform.machine() == "x86_64", "these are processors of the x86 kind")
class Processors(CliTest):
    def environment_of(self, processor):
        name, library = PROCESSORS[processor]
        return environment(POCL_LLVM_CPU_NAME=name, POCL_KERNELLIB_NAME=library)

    def test_all_compute_the_published_weights(self):
        for processor in PROCESSORS:
            for schedule in ("sparse", "fused"):
                with self.subTest(processor=processor, schedule=schedule):
                    result = self.run_cli("verify", "--device", "cpu", "--schedule", schedule,
                                          *RUNS, env=self.environment_of(processor))
                    self.assertEqual(result.returncode, OK, result.stderr)
                    self.assertEqual(len(re.findall(r"\| equal +\|", result.stdout)), len(RUNS))

    def test_all_encode_the_same_film(self):
        flags = (*self.small(train=200, test=10), "--encoder", "device", "--hidden", 37)
        hashes = set()
        for processor in PROCESSORS:
            self.assert_done(self.learn(*flags, env=self.environment_of(processor)))
            hashes.add(hashlib.sha256((self.folder / "learn.mp4").read_bytes()).hexdigest())
        self.assertEqual(len(hashes), 1)

    def test_what_lacks_fma_says_so(self):
        result = self.run_cli("devices", env=self.environment_of("SSE2"))
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertIn("no fast fused multiply-add", result.stdout)


if __name__ == "__main__":
    main()
