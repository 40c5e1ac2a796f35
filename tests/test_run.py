#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./run with stand-ins for CMake, CTest and the system's packages.

usage: test_run.py RUN
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

RUN = pathlib.Path(sys.argv.pop()).resolve()
TOOLS = """awk cat cc dirname env find flock getconf grep head id ldconfig mkdir ninja rm sed sh
    sleep tail touch tr""".split()

# Configures and builds, notes when, and makes a program that says what it is called with.
CMAKE = r"""
echo begin >>"$NOTES/cmake"
sleep "${CMAKE_SECONDS:-0}"
mkdir -p build
touch build/build.ninja
cat >build/CMakeCache.txt <<END
CMAKE_HOME_DIRECTORY:INTERNAL=$PWD
CMAKE_CACHEFILE_DIR:INTERNAL=$PWD/build
CMAKE_BUILD_TYPE:STRING=Release
CBX_TESTS:STRING=ON
END
printf '#!/bin/sh\necho ran "$@"\n[ "$1" != learn ] || exec sleep 60\n' >build/clearbox
chmod +x build/clearbox
echo end >>"$NOTES/cmake"
"""

CTEST = r"""
mkdir -p Testing/Temporary
cat >Testing/Temporary/LastTest.log <<END
1/3 Testing: test_grid
1/3 Test: test_grid
Output:
2/3 Testing: test_oclgrind
2/3 Test: test_oclgrind
Output:
left out: oclgrind is not installed
3/4 Test: test_oclgrind_kernels
Output:
left out: oclgrind is not installed
4/4 Test: test_bench
Output:
[ RUN ] test_baseline
left out: the baseline, no OpenBLAS
END
echo "called with $*"
echo "    Start 1: test_grid"
echo ""
echo "100% tests passed, 0 tests failed out of 3"
echo ""
echo "Total Test time (real) =   0.00 sec"
exit "${CTEST_CODE:-0}"
"""

