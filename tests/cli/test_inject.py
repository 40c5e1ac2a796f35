# SPDX-License-Identifier: MIT
"""One call fails: of OpenCL, of libav, for memory, of a file. The program neither crashes
nor hangs, says what is wrong, and leaves every output either whole or as it was."""

import json
import os
import re
import struct
import sys

from support import (BAD_DATA, CANNOT_CREATE, CANNOT_WRITE, MISSING, OK, SOFTWARE, UNAVAILABLE,
                     CliTest, film_frames, main, read_safetensors_header, write_safetensors)

LAYER = os.environ["CBX_INJECT_LAYER"]
CODES = (OK, BAD_DATA, MISSING, UNAVAILABLE, SOFTWARE, CANNOT_CREATE, CANNOT_WRITE)
OLD = b"an old file"

# Nothing that is called can be removed, or told, when these fail.
LEAVES = ("unlink",)
SILENT = ("fwrite", "fflush")


class Injection(CliTest):
    outputs = {"-o": "film.mp4", "--save": "w.safetensors", "--picture": "grid.png",
               "--metrics": "run.jsonl"}

    def setUp(self):
        super().setUp()
        self.flags = (*self.small(), *(part for pair in self.outputs.items() for part in pair))
        write_safetensors(self.folder / "start", 9)

    def put_old(self):
        for name in self.outputs.values():
            (self.folder / name).write_bytes(OLD)

    def is_whole(self, name, said=""):
        """After a fault of the device the film ends with the last frame that was drawn."""
        path = self.folder / name
        content = path.read_bytes()
        if name == "film.mp4":
            told = re.search(r"film\.mp4 \((\d+) frame", said)
            return film_frames(path) == (int(told[1]) if told else 20)
        if name == "grid.png":
            return content.startswith(b"\x89PNG") and content.endswith(b"IEND\xaeB`\x82")
        if name == "w.safetensors":
            size = struct.unpack("<Q", content[:8])[0]
            read_safetensors_header(path)
            return len(content) == 8 + size + 4 * (785 * 9 + 100)
        return all(json.loads(line) for line in content.decode().splitlines())

    def run_with(self, *flags, **changes):
        return self.learn(*self.flags, *flags, timeout=120,
                          env=self.environment(LD_PRELOAD=LAYER, **changes))

    def counts(self, *flags):
        """How often the program calls each function in a run."""
        result = self.run_with(*flags, CBX_INJECT_COUNTS=self.folder / "counts")
        self.assertEqual(result.returncode, OK, result.stderr)
        lines = (self.folder / "counts").read_text().splitlines()
        return {name: int(count) for name, count in (line.split() for line in lines)}

    def check(self, name, result):
        shown = f"exit code {result.returncode}\n{result.stderr}"
        self.assertIn(result.returncode, CODES, shown)
        said = [line for line in result.stderr.splitlines() if line.startswith("clearbox: ")]
        if name not in LEAVES:
            self.assertEqual(self.leftovers(), [], shown)
        if name not in SILENT:
            self.assertEqual(len(said), int(result.returncode != OK), shown)
        kept = said[0].partition("; kept ")[2] if said else ""
        for file in self.outputs.values():
            is_old = (self.folder / file).read_bytes() == OLD
            if result.returncode == OK or f"{file}" in kept:
                self.assertFalse(is_old, f"{file}\n{shown}")
            elif name not in SILENT:
                self.assertTrue(is_old, f"{file}\n{shown}")
            if not is_old:
                self.assertTrue(self.is_whole(file, kept), f"{file}\n{shown}")

    def inject(self, *flags, only=("",)):
        """`only`: how the names of the functions begin."""
        cases = 0
        for name, count in sorted(self.counts(*flags).items()):
            if not name.startswith(only):
                continue
            for call in sorted({1, (count + 1) // 2, count}):
                with self.subTest(call=f"{name}:{call}"):
                    self.put_old()
                    self.check(name, self.run_with(*flags, CBX_INJECT=f"{name}:{call}"))
                    cases += 1
        return cases

    def test_every_call_of_a_run(self):
        cases = self.inject()
        self.assertGreater(cases, 150)
        print(f"{cases} injected failures", file=sys.stderr)

    def test_an_encoder_that_nobody_may_replace(self):
        self.assertGreater(self.inject("--encoder", "device", only=("av", "cl")), 60)

    def test_an_encoder_of_libavcodec(self):
        self.assertGreater(self.inject("--encoder", "mpeg4", only=("av",)), 30)

    def test_a_run_that_keeps_its_names(self):
        """--no-clobber moves its files in another way."""
        for name in self.outputs.values():
            (self.folder / name).unlink(missing_ok=True)
        for call in ("link:1", "link:2", "link:3", "lstat64:1", "lstat64:3", "open64:9"):
            with self.subTest(call=call):
                result = self.run_with("--no-clobber", CBX_INJECT=call)
                self.assertIn(result.returncode, CODES, result.stderr)
                self.assertEqual(self.leftovers(), [])
                for name in self.outputs.values():
                    if (self.folder / name).exists():
                        self.assertTrue(self.is_whole(name))
                        (self.folder / name).unlink()

    def test_weights_to_start_from(self):
        self.inject("--init", "start", only=("fread", "fdopen", "json_loadb", "fstat64"))


if __name__ == "__main__":
    main()
