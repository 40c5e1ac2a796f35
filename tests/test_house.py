# SPDX-License-Identifier: MIT
"""The house of the sources: rooms look one way, no files call in a circle, and each library
is seen only where it belongs.

  test_house.py HOST OBJECT…

HOST: the folder host/ of the sources. OBJECT: the object files of what lies there, whose
symbols nm tells.
"""
import collections
import os
import re
import subprocess
import sys
import unittest

# Dependencies run one way: a room includes only those before it.
ROOMS = ["base", "data", "device", "picture", "network", "film", "avc", "reference", "page", "check", "reel",
         "team", "ranks", "learn", "bench", "cli", "mpi"]

# What must not be seen at all, beside what comes later.
BLIND = {"film": {"data", "device", "picture", "network"},
         "reference": {"device", "picture", "network", "film"},
         "learn": {"bench"}}

# Who sees a library's headers: files, or whole rooms.
LIBRARIES = {
    "zlib.h": ["base/crc32.c", "data/idx.c", "data/source.c", "page/page.c", "cli/help.c"],
    "png.h": ["picture/png.c"],
    "libav": ["film/", "base/digest.c", "page/page.c"], # libavutil's SHA-256 and base64
    "CL/": ["device/", "picture/", "network/", "avc/", "check/", "reel/", "bench/"],
    "dlfcn.h": ["bench/", "device/loader.c"],
    "mpi.h": ["mpi/"],
}


def sources(host):
    for folder, _, names in os.walk(host):
        for name in names:
            if name.endswith((".c", ".h")):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    yield os.path.relpath(path, host), file.read()


def includes(text):
    return re.findall(r'#include [<"]([^>"]+)[>"]', text)


def name_of(object_path):
    """network/trainer of …/clearbox.dir/network/trainer.c.o"""
    return re.sub(r"^.*\.dir/(?:\./)?", "", object_path).replace(".c.o", "")


def symbols_of(objects):
    """Of each file the symbols that it defines, and those that it needs."""
    defined, needed = collections.defaultdict(set), collections.defaultdict(set)
    lines = subprocess.run(["nm", "-P", "-A", "-g", *objects], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    for line in lines:
        path, symbol = line.split(": ", 1)
        name, kind = symbol.split()[:2]
        if kind == "U":
            needed[name_of(path)].add(name)
        elif kind != "w":
            defined[name_of(path)].add(name)
    return defined, needed


def calls_of(objects):
    defined, needed = symbols_of(objects)
    home = {symbol: file for file, symbols in defined.items() for symbol in symbols}
    return {file: {home[symbol] for symbol in symbols if symbol in home} - {file}
            for file, symbols in needed.items()}


def find_circle(graph):
    """A list of nodes each of which leads to the next, the last to the first; or None."""
    done, path = set(), []

    def walk(node):
        if node in path:
            return path[path.index(node):]
        if node in done:
            return None
        path.append(node)
        for other in sorted(graph.get(node, ())):
            circle = walk(other)
            if circle:
                return circle
        done.add(path.pop())
        return None

    for node in sorted(graph):
        circle = walk(node)
        if circle:
            return circle
    return None


class House(unittest.TestCase):
    host = None
    objects = []

    def test_a_circle_is_found(self):
        self.assertEqual(find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}), ["b", "c"])
        self.assertIsNone(find_circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}))

    def test_rooms_look_one_way(self):
        for path, text in sources(self.host):
            room = os.path.dirname(path)
            self.assertIn(room, ROOMS, path)
            for header in includes(text):
                other = os.path.dirname(header)
                if other in ROOMS:
                    self.assertLessEqual(ROOMS.index(other), ROOMS.index(room),
                                         f"{path} includes {header}")
                    self.assertNotIn(other, BLIND.get(room, ()), f"{path} includes {header}")

    def test_each_library_is_seen_where_it_belongs(self):
        for path, text in sources(self.host):
            for header in includes(text):
                for library, allowed in LIBRARIES.items():
                    if header.startswith(library):
                        self.assertTrue(any(path.startswith(place) for place in allowed),
                                        f"{path} includes {header}")

    def test_only_the_program_prints_and_exits(self):
        speaks = re.compile(r"\b(?:printf|puts|putchar|perror|exit|_exit|stdout|stderr)\b *[(),;]")
        for path, text in sources(self.host):
            if not path.startswith("cli/"):
                code = re.sub(r"format\(printf|/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"", "", text, flags=re.S)
                self.assertIsNone(speaks.search(code), path)

    def test_the_job_knows_no_opencl(self):
        for path, text in sources(self.host):
            if path.startswith(("learn/", "cli/", "film/")):
                self.assertIsNone(re.search(r"\bcl(?:_[a-z]+|[A-Z]\w+)\b *[(*]", text), path)

    def test_no_files_include_in_a_circle(self):
        graph = {path: {header for header in includes(text)} for path, text in sources(self.host)}
        self.assertIsNone(find_circle(graph))

    def test_no_files_call_in_a_circle(self):
        calls = calls_of(self.objects)
        self.assertIn("learn/epoch", calls["learn/learn"])
        circle = find_circle(calls)
        self.assertIsNone(circle, " -> ".join(circle or []))


if __name__ == "__main__":
    House.host, House.objects = sys.argv[1], sys.argv[2:]
    unittest.main(argv=sys.argv[:1])
