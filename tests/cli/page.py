# SPDX-License-Identifier: MIT
"""Reads the pages that learn --report and look write: host/page/page.h says how they are made."""

import base64
import html.parser
import json
import struct
import zlib

FORMATS = {"u8": "B", "i8": "b", "u32": "I", "f32": "f"}


class Page(html.parser.HTMLParser):
    """The elements with an id, and every attribute that names something to load."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.loads, self.current = {}, [], None
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        self.facts = json.loads(self.elements["facts"][1])

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.loads += [attributes[name] for name in ("src", "href") if attributes.get(name)]
        self.current = attributes.get("id") if tag == "script" else None
        if self.current:
            self.elements[self.current] = [attributes, ""]

    def handle_endtag(self, tag):
        self.current = None

    def handle_data(self, data):
        if self.current:
            self.elements[self.current][1] += data

    def array(self, name):
        """The little-endian bytes of an array, element by element."""
        attributes, text = self.elements[name]
        content = base64.b64decode(text, validate=True)
        if attributes.get("data-pack") != "deflate":
            return content
        planes = zlib.decompress(content)
        size = struct.calcsize(FORMATS[attributes["data-type"]])
        count = len(planes) // size
        joined = bytearray(len(planes))
        for byte in range(size):
            joined[byte::size] = planes[byte * count:(byte + 1) * count]
        return bytes(joined)

    def numbers(self, name):
        content, kind = self.array(name), FORMATS[self.elements[name][0]["data-type"]]
        return struct.unpack(f"<{len(content) // struct.calcsize(kind)}{kind}", content)
