# SPDX-License-Identifier: MIT
"""The kit for a bare machine: packed, unpacked and run with an empty environment, on this machine's driver.

  test_kit.py KIT.PY BUILD_DIR
"""
import json
import lzma
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

SCRIPT = BUILD = None
USAGE, MISSING, UNAVAILABLE, SOFTWARE, CANNOT_CREATE, CANNOT_WRITE, STOPPED = 64, 66, 69, 70, 73, 74, 130
MOST_BYTES = 64 << 20
PATH = "/usr/bin:/bin"


def setUpModule():
    if not shutil.which("xz"):
        print("left out: xz is not installed", flush=True)
        sys.exit(77)
    Kit.holder = tempfile.TemporaryDirectory(prefix="clearbox-kit-test-")
    Kit.root = pathlib.Path(Kit.holder.name)
    # As fast as it can be; the archive that people get is a third smaller.
    packed = subprocess.run([sys.executable, "-B", SCRIPT, "pack", "--preset", "0", BUILD, Kit.root / "kit.tar.gz"],
                            capture_output=True, text=True)
    if packed.returncode != 0:
        raise RuntimeError(packed.stderr)
    Kit.told = packed.stdout
    subprocess.run(["tar", "-xzf", "kit.tar.gz"], cwd=Kit.root, check=True)
    Kit.whole = Kit.root / "clearbox-kit"
    Kit.kit = slim_of(Kit.whole)


def slim_of(whole):
    """The same kit without what most cases would only unpack: tests but one, libraries that this system has."""
    slim = whole.with_name("slim-kit")
    shutil.copytree(whole, slim, ignore=shutil.ignore_patterns("payload.*"))
    env = {**os.environ, "PATH": os.environ["PATH"] + ":/sbin:/usr/sbin"}
    known = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, env=env, check=True).stdout.split()

    def is_of_use(member):
        folder, name = os.path.split(member.name)
        return name == "test_kernels_sigmoid" or not (folder == "tests" or folder == "carried" and
                                                      name in known and member.size > 100000)

    with tarfile.open(whole / "payload.tar.xz") as full, \
            lzma.open(slim / "payload.tar.xz", "w", preset=0) as packed, \
            tarfile.open(fileobj=packed, mode="w|") as payload:
        for member in filter(is_of_use, full):
            payload.addfile(member, full.extractfile(member))
    return slim


def tearDownModule():
    Kit.holder.cleanup()


