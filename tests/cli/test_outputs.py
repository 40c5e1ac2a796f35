# SPDX-License-Identifier: MIT
"""What a run writes, and that it leaves nothing half done."""

import hashlib
import json
import os
import re
import resource
import subprocess
import time

from support import (BAD_DATA, CANNOT_CREATE, CANNOT_WRITE, OK, UNAVAILABLE, USAGE, CliTest,
                     film_frames, idx_labels, main, read_safetensors_header, read_tensors,
                     start, write_safetensors)

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

    def test_the_encoder_that_is_named(self):
        """It makes the film; or, where it does not work, one line and nothing else are left."""
        for encoder in ("auto", "device", "libx264", "libopenh264", "h264_nvenc", "h264_vaapi",
                        "mpeg4"):
            with self.subTest(encoder=encoder):
                result = self.learn(*self.flags, "--encoder", encoder, "--progress", "json")
                if result.returncode == UNAVAILABLE:
                    self.assert_only_error(result, UNAVAILABLE, encoder)
                    self.assertEqual(os.listdir(self.folder), ["data"])
                    continue
                self.assert_done(result)
                events = [json.loads(line) for line in result.stdout.splitlines()]
                told = events[0]["film"]
                self.assertEqual(told["encoder"], events[-1]["film"]["encoder"])
                self.assertEqual(told["fallback"], told["fallback_reason"] is not None)
                if encoder == "auto":
                    self.assertEqual(told["fallback"], told["encoder"] != "device")
                else:
                    self.assertEqual(told["encoder"], encoder)
                    self.assertFalse(told["fallback"])
                self.assertEqual(film_frames(self.folder / "learn.mp4"), FRAMES)
                times = events[-1]["times"]  # null where the device did not note them
                self.assertGreater(times["encode"], 0, times)
                self.assertGreater(times["read_back"], 0, times)
                self.assertGreaterEqual(times["draw"], 0, times)
                os.remove(self.folder / "learn.mp4")

    def test_whose_time_encoding_takes(self):
        for encoder, whose in (("device", "on the device, between batches"),
                               ("mpeg4", "alongside, processor time")):
            result = self.learn(*self.flags, "--encoder", encoder)
            self.assert_done(result)
            self.assertRegex(result.stderr, rf"\n    encode +[\d.]+ s +[\d.]+ %   {whose}\n")

    def test_rates_are_written_as_people_write_them(self):
        self.assert_done(self.learn(*self.flags, "--no-video", "--recipe", "nll", "--hidden", 128,
                                    "--save", "w"))
        told = read_safetensors_header(self.folder / "w")["__metadata__"]
        # min(0.02, 0.005·√(H/64)), as a float, and min(0.01, 5/H)
        self.assertEqual(told["first_learning_rate_hidden"], "0.0070710676")
        self.assertEqual(told["first_learning_rate_output"], "0.01")

    def test_one_frame_is_not_many(self):
        result = self.learn(*self.flags, "--frame-every", 1000000000)
        self.assert_done(result)
        self.assertEqual(len(re.findall(r", 1 frame[, ]", result.stderr)), 2, result.stderr)
        self.assertNotIn("1 frames", result.stderr)

    def test_endings_that_promise_nothing_else(self):
        for name in ("a.M4V", "learn", ".gif.d/x", "a.gif.mp4", ".gif"):
            (self.folder / name).parent.mkdir(exist_ok=True)
            self.assert_done(self.learn(*self.flags, "-o", name))
            self.assertEqual(film_frames(self.folder / name), FRAMES)

    def test_what_is_not_a_file_may_be_called_anything(self):
        os.mkfifo(self.folder / "pipe.txt")
        reader = subprocess.Popen(["cat", "pipe.txt"], cwd=self.folder, stdout=subprocess.PIPE)
        self.assert_done(self.learn(*self.flags, "-o", "pipe.txt"))
        self.assertIn(b"ftyp", reader.communicate(timeout=300)[0][:16])

    def test_metrics(self):
        self.assert_done(self.learn(*self.flags, "--no-video", "--metrics", "run.jsonl"))
        lines = [json.loads(line) for line in (self.folder / "run.jsonl").read_text().splitlines()]
        *lines, last = lines
        labels = idx_labels(600)[8 + 500:]
        self.assertEqual(list(last), ["arithmetic", "weights_sha256", "film_sha256"])
        self.assertEqual(last["arithmetic"], "canon")
        self.assertRegex(last["weights_sha256"], r"^[0-9a-f]{64}$")
        self.assertIsNone(last["film_sha256"])
        self.assertEqual([line["epoch"] for line in lines], [1, 2])
        for line in lines:
            self.assertEqual(list(line), ["epoch", "train_loss", "validation_loss",
                                          "validation_accuracy", "seconds", "evaluate_seconds",
                                          "images_per_second", "digit_accuracy"])
            self.assertGreater(line["train_loss"], 0)
            self.assertTrue(0 <= line["validation_accuracy"] <= 1)
            self.assertAlmostEqual(line["images_per_second"] * line["seconds"], 500, delta=0.01)
            images = [labels.count(digit) for digit in range(10)]
            right = [share * count for share, count in zip(line["digit_accuracy"], images)]
            for count in right:
                self.assertAlmostEqual(count, round(count), 6)
            self.assertAlmostEqual(sum(right), 100 * line["validation_accuracy"], 6)

    def test_events(self):
        result = self.learn(*self.flags, "--progress", "json")
        self.assertEqual(result.returncode, OK, result.stderr)
        events = [json.loads(line) for line in result.stdout.splitlines()]
        kinds = [event["type"] for event in events if event["type"] != "progress"]
        self.assertEqual(kinds, ["start", "epoch", "epoch", "result"])
        self.assertEqual(events[0]["training_images"], 500)
        self.assertEqual(events[0]["learning_rate_hidden"], 0.005)  # not the float's 0.0049999
        self.assertEqual(events[0]["film"]["frames"], FRAMES)
        self.assertEqual(events[-1]["film"]["frames"], FRAMES)
        self.assertEqual(events[-1]["film"]["bytes"], os.path.getsize(self.folder / "learn.mp4"))
        self.assertIs(events[-1]["interrupted"], False)
        self.assertEqual(events[-1]["kept"], ["learn.mp4"])
        self.assertRegex(result.stderr, r"\Adevice \d+:\d+, .*\n\Z")

    def test_levels(self):
        """Which films few players open, and what helps, is said before the training."""
        films = [(("--scale", 1), "1.1", None),
                 (("--scale", 1, "--codec", "mpeg4"), None, None),
                 (("--scale", 28), "5.2", "too large for some players; a smaller scale or fewer "),
                 (("--scale", 28, "--fps", 100), "6.0", "level 6.0, for few players; a smaller "),
                 (("--scale", 27, "--fps", 110), "6.0",
                  "level 6.0, for few players; 102 frames a second or fewer ")]
        for flags, level, caution in films:
            flags = (*self.flags, *flags, "--frame-every", 1000)
            events = self.learn(*flags, "--progress", "json").stdout.splitlines()
            film = json.loads(events[0])["film"]
            if level and film["encoder"] == "mpeg4":
                self.skipTest("libavcodec has no H.264 encoder")
            self.assertEqual(film["level"], level)
            report = self.learn(*flags).stderr
            lines = [line for line in report.splitlines() if line.endswith(" help")]
            self.assertEqual(len(lines), 1 if caution else 0, report)
            for line in lines:
                self.assertTrue(line.startswith(" " * 12 + caution), report)
                self.assertLessEqual(len(line), 80)
                self.assertLess(report.index(line), report.index("training loss"))

    def test_hashes(self):
        """People, metrics, events and the weights' metadata tell the same, and it is true."""
        result = self.learn(*self.flags, *self.every_output())
        weights = hashlib.sha256(read_tensors(self.folder / "weights.safetensors")).hexdigest()
        film = hashlib.sha256((self.folder / "film.mp4").read_bytes()).hexdigest()
        expected = {"arithmetic": "canon", "weights_sha256": weights, "film_sha256": film}
        told = read_safetensors_header(self.folder / "weights.safetensors")["__metadata__"]
        lines = (self.folder / "run.jsonl").read_text().splitlines()
        self.assertEqual({key: told[key] for key in expected}, expected)
        self.assertEqual(json.loads(lines[-1]), expected)
        self.assertIn(f"  sha256    {weights[:12]} of the weights\n", result.stderr)
        events = self.learn(*self.flags, "--progress", "json").stdout.splitlines()
        self.assertEqual({key: json.loads(events[-1])[key] for key in expected}, expected)

    def test_weights_without_a_film_tell_no_hash_of_one(self):
        for flags in (("--no-video",), ("-o", "/dev/null")):
            self.assert_done(self.learn(*self.flags, *flags, "--save", "w"))
            self.assertNotIn("film_sha256", read_safetensors_header(self.folder / "w")["__metadata__"])

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
        self.assert_error(result, CANNOT_WRITE, "film.mp4",
                          "; kept grid.png, weights.safetensors, run.jsonl$")
        self.assertEqual((self.folder / "film.mp4").read_bytes(), b"old film.mp4")
        self.assertEqual(read_safetensors_header(self.folder / "weights.safetensors")["w1"]["shape"],
                         [785, 100])
        self.assertTrue((self.folder / "grid.png").read_bytes().startswith(b"\x89PNG"))
        lines = [json.loads(line) for line in (self.folder / "run.jsonl").read_text().splitlines()]
        self.assertEqual([line.get("epoch") for line in lines], [1, None])
        self.assertIsNone(lines[-1]["film_sha256"])

    def test_an_output_that_fails_costs_only_itself(self):
        """The first line of the metrics does not fit: the film and the others do."""
        result = self.learn(*self.flags, "--metrics", "/dev/full", "--save", "w", "-o", "a.mp4")
        self.assert_error(result, CANNOT_WRITE, "/dev/full", r"; kept a\.mp4 \(20 frames, .*\), w$")
        self.assertIn("accuracy", result.stderr)  # the run went to its end
        self.assertEqual(film_frames(self.folder / "a.mp4"), FRAMES)

    def test_events_tell_what_was_lost_and_kept(self):
        result = self.learn(*self.flags, "--progress", "json", "--save", "/dev/full", "--metrics", "m")
        self.assertEqual(result.returncode, CANNOT_WRITE, result.stderr)
        events = [json.loads(line) for line in result.stdout.splitlines()]
        lost = [event for event in events if event["type"] == "lost"]
        self.assertEqual([event["path"] for event in lost], ["/dev/full"])
        self.assertIn("No space left", lost[0]["reason"])
        self.assertEqual(events[-1]["kept"], ["learn.mp4", "m"])

    def test_one_file_under_two_spellings(self):
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "there").mkdir()
        (self.folder / "link").symlink_to("w")
        (self.folder / "to").symlink_to("there")
        images = self.folder / "data" / "train-images-idx3-ubyte.gz"
        for flags in (("-o", "a", "--save", "./a"),
                      ("-o", "a.mp4", "--metrics", self.folder / "a.mp4"),
                      ("--no-video", "--save", "w", "--picture", "link"),
                      ("--no-video", "--save", "there/w", "--picture", "to/w"),
                      ("--no-video", "--save", images),
                      ("--no-video", "--metrics", images),
                      ("-o", "data/../data/t10k-labels-idx1-ubyte.gz")):
            with self.subTest(flags=flags):
                before = sorted(self.folder.rglob("*"))
                self.assert_only_error(self.learn(*self.flags, *flags), USAGE)
                self.assertEqual(sorted(self.folder.rglob("*")), before)
        write_safetensors(self.folder / "w", 9)
        before = (self.folder / "w").read_bytes()
        for flags in (("-o", "./w"), ("--no-video", "--metrics", "link")):
            result = self.learn(*self.flags, "--init", "w", *flags)
            self.assert_only_error(result, USAGE)
            self.assertEqual((self.folder / "w").read_bytes(), before)

    def test_two_outputs_may_share_a_device(self):
        self.assert_done(self.learn(*self.flags, "-o", "/dev/null", "--save", "/dev/null"))

    def test_no_clobber_sees_a_link_to_nothing(self):
        (self.folder / "link.mp4").symlink_to("nowhere.mp4")
        result = self.learn(*self.flags, "--epochs", 1000000, "--no-clobber", "-o", "link.mp4")
        self.assert_only_error(result, CANNOT_CREATE, "link.mp4", "exists")

    def test_a_link_to_nothing_stays_a_link(self):
        (self.folder / "link.mp4").symlink_to("target.mp4")
        self.assert_done(self.learn(*self.flags, "-o", "link.mp4"))
        self.assertTrue((self.folder / "link.mp4").is_symlink())
        self.assertEqual(film_frames(self.folder / "target.mp4"), FRAMES)

    def test_the_permissions_stay(self):
        self.keep_old()
        for name in OUTPUTS.values():
            (self.folder / name).chmod(0o600)
        self.assert_done(self.learn(*self.flags, *self.every_output()))
        for name in OUTPUTS.values():
            self.assertEqual((self.folder / name).stat().st_mode & 0o777, 0o600, name)

    def test_names_reach_the_terminal_printable(self):
        result = self.learn(*self.flags, "-o", "no\033[31mx/b.mp4")
        self.assert_only_error(result, CANNOT_CREATE, r"no\?\[31mx")
        self.assertNotIn("\033", result.stderr)
        result = self.learn(*self.flags, "-o", "a\033[31m\u202e\u009bb.mp4")
        self.assertEqual(result.returncode, OK)
        self.assertIn("a?[31m??b.mp4", result.stderr)

    def test_closed_descriptors(self):
        """What is printed must not land in the film that got the number."""
        for closed in ((0,), (1,), (2,), (0, 1, 2)):
            with self.subTest(closed=closed):
                def close():
                    for number in closed:
                        os.close(number)

                plain = self.run_cli("learn", *self.flags, "-o", "whole.mp4", "--metrics", "whole",
                                     "--save", "whole.w")
                self.assert_done(plain)
                with start("learn", *self.flags, "-o", "a.mp4", "--metrics", "a", "--save", "a.w",
                           cwd=self.folder, prepare=close) as process:
                    process.communicate(timeout=300)
                self.assertEqual(process.returncode, OK)
                self.assertEqual((self.folder / "a.mp4").read_bytes(),
                                 (self.folder / "whole.mp4").read_bytes())
                for line in (self.folder / "a").read_text().splitlines():
                    json.loads(line)

    def test_events_to_a_closed_output(self):
        with start("learn", *self.flags, "--progress", "json", cwd=self.folder,
                   prepare=lambda: os.close(1)) as process:
            process.communicate(timeout=300)
        self.assertEqual(process.returncode, CANNOT_WRITE)
        self.assertEqual(film_frames(self.folder / "learn.mp4"), FRAMES)

    def test_divergence_names_the_batch(self):
        self.keep_old()
        result = self.learn(*self.flags, *self.every_output(), "--recipe", "nll",
                            "--learning-rate", "1e38")
        self.assert_error(result, BAD_DATA, r"batch \d+")
        self.assert_old_kept()


if __name__ == "__main__":
    main()
