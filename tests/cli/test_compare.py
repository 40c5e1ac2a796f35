# SPDX-License-Identifier: MIT
"""clearbox bench --compare: the results here are made up, none was measured."""

import copy
import fcntl
import json
import os
import pty
import re
import struct
import termios
import unittest

from support import (BAD_DATA, CANNOT_CREATE, MISSING, OK, USAGE, CliTest, main, start)


def spread(median, share=0.1):
    return {"median": median, "min": median * (1 - share), "max": median * (1 + share)}


def made_up_row(hidden, schedule="fused", device="0:0", seconds=2.0, share=0.1):
    return {"type": "row", "device": device, "schedule": schedule, "hidden": hidden,
            "reason": None, "warning": None, "epoch_seconds": spread(seconds, share),
            "flop_per_second": spread(1e9 * hidden / seconds, share), "share_of_peak": 0.5,
            "flop_per_processor_second": 5e8, "evaluate_seconds": spread(0.5, share),
            "evaluate_flop_per_second": 3e9, "draw_frames_per_second": spread(4000, share),
            "speed_up": None}


def made_up_device(spec, name, driver="1.0", platform="Made Up CL"):
    return {"type": "device", "device": spec, "kind": "GPU", "name": name, "platform": platform,
            "driver": driver, "opencl": "OpenCL 3.0", "compute_units": 10,
            "peak_flop_per_second": spread(1e12), "copy_bytes_per_second": spread(1e11),
            "read_bytes_per_second": spread(1e11), "launch_seconds": 1e-6,
            "round_trip_seconds": 1e-5}


def made_up(devices, rows, **changes):
    return {"format": 1, "clearbox": "0.1.0", "commit": "none", "date": "2026-01-01T00:00:00Z",
            "system": "Linux", "processor": "Made Up", "processors": 2, "warning": None,
            "openblas": None, "openblas_threads": 0,
            "settings": {"hidden": [64, 128], "schedules": ["fused"], "batch": 64,
                         "recipe": "lesson", "seconds": 3.0, "repetitions": 5, "tune": False},
            "devices": devices, "rows": rows, **changes}


ONE = made_up([made_up_device("0:0", "Made Up 100")], [made_up_row(64), made_up_row(128)])


