# SPDX-License-Identifier: MIT
"""What a page says of neurons, digits that are drawn and mistakes: against NumPy with the weights
that were saved beside it, and against the program."""

import json

from pages import DATA, PageTest, images_of, labels_of, main
import numpy
from selenium.webdriver.common.keys import Keys
from strokes import stroke_of

from support import OK, run

# Strokes that people draw, in shares of the pad; the first point is where the pen goes down.
BY_HAND = {
    0: [(.5, .2), (.32, .3), (.27, .5), (.32, .7), (.5, .8), (.68, .7), (.73, .5), (.68, .3), (.5, .2)],
    1: [(.52, .15), (.5, .5), (.48, .85)],
    2: [(.3, .32), (.4, .2), (.6, .2), (.68, .34), (.55, .55), (.32, .78), (.5, .74), (.74, .8)],
    3: [(.32, .22), (.6, .2), (.66, .34), (.48, .47), (.68, .58), (.66, .75), (.5, .82), (.3, .76)],
    7: [(.28, .24), (.7, .24), (.58, .5), (.46, .85)],
}

BARS = """return [...document.querySelectorAll(args[0])].map((bar) => Number(bar.dataset.value))"""


class Network(PageTest):
    FLAGS = ("--hidden", "64", "--recipe", "nll", "--no-video")

    def choose(self, what, value):
        self.browser.js("choose(args[0], args[1])", what, value)

    def number(self, selector, name="value"):
        return float(self.browser.js("return document.querySelector(args[0]).dataset[args[1]]",
                                     selector, name))

    # ---- a neuron ----

    def test_a_click_opens_the_neuron_with_its_numbers(self):
        grid = self.browser.find("#neuron-grid")
        columns, rows = (int(grid.get_attribute(f"data-{name}")) for name in ("columns", "rows"))
        order = list(map(int, grid.get_attribute("data-order").split()))
        for place in (0, 9, columns * rows - 1):
            self.browser.pointer(grid, (place % columns + 0.5) / columns,
                                 (place // columns + 0.5) / rows).click().perform()
            neuron = order[place]
            self.assertEqual(self.number("#neuron", "neuron"), neuron)
            self.assertEqual(self.number("#neuron-bias"), self.weights.w1[0, neuron])
            self.assertEqual(self.browser.js(BARS, "#neuron-out .bar"),
                             self.weights.w2[neuron + 1].tolist())
            self.browser.wait("return location.hash.includes(args[0])", f"neuron={neuron}")

    def test_pictures_that_excite_it_are_those(self):
        activations = self.weights.hidden(images_of(self.page, "validation"))
        for neuron in (0, 17):
            self.choose("neuron", neuron)
            for place, order in (("excite", -1), ("quiet", 1)):
                told = self.browser.js("""return [...document.querySelectorAll(args[0])].map((thumb) =>
                    [Number(thumb.dataset.image), Number(thumb.dataset.activation)])""",
                                       f"#{place} .thumb")
                wanted = numpy.sort(activations[:, neuron] * order)[:len(told)] * order
                self.assertGreater(len(told), 3)
                for (image, activation), value in zip(told, wanted):
                    self.assertAlmostEqual(activation, value, delta=1e-5)
                    self.assertAlmostEqual(activation, activations[image, neuron], delta=1e-5)

    def test_without_a_neuron_as_many_are_right_as_the_program_says(self):
        path, neuron = self.folder / "weights.safetensors", 23
        content = bytearray(path.read_bytes())
        start = 8 + int.from_bytes(content[:8], "little")
        row = start + 4 * (785 * 64 + 10 * (neuron + 1))
        content[row:row + 40] = bytes(40)
        (self.folder / "gone.safetensors").write_bytes(content)
        result = run("predict", "--json", "--data", DATA, "gone.safetensors", cwd=self.folder)
        self.assertEqual(result.returncode, OK, result.stderr)
        told = json.loads(result.stdout)
        self.choose("neuron", neuron)
        self.assertEqual(self.number("#accuracy-without", "correct"), told["correct"])
        before = numpy.diag(self.page.facts["test"]["confusion"])
        change = self.browser.js("""return [...document.querySelectorAll("#gone [data-class]")]
            .map((cell) => Number(cell.dataset.change))""")
        self.assertEqual(change, (numpy.diag(told["confusion"]) - before).tolist())
        self.assertEqual(self.number("#accuracy-with", "correct"), before.sum())

    # ---- the pad ----

    def draw(self, points):
        canvas = self.browser.find("#pad")
        chain = self.browser.pointer(canvas, *points[0]).click_and_hold()
        width, height = canvas.size["width"], canvas.size["height"]
        at = points[0]
        for point in points[1:]:
            chain.move_by_offset(round(point[0] * width) - round(at[0] * width),
                                 round(point[1] * height) - round(at[1] * height))
            at = point
        chain.release().perform()

    def answer(self):
        return self.browser.wait("return document.querySelector('#answer').dataset.class ?? null")

    def clear(self):
        self.browser.js("document.querySelector('#pad-clear').click()")
        self.browser.wait("return document.querySelector('#answer').dataset.class === undefined")

    def test_digits_drawn_by_hand_are_recognised(self):
        for digit, points in BY_HAND.items():
            with self.subTest(digit=digit):
                self.clear()
                self.draw(points)
                self.assertEqual(self.answer(), str(digit))

    def test_strokes_along_test_digits_are_recognised(self):
        images, labels = images_of(self.page, "test"), labels_of(self.page, "test")
        sure = [i for i in range(40) if self.weights.sums(images[i]).argmax() == labels[i]][:20]
        right = 0
        for image in sure:
            self.clear()
            self.draw(stroke_of(images[image].reshape(28, 28)))
            right += int(self.answer()) == labels[image]
        # A stroke of one width is not the digit that it was: some are lost.
        self.assertGreaterEqual(right, 16)

    def test_a_test_image_is_answered_as_the_program_answers(self):
        outputs = numpy.array(self.page.numbers("test_outputs")).reshape(-1, 10)
        sums = numpy.array(self.page.numbers("test_sums")).reshape(-1, 10)
        for image in (0, 4711, 9999):
            self.choose("image", image)
            self.browser.js("await waitFor(100)")
            self.assertEqual(self.answer(), str(sums[image].argmax()))
            numpy.testing.assert_allclose(self.browser.js(BARS, "#outputs .bar"), outputs[image],
                                          atol=1e-5)

    def test_the_sum_of_a_neuron_adds_up(self):
        image, neuron = 4711, 12
        pixels = images_of(self.page, "test")[image]
        self.choose("image", image)
        self.choose("neuron", neuron)
        self.browser.js("await waitFor(100)")
        parts = [self.number("#sum", name) for name in ("ink", "paper", "bias")]
        self.assertAlmostEqual(sum(parts), self.number("#sum", "total"), 3)
        activation = self.weights.hidden(pixels)[0, neuron]
        self.assertAlmostEqual(self.number("#sum", "activation"), activation, 5)
        votes = self.browser.js("""return [...document.querySelectorAll("#votes .vote")].map((vote) =>
            [Number(vote.dataset.neuron), Number(vote.dataset.value)])""")
        winner = self.weights.sums(pixels).argmax()
        for voter, value in votes:
            wanted = self.weights.hidden(pixels)[0, voter] * self.weights.w2[voter + 1, winner]
            self.assertAlmostEqual(value, wanted, 4)

    # ---- mistakes ----

    def test_the_confusion_matrix_is_the_programs(self):
        told = self.browser.js("""return [...document.querySelectorAll("#confusion tbody tr")].map((row) =>
            [...row.querySelectorAll("button")].map((cell) => Number(cell.textContent)))""")
        self.assertEqual(told, self.page.facts["test"]["confusion"])

    def test_a_cell_opens_its_images(self):
        labels = labels_of(self.page, "test")
        sums = numpy.array(self.page.numbers("test_sums")).reshape(-1, 10)
        answers = sums.argmax(axis=1)
        label, answer = 4, 9
        self.browser.click(f'#confusion [data-label="{label}"][data-answer="{answer}"]')
        shown = []
        while True:
            shown += self.browser.js("""return [...document.querySelectorAll(".gallery-image")].map((image) =>
                Number(image.dataset.image))""")
            if not self.browser.find("#gallery-on").is_enabled():
                break
            self.browser.click("#gallery-on")
        self.assertEqual(sorted(shown), numpy.flatnonzero((labels == label) & (answers == answer)).tolist())

    def test_the_worst_mistakes_and_why(self):
        labels = labels_of(self.page, "test")
        sums = numpy.array(self.page.numbers("test_sums")).reshape(-1, 10)
        outputs = numpy.array(self.page.numbers("test_outputs")).reshape(-1, 10)
        wrong = numpy.flatnonzero(sums.argmax(axis=1) != labels)
        worst = wrong[outputs[wrong].max(axis=1).argmax()]
        self.browser.click(".gallery-image")
        self.assertEqual(self.browser.js("return chosen.image"), worst)
        why = self.browser.find("#why")
        self.assertEqual(why.get_attribute("data-image"), str(worst))
        self.assertIn(f"is a {labels[worst]}, but the network answers {sums[worst].argmax()}", why.text)
        hidden = self.weights.hidden(images_of(self.page, "test")[worst])[0]
        for output in (sums[worst].argmax(), labels[worst]):
            added = hidden * self.weights.w2[1:, output]
            told = self.browser.js("""return [...document.querySelectorAll(args[0])].map((voice) =>
                [Number(voice.querySelector("button").dataset.neuron), Number(voice.dataset.value)])""",
                                   f'#why [data-output="{output}"] li')
            self.assertEqual(len(told), 8)
            for neuron, value in told:
                self.assertAlmostEqual(value, added[neuron], 4)
            self.assertAlmostEqual(told[0][1], added.max(), 4)
            self.assertAlmostEqual(told[4][1], added.min(), 4)
        voter = self.browser.find("#why li button")
        self.browser.pointer(voter, 0.5, 0.5).click().perform()
        self.assertEqual(self.number("#neuron", "neuron"), int(voter.get_attribute("data-neuron")))

    def test_the_matrix_by_keyboard(self):
        self.browser.js("document.querySelector('#confusion [tabindex=\"0\"]').focus()")
        self.browser.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.ENTER)
        self.assertEqual(self.browser.js("""const {label, answer} = document.activeElement.dataset;
            return [label, answer]"""), ["2", "1"])
        self.assertIn("2, but answered as 1", self.browser.find("#gallery-title").text)


main()
