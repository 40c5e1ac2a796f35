# SPDX-License-Identifier: MIT
"""bench/results.py: the results here are made up, none was measured.

  test_results.py RESULTS.PY
"""
import io
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
import unittest

SCRIPT = None


def made_up_row(hidden, schedule="fused", device="0:0", seconds=2.0, **changes):
    return {"type": "row", "device": device, "schedule": schedule, "hidden": hidden, "reason": None,
            "epoch_seconds": {"median": seconds, "min": seconds * 0.9, "max": seconds * 1.1},
            "flop_per_second": {"median": 5e9, "min": 4e9, "max": 6e9}, "share_of_peak": 0.5,
            "evaluate_flop_per_second": 3e9, "draw_frames_per_second": {"median": 4000}, **changes}


def made_up(rows, name="Made Up 100", settings=None, **changes):
    return {"format": 1, "clearbox": "0.1.0", "commit": "0123456789ab", "date": "2026-01-02T03:04:05Z",
            "openblas": "OpenBLAS 0.3", "settings": {"batch": 64, "recipe": "lesson", "family": "auto",
            "arithmetic": "canon", "repetitions": 5, "seconds": 3.0, "film": False, "tune": False,
            **(settings or {})},
            "devices": [{"type": "device", "device": "0:0", "name": name, "driver": "1.0", "family": "gpu"}],
            "rows": rows, **changes}


def lines_of(result):
    host = {key: value for key, value in result.items() if key not in ("devices", "rows")}
    return "".join(json.dumps(line) + "\n"
                   for line in ({"type": "host", **host}, *result["devices"], *result["rows"]))


