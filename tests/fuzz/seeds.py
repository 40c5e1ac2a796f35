#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes inputs for the fuzzers to begin with, small ones of every kind.

  seeds.py FOLDER    makes FOLDER/SUBJECT/… for each target fuzz_SUBJECT.c; wants ffmpeg, for JPEG
"""
import gzip
import json
import os
import struct
import subprocess
import sys
import zlib


def idx(kind, count, items, side=28):
    head = struct.pack(">2I", 0x801 if kind == "labels" else 0x803, count)
    return head + (struct.pack(">2I", side, side) if kind == "images" else b"") + items


def idx_seeds():
    image = bytes(784)
    for name, kind, mode in (("images", "images", 0), ("labels", "labels", 2)):
        one = image if kind == "images" else b"\x07"
        whole = idx(kind, 2, one * 2)
        yield name, bytes([mode]) + whole
        yield name + "-none", bytes([mode]) + idx(kind, 0, b"")
        yield name + "-short", bytes([mode]) + whole[:-1]
        yield name + "-packed", bytes([mode | 1]) + gzip.compress(whole, mtime=0)
        yield name + "-joined", (bytes([mode | 1]) + gzip.compress(whole[:9], mtime=0) +
                                 gzip.compress(whole[9:], mtime=0))
        yield name + "-damaged", bytes([mode | 1]) + gzip.compress(whole, mtime=0)[:-5] + b"12345"
    yield "far-too-many", b"\0" + idx("images", 0xffffffff, b"")
    yield "bomb", b"\3" + gzip.compress(idx("labels", 3, bytes(1 << 20)), mtime=0)
    yield "named", (b"\3\x1f\x8b\x08\x1c\0\0\0\0\0\3\2\0abname\0comment\0" +
                    zlib.compress(idx("labels", 1, b"\1"))[2:-4] +
                    struct.pack("<2I", zlib.crc32(idx("labels", 1, b"\1")), 9))


def dataset_seeds():
    def half(images, labels, most=9):
        return bytes([images, labels]) + bytes(i % (most + 1) for i in range(labels))
    yield "good", half(12, 12) + half(3, 3) + bytes(range(1, 100))
    yield "flat", half(6, 6) + half(1, 1) + b"\7"
    yield "black", half(6, 6) + half(1, 1)
    yield "few", half(5, 5) + half(1, 1) + b"\1\2"
    yield "no-test", half(6, 6) + half(0, 0) + b"\1\2"
    yield "label", half(16, 16, 10) + half(1, 1) + b"\1\2"
    yield "counts", half(9, 8) + half(1, 1) + b"\0\0\xff"
    yield "test-counts", half(9, 9) + half(1, 2) + b"\0\0\xff"


def tensors(hidden=1, metadata=None, **changes):
    w1, w2 = 785 * hidden * 4, (hidden + 1) * 40
    head = {"w1": {"dtype": "F32", "shape": [785, hidden], "data_offsets": [0, w1]},
            "w2": {"dtype": "F32", "shape": [hidden + 1, 10], "data_offsets": [w1, w1 + w2]}}
    if metadata is not None:
        head["__metadata__"] = metadata
    head.update(changes)
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode()
    return struct.pack("<Q", len(text)) + text + b"\0\0\x80\x3f" * ((w1 + w2) // 4)


def weights_seeds():
    yield "plain", tensors()
    yield "with-metadata", tensors(metadata={"pixel_mean": "33.3184", "pixel_deviation": "78.5675",
                                             "recipe": "lesson"})
    yield "half-the-metadata", tensors(metadata={"pixel_mean": "33.3184"})
    yield "no-deviation", tensors(metadata={"pixel_mean": "1", "pixel_deviation": "-0"})
    yield "other-tensor", tensors(extra={"dtype": "I64", "shape": [], "data_offsets": [0, 0]})
    yield "half-precision", tensors(w1={"dtype": "F16", "shape": [785, 1], "data_offsets": [0, 3140]})
    yield "overlapping", tensors(w1={"dtype": "F32", "shape": [785, 1], "data_offsets": [80, 3220]})
    yield "huge-shape", tensors(w1={"dtype": "F32", "shape": [785, 1 << 60],
                                    "data_offsets": [0, 3140]})
    yield "not-finite", tensors()[:-4] + b"\0\0\x80\x7f"
    yield "short", tensors()[:-1]
    yield "empty-header", struct.pack("<Q", 2) + b"{}"
    yield "list-header", struct.pack("<Q", 2) + b"[]"
    yield "metadata-list", struct.pack("<Q", 19) + b'{"__metadata__":[]}'
    yield "long-name", tensors(**{"\u00e9" * 40: {"dtype": "F32", "shape": [1], "data_offsets": [1, 0]}})
    yield "long-header", struct.pack("<Q", 1 << 62) + b"{}"


def checkpoint(films=(), **changes):
    """One of a neuron, in its second epoch; a change that is None leaves a text out."""
    at = {"epoch": "1", "first": "20", "batch": "7", "random": "1 2 ff fabacdcf0610714c", "asked": "3", "told": "7",
          "end": "no"}
    run = {"data": "/d", "family": "gpu", "hidden": "1", "epochs": "3", "batch": "10", "learning_rate": "0.25",
           "recipe": "nll", "seed": "7", "no_shuffle": "0", "film": "/f.mp4", "seconds": "0", "quality": "-1"}
    texts = {"data_sha256": "0123456789abcdef" * 4, "checkpoint": "1", "canon": "1", "computed_on": "a device",
             **{f"at.{key}": value for key, value in at.items()},
             **{f"run.{key}": value for key, value in run.items()}}
    parts = [("w1", "F32", [785, 1]), ("w2", "F32", [2, 10]), ("epochs", "F64", [1, 105]),
             ("batch_losses", "F64", [5]), ("image_losses", "F32", [20])]
    for film in films:
        texts[film + ".spool"], texts[film + ".frames"] = "/.f.mp4.spool-1", "3"
        parts += [(f"{film}.{part}", "U8", [n]) for part, n in (("luma", 24), ("chroma", 12), ("curve", 8))]
    texts.update(changes)
    head, place = {"__metadata__": {key: value for key, value in texts.items() if value is not None}}, 0
    for name, kind, shape in (*parts, ("crc32", "U32", [1])):
        size = {"F32": 4, "F64": 8, "U8": 1, "U32": 4}[kind]
        for side in shape:
            size *= side
        head[name] = {"dtype": kind, "shape": shape, "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(head, separators=(",", ":")).encode()
    return b"\1" + struct.pack("<Q", len(text)) + text + b"\0\0\x80\x3f" * (place // 4)


def checkpoint_seeds():
    yield "plain", checkpoint()
    yield "film", checkpoint(["film"])
    yield "both-films", checkpoint(["film", "page_film"])
    yield "over", checkpoint(**{"at.end": "yes"})
    yield "checksum", b"\0" + checkpoint()[1:]
    yield "newer", checkpoint(checkpoint="2")
    yield "other-canon", checkpoint(canon="2")
    yield "no-position", checkpoint(**{"at.batch": None})
    yield "batch", checkpoint(**{"at.batch": "18446744073709551616"})
    yield "random", checkpoint(**{"at.random": "1 2 3"})
    yield "real", checkpoint(**{"run.learning_rate": "0x1p-3"})
    yield "not-finite", checkpoint(**{"run.hold": "nan", "run.seconds": "-inf"})
    yield "hidden", checkpoint(**{"run.hidden": "2"})
    yield "choice", checkpoint(**{"run.recipe": "lessen"})
    yield "weights", b"\1" + tensors()


def spool(frames, **changes):
    """Frames, and whether they are keys, by their encoder; a change that is None leaves a text out."""
    head = {"width": 84, "height": 84, "fps": 70, "chroma_qp_offset": 12, "container": "mp4", "title": "a film",
            "comment": "made by", "checkpoint": None}
    head.update(changes)
    text = json.dumps({key: value for key, value in head.items() if value is not None}).encode()
    records = b"".join(struct.pack("<2I", len(frame) | key << 31, 0) + frame for frame, key in frames)
    return b"clearbox film 1\n" + struct.pack("<I", len(text)) + text + bytes(4) + records


def spool_seeds():
    """The first byte: 1, and twice the place of an ending in fuzz_spool.c."""
    nals = [(struct.pack(">I", 5) + b"\x65\x88\x84\0\x10", 1), (struct.pack(">I", 3) + b"\x41\x9a\x02", 0)]
    x264 = "0000000167f4000d919b28283f6022000003000200000300641e28532c0000000168ebe3c44844"
    annex_b = [(b"\0\0\0\1\x65\x88\x84\0\x10", 1), (b"\0\0\0\1\x41\x9a\x02", 0)]
    yield "device", b"\1" + spool(nals)
    yield "device-ts", b"\x09" + spool(nals)
    yield "checksums", b"\0" + spool(nals)
    yield "no-frames", b"\1" + spool([])
    yield "no-key", b"\1" + spool(nals[1:])
    yield "cut-off", b"\1" + spool(nals)[:-2]
    yield "side", b"\1" + spool(nals, width=65536)
    yield "odd", b"\1" + spool(nals, height=82)
    yield "container", b"\1" + spool(nals, container="avi")
    yield "x264", b"\1" + spool(annex_b, encoder="libx264", extradata=x264)
    yield "x264-mkv", b"\5" + spool(annex_b, encoder="libx264", extradata=x264, container="mkv")
    yield "x264-ts", b"\x09" + spool(annex_b, encoder="libx264", container="mpegts")
    yield "x264-without", b"\1" + spool(annex_b, encoder="libx264", extradata="")
    yield "mpeg4", b"\3" + spool([(b"\0\0\1\xb6\x10\x60", 1)], encoder="mpeg4",
                                extradata="000001b001000001b58913000001000000012000c48d8800")
    yield "vp9", b"\7" + spool([(b"\x82\x49\x83\x42\0\5\x30\5\x36", 1), (b"\x86\0\x40", 0)],
                              encoder="libvpx-vp9", container="webm", extradata=None)
    yield "av1", b"\7" + spool([(b"\x12\0\x0a\x0a\0\0\0\2\xaf\xff\x9b\x5f\x30\x08", 1)],
                              encoder="libaom-av1", container="webm")
    yield "gif", b"\x0b" + spool([(b"GIF89a", 1)], encoder="gif", container="gif")
    yield "encoder", b"\1" + spool(nals, encoder="auto")
    yield "extradata", b"\1" + spool(nals, encoder="mpeg4", extradata="0g")


def tunables_seeds():
    for mode, sizes in ((0, {"vector": 16, "forward_rows": 13, "update_rows": 14}),
                        (1, {"forward_depth": 16, "update_rows": 8})):
        whole = {"device": "a device", "driver": "1.0", **sizes}
        for name, changes in (("good", {}), ("other-driver", {"driver": "2"}),
                              ("large", {"update_rows": 4000}), ("not-a-number", {"update_rows": "8"}),
                              ("negative", {"update_rows": -8}), ("real", {"update_rows": 8.5})):
            text = json.dumps({**whole, **changes})
            yield f"{name}-{mode}", bytes([mode]) + text.encode()
    yield "no-json", b"\0{\"device\""
    yield "list", b"\0[1, 2]"


def kept_seeds():
    yield "empty", b""
    for mode in range(8):
        yield f"mode-{mode}", bytes([mode]) + b"a binary of some bytes"
        yield f"short-{mode}", bytes([mode])
    yield "refused", b"\7\0"
    yield "magic", b"\0cbxprog1" + bytes(24) + b"rest"


def stroke(side, paper, ink):
    """A 7, more or less."""
    rows = []
    for y in range(side):
        row = bytearray([paper]) * side
        for x in range(side):
            if side // 5 <= y < side // 5 + 2 and side // 4 <= x < 3 * side // 4:
                row[x] = ink
            if side // 5 <= y < 4 * side // 5 and abs(x - (3 * side // 4 - y // 3)) < 2:
                row[x] = ink
        rows.append(bytes(row))
    return rows


def digit_seeds():
    yield "dark", bytes([40]) + b"".join(stroke(40, 230, 20))
    yield "light", bytes([28]) + b"".join(stroke(28, 0, 255))
    yield "flat", bytes([20]) + bytes([9]) * 400
    yield "dot", bytes([5]) + bytes(12) + b"\xff" + bytes(12)
    yield "line", bytes([0]) + bytes(100) + b"\xff" * 56 + bytes(100)
    yield "narrow", bytes([1]) + bytes(30) + b"\x80" * 9 + bytes(30)
    yield "noise", bytes([16]) + bytes(i * 37 % 251 for i in range(256))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, extra=b"", interlace=0):
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">2I5B", width, height, depth, colour, 0, 0, interlace)) + extra +
            chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 9)) +
            chunk(b"IEND", b""))


def still_seeds():
    grey = stroke(28, 255, 0)
    yield "grey.png", png(28, 28, 8, 0, grey)
    yield "deep.png", png(28, 28, 16, 0, [bytes(b for v in row for b in (v, v)) for row in grey])
    yield "bits.png", png(16, 4, 1, 0, [b"\xf0\x0f"] * 4)
    yield "rgba.png", png(28, 28, 8, 6, [b"".join(bytes([v, v, v, 255 - v]) for v in row) for row in grey])
    yield "palette.png", png(8, 2, 4, 3, [b"\1\2\0\1"] * 2,
                             chunk(b"PLTE", bytes(range(9))) + chunk(b"tRNS", b"\0\x80"))
    yield "interlaced.png", png(1, 1, 8, 0, [b"\x40"], interlace=1)
    yield "text.png", png(4, 4, 8, 0, [bytes(4)] * 4,
                          chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(2000))) +
                          chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(500))))
    yield "huge.png", png(1 << 16, 1 << 16, 8, 0, [b""])
    yield "grey.pgm", b"P5\n28 28\n255\n" + b"".join(grey)
    yield "plain.pgm", b"P2 3 1 9\n0 3 9\n"
    yield "colour.ppm", b"P6 2 1 255\n\xff\0\0\0\xff\0"
    yield "deep.pgm", b"P5 2 1 65535\n\0\0\x80\x80"
    yield "bits.pbm", b"P4 3 1\n\xa0"
    yield "plain.pbm", b"P1 3 1\n1 0 1\n"
    yield "huge.pgm", b"P5 99999 99999 255\n"
    for name, options in (("baseline.jpg", []), ("grey.jpg", ["-pix_fmt", "gray"])):
        done = subprocess.run(["ffmpeg", "-v", "error", "-f", "pgm_pipe", "-i", "-", *options, "-q:v", "20",
                               "-f", "mjpeg", "-"], input=b"P5\n28 28\n255\n" + b"".join(grey),
                              capture_output=True, check=True)
        yield name, done.stdout
        exif = (b"Exif\0\0MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0")
        yield "turned-" + name, (done.stdout[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif +
                                 done.stdout[2:])


def parameter_sets_seeds():
    yield "usual", struct.pack(">3I2B", 111, 111, 69, 12, 0) + b"\0\0\0\0\5\1\0\0\0\7\2\0\0\0\0\x0a\0\0\0\xff"
    yield "zeros", struct.pack(">3I2BI", 7, 7, 0, 0, 1, 9999) + b"\x22\0\0\0\0" * 6
    yield "largest", struct.pack(">3I2B2I", 8191, 8191, 999, 24, 2, 1 << 30, 5) + b"\0\xff\xff\xff\xfe\1\x7f\xff\xff\xff"


def decoder_seeds():
    yield "short", bytes([0, 0, 12]) + struct.pack(">HI2B", 6, 2, 0x65, 0x88)
    yield "nothing", bytes([3, 3, 18, 0, 0])


def options_seeds():
    lines = {
        0: ["", "--help", "--hidden 64 --epochs 2 --batch 32 --recipe nll", "--style show --seconds 12 --hold 2",
            "-o film.webm --quality 20 --scale 2 --fps 60", "--no-video --save w.safetensors --metrics m.json",
            "--learning-rate 1e-3 --seed 18446744073709551615", "--hid 5", "--h 5", "--nothing", "-x",
            "--seed=7 words", "--hidden", "--hidden=0", "--help=1", "-o - --progress json",
            "--device gpu --family cpu --schedule stepwise --arithmetic plain", "--codec mpeg4 --encoder libx264",
            "--init w.safetensors --hidden 4", "--colours signed --caption on --clock log --frame-every 3"],
        1: ["", "--hidden 64,256 --device 0:0,0:1 --json", "--compare a.json b.json", "--compare a.json",
            "--format csv --output o.csv --plot p.svg", "--tune --film --encoder libx264", "words",
            "--schedule fused,sparse --repetitions 3 --seconds 0.5"],
        2: ["", "w.safetensors a.png b.png --json", "w.safetensors --data x", "w.safetensors --as-is",
            "w a --output w", "w -"],
        3: ["", "--all", "nll-100 lesson-64-epochs-5", "--list --json", "--print --json", "nll-10"],
        4: ["w.safetensors", "w --picture p.png --neuron 5 --style show", "a b", "--tone range w"],
        5: ["", "--json", "--device cpu --timeout 5"],
    }
    for command, all_of_it in lines.items():
        for i, line in enumerate(all_of_it):
            yield f"{command}-{i}", bytes([command]) + line.replace(" ", "\0").encode()


def spread(median):
    return {"median": median, "min": 0.9 * median, "max": 1.1 * median}


def bench_result_seeds():
    device = {"type": "device", "device": "0:0", "kind": "GPU", "name": "a device", "platform": "CL",
              "driver": "1", "peak_flop_per_second": spread(1e12), "copy_bytes_per_second": spread(1e11)}
    row = {"type": "row", "device": "0:0", "schedule": "fused", "hidden": 64, "reason": None,
           "epoch_seconds": spread(2.0), "flop_per_second": spread(1e9), "evaluate_seconds": spread(0.5),
           "draw_frames_per_second": spread(4000)}
    left_out = {"type": "row", "device": "0:0", "schedule": "sparse", "hidden": 64, "reason": "too large"}
    host = {"type": "host", "format": 1, "clearbox": "0.1.0", "date": "2026-01-01T00:00:00Z",
            "processor": "p", "warning": "slow", "settings": {"batch": 64, "hidden": [64]}}
    whole = {**host, "devices": [device], "rows": [row, left_out]}
    del whole["type"]

    def pair(**changes):
        return json.dumps(whole).encode() + b"\0" + json.dumps({**whole, **changes}).encode()

    def as_lines(*parts):
        return "\n".join(json.dumps(one) for one in parts).encode()

    other = {**device, "device": "1:0", "driver": "2", "copy_bytes_per_second": None}
    yield "whole", json.dumps(whole).encode()
    yield "lines", as_lines(host, device, row, left_out)
    yield "cut", as_lines(host, device, row)[:-9]
    yield "twice", as_lines(host, device, row, host, device, row)
    yield "other-format", json.dumps({**whole, "format": 2}).encode()
    yield "controls", json.dumps({**whole, "devices": [{**device, "name": "\x1b[31m\u202e\x7f"}]}).encode()
    yield "more", json.dumps(whole).encode() + b" 1"
    yield "deep", b"[" * 3000
    yield "other-rows", pair(rows=[{**row, "epoch_seconds": spread(1.0)}, {**left_out, "hidden": 128},
                                   {**row, "hidden": 256}])
    yield "other-device", pair(devices=[other, device], rows=[{**row, "device": "1:0"}, row])
    yield "other-name", pair(devices=[{**other, "name": "another"}], settings={"batch": 32, "recipe": "nll"},
                             rows=[{**row, "device": "1:0"}, {**row, "device": "OpenBLAS"}])


def planes_seeds():
    yield "small", bytes([3, 3, 0x83, 26, 8]) + bytes(range(256)) + b"\2\0\7\x20\xff\1\1\3\x80"
    yield "fine", bytes([0, 4, 2, 0, 0]) + bytes(i * 89 % 256 for i in range(200))
    yield "large", bytes([15, 7, 0x81, 50, 13]) + b"\0\xff\x10" * 20


SEEDS = {"idx": idx_seeds, "dataset": dataset_seeds, "weights": weights_seeds,
         "checkpoint": checkpoint_seeds, "spool": spool_seeds, "tunables": tunables_seeds, "kept": kept_seeds,
         "digit": digit_seeds, "still": still_seeds, "parameter_sets": parameter_sets_seeds,
         "decoder": decoder_seeds, "options": options_seeds, "bench_result": bench_result_seeds,
         "planes": planes_seeds}


def main():
    for subject, seeds in SEEDS.items():
        folder = os.path.join(sys.argv[1], subject)
        os.makedirs(folder, exist_ok=True)
        for name, content in seeds():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)


if __name__ == "__main__":
    main()