class Kit(unittest.TestCase):
    holder = root = whole = kit = told = None

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="clearbox out ", dir=self.root)
        self.addCleanup(holder.cleanup)
        self.out = pathlib.Path(holder.name) / "out"

    def start(self, *arguments, kit=None, **environment):
        return subprocess.Popen([(kit or self.kit) / "kit", *map(str, arguments)], text=True, cwd=self.root,
                                env={"PATH": PATH, **environment}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_kit(self, *arguments, code=0, **options):
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=900)
        self.assertEqual(process.returncode, code, out + err)
        return out, err

    def assert_one_line(self, code, phrase, *arguments, **options):
        out, err = self.run_kit(*arguments, code=code, **options)
        self.assertRegex(err, rf"^kit: .*{phrase}.*\n$")
        self.assertEqual(out, "")
        if self.out.is_dir():
            self.assertEqual(os.listdir(self.out), [])

    def archive(self):
        """Its files by their names, and it alone is there."""
        self.assertEqual(len(os.listdir(self.out)), 1, os.listdir(self.out))
        path = next(self.out.iterdir())
        self.assertRegex(path.name, r"^clearbox-results-.+-\d{8}T\d{6}Z\.tar\.gz$")
        with tarfile.open(path) as archive:
            return {pathlib.PurePath(member.name).name: archive.extractfile(member).read()
                    for member in archive if member.isfile()}

    def steps(self, files):
        summary = json.loads(files["summary.json"])
        self.assertEqual(summary["kit"], 1)
        for name in ("clearbox", "commit", "host", "system", "device", "name", "driver", "opencl"):
            self.assertTrue(summary[name], name)
        return {step["name"]: step for step in summary["steps"]}

    def test_a_quick_run(self):
        out, err = self.run_kit("run", "--quick", "--only", "devices,bench-64,test_kernels_sigmoid,film-64", self.out,
                                kit=self.whole)
        files = self.archive()
        steps = self.steps(files)
        self.assertEqual([(name, step["state"], step["rc"]) for name, step in steps.items()],
                         [(name, "done", 0) for name in ("devices", "bench-64", "test_kernels_sigmoid", "film-64")])
        self.assertTrue(json.loads(files["devices.out"])[0]["passed"])
        self.assertIn(b"[  PASSED  ]", files["test_kernels_sigmoid.out"] + files["test_kernels_sigmoid.log"])
        self.assertIn(b"ftyp", files["film-64.mp4"][:16])
        self.assertIn("validation_accuracy", json.loads(files["film-64.jsonl"].splitlines()[0]))
        rows = [json.loads(line) for line in files["bench.jsonl"].splitlines()]
        self.assertEqual({row["type"] for row in rows}, {"host", "device", "row"})
        self.assertEqual(files["summary.md"].decode(), out)
        self.assertRegex(out, r"(?m)^\|     64 \| fused ")
        self.assertIn(str(next(self.out.iterdir())), err)
        self.check_that_programs_read_it(files)

    def test_what_a_device_lacks_is_left_out(self):
        """A processor has no tensor cores."""
        self.run_kit("run", "--quick", "--only", "split-4096", self.out)
        step = self.steps(self.archive())["split-4096"]
        self.assertEqual((step["state"], step["rc"]), ("left out", 69))

    def check_that_programs_read_it(self, files):
        (self.root / "bench.jsonl").write_bytes(files["bench.jsonl"])
        told = subprocess.run([BUILD + "/clearbox", "bench", "--compare", "bench.jsonl", "bench.jsonl"], cwd=self.root,
                              capture_output=True, text=True)
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        told = subprocess.run([sys.executable, "-B", pathlib.Path(SCRIPT).parent / "results.py", self.out],
                              capture_output=True, text=True)
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        self.assertIn("`clearbox bench --hidden 64 ", told.stdout)

    def test_the_archive_and_its_size(self):
        size = (self.root / "kit.tar.gz").stat().st_size
        print(f"packed with preset 0: {size / 2**20:.1f} MiB", flush=True)
        self.assertLess(size, 1.5 * MOST_BYTES)
        self.assertRegex(self.told, r"MiB for \w+ with glibc 2\.\d+ or newer: clearbox [\d.]+ \(\S+\), \d+ tests")
        self.assertLessEqual({"kit", "README", "facts", "tests", "xz", "payload.tar.xz"}, set(os.listdir(self.whole)))
        out, _ = self.run_kit("steps", kit=self.whole)
        names = out.split()
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(names[:3], ["devices", "verify", "bench-64"])
        self.assertLessEqual({"tune", "bench-65536", "split-65536", "film-1024", "test_equality", "test_self_test", "test_large"},
                             set(names))

    def test_a_step_that_fails_is_kept(self):
        _, err = self.run_kit("run", "--quick", "--only", "verify,test_kernels_sigmoid", self.out, code=SOFTWARE,
                              CLEARBOX_BUILD_OPTIONS="-Dfloat=nonsense")
        files = self.archive()
        steps = self.steps(files)
        self.assertEqual({step["state"] for step in steps.values()}, {"failed"})
        self.assertIn(b"clearbox: ", files["verify.log"])
        self.assertIn("exit", err)
        self.assertRegex(files["summary.md"].decode(), r"(?m)^verify +failed, exit \d+, ")

    def test_what_does_not_fit_is_skipped_and_named(self):
        """By a clock that jumps by 30 s when the run has begun, for nobody to wait for them."""
        jump = self.with_stand_in("date", f"""
            [ "$*" = +%s ] && [ -e "$0.begun" ] && exec echo $(($({shutil.which("date")} +%s) + 30))
            : >"$0.begun"
            exec {shutil.which("date")} "$@"\n""")
        begun = time.monotonic()
        out, _ = self.run_kit("run", "--minutes", 1, "--only", "tuned-65536,verify-all", self.out, PATH=jump)
        self.assertLess(time.monotonic() - begun, 100)
        steps = self.steps(self.archive())
        self.assertIn(steps["verify-all"]["state"], ("skipped", "cut short"))
        self.assertRegex(out, r"not run, or not to its end:.* verify-all\n")

    def test_a_signal_ends_it_with_what_there_is(self):
        process = self.start("run", "--only", "devices,verify", self.out)
        while not list(self.out.glob(".clearbox-kit-*/clearbox-results-*/devices.out")):
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, STOPPED, out + err)
        steps = self.steps(self.archive())
        self.assertEqual([step["state"] for step in steps.values()], ["stopped", "skipped"])

    def test_another_architecture(self):
        other = self.root / "other"
        other.mkdir()
        (other / "kit").symlink_to(self.kit / "kit")
        shutil.copy(self.kit / "kit", other / "run")
        (other / "facts").write_text("architecture=pdp11\nversion=1\ncommit=x\nglibc=2.0\n")
        (other / "kit").unlink()
        (other / "run").rename(other / "kit")
        self.assert_one_line(UNAVAILABLE, "for pdp11, and this machine is", "run", self.out, kit=other)
        self.assertFalse(self.out.exists())

    def test_no_driver(self):
        self.assert_one_line(UNAVAILABLE, "no OpenCL device", "run", self.out, OCL_ICD_VENDORS="/nonexistent")
        self.assert_one_line(UNAVAILABLE, "no device 'a toaster'; there are: 0:0 ", "run", "--device", "a toaster",
                             self.out)

    def with_stand_in(self, name, script):
        folder = self.out.parent / "bin"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("#!/bin/sh\n" + script)
        (folder / name).chmod(0o755)
        return f"{folder}:{PATH}"

    def test_folders_that_cannot_be_written(self):
        self.out.write_text("a file")
        self.assert_one_line(CANNOT_CREATE, "cannot use .*out as a folder", "run", self.out)
        self.out.unlink()
        self.assert_one_line(CANNOT_CREATE, "cannot use /proc/clearbox", "run", "/proc/clearbox")
        full = self.with_stand_in("df", "printf 'head\\n/dev/x 9 9 20480 9 /\\n'\n")
        self.assert_one_line(CANNOT_CREATE, "has 20 MB free, and the kit needs", "run", self.out, PATH=full)
        (self.out.parent / "bin" / "df").unlink()
        full = self.with_stand_in("tar", "cat >/dev/null; echo 'tar: No space left on device' >&2; exit 2\n")
        self.assert_one_line(CANNOT_CREATE, "cannot unpack into .*No space left", "run", self.out, PATH=full)

    def test_an_older_system(self):
        script = "cat >/dev/null; echo \"xz: libc.so.6: version \\`GLIBC_2.99' not found\" >&2; exit 1\n"
        self.assert_one_line(UNAVAILABLE, "needs glibc .* this system's is older; pack one on an older", "run", self.out,
                             PATH=self.with_stand_in("xz", script))

    def test_an_archive_that_cannot_be_written(self):
        full = self.with_stand_in("gzip", "cat >/dev/null; echo 'gzip: No space left on device' >&2; exit 1\n")
        _, err = self.run_kit("run", "--only", "test_kernels_sigmoid", self.out, code=CANNOT_WRITE, PATH=full)
        last = err.splitlines()[-1]
        self.assertRegex(last, "^kit: cannot write .*: gzip: No space left on device; the results are in ")
        kept = pathlib.Path(last.split("the results are in ")[1])
        self.assertTrue((kept / "summary.json").exists())
        self.assertEqual(list(self.out.glob("*.part")), [])

    def test_nonsense(self):
        for arguments, phrase in ((["run", "--minutes", "0"], "--minutes"), (["run", "--minutes", "x"], "--minutes"),
                                  (["run", "--minutes"], "--minutes wants"), (["run", "--fast"], "unknown flag --fast"),
                                  (["run", "--only", "x", self.out], "no step 'x'"),
                                  (["run", self.out, "two"], "one OUT_DIR")):
            self.assert_one_line(USAGE, phrase, *arguments)
        self.assertFalse(self.out.exists())
        self.run_kit(code=USAGE)
        out, err = self.run_kit("--help")
        self.assertIn("usage: ./kit run [FLAGS] [OUT_DIR]", out)

    def pack(self, *arguments):
        result = subprocess.run([sys.executable, "-B", SCRIPT, *map(str, arguments)], capture_output=True, text=True)
        self.assertRegex(result.stderr, r"^kit\.py: .+\n$")
        self.assertEqual(result.stdout, "")
        return result.returncode

    def test_packing_nonsense(self):
        self.assertEqual(self.pack("pack", self.root, self.root / "x.tar.gz"), MISSING)
        self.assertEqual(self.pack("pack", BUILD, "/proc/clearbox/x.tar.gz"), CANNOT_CREATE)
        self.assertEqual(self.pack("pack", BUILD), USAGE)
        self.assertEqual(self.pack("pack", "--preset", "x", BUILD, "x"), USAGE)
        self.assertEqual(self.pack("unpack"), USAGE)
        self.assertEqual([path for path in self.root.iterdir() if "x.tar" in path.name], [])


if __name__ == "__main__":
    BUILD = os.path.realpath(sys.argv.pop())
    SCRIPT = os.path.abspath(sys.argv.pop())
    unittest.main(verbosity=2)
