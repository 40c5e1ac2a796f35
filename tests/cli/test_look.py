# SPDX-License-Identifier: MIT
"""clearbox look: the page of a network that is in a file."""

from page import Page
from support import (BAD_DATA, CANNOT_CREATE, MISSING, OK, USAGE, CliTest, main,
                     read_safetensors_header, read_tensors, write_safetensors)


class Look(CliTest):
    def trained(self, *flags):
        self.assert_done(self.learn(*self.small(), "--no-video", "--save", "w", "--report",
                                    "learn.html", *flags))

    def look(self, *arguments):
        return self.run_cli("look", *arguments)

    def test_is_the_page_of_the_run_without_the_run(self):
        self.trained("--recipe", "nll")
        result = self.look("w", "--data", "data", "-o", "page.html")
        self.assert_done(result)
        self.assertEqual(result.stdout, "")
        ran, looked = Page(self.folder / "learn.html"), Page(self.folder / "page.html")
        self.assertEqual(set(ran.elements) - {"batch_losses"}, set(looked.elements))
        for name in looked.elements:
            if name not in ("facts", "worker-code"):
                self.assertEqual(looked.array(name), ran.array(name), name)
        for fact in ("hidden", "normalisation", "grid", "test"):
            self.assertEqual(looked.facts[fact], ran.facts[fact], fact)
        self.assertEqual(looked.facts["kind"], "look")
        self.assertEqual(looked.facts["command"], "clearbox look w --data data -o page.html")
        self.assertEqual(looked.facts["made"], read_safetensors_header(self.folder / "w")["__metadata__"])
        self.assertNotIn("epochs", looked.facts)
        self.assertIn(f"test accuracy {100 * ran.facts['test']['accuracy']:.2f} %", result.stderr)

    def test_weights_from_elsewhere(self):
        """Without metadata: normalised as the images are, which is said."""
        self.small()
        write_safetensors(self.folder / "w", 3)
        result = self.look("w", "--data", "data")
        self.assert_done(result)
        self.assertIn("does not say how its pixels were normalised", result.stderr)
        page = Page(self.folder / "look.html")
        self.assertEqual(page.facts["made"], {})
        self.assertEqual(page.array("w1") + page.array("w2"), read_tensors(self.folder / "w"))

    def test_pixels_are_normalised_as_the_model_says(self):
        self.small()

        def other(header):
            header["__metadata__"] = {"pixel_mean": "10.5", "pixel_deviation": "4"}

        write_safetensors(self.folder / "w", 3, other)
        self.assert_done(self.look("w", "--data", "data"))
        self.assertEqual(Page(self.folder / "look.html").facts["normalisation"],
                         {"mean": 10.5, "deviation": 4.0, "scale": 0.25, "shift": -2.625})

    def test_faults(self):
        self.small()
        write_safetensors(self.folder / "w", 3)
        self.assert_only_error(self.look(), USAGE, "needs a model")
        self.assert_only_error(self.look("w", "w"), USAGE, "one model")
        self.assert_only_error(self.look("none"), MISSING, "none")
        self.assert_only_error(self.look("data/train-labels-idx1-ubyte.gz"), BAD_DATA)
        self.assert_only_error(self.look("w", "--data", "none"), MISSING, "none")
        self.assert_only_error(self.look("w", "--data", "data", "-o", "w"), USAGE, "same file")
        self.assert_only_error(self.look("w", "--data", "data", "-o", "none/x"), CANNOT_CREATE, "none")
        (self.folder / "x").write_text("mine")
        self.assert_only_error(self.look("w", "--data", "data", "-o", "x", "--no-clobber"), CANNOT_CREATE)
        self.assertEqual((self.folder / "x").read_text(), "mine")

    def test_a_mean_that_makes_no_sense(self):
        self.small()

        def broken(header):
            header["__metadata__"] = {"pixel_mean": "inf", "pixel_deviation": "4"}

        write_safetensors(self.folder / "w", 3, broken)
        self.assertNotEqual(self.look("w", "--data", "data").returncode, OK)
        self.assertFalse((self.folder / "look.html").exists())


if __name__ == "__main__":
    main()
