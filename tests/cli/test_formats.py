# SPDX-License-Identifier: MIT
"""Films of every ending, as ffmpeg reads them, and films that stream to standard output."""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib

from support import (CANNOT_WRITE, INTERRUPTED, UNAVAILABLE, USAGE, CliTest, environment, frames_in, main, start,
                     write_dataset)

if not shutil.which("ffmpeg"):
    print("left out: there is no ffmpeg")
    sys.exit(77)

FRAMES = 20  # two epochs of ten batches
SIDE = 84    # nine neurons

# Ending, codec, pictures of FRAMES frames at 70 a second. libavcodec reads no animated WebP.
FILMS = (("mp4", "h264", FRAMES), ("mkv", "h264", FRAMES), ("webm", "vp9", FRAMES),
         ("gif", "gif", 14), ("apng", "apng", FRAMES), ("ts", "h264", FRAMES))

# Ending, encoder and codec of films that libavcodec encodes, in groups of GROUP frames.
LEFT = (("mp4", "libx264", "h264"), ("mkv", "libx264", "h264"), ("ts", "libx264", "h264"),
        ("mp4", "mpeg4", "mpeg4"), ("ts", "mpeg4", "mpeg4"), ("webm", "libvpx-vp9", "vp9"),
        ("webm", "libvpx", "vp8"), ("mkv", "libaom-av1", "av1"), ("mp4", "libaom-av1", "av1"))
GROUP = 280


def probe(path, *source):
    """The stream of a film, its pictures counted, and its tags."""
    told = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format",
                           "-of", "json", path, *source], stdin=subprocess.DEVNULL, timeout=300,
                          capture_output=True, check=True).stdout
    told = json.loads(told)
    stream = told["streams"][0]
    return stream["codec_name"], int(stream["nb_read_frames"]), stream, told["format"].get("tags", {})


def pictures(path, kind="rgb24"):
    """All pixels of a film."""
    return subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-vsync", "passthrough", "-f",
                           "rawvideo", "-pix_fmt", kind, "-"], stdin=subprocess.DEVNULL,
                          capture_output=True, check=True, timeout=300).stdout


