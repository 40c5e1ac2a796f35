# SPDX-License-Identifier: MIT
"""The film of a page and its curves: frame n is frame n, each moves the other, a click opens the
neuron that is seen there."""

import base64
import shutil
import subprocess
import sys

from pages import PageTest, main
import numpy
from selenium.webdriver.common.keys import Keys

if not shutil.which("ffmpeg"):
    print("left out: there is no ffmpeg")
    sys.exit(77)

# Of 255: decoders agree, but the ways to grey round.
TOLERANCE = 1

# Pixels of a tile at scale 2 that the red of the border does not reach.
INNER = slice(4, -4)

CURSORS = "return [...document.querySelectorAll('.curve-cursor')].map((line) => Number(line.dataset.batch))"
SHOWN = "return Number(document.querySelector('#film-video').dataset.frame) === args[0]"


def decode(path, width, height):
    """The grey of each frame, 0 to 255."""
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt",
                          "yuv420p", "-"], stdin=subprocess.DEVNULL, capture_output=True, check=True,
                         timeout=300).stdout
    planes = numpy.frombuffer(raw, "u1").reshape(-1, height * width * 3 // 2)
    luma = planes[:, :height * width].reshape(-1, height, width).astype(float)
    return numpy.clip((luma - 16) * 255 / 219, 0, 255)


class Film(PageTest):
    FLAGS = ("--hidden", "16", "--scale", "2", "--epochs", "2", "--frame-every", "3",
             "--learning-rate", "0.02")

    def setUp(self):
        super().setUp()
        self.film = self.page.facts["film"]
        self.batches = self.page.numbers("frame_batches")
        self.last = self.film["frames"] - 1
        self.browser.wait(SHOWN, self.last)

    def frame(self):
        return self.browser.js("return chosen.frame")

    def picture(self, source, size):
        """How grey the pixels of a canvas or a video are, (rows, columns)."""
        width, height = size
        text = self.browser.js("""
            const source = await (async () => %s)();
            const canvas = makeElement("canvas", {width: args[0], height: args[1]});
            const paint = canvas.getContext("2d");
            paint.drawImage(source, 0, 0);
            const bytes = paint.getImageData(0, 0, args[0], args[1]).data;
            return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
            """ % source, width, height)
        rgba = numpy.frombuffer(base64.b64decode(text), "u1").reshape(height, width, 4)
        return rgba[:, :, :3] @ [0.2126, 0.7152, 0.0722]

    def tiles(self, picture):
        """Of 4 by 4 tiles what is within their borders: (16, rows, columns), as neurons are counted."""
        size = 28 * 2
        return numpy.stack([picture[row * size:(row + 1) * size, column * size:(column + 1) * size]
                            [INNER, INNER] for column in range(4) for row in range(4)])

    def test_frame_n_is_frame_n(self):
        size = self.film["width"], self.film["height"]
        frames = numpy.stack([self.tiles(frame) for frame in decode(self.folder / "learn.mp4", *size)])
        self.assertEqual(len(frames), self.last + 1)
        for number in (0, self.last, 1, 139, 140, 141, 280, 7, self.last - 1, 2):
            with self.subTest(frame=number):
                self.browser.js("choose('frame', args[0])", number)
                self.browser.wait(SHOWN, number)
                seen = self.tiles(self.picture("document.querySelector('#film-video')", size))
                away = abs(frames - seen).mean(axis=(1, 2, 3))
                self.assertEqual(int(away.argmin()), number)
                self.assertLess(away[number], TOLERANCE)

    def test_a_tile_of_another_moment(self):
        frames = decode(self.folder / "learn.mp4", self.film["width"], self.film["height"])
        for frame, neuron in ((0, 0), (200, 5), (self.last, 15), (3, 4)):
            seen = self.picture(f"filmTileAt({frame}, {neuron})", (56, 56))[INNER, INNER]
            self.assertLess(abs(seen - self.tiles(frames[frame])[neuron]).mean(), TOLERANCE)

    def test_plays(self):
        self.browser.click("#film-play")
        self.browser.wait("return chosen.frame > 30 && filmPlays()")
        self.browser.click("#film-play")
        self.browser.wait("return !filmPlays()")
        at = self.frame()
        self.browser.wait(SHOWN, at)
        self.assertLess(at, self.last)
        self.assertEqual(set(self.browser.js(CURSORS)), {self.batches[at]})
        self.assertEqual(int(self.browser.find("#film-number").get_attribute("value")), at + 1)
        self.browser.wait("return location.hash.includes(args[0])", f"frame={at}")

    def test_plays_to_the_end(self):
        self.browser.js("choose('frame', args[0]); await waitFor(300)", self.last - 40)
        self.browser.click("#film-play")
        self.browser.wait("return chosen.frame === args[0] && !filmPlays()", self.last)
        self.browser.wait(SHOWN, self.last)

    def test_the_keyboard_goes_frame_by_frame(self):
        self.browser.js("document.querySelector('#film-video').focus()")
        steps = ((Keys.HOME, 0), (Keys.ARROW_RIGHT, 1), (".", 2), (Keys.SHIFT, Keys.ARROW_RIGHT, 12),
                 (Keys.ARROW_LEFT, 11), (",", 10), (Keys.SHIFT, Keys.ARROW_LEFT, 0), (Keys.ARROW_LEFT, 0),
                 (Keys.END, self.last), (Keys.ARROW_RIGHT, self.last))
        for *keys, frame in steps:
            self.browser.chord(*keys)
            self.browser.wait("return chosen.frame === args[0]", frame, seconds=10)
        self.browser.keys(Keys.HOME, " ")
        self.browser.wait("return filmPlays()")
        self.browser.keys(" ")
        self.browser.wait("return !filmPlays()")

    def test_frames_by_number(self):
        number = self.browser.find("#film-number")
        for typed, frame in (("100", 99), ("1", 0), ("999999", self.last), ("0", 0)):
            number.click()
            self.browser.chord(Keys.CONTROL, "a")
            self.browser.keys(typed, Keys.ENTER)
            self.browser.wait(SHOWN, frame, seconds=5)
            self.assertEqual(int(number.get_attribute("value")), frame + 1)
            self.assertEqual(self.browser.find("#film-told").get_attribute("data-batch"),
                             str(self.batches[frame]))

    def test_scrubbing_moves_the_cursor_of_each_curve(self):
        scrub = self.browser.find("#film-scrub")
        self.browser.pointer(scrub, 0.75, 0.5).click().perform()
        at = self.frame()
        self.assertAlmostEqual(at / self.last, 0.75, delta=0.02)
        self.assertEqual(self.browser.js(CURSORS), 3 * [self.batches[at]])
        # It stands where the batch lies in the chart.
        share = self.browser.js("""
            const line = document.querySelector("#curve-loss .curve-cursor").getBoundingClientRect();
            const {left, right} = Chart.getChart(document.querySelector("#curve-loss canvas")).chartArea;
            const box = document.querySelector("#curve-loss .curve-box").getBoundingClientRect();
            return (line.left + 1 - box.left - left) / (right - left);""")
        self.assertAlmostEqual(share, self.batches[at] / self.page.facts["batches"], delta=0.01)

    def test_moving_along_a_curve_moves_the_film(self):
        for curve in ("loss", "accuracy", "digits"):
            box = self.browser.find(f"#curve-{curve} .curve-box")
            for x in (0.3, 0.6):
                self.browser.pointer(box, x, 0.5).perform()
                cursors = self.browser.js(CURSORS)
                self.assertEqual(len(set(cursors)), 1)
                at = self.frame()
                self.assertLessEqual(abs(self.batches[at] - cursors[0]), 2)
                self.browser.wait(SHOWN, at)

    def test_a_click_opens_the_neuron_that_is_seen_there(self):
        video = self.browser.find("#film-video")
        for neuron in (0, 3, 6, 15):
            column, row = neuron // 4, neuron % 4
            self.browser.pointer(video, (column + 0.4) / 4, (row + 0.6) / 4).click().perform()
            self.assertEqual(self.browser.js("return chosen.neuron"), neuron)

    def test_a_link_to_a_frame(self):
        self.browser.open(self.path, "#neuron=3&frame=100")
        self.browser.wait(SHOWN, 100)
        self.assertEqual(set(self.browser.js(CURSORS)), {self.batches[100]})
        self.browser.open(self.path, "#frame=99999999")
        self.browser.wait(SHOWN, self.last)

    def test_the_numbers_of_each_epoch(self):
        rows = self.browser.js("""return [...document.querySelectorAll("#epoch-table tbody tr")]
            .map((row) => [...row.children].map((cell) => cell.textContent))""")
        for row, epoch in zip(rows, self.page.facts["epochs"], strict=True):
            self.assertEqual(row[0], str(epoch["epoch"]))
            self.assertEqual(row[1:3], [f"{epoch['train_loss']:.4f}",
                                        f"{epoch['validation']['loss']:.4f}"])
            for digit, counts in enumerate(epoch["validation"]["confusion"]):
                self.assertAlmostEqual(float(row[4 + digit].rstrip("%\u202f")),
                                       100 * counts[digit] / sum(counts), delta=0.0501)

    def test_colours_follow_the_scheme(self):
        colour = """return Chart.getChart(document.querySelector("#curve-accuracy canvas"))
            .data.datasets[0].borderColor"""
        light = self.browser.js(colour)
        self.browser.scheme("dark")
        self.browser.wait("return (() => {%s})() !== args[0]" % colour, light)
        self.browser.js("choose('frame', 5)")
        self.assertEqual(self.browser.js(CURSORS), 3 * [self.batches[5]])


class WithoutFilm(PageTest):
    FLAGS = ("--hidden", "16", "--epochs", "1", "--no-video")

    def test_says_so_and_has_the_curves(self):
        self.assertIn("without a film", self.browser.find("#film").text)
        self.assertFalse(self.browser.js("return document.querySelector('#film-video') !== null"))
        self.assertIsNone(self.browser.js("return await filmTileAt(0, 0)"))
        box = self.browser.find("#curve-loss .curve-box")
        self.browser.pointer(box, 0.5, 0.5).perform()
        at = set(self.browser.js(CURSORS))
        self.assertEqual(len(at), 1)
        self.assertAlmostEqual(at.pop() / self.page.facts["batches"], 0.5, delta=0.1)
        self.assertIsNone(self.frame_of_hash())

    def frame_of_hash(self):
        return self.browser.js("return chosen.frame")


main()
