# SPDX-License-Identifier: MIT
"""What finds a device that computes wrongly: one batch in a thousand is computed again while learn
trains."""

import json
import os
import re
import signal
import unittest

from support import OK, SOFTWARE, CliTest, environment, main, read_tensors, start, write_dataset

# A library to load before all others, with a compiler that reads what is not there.
BAD_COMPILER = os.environ.get("CBX_BAD_COMPILER")

# Of train_cpu, where the forward pass of a chunk of panels ends. From batch 101 on a weight of neuron 2
# changes there by itself; the networks of the self-test are trained for less.
READS = "global float *share = new_sums + chunk * of_share;"
AS = ("if (launch.number + stage > 100 && chunk == 0) { w1[40 * CBX_PANEL + 2] += 0.01f; } "
      + READS)


class Check(CliTest):
    """32 batches an epoch, 1280 in all: the first, the 32nd and the 1001st are computed again."""

    def flags(self, hidden=9, batch=16, epochs=40):
        return ("--data", write_dataset(self.folder / "data", train=600, test=60), "--hidden", hidden,
                "--batch", batch, "--epochs", epochs, "--frame-every", 100, "--save", "weights",
                "--picture", "picture.png", "--family", "cpu")

    def outputs(self):
        return [(self.folder / name).read_bytes() for name in ("learn.mp4", "picture.png")] + [
            read_tensors(self.folder / "weights")]

    def test_it_changes_nothing(self):
        for more in ([], ["--family", "gpu"], ["--schedule", "stepwise"]):
            with self.subTest(more=more):
                self.assert_done(self.learn(*self.flags(), *more))
                checked = self.outputs()
                self.assert_done(self.learn(*self.flags(), "--no-check", *more))
                self.assertEqual(checked, self.outputs())

    def misreading(self, **changes):
        return environment(LD_PRELOAD=BAD_COMPILER, BAD_COMPILER_READS=READS, BAD_COMPILER_AS=AS,
                           **changes)

    @unittest.skipUnless(BAD_COMPILER, "a sanitizer's library must be the first one to load")
    def test_a_device_that_goes_wrong(self):
        """The run ends, names batch and number, and leaves old files as they were."""
        old = {name: name.encode() for name in ("learn.mp4", "picture.png", "weights")}
        for name, content in old.items():
            (self.folder / name).write_bytes(content)
        result = self.learn(*self.flags(), "--metrics", "m", env=self.misreading())
        self.assertEqual(result.returncode, SOFTWARE, result.stderr)
        self.assertRegex(result.stderr.splitlines()[-1],
                         r"^clearbox: batch 1001 was computed wrongly on .+: a1 of neuron 2, image "
                         r"\d+ of the batch: 0x[0-9a-f]{8} \(.+\) here, 0x[0-9a-f]{8} \(.+\) on "
                         r"the device; choose another device, or update its driver; kept m$")
        for name, content in old.items():
            self.assertEqual((self.folder / name).read_bytes(), content)
        self.assertEqual(self.leftovers(), [])
        # Epochs 1 to 31 were told before the batch came, and none after it.
        epochs = [json.loads(line) for line in (self.folder / "m").read_text().splitlines()]
        self.assertEqual(max(line["epoch"] for line in epochs if "epoch" in line), 31)

    @unittest.skipUnless(BAD_COMPILER, "a sanitizer's library must be the first one to load")
    def test_the_last_checkpoint_is_right(self):
        """The batch before a checkpoint is checked, too, so that none stands after a wrong one."""
        keeps = ("--checkpoint", "run", "--checkpoint-every", "0.001")
        flags = self.flags(256, 100, 250) # which take long enough for some, also on a slow disk
        result = self.learn(*flags, *keeps, env=self.misreading())
        self.assertEqual(result.returncode, SOFTWARE, result.stderr)
        number = int(re.search(r"batch (\d+) was computed wrongly", result.stderr)[1])
        self.assertTrue(100 < number < 1001, result.stderr)
        self.assert_done(self.learn("--resume", "run"))
        resumed = self.outputs()
        self.assert_done(self.learn(*flags, "--overwrite"))
        self.assertEqual(resumed[2], self.outputs()[2])

    @unittest.skipUnless(BAD_COMPILER, "a sanitizer's library must be the first one to load")
    def test_none_is_left_of_a_stop(self):
        """One more batch is trained then, and checked."""
        process = start("learn", *self.flags(epochs=1000000), "--no-video", "--checkpoint", "run", cwd=self.folder,
                        env=self.misreading())
        self.addCleanup(process.kill)
        for line in process.stderr:
            if line.split()[:1] == ["5"]:
                process.send_signal(signal.SIGINT)
                break
        _, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, SOFTWARE, err)
        self.assertRegex(err.splitlines()[-1], r"^clearbox: batch \d+ was computed wrongly on ")
        self.assertFalse((self.folder / "run").exists())

    @unittest.skipUnless(BAD_COMPILER, "a sanitizer's library must be the first one to load")
    def test_none_is_left_at_the_end(self):
        result = self.learn(*self.flags(epochs=5), "--checkpoint", "run", env=self.misreading())
        self.assertEqual(result.returncode, SOFTWARE, result.stderr)
        self.assertRegex(result.stderr.splitlines()[-1], r"^clearbox: batch 160 was computed wrongly on ")
        self.assertFalse((self.folder / "run").exists())

    @unittest.skipUnless(BAD_COMPILER, "a sanitizer's library must be the first one to load")
    def test_left_out(self):
        result = self.learn(*self.flags(), "--no-check", env=self.misreading())
        self.assertEqual(result.returncode, OK, result.stderr)
        wrong = self.outputs()
        self.assert_done(self.learn(*self.flags()))
        self.assertNotEqual(wrong, self.outputs())


if __name__ == "__main__":
    main()
