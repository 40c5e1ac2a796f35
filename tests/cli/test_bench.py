# SPDX-License-Identifier: MIT
"""clearbox bench: what it prints can be read, and what cannot be measured is told."""

import csv
import fcntl
import io
import json
import math
import os
import pty
import re
import shutil
import signal
import struct
import termios
import unittest
import xml.etree.ElementTree

from support import (CANNOT_CREATE, INTERRUPTED, MISSING, OK, SOURCE, UNAVAILABLE, USAGE,
                     CliTest, environment, main, start, write_dataset)

WHOLE = ["0", "-1", "1e9", "abc", "", "1.5", "99999999999999999999"]
NONSENSE = {
    "hidden": WHOLE + ["1048577", "64,", ",64", "64,,64", "64,abc", ",".join(["1"] * 33)],
    "device": ["", "0:0,", ",".join(["0:0"] * 33)],
    "schedule": ["", "abc", "fused,", "fused,abc"],
    "arithmetic": ["", "abc", "canon,plain"],
    "family": ["", "abc"],
    "batch": WHOLE + ["4097"],
    "recipe": ["", "abc"],
    "data": [""],
    "encoder": ["", "abc", "h264"],
    "repetitions": WHOLE + ["1001"],
    "seconds": ["0", "-1", "nan", "abc", ""],
    "latency": ["0", "-1", "nan", "abc", ""],
    "bandwidth": ["0", "-1", "nan", "abc", ""],
    "format": ["", "abc", "xml"],
    "output": ["", "-"],
    "plot": ["", "-"],
}
SWITCHES = ["film", "ranks", "no-baseline", "tune", "compare", "no-clobber", "json"]


