# SPDX-License-Identifier: MIT
"""Drivers that end the process, never answer or refuse, and those that are known."""

import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from support import (INTERRUPTED, OK, SOFTWARE, UNAVAILABLE, USAGE, CliTest, environment, main, start,
                     write_safetensors)

# A library to load before all others, with a compiler that fails; see its source.
BAD_COMPILER = os.environ.get("CBX_BAD_COMPILER")


@unittest.skipUnless(BAD_COMPILER, "a sanitizer's library must be the first one to load")
class BadDriver(CliTest):
    """Drivers that end the process or never answer cost their own line, nothing else."""

    def bad(self, mode, **changes):
        return environment(LD_PRELOAD=BAD_COMPILER, BAD_COMPILER=mode, **changes)

    def families(self, env, *arguments, code):
        result = self.run_cli("devices", "--json", *arguments, env=env)
        self.assertEqual(result.returncode, code, result.stderr)
        return [device["families"] for device in json.loads(result.stdout)]

    def test_a_compiler_that_aborts(self):
        (cpu, gpu), = self.families(self.bad("abort", BAD_COMPILER_OPTION="CBX_FAMILY_GPU"),
                                    code=OK)
        self.assertIs(cpu["passed"], True, cpu["reason"])
        self.assertIs(gpu["passed"], False)
        self.assertEqual(gpu["family"], "gpu")
        self.assertEqual(gpu["reason"], "the driver ended the process (signal 6, Aborted) while "
                                        "building the kernels")

    def test_a_compiler_that_always_aborts(self):
        result = self.run_cli("devices", env=self.bad("abort"))
        self.assertEqual(result.returncode, SOFTWARE)
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 4)
        for line, family in zip(lines[2:], ("cpu kernels failed (auto)", "gpu kernels failed")):
            self.assertIn(family + ": the driver ended the process (signal 6", line)

    def test_a_compiler_that_never_answers(self):
        (cpu, gpu), = self.families(self.bad("hang"), "--timeout", 1, code=SOFTWARE)
        for family in (cpu, gpu):
            self.assertIs(family["passed"], False)
            self.assertEqual(family["reason"], "no answer after 1 s while building the kernels")

    def test_a_compiler_that_closes_what_it_did_not_open(self):
        """And goes on: it is not waited for."""
        (cpu, gpu), = self.families(self.bad("mute"), code=SOFTWARE)
        for family in (cpu, gpu):
            self.assertEqual(family["reason"], "the driver closed what it answers by while building "
                                               "the kernels")

    def test_compilers_that_refuse(self):
        first, second = self.families(self.bad("refuse", POCL_DEVICES="pthread pthread"),
                                      code=SOFTWARE)
        for family in first + second:
            self.assertIn("the kernels do not build on ", family["reason"])

    def test_a_default_that_does_not_work(self):
        """learn takes the next device, and says so."""
        small = self.small(train=60, test=10)
        env = self.bad("refuse", BAD_COMPILER_DEVICE=1, POCL_DEVICES="pthread pthread")
        result = self.learn(*small, "--no-video", env=env)
        self.assert_done(result)
        lines = result.stderr.splitlines()
        self.assertRegex(lines[0], r"^  passed over 0:0 .*: the kernels do not build on ")
        self.assertRegex(lines[1], r"^  device +0:1 ")
        result = self.learn(*small, "--no-video", "--progress", "json", env=env)
        self.assert_done(result)
        event = json.loads(result.stdout.splitlines()[0])
        self.assertEqual(event["device"]["spec"], "0:1")
        passed_over, = event["passed_over"]
        self.assertEqual(passed_over["spec"], "0:0")
        self.assertIn("do not build", passed_over["reason"])
        for named in (dict(env, CLEARBOX_DEVICE="0:0"), env):
            flags = [] if "CLEARBOX_DEVICE" in named else ["--device", "0:0"]
            result = self.learn(*small, "--no-video", *flags, env=named)
            self.assertEqual(result.returncode, SOFTWARE)
            self.assertIn("clearbox: the kernels do not build on ", result.stderr)

    def silent(self, device, devices):
        """One of them says nothing of itself, as a GPU that fell off the bus."""
        return environment(LD_PRELOAD=BAD_COMPILER, BAD_DEVICE=device, POCL_DEVICES=devices)

    def test_a_device_that_does_not_answer_hides_no_other(self):
        """And the others keep their places."""
        for silent, spec in ((1, "0:1"), (2, "0:0")):
            with self.subTest(silent=silent):
                env = self.silent(silent, "pthread pthread")
                left_out = f"0:{silent - 1}"
                for flags in ([], ["--list"]):
                    result = self.run_cli("devices", "--json", *flags, env=env)
                    self.assertEqual(result.returncode, OK, result.stderr)
                    self.assertEqual([device["spec"] for device in json.loads(result.stdout)], [spec])
                    self.assertEqual(result.stderr,
                                     f"device {left_out} of Portable Computing Language is left out: it does "
                                     "not answer, its driver is broken\n")
                small = self.small(train=60, test=10)
                for flags in ([], ["--device", spec], ["--device", "cpu"], ["--device", "all"]):
                    result = self.learn(*small, "--no-video", *flags, env=env)
                    self.assert_done(result)
                    self.assertRegex(result.stderr.splitlines()[0], rf"^  devices? +{spec} ")
                self.assert_only_error(
                    self.learn(*small, "--no-video", "--device", left_out, env=env), UNAVAILABLE,
                    f"the OpenCL device {left_out} of Portable Computing Language does not answer: its "
                    "driver is broken")

    def test_no_device_answers(self):
        env = self.silent(1, "pthread")
        for command in (["devices"], ["devices", "--list"], ["learn", *self.small(train=60, test=10)]):
            self.assert_only_error(self.run_cli(*command, env=env), UNAVAILABLE,
                                   "an OpenCL device does not answer: its driver is broken")

    def unknown(self, mode, **changes):
        """A driver that no run of clearbox has used."""
        return self.bad(mode, XDG_CACHE_HOME=self.folder / "xdg",
                        POCL_CACHE_DIR=os.environ.get("POCL_CACHE_DIR", self.folder / "pocl"),
                        **changes)

    def known(self):
        return list((self.folder / "xdg").rglob("known-*"))

    def start_sentence(self, env, *flags):
        result = self.learn(*self.small(train=60, test=10), *flags, env=env)
        self.assertEqual(result.returncode, SOFTWARE, result.stderr)
        self.assertEqual(self.leftovers(), [])
        self.assertFalse((self.folder / "learn.mp4").exists())
        self.assertEqual(self.known(), [])
        return result.stderr.splitlines()[-1]

    def test_learn_with_a_compiler_that_aborts(self):
        self.assertRegex(self.start_sentence(self.unknown("abort")),
                         r"^clearbox: device 0:0 .+ cannot be used: the driver ended the process "
                         r"\(signal 6, Aborted\) while building and testing the kernels; see that .*"
                         r"delete the cache.*, and try again$")

    def test_learn_with_a_compiler_that_never_answers(self):
        env = self.unknown("hang", CLEARBOX_DRIVER_TIMEOUT=1)
        self.assertRegex(self.start_sentence(env),
                         r"^clearbox: device 0:0 .+ cannot be used: no answer after 1 s while "
                         r"building and testing the kernels; choose another device, or update its "
                         r"driver$")

    def test_learn_with_a_compiler_that_refuses(self):
        self.assertIn("clearbox: the kernels do not build on ",
                      self.learn(*self.small(train=60, test=10), env=self.unknown("refuse")).stderr)
        self.assertEqual(self.known(), [])

    def test_learn_with_a_compiler_whose_assertion_fails(self):
        """In the program itself, where the device is known."""
        small = (*self.small(train=60, test=10), "--no-video")
        self.assert_done(self.learn(*small, env=self.unknown("assert", BAD_COMPILER_TIME=100)))
        self.assertNotEqual(self.known(), [])
        result = self.learn(*small, env=self.unknown("assert"))
        self.assertEqual(result.returncode, -signal.SIGABRT, result.stderr)
        said = result.stderr.splitlines()
        self.assertRegex(said[-2], "^[^ ]+bad_compiler.c:[0-9]+: .*Assertion .*a driver's mistake.* failed")
        self.assertRegex(said[-1], "^clearbox: the OpenCL driver ended the program; see that .* and try again$")

    def test_a_driver_that_ends_a_run(self):
        """However it does: what is unfinished goes, and the frames so far stay for recover."""
        for mode, code in (("abort", -signal.SIGABRT), ("exit", SOFTWARE)):
            with self.subTest(mode=mode):
                result = self.learn(*self.long(), env=environment(LD_PRELOAD=BAD_COMPILER, BAD_FLUSH=mode,
                                                                  BAD_FLUSH_TIME=2000))
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertRegex(result.stderr.splitlines()[-1], "^clearbox: the OpenCL driver ended the program; ")
                self.assertEqual(self.leftovers(), [])
                spool, = self.folder.glob(".learn.mp4.spool-*")
                self.assertEqual(self.run_cli("recover").returncode, OK)
                self.assertFalse(spool.exists())

    def test_learn_with_an_encoder_that_aborts(self):
        """Its kernels are a program of their own, which comes after the training's."""
        env = self.unknown("abort", BAD_COMPILER_TIME=2)
        self.assertIn(" the driver ended the process (signal 6, Aborted) while checking the encoder's "
                      "kernels; ", self.start_sentence(env))

    def test_learn_with_an_encoder_that_aborts_and_is_not_asked(self):
        """A film that another one encodes; a page may want it for its own."""
        small = self.small(train=60, test=10)
        env = self.unknown("abort", BAD_COMPILER_TIME=2)
        others = (("--encoder", "mpeg4"), ("-o", "learn.gif"))
        for flags in others:
            with self.subTest(flags=flags):
                self.assertIn(" while checking the encoder's kernels; ",
                              self.start_sentence(env, *flags, "--report", "page.html"))
        for flags in others:
            with self.subTest(flags=flags):
                self.assert_done(self.learn(*small, *flags, env=env))
        self.assertIn(" while checking the encoder's kernels; ", self.learn(*small, env=env).stderr)

    def test_learn_with_pictures_whose_program_fails(self):
        """It is the last, and none that training or the encoder need."""
        for which, *flags in ((3, "--style", "show"), (3, "--caption", "on"),
                              (2, "--no-video", "--colours", "signed", "--picture", "p.png")):
            with self.subTest(flags=flags):
                env = self.unknown("abort", BAD_COMPILER_TIME=which)
                self.assertIn(" the driver ended the process (signal 6, Aborted) while checking the kernels that "
                              "draw; ", self.start_sentence(env, *flags))

    def test_learn_knows_a_driver_by_what_it_draws(self):
        small = (*self.small(train=60, test=10), "--no-video", "--picture", "p.png")
        healthy = environment(XDG_CACHE_HOME=self.folder / "xdg")
        bad = self.unknown("hang", BAD_COMPILER_CHILD=1, CLEARBOX_DRIVER_TIMEOUT=1)
        self.assert_done(self.learn(*small, env=healthy))
        self.assert_done(self.learn(*small, env=bad))
        self.assertIn("no answer after 1 s", self.learn(*small, "--style", "show", env=bad).stderr)
        self.assert_done(self.learn(*small, "--style", "show", env=healthy))
        self.assert_done(self.learn(*small, "--caption", "on", env=bad))

    def test_learn_takes_the_next_device(self):
        env = self.unknown("abort", BAD_COMPILER_DEVICE=1, POCL_DEVICES="pthread pthread")
        result = self.learn(*self.small(train=60, test=10), "--no-video", env=env)
        self.assert_done(result)
        lines = result.stderr.splitlines()
        self.assertRegex(lines[0], "^  passed over 0:0 .*: device 0:0 .*: the driver ended the ")
        self.assertRegex(lines[1], r"^  device +0:1 ")

    def test_learn_knows_a_driver(self):
        """After one start in a process of its own; not after a change of the driver or the flags."""
        small = self.small(train=60, test=10)
        healthy = environment(XDG_CACHE_HOME=self.folder / "xdg")
        self.assert_done(self.learn(*small, "--no-video", env=healthy))
        note, = self.known()
        self.assertRegex(note.read_text(), "^[0-9a-f]{64}$")
        # The compiler never answers where it is asked in a process of its own: it is not.
        bad = self.unknown("hang", BAD_COMPILER_CHILD=1, CLEARBOX_DRIVER_TIMEOUT=1)
        self.assert_done(self.learn(*small, "--no-video", env=bad))
        for text in ("", "0" * 64, note.read_text()[:-1], note.read_text() + "0" * 100000):
            note.write_text(text)
            if len(text) <= 64:
                self.assertIn("no answer after 1 s",
                              self.learn(*small, "--no-video", env=bad).stderr)
        note.unlink()
        self.assertIn("no answer after 1 s", self.learn(*small, "--no-video", env=bad).stderr)
        self.assert_done(self.learn(*small, "--no-video", env=healthy))
        self.assertIn("no answer after 1 s", self.learn(*small, env=bad).stderr)
        self.assertIn("no answer after 1 s", self.learn(*small, "--no-video", "--schedule",
                                                        "stepwise", env=bad).stderr)

    def test_learn_tries_what_it_does_not_know(self):
        """Another recipe makes other programs."""
        small = self.small(train=60, test=10)
        healthy = environment(XDG_CACHE_HOME=self.folder / "xdg")
        bad = self.unknown("hang", BAD_COMPILER_CHILD=1, CLEARBOX_DRIVER_TIMEOUT=1)
        self.assert_done(self.learn(*small, "--no-video", env=healthy))
        self.assert_done(self.learn(*small, "--no-video", env=bad))
        self.assertIn("no answer after 1 s",
                      self.learn(*small, "--no-video", "--recipe", "nll", env=bad).stderr)

    def test_stopping_a_compiler_that_never_answers(self):
        env = self.unknown("hang")
        with start("learn", *self.small(train=60, test=10), cwd=self.folder, env=env) as process:
            child = self.trial_of(process)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertIn("clearbox: interrupted before the first batch; nothing was kept", err)
        self.assertFalse(pathlib.Path(f"/proc/{child}").exists())

    def test_stopping_what_writes_into_a_file(self):
        """Nothing is left of the file that was not finished."""
        env = self.unknown("hang")
        with start("devices", "-o", "devices.txt", cwd=self.folder, env=env) as process:
            deadline = time.monotonic() + 60
            while not self.leftovers() and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertEqual(list(self.folder.glob("*devices.txt*")), [])

    def test_signals_do_not_end_what_tries_a_driver(self):
        """Else a Ctrl-C, which goes to both, could look like a crash of the driver."""
        env = self.unknown("hang")
        with start("learn", *self.small(train=60, test=10), cwd=self.folder, env=env) as process:
            child = self.trial_of(process)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(int(child), number)
            with self.assertRaises(subprocess.TimeoutExpired):
                process.wait(timeout=1)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, err)

    def trial_of(self, process):
        """The process that tries a driver."""
        deadline = time.monotonic() + 60
        while not self.children(process.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        child, = self.children(process.pid)
        return child

    def test_a_crash_where_ends_of_processes_are_ignored(self):
        """By whoever started the program; the cause is told all the same."""
        result = self.learn(*self.small(train=60, test=10), env=self.unknown("abort"),
                            prepare=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(result.returncode, SOFTWARE, result.stderr)
        self.assertIn(" the driver ended the process (signal 6, Aborted) while ", result.stderr)

    def test_a_trial_that_cannot_be_ended(self):
        """As in a call of the kernel's that does not return: it is left."""
        env = self.unknown("hang", BAD_KILL=1, CLEARBOX_DRIVER_TIMEOUT=1)
        self.assertIn(" no answer after 1 s while ", self.start_sentence(env))

    def test_look_with_a_compiler_that_aborts(self):
        self.small(train=60, test=10)
        write_safetensors(self.folder / "w", 3)
        result = self.run_cli("look", "w", "--data", "data", env=self.bad("abort"))
        self.assertEqual(result.returncode, -signal.SIGABRT, result.stderr)
        self.assertRegex(result.stderr.splitlines()[-1], "^clearbox: the OpenCL driver ended the program; see that ")
        self.assertEqual(self.leftovers(), [])

    def children(self, pid):
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()

    def test_timeout_of_a_start(self):
        for value in ("0", "-1", "86401", "x", "1 "):
            with self.subTest(value=value):
                self.assert_only_error(
                    self.learn(*self.small(train=60, test=10),
                               env=environment(CLEARBOX_DRIVER_TIMEOUT=value)),
                    USAGE, "CLEARBOX_DRIVER_TIMEOUT")

    def test_timeout_flag(self):
        for value in ("0", "-1", "86401", "x"):
            with self.subTest(value=value):
                self.assert_only_error(self.run_cli("devices", "--timeout", value), USAGE,
                                       "--timeout")


if __name__ == "__main__":
    main()