class Compare(CliTest):
    def write(self, name, result):
        text = result if isinstance(result, str) else json.dumps(result)
        (self.folder / name).write_text(text)
        return name

    def compare(self, a, b, *flags, **options):
        return self.run_cli("bench", "--compare", self.write("a.json", a), self.write("b.json", b),
                            *flags, **options)

    def compared(self, a, b):
        result = self.compare(a, b, "--json")
        self.assert_done(result)
        self.assertEqual(result.stderr, "")
        return json.loads(result.stdout)

    def test_ratios_and_their_spread(self):
        other = copy.deepcopy(ONE)
        other["rows"][0] = made_up_row(64, seconds=1.0)
        told = self.compared(ONE, other)
        self.assertEqual((told["a"]["file"], told["b"]["file"]), ("a.json", "b.json"))
        first, second = told["rows"]
        self.assertEqual((first["hidden"], first["schedule"], first["a"], first["b"]),
                         (64, "fused", "0:0", "0:0"))
        epoch = first["ratios"]["epoch_seconds"]
        self.assertEqual((epoch["a"], epoch["b"], epoch["ratio"]), (2, 1, 0.5))
        self.assertAlmostEqual(epoch["least"], 0.9 / 2.2)
        self.assertAlmostEqual(epoch["most"], 1.1 / 1.8)
        self.assertAlmostEqual(first["ratios"]["flop_per_second"]["ratio"], 2)
        self.assertEqual(second["ratios"]["epoch_seconds"]["ratio"], 1)
        # The rate's extremes are those of its seconds.
        evaluate = second["ratios"]["evaluate_flop_per_second"]
        self.assertAlmostEqual(evaluate["least"], 0.9 / 1.1)
        self.assertAlmostEqual(evaluate["most"], 1.1 / 0.9)
        self.assertIsNone(second["ratios"]["share_of_peak"]["least"])
        mean = told["devices"][0]["epoch"]
        self.assertAlmostEqual(mean["ratio"], 0.5 ** 0.5)
        self.assertEqual((mean["least"], mean["most"], mean["rows"]), (0.5, 1, 2))
        self.assertEqual((told["only_in_a"], told["only_in_b"]), ([], []))

    def test_the_table(self):
        other = copy.deepcopy(ONE)
        other["rows"][0] = made_up_row(64, seconds=1.0)
        result = self.compare(ONE, other)
        self.assert_done(result)
        row = next(line for line in result.stdout.splitlines() if line.startswith("|  64 |"))
        self.assertIn(" 0.50 ± 20 % |", row)
        self.assertRegex(row, r"\|\s+2 \|\s+1 \|")
        same = next(line for line in result.stdout.splitlines() if line.startswith("| 128 |"))
        self.assertIn("| (1.00 ± 20 %) |", same)
        self.assertNotIn("(", row.split("|")[6])
        self.assertIn("0:0: an epoch takes B 0.71 of A's time,\n"
                      "the geometric mean of 2 rows from 0.50 to 1.00.\n", result.stdout)

    def test_one_repetition_has_no_spread(self):
        alone = copy.deepcopy(ONE)
        alone["rows"] = [made_up_row(64, share=0)]
        told = self.compared(alone, ONE)
        self.assertIsNone(told["rows"][0]["ratios"]["epoch_seconds"]["least"])
        self.assertRegex(self.compare(alone, ONE).stdout, r"\|\s+1\.00 \|")

    def test_what_differs(self):
        other = copy.deepcopy(ONE)
        other["devices"][0]["driver"] = "2.0"
        other["settings"].update(seconds=0.5, hidden=[64, 128, 9])
        del other["settings"]["tune"]
        other["settings"]["new"] = "there"
        told = self.compared(ONE, other)
        differ = {fact["what"]: (fact["a"], fact["b"]) for fact in told["facts"] if fact["differs"]}
        self.assertEqual(differ, {"0:0 driver": ("1.0", "2.0"), "setting seconds": (3.0, 0.5),
                                  "setting hidden": ([64, 128], [64, 128, 9]),
                                  "setting tune": (False, None), "setting new": (None, "there")})
        shown = self.compare(ONE, other).stdout
        self.assertRegex(shown, r"\| 0:0 driver +\| 1\.0 +\| 2\.0 ")
        self.assertRegex(shown, r"\| 0:0 name +\| Made Up 100 +\| Made Up 100 ")
        self.assertRegex(shown, r"\| setting hidden +\| 64,128 +\| 64,128,9 ")
        self.assertRegex(shown, r"\| setting tune +\| no +\| - ")
        self.assertNotIn("setting recipe", shown)

    def test_rows_of_one_file_are_named(self):
        other = copy.deepcopy(ONE)
        other["rows"] = [made_up_row(64), made_up_row(64, "stepwise"),
                         {**made_up_row(128), "reason": "it was too large"}]
        told = self.compared(ONE, other)
        self.assertEqual(told["only_in_a"], [{"hidden": 128, "schedule": "fused", "device": "0:0",
                                              "reason": "it was too large"}])
        self.assertEqual(told["only_in_b"], [{"hidden": 64, "schedule": "stepwise",
                                              "device": "0:0", "reason": None}])
        shown = self.compare(ONE, other).stdout
        self.assertIn("Only in A: H = 128 on 0:0, fused; in B it was not measured: it was too",
                      shown)
        self.assertIn("Only in B: H = 64 on 0:0, stepwise.\n", shown)

    def test_devices_find_each_other(self):
        host, card = made_up_device("0:0", "Host"), made_up_device("1:0", "Card")
        a = made_up([host, card], [made_up_row(64), made_up_row(64, device="1:0", seconds=4.0),
                                   made_up_row(64, "sgemm", "OpenBLAS")])
        b = made_up([{**card, "device": "0:0"}, {**host, "device": "1:0"}],
                    [made_up_row(64, device="1:0"), made_up_row(64, device="0:0", seconds=1.0),
                     made_up_row(64, "sgemm", "OpenBLAS")])
        told = self.compared(a, b)
        self.assertEqual([(row["a"], row["b"], row["ratios"]["epoch_seconds"]["ratio"])
                          for row in told["rows"]],
                         [("0:0", "1:0", 1), ("1:0", "0:0", 0.25), ("OpenBLAS", "OpenBLAS", 1)])
        self.assertEqual([device["epoch"]["ratio"] for device in told["devices"]], [1, 0.25])
        self.assertIn("| 1:0, 0:0 |", self.compare(a, b).stdout)
        # The last ones left are compared though their names differ.
        b["devices"][0]["name"] = "Newer Card"
        self.assertEqual(len(self.compared(a, b)["rows"]), 3)
        # Two of one name in one file, on two platforms.
        a = made_up([made_up_device("0:0", "Host", platform="P"),
                     made_up_device("1:0", "Host", platform="Q")], [made_up_row(64, device="1:0")])
        b = made_up([made_up_device("0:0", "Host", platform="Q")], [made_up_row(64)])
        self.assertEqual(self.compared(a, b)["rows"][0]["a"], "1:0")

    def test_it_fits_a_terminal(self):
        long = made_up([made_up_device("0:0", "A device whose name is long " * 3)],
                       [made_up_row(262144, "stepwise"), made_up_row(64)],
                       warning="other programs seem to have been at work, and this is a long line")
        long["rows"][0]["warning"] = "repetitions differ by ± 30 %; other programs may have been"
        other = copy.deepcopy(ONE)
        other["devices"][0]["name"] = "Another device whose name is long " * 3
        for columns in (80, 60):
            ours, theirs = pty.openpty()
            fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("4H", 40, columns, 0, 0))
            process = start("bench", "--compare", self.write("a", long), self.write("b", other),
                            cwd=self.folder, stdout=theirs)
            os.close(theirs)
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, OK, err)
            shown = b""
            try:
                while part := os.read(ours, 65536):
                    shown += part
            except OSError:
                pass
            os.close(ours)
            lines = shown.decode().splitlines()
            self.assertIn("epoch time", shown.decode())
            facts = [line.split("|") for line in lines if line.startswith("| file ")]
            self.assertLessEqual(abs(len(facts[0][2]) - len(facts[0][3])), 1)
            self.assertIn("Not all columns fit", shown.decode())
            self.assertEqual([line for line in lines if len(line) > 80
                              or line.startswith("|") and len(line) > columns], [])

    def test_a_file_takes_the_place_of_standard_output(self):
        result = self.compare(ONE, ONE, "-o", "out.md")
        self.assert_done(result)
        self.assertEqual(result.stdout, "")
        self.assertEqual((self.folder / "out.md").read_text(), self.compare(ONE, ONE).stdout)
        self.assert_only_error(self.compare(ONE, ONE, "-o", "out.md", "--no-clobber"),
                               CANNOT_CREATE, "out.md")
        self.assert_only_error(self.compare(ONE, ONE, "-o", "nowhere/out.md"), CANNOT_CREATE,
                               "nowhere")
        self.assert_only_error(self.compare(ONE, ONE, "-o", "./b.json"), USAGE, "is an input")

    def test_names_do_not_steer_the_terminal(self):
        other = copy.deepcopy(ONE)
        other["devices"][0]["name"] = "a\x1b[2Jb|c\u009b\u202e"
        shown = self.compare(other, ONE).stdout
        for character in "\x1b\u009b\u202e":
            self.assertNotIn(character, shown)
        self.assertEqual(len({line.count("|") for line in shown.splitlines()[:6]}), 1)

    def test_nothing_in_common(self):
        other = made_up([made_up_device("0:0", "X")], [made_up_row(9)])
        self.assert_only_error(self.compare(ONE, other), BAD_DATA, "a.json", "b.json", "no row")
        other["rows"] = []
        self.assert_only_error(self.compare(ONE, other), BAD_DATA, "no row")

    def test_json_lines(self):
        def lines(result):
            host = {key: value for key, value in result.items() if key not in ("devices", "rows")}
            return "".join(json.dumps(line) + "\n" for line in
                           ({"type": "host", **host}, *result["devices"], *result["rows"]))

        whole = self.compared(ONE, ONE)["rows"]
        self.assertEqual(self.compared(lines(ONE), ONE)["rows"], whole)
        # A run that was killed as it wrote its last line; two runs, one behind the other.
        cut = self.compared(ONE, lines(ONE)[:-20])
        self.assertEqual(cut["rows"], whole[:1])
        self.assertEqual([row["hidden"] for row in cut["only_in_a"]], [128])
        first, second = ({**ONE, "rows": [row]} for row in ONE["rows"])
        joined = self.compared(lines(first) + lines(second), ONE)
        self.assertEqual(joined["rows"], whole)
        self.assertEqual(len(joined["devices"]), 1)
        for text, phrase in ((lines(ONE) + "x\n", "line 5"), (lines(first).replace("row", "r"), "no row"),
                             (lines(ONE) + json.dumps({"type": "row"}), "a row lacks")):
            self.assert_only_error(self.compare(ONE, text), BAD_DATA, phrase)

    def test_bad_files(self):
        good = self.write("good.json", ONE)
        (self.folder / "folder").mkdir()
        deep = "[" * 100000
        cases = {"": "it is empty", "[]": "no version or no rows", "{}": "no version or no rows",
                 "abc": "line 1", json.dumps(ONE)[:-1]: "line 1", deep: "line 1", "\0": "line 1",
                 "\xff": "no result|line 1", json.dumps(ONE) + json.dumps(ONE): "more follows",
                 json.dumps({**ONE, "rows": 1}): "no version or no rows",
                 json.dumps({**ONE, "rows": [1]}): "a row lacks",
                 json.dumps({**ONE, "rows": [{**made_up_row(1), "hidden": "1"}]}): "a row lacks",
                 json.dumps({**ONE, "devices": [{}]}): "a device has no name",
                 json.dumps({**ONE, "devices": None}): "no settings or no devices",
                 json.dumps({**ONE, "settings": 3}): "no settings or no devices",
                 json.dumps({**ONE, "format": 2, "clearbox": "9.9.9"}): r"clearbox 9\.9\.9 in a f",
                 json.dumps({**ONE, "format": None}): "format that is not known",
                 json.dumps(ONE).replace('"median": 2.0', '"median": 1e999'): "line 1"}
        for text, phrase in cases.items():
            bad = self.write("bad.json", text)
            for files in ((bad, good), (good, bad)):
                with self.subTest(text=text[:80]):
                    self.assert_only_error(self.run_cli("bench", "--compare", *files), BAD_DATA,
                                           r"bad\.json", phrase)
        for missing in ("nowhere.json", "folder", "good.json/x", ""):
            self.assert_only_error(self.run_cli("bench", "--compare", good, missing), MISSING,
                                   "cannot read")

    def test_files_that_never_end(self):
        good = self.write("good.json", ONE)
        os.mkfifo(self.folder / "pipe")
        for bad, code, phrase in (("/dev/zero", BAD_DATA, "larger than 4 MiB"),
                                  ("pipe", MISSING, "nobody has written to it")):
            self.assert_only_error(self.run_cli("bench", "--compare", good, bad, timeout=30), code,
                                   bad, phrase)
        many = made_up([made_up_device("0:0", "Made Up 100")],
                       [{"device": "0:0", "schedule": "fused", "hidden": i} for i in range(2001)])
        self.assert_only_error(self.compare(many, ONE), BAD_DATA, "more than 2000 rows or devices")

    def test_values_of_the_wrong_kind_count_as_unknown(self):
        other = copy.deepcopy(ONE)
        for wrong in (None, "1", [], {}, {"median": "1"}, {"median": -1}, 0, True,
                      {"median": 2, "min": 3, "max": 1}):
            other["rows"][0] = {**made_up_row(64), "epoch_seconds": wrong}
            result = self.compare(other, ONE)
            self.assert_done(result)
            for word in ("nan", "inf"):
                self.assertNotIn(word, result.stdout)
            told = self.compared(other, ONE)
            self.assertEqual("epoch_seconds" in told["rows"][0]["ratios"],
                             wrong == {"median": 2, "min": 3, "max": 1})

    def test_nonsense(self):
        for files in ([], ["a"], ["a", "b", "c"]):
            self.assert_only_error(self.run_cli("bench", "--compare", *files), USAGE,
                                   "--compare wants two files", f"not {len(files)}")
        self.assert_only_error(self.run_cli("bench", "a.json"), USAGE, "flags only, not 'a.json'")
        for flags in (["--hidden", "9"], ["--film"], ["--plot", "x"], ["--seconds", "1"],
                      ["--device", "cpu"], ["--schedule", "fused"], ["--data", "x"],
                      ["--batch", "9"], ["--recipe", "nll"], ["--encoder", "mpeg4"]):
            self.assert_only_error(self.compare(ONE, ONE, *flags), USAGE, flags[0], "--compare")
        for flags in (["--format", "csv"], ["--format", "jsonl"]):
            self.assert_only_error(self.compare(ONE, ONE, *flags), USAGE, "md and json")
        self.assert_only_error(self.compare(ONE, ONE, "--json", "--format", "md"), USAGE, "--json")

    def test_no_device_and_no_data_are_needed(self):
        result = self.compare(ONE, ONE, env=self.environment(
            OCL_ICD_VENDORS="/nonexistent", CLEARBOX_DATA="/nonexistent",
            CLEARBOX_DEVICE="no such device"))
        self.assert_done(result)


if __name__ == "__main__":
    main()
