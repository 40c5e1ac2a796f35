# SPDX-License-Identifier: MIT
"""clearbox predict: what a trained network says about pictures and about all test images."""

import gzip
import hashlib
import json
import math
import os
import pathlib
import struct
import subprocess
import tempfile

import pictures
from pictures import GREY_ALPHA, RGB, photograph, pgm, png, test_images
from support import (BAD_DATA, CANNOT_CREATE, CANNOT_WRITE, FILES, MISSING, OK, PROGRAM, SOURCE, UNAVAILABLE, USAGE, CliTest,
                     environment, main, read_safetensors_header, read_tensors, run, start,
                     write_dataset, write_safetensors)


class Trained(CliTest):
    """A network that is good at it, trained once."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="clearbox ")
        cls.addClassCleanup(holder.cleanup)
        cls.model = pathlib.Path(holder.name, "w.safetensors")
        result = run("learn", "--recipe", "nll", "--hidden", 200, "--epochs", 5, "--no-video",
                     "--data", SOURCE / "data" / "mnist", "--save", cls.model, "--progress",
                     "json", cwd=holder.name)
        assert result.returncode == OK, result.stderr
        cls.learned = json.loads(result.stdout.splitlines()[-1])
        cls.images = test_images()

    def predict(self, *arguments, **options):
        return self.run_cli("predict", self.model, *arguments, **options)

    def told(self, *arguments):
        """The objects of --json."""
        result = self.predict("--json", *arguments)
        self.assert_done(result)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def write(self, name, content):
        (self.folder / name).write_bytes(content)
        return name

    def answer(self, content, name="a.png"):
        return self.told(self.write(name, content))[0]

    def weights(self):
        """w1, w2 as rows of floats."""
        hidden = int(read_safetensors_header(self.model)["__metadata__"]["hidden"])
        floats = struct.unpack(f"<{785 * hidden + (hidden + 1) * 10}f", read_tensors(self.model))
        rows = [floats[i * hidden:(i + 1) * hidden] for i in range(785)]
        rest = floats[785 * hidden:]
        return rows, [rest[10 * i:10 * i + 10] for i in range(hidden + 1)]


class MnistItself(Trained):
    def test_all_test_images_give_the_accuracy_that_learn_told(self):
        names = [self.write(f"{i}.png", png(28, 28, pixels))
                 for i, (pixels, _) in enumerate(self.images)]
        answers = self.told(*names)
        self.assertEqual([answer["file"] for answer in answers], names)
        self.assertTrue(all(answer["as_it_is"] for answer in answers))
        right = sum(answer["class"] == label
                    for answer, (_, label) in zip(answers, self.images))
        self.assertEqual(right / 10000, self.learned["test_accuracy"])

    def test_without_pictures_losses_and_accuracy(self):
        shown = self.told()
        self.assertEqual(len(shown), 1)
        self.assertEqual(shown[0]["images"], 10000)
        self.assertEqual(shown[0]["accuracy"], self.learned["test_accuracy"])
        self.assertAlmostEqual(shown[0]["loss"], self.learned["test_loss"], 9)
        matrix = shown[0]["confusion"]
        self.assertEqual(sum(matrix[i][i] for i in range(10)), shown[0]["correct"])
        labels = [label for _, label in self.images]
        self.assertEqual([sum(row) for row in matrix], [labels.count(i) for i in range(10)])
        words = self.predict().stdout
        self.assertIn(f"accuracy {100 * shown[0]['accuracy']:.2f} %", words)
        for i in range(10):
            self.assertRegex(words, rf"(?m)^ +{i} .* {matrix[i][i]}\b")

    def test_the_model_tells_which_data_it_learnt_from(self):
        digest = hashlib.sha256()
        for name in FILES:
            with gzip.open(SOURCE / "data" / "mnist" / f"{name}.gz") as file:
                digest.update(file.read())
        made = read_safetensors_header(self.model)["__metadata__"]
        self.assertEqual(made["data_sha256"], digest.hexdigest())

    def test_other_data_are_normalised_as_the_model_says(self):
        data = write_dataset(self.folder / "data", train=60, test=20)
        shown = self.told("--data", data)[0]
        self.assertEqual((shown["images"], shown["data"]), (20, str(data)))

    def test_the_numbers_are_those_of_the_formulas(self):
        pixels, _ = self.images[7]
        shown = self.answer(png(28, 28, pixels))
        made = read_safetensors_header(self.model)["__metadata__"]
        mean, deviation = float(made["pixel_mean"]), float(made["pixel_deviation"])
        w1, w2 = self.weights()
        z1 = list(w1[0])
        for k, level in enumerate(pixels):
            x = (level - mean) / deviation
            z1 = [z + x * w for z, w in zip(z1, w1[k + 1])]
        a1 = [1 / (1 + math.exp(-z)) for z in z1]
        z2 = [w2[0][o] + sum(a * row[o] for a, row in zip(a1, w2[1:])) for o in range(10)]
        for o in range(10):
            self.assertAlmostEqual(shown["sums"][o], z2[o], 4)
            self.assertAlmostEqual(shown["probabilities"][o], 1 / (1 + math.exp(-z2[o])), 5)
        answer = z2.index(max(z2))
        self.assertEqual(shown["class"], answer)
        votes = sorted(((a * row[answer], j) for j, (a, row) in enumerate(zip(a1, w2[1:]))),
                       key=lambda one: -abs(one[0]))
        self.assertEqual([vote["neuron"] for vote in shown["votes"]], [j for _, j in votes[:5]])
        for vote, (expected, j) in zip(shown["votes"], votes):
            self.assertAlmostEqual(vote["vote"], expected, 5)
            self.assertAlmostEqual(vote["activation"], a1[j], 5)
        self.assertAlmostEqual(shown["bias"], w2[0][answer], 6)

    def test_both_families_say_the_same_to_the_bit(self):
        name = self.write("a.png", png(28, 28, self.images[3][0]))
        self.assertEqual(self.told("--family", "cpu", name), self.told("--family", "gpu", name))


class Pictures(Trained):
    """The same digit, however it is drawn and kept."""

    def check(self, content, name="a.png", **expected):
        shown = self.answer(content, name)
        for key, value in expected.items():
            self.assertEqual(shown[key], value, name)
        return shown

    def test_photographs_of_every_digit(self):
        names = [self.write(f"{digit}.png", png(300, 400, photograph(digit, seed=digit)))
                 for digit in range(10)]
        answers = self.told(*names)
        self.assertEqual([answer["class"] for answer in answers], list(range(10)))
        for answer in answers:
            self.assertEqual((answer["tone"], answer["width"], answer["height"], answer["as_it_is"]),
                             ("dark on light", 300, 400, False))

    def test_the_tone_does_not_matter(self):
        dark = pictures.draw(5, 120, 120, 30, 20, 80, 6)
        light = pictures.draw(5, 120, 120, 30, 20, 80, 6, paper=20, ink=225)
        one = self.check(png(120, 120, dark), tone="dark on light", **{"class": 5})
        other = self.check(png(120, 120, light), tone="light on dark", **{"class": 5})
        for a, b in zip(one["probabilities"], other["probabilities"]):
            self.assertAlmostEqual(a, b, 2)

    def test_a_negative_of_mnist_is_mnists(self):
        pixels, _ = self.images[0]
        one = self.check(png(28, 28, pixels), tone="light on dark", as_it_is=True)
        other = self.check(png(28, 28, bytes(255 - p for p in pixels)), tone="dark on light",
                           as_it_is=True)
        self.assertEqual(one["sums"], other["sums"])

    def test_any_size_and_place(self):
        for width, height, left, top, size, pen in ((16, 20, 3, 3, 13, 1.2), (28, 28, 12, 1, 14, 1.4),
                                                    (64, 40, 40, 5, 25, 2.2),
                                                    (2000, 1500, 1200, 100, 900, 60)):
            with self.subTest(width=width):
                drawn = pictures.draw(3, width, height, left, top, size, pen)
                self.check(png(width, height, drawn), **{"class": 3})

    def test_grey_colour_alpha_and_depth(self):
        drawn = pictures.draw(2, 90, 120, 10, 20, 80, 6, paper=255, ink=0)
        alike = {
            "grey.png": png(90, 120, drawn),
            "rgb.png": png(90, 120, bytes(v for p in drawn for v in (p, p, p)), RGB),
            "deep.png": png(90, 120, bytes(v for p in drawn for v in (p, p)), depth=16),
            "ink.png": png(90, 120, bytes(v for p in drawn for v in (0, 255 - p)), GREY_ALPHA),
            "grey.pgm": pgm(90, 120, drawn),
        }
        answers = [self.check(content, name, **{"class": 2}) for name, content in alike.items()]
        for answer in answers:
            self.assertEqual(answer["sums"], answers[0]["sums"], answer["file"])
        white = png(90, 120, bytes(v for p in drawn for v in (255, 255 - p)), GREY_ALPHA)
        self.check(white, tone="light on dark", **{"class": 2})

    def test_as_is(self):
        pixels = bytearray(784)
        pixels[0:300] = bytes(range(150)) * 2
        name = self.write("a.png", png(28, 28, bytes(pixels)))
        fitted, taken = self.told(name)[0], self.told("--as-is", name)[0]
        self.assertEqual((fitted["as_it_is"], taken["as_it_is"]), (False, True))
        self.assertNotEqual(fitted["sums"], taken["sums"])
        large = self.write("b.png", png(29, 28, bytes(range(28)) * 29))
        self.assert_error(self.predict("--as-is", large), BAD_DATA, "b.png is 29 x 28 pixels")

    def test_standard_input(self):
        content = png(300, 400, photograph(7))
        done = subprocess.run([PROGRAM, "predict", self.model, "-", "--json"], input=content,
                              capture_output=True, env=environment(), timeout=300, check=True)
        shown = json.loads(done.stdout)
        self.assertEqual((shown["file"], shown["class"]), ("-", 7))


class Words(Trained):
    def shown(self, **changes):
        name = self.write("three.png", png(300, 400, photograph(3)))
        result = self.predict(name, env=environment(**changes))
        self.assert_done(result)
        return result.stdout.splitlines()

    def test_bars_and_votes(self):
        lines = self.shown()
        self.assertEqual(lines[0], "three.png: 3  (300 × 400, dark on light)")
        for digit in range(10):
            self.assertRegex(lines[1 + digit], rf"^  {digit}  [01]\.\d{{4}}(  [█▏▎▍▌▋▊▉]+)?$")
        self.assertRegex(lines[4], "█{20}")
        self.assertRegex(" ".join(lines[11:]), r"^  neurons for 3:( \d+ [+-]\d+\.\d\d[,;]){5} +bias "
                         r"[+-]\d+\.\d\d; +all together [+]\d")
        for line in lines:
            self.assertLessEqual(len(line), 80)
            self.assertEqual(line, line.rstrip())

    def test_without_utf8(self):
        lines = self.shown(LC_ALL="C")
        self.assertTrue("\n".join(lines).isascii())
        self.assertRegex(lines[4], "#{20}")

    def test_a_name_cannot_steer_a_terminal(self):
        name = self.write("a\x1b[31m.png", png(300, 400, photograph(3)))
        self.assertNotIn("\x1b", self.predict(name).stdout)

    def test_weights_from_elsewhere(self):
        """Their file says nothing of pixels: MNIST's are taken, and this is said."""
        model = self.folder / "python.safetensors"
        write_safetensors(model, 4)
        name = self.write("a.png", png(28, 28, self.images[0][0]))
        result = self.run_cli("predict", model, name)
        self.assert_done(result)
        self.assertRegex(result.stderr, r"python\.safetensors does not say .* 33\.395 and 78\.666")


