# SPDX-License-Identifier: MIT
"""The film that the device encodes, as analysers see it: ffprobe, and ffmpeg's tracing of headers."""

import json
import re
import shutil
import subprocess
import sys

from support import CliTest, film_frames, main, write_dataset

if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
    print("left out: there is no ffmpeg")
    sys.exit(77)

MOST_SLICES = 8
QP, KEY_QP = 23, 15
I_SLICES, P_SLICES = 7, 5  # slice_type: all of the picture are

# hidden, scale, frames a second, a frame after so many batches; pixels; the group's frames
FILMS = (
    (1, 1, 70, 1, (28, 28), 140),
    (3, 2, 70, 1, (112, 112), 140),
    (37, 1, 24, 2, (168, 196), 48),
    (64, 1, 1, 25, (224, 224), 2),
    (9, 1, 1000, 1, (84, 84), 140),
)

SEQUENCE = {
    "nal_ref_idc": 3, "nal_unit_type": 7, "profile_idc": 66, "constraint_set0_flag": 1,
    "constraint_set1_flag": 1, "constraint_set2_flag": 0, "constraint_set3_flag": 0,
    "pic_order_cnt_type": 2, "max_num_ref_frames": 1, "gaps_in_frame_num_allowed_flag": 0,
    "frame_mbs_only_flag": 1, "vui_parameters_present_flag": 1, "aspect_ratio_idc": 1,
    "video_full_range_flag": 0, "colour_primaries": 1, "transfer_characteristics": 1,
    "matrix_coefficients": 1, "timing_info_present_flag": 1, "num_units_in_tick": 1,
    "fixed_frame_rate_flag": 1, "nal_hrd_parameters_present_flag": 0,
    "vcl_hrd_parameters_present_flag": 0, "bitstream_restriction_flag": 1,
    "max_num_reorder_frames": 0, "max_dec_frame_buffering": 1,
}

PICTURE = {
    "nal_ref_idc": 3, "nal_unit_type": 8, "entropy_coding_mode_flag": 0,
    "bottom_field_pic_order_in_frame_present_flag": 0, "num_slice_groups_minus1": 0,
    "num_ref_idx_l0_default_active_minus1": 0, "weighted_pred_flag": 0, "weighted_bipred_idc": 0,
    "deblocking_filter_control_present_flag": 1, "constrained_intra_pred_flag": 0,
    "redundant_pic_cnt_present_flag": 0,
}

SLICE = {"pic_parameter_set_id": 0, "disable_deblocking_filter_idc": 1}


def quiet(*command):
    """What it prints; it may neither fail nor warn."""
    result = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, check=True, timeout=300)
    if result.stderr:
        raise AssertionError(f"{command}\n{result.stderr}")
    return result.stdout


def probe(path, *what):
    return json.loads(quiet("ffprobe", "-v", "warning", "-of", "json", *what, path))


def headers(path):
    """Of each packet, first of the extradata, the headers: their kind and fields."""
    copy = ("-i", path, "-c", "copy", "-bsf:v", "trace_headers", "-f", "null", "-")
    quiet("ffmpeg", "-v", "warning", *copy)
    trace = subprocess.run(["ffmpeg", "-v", "info", *map(str, copy)], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, check=True, timeout=300).stderr
    packets = []
    for line in trace.splitlines():
        told = re.match(r"\[trace_headers @ \S+\] (.*)", line)
        if not told:
            continue
        field = re.match(r"\d+ +([\w\[\]]+) +[01]+ = (-?\d+)$", told[1])
        if field:
            packets[-1][-1][1].setdefault(field[1], int(field[2]))
        elif re.match(r"Extradata|Packet: ", told[1]):
            packets.append([])
        else:
            packets[-1].append((told[1], {}))
    return packets


