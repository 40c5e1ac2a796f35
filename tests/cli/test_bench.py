"""clearbox bench: what it prints can be read, and what cannot be measured is told."""

import csv
import io
import json
import math
import re
import shutil
import unittest
import xml.etree.ElementTree

from support import (CANNOT_CREATE, MISSING, OK, SOURCE, UNAVAILABLE, USAGE, CliTest, environment,
                     main, write_dataset)

WHOLE = ["0", "-1", "1e9", "abc", "", "1.5", "99999999999999999999"]
NONSENSE = {
    "hidden": WHOLE + ["262145", "64,", ",64", "64,,64", "64,abc", ",".join(["1"] * 33)],
    "device": ["", "0:0,", ",".join(["0:0"] * 33)],
    "schedule": ["", "abc", "fused,", "fused,abc"],
    "family": ["", "abc"],
    "batch": WHOLE + ["4097"],
    "recipe": ["", "abc"],
    "data": [""],
    "repetitions": WHOLE + ["1001"],
    "seconds": ["0", "-1", "nan", "abc", ""],
    "format": ["", "abc", "xml"],
    "output": ["", "-"],
    "plot": ["", "-"],
}
SWITCHES = ["film", "no-baseline", "tune", "no-clobber"]


class Flags(CliTest):
    def test_the_tables_here_name_every_flag(self):
        shown = set(re.findall(r"^  (?:-\w, )?--([a-z-]+)",
                               self.run_cli("bench", "--help").stdout, re.MULTILINE))
        self.assertEqual(shown, set(NONSENSE) | set(SWITCHES) | {"help"})

    def test_help_fits_80_columns(self):
        for line in self.run_cli("bench", "--help").stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_every_flag_is_in_the_manual(self):
        manual = (SOURCE / "docs" / "clearbox.1").read_text()
        for flag in set(NONSENSE) | set(SWITCHES):
            self.assertRegex(manual, rf"(?m)^\.It Fl (o , Fl )?-{flag}( |$)", flag)

    def test_nonsense_values(self):
        for flag, values in NONSENSE.items():
            for value in values:
                with self.subTest(flag=flag, value=value):
                    self.assert_only_error(self.run_cli("bench", f"--{flag}={value}"), USAGE,
                                           f"--{flag} wants ")

    def test_an_unknown_format(self):
        self.assert_only_error(self.run_cli("bench", "-o", "xml"), USAGE, "md, csv, json or jsonl")

    def test_contradictions(self):
        self.assert_only_error(self.run_cli("bench", "--output", "a", "--plot", "a"), USAGE,
                               "--output and --plot")
        self.assert_only_error(self.run_cli("bench", "--seconds", "1e9"), USAGE, "seconds")


class Bench(CliTest):
    def bench(self, *flags, **options):
        write_dataset(self.folder / "data")
        return self.run_cli("bench", "--data", "data", "--hidden", "9,12", "--batch", 50,
                            "--seconds", 0.02, "--repetitions", 1, *flags, **options)

    def assert_number(self, value):
        self.assertTrue(math.isfinite(float(value)) and float(value) > 0, value)

    def check_row(self, row):
        for name in ("images_per_second", "epochs_per_second", "share_of_peak",
                     "evaluate_share_of_peak"):
            self.assert_number(row[name])

    def test_json_with_both_schedules_and_a_film(self):
        result = self.bench("-o", "json", "--schedule", "fused,stepwise", "--film", "--device",
                            "cpu")
        self.assert_done(result)
        report = json.loads(result.stdout)
        self.assertRegex(report["clearbox"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(report["settings"]["hidden"], [9, 12])
        self.assertEqual(report["settings"]["schedules"], ["fused", "stepwise"])
        self.assertTrue(report["processor"] and report["system"] and report["date"])
        device = report["devices"][0]
        self.assertTrue(device["name"] and device["opencl"] and device["driver"])
        for name in ("peak_flop_per_second", "copy_bytes_per_second", "read_bytes_per_second"):
            self.assert_number(device[name]["median"])
        rows = [row for row in report["rows"] if row["device"] != "OpenBLAS"]
        self.assertEqual([(row["hidden"], row["schedule"]) for row in rows],
                         [(9, "fused"), (9, "stepwise"), (12, "fused"), (12, "stepwise")])
        for row in rows:
            self.check_row(row)
            self.assertEqual(row["film_job"]["frames"], 10)
            self.assert_number(row["film_job"]["total_seconds"])

    def test_json_lines_and_no_baseline(self):
        result = self.bench("-o", "jsonl", "--no-baseline")
        self.assert_done(result)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(lines[0]["type"], "host")
        self.assertIsNone(lines[0]["openblas"])
        self.assertEqual({line["type"] for line in lines[1:]}, {"device", "row"})
        for row in (line for line in lines if line["type"] == "row"):
            self.assertNotEqual(row["device"], "OpenBLAS")
            self.assertIsNone(row["speed_up"])
            self.check_row(row)

    def test_csv_in_a_file(self):
        result = self.bench("-o", "csv", "--output", "out.csv",
                            env=environment(CLEARBOX_OPENBLAS="/nonexistent.so"))
        self.assert_done(result)
        self.assertEqual(result.stdout, "")
        self.assertIn("nonexistent", result.stderr)
        rows = list(csv.reader(io.StringIO((self.folder / "out.csv").read_text())))
        self.assertGreaterEqual(len(rows), 3)
        for row in rows:
            self.assertEqual(len(row), len(rows[0]))
        for row in csv.DictReader(io.StringIO((self.folder / "out.csv").read_text())):
            self.assertTrue(row["name"] and row["driver"] and row["opencl"] and row["clearbox"])
            self.assertEqual(row["batch"], "50")
            self.check_row(row)

    def test_markdown_and_chart(self):
        (self.folder / "chart.svg").write_text("old")
        result = self.bench("--plot", "chart.svg")
        if shutil.which("gnuplot"):
            self.assert_done(result)
            self.assertTrue(xml.etree.ElementTree.parse(self.folder / "chart.svg").getroot()
                            .tag.endswith("svg"))
            tables = [line for line in result.stdout.splitlines() if line.startswith("|")]
            self.assertEqual({line.count("|") for line in tables[:3]}, {11})
            self.assertEqual({line.count("|") for line in tables[3:]}, {14})
        else:
            print("\nleft out: the chart, gnuplot is not installed", flush=True)
            self.assert_only_error(result, UNAVAILABLE, "gnuplot")
            self.assertEqual((self.folder / "chart.svg").read_text(), "old")

    def test_no_gnuplot(self):
        (self.folder / "bin").mkdir()
        result = self.bench("--plot", "chart.svg", env=environment(PATH=str(self.folder / "bin")))
        self.assert_only_error(result, UNAVAILABLE, "gnuplot")

    def test_faults(self):
        self.assert_only_error(self.run_cli("bench", "--data", "nowhere"), MISSING, "nowhere")
        self.assert_error(self.bench("--device", "no such device"), UNAVAILABLE, "no such device")
        (self.folder / "there.md").write_text("old")
        result = self.bench("--no-clobber", "--output", "there.md", "--hidden", "9")
        self.assert_error(result, CANNOT_CREATE, "there.md")
        self.assertEqual((self.folder / "there.md").read_text(), "old")


if __name__ == "__main__":
    main()
