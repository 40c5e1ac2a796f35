# SPDX-License-Identifier: MIT
"""The page in Firefox: it starts without complaint, plays, answers and proves itself."""

import pathlib
import sys
import tempfile
import unittest

from marionette import Firefox, firefox
from running import learn

from page import Page

if not firefox():
    print("left out: there is no Firefox")
    sys.exit(77)


class InFirefox(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="clearbox page ", ignore_cleanup_errors=True)
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        learn(cls.folder, "--hidden", "16", "--epochs", "2", "--frame-every", "4")
        cls.page = Page(cls.folder / "page.html")
        cls.browser = Firefox(cls.folder)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.open(self.folder / "page.html")

    def tearDown(self):
        self.assertEqual(self.browser.console(), [])

    def test_frames_and_cursors(self):
        batches = self.page.numbers("frame_batches")
        for frame in (0, 250, 141):
            self.browser.js("choose('frame', args[0])", frame)
            self.browser.wait("return document.querySelector('#film-video').dataset.frame === String(args[0])",
                              frame)
            self.assertEqual(self.browser.js("""return [...document.querySelectorAll(".curve-cursor")]
                .map((line) => Number(line.dataset.batch))"""), 3 * [batches[frame]])
            time, end = self.browser.js("""const video = document.querySelector("#film-video");
                return [video.currentTime, video.duration]""")
            self.assertAlmostEqual(time * 70, frame + 0.5, 2)
            self.assertGreater(end, time)

    def test_plays(self):
        self.browser.js("choose('frame', 3); document.querySelector('#film-play').click()")
        self.browser.wait("return document.querySelector('#film-video').dataset.frame > 30 && filmPlays()")
        self.browser.js("document.querySelector('#film-play').click()")
        self.browser.wait("return !filmPlays()")

    def test_proves_itself(self):
        self.browser.js("document.querySelector('#proof-start').click()")
        told = self.browser.wait("""const result = document.querySelector("#proof-result");
            return result.dataset.state === "over" ? result.textContent : null""", seconds=200)
        self.assertRegex(told, "^10,000 of 10,000 equal, bit for bit")

    def test_answers(self):
        sums = self.page.numbers("test_sums")
        for image in (0, 77):
            self.browser.js("choose('image', args[0])", image)
            row = sums[10 * image:10 * image + 10]
            self.browser.wait("return document.querySelector('#answer').dataset.class === args[0]",
                              str(row.index(max(row))))

    def test_a_picture_of_it(self):
        self.browser.js("choose('neuron', 3); choose('image', 247); choose('frame', 300)")
        self.browser.wait("return document.querySelectorAll('#moments .thumb').length > 3")
        self.browser.screenshot("16-firefox")


unittest.main(verbosity=2)