class Headers(CliTest):
    def film(self, hidden, scale, fps, frame_every, **options):
        """250 batches an epoch, and what is told of the film at the start."""
        data = write_dataset(self.folder / "data", train=600)
        path = self.folder / f"{hidden}.mp4"
        result = self.learn("--encoder", "device", "--data", data, "--batch", 2, "--epochs", 2,
                            "--hidden", hidden, "--scale", scale, "--fps", fps, "--frame-every",
                            frame_every, "-o", path, "--progress", "json", **options)
        self.assert_done(result)
        return path, json.loads(result.stdout.splitlines()[0])["film"]

    def assert_fields(self, got, expected, what):
        self.assertEqual({**got, **expected}, got, what)

    def check_stream(self, path, told, fps, size):
        stream, = probe(path, "-show_streams")["streams"]
        self.assert_fields(stream, {
            "codec_name": "h264", "codec_tag_string": "avc1", "profile": "Constrained Baseline",
            "width": size[0], "height": size[1], "has_b_frames": 0, "pix_fmt": "yuv420p",
            "sample_aspect_ratio": "1:1", "color_range": "tv", "color_space": "bt709",
            "color_transfer": "bt709", "color_primaries": "bt709", "field_order": "progressive",
            "refs": 1, "is_avc": "true", "nal_length_size": "4", "r_frame_rate": f"{fps}/1",
            "avg_frame_rate": f"{fps}/1", "start_pts": 0, "nb_frames": str(told["frames"])}, path)
        self.assertAlmostEqual(float(stream["duration"]), told["frames"] / fps, places=3)
        return stream

    def check_pictures(self, path, told, group):
        """In the file and as they are decoded, every one on its own key frame's account."""
        packets = probe(path, "-show_packets")["packets"]
        pictures = probe(path, "-show_frames")["frames"]
        self.assertEqual([len(packets), len(pictures), film_frames(path)], [told["frames"]] * 3)
        step = packets[0]["duration"]
        for i, (packet, picture) in enumerate(zip(packets, pictures)):
            self.assert_fields(packet, {"pts": i * step, "dts": i * step, "duration": step}, i)
            self.assertEqual("K" in packet["flags"], i % group == 0, i)
            self.assert_fields(picture, {"key_frame": int(i % group == 0),
                                         "pict_type": "P" if i % group else "I",
                                         "pts": i * step}, i)

    def check_sets(self, sets, fps, size, level):
        self.assertEqual([kind for kind, _ in sets],
                         ["Sequence Parameter Set", "Picture Parameter Set"])
        sequence, picture = (fields for _, fields in sets)
        self.assert_fields(sequence, {**SEQUENCE, "time_scale": 2 * fps, "level_idc": level}, "")
        self.assert_fields(picture, PICTURE, "")
        shown = []
        for name, way, far in (("width_in_mbs", "left", "right"),
                               ("height_in_map_units", "top", "bottom")):
            self.assertEqual(sequence.get(f"frame_crop_{way}_offset", 0), 0)
            shown.append(16 * (sequence[f"pic_{name}_minus1"] + 1)
                         - 2 * sequence.get(f"frame_crop_{far}_offset", 0))
        self.assertEqual(tuple(shown), size)
        return sequence, picture

    def check_slices(self, slices, i, group, sequence, picture):
        key = i % group == 0
        expected = {**SLICE, "nal_unit_type": 5 if key else 1,
                    "slice_type": I_SLICES if key else P_SLICES,
                    "frame_num": i % group % (1 << (sequence["log2_max_frame_num_minus4"] + 4)),
                    "slice_qp_delta": (KEY_QP if key else QP) - 26 - picture["pic_init_qp_minus26"]}
        self.assertEqual({kind for kind, _ in slices}, {"Slice Header"}, i)
        for _, fields in slices:
            self.assert_fields(fields, expected, i)
            self.assertGreater(fields["nal_ref_idc"], 0, i)
            self.assertEqual(fields.get("idr_pic_id"), slices[0][1].get("idr_pic_id"), i)
        firsts = [fields["first_mb_in_slice"] for _, fields in slices]
        self.assertEqual((firsts[0], firsts), (0, sorted(set(firsts))), i)
        self.assertLessEqual(len(slices), MOST_SLICES if key else 1, i)
        return slices[0][1].get("idr_pic_id")

    def check_headers(self, path, frames, fps, size, group, level):
        sets, *packets = headers(path)
        sequence, picture = self.check_sets(sets, fps, size, level)
        self.assertEqual(len(packets), frames)
        keys = [self.check_slices(slices, i, group, sequence, picture)
                for i, slices in enumerate(packets)][::group]
        for before, after in zip(keys, keys[1:]):
            self.assertNotEqual(before, after, "two key frames, one after the other")

    def test_films(self):
        for hidden, scale, fps, frame_every, size, group in FILMS:
            with self.subTest(hidden=hidden):
                path, told = self.film(hidden, scale, fps, frame_every)
                self.assertGreater(told["frames"], group)
                stream = self.check_stream(path, told, fps, size)
                self.check_pictures(path, told, group)
                self.check_headers(path, told["frames"], fps, size, group, stream["level"])
                self.assertGreaterEqual(stream["level"], round(10 * float(told["level"])))
                quiet("ffmpeg", "-v", "warning", "-err_detect", "explode", "-xerror", "-i", path,
                      "-f", "null", "-")

    def test_a_film_of_one_picture(self):
        path, told = self.film(2, 1, 70, 500)
        self.assertEqual(told["frames"], 1)
        stream = self.check_stream(path, told, 70, (28, 56))
        self.check_pictures(path, told, 140)
        self.check_headers(path, 1, 70, (28, 56), 140, stream["level"])


main()
