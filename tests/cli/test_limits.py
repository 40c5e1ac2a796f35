# SPDX-License-Identifier: MIT
"""Little memory, few file handles, small files, folders that cannot be written to: a sentence, no
output half done, nothing left behind.

The suite takes some sizes; CBX_TEST_EVERY_FAULT=1 takes more."""

import os
import resource
import shutil
import signal
import stat
import subprocess
import sys

from faults import CODES, EVERY, KINDS, OLD, Faults
from support import CANNOT_CREATE, CANNOT_WRITE, OK, main, start

NOBODY = 65534
NO_LOADER = 127 # the program did not begin


class Limits(Faults):
    def check(self, flags, result):
        shown = f"exit code {result.returncode}\n{result.stderr}"
        said = [line for line in result.stderr.splitlines() if line.startswith("clearbox: ")]
        if result.returncode not in (*CODES, NO_LOADER):
            self.assertIn(result.returncode, (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS), shown)
            self.assertIn("the OpenCL driver ended the program", said[0], shown)
        self.assertEqual(len(said), int(result.returncode not in (OK, NO_LOADER)), shown)
        self.assert_tidy(shown, ended=result.returncode < 0)
        self.assert_outputs(flags, result, shown)

    def limit(self, kind, what, sizes):
        flags = KINDS[kind]
        for size in sizes:
            with self.subTest(limit=size, run=kind):
                self.put_old(flags)
                for spool in self.at.glob(".*.spool-*"): # of one that was ended before
                    spool.unlink()
                result, _ = self.one(*flags, layer=False,
                                     prepare=lambda: resource.setrlimit(what, (size, size)))
                self.tell(f"{kind} limit {what} {size}", result)
                self.check(flags, result)
        print(f"{len(sizes)} limits, {kind}", file=sys.stderr)

    def test_few_file_handles(self):
        for kind in ("film", "page kept"):
            self.limit(kind, resource.RLIMIT_NOFILE, range(3, 40) if EVERY else (4, 7, 9, 12, 15))

    def test_little_memory(self):
        """Addresses, as by ulimit -v."""
        sizes = range(20, 1500, 20) if EVERY else (200, 450, 600)
        self.limit("film", resource.RLIMIT_AS, [size << 20 for size in sizes])

    def test_small_files(self):
        sizes = range(0, 600000, 15000) if EVERY else (0, 10000, 40000)
        for kind in ("report", "page kept"):
            self.limit(kind, resource.RLIMIT_FSIZE, sizes)


class Folders(Faults):
    """Of a user who is not root, to whom nothing is forbidden."""

    def setUp(self):
        super().setUp()
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            self.give(self.cache)
            if "POCL_CACHE_DIR" in os.environ: # nobody may write there
                shutil.copytree(os.environ["POCL_CACHE_DIR"], self.folder / "pocl")
                self.give(self.folder / "pocl")
        try:
            probe = self.as_user("--version")
        except (PermissionError, subprocess.SubprocessError):
            probe = None
        if probe is None or probe.returncode != OK:
            self.skipTest("no other user can run the program where it lies")

    @staticmethod
    def give(folder):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)

    @staticmethod
    def become_user():
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)

    def env(self, **changes):
        pocl = {"POCL_CACHE_DIR": self.folder / "pocl"} if (self.folder / "pocl").exists() else {}
        return super().env(**pocl, **changes)

    def as_user(self, *arguments):
        return self.run_cli(*arguments, env=self.env(), prepare=self.become_user)

    def learn_as_user(self, *flags):
        return self.as_user("learn", *self.run_flags, *flags)

    def test_one_that_is_read_only(self):
        self.at.chmod(0o555)
        for flag, name in (("-o", "film.mp4"), ("--save", "w"), ("--picture", "p.png"),
                           ("--metrics", "m"), ("--report", "r.html"), ("--checkpoint", "c")):
            with self.subTest(flag=flag):
                video = () if flag == "-o" else ("--no-video",)
                result = self.learn_as_user(*video, flag, self.at / name)
                self.assert_only_error(result, CANNOT_CREATE, name, "cannot be written to", "Permission")
                self.assertEqual(os.listdir(self.at), [])

    def test_a_file_that_is_read_only(self):
        (self.at / "film.mp4").write_bytes(OLD)
        (self.at / "film.mp4").chmod(0o444)
        self.at.chmod(0o777)
        result = self.learn_as_user("-o", self.at / "film.mp4")
        self.assert_only_error(result, CANNOT_CREATE, "film.mp4", "Permission denied")
        self.assertEqual((self.at / "film.mp4").read_bytes(), OLD)

    def test_one_that_becomes_read_only(self):
        """What is elsewhere is kept; what could not get its name is gone, but for what nobody may
        remove."""
        self.at.chmod(0o777)
        there = self.folder / "there"
        there.mkdir()
        there.chmod(0o777)
        flags = (*self.run_flags[:-4], "--epochs", 1000000, "--batch", 50)
        process = start("learn", *flags, "-o", self.at / "film.mp4", "--save", there / "w",
                        cwd=self.folder, env=self.env(), prepare=self.become_user)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if line.split()[:1] == ["1"]:
                break
        self.at.chmod(0o555)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, CANNOT_CREATE, err)
        self.assertRegex(err.splitlines()[-1], r"^clearbox: cannot create .*film\.mp4: the folder .* cannot "
                                               r"be written to \(Permission denied\); kept .*there/w$")
        self.assertFalse((self.at / "film.mp4").exists())

    def test_caches_that_nobody_may_write(self):
        self.at.chmod(0o777)
        for path in (self.cache, *self.cache.rglob("*")):
            path.chmod(0o555 if stat.S_ISDIR(path.stat().st_mode) else 0o444)
        result = self.learn_as_user("-o", self.at / "film.mp4")
        self.assert_done(result)


class ClosedOutput(Faults):
    def test_every_command_that_prints(self):
        for command in (("--help",), ("--version",), ("devices",), ("devices", "--json"),
                        ("verify", "--list"), ("completions", "bash"), ("help", "learn")):
            with self.subTest(command=command):
                with start(*command, cwd=self.folder, env=self.env(),
                           prepare=lambda: os.close(1)) as process:
                    _, err = process.communicate(timeout=300)
                self.assertEqual(process.returncode, CANNOT_WRITE, err)
                self.assertRegex(err, r"\Aclearbox: cannot write to standard output: .*\n\Z")


if __name__ == "__main__":
    main()
