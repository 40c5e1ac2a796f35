# SPDX-License-Identifier: MIT
"""Ctrl-C and what supervisors send: one request, answered at once, with valid outputs."""

import json
import os
import resource
import signal
import time

from support import INTERRUPTED, OK, SOFTWARE, STOPPED, CliTest, film_frames, main, start

OLD = b"an old file"


class Stops(CliTest):
    def setUp(self):
        super().setUp()
        self.flags = (*self.small()[:-2], "--epochs", 1000000)
        self.every = ("--save", "w.safetensors", "--picture", "grid.png", "--metrics", "run.jsonl")

    def started(self, *flags):
        """A long run of which the first epoch is over."""
        process = start("learn", *self.flags, *flags, cwd=self.folder)
        self.addCleanup(process.kill)
        seen = []
        for line in process.stderr:
            seen.append(line)
            if line.split()[:1] == ["1"]:
                return process
        self.fail("the run ended early: " + "".join(seen))

    def ended(self, process, code=INTERRUPTED):
        out, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, code, err)
        self.assertEqual(out, "")
        self.assertEqual(self.leftovers(), [])
        return err

    def keep_old(self, *names):
        for name in names:
            (self.folder / name).write_bytes(OLD)

    def test_the_film_is_closed(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                process = self.started(*self.every)
                process.send_signal(number)
                err = self.ended(process)
                self.assertIn("stopping in good order", err)
                last = err.splitlines()[-1]
                self.assertRegex(last, r"^clearbox: interrupted after batch [\d,]+ of 10,000,000; "
                                       r"kept learn\.mp4 \([\d,]+ frames, [\d.]+ s\)")
                for name in ("grid.png", "w.safetensors", "run.jsonl"):
                    self.assertIn(name, last)
                    self.assertTrue((self.folder / name).stat().st_size > 0)
                told = int(last.split("(")[1].split(" ")[0].replace(",", ""))
                self.assertEqual(film_frames(self.folder / "learn.mp4"), told)
                self.assertGreaterEqual(told, 10)
                for line in (self.folder / "run.jsonl").read_text().splitlines():
                    json.loads(line)

    def test_two_in_quick_succession_are_one_request(self):
        """As `timeout` sends them, and whoever signals a process and its group."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            for pause in (0, 0.001, 0.05):
                with self.subTest(signal=number.name, pause=pause):
                    self.keep_old("learn.mp4")
                    process = self.started("--save", "w")
                    process.send_signal(number)
                    time.sleep(pause)
                    process.send_signal(number)
                    self.ended(process)
                    film_frames(self.folder / "learn.mp4")
                    self.assertTrue((self.folder / "w").exists())

    def through_a_pipe(self, *flags):
        """A run whose orderly end hangs: nobody reads its film."""
        os.mkfifo(self.folder / "pipe")
        reader = os.open(self.folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        return self.started("-o", "pipe", "--scale", 10, *flags)

    def test_a_later_term_is_the_same_request(self):
        process = self.started("--save", "w")
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        self.ended(process)

    def test_ctrl_c_again_ends_it_at_once(self):
        self.keep_old("w", "run.jsonl")
        process = self.through_a_pipe("--save", "w", "--metrics", "run.jsonl")
        process.send_signal(signal.SIGINT)
        time.sleep(1.2)
        self.assertIsNone(process.poll(), "the pipe did not hold it up")
        process.send_signal(signal.SIGTERM)  # not what a person types
        time.sleep(0.2)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        err = self.ended(process, STOPPED)
        self.assertRegex(err.splitlines()[-1], "^clearbox: stopped at once")
        for name in ("w", "run.jsonl"):
            self.assertEqual((self.folder / name).read_bytes(), OLD)

    def test_a_pipe_without_a_reader_can_be_stopped(self):
        os.mkfifo(self.folder / "pipe")
        for flags in (("-o", "pipe"), ("--no-video", "--metrics", "pipe")):
            with self.subTest(flags=flags):
                process = start("learn", *self.flags, *flags, cwd=self.folder)
                self.addCleanup(process.kill)
                time.sleep(1.5)
                self.assertIsNone(process.poll())
                process.send_signal(signal.SIGINT)
                self.ended(process)

    def test_before_the_first_frame_the_rest_is_kept(self):
        self.keep_old("learn.mp4")
        process = self.started("--frame-every", 1000000, *self.every)
        process.send_signal(signal.SIGINT)
        err = self.ended(process)
        self.assertRegex(err.splitlines()[-1], "kept grid.png, w.safetensors, run.jsonl; no frame")
        self.assertEqual((self.folder / "learn.mp4").read_bytes(), OLD)

    def test_during_the_start_old_files_are_kept(self):
        names = ("learn.mp4", "w.safetensors", "grid.png", "run.jsonl")
        self.keep_old(*names)
        process = start("learn", *self.flags, *self.every, cwd=self.folder)
        self.addCleanup(process.kill)
        # The handler stands when the signal is blocked; training takes longer to begin.
        status = f"/proc/{process.pid}/status"
        while "SigBlk:\t0000000000004003" not in open(status, encoding="ascii").read():
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        err = self.ended(process)
        self.assertRegex(err.splitlines()[-1], "before the first batch; nothing was kept$")
        for name in names:
            self.assertEqual((self.folder / name).read_bytes(), OLD)

    def test_the_whole_group_while_kernels_compile(self):
        """A terminal signals the compiler's children, too; they must not die of it."""
        for delay in (0.1, 0.4, 0.8, 1.2, 1.8):
            with self.subTest(delay=delay):
                cache = self.folder / f"cache {delay}"
                cache.mkdir()
                process = start("learn", *self.flags, "--metrics", "m", cwd=self.folder,
                                env=self.environment(POCL_CACHE_DIR=cache),
                                prepare=lambda: os.setpgid(0, 0))
                self.addCleanup(process.kill)
                time.sleep(delay)
                os.killpg(process.pid, signal.SIGINT)
                _, err = process.communicate(timeout=300)
                # Before the listener stands, the signal itself ends the program.
                self.assertIn(process.returncode, (INTERRUPTED, -signal.SIGINT), err)
                self.assertEqual(self.leftovers(), [])

    def test_events_say_so(self):
        process = start("learn", *self.flags, "--progress", "json", cwd=self.folder)
        self.addCleanup(process.kill)
        for line in process.stdout:
            if json.loads(line)["type"] == "epoch":
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        result = json.loads(out.splitlines()[-1])
        self.assertIs(result["interrupted"], True)
        self.assertIsNone(result["test_accuracy"])
        self.assertEqual(result["film"]["frames"], film_frames(self.folder / "learn.mp4"))

    def test_interrupted_at_any_time(self):
        """Also while devices open and films close."""
        for delay in (0, 0.01, 0.03, 0.1, 0.3):
            with self.subTest(delay=delay):
                process = start("learn", *self.flags, "--epochs", 20, cwd=self.folder)
                self.addCleanup(process.kill)
                time.sleep(delay)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=300)
                # Before the handler stands, the signal itself ends the program.
                self.assertIn(process.returncode, (OK, INTERRUPTED, -signal.SIGINT), err)
                self.assertEqual(self.leftovers(), [])
                if (self.folder / "learn.mp4").exists():
                    film_frames(self.folder / "learn.mp4")
                    (self.folder / "learn.mp4").unlink()


