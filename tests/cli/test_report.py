# SPDX-License-Identifier: MIT
"""learn --report: what is in the page is what was trained, shown and filmed. What a browser makes of
it, tests in page/ say."""

import json
import struct

from page import Page
from support import (BAD_DATA, CANNOT_CREATE, USAGE, CliTest, film_frames, idx_images, idx_labels,
                     main, read_safetensors_header, read_tensors)


class Report(CliTest):
    def page(self, *flags, **options):
        result = self.learn(*self.small(**options), "--report", "page.html", "--save", "w", *flags)
        self.assert_done(result)
        self.assertIn("  report    page.html", result.stderr)
        return Page(self.folder / "page.html")

    def test_holds_weights_images_and_film(self):
        page = self.page("--frame-every", "5")
        self.assertGreater(page.facts["times"]["encode"], 0)
        self.assertEqual(page.array("w1") + page.array("w2"), read_tensors(self.folder / "w"))
        self.assertEqual(page.array("film_file"), (self.folder / "learn.mp4").read_bytes())
        self.assertEqual(page.numbers("frame_batches"), (5, 10, 15, 20))
        losses = page.numbers("batch_losses")
        self.assertEqual(len(losses), 20)
        self.assertLess(sum(losses[10:]), sum(losses[:10]))
        self.assertEqual(page.array("test_images"), idx_images(60, seed=2)[16:])
        self.assertEqual(page.array("test_labels"), idx_labels(60)[8:])
        self.assertEqual(page.array("validation_images"), idx_images(600)[16 + 500 * 784:])
        self.assertEqual(page.array("validation_labels"), idx_labels(600)[8 + 500:])

    def test_tells_what_the_run_told(self):
        result = self.learn(*self.small(), "--report", "page.html", "--no-video", "--progress", "json",
                            "--save", "it's <\u00fc> <!--<script> </script>.safetensors".replace("/", "\u2215"))
        self.assert_done(result)
        events = [json.loads(line) for line in result.stdout.splitlines()]
        epochs = [event for event in events if event["type"] == "epoch"]
        page = Page(self.folder / "page.html")
        facts, end = page.facts, events[-1]
        self.assertIn("page.html", end["kept"])
        self.assertEqual(len(facts["epochs"]), 2)
        for told, event in zip(facts["epochs"], epochs):
            self.assertAlmostEqual(told["train_loss"], event["train_loss"], 8)
            self.assertAlmostEqual(told["validation"]["loss"], event["validation_loss"], 8)
            self.assertAlmostEqual(told["validation"]["accuracy"], event["validation_accuracy"], 8)
            self.assertEqual(sum(map(sum, told["validation"]["confusion"])), 100)
        self.assertAlmostEqual(facts["test"]["accuracy"], end["test_accuracy"], 8)
        self.assertEqual(facts["made"]["weights_sha256"], end["weights_sha256"])
        self.assertEqual(facts["film"], None)
        self.assertTrue(facts["command"].startswith("clearbox learn --data "), facts["command"])
        self.assertIn("'it'\\''s <\u00fc> <!--<script> <\u2215script>.safetensors'", facts["command"])
        self.assertNotIn("<", page.elements["facts"][1]) # <!--<script> would hide the element's end

    def test_tells_times_that_nobody_else_does(self):
        self.assert_done(self.learn(*self.small(), "--report", "page.html", "--progress", "none"))
        self.assertGreater(Page(self.folder / "page.html").facts["times"]["encode"], 0)

    def test_outputs_are_those_that_were_judged(self):
        page = self.page("--no-video", "--recipe", "nll")
        sums, outputs = page.numbers("test_sums"), page.numbers("test_outputs")
        labels, confusion = page.array("test_labels"), page.facts["test"]["confusion"]
        counted = [[0] * 10 for _ in range(10)]
        for image, label in enumerate(labels):
            row = sums[10 * image:10 * image + 10]
            counted[label][row.index(max(row))] += 1
        self.assertEqual(counted, confusion)
        for z, a in zip(sums, outputs):
            self.assertAlmostEqual(a, 1 / (1 + 2.718281828459045 ** -z), 6)

    def test_metadata_are_those_of_the_weights(self):
        page = self.page()
        saved = read_safetensors_header(self.folder / "w")["__metadata__"]
        self.assertEqual(page.facts["made"], saved)
        normalisation = page.facts["normalisation"]
        self.assertEqual(normalisation["mean"], float(saved["pixel_mean"]))
        self.assertAlmostEqual(normalisation["scale"] * float(saved["pixel_deviation"]), 1, 6)

    def test_large_layers_are_rounded_and_this_is_said(self):
        page = self.page("--no-video", "--hidden", "1025", "--epochs", "1")
        self.assertNotIn("w1", page.elements)
        self.assertRegex(page.facts["left_out"][0], "255 levels")
        steps, levels = page.numbers("w1_steps"), page.numbers("w1_levels")
        weights = struct.unpack(f"<{785 * 1025}f", read_tensors(self.folder / "w")[:785 * 1025 * 4])
        self.assertEqual(page.numbers("w1_bias"), weights[:1025])
        for i in range(0, len(levels), 97):
            step = steps[i % 1025]
            self.assertLessEqual(abs(levels[i] * step - weights[1025 + i]), 0.5001 * step)

    def test_a_film_that_is_too_large_gets_a_small_one(self):
        """So does one that browsers do not play; both are drawn from the same weights."""
        page = self.page("-o", "film.gif", "--colours", "signed")
        own, film = page.array("film_file"), page.facts["film"]
        self.assertNotEqual(own, (self.folder / "film.gif").read_bytes())
        self.assertEqual(own[4:8], b"ftyp")
        (self.folder / "own.mp4").write_bytes(own)
        self.assertEqual(film_frames(self.folder / "own.mp4"), film["frames"])
        batches = page.numbers("frame_batches")
        self.assertEqual((len(batches), batches[0], batches[-1]), (film["frames"], 1, 20))
        self.assertEqual(sorted(batches), list(batches))
        self.assertRegex(page.facts["left_out"][0], "smaller one")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["data", "film.gif", "own.mp4", "page.html", "w"])
        for width, side in ((film["width"], "columns"), (film["height"], "rows")):
            grid = film["grid"]
            self.assertLessEqual(grid["left"] + (grid[side] - 1) * grid["pitch"] + grid["tile"], width)

    def test_a_small_film_takes_no_file_of_others(self):
        (self.folder / "page.html.film.mp4").write_text("mine")
        page = self.page("-o", "film.gif")
        self.assertEqual(page.facts["film"]["type"], "video/mp4")
        self.assertEqual((self.folder / "page.html.film.mp4").read_text(), "mine")

    def test_a_film_changes_no_weights(self):
        with_film = self.page("-o", "film.gif", "--schedule", "fused").facts["made"]["weights_sha256"]
        without = self.page("--no-video", "--schedule", "fused").facts["made"]["weights_sha256"]
        self.assertEqual(with_film, without)

    def test_nothing_is_loaded_from_elsewhere(self):
        page = self.page()
        self.assertEqual([url for url in page.loads if not url.startswith(("data:", "#"))], [])
        self.assertIn("default-src 'none'", (self.folder / "page.html").read_text()[:2000])

    def test_faults_cost_only_the_page(self):
        flags = self.small()
        self.assert_error(self.learn(*flags, "--report", "none/page.html"), CANNOT_CREATE, "none")
        self.assert_error(self.learn(*flags, "--report", "x", "--picture", "./x"), USAGE, "same file")
        self.assert_error(self.learn(*flags, "--report", "x", "--hidden", "16385", "--no-video"), USAGE,
                          "up to 16384 hidden neurons")
        (self.folder / "page.html").write_text("mine")
        self.assert_error(self.learn(*flags, "--report", "page.html", "--no-clobber"), CANNOT_CREATE)
        self.assertEqual((self.folder / "page.html").read_text(), "mine")
        result = self.learn(*flags, "--report", "page.html", "--learning-rate", "1e30")
        self.assert_error(result, BAD_DATA, "batch")
        self.assertEqual((self.folder / "page.html").read_text(), "mine")


if __name__ == "__main__":
    main()
