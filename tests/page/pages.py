# SPDX-License-Identifier: MIT
"""What the tests of the page share: a page that the program made of a run, opened in Chromium; the
weights that were saved beside it, by NumPy."""

import pathlib
import sys
import tempfile
import unittest

try:
    import numpy
except ImportError:
    print("left out: there is no NumPy for Python")
    sys.exit(77)
from browser import Browser
from running import DATA, learn

from page import Page


class Weights:
    """w1 (785, H) and w2 (H+1, 10) of a run, and what a network of them answers."""

    def __init__(self, page, path):
        hidden = page.facts["hidden"]
        content = path.read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        floats = numpy.frombuffer(content, "<f4", offset=start)
        self.w1 = floats[:785 * hidden].reshape(785, hidden)
        self.w2 = floats[785 * hidden:].reshape(hidden + 1, 10)
        self.mean = page.facts["normalisation"]["mean"]
        self.deviation = page.facts["normalisation"]["deviation"]

    def hidden(self, images):
        x = (images.reshape(-1, 784) - self.mean) / self.deviation
        return 1 / (1 + numpy.exp(-(self.w1[0] + x @ self.w1[1:].astype(float))))

    def sums(self, images, without=None):
        w2 = self.w2.astype(float)
        if without is not None:
            w2[without + 1] = 0
        return w2[0] + self.hidden(images) @ w2[1:]


def images_of(page, part):
    return numpy.frombuffer(page.array(f"{part}_images"), "u1").reshape(-1, 784)


def labels_of(page, part):
    return numpy.frombuffer(page.array(f"{part}_labels"), "u1")


class PageTest(unittest.TestCase):
    """FLAGS make the page; one browser for all tests of the class, each on a page that is opened
    anew. At the end of each test nothing was asked of the network, and nothing was complained of."""

    FLAGS = ()
    DATA = DATA

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="clearbox page ", ignore_cleanup_errors=True)
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        learn(cls.folder, *cls.FLAGS, data=cls.DATA)
        cls.path = cls.folder / "page.html"
        cls.page = Page(cls.path)
        cls.weights = Weights(cls.page, cls.folder / "weights.safetensors")
        cls.browser = Browser(cls.folder)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.size(1280, 900)
        self.browser.scheme("light")
        self.browser.open(self.path)

    def tearDown(self):
        self.browser.read_logs()
        asked, said = self.browser.asked, self.browser.said
        self.browser.asked, self.browser.said = [], []
        self.assertEqual(said, [])
        self.assertGreater(len(asked), 0, "the page itself was not seen")
        for url in asked:
            self.assertTrue(url == self.path.as_uri() or url.startswith(("blob:", "data:", "about:",
                            self.path.as_uri() + "#")), url)


def main():
    unittest.main(verbosity=2)