class Flags(CliTest):
    def test_the_tables_here_name_every_flag(self):
        shown = set(re.findall(r"^  (?:-\w, )?--([a-z-]+)",
                               self.run_cli("bench", "--help").stdout, re.MULTILINE))
        self.assertEqual(shown, set(NONSENSE) | set(SWITCHES) | {"help"})

    def test_help_fits_80_columns(self):
        for line in self.run_cli("bench", "--help").stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_every_flag_is_in_the_manual(self):
        manual = (SOURCE / "docs" / "clearbox-bench.1").read_text()
        for flag in set(NONSENSE) | set(SWITCHES):
            self.assertRegex(manual, rf"(?m)^\.It Fl (o , Fl )?-{flag}( |$)", flag)

    def test_nonsense_values(self):
        for flag, values in NONSENSE.items():
            for value in values:
                with self.subTest(flag=flag, value=value):
                    self.assert_only_error(self.run_cli("bench", f"--{flag}={value}"), USAGE,
                                           f"--{flag} wants ")

    def test_an_unknown_format(self):
        self.assert_only_error(self.run_cli("bench", "--format", "xml"), USAGE,
                               "md, csv, json or jsonl")

    def test_contradictions(self):
        self.assert_only_error(self.run_cli("bench", "--output", "a", "--plot", "a"), USAGE,
                               "--output and --plot")
        self.assert_only_error(self.run_cli("bench", "-o", "a", "--plot", "a"), USAGE,
                               "--output and --plot")
        self.assert_only_error(self.run_cli("bench", "--json", "--format", "csv"), USAGE, "--json",
                               "--format csv")
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
        result = self.bench("--json", "--schedule", "fused,stepwise", "--film", "--device",
                            "cpu")
        self.assert_done(result)
        report = json.loads(result.stdout)
        self.assertRegex(report["clearbox"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(report["settings"]["hidden"], [9, 12])
        self.assertEqual(report["settings"]["schedules"], ["fused", "stepwise"])
        self.assertTrue(report["processor"] and report["system"] and report["date"])
        self.assertGreaterEqual(report["load_average"], 0)
        self.assertIn("warning", report)
        self.assertEqual(report["format"], 1)
        self.assertRegex(report["commit"], r"^(none|[0-9a-f]{7,}(-dirty)?)$")
        (self.folder / "a.json").write_text(result.stdout)
        told = self.run_cli("bench", "--compare", "a.json", "a.json", "--json")
        self.assert_done(told)
        told = json.loads(told.stdout)
        self.assertEqual(len(told["rows"]), len(report["rows"]))
        self.assertEqual([fact for fact in told["facts"] if fact["differs"]], [])
        for ratio in (ratio for row in told["rows"] for ratio in row["ratios"].values()):
            self.assertEqual(ratio["ratio"], 1)
        device = report["devices"][0]
        self.assertTrue(device["name"] and device["opencl"] and device["driver"])
        for name in ("peak_flop_per_second", "copy_bytes_per_second", "read_bytes_per_second"):
            self.assert_number(device[name]["median"])
        rows = [row for row in report["rows"] if row["device"] != "OpenBLAS"]
        self.assertEqual([(row["hidden"], row["schedule"]) for row in rows],
                         [(9, "fused"), (9, "stepwise"), (12, "fused"), (12, "stepwise")])
        self.assertEqual(report["settings"]["encoder"], "auto")
        for row in rows:
            self.check_row(row)
            self.assertIn("warning", row)
            self.assertEqual(row["film_job"]["frames"], 10)
            self.assertTrue(row["film_job"]["encoder"])
            self.assert_number(row["film_job"]["total_seconds"])

    def test_json_lines_and_no_baseline(self):
        result = self.bench("--format", "jsonl", "--no-baseline")
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
        result = self.bench("--format", "csv", "-o", "out.csv",
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
        name = "a chart's\nname.svg"
        (self.folder / name).write_text("old")
        result = self.bench("--plot", name)
        if shutil.which("gnuplot"):
            self.assert_done(result)
            chart = xml.etree.ElementTree.parse(self.folder / name).getroot()
            self.assertTrue(chart.tag.endswith("svg"))
            told = {element.tag.split("}")[1]: element.text for element in chart}
            self.assertIn("clearbox", told["title"])
            self.assertIn("of its multiply-add peak", told["desc"])
            self.assertEqual(sorted(os.listdir(self.folder)), sorted([name, "data"]))
            self.assertRegex(result.stdout, r"(?m)^0:0 trains H = \d+ at \d+ % of its multiply-add "
                                            r"peak(, [\d.]+ × OpenBLAS)?\.$")
            tables = [line for line in result.stdout.splitlines() if line.startswith("|")]
            self.assertEqual({line.count("|") for line in tables[:3]}, {11})
            self.assertEqual({line.count("|") for line in tables[3:]}, {14})
        else:
            print("\nleft out: the chart, gnuplot is not installed", flush=True)
            self.assert_only_error(result, UNAVAILABLE, "gnuplot")
            self.assertEqual((self.folder / name).read_text(), "old")

    def test_no_gnuplot(self):
        (self.folder / "bin").mkdir()
        result = self.bench("--plot", "chart.svg", env=environment(PATH=str(self.folder / "bin")))
        self.assert_only_error(result, UNAVAILABLE, "gnuplot")

    def test_faults(self):
        self.assert_only_error(self.run_cli("bench", "--data", "nowhere"), MISSING, "nowhere")
        self.assert_error(self.bench("--device", "no such device"), UNAVAILABLE, "no such device")

    def test_outputs_are_looked_at_before_anything_is_measured(self):
        (self.folder / "there.md").write_text("old")
        outputs = [("--output", "nowhere/b.md"), ("--no-clobber", "-o", "there.md")]
        if shutil.which("gnuplot"):
            outputs += [("--plot", "nowhere/b.svg"), ("--no-clobber", "--plot", "there.md")]
        for flags in outputs:
            self.assert_only_error(self.bench(*flags), CANNOT_CREATE, re.escape(flags[-1]))
        self.assert_only_error(self.bench("--film", env=environment(TMPDIR="/nonexistent")),
                               CANNOT_CREATE, "/nonexistent")
        self.assertEqual((self.folder / "there.md").read_text(), "old")

    def test_the_encoder_of_the_films(self):
        flags = ("--film", "--encoder", "mpeg4", "--no-baseline", "--device", "cpu", "--hidden", 9)
        told = self.bench("--format", "csv", *flags)
        self.assert_done(told)
        for row in csv.DictReader(io.StringIO(told.stdout)):
            self.assertEqual(row["film_encoder"], "mpeg4")
        told = self.bench("--format", "jsonl", *flags)
        lines = [json.loads(line) for line in told.stdout.splitlines()]
        self.assertEqual(lines[0]["settings"]["encoder"], "mpeg4")
        self.assertEqual({line["film_job"]["encoder"] for line in lines if line["type"] == "row"},
                         {"mpeg4"})
        self.assertRegex(self.bench(*flags).stdout, r"\| encoder [^\n]*\n[^\n]*\n[^\n]*\| mpeg4 ")
        self.assert_only_error(self.bench("--encoder", "mpeg4"), USAGE, "--encoder", "--film")
        told = self.bench("--film", "--encoder", "device", "--json", "--hidden", 9)
        self.assert_done(told)
        for row in json.loads(told.stdout)["rows"]:
            if row["device"] != "OpenBLAS":
                self.assertEqual(row["film_job"]["encoder"], "device")

    def check_encoder(self, encoder, first):
        for name in ("qp", "processor_ns_per_pixel", "bits_per_pixel", "psnr_db", "share_of_job",
                     "group_frames", "key_frames_share"):
            self.assert_number(encoder[name])
        self.assertLess(encoder["share_of_job"], 1)
        if encoder is first or encoder["name"] == "x264 film":
            self.assertEqual(encoder["qp"], int(encoder["qp"]))
            self.assertIsNone(encoder["finer_qp"])
            return
        self.assertEqual(encoder["psnr_db"], first["psnr_db"])
        self.assertAlmostEqual(encoder["size"], encoder["bits_per_pixel"] / first["bits_per_pixel"])
        for name, sign in (("qp", -1), ("psnr_db", 1), ("bits_per_pixel", 1)):
            self.assertGreaterEqual(sign * encoder["finer_" + name], sign * encoder[name])
            self.assertGreaterEqual(sign * encoder[name], sign * encoder["coarser_" + name])

    def test_encoders_are_compared(self):
        flags = ("--film", "--no-baseline", "--device", "cpu", "--schedule", "fused,stepwise,fused")
        told = self.bench("--json", *flags)
        self.assert_done(told)
        rows = json.loads(told.stdout)["rows"]
        self.assertEqual([("encoding" in row) for row in rows], [False, True] * 2)
        for row in rows[1::2]:
            encoding = row["encoding"]
            self.assertEqual((encoding["width"], encoding["rows"]), (84, encoding["height"]))
            self.assertEqual((encoding["frames"], encoding["second_excerpt"]), (560, 280))
            self.assertIsNone(encoding["reason"])
            encoders = encoding["encoders"]
            self.assertEqual((encoders[0]["name"], encoders[0]["encoder"]), ("device", "device"))
            self.assertEqual(encoders[0]["size"], 1)
            self.assertIsNone(encoders[0]["preset"])
            for encoder in encoders[1:]:
                self.assertEqual(encoder["encoder"], "libx264")
            for encoder in encoders:
                self.check_encoder(encoder, encoders[0])

    def test_encoders_in_tables(self):
        flags = ("--film", "--no-baseline", "--device", "cpu", "--schedule", "fused", "--hidden", 9)
        told = self.bench(*flags)
        self.assert_done(told)
        self.assertRegex(told.stdout, r"\| encoder +\| +QP \| CPU ns/px \| .*bits/px \| "
                                      r".*PSNR dB \| +size \| of job \|")
        lines = [line for line in told.stdout.splitlines()
                 if re.search(r"\| (device|x264 \w+) +\| +\d\d\.\d \|", line)]
        self.assertGreaterEqual(len(lines), 2)
        self.assertRegex(lines[0], r"\| device .*\| +1\.00 × \| +\d+ % \|$")
        told = self.bench("--format", "csv", *flags)
        self.assert_done(told)
        for row in csv.DictReader(io.StringIO(told.stdout)):
            for name in ("qp", "processor_ns_per_pixel", "bits_per_pixel", "psnr_db"):
                self.assert_number(row["encode_device_" + name])
            self.assertEqual(row["encode_device_size"], "1")
            self.assertEqual(row["encode_film_size"], "")
            self.assertIn("encode_ultrafast_size", row)

    def test_a_row_that_fails(self):
        write_dataset(self.folder / "data")
        (self.folder / "tmp").mkdir()
        process = start("bench", "--data", "data", "--hidden", 9, "--device", "cpu", "--film",
                        "--seconds", 0.2, "--repetitions", 1, "--json", cwd=self.folder,
                        env=environment(TMPDIR=str(self.folder / "tmp")))
        for line in process.stderr:  # no place for films any more
            if line.startswith("H = 9 on 0:0"):
                (self.folder / "tmp").rmdir()
                break
        out, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, CANNOT_CREATE, err)
        if out:  # there is an OpenBLAS, and its row was written
            rows = json.loads(out)["rows"]
            self.assertEqual([row["device"] for row in rows], ["OpenBLAS", "0:0"])
            self.check_row(rows[0])
            self.assertIn("clearbox-bench-", rows[1]["reason"])
            self.assertIn("1 of 2 rows could not be measured", err.splitlines()[-1])

    def test_a_terminal_gets_what_fits(self):
        for columns in (80, 50):
            ours, theirs = pty.openpty()
            fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("4H", 40, columns, 0, 0))
            write_dataset(self.folder / "data")
            process = start("bench", "--data", "data", "--hidden", "9,12", "--seconds", 0.02,
                            "--repetitions", 1, "--film", cwd=self.folder, stdout=theirs)
            os.close(theirs)
            _, err = process.communicate(timeout=300)
            self.assertEqual(process.returncode, OK, err)
            shown = b""
            try:
                while part := os.read(ours, 65536):
                    shown += part
            except OSError:
                pass
            os.close(ours)
            shown = shown.decode()
            tables = [line for line in shown.splitlines() if line.startswith("|")]
            self.assertRegex(tables[0], "device .*name .*peak GFLOP/s")
            self.assertTrue(any("of peak" in line for line in tables))
            self.assertIn("Not all columns fit", shown)
            for line in tables if columns < 80 else shown.splitlines():
                self.assertLessEqual(len(line), max(columns, 66), shown)


class Stopping(CliTest):
    """A row of half an hour, which nobody waits for."""

    def started(self, *flags):
        write_dataset(self.folder / "data")
        process = start("bench", "--data", "data", "--no-baseline", "--seconds", 1800,
                        "--repetitions", 3, *flags, cwd=self.folder)
        self.addCleanup(process.kill)
        return process

    def stopped(self, process):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertIn("stopping; Ctrl-C again stops at once", err)
        self.assertEqual(self.leftovers(), [])
        return out, err

    def test_in_the_middle_of_the_first_row(self):
        (self.folder / "old.md").write_text("old")
        process = self.started("--hidden", 9, "--output", "old.md")
        for line in process.stderr:
            if line.startswith("H = 9"):
                break
        out, err = self.stopped(process)
        self.assertEqual(out, "")
        self.assertIn("nothing was written", err.splitlines()[-1])
        self.assertEqual((self.folder / "old.md").read_text(), "old")

    def test_rows_that_were_measured_are_kept(self):
        process = self.started("--hidden", "9,12", "--repetitions", 1, "--seconds", 0.02,
                               "--film", "--format", "jsonl")
        for line in process.stdout:
            if '"row"' in line:
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)
        self.assertIn(process.returncode, (INTERRUPTED, OK))  # it may have been done by then

    def test_while_encoders_are_compared(self):
        process = self.started("--hidden", 1024, "--repetitions", 1, "--seconds", 0.02, "--film",
                               "--json", "--device", "cpu", "--schedule", "fused")
        for line in process.stderr:
            if line.endswith("encoders\n"):
                break
        out, err = self.stopped(process)
        rows = json.loads(out)["rows"]
        self.assertEqual(len(rows), 1)
        self.assertTrue(rows[0]["film_job"]["encoder"])
        self.assertNotIn("encoding", rows[0])
        self.assertIn("what was measured until then is written", err)

    def test_while_limits_are_measured(self):
        process = self.started("--repetitions", 1000, "--json")
        for line in process.stderr:
            if "at best" in line:
                break
        out, err = self.stopped(process)
        self.assertEqual(out, "")
        self.assertNotIn("left out", err)


if __name__ == "__main__":
    main()
