# SPDX-License-Identifier: MIT
"""A page proves itself, tells what made it, and gives files away."""

import csv
import io
import math
import os
import struct
import time

from pages import PageTest, main

# What is exact as a fraction decides which of two floats is near; every float of these is tried with
# every other, as both factors and as the term.
FLOATS = (0.0, 1.0, 1 + 2.0 ** -23, 1 - 2.0 ** -24, 2.0 ** -12, 3 * 2.0 ** -13, 255.0, 254.0, 0.1, -0.3,
          -1 - 2.0 ** -22, 2.0 ** 23 + 1, -2.0 ** 24 + 1, 12582912.0, 2.0 ** -60, -2.0 ** -63, 2.0 ** -126,
          -2.0 ** -149, 5 * 2.0 ** -149, 3.4028234663852886e38, -2.0 ** 127, 1.7e38, 1.4426950216293335)


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def nearest_float(exact):
    """Of a whole number of 2^-298, ties to even."""
    if exact == 0:
        return 0.0
    size = abs(exact)
    unit = max(size.bit_length() - 24, 298 - 149)
    mantissa, rest = divmod(size, 1 << unit)
    half = 1 << (unit - 1)
    if rest > half or (rest == half and mantissa & 1):
        mantissa += 1
    if mantissa << unit >= 1 << (298 + 128):
        return math.copysign(math.inf, exact)
    return math.copysign(math.ldexp(mantissa, unit - 298), exact)


def in_units(value):
    """A float as a whole number of 2^-149."""
    return int(math.ldexp(value, 149))


class Proof(PageTest):
    FLAGS = ("--hidden", "16", "--epochs", "2", "--frame-every", "10")

    def in_worker(self, code, *values):
        """What an expression gives where canon.js was read; args are the values."""
        return self.browser.js("""const text = document.getElementById("worker-code").textContent
                + "\\nself.onmessage = ({data: args}) => self.postMessage(%s);";
            const worker = new Worker(URL.createObjectURL(new Blob([text])));
            return await new Promise((done, failed) => {
                worker.onmessage = ({data}) => done(data);
                worker.onerror = (event) => failed(event.message);
                worker.postMessage(args);
            });""" % code, *values)

    def test_fma_is_rounded_once(self):
        floats = [single(value) for value in FLOATS]
        told = self.in_worker("args[0].map((a) => args[0].map((b) => args[0].map((c) => "
                              "[fma(a, b, c), fmaByOdd(a, b, c)].map(String))))", floats)
        for a, of_a in zip(floats, told):
            for b, of_b in zip(floats, of_a):
                for c, both in zip(floats, of_b):
                    wanted = nearest_float(in_units(a) * in_units(b) + (in_units(c) << 149))
                    for value in both:
                        self.assertEqual(float(value.replace("Infinity", "inf")), wanted, (a, b, c))

    def prove(self):
        self.browser.click("#proof-start")
        self.browser.wait("return document.querySelector('#proof-result').dataset.state === 'over'",
                          seconds=200)
        return self.browser.find("#proof-result").text

    def test_all_are_equal(self):
        self.assertRegex(self.prove(), r"^10,000 of 10,000 equal, bit for bit, in \d+\.\d seconds\.$")

    def test_what_was_changed_is_found(self):
        # One bit of a sum, one of an output, and a weight that only some images meet.
        self.browser.js("""const sums = new Uint32Array((await arrayOf("test_sums")).buffer);
            const outputs = new Uint32Array((await arrayOf("test_outputs")).buffer);
            sums[10 * 9999 + 3] ^= 1;
            outputs[10 * 1234 + 9] ^= 1;""")
        self.assertRegex(self.prove(), "^9,998 of 10,000 equal; 2 differ, the first is image 1234")
        self.browser.js("(await arrayOf('w1'))[16 * 400 + 5] += 0.01")
        self.assertRegex(self.prove(), r"^\d,\d{3} of 10,000 equal; ")

    def test_can_be_stopped_and_begun_again(self):
        self.browser.js("""document.querySelector("#proof-start").click();
            await waitFor(0);
            while (!document.querySelector("#proof-stop").onclick) {
                await waitFor(1);
            }
            document.querySelector("#proof-stop").click();""")
        self.assertEqual(self.browser.find("#proof-result").text, "Stopped.")
        self.assertIn("10,000 of 10,000", self.prove())

    # ---- files ----

    def save(self, button, name):
        path = self.folder / name
        path.unlink(missing_ok=True)
        self.browser.click(f"#{button}")
        for _ in range(200):
            if path.exists() and not list(self.folder.glob("*.crdownload")):
                return path
            time.sleep(0.05)
        raise AssertionError(f"no {name}: {os.listdir(self.folder)}")

    def rows(self, button, name):
        return list(csv.DictReader(io.StringIO(self.save(button, name).read_text())))

    def test_weights_are_the_file_that_the_program_wrote(self):
        self.assertEqual(self.save("save-weights", "clearbox-16.safetensors").read_bytes(),
                         (self.folder / "weights.safetensors").read_bytes())

    def test_tables(self):
        facts = self.page.facts
        for row, epoch in zip(self.rows("save-epochs", "epochs.csv"), facts["epochs"], strict=True):
            self.assertEqual(float(row["train_loss"]), epoch["train_loss"])
            self.assertEqual(float(row["validation_accuracy"]), epoch["validation"]["accuracy"])
        for row, counts in zip(self.rows("save-confusion", "confusion.csv"),
                               facts["test"]["confusion"], strict=True):
            self.assertEqual([int(row[f"answered_{digit}"]) for digit in range(10)], counts)
        losses = self.page.numbers("batch_losses")
        self.assertEqual([single(float(row["loss"]))
                          for row in self.rows("save-losses", "batch_losses.csv")], list(losses))
        outputs, labels = self.page.numbers("test_outputs"), self.page.array("test_labels")
        rows = self.rows("save-outputs", "test_outputs.csv")
        self.assertEqual([int(row["label"]) for row in rows], list(labels))
        self.assertEqual([single(float(row[f"output_{o}"])) for row in rows for o in range(10)],
                         list(outputs))
        right = sum(row["label"] == row["answer"] for row in rows)
        self.assertEqual(right / len(rows), facts["test"]["accuracy"])

    def test_everything_that_made_it_is_told(self):
        shown = dict(self.browser.js("""return [...document.querySelectorAll("#made dd")].map((value) =>
            [value.dataset.key, value.textContent])"""))
        for key, value in self.page.facts["made"].items():
            self.assertEqual(shown.get(key), value, key)
        for key, seconds in self.page.facts["times"].items():
            self.assertEqual(shown[f"time_{key}"], f"{seconds:.3f} s")
        self.assertEqual(self.browser.find("#command").text, self.page.facts["command"])
        self.browser.click("#copy-command")
        self.browser.wait("return document.querySelector('#made [role=status]').textContent === 'Copied.'")


class Rounded(PageTest):
    """More neurons than a page has whole weights of."""

    FLAGS = ("--hidden", "1025", "--epochs", "1", "--no-video")

    def test_says_why_it_cannot(self):
        self.assertIn("rounded", self.browser.find("#proof-impossible").text)
        self.assertFalse(self.browser.js("return document.querySelector('#proof-start') !== null"))
        self.assertFalse(self.browser.js("return document.querySelector('#save-weights') !== null"))
        for sentence in self.page.facts["left_out"]:
            self.assertIn(sentence, self.browser.find("#made-left-out").text)


main()