def read_png(path):
    """The pixels of a PNG with eight bits of RGB and no filters."""
    content, at, packed = path.read_bytes(), 8, b""
    width, height = struct.unpack(">2I", content[16:24])
    while at < len(content):
        size, kind = struct.unpack(">I4s", content[at:at + 8])
        packed += content[at + 8:at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    rows, row = zlib.decompress(packed), 3 * width + 1
    return width, height, b"".join(rows[y * row + 1:(y + 1) * row] for y in range(height))


def webp_pictures(content):
    """Chunks ANMF."""
    at, count = 12, 0
    while at < len(content):
        kind, size = content[at:at + 4], struct.unpack("<I", content[at + 4:at + 8])[0]
        count += kind == b"ANMF"
        at += 8 + size + size % 2
    return count


class Formats(CliTest):
    def setUp(self):
        super().setUp()
        self.flags = self.small()

    def test_every_ending(self):
        for ending, codec, count in FILMS:
            with self.subTest(ending=ending):
                path = self.folder / f"film.{ending}"
                result = self.learn(*self.flags, "-o", path)
                self.assert_done(result)
                name, frames, stream, _ = probe(path)
                self.assertEqual((name, frames), (codec, count))
                self.assertEqual((stream["width"], stream["height"]), (SIDE, SIDE))
                self.assertIn(f"film.{ending}, {count} frames, 0.3 s", result.stderr)

    def killed(self, path, *flags):
        """The run is killed when a group of its film is there, and some of the second."""
        return self.killed_filming(path, lambda spool: frames_in(spool) > GROUP, *flags)

    def test_what_a_killed_run_has_left(self):
        """Picture by picture that of a run to its end, also where it was killed while it wrote a group."""
        for ending, encoder, codec in LEFT:
            path, whole, flags = f"a.{ending}", f"whole.{ending}", ("--encoder", encoder)
            with self.subTest(ending=ending, encoder=encoder):
                self.assert_done(self.learn(*self.flags[:-2], "--epochs", GROUP // 5, "-o", whole, *flags))
                spool = self.killed(path, *flags)
                result = self.run_cli("recover", path)
                self.assert_done(result)
                self.assertFalse(spool.exists())
                name, frames, stream, _ = probe(self.folder / path)
                self.assertEqual((name, stream["width"], stream["height"]), (codec, SIDE, SIDE))
                self.assertGreaterEqual(frames, GROUP)
                self.assertIn(f"{path}, {frames:,} frames", result.stderr)
                both = min(frames, 2 * GROUP) * 3 * SIDE * SIDE
                self.assertEqual(pictures(self.folder / path)[:both],
                                 pictures(self.folder / whole)[:both])

    def test_what_a_killed_run_has_left_in_another_container(self):
        spool = self.killed("a.mkv", "--encoder", "mpeg4")
        left = spool.read_bytes()
        for name, why in (("a.ts", "encoded for a Matroska film cannot become an MPEG transport stream"),
                          ("a.webm", "a WebM film holds")):
            result = self.run_cli("recover", "a.mkv", "-o", name)
            self.assertEqual(result.returncode, USAGE, result.stderr)
            self.assertIn(why, result.stderr)
            self.assertFalse((self.folder / name).exists())
        self.assertEqual(spool.read_bytes(), left)
        result = self.run_cli("recover", "a.mkv", "-o", "a.mp4")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertGreaterEqual(probe(self.folder / "a.mp4")[1], GROUP)

    def test_a_webp(self):
        result = self.learn(*self.flags, "-o", "film.webp", "--learning-rate", 0.1)
        if result.returncode == UNAVAILABLE:
            self.assert_error(result, UNAVAILABLE, "no WebP encoder", "libwebp_anim")
            return
        self.assert_done(result)
        content = (self.folder / "film.webp").read_bytes()
        self.assertEqual((content[:4], content[8:12]), (b"RIFF", b"WEBP"))
        self.assertEqual(struct.unpack("<I", content[4:8])[0] + 8, len(content))
        self.assertTrue(2 <= webp_pictures(content) <= FRAMES)

    def test_the_device_s_film_is_the_same_in_all(self):
        """Only what is around it differs."""
        for ending in ("mp4", "mkv", "ts"):
            self.assert_done(self.learn(*self.flags, "-o", f"a.{ending}", "--encoder", "device"))
        first = pictures(self.folder / "a.mp4", "yuv420p")
        for ending in ("mkv", "ts"):
            self.assertEqual(pictures(self.folder / f"a.{ending}", "yuv420p"), first)

    def test_an_apng_is_what_was_drawn(self):
        """At a scale where chroma does not bleed, the last frame is the picture, within the levels
        that luma has."""
        self.assert_done(self.learn(*self.flags, "-o", "a.apng", "--scale", 2, "--picture", "a.png"))
        width, height, drawn = read_png(self.folder / "a.png")
        last = pictures(self.folder / "a.apng")[-3 * width * height:]
        self.assertLessEqual(max(abs(a - b) for a, b in zip(drawn, last)), 1)

    def test_a_gif_ends_with_the_last_frame(self):
        """Which comes so soon after another that this is left out."""
        self.assert_done(self.learn(*self.flags, "-o", "a.gif", "--scale", 2, "--picture", "a.png"))
        width, height, drawn = read_png(self.folder / "a.png")
        last = pictures(self.folder / "a.gif")[-3 * width * height:]
        self.assertLessEqual(max(abs(a - b) for a, b in zip(drawn, last)), 4)

    def test_what_becomes_of_frames_is_said(self):
        result = self.learn(*self.flags, "-o", "a.gif")
        self.assertIn("14 of 20 frames, 50 a second", result.stderr)
        result = self.learn(*self.flags, "-o", "a.gif", "--fps", 50)
        self.assertNotIn(" of 20 frames", result.stderr)
        result = self.learn("--hidden", 256, "--epochs", 1, "-o", "a.apng", "--data",
                            self.flags[1], "--batch", 1, "--frame-every", 4)
        self.assertRegex(result.stderr, r"about \d+ MB and \d+ s of work; \.mp4 and \.webm are")

    def test_format_without_an_ending(self):
        for container, codec in (("mkv", "h264"), ("gif", "gif"), ("mpegts", "h264"), ("mp4", "h264")):
            for name in ("film", "film.2"):
                self.assert_done(self.learn(*self.flags, "-o", name, "--format", container))
                self.assertEqual(probe(self.folder / name)[0], codec)

    def test_refusals(self):
        for arguments, code, phrase in (
                (("-o", "a.webm", "--encoder", "libx264"), USAGE, "WebM film holds vp9, vp8 and av1"),
                (("-o", "a.gif", "--encoder", "device"), USAGE, "a GIF holds gif"),
                (("-o", "a.webm", "--codec", "h264"), USAGE, "--codec h264"),
                (("-o", "a.mkv", "--format", "mp4"), USAGE, "a.mkv ends like a Matroska film"),
                (("-o", "a.mp4", "--codec", "gif"), USAGE, "--codec gif"),
                (("-o", "a.gif", "--quality", 5), USAGE, "--quality"),
                (("-o", "a.mp4", "--format", "avi"), USAGE, "--format wants"),
                (("-o", "-", "--format", "apng"), USAGE, "regular file"),
                (("-o", "/dev/null", "--format", "apng"), USAGE, "regular file"),
                (("-o", "-", "--progress", "json"), USAGE, "--progress json contradicts --output -"),
                (("-o", "-", "--no-video"), USAGE, "--no-video contradicts"),
                (("-o", "-", "--poster", "a.png"), USAGE, "poster a.png"),
                (("-o", "a.webp", "--poster", "a.png"), USAGE, "poster a.png.*WebP"),
                (("-o", "/dev/null", "--poster", "a.png"), USAGE, "poster a.png.*regular file"),
                (("--no-video", "--poster", "a.png"), USAGE, "poster a.png"),
                (("-o", "a.webm", "--encoder", "libx264"), USAGE, "choose another ending")):
            with self.subTest(arguments=arguments):
                self.assert_only_error(self.learn(*self.flags, *arguments), code, phrase)
        self.assertEqual(os.listdir(self.folder), ["data"])

    def test_the_bytes_are_the_run_s_alone(self):
        """Neither its name nor its folder, nor the time or the number of workers."""
        for ending in ("mp4", "mkv", "webm", "gif", "apng"):
            (self.folder / "other").mkdir(exist_ok=True)
            self.assert_done(self.learn(*self.flags, "-o", f"a.{ending}", "--workers", 1))
            self.assert_done(self.learn(*self.flags, "-o", f"other/b c.{ending}", "--workers", 2,
                                        "--progress", "none", "--save", "w"))
            self.assertEqual((self.folder / f"a.{ending}").read_bytes(),
                             (self.folder / f"other/b c.{ending}").read_bytes(), ending)

    def test_what_a_film_says_of_itself(self):
        result = self.learn(*self.flags, "-o", "a.mp4", "--learning-rate", 0.1, "--metrics", "m",
                            "--seed", 7, "--no-shuffle", "--tone", "signed")
        self.assert_done(result)
        tags = probe(self.folder / "a.mp4")[3]
        weights = json.loads((self.folder / "m").read_text().splitlines()[-1])["weights_sha256"]
        command = ("clearbox learn --hidden 9 --epochs 2 --batch 50 --learning-rate 0.1 --seed 7 "
                   "--no-shuffle --tone signed")
        self.assertEqual(tags["comment"], f"{command}\nSHA-256 of the weights: {weights}")
        self.assertEqual(tags["title"], "A hidden layer of 9 neurons learns, recipe lesson, seed 7")
        self.assertRegex(tags["encoder"], r"^clearbox \d")
        self.assert_done(self.learn(*self.flags, "-o", "a.mkv"))
        tags = probe(self.folder / "a.mkv")[3]
        self.assertEqual(tags["COMMENT"], "clearbox learn --hidden 9 --epochs 2 --batch 50 --output learn.mkv")

    def test_the_command_makes_the_film_again(self):
        for flags in (("--learning-rate", "0.30000001", "--tone", "range", "--frame-every", 2, "--scale", 2),
                      ("--seconds", 2.3, "--hold", 2)):
            with self.subTest(flags=flags):
                self.assert_done(self.learn(*self.flags, "-o", "a.mp4", *flags))
                command = probe(self.folder / "a.mp4")[3]["comment"].splitlines()[0].split()
                self.assert_done(self.run_cli(*command[1:], "--data", self.flags[1], "-o", "b.mp4"))
                self.assertEqual((self.folder / "a.mp4").read_bytes(),
                                 (self.folder / "b.mp4").read_bytes())

    def test_the_command_says_what_kind_of_film_it_was(self):
        """A quality of VP9's would be nonsense for an mp4."""
        self.assert_done(self.learn(*self.flags, "-o", "a.webm", "--quality", 60))
        command = probe(self.folder / "a.webm")[3]["COMMENT"].split()
        self.assert_done(self.run_cli(*command[1:], "--data", self.flags[1]))
        self.assertEqual((self.folder / "a.webm").read_bytes(),
                         (self.folder / "learn.webm").read_bytes())

    def test_a_poster(self):
        for ending, _, _ in FILMS:
            with self.subTest(ending=ending):
                self.assert_done(self.learn(*self.flags, "-o", f"a.{ending}", "--poster", "p.png",
                                            "--picture", "d.png", "--scale", 2))
                width, height, shown = read_png(self.folder / "p.png")
                drawn = read_png(self.folder / "d.png")
                self.assertEqual((width, height), drawn[:2])
                apart = [abs(a - b) for a, b in zip(shown, drawn[2])]
                self.assertLess(sum(apart) / len(apart), 6)
                if ending == "apng":
                    self.assertLessEqual(max(apart), 1)

    # ---- standard output ----

    def stream(self, *arguments):
        """What standard output gets."""
        with subprocess.Popen([os.environ["CLEARBOX"], "learn", *map(str, self.flags),
                               *map(str, arguments), "-o", "-"], cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment()) as process:
            content, told = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, told)
        self.assertIn(b"standard output, ", told)
        return content

    def test_a_stream_is_a_film_and_nothing_else(self):
        for container, codec, count in (("mpegts", "h264", FRAMES), ("mp4", "h264", FRAMES),
                                        ("mkv", "h264", FRAMES), ("webm", "vp9", FRAMES),
                                        ("mkv", "av1", FRAMES), ("gif", "gif", 14)):
            with self.subTest(container=container, codec=codec):
                content = self.stream("--format", container, "--codec", codec)
                (self.folder / "film").write_bytes(content)
                self.assertEqual(probe(self.folder / "film")[:2], (codec, count))
        self.assertEqual(len(self.stream()) % 188, 0)  # packets of a transport stream
        self.assertEqual(self.stream(), self.stream("--format", "mpegts"))

    def test_a_stream_is_played_as_it_comes(self):
        reader = subprocess.Popen(["ffprobe", "-v", "error", "-count_frames", "-show_entries",
                                   "stream=nb_read_frames", "-of", "csv=p=0", "-"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with start("learn", *self.flags, "-o", "-", cwd=self.folder, stdout=reader.stdin) as process:
            process.communicate(timeout=300)
        reader.stdin.close()
        self.assertEqual(process.returncode, 0)
        with reader:
            self.assertEqual(reader.stdout.read().split()[0].strip(","), str(FRAMES))
        self.assertEqual(reader.returncode, 0)

    def test_other_outputs_beside_a_stream(self):
        (self.folder / "film").write_bytes(self.stream("--save", "w", "--picture", "p.png"))
        self.assertEqual(probe(self.folder / "film")[1], FRAMES)
        self.assertEqual(sorted(os.listdir(self.folder)), ["data", "film", "p.png", "w"])

    def test_standard_output_that_is_closed(self):
        with start("learn", *self.flags, "-o", "-", cwd=self.folder, stdout=None,
                   prepare=lambda: os.close(1)) as process:
            told = process.communicate(timeout=300)[1]
        self.assertEqual(process.returncode, CANNOT_WRITE)
        self.assertEqual(told, "clearbox: cannot write to standard output: Bad file descriptor\n")

    def test_a_reader_that_goes_away(self):
        read, write = os.pipe()
        os.close(read)
        with start("learn", *self.flags, "-o", "-", cwd=self.folder, stdout=write) as process:
            os.close(write)
            told = process.communicate(timeout=300)[1]
        self.assertEqual(process.returncode, CANNOT_WRITE, told)
        self.assertIn("cannot write standard output: Broken pipe", told.splitlines()[-1])

    def test_a_terminal_is_no_place_for_a_film(self):
        control, terminal = os.openpty()
        with start("learn", *self.flags, "-o", "-", cwd=self.folder, stdout=terminal) as process:
            told = process.communicate(timeout=300)[1]
        os.close(terminal)
        os.close(control)
        self.assertEqual(process.returncode, USAGE)
        self.assertIn("terminal", told)

    def test_an_interrupted_run_has_a_whole_film(self):
        data = write_dataset(self.folder / "more", train=3000)
        for name in ("a.gif", "a.apng", "a.webm", "a.mkv"):
            with self.subTest(name=name):
                with start("learn", "--data", data, "--hidden", 9, "--batch", 1, "--epochs", 1000,
                           "-o", name, "--progress", "json", cwd=self.folder) as process:
                    for line in process.stdout:
                        if json.loads(line)["type"] == "progress":
                            break
                    time.sleep(0.3)
                    process.send_signal(signal.SIGINT)
                    told = process.communicate(timeout=300)[1]
                self.assertEqual(process.returncode, INTERRUPTED, told)
                self.assertIn(f"kept {name} (", told)
                self.assertGreater(probe(self.folder / name)[1], 0)
                self.assertEqual(self.leftovers(), [])

    def test_a_full_disk_and_an_old_file(self):
        for name in ("a.gif", "a.webm", "a.apng"):
            (self.folder / name).write_text("old")
            result = self.learn(*self.flags, "-o", name, "--no-clobber")
            self.assert_error(result, 73, "exists already")
            self.assertEqual((self.folder / name).read_text(), "old")
        self.assert_error(self.learn(*self.flags, "-o", "/dev/full", "--format", "gif"),
                          CANNOT_WRITE, "No space left")


class Reports(CliTest):
    """--output and --format of what is no film."""

    def test_a_report_in_a_file(self):
        for command in (("verify", "--list"), ("devices", "--list")):
            with self.subTest(command=command):
                shown = self.run_cli(*command, "--json").stdout
                result = self.run_cli(*command, "--format", "json", "-o", "report")
                self.assert_done(result)
                self.assertEqual(result.stdout, "")
                self.assertEqual((self.folder / "report").read_text(), shown)
                self.assertEqual(self.run_cli(*command, "--format", "text").stdout,
                                 self.run_cli(*command).stdout)
                result = self.run_cli(*command, "-o", "report", "--no-clobber")
                self.assert_only_error(result, 73, "exists already")
                self.assert_only_error(self.run_cli(*command, "--json", "--format", "text"), USAGE,
                                       "--json contradicts --format text")
                self.assert_error(self.run_cli(*command, "-o", "/dev/full"), CANNOT_WRITE,
                                  "/dev/full: No space left")
                self.assert_error(self.run_cli(*command, "-o", "no/where"), 73, "does not exist")

    def test_a_report_that_fails_leaves_no_file(self):
        result = self.run_cli("verify", "-o", "report", "--device", "nothing like it")
        self.assertEqual(result.returncode, UNAVAILABLE, result.stderr)
        self.assertEqual(os.listdir(self.folder), [])


main()