class Killed(CliTest):
    """What a killed run leaves is removed by the next, and what lives is let alone."""

    def setUp(self):
        super().setUp()
        self.flags = (*self.small()[:-2], "--epochs", 1000000)

    def part_of(self, process):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            for name in self.leftovers():
                if name.startswith(f".learn.mp4.part-{process.pid}"):
                    return name
            time.sleep(0.01)
        self.fail("no temporary file appeared")

    def test_leftovers_are_removed_by_the_next_run(self):
        for _ in range(3):
            with start("learn", *self.flags, cwd=self.folder) as process:
                self.part_of(process)
                process.kill()
                process.communicate()
        (self.folder / ".learn.mp4.part-").write_bytes(OLD)  # names that are not ours
        (self.folder / ".learn.mp4.part-1x").write_bytes(OLD)
        (self.folder / ".other.mp4.part-1").write_bytes(OLD)
        self.assertEqual(self.learn(*self.flags[:-1], 1).returncode, OK)
        self.assertEqual(sorted(self.leftovers()),
                         [".learn.mp4.part-", ".learn.mp4.part-1x", ".other.mp4.part-1"])

    def test_a_living_run_keeps_its_file(self):
        with start("learn", *self.flags, cwd=self.folder) as process:
            name = self.part_of(process)
            self.assertEqual(self.learn(*self.flags[:-1], 1).returncode, OK)
            self.assertEqual(self.leftovers(), [name])
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=300)
            self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertEqual(self.leftovers(), [])
        film_frames(self.folder / "learn.mp4")

    def test_a_hundred_leftovers_stop_nobody(self):
        for i in range(1, 201):
            (self.folder / f".learn.mp4.part-{i}").write_bytes(OLD)
        self.assertEqual(self.learn(*self.flags[:-1], 1).returncode, OK)
        self.assertEqual(self.leftovers(), [])


class Driver(CliTest):
    """An OpenCL driver that ends the program: a sentence, and nothing left behind."""

    def ended_by_driver(self, code, sentence, prepare=None, **changes):
        cache = self.folder / "cache"
        cache.mkdir(exist_ok=True)
        (self.folder / "learn.mp4").write_bytes(OLD)
        result = self.learn(*self.small(), "--metrics", "m", prepare=prepare,
                            env=self.own(cache, **changes))
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertRegex(result.stderr.splitlines()[-1], f"^clearbox: {sentence}; .* "
                         f"delete the cache {cache}, and try again$")
        self.assertEqual(self.leftovers(), [])
        self.assertFalse((self.folder / "m").exists())
        self.assertEqual((self.folder / "learn.mp4").read_bytes(), OLD)

    def own(self, cache, **changes):
        """The driver is not known from other runs."""
        return self.environment(POCL_CACHE_DIR=cache, XDG_CACHE_HOME=self.folder / "xdg", **changes)

    IN_A_PROCESS = (r"device \d+:\d+ .* cannot be used: the driver ended the process \(%s\) while "
                    "building and testing the kernels")

    def test_no_linker(self):
        self.ended_by_driver(SOFTWARE, self.IN_A_PROCESS % "signal 6, Aborted", PATH="/nowhere")

    def test_a_full_cache(self):
        """Here the driver calls exit(1). The kernels' text fits, what is made of it does not."""
        self.ended_by_driver(
            SOFTWARE, self.IN_A_PROCESS % "exit code 1",
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (250000, 250000)))

    def test_a_broken_cache(self):
        """The driver is known, and does it in this process."""
        cache = self.folder / "cache"
        cache.mkdir()
        self.assertEqual(self.learn(*self.small(), env=self.own(cache)).returncode, OK)
        for built in cache.rglob("*.so"):
            built.write_bytes(b"")
        self.ended_by_driver(-signal.SIGABRT, "the OpenCL driver ended the program")


if __name__ == "__main__":
    main()
