# SPDX-License-Identifier: MIT
"""clearbox look: the page of a network that is in a file."""

import struct
import zlib

from page import Page
from support import (BAD_DATA, CANNOT_CREATE, MISSING, USAGE, CliTest, main,
                     read_safetensors_header, read_tensors, write_safetensors)


def read_png(path):
    """The rows of a picture in RGB, of a file that has no filters."""
    content, place, packed, width = path.read_bytes(), 8, b"", 0
    while place < len(content):
        size, kind = struct.unpack(">I4s", content[place:place + 8])
        body = content[place + 8:place + 8 + size]
        width = struct.unpack(">I", body[:4])[0] if kind == b"IHDR" else width
        packed += body if kind == b"IDAT" else b""
        place += size + 12
    rows, pitch = zlib.decompress(packed), 1 + 3 * width
    assert not any(rows[::pitch]), "a filter"
    return [rows[at + 1:at + pitch] for at in range(0, len(rows), pitch)]


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
        """Without metadata: normalised as MNIST is, which is said."""
        self.small()
        write_safetensors(self.folder / "w", 3)
        result = self.look("w", "--data", "data")
        self.assert_done(result)
        self.assertIn("does not say how pixels are normalised", result.stderr)
        page = Page(self.folder / "look.html")
        self.assertEqual(page.facts["made"], {})
        self.assertAlmostEqual(page.facts["normalisation"]["mean"], 33.39512885204082)
        self.assertEqual(page.array("w1") + page.array("w2"), read_tensors(self.folder / "w"))

    def test_pixels_are_normalised_as_the_model_says(self):
        self.small()

        def other(header):
            header["__metadata__"] = {"pixel_mean": "10.5", "pixel_deviation": "4"}

        write_safetensors(self.folder / "w", 3, other)
        self.assert_done(self.look("w", "--data", "data"))
        self.assertEqual(Page(self.folder / "look.html").facts["normalisation"],
                         {"mean": 10.5, "deviation": 4.0, "scale": 0.25, "shift": -2.625})

    def test_the_picture_is_that_of_the_run(self):
        for flags in (["--tone", "signed"], ["--style", "show"]):
            self.assert_done(self.learn(*self.small(), "--no-video", "--save", "w", "--picture", "is.png",
                                        "--scale", "2", "--caption", "off", *flags))
            self.assert_done(self.look("w", "--data", "data", "--picture", "a.png", "--scale", "2",
                                       *flags))
            self.assertEqual((self.folder / "a.png").read_bytes(), (self.folder / "is.png").read_bytes())
        self.assertFalse((self.folder / "look.html").exists())

    def test_a_neuron_is_its_tile(self):
        self.trained()
        self.assert_done(self.look("w", "--data", "data", "--picture", "all.png", "--scale", "1"))
        self.assert_done(self.look("w", "--data", "data", "--picture", "one.png", "--scale", "1",
                                   "--neuron", "5", "-o", "page.html"))
        whole, one = read_png(self.folder / "all.png"), read_png(self.folder / "one.png")
        self.assertEqual((len(whole), len(one)), (84, 28))
        column, row = 5 // 3, 5 % 3
        self.assertEqual(one, [line[column * 84:column * 84 + 84] for line in whole[row * 28:row * 28 + 28]])
        self.assertTrue((self.folder / "page.html").exists())

    def test_flags_of_the_picture(self):
        self.small()
        write_safetensors(self.folder / "w", 3)
        self.assert_only_error(self.look("w", "--neuron", "1"), USAGE, "--picture")
        self.assert_only_error(self.look("w", "--data", "data", "--picture", "x", "--neuron", "3"), USAGE,
                               "no neuron 3.*has 3")
        self.assert_only_error(self.look("w", "--data", "data", "--picture", "x", "-o", "./x"), USAGE,
                               "same file")
        self.assert_only_error(self.look("w", "--data", "data", "--picture", "w"), USAGE, "same file")
        self.assertFalse((self.folder / "x").exists())

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
        self.assert_only_error(self.look("w", "--data", "data"), BAD_DATA, "pixel_mean")
        self.assertFalse((self.folder / "look.html").exists())


if __name__ == "__main__":
    main()
