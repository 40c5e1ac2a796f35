# SPDX-License-Identifier: MIT
"""The hidden layer of a page: its orders, dead and twin neurons against NumPy, the keys of grid and
pad, pictures made of strokes, and the tour."""

from pages import PageTest, images_of, main
import numpy
from selenium.webdriver.common.keys import Keys

# A network of the page's with one neuron twice and one that always says the same.
CHANGED = """const net = await theNetwork(readFacts());
    const w1 = net.w1.slice();
    for (let k = 0; k <= PIXELS; k++) {
      w1[k * net.hidden + 5] = (k ? 1.02 : 1) * w1[k * net.hidden + 9];
      w1[k * net.hidden + 7] = k ? 0 : 3;
    }
    const changed = {...net, w1, paper: sumsOfPaper(w1, net.hidden, net.shift)};
    const images = await arrayOf("validation_images");
    const {dead, twin, correlation, images: looked} = await kindsOfNeurons(changed, images);
    return {dead: [...dead], twin: [...twin], correlation: [...correlation], looked};"""

# Of strokes in any unit: the picture's inked box and its centre of mass.
DIGIT = """const grey = digitOf(args[0], args[1]);
    const inked = [...grey.keys()].filter((k) => grey[k] > 0);
    const columns = inked.map((k) => k % 28), rows = inked.map((k) => Math.floor(k / 28));
    const mass = inked.reduce((sum, k) => sum + grey[k], 0);
    const centre = (at) => inked.reduce((sum, k, i) => sum + grey[k] * at[i], 0) / mass;
    return {width: Math.max(...columns) - Math.min(...columns) + 1, most: Math.max(...grey),
            height: Math.max(...rows) - Math.min(...rows) + 1, column: centre(columns), row: centre(rows)};"""