class Results(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="clearbox ")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def write(self, name, result):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(result if isinstance(result, str) else json.dumps(result))

    def write_archive(self, name, files):
        with tarfile.open(self.folder / name, "w:gz") as archive:
            for path, text in files.items():
                entry = tarfile.TarInfo("clearbox-results-x/" + path)
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))

    def run_script(self, *arguments, code=0):
        result = subprocess.run([sys.executable, "-B", SCRIPT, *map(str, arguments or [self.folder])],
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        return result

    def rows(self, code=0):
        """Those of the first table, by heads."""
        lines = [line for line in self.run_script(code=code).stdout.split("\n\n")[2].splitlines()]
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        return [dict(zip(cells[0], row)) for row in cells[2:]]

    def test_an_empty_folder_gets_a_sentence(self):
        self.assertIn("No result is kept", self.run_script().stdout)
        (self.folder / "old.md").write_text("| no result |")
        self.assertIn("No result is kept", self.run_script().stdout)

    def test_rows_of_all_files_the_fastest_first(self):
        self.write("b.json", made_up([made_up_row(1024), made_up_row(64, seconds=3.0)]))
        self.write("deeper/a.jsonl", lines_of(made_up([made_up_row(64, seconds=1.0)], "Other")))
        rows = self.rows()
        self.assertEqual([(row["H"], row["device"], row["epoch s"], row["file"]) for row in rows],
                         [("64", "Other", "1", "a.jsonl"), ("64", "Made Up 100", "3", "b.json"),
                          ("1024", "Made Up 100", "2", "b.json")])
        self.assertEqual({key: rows[0][key] for key in ("driver", "kernels", "schedule", "±", "GFLOP/s",
                          "of peak", "evaluate GFLOP/s", "frames/s", "film frames/s", "clearbox", "date")},
                         {"driver": "1.0", "kernels": "gpu", "schedule": "fused", "±": "10 %", "GFLOP/s": "5",
                          "of peak": "50 %", "evaluate GFLOP/s": "3", "frames/s": "4000", "film frames/s": "-",
                          "clearbox": "0.1.0 0123456789ab", "date": "2026-01-02"})

    def command_of(self, result):
        self.write("a.json", result)
        return shlex.split(self.rows()[0]["command"].strip("`"))

    def test_the_command_repeats_the_row(self):
        self.assertEqual(self.command_of(made_up([made_up_row(64)])),
                         ["clearbox", "bench", "--hidden", "64", "--device", "Made Up 100", "--schedule", "fused"])
        changed = {"batch": 128, "recipe": "nll", "seconds": 0.5, "family": "gpu", "film": True, "tune": True}
        self.assertEqual(self.command_of(made_up([made_up_row(64)], "A, B", changed))[5:],
                         ["A", "--schedule", "fused", "--batch", "128", "--recipe", "nll", "--family", "gpu",
                          "--seconds", "0.5", "--film", "--tune"])
        self.assertEqual(self.command_of(made_up([made_up_row(9, "sgemm", "OpenBLAS")])),
                         ["clearbox", "bench", "--hidden", "9"])
        quoted = self.command_of(made_up([made_up_row(64)], "it's; rm -rf $HOME"))
        self.assertEqual(quoted[5], "it's; rm -rf $HOME")

    def test_archives_of_kits(self):
        summary = {"name": "Made Up 200", "driver": "2.0", "commit": "abc", "steps": [
            {"name": "devices", "state": "done"}, {"name": "verify", "state": "failed"},
            {"name": "test_x", "state": "timed out"}, {"name": "film-64", "state": "skipped"}]}
        self.write_archive("clearbox-results-x.tar.gz", {
            "summary.json": json.dumps(summary), "bench.jsonl": lines_of(made_up([made_up_row(64)]))[:-1],
            "tuned.jsonl": lines_of(made_up([made_up_row(64, seconds=1.0), made_up_row(128)]))[:-20],
            "film.mp4": "x"})
        rows = self.rows()
        self.assertEqual([row["epoch s"] for row in rows], ["1", "2"])
        self.assertTrue(rows[0]["command"].endswith("--tune`"))
        self.assertIn("| clearbox-results-x.tar.gz | Made Up 200 | 2.0 | abc | 1 | verify, test_x | film-64 |",
                      self.run_script().stdout)

    def test_rows_that_were_not_measured(self):
        self.write("a.json", made_up([made_up_row(64), made_up_row(9, reason="too | large")]))
        shown = self.run_script().stdout
        self.assertEqual(len(self.rows()), 1)
        self.assertIn("| 9 | Made Up 100 | fused | a.json | too / large |", shown)

    def test_bad_files_are_named_and_left_out(self):
        self.write("good.json", made_up([made_up_row(64)]))
        bad = {"": "no result", "x": "line 1|no result", "[1]": "no result", "{}": "no result", "{": "no result",
               json.dumps(made_up([1])): "a row lacks", json.dumps(made_up([{}])): "a row lacks",
               json.dumps(made_up([], format=7)): "clearbox 0.1.0 wrote it in a format", "[" * 100000: ".",
               lines_of(made_up([made_up_row(64)])) + "x\n": "line 4"}
        for text, phrase in bad.items():
            self.write("bad.json", text)
            result = self.run_script(code=65)
            self.assertRegex(result.stderr, r"^results.py: .*bad\.json is left out: .*(" + phrase + ")")
            self.assertEqual(result.stderr.count("\n"), 1)
            self.assertIn("good.json", result.stdout)
        (self.folder / "bad.json").unlink()
        name = "clearbox-results-bad.tar.gz"
        for write in (lambda: (self.folder / name).write_bytes(b"not gzip"),
                      lambda: self.write_archive(name, {"film.mp4": "x"}),
                      lambda: self.write_archive(name, {"summary.json": "[]"}),
                      lambda: self.write_archive(name, {"summary.json": "{"})):
            write()
            self.assertRegex(self.run_script(code=65).stderr, r"bad\.tar\.gz is left out: ")
        (self.folder / name).unlink()
        (self.folder / "folder.json").mkdir()
        self.run_script()

    def test_nothing_of_a_stranger_ends_a_cell(self):
        self.write("a.json", made_up([made_up_row(64)], "a|b\nc\x1b[2J"))
        self.assertEqual(self.rows()[0]["device"], "a/b/c/[2J")

    def test_outputs_and_nonsense(self):
        self.write("a.json", made_up([made_up_row(64)]))
        out = self.folder / "out.md"
        self.assertEqual(self.run_script("--output", out, self.folder).stdout, "")
        self.assertEqual(out.read_text(), self.run_script().stdout)
        for arguments, code in ((["--output", self.folder / "no" / "x", self.folder], 73),
                                ([self.folder / "no"], 66), (["--no"], 64), ([self.folder, "x"], 64)):
            self.assertRegex(self.run_script(*arguments, code=code).stderr, r"^results.py: .+\n$")

    def test_what_is_kept_can_be_read(self):
        shown = self.run_script(os.path.join(os.path.dirname(SCRIPT), "results")).stdout
        self.assertTrue(shown.startswith("# Results\n"))
        self.assertTrue(re.search(r"^\| H \||No result is kept", shown, re.MULTILINE))


if __name__ == "__main__":
    SCRIPT = os.path.abspath(sys.argv.pop())
    unittest.main(verbosity=2)
