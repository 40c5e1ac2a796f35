# SPDX-License-Identifier: MIT
"""tests/platforms: its list, what it gets, and its table, from archives that are made up here.

  test_platforms.py FOLDER
"""
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

FOLDER = None
DIFFERS, USAGE, BAD_DATA, MISSING = 70, 64, 65, 66


def device(cpu=None, gpu=None):
    """devices.out; a reason is why a family is refused."""
    families = [{"family": name, "passed": reason is None, "reason": reason} for name, reason in
                (("cpu", cpu), ("gpu", gpu))]
    return json.dumps([{"spec": "0:1", "families": []}, {"spec": "0:0", "families": families}])


def verified(*equal):
    runs = [{"name": f"run-{i}", "equal": one} for i, one in enumerate(equal)]
    return json.dumps({"equal": all(equal), "runs": runs})


GOOD = {"devices.out": device(), "verify-cpu.out": verified(True, True), "verify-gpu.out": verified(True, True),
        "film-64.jsonl": '{"epoch":1}\n{"weights_sha256":"w","film_sha256":"f"}\n',
        "test_x.out": "[       OK ] a case\n"}
STEPS = ("devices", "verify-cpu", "verify-gpu", "test_x", "film-64")


class Platforms(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="clearbox ")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        (self.folder / "results").mkdir()

    def keep(self, name, files=None, **endings):
        """An archive; `endings` are the states of steps that are not done, with their exit code."""
        summary = {"device": "0:0", "name": "Made up", "driver": "1.0", "opencl": "OpenCL 3.0", "commit": "abc",
                   "date": "2026-01-02T03:04:05Z", "steps": []}
        for step in STEPS:
            state, rc = endings.get(step.replace("-", "_"), ("done", 0))
            summary["steps"].append({"name": step, "state": state, "rc": rc, "seconds": 7})
        with tarfile.open(self.folder / "results" / f"{name}.tar.gz", "w:gz") as archive:
            for path, text in {"summary.json": json.dumps(summary), **GOOD, **(files or {})}.items():
                entry = tarfile.TarInfo("clearbox-results-x/" + path)
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))

    def run_script(self, *arguments, code=0):
        result = subprocess.run([sys.executable, "-B", FOLDER / "run.py", *map(str, arguments)],
                                capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        return result

    def table(self, code=0):
        """Cells by platform."""
        text = self.run_script("--table", "--fetch", self.folder, self.folder, code=code).stdout
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.split("\n\n")[0].splitlines()]
        self.assertTrue(all(len(line) == 7 for line in lines), lines)
        return {line[0]: line[1:] for line in lines[2:]}

    def test_one_that_is_well_and_one_that_is_not_to_be_had(self):
        self.keep("pocl-sid")
        (self.folder / "results/pocl-jammy.reason").write_text("no | mirror\n")
        rows = self.table()
        self.assertEqual(list(rows), ["pocl-sid", "pocl-jammy"])
        self.assertEqual(rows["pocl-sid"],
                         ["OpenCL 3.0, 1.0", "passed / passed", "2 equal / 2 equal", "1 of 1", "same", ""])
        self.assertEqual(rows["pocl-jammy"], ["–"] * 5 + ["no / mirror"])

    def test_a_family_that_the_self_test_refuses(self):
        why = "sigmoid computes wrongly"
        self.keep("intel-2022.2.1", {"devices.out": device(gpu=why), "verify-gpu.out": "",
                                     "verify-gpu.log": f"clearbox: device Made up: {why}\n"}, verify_gpu=("failed", 70))
        row = self.table()["intel-2022.2.1"]
        self.assertEqual(row[1:3], ["passed / refused", "2 equal / refused"])
        self.assertEqual(row[-1].count(why), 1)

    def test_what_a_compiler_says_is_on_the_next_line(self):
        told = "clearbox: it does not build, it says:\n\nerror: /tmp/%s.cl:1:2 <Spelling=/tmp/y.cl:3:4>: x\nand so on\n"
        self.keep("pocl-wheel-1.3", {"film-64.jsonl": "", "film-64.log": told % "a", "verify-cpu.out": "",
                                     "verify-cpu.log": told % "b"}, film_64=("failed", 70), verify_cpu=("failed", 70))
        self.assertEqual(self.table()["pocl-wheel-1.3"][-1], "film, verify cpu: it does not build, it says: error: x")

    def test_other_bits_are_a_finding(self):
        self.keep("pocl-sid")
        self.keep("pocl-trixie")
        self.keep("rusticl-sid", {
            "verify-cpu.out": verified(True, False),
            "verify-cpu.log": "clearbox: device 0:0 computes other weights in 1 of 2 runs: run-1\n"},
                  verify_cpu=("failed", 70))
        self.keep("oclgrind", {"film-64.jsonl": '{"weights_sha256":"v","film_sha256":"f"}\n'})
        self.keep("small-unit-1", {"film-64.jsonl": '{"weights_sha256":"w","film_sha256":"g"}\n'})
        rows = self.table(code=DIFFERS)
        self.assertEqual(rows["rusticl-sid"][2], "**1 of 2 differ** / 2 equal")
        self.assertIn("computes other weights in 1 of 2 runs: run-1", rows["rusticl-sid"][-1])
        self.assertEqual([rows[name][4] for name in ("pocl-sid", "oclgrind", "small-unit-1")],
                         ["same", "**other weights**", "same weights, other film"])
        told = self.run_script("--table", "--fetch", self.folder, self.folder, code=DIFFERS).stderr
        self.assertEqual([line.split()[1] for line in told.splitlines()], ["rusticl-sid", "oclgrind"])

    def test_what_fails_or_takes_too_long_is_told(self):
        self.keep("pocl-sid", {"verify-cpu.out": "", "film-64.jsonl": ""}, verify_cpu=("timed out", 124),
                  test_x=("failed", 3), film_64=("failed", 1), verify_gpu=("skipped", None))
        row = self.table()["pocl-sid"]
        self.assertEqual(row[2:5], ["timed out after 7 s / –", "0 of 1", "refused"])
        for phrase in ("verify cpu: timed out after 7 s", "test_x: failed, exit 3", "film: failed, exit 1",
                       "no time for: verify-gpu"):
            self.assertIn(phrase, row[-1])

    def test_runs_of_verify_that_were_equal_until_time_was_up(self):
        stopped = "clearbox: interrupted after 1 of 7 runs\n"
        self.keep("pocl-sid", {"verify-cpu.out": verified(True), "verify-cpu.log": stopped},
                  verify_cpu=("cut short", 124))
        row = self.table()["pocl-sid"]
        self.assertEqual(row[2], "1 equal, then cut short after 7 s / 2 equal")
        self.assertIn("verify cpu: interrupted after 1 of 7 runs", row[-1])

    def test_what_there_was_no_time_for(self):
        never = {step.replace("-", "_"): ("skipped", None) for step in STEPS[1:]}
        self.keep("pocl-sid", **never)
        row = self.table()["pocl-sid"]
        self.assertEqual(row[1:5], ["passed / passed", "– / –", "–", "–"])
        self.assertEqual(row[-1], "no time for: film-64, test_x, verify-cpu, verify-gpu")

    def test_cases_that_are_left_out_are_counted(self):
        self.keep("small-group-1", {"test_x.out": "[  SKIPPED ] one\n[  SKIPPED ] two\n"})
        self.assertEqual(self.table()["small-group-1"][3], "1 of 1, 2 cases left out")

    def test_a_report_of_oclgrind_fails_its_test(self):
        self.keep("oclgrind", {"test_x.log": "\nUninitialized value read from global memory address 0x1\n"})
        row = self.table()["oclgrind"]
        self.assertEqual(row[3], "0 of 1")
        self.assertIn("test_x: Uninitialized value read", row[-1])

    def test_each_device_of_the_system(self):
        self.keep("installed-0-0")
        self.keep("installed-1-0")
        self.assertEqual(list(self.table()), ["installed-0-0", "installed-1-0"])

    def test_archives_that_are_none(self):
        (self.folder / "results/pocl-sid.tar.gz").write_text("nothing")
        told = self.run_script("--table", "--fetch", self.folder, self.folder, code=BAD_DATA).stderr
        self.assertRegex(told, r"^run.py: pocl-sid.tar.gz is no archive of a kit: .+\n$")

    def test_the_list(self):
        names = [line.split()[0] for line in self.run_script("--list").stdout.splitlines()]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({"installed", "oclgrind", "small-group-1", "small-one-core"}, set(names))

    def test_nonsense(self):
        for arguments, phrase in ((["--only", "x", "b"], "no platform 'x'"), (["--minutes", "0", "b"], "--minutes"),
                                  (["--mirror", "x", "b"], "DISTRIBUTION=URL"), ([], "BUILD_DIR"), (["--no"], "--no")):
            self.assertRegex(self.run_script(*arguments, code=USAGE).stderr, f"^run.py: .*{phrase}.*\n$")
        told = self.run_script("--only", "oclgrind", "--fetch", self.folder, self.folder, code=MISSING).stderr
        self.assertIn("is no build of clearbox with its tests", told)

    def test_wheels_are_unpacked_as_they_are_installed(self):
        import places
        with zipfile.ZipFile(self.folder / "x.whl", "w") as wheel:
            for name in ("x-1.data/data/lib/libx.so", "x/libs/y.so", "../outside", "/top",
                         "x-1.data/data/lib/libOpenCL.so.1"):
                wheel.writestr(name, "x")
        places.unpack_wheel(self.folder / "x.whl", self.folder / "to" / "it")
        found = {str(path.relative_to(self.folder / "to"))
                 for path in (self.folder / "to").rglob("*") if path.is_file()}
        self.assertEqual(found, {"it/lib/libx.so", "it/x/libs/y.so"})
        self.assertFalse((self.folder / "outside").exists())

    def test_what_was_cut_short_is_made_anew(self):
        import places

        def fail(part):
            (part / "half").touch()
            raise places.Missing("no network")
        place = self.folder / "place"
        for make in (fail, fail):
            with self.assertRaises(places.Missing):
                places.once(place, make)
            self.assertFalse(place.exists())
        places.once(place, lambda part: (part / "whole").touch())
        self.assertEqual(os.listdir(places.once(place, fail)), ["whole"])

    def test_mirrors(self):
        import places
        lists = self.folder / "sources.list.d"
        lists.mkdir()
        (lists / "a.sources").write_text("Types: deb\nURIs: http://mirror.example/debian-security\n")
        (lists / "b.sources").write_text("# URIs: http://old.example/debian\nURIs: http://mirror.example/debian\n")
        (self.folder / "sources.list").write_text("deb [signed-by=/x] https://other.example/ubuntu/ noble main\n")
        apt = str(self.folder)
        self.assertEqual(places.mirror_of("debian", {}, apt), "http://mirror.example/debian")
        self.assertEqual(places.mirror_of("ubuntu", {}, apt), "https://other.example/ubuntu/")
        self.assertEqual(places.mirror_of("debian", {"debian": "file:/x"}, apt), "file:/x")
        with self.assertRaisesRegex(places.Missing, "--mirror devuan=URL"):
            places.mirror_of("devuan", {}, apt)

    def test_a_command_that_fails_says_why(self):
        import places
        log = self.folder / "log"
        with self.assertRaisesRegex(places.Missing, "^sh failed: because$"):
            places.run_logged(["sh", "-c", "echo so; echo because >&2; exit 1"], log)
        with self.assertRaisesRegex(places.Missing, "no 'no-such-tool-here'"):
            places.run_logged(["no-such-tool-here"], log)

    def test_a_kit_that_never_ends_is_stopped(self):
        import places
        log = self.folder / "log"
        places.wait_for(["sh", "-c", "trap 'echo told; exit' TERM; echo begun; while :; do sleep 0.1; done"], log, 1)
        self.assertEqual(log.read_text(), "begun\ntold\n")


if __name__ == "__main__":
    FOLDER = pathlib.Path(sys.argv.pop()).resolve()
    sys.path.insert(0, str(FOLDER))
    unittest.main(verbosity=2)