# Everything is installed but these two, of which one can be had.
DPKG_QUERY = r"""
for name; do :; done
case $name in
oclgrind | gnuplot-nox) exit 1 ;;
esac
printf installed
"""
APT_CACHE = r"""
case $2 in
oclgrind) printf 'oclgrind:\n  Installed: (none)\n  Candidate: (none)\n' ;;
*) printf '%s:\n  Installed: (none)\n  Candidate: 1.0\n' "$2" ;;
esac
"""


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(os.path.realpath(folder.name))
        self.root = self.clone("a clone")
        self.bin = self.folder / "bin"
        self.notes = self.folder / "notes"
        self.notes.mkdir()
        self.bin.mkdir()
        for tool in TOOLS + ["chmod"]:
            if shutil.which(tool):
                (self.bin / tool).symlink_to(shutil.which(tool))
        self.fake("cmake", CMAKE)
        self.fake("ctest", CTEST)
        for tool in ("pkg-config", "python3", "c++"):
            self.fake(tool, "exit 0")
        self.fake("id", "echo 0")
        self.fake("dpkg-query", "printf installed")
        self.environment = {"PATH": str(self.bin), "NOTES": str(self.notes),
                            "OCL_ICD_VENDORS": "somewhere"}

    def clone(self, name):
        root = self.folder / name
        root.mkdir()
        shutil.copy(RUN, root / "run")
        return root

    def fake(self, name, script):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)

    def start(self, *arguments, root=None, **environment):
        root = root or self.root
        return subprocess.Popen([root / "run", *arguments], cwd=root, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env={**self.environment, **environment})

    def run_once(self, *arguments, **options):
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def note(self, name):
        path = self.notes / name
        return path.read_text().splitlines() if path.exists() else []

    @unittest.skipUnless(shutil.which("flock"), "flock is not installed")
    def test_two_at_once_build_in_turn(self):
        processes = [self.start("--version", CMAKE_SECONDS="0.5") for _ in range(2)]
        ended = [process.communicate(timeout=300) for process in processes]
        for process, (out, err) in zip(processes, ended):
            self.assertEqual(process.returncode, 0, err)
            self.assertEqual(out, "ran --version\n")
        self.assertEqual(sum("waiting for another ./run" in err for _, err in ended), 1, ended)
        notes = self.note("cmake")
        self.assertEqual(notes, ["begin", "end"] * (len(notes) // 2))

    @unittest.skipUnless(shutil.which("flock"), "flock is not installed")
    def test_a_program_that_runs_keeps_nobody_waiting(self):
        first = self.start("learn")
        self.addCleanup(first.communicate)
        self.addCleanup(first.kill)
        self.assertEqual(first.stdout.readline(), "ran learn\n")
        code, _, err = self.run_once("--version")
        self.assertEqual((code, "waiting" in err), (0, False), err)
        self.assertIsNone(first.poll())

    def test_paths_that_cmake_cannot_take(self):
        for name in ('a"b', "a;b", "a\\b", "a#b", "a*b", "a?b", "a[b", "a]b", "a<b", "a>b",
                     "a|b", "a$b", "a\nb"):
            with self.subTest(name=name):
                root = self.clone(name)
                code, out, err = self.run_once("--version", root=root)
                self.assertEqual((code, out), (73, ""))
                self.assertEqual(err.count("\n"), 1, err)
                self.assertIn("CMake cannot build", err)
                self.assertFalse((root / "build").exists())

    def test_paths_that_cmake_can_take(self):
        for name in ("a b", "a'b", "ä(b)", "a&b", "a@b", "-b", "a=b!", "a~^%,+:b"):
            with self.subTest(name=name):
                code, out, err = self.run_once("--version", root=self.clone(name))
                self.assertEqual((code, out), (0, "ran --version\n"), err)

    def test_what_was_left_out_stands_before_the_summary(self):
        for wanted in (0, 8):
            code, out, err = self.run_once("test", "-R", "grid", CTEST_CODE=str(wanted))
            self.assertEqual(code, wanted, err)
            lines = out.splitlines()
            self.assertRegex(lines[0], "^called with --output-on-failure --parallel [1-4] -R grid$")
            place = lines.index("100% tests passed, 0 tests failed out of 3")
            self.assertEqual(lines[place - 1], "left out: test_oclgrind, test_oclgrind_kernels "
                             "(oclgrind is not installed); test_bench (the baseline, no OpenBLAS)")
            self.assertEqual(lines[-1], "Total Test time (real) =   0.00 sec")

    def test_a_package_that_the_system_lacks(self):
        self.fake("dpkg-query", DPKG_QUERY)
        self.fake("apt-cache", APT_CACHE)
        self.fake("apt-get", 'echo "$*" >>"$NOTES/apt-get"')
        code, _, err = self.run_once("test")
        self.assertEqual(code, 0, err)
        update, install = self.note("apt-get")
        self.assertIn("update", update)
        self.assertTrue(install.endswith("install --no-install-recommends gnuplot-nox"), install)

        self.fake("dpkg-query", DPKG_QUERY.replace(" | gnuplot-nox", ""))
        code, _, err = self.run_once("test")
        self.assertEqual(code, 0, err)
        self.assertEqual(len(self.note("apt-get")), 2, "asked again for what is not there")

    def test_tests_that_cannot_be_installed_for_are_left_to_ctest(self):
        self.fake("dpkg-query", DPKG_QUERY)
        self.fake("apt-cache", APT_CACHE)
        self.fake("apt-get", 'echo "$*" >>"$NOTES/apt-get"')
        self.fake("id", "echo 1000")
        code, _, err = self.run_once("test")
        self.assertEqual((code, self.note("apt-get")), (0, []), err)

    def test_a_package_that_nothing_works_without(self):
        self.fake("pkg-config", "exit 1")
        self.fake("dpkg-query", "exit 1")
        self.fake("apt-get", "exit 0")
        self.fake("id", "echo 1000")
        code, _, err = self.run_once("test")
        self.assertEqual(code, 69)
        self.assertIn("libcmocka-dev", err)


if __name__ == "__main__":
    unittest.main()
