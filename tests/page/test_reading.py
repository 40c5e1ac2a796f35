# SPDX-License-Identifier: MIT
"""A page on every screen: both schemes of colours, a phone, by keyboard alone, printed, and of
networks of other sizes. Pictures of it are kept in CBX_SCREENSHOTS.

CBX_TEST_SIZES=large tries large networks and Fashion-MNIST instead of small ones."""

import os
import pathlib
import unittest

from pages import PageTest, main
from selenium.webdriver.common.keys import Keys

LARGE = os.environ.get("CBX_TEST_SIZES") == "large"
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")

# Boxes that stand out of the page on the right, though not within what scrolls by itself.
WIDER = """const limit = document.documentElement.clientWidth;
    const scrolls = (element) => element !== null && (getComputedStyle(element).overflowX !== "visible"
        || scrolls(element.parentElement));
    return [...document.querySelectorAll("body *")].filter((element) =>
        element.getBoundingClientRect().right > limit + 1 && !scrolls(element))
        .map((element) => element.id || element.className || element.localName)"""

# Of text on what lies behind it: WCAG's contrast, where it is less than 4.5 (3 where it is large).
FAINT = """const luminance = (text) => {
        const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
            .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (; element; element = element.parentElement) {
            const colour = getComputedStyle(element).backgroundColor;
            if (colour.startsWith("rgb(")) {
                return colour;
            } else if (!colour.startsWith("rgba(0, 0, 0, 0)")) {
                return null; // mixed: not to be told
            }
        }
        return getComputedStyle(document.body).backgroundColor;
    };
    const faint = [];
    for (const element of document.querySelectorAll("body *:not(script):not(style)")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || !element.checkVisibility() || element.closest(":disabled")) {
            continue;
        }
        const paper = behind(element);
        if (paper) {
            const [low, high] = [luminance(getComputedStyle(element).color), luminance(paper)]
                .sort((a, b) => a - b);
            const contrast = (high + 0.05) / (low + 0.05);
            const large = parseFloat(getComputedStyle(element).fontSize) >= 24;
            if (contrast < (large ? 3 : 4.5)) {
                faint.push([element.id || element.className || element.localName, contrast]);
            }
        }
    }
    return faint"""

# What has no name for a screen reader, of all that can be used.
NAMELESS = """return [...document.querySelectorAll("button, input, select, canvas[role], [tabindex='0']")]
    .filter((element) => element.checkVisibility()).filter((element) =>
        !(element.getAttribute("aria-label") || element.getAttribute("aria-labelledby")
          || element.textContent.trim() || element.labels?.length))
    .map((element) => element.outerHTML.slice(0, 90))"""


class Looks:
    """What holds of a page, whatever its network and its images."""

    def settle(self):
        """The panel has its tiles out of the film."""
        self.browser.js("choose('neuron', 3); choose('image', 247); choose('frame', 300)")
        if self.page.facts["film"]:
            self.browser.wait("return document.querySelectorAll('#moments .thumb').length > 3")

    def test_both_schemes_of_colours(self):
        papers = set()
        for scheme in ("light", "dark"):
            with self.subTest(scheme=scheme):
                self.browser.scheme(scheme)
                self.settle()
                papers.add(self.browser.js("return getComputedStyle(document.body).backgroundColor"))
                self.assertEqual(self.browser.js(FAINT), [])
                self.browser.screenshot(f"{self.name}-{scheme}", whole=True)
        self.assertEqual(len(papers), 2)

    def test_a_phone(self):
        self.browser.scheme("dark")
        self.fits(360, 740)
        self.browser.screenshot(f"{self.name}-phone", whole=True)

    def fits(self, width, height):
        self.browser.size(width, height)
        self.browser.open(self.path)
        self.settle()
        for details in ("closed", "open"):
            with self.subTest(width=width, details=details):
                self.assertLessEqual(self.browser.js("return document.documentElement.scrollWidth"),
                                     width)
                self.assertEqual(self.browser.js(WIDER), [])
            self.browser.js("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        self.browser.js("document.querySelectorAll('details').forEach((one) => { one.open = false; })")

    def test_what_can_be_used_has_a_name(self):
        self.settle()
        self.assertEqual(self.browser.js(NAMELESS), [])


class Reading(Looks):
    """What holds of it, whatever its network."""

    def test_other_widths(self):
        for width in (1920, 1280, 800, 412):
            with self.subTest(width=width):
                self.fits(width, 900)

    def test_by_keyboard_alone(self):
        # Tab comes to everything, and what has the focus shows it.
        self.settle()
        self.browser.js("document.activeElement.blur(); scrollTo(0, 0)")
        seen, unseen = [], []
        for _ in range(150):
            self.browser.keys(Keys.TAB)
            name, outline = self.browser.js("""const element = document.activeElement;
                return [element === document.body ? null : element.id || element.outerHTML.slice(0, 60),
                        getComputedStyle(element).outlineStyle]""")
            if name is None:
                break
            seen.append(name)
            if outline == "none":
                unseen.append(name)
        wanted = ["neuron-grid", "neuron-number", "pad", "pad-image", "worst", "copy-command"]
        if self.page.facts["film"]:
            wanted += ["film-play", "film-scrub", "film-number"]
        if "w1" in self.page.elements:
            wanted += ["proof-start", "save-weights"]
        self.assertEqual(set(wanted) - set(seen), set())
        self.assertEqual(unseen, [])

    def test_proves_itself_where_weights_are_whole(self):
        if "w1" in self.page.elements:
            self.browser.click("#proof-start")
            told = self.browser.wait("""const {dataset, textContent} = document.querySelector("#proof-result");
                return dataset.state === "over" && textContent""", seconds=300)
            self.assertIn("10,000 of 10,000 equal", told)

    def test_is_not_moved_while_it_is_read(self):
        # As browsers measure it: 0.1 and more is called bad.
        self.browser.js("""window.jumps = [];
            new PerformanceObserver((list) => jumps.push(...list.getEntries().map((entry) => entry.value)))
                .observe({type: "layout-shift", buffered: true});
            await waitFor(300);""")
        self.assertLess(self.browser.js("return jumps.reduce((sum, jump) => sum + jump, 0)"), 0.1)


@unittest.skipIf(LARGE, "CBX_TEST_SIZES=large")
class Usual(Reading, PageTest):
    FLAGS = ("--hidden", "64")
    name = "64"


@unittest.skipIf(LARGE, "CBX_TEST_SIZES=large")
class Small(Reading, PageTest):
    FLAGS = ("--hidden", "16", "--recipe", "nll", "--epochs", "2")
    name = "16"


@unittest.skipUnless(LARGE, "CBX_TEST_SIZES=large")
class Large(Reading, PageTest):
    FLAGS = ("--hidden", "1024", "--recipe", "nll", "--epochs", "2", "--frame-every", "8")
    name = "1024"


@unittest.skipUnless(LARGE, "CBX_TEST_SIZES=large")
class Larger(Reading, PageTest):
    FLAGS = ("--hidden", "4096", "--recipe", "nll", "--epochs", "1", "--no-video")
    name = "4096"


@unittest.skipUnless(LARGE and FASHION.is_dir(), "CBX_TEST_SIZES=large, and Fashion-MNIST")
class Fashion(Looks, PageTest):
    FLAGS = ("--hidden", "100", "--recipe", "nll", "--epochs", "2")
    DATA = FASHION
    name = "fashion"


main()
