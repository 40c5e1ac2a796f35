# SPDX-License-Identifier: MIT
"""Datasets and weights that are missing, damaged or of the wrong kind."""

import gzip
import json
import os
import shutil
import struct
import subprocess
import zlib

from support import (BAD_DATA, FILES, MISSING, OK, PROGRAM, USAGE, CliTest, environment, idx_images,
                     idx_labels, main, read_safetensors_header, start, write_dataset,
                     write_safetensors)

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
GIB = 1 << 30


def bomb(begin, size):
    """gzip data that unpacks to `begin` and then `size` zeros; its check sum is wrong."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(begin) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return (b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + head + block * (size >> 20) + b"\x03\0" +
            struct.pack("<2I", 0, (len(begin) + size) % (1 << 32)))


class Data(CliTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.folder / "data", train=60, test=10, packed=False)
        self.film = self.folder / "learn.mp4"
        self.film.write_bytes(b"an old film")

    def fails(self, code, *phrases):
        """Learning from the folder fails, and the old film is as it was."""
        result = self.learn("--data", self.data, "--hidden", 4, "--epochs", 1)
        self.assert_only_error(result, code, *phrases)
        self.assertEqual(self.film.read_bytes(), b"an old film")

    def fails_small(self, code, *phrases):
        """The same, without taking memory for what the files only claim to hold."""
        with open(self.folder / "err", "w+") as err:
            process = start("learn", "--data", self.data, "--hidden", 4, "--epochs", 1,
                            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=err)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            err.seek(0)
            result = subprocess.CompletedProcess(process.args, process.returncode, "", err.read())
        self.assert_only_error(result, code, *phrases)
        self.assertEqual(self.film.read_bytes(), b"an old film")
        # Of this a compiler in the OpenCL driver takes most, and a sanitizer its part.
        self.assertLess(usage.ru_maxrss * 1024, 2 * GIB)

    def spoil(self, name, content):
        (self.data / name).write_bytes(content)

    def test_no_folder(self):
        result = self.learn("--data", self.folder / "nowhere")
        self.assert_only_error(result, MISSING, "nowhere")
        result = self.learn(env=environment(CLEARBOX_DATA=self.folder / "elsewhere"))
        self.assert_only_error(result, MISSING, "elsewhere")

    def test_a_program_anywhere_finds_the_data_of_its_source(self):
        (self.folder / "bin").mkdir()
        program = shutil.copy(PROGRAM, self.folder / "bin" / "clearbox")
        result = subprocess.run([program, "learn", "--hidden", "1", "--epochs", "1", "--no-video"],
                                cwd=self.folder, env=environment(), capture_output=True, text=True,
                                timeout=300)
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertIn("50,000", result.stdout + result.stderr)

    def test_a_file_instead_of_a_folder(self):
        result = self.learn("--data", self.film)
        self.assert_only_error(result, MISSING, "learn.mp4")

    def test_each_file_is_missed(self):
        for name in FILES:
            with self.subTest(name=name):
                kept = (self.data / name).read_bytes()
                (self.data / name).unlink()
                self.fails(MISSING, name)
                self.spoil(name, kept)

    def test_a_folder_instead_of_a_file(self):
        (self.data / TRAIN_IMAGES).unlink()
        (self.data / TRAIN_IMAGES).mkdir()
        self.fails(MISSING, TRAIN_IMAGES)

    def test_not_gzip(self):
        for name in FILES:
            with self.subTest(name=name):
                (self.data / name).rename(self.data / "kept")
                self.spoil(name + ".gz", b"this is no gzip file, whatever its name says")
                self.fails(BAD_DATA, name)
                (self.data / (name + ".gz")).unlink()
                (self.data / "kept").rename(self.data / name)

    def test_gzip_cut_short(self):
        (self.data / TRAIN_IMAGES).unlink()
        packed = gzip.compress(idx_images(60))
        for size in (0, 1, 10, len(packed) // 2, len(packed) - 4):
            with self.subTest(size=size):
                self.spoil(TRAIN_IMAGES + ".gz", packed[:size])
                self.fails(BAD_DATA, TRAIN_IMAGES)

    def test_gzip_with_a_flipped_bit(self):
        (self.data / TRAIN_IMAGES).unlink()
        packed = bytearray(gzip.compress(idx_images(60)))
        packed[len(packed) // 2] ^= 0x10
        self.spoil(TRAIN_IMAGES + ".gz", bytes(packed))
        self.fails(BAD_DATA, TRAIN_IMAGES)

    def test_cut_short(self):
        for name, content in ((TRAIN_IMAGES, idx_images(60)), (TRAIN_LABELS, idx_labels(60))):
            for size in (0, 3, 7, 15, len(content) - 1):
                with self.subTest(name=name, size=size):
                    self.spoil(name, content[:size])
                    self.fails(BAD_DATA, name)
            self.spoil(name, content)

    def test_more_than_the_header_says(self):
        self.spoil(TRAIN_LABELS, idx_labels(60) + b"\x00")
        self.fails(BAD_DATA, TRAIN_LABELS)

    def test_a_bomb(self):
        for name, begin in ((TRAIN_IMAGES, idx_images(60)), (TRAIN_LABELS, idx_labels(60))):
            with self.subTest(name=name):
                kept = (self.data / name).read_bytes()
                (self.data / name).unlink()
                self.spoil(name + ".gz", bomb(begin, 10 * GIB))
                self.fails_small(BAD_DATA, name, "too many")
                (self.data / (name + ".gz")).unlink()
                self.spoil(name, kept)

    def test_a_bomb_that_promises_all_it_holds(self):
        """Images by the million, but 60 labels."""
        count = 10 * GIB // 784
        (self.data / TRAIN_IMAGES).unlink()
        self.spoil(TRAIN_IMAGES + ".gz", bomb(idx_images(0, claimed=count), count * 784))
        self.fails_small(BAD_DATA, str(count), "60 labels")

    def test_files_of_endless_zeros(self):
        for name in (TRAIN_IMAGES, TRAIN_IMAGES + ".gz", TRAIN_LABELS):
            with self.subTest(name=name):
                self.spoil(name, b"")
                os.truncate(self.data / name, 6 * GIB)
                self.fails_small(BAD_DATA, name)

    def test_endless_zeros_after_a_file(self):
        for name in (TRAIN_LABELS, TRAIN_IMAGES):
            with self.subTest(name=name):
                kept = (self.data / name).read_bytes()
                os.truncate(self.data / name, 6 * GIB)
                self.fails_small(BAD_DATA, name, "too many")
                self.spoil(name, kept)

    def test_pipes_and_devices(self):
        """Nobody writes to the one, the other never ends."""
        os.mkfifo(self.folder / "pipe")
        for name in (TRAIN_IMAGES, TRAIN_LABELS):
            for target in (self.folder / "pipe", "/dev/zero"):
                with self.subTest(name=name, target=target):
                    (self.data / name).rename(self.folder / "kept")
                    (self.data / name).symlink_to(target)
                    self.fails_small(MISSING, name, "not a regular file")
                    (self.folder / "kept").replace(self.data / name)

    def test_wrong_magic(self):
        for name in FILES:
            with self.subTest(name=name):
                kept = (self.data / name).read_bytes()
                self.spoil(name, b"\x00\x00\x0c\x03" + kept[4:])
                self.fails(BAD_DATA, name, "0x00000c03")
                self.spoil(name, kept)

    def test_images_and_labels_swapped(self):
        self.spoil(TRAIN_IMAGES, idx_labels(60))
        self.fails(BAD_DATA, TRAIN_IMAGES)

    def test_a_header_that_claims_too_much(self):
        self.spoil(TRAIN_IMAGES, idx_images(60, claimed=0xFFFFFFFF))
        self.fails(BAD_DATA, TRAIN_IMAGES)
        self.spoil(TRAIN_IMAGES, struct.pack(">4I", 0x803, 1 << 31, 28, 28))
        self.fails(BAD_DATA, TRAIN_IMAGES)

    def test_other_sides(self):
        self.spoil(TRAIN_IMAGES, idx_images(60, side=27))
        self.fails(BAD_DATA, TRAIN_IMAGES, "28")

    def test_counts_that_differ(self):
        self.spoil(TRAIN_LABELS, idx_labels(59))
        self.fails(BAD_DATA, "59", "60")

    def test_a_label_over_9(self):
        self.spoil(TRAIN_LABELS, idx_labels(60)[:-1] + b"\x0a")
        self.fails(BAD_DATA, TRAIN_LABELS, "10")

    def test_too_few_images(self):
        for count in (0, 5):
            with self.subTest(count=count):
                self.spoil(TRAIN_IMAGES, idx_images(count))
                self.spoil(TRAIN_LABELS, idx_labels(count))
                self.fails(BAD_DATA)

    def test_no_contrast(self):
        self.spoil(TRAIN_IMAGES, idx_images(60)[:16] + b"\x07" * (60 * 784))
        self.fails(BAD_DATA)


class Weights(CliTest):
    HIDDEN = 4

    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.folder / "data", train=60, test=10)
        self.file = self.folder / "start.safetensors"

    def start_from(self, hidden=HIDDEN):
        return self.learn("--data", self.data, "--hidden", hidden, "--epochs", 1, "--no-video",
                          "--init", self.file)

    def test_good_weights(self):
        write_safetensors(self.file, self.HIDDEN)
        self.assert_done(self.start_from())

    def test_missing(self):
        self.assert_only_error(self.start_from(), MISSING, "start.safetensors")

    def test_pipes_and_devices(self):
        os.mkfifo(self.folder / "pipe")
        for name in ("pipe", "/dev/zero"):
            for command in (("learn", "--no-video", "--init", name), ("predict", name), ("look", name)):
                with self.subTest(command=command):
                    self.assert_only_error(self.run_cli(*command, timeout=30), MISSING, name,
                                           "not a regular file")

    def test_zeros_without_end(self):
        self.file.write_bytes(b"")
        os.truncate(self.file, 6 * GIB)
        self.assert_only_error(self.start_from(), BAD_DATA, "start.safetensors", "not JSON")

    def test_another_size(self):
        write_safetensors(self.file, self.HIDDEN)
        self.assert_only_error(self.start_from(hidden=5), USAGE,
                               "--hidden 5 contradicts --init .*start.safetensors.* 4 neurons")

    def test_alone_it_says_how_many_neurons_there_are(self):
        write_safetensors(self.file, self.HIDDEN)
        result = self.learn("--data", self.data, "--epochs", 1, "--no-video", "--init", self.file,
                            "--save", "out.safetensors", "--progress", "json")
        self.assert_done(result)
        self.assertEqual(json.loads(result.stdout.splitlines()[0])["hidden"], self.HIDDEN)
        header = read_safetensors_header(self.folder / "out.safetensors")
        self.assertEqual(header["w1"]["shape"], [785, self.HIDDEN])
        self.assertEqual(header["__metadata__"]["hidden"], str(self.HIDDEN))
        self.file.write_bytes(b"nothing of the kind")
        self.assert_only_error(self.learn("--data", self.data, "--no-video", "--init", self.file),
                               BAD_DATA, "start.safetensors")

    def test_cut_short(self):
        write_safetensors(self.file, self.HIDDEN)
        whole = self.file.read_bytes()
        for size in (0, 4, 8, 40, len(whole) - 1):
            with self.subTest(size=size):
                self.file.write_bytes(whole[:size])
                self.assert_only_error(self.start_from(), BAD_DATA, "start.safetensors")

    def test_not_safetensors(self):
        for content in (b"PK\x03\x04 a zip file, as PyTorch writes them", b"\xff" * 64,
                        struct.pack("<Q", 1 << 62) + b"{}", struct.pack("<Q", 8) + b"{      ["):
            with self.subTest(content=content):
                self.file.write_bytes(content)
                self.assert_only_error(self.start_from(), BAD_DATA, "start.safetensors")

    def test_wrong_headers(self):
        def other_type(header):
            header["w1"]["dtype"] = "F16"

        def other_shape(header):
            header["w2"]["shape"] = [10, self.HIDDEN + 1]

        def no_tensor(header):
            del header["w2"]

        def out_of_place(header):
            header["w2"]["data_offsets"] = [1 << 40, (1 << 40) + 200]

        def backwards(header):
            header["w1"]["data_offsets"].reverse()

        for change in (other_type, other_shape, no_tensor, out_of_place, backwards):
            with self.subTest(change=change.__name__):
                write_safetensors(self.file, self.HIDDEN, change)
                self.assert_only_error(self.start_from(), BAD_DATA, "start.safetensors")

    def test_not_finite(self):
        write_safetensors(self.file, self.HIDDEN)
        content = self.file.read_bytes()
        self.file.write_bytes(content[:-4] + struct.pack("<f", float("nan")))
        self.assert_only_error(self.start_from(), BAD_DATA, "start.safetensors")


if __name__ == "__main__":
    main()