class Faults(Trained):
    def test_pictures_that_cannot_be_read(self):
        whole = png(28, 28, self.images[0][0])
        (self.folder / "folder").mkdir()
        cases = {
            "missing.png": (None, MISSING, "No such file"),
            "folder": (None, MISSING, "directory"),
            "empty.png": (b"", BAD_DATA, "empty"),
            "cut.png": (whole[:-30], BAD_DATA, "damaged, cut short"),
            "text.png": (b"this is no picture\n", BAD_DATA, "no picture that can be read"),
            "white.png": (png(40, 40, b"\xff" * 1600), BAD_DATA, "no digit"),
        }
        for name, (content, code, phrase) in cases.items():
            with self.subTest(name=name):
                if content is not None:
                    self.write(name, content)
                self.assert_only_error(self.predict(name), code, name, phrase)
                self.assert_only_error(self.predict(name, "--json"), code, name, phrase)

    def test_files_that_never_end(self):
        os.mkfifo(self.folder / "pipe")
        for name, code, phrase in (("/dev/zero", BAD_DATA, "no picture that can be read"),
                                   ("pipe", MISSING, "for 2 seconds nobody has written to it")):
            self.assert_only_error(self.run_cli("predict", self.model, name, timeout=30), code, name,
                                   phrase)

    def test_a_pipe_is_as_good_as_a_file(self):
        name = self.write("good.png", png(300, 400, photograph(4)))
        os.mkfifo(self.folder / "pipe")
        with start("predict", self.model, "pipe", "--json", cwd=self.folder) as process:
            with open(self.folder / "pipe", "wb") as pipe:
                pipe.write((self.folder / name).read_bytes())
            self.assertEqual(json.loads(process.communicate(timeout=300)[0])["class"], 4)

    def test_one_that_fails_keeps_no_other(self):
        good = self.write("good.png", png(300, 400, photograph(4)))
        bad = self.write("bad.png", b"nothing")
        result = self.predict("--json", "missing.png", good, bad, good)
        self.assertEqual(result.returncode, MISSING)
        self.assertEqual([json.loads(line)["class"] for line in result.stdout.splitlines()], [4, 4])
        told = [line for line in result.stderr.splitlines() if line.startswith("clearbox: ")]
        self.assertEqual(len(told), 2)
        self.assertIn("missing.png", told[0])
        self.assertIn("bad.png", told[1])
        self.assertEqual(self.predict(bad, "missing.png", good).returncode, BAD_DATA)

    def test_models(self):
        name = self.write("a.png", png(28, 28, self.images[0][0]))
        self.assert_only_error(self.run_cli("predict", "no.safetensors", name), MISSING,
                               "no.safetensors")
        self.assert_only_error(self.run_cli("predict", name, name), BAD_DATA, "a.png")
        for strings in ({"pixel_mean": "1"}, {"pixel_mean": "x", "pixel_deviation": "2"},
                        {"pixel_mean": "1", "pixel_deviation": "0"},
                        {"pixel_mean": "nan", "pixel_deviation": "1"}):
            write_safetensors(self.folder / "w", 4,
                              lambda header, made=strings: header.update({"__metadata__": made}))
            self.assert_only_error(self.run_cli("predict", "w", name), BAD_DATA, "pixel_deviation")

    def test_nonsense(self):
        self.assert_only_error(self.run_cli("predict"), USAGE, "wants a model")
        self.assert_only_error(self.predict("a.png", "--data", "x"), USAGE, "--data contradicts")
        self.assert_only_error(self.predict("--as-is"), USAGE, "--as-is")
        self.assert_only_error(self.predict("--data", "nowhere"), MISSING, "nowhere")
        self.assert_only_error(self.predict("--family", "x"), USAGE, "--family wants")
        name = self.write("a.png", png(28, 28, self.images[0][0]))
        self.assert_only_error(self.predict(name, "--device", "no such device"), UNAVAILABLE,
                               "no such device")

    def test_answers_go_to_a_file(self):
        name = self.write("a.png", png(28, 28, self.images[0][0]))
        self.assertEqual(self.predict(name, "-o", "out", "--format", "json").stdout, "")
        answers = (self.folder / "out").read_text()
        self.assertEqual(answers, self.predict(name, "--json").stdout)
        self.assert_only_error(self.predict(name, "-o", "out", "--no-clobber"), CANNOT_CREATE, "out")
        self.assert_only_error(self.predict(name, "-o", "./a.png"), USAGE, "is an input")
        self.assert_only_error(self.predict(name, "-o", self.model), USAGE, "is an input")
        self.assert_only_error(self.predict("none.png", "-o", "new"), MISSING, "none.png")
        self.assert_only_error(self.predict(name, "--json", "--format", "text"), USAGE, "--json")
        self.assertEqual((self.folder / "out").read_text(), answers)
        self.assertFalse((self.folder / "new").exists())

    def test_a_full_standard_output_is_told(self):
        name = self.write("a.png", png(28, 28, self.images[0][0]))
        for arguments in ([name], [name, "--json"], []):
            with open("/dev/full", "w") as full:
                result = self.predict(*arguments, stdout=full)
            self.assertEqual(result.returncode, CANNOT_WRITE, arguments)
            self.assertIn("standard output", result.stderr)


if __name__ == "__main__":
    main()
