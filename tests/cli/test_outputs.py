"""What a run writes, and that it leaves nothing half done."""

import json
import os
import resource
import signal
import time

from support import (BAD_DATA, CANNOT_CREATE, CANNOT_WRITE, INTERRUPTED, OK, CliTest, environment,
                     film_frames, main, read_safetensors_header, run, start)

FRAMES = 20  # two epochs of ten batches
OUTPUTS = {"output": "film.mp4", "save": "weights.safetensors", "picture": "grid.png",
           "metrics": "run.jsonl"}


class Outputs(CliTest):
    def setUp(self):
        super().setUp()
        self.flags = self.small()

    def every_output(self, folder="."):
        return [part for flag, name in OUTPUTS.items()
                for part in (f"--{flag}", self.folder / folder / name)]

    def test_everything(self):
        result = self.learn(*self.flags, *self.every_output())
        self.assert_done(result)
        self.assertEqual(result.stdout, "")
        self.assertEqual(film_frames(self.folder / "film.mp4"), FRAMES)
        header = read_safetensors_header(self.folder / "weights.safetensors")
        self.assertEqual(header["w1"]["shape"], [785, 9])
        self.assertEqual(header["w2"]["shape"], [10, 10])
        self.assertTrue((self.folder / "grid.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n"))
        for text in ("test", "film.mp4", f"{FRAMES} frames", "training loss", "0:0", "encode"):
            self.assertIn(text, result.stderr)

    def test_the_default_film_is_in_the_current_folder(self):
        self.assert_done(self.learn(*self.flags))
        self.assertEqual(film_frames(self.folder / "learn.mp4"), FRAMES)
        self.assertEqual(sorted(os.listdir(self.folder)), ["data", "learn.mp4"])

    def test_no_video(self):
        self.assert_done(self.learn(*self.flags, "--no-video"))
        self.assertEqual(os.listdir(self.folder), ["data"])

    def test_skipped_frames(self):
        self.assert_done(self.learn(*self.flags, "--frame-every", 3))
        self.assertIn(film_frames(self.folder / "learn.mp4"), (FRAMES // 3, FRAMES // 3 + 1))

    def test_metrics(self):
        self.assert_done(self.learn(*self.flags, "--no-video", "--metrics", "run.jsonl"))
        lines = [json.loads(line) for line in (self.folder / "run.jsonl").read_text().splitlines()]
        self.assertEqual([line["epoch"] for line in lines], [1, 2])
        for line in lines:
            self.assertEqual(list(line), ["epoch", "train_loss", "validation_loss",
                                          "validation_accuracy", "seconds", "evaluate_seconds",
                                          "images_per_second"])
            self.assertGreater(line["train_loss"], 0)
            self.assertTrue(0 <= line["validation_accuracy"] <= 1)
            self.assertAlmostEqual(line["images_per_second"] * line["seconds"], 500, delta=0.01)

    def test_events(self):
        result = self.learn(*self.flags, "--progress", "json")
        self.assertEqual(result.returncode, OK, result.stderr)
        events = [json.loads(line) for line in result.stdout.splitlines()]
        kinds = [event["type"] for event in events if event["type"] != "progress"]
        self.assertEqual(kinds, ["start", "epoch", "epoch", "result"])
        self.assertEqual(events[0]["training_images"], 500)
        self.assertEqual(events[0]["film"]["frames"], FRAMES)
        self.assertEqual(events[-1]["film"]["frames"], FRAMES)
        self.assertEqual(events[-1]["film"]["bytes"], os.path.getsize(self.folder / "learn.mp4"))
        self.assertIs(events[-1]["interrupted"], False)
        self.assertRegex(result.stderr, r"\Adevice \d+:\d+, .*\n\Z")

    def test_silence(self):
        result = self.learn(*self.flags, "--progress", "none")
        self.assert_done(result)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Adevice \d+:\d+, .*\n\Z")

    def test_weights_go_out_and_in(self):
        self.assert_done(self.learn(*self.flags, "--no-video", "--save", "a.safetensors"))
        self.assert_done(self.learn(*self.flags, "--no-video", "--init", "a.safetensors",
                                    "--save", "b.safetensors"))
        self.assertNotEqual((self.folder / "a.safetensors").read_bytes(),
                            (self.folder / "b.safetensors").read_bytes())

    def test_a_reader_that_goes_away(self):
        read, write = os.pipe()
        os.close(read)
        result = self.learn(*self.flags, "--progress", "json", stdout=write)
        os.close(write)
        self.assertEqual(result.returncode, CANNOT_WRITE, result.stderr)
        self.assertEqual(result.stderr.count("clearbox: "), 1)
        self.assertEqual(film_frames(self.folder / "learn.mp4"), FRAMES)


class Refusals(CliTest):
    def setUp(self):
        super().setUp()
        self.flags = self.small()

    def keep_old(self):
        for name in OUTPUTS.values():
            (self.folder / name).write_bytes(b"old " + name.encode())

    def assert_old_kept(self):
        for name in OUTPUTS.values():
            self.assertEqual((self.folder / name).read_bytes(), b"old " + name.encode(), name)

    def every_output(self):
        return [part for flag, name in OUTPUTS.items() for part in (f"--{flag}", name)]

    def test_no_clobber(self):
        for flag, name in OUTPUTS.items():
            with self.subTest(flag=flag):
                (self.folder / name).write_bytes(b"old")
                video = [] if flag == "output" else ["--no-video"]
                result = self.learn(*self.flags, *video, f"--{flag}", name, "--no-clobber")
                self.assert_only_error(result, CANNOT_CREATE, name, "exists")
                self.assertEqual((self.folder / name).read_bytes(), b"old")

    def test_no_clobber_of_new_files(self):
        self.assert_done(self.learn(*self.flags, *self.every_output(), "--no-clobber"))

    def test_old_files_are_replaced(self):
        self.keep_old()
        self.assert_done(self.learn(*self.flags, *self.every_output()))
        self.assertEqual(film_frames(self.folder / "film.mp4"), FRAMES)

    def test_a_folder_that_is_missing(self):
        for flag, name in OUTPUTS.items():
            with self.subTest(flag=flag):
                video = [] if flag == "output" else ["--no-video"]
                result = self.learn(*self.flags, *video, f"--{flag}", f"nowhere/{name}")
                self.assert_only_error(result, CANNOT_CREATE, "nowhere")

    def test_a_folder_that_is_read_only(self):
        """The kernel's own folder refuses even root."""
        for flag, name in OUTPUTS.items():
            with self.subTest(flag=flag):
                video = [] if flag == "output" else ["--no-video"]
                result = self.learn(*self.flags, *video, f"--{flag}", f"/sys/kernel/{name}")
                self.assert_only_error(result, CANNOT_CREATE, "/sys/kernel")

    def test_a_folder_as_the_target(self):
        (self.folder / "film.mp4").mkdir()
        result = self.learn(*self.flags, "--output", "film.mp4")
        self.assert_only_error(result, CANNOT_CREATE, "folder")

    def test_a_refusal_comes_before_the_work(self):
        """A long run must not end with a name that could be known to be wrong; this one
        is so long that the test would not see its end."""
        for flag, name in OUTPUTS.items():
            video = [] if flag == "output" else ["--no-video"]
            result = self.learn(*self.flags, "--epochs", 1000000, *video, f"--{flag}",
                                f"nowhere/{name}")
            self.assert_only_error(result, CANNOT_CREATE, "nowhere")

    def test_full_disk(self):
        for flag in OUTPUTS:
            with self.subTest(flag=flag):
                video = [] if flag == "output" else ["--no-video"]
                result = self.learn(*self.flags, *video, f"--{flag}", "/dev/full")
                self.assert_error(result, CANNOT_WRITE, "/dev/full", "[Nn]o space left")

    def test_a_disk_that_fills_up(self):
        """A limit on the size of files stands in for a disk that is small."""
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

        self.keep_old()
        flags = (*self.flags[:2], "--hidden", 100, "--batch", 2, "--epochs", 1, "--quality", 1)
        self.assert_done(self.learn(*flags, "-o", "large.mp4"))
        self.assertGreater(os.path.getsize(self.folder / "large.mp4"), 1 << 20)
        result = self.learn(*flags, *self.every_output(), prepare=limit)
        self.assert_error(result, CANNOT_WRITE, "film.mp4")
        self.assert_old_kept()

    def test_divergence_names_the_batch(self):
        self.keep_old()
        result = self.learn(*self.flags, *self.every_output(), "--recipe", "nll",
                            "--learning-rate", "1e38")
        self.assert_error(result, BAD_DATA, r"batch \d+")
        self.assert_old_kept()


class Interruption(CliTest):
    def setUp(self):
        super().setUp()
        self.flags = (*self.small()[:-2], "--epochs", 1000000)

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

    def ended(self, process):
        out, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, INTERRUPTED, err)
        self.assertEqual(out, "")
        self.assertEqual(self.leftovers(), [])
        return err

    def test_the_film_is_closed(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                process = self.started("--save", "w.safetensors", "--picture", "grid.png",
                                       "--metrics", "run.jsonl")
                process.send_signal(number)
                err = self.ended(process)
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

    def test_twice_stops_at_once(self):
        (self.folder / "learn.mp4").write_bytes(b"an old film")
        process = self.started("--metrics", "run.jsonl")
        process.send_signal(signal.SIGINT)
        time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        self.ended(process)
        film = (self.folder / "learn.mp4").read_bytes()
        if film != b"an old film":  # the orderly end was quicker
            film_frames(self.folder / "learn.mp4")

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


if __name__ == "__main__":
    main()
