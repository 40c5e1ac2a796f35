# SPDX-License-Identifier: MIT
"""Pictures for the tests: PNG files, digits as a pen draws them, and MNIST's own."""

import gzip
import math
import random
import struct
import zlib

from support import SOURCE

GREY, RGB, GREY_ALPHA = 0, 2, 4
CHANNELS = {GREY: 1, RGB: 3, GREY_ALPHA: 2}


def chunk(kind, content):
    return (struct.pack(">I", len(content)) + kind + content +
            struct.pack(">I", zlib.crc32(kind + content)))


def png(width, height, pixels, colour=GREY, depth=8):
    """`pixels`: the rows' bytes, one behind the other."""
    length = width * CHANNELS[colour] * depth // 8
    rows = b"".join(b"\0" + pixels[y * length:(y + 1) * length] for y in range(height))
    header = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) +
            chunk(b"IEND", b""))


def pgm(width, height, pixels):
    return b"P5 %d %d 255\n" % (width, height) + pixels


def mnist(name, offset):
    with gzip.open(SOURCE / "data" / "mnist" / f"t10k-{name}-ubyte.gz") as file:
        return file.read()[offset:]


def test_images():
    """MNIST's 10,000 as pairs of pixels and label."""
    pixels, labels = mnist("images-idx3", 16), mnist("labels-idx1", 8)
    return [(pixels[784 * i:784 * (i + 1)], label) for i, label in enumerate(labels)]


# Strokes as lists of points within a box one wide and high.
def arc(x, y, rx, ry, first, last):
    steps = [first + (last - first) * i / 24 for i in range(25)]
    return [(x + rx * math.cos(math.radians(a)), y + ry * math.sin(math.radians(a))) for a in steps]


STROKES = {
    0: [arc(.5, .5, .28, .45, 0, 360)],
    1: [[(.55, .05), (.45, .95)]],
    2: [arc(.5, .28, .26, .23, 180, 390) + [(.22, .93), (.8, .93)]],
    3: [arc(.45, .28, .25, .23, 200, 440), arc(.45, .72, .28, .23, 280, 510)],
    4: [[(.3, .05), (.2, .5), (.78, .5)], [(.72, .1), (.65, .97)]],
    5: [[(.78, .06), (.35, .06), (.3, .42)] + arc(.45, .68, .3, .27, 270, 500)],
    6: [[(.62, .04)] + arc(.48, .68, .25, .27, 200, 560)],
    7: [[(.2, .08), (.78, .08), (.42, .95)]],
    8: [arc(.5, .27, .2, .22, 0, 360), arc(.5, .74, .24, .24, 0, 360)],
    9: [arc(.48, .3, .22, .24, 0, 360) + [(.62, .95)]],
}


def draw(digit, width, height, left, top, size, pen, paper=235, ink=30):
    """Grey levels of a digit in thick strokes with round ends, in a box `size` high."""
    points = [[(left + x * size * .75, top + y * size) for x, y in stroke]
              for stroke in STROKES[digit]]
    lines = [(a, b) for stroke in points for a, b in zip(stroke, stroke[1:])]
    pixels = bytearray([paper]) * (width * height)
    for (x0, y0), (x1, y1) in lines:
        dx, dy = x1 - x0, y1 - y0
        length = dx * dx + dy * dy or 1
        for y in range(max(0, int(min(y0, y1) - pen)), min(height, int(max(y0, y1) + pen) + 1)):
            for x in range(max(0, int(min(x0, x1) - pen)), min(width, int(max(x0, x1) + pen) + 1)):
                t = min(1, max(0, ((x - x0) * dx + (y - y0) * dy) / length))
                far = math.hypot(x - x0 - t * dx, y - y0 - t * dy)
                level = round(paper + (ink - paper) * min(1, max(0, pen - far)))
                nearer = min if ink < paper else max
                pixels[y * width + x] = nearer(pixels[y * width + x], level)
    return bytes(pixels)


def photograph(digit, seed=1):
    """Dark on light, 300 by 400, off the centre, with grain, and a light that falls off."""
    noise = random.Random(seed)
    pixels = draw(digit, 300, 400, 35 + noise.randrange(60), 30 + noise.randrange(100), 210, 13)
    return bytes(max(0, p - (i % 300) // 12 - noise.randrange(12)) for i, p in enumerate(pixels))