class Layer(PageTest):
    FLAGS = ("--hidden", "37", "--recipe", "nll", "--epochs", "2", "--no-video")
    HIDDEN = 37

    def order(self, name):
        self.browser.js("document.querySelector(`#sort input[value=${args[0]}]`).click(); await waitFor(300)", name)
        places = list(map(int, self.browser.find("#neuron-grid").get_attribute("data-order").split()))
        self.assertEqual(sorted(j for j in places if j >= 0), list(range(self.HIDDEN)))
        return places

    def neuron(self):
        return int(self.browser.find("#neuron").get_attribute("data-neuron"))

    def answer(self):
        return self.browser.js("await waitFor(100); return document.querySelector('#answer').dataset.class ?? null")

    def test_orders(self):
        w1, w2 = self.weights.w1[1:].astype(float), self.weights.w2[1:]
        grid = self.page.facts["grid"]
        film = self.order("film")
        for place, neuron in enumerate(film):
            row, column = divmod(place, grid["columns"])
            wanted = column * grid["rows"] + row
            self.assertEqual(neuron, wanted if wanted < self.HIDDEN else -1)
        digits = [j for j in self.order("digit") if j >= 0]
        self.assertTrue((numpy.diff(w2.argmax(1)[digits]) >= 0).all())
        norms = numpy.linalg.norm(w1, axis=0)[[j for j in self.order("norm") if j >= 0]]
        self.assertTrue((numpy.diff(norms) <= 1e-6).all())
        # Neighbours are more alike than in an order that has nothing to do with it.
        unit = w1 / numpy.linalg.norm(w1, axis=0)
        chain = [j for j in self.order("similar") if j >= 0]
        alike = [unit[:, a] @ unit[:, b] for a, b in zip(chain, chain[1:])]
        apart = [unit[:, j] @ unit[:, j + 1] for j in range(self.HIDDEN - 1)]
        self.assertGreater(numpy.mean(alike), numpy.mean(apart) + 0.05)

    def test_dead_and_twins_are_those(self):
        activations = self.weights.hidden(images_of(self.page, "validation"))
        correlations = numpy.corrcoef(activations.T) - numpy.eye(self.HIDDEN)
        self.browser.wait("return document.body.dataset.kinds !== undefined")
        told = [int(self.browser.js("return document.body.dataset[args[0]]", kind)) for kind in ("dead", "twins")]
        dead = activations.std(0) < 0.02
        self.assertEqual(told, [dead.sum(), ((correlations.max(0) >= 0.95) & ~dead).sum()])

    def test_a_copy_is_a_twin_and_a_constant_is_dead(self):
        told = self.browser.js(CHANGED)
        self.assertEqual(told["dead"][7], 1)
        self.assertEqual((told["twin"][5], told["twin"][9], told["twin"][7]), (9, 5, -1))
        self.assertGreater(told["correlation"][5], 0.98)
        self.assertEqual(told["looked"], len(images_of(self.page, "validation")))

    def test_arrow_keys_go_from_neuron_to_neuron(self):
        places, columns = self.order("norm"), self.page.facts["grid"]["columns"]
        self.browser.js("choose('neuron', args[0]); document.querySelector('#neuron-grid').focus()", places[0])
        at = 0
        for key, step in ((Keys.ARROW_RIGHT, 1), (Keys.ARROW_DOWN, columns), (Keys.ARROW_LEFT, -1),
                          (Keys.ARROW_UP, -columns), (Keys.END, self.HIDDEN - 1)):
            at += step
            self.browser.keys(key)
            self.assertEqual(self.neuron(), places[at])
        self.browser.keys(Keys.ARROW_DOWN)  # nothing is there
        self.assertEqual(self.neuron(), places[self.HIDDEN - 1])

    def test_the_pad_by_keyboard(self):
        self.browser.js("document.querySelector('#pad-clear').click(); document.querySelector('#pad').focus()")
        self.assertIsNone(self.answer())
        self.browser.keys(" ", *[Keys.ARROW_DOWN] * 14, " ", Keys.ARROW_RIGHT)
        self.assertEqual(self.answer(), "1")
        self.browser.keys(Keys.BACKSPACE)
        self.assertIsNone(self.answer())
        self.browser.js("document.querySelector('#pad-image').value = '5';"
                        "document.querySelector('#pad-image').dispatchEvent(new Event('change'))")
        self.assertIsNotNone(self.answer())
        self.browser.wait("return location.hash.includes('image=5')")

    def test_strokes_become_pictures_as_those_of_the_data(self):
        # Large, small, wide, and in a corner; a box of 20 pixels, its ink in the middle.
        for scale, x, y in ((0.8, 0.1, 0.1), (0.05, 0.9, 0.9), (0.3, 0, 0.6)):
            for wide in (0.4, 1, 2.5):
                with self.subTest(scale=scale, x=x, y=y, wide=wide):
                    stroke = [{"x": x + scale * wide * u, "y": y + scale * v}
                              for u, v in ((0, 0.2), (1, 0), (0.8, 0.5), (0.3, 1), (1, 0.9))]
                    told = self.browser.js(DIGIT, [stroke], 0.04)
                    self.assertEqual(max(told["width"], told["height"]), 20)
                    self.assertLessEqual(abs(told["column"] - 14), 0.5)
                    self.assertLessEqual(abs(told["row"] - 14), 0.5)
                    self.assertEqual(told["most"], 255)
        told = self.browser.js(DIGIT, [[{"x": 0.3, "y": 0.3}]], 0.04)
        self.assertLess(told["width"], 6)

    def test_the_tour(self):
        self.browser.js("document.querySelector('#tour-start').focus()")
        self.browser.keys(Keys.ENTER)
        titles = []
        while self.browser.js("return !document.querySelector('#tour').hidden"):
            titles.append(self.browser.find("#tour-title").text)
            self.assertEqual(len(self.browser.js("return [...document.querySelectorAll('.spot')].map((e) => e.id)")), 1)
            self.browser.keys(Keys.ENTER)
        self.assertGreaterEqual(len(set(titles)), 10)
        self.assertEqual(len(set(titles)), len(titles))
        self.assertEqual(self.browser.js("return document.activeElement.id"), "tour-start")
        self.browser.keys(Keys.ENTER, Keys.ARROW_RIGHT)
        self.assertEqual(self.browser.find("#tour-title").text, titles[1])
        self.browser.keys(Keys.ESCAPE)
        self.assertTrue(self.browser.js("return document.querySelector('#tour').hidden"))
        self.assertEqual(self.browser.js("return document.querySelectorAll('.spot').length"), 0)


main()
