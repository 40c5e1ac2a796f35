# SPDX-License-Identifier: MIT
"""Commands, flags and their nonsense: nothing here needs a device."""

import re
import shutil
import subprocess
import unittest

from support import (CANNOT_WRITE, MISSING, OK, PROGRAM, SOURCE, UNAVAILABLE, USAGE, CliTest,
                     main)

WHOLE = ["0", "-1", "1e9", "abc", "", " 1", "1 ", "0x10", "1.5", "+1", "99999999999999999999"]
CHOICE = ["", "abc", "0", "LESSON", "h264x"]

# Every flag of learn that takes a value, with values that make no sense.
NONSENSE = {
    "hidden": WHOLE + ["1048577"],
    "epochs": WHOLE + ["1000001"],
    "batch": WHOLE + ["4097"],
    "learning-rate": ["0", "-1", "nan", "inf", "-inf", "1e999", "1e-999", "abc", "", "0.1x",
                      "0x1p-3", " 0.1", "1e", "."],
    "recipe": CHOICE,
    "seed": ["-1", "1e9", "abc", "", "1.5", "18446744073709551616"],
    "data": [""],
    "device": [""],
    "schedule": CHOICE,
    "arithmetic": CHOICE,
    "init": [""],
    "style": CHOICE,
    "colours": CHOICE + ["gray"],
    "caption": CHOICE,
    "clock": CHOICE,
    "seconds": ["-1", "nan", "inf", "86401", "abc", "", "0.1x", " 1", "1e", "."],
    "hold": ["-1", "nan", "inf", "86401", "abc", "", "0.1x", " 1", "1e", "."],
    "frame-every": WHOLE + ["1000000001"],
    "fps": WHOLE + ["1001"],
    "tone": CHOICE,
    "scale": WHOLE + ["2341"],
    "codec": CHOICE,
    "encoder": CHOICE + ["h264", "AUTO"],
    "quality": ["-1", "0", "64", "abc", "", "1.5"],
    "preset": CHOICE,
    "workers": ["-1", "abc", "", "257"],
    "save": ["", "-"],
    "metrics": ["", "-"],
    "picture": ["", "-"],
    "report": ["", "-"],
    "progress": CHOICE,
    "family": CHOICE,
    "output": [""],
    "format": CHOICE + ["avi"],
    "poster": ["", "-"],
    "checkpoint": ["", "-"],
    "checkpoint-every": ["-1", "nan", "inf", "86401", "abc", "", "0.1x", " 1", "1e", "."],
    "resume": [""],
}
SWITCHES = ["no-shuffle", "no-video", "no-clobber", "no-check", "overwrite"]


def flags_of(text):
    return set(re.findall(r"^  (?:-\w, )?--([a-z-]+)", text, re.MULTILINE))


# As --help lists them.
COMMANDS = re.findall(r"^  ([a-z]+)  ", subprocess.run([PROGRAM, "--help"], check=True, text=True,
                                                       capture_output=True).stdout, re.MULTILINE)


def manual(page):
    return (SOURCE / "docs" / f"{page}.1").read_text()


class Manual(CliTest):
    # And what is a program of its own.
    PAGES = ["clearbox", "clearbox-mpi", *(f"clearbox-{command}" for command in COMMANDS)]

    def test_every_command_has_a_page_and_every_page_a_command(self):
        pages = [path.stem for path in (SOURCE / "docs").glob("*.1")]
        self.assertEqual(sorted(pages), sorted(self.PAGES))
        for command in COMMANDS:
            self.assertIn(f".It Xr clearbox-{command} 1", manual("clearbox"))
            self.assertIn(f".Nm clearbox-{command}\n", manual(f"clearbox-{command}"))
            self.assertIn(".Sh EXAMPLES", manual(f"clearbox-{command}"))

    def test_pages_name_pages_and_sections_that_there_are(self):
        for page in self.PAGES:
            for other in re.findall(r"(?m)^\.(?:It )?Xr (clearbox\S*) 1", manual(page)):
                self.assertIn(other, self.PAGES, page)
            for section in re.findall(r"(?m)^\.Sx (.+?)(?: [.,;:)]+)*$", manual(page)):
                self.assertIn(f".Sh {section}\n", manual(page), page)

    def test_their_macros_are_right(self):
        if not shutil.which("mandoc"):
            print("\nleft out: mandoc is not installed", flush=True)
            self.skipTest("mandoc is not installed")
        for page in self.PAGES:
            lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", SOURCE / "docs" / f"{page}.1"],
                                  capture_output=True, text=True)
            self.assertEqual((lint.returncode, lint.stdout + lint.stderr), (0, ""), page)


class Commands(CliTest):
    def test_no_command_prints_help_to_people(self):
        result = self.run_cli()
        self.assertEqual(result.returncode, USAGE)
        self.assertEqual(result.stdout, "")
        self.assertIn("Usage: clearbox COMMAND", result.stderr)

    def test_help_goes_to_standard_output(self):
        for arguments in (["--help"], ["-h"], ["help"]):
            result = self.run_cli(*arguments)
            self.assertEqual((result.returncode, result.stderr), (OK, ""))
            self.assertIn("learn", result.stdout)
            self.assertIn("devices", result.stdout)

    def test_help_of_a_command(self):
        for command in COMMANDS:
            asked = self.run_cli("help", command)
            flagged = self.run_cli(command, "--help")
            self.assertEqual(self.run_cli(command, "-h").stdout, flagged.stdout)
            self.assertEqual((asked.returncode, asked.stderr), (OK, ""))
            self.assertEqual(asked.stdout, flagged.stdout)
            self.assertIn(f"Usage: clearbox {command}", asked.stdout)

    def test_help_shows_what_to_type_and_where_there_is_more(self):
        for command in COMMANDS:
            shown = self.run_cli(command, "--help").stdout
            examples = re.search(r"^Examples:\n((?:  .+\n)+)\n", shown, re.MULTILINE)[1]
            self.assertGreaterEqual(examples.count(f"clearbox {command}"), 1, shown)
            self.assertTrue(shown.endswith(f"\nMore: man clearbox-{command}\n"), shown)

    def test_the_flags_of_examples_are_known(self):
        for command in COMMANDS:
            shown = self.run_cli(command, "--help").stdout
            for line in re.findall(rf"^  clearbox {command} (.+)", shown, re.MULTILINE):
                used = set(re.findall(r"(?<= )--([a-z-]+)", " " + line.split("|")[0]))
                self.assertLessEqual(used, flags_of(shown), line)

    def test_help_fits_80_columns(self):
        for arguments in (["--help"], *([command, "--help"] for command in COMMANDS)):
            for line in self.run_cli(*arguments).stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_version(self):
        for flag in ("--version", "-V", "-v"):
            result = self.run_cli(flag)
            self.assertEqual((result.returncode, result.stderr), (OK, ""))
            # Scripts read the first line, people the rest.
            self.assertRegex(result.stdout, r"\Aclearbox \d+\.\d+\.\d+\n")
            for fact in (r"built by +\w+ [\d.]+", r"commit +([0-9a-f]{12}|v\d\S*|none)(-dirty)?\n",
                         r"encoders +device, \w+", r"on a GPU +\w+", r"libavformat \d+\.", r"libavcodec \d+\.",
                         r"H\.264 +device, else \w+", r"OpenCL +\d\.\d through .*/", r"zlib \d", r"libpng \d",
                         r"jansson \d", r"Chart\.js \S"):
                self.assertRegex(result.stdout, fact)
            for line in result.stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_help_about_help(self):
        for arguments in (["help", "help"], ["help", "--help"], ["help", "-h"]):
            result = self.run_cli(*arguments)
            self.assertEqual((result.returncode, result.stderr), (OK, ""))
            self.assertIn("Usage: clearbox help [COMMAND]", result.stdout)

    def test_unknown_command(self):
        self.assert_only_error(self.run_cli("lern"), USAGE, "unknown command 'lern'.*'learn'")
        self.assert_only_error(self.run_cli("xyzzy"), USAGE, "unknown command 'xyzzy'.*--help")
        self.assert_only_error(self.run_cli("help", "xyzzy"), USAGE, "xyzzy")
        self.assert_only_error(self.run_cli("help", "learn", "devices"), USAGE)
        self.assert_only_error(self.run_cli("--nonsense"), USAGE, "unknown flag '--nonsense'")

    def test_a_full_standard_output_is_told(self):
        for arguments in (["--help"], ["--version"], ["learn", "--help"]):
            with open("/dev/full", "w") as full:
                result = self.run_cli(*arguments, stdout=full)
            self.assertEqual(result.returncode, CANNOT_WRITE)
            self.assertIn("standard output", result.stderr)


class Flags(CliTest):
    def test_the_tables_here_name_every_flag(self):
        shown = flags_of(self.run_cli("learn", "--help").stdout)
        self.assertEqual(shown, set(NONSENSE) | set(SWITCHES) | {"help"})

    def test_the_manual_and_help_name_the_same_flags(self):
        """Neither has one that the other does not know, letters included."""
        for command in COMMANDS:
            shown = self.run_cli(command, "--help").stdout
            told = set(re.findall(r"^  (?:-(\w), )?--([a-z-]+)", shown, re.MULTILINE))
            page = manual(f"clearbox-{command}")
            written = re.findall(r"(?m)^\.It Fl (?:(\w) , Fl )?-([a-z-]+)(?: |$)", page)
            self.assertEqual(sorted(told - {("h", "help")}), sorted(written), command)
        for flag in (".Fl h , Fl -help", ".Fl V , Fl v , Fl -version"):
            self.assertIn(flag, manual("clearbox"))

    def test_nonsense_values(self):
        for flag, values in NONSENSE.items():
            spelled = [[f"--{flag}={value}"] for value in values]
            for arguments in [[f"--{flag}", values[0]]] + spelled:
                with self.subTest(arguments=arguments):
                    result = self.learn(*arguments)
                    self.assert_only_error(result, USAGE, f"--{flag} wants ",
                                           re.escape("'" + arguments[-1].split("=")[-1] + "'"))

    def test_a_value_that_is_missing(self):
        for flag in NONSENSE:
            with self.subTest(flag=flag):
                self.assert_only_error(self.learn(f"--{flag}"), USAGE, f"--{flag} wants ",
                                       "nothing follows")

    def test_a_value_that_nobody_asked_for(self):
        for flag in SWITCHES:
            with self.subTest(flag=flag):
                self.assert_only_error(self.learn(f"--{flag}=1"), USAGE, f"--{flag} takes no value")

    def test_the_sentence(self):
        result = self.learn("--hidden", "abc")
        self.assertEqual(result.stderr, "clearbox: --hidden wants a whole number from 1 to 1048576, "
                                        "not 'abc'\n")

    def test_control_characters_do_not_reach_the_terminal(self):
        self.assert_only_error(self.learn("--hidden", "a\nb\033[1m"), USAGE, r"'a\?b\?\[1m'")
        self.assert_only_error(self.learn("--hidden", "9" * 500), USAGE, r"999\.\.\.'")

    def test_unknown_flags(self):
        self.assert_only_error(self.learn("--hiden", "3"), USAGE, "--hiden; did you mean --hidden")
        self.assert_only_error(self.learn("--xyzzy=3"), USAGE, "--xyzzy; 'clearbox learn --help'")
        self.assert_only_error(self.learn("-x"), USAGE, "unknown flag -x")
        self.assert_only_error(self.learn("--s", "3"), USAGE, "--seed", "--schedule", "--scale",
                               "--save")
        self.assert_only_error(self.run_cli("devices", "--hidden", "3"), USAGE, "--hidden")

    def test_arguments_without_a_flag(self):
        self.assert_only_error(self.learn("film.mp4"), USAGE, "'film.mp4'")
        self.assert_only_error(self.run_cli("devices", "0:0"), USAGE, "'0:0'")

    def test_contradictions(self):
        self.assert_only_error(self.learn("--no-video", "-o", "a.mp4"), USAGE, "--no-video",
                               "--output")
        self.assert_only_error(self.learn("--codec", "mpeg4", "--quality", "40"), USAGE,
                               "--quality", "1 to 31")
        for codec, encoder in (("h264", "mpeg4"), ("mpeg4", "libx264"), ("mpeg4", "device")):
            self.assert_only_error(self.learn("--codec", codec, "--encoder", encoder), USAGE,
                                   f"--codec {codec} contradicts --encoder {encoder}")
        self.assert_only_error(self.learn("--encoder", "mpeg4", "--quality", "40"), USAGE,
                               "--quality", "1 to 31 with mpeg4, not '40'")
        self.assert_only_error(self.learn("--encoder", "mpeg4", "--preset", "slow"), USAGE,
                               'preset "slow": the encoder mpeg4 has none')
        for one, two in (("--output", "--save"), ("--save", "--picture"),
                         ("--picture", "--metrics")):
            self.assert_only_error(self.learn(one, "same", two, "same"), USAGE, one, two)

    def test_a_film_that_no_encoder_takes(self):
        """Refused before any work, and libav has nothing to say."""
        for flags, best in ((("--hidden", 1, "--scale", 2340), 580),
                            (("--hidden", 1, "--scale", 584), 580),
                            (("--hidden", 262144, "--scale", 2), 1)):
            with self.subTest(flags=flags):
                result = self.learn("--data", self.folder / "nowhere", *flags)
                self.assert_only_error(result, USAGE, "pixels is too large",
                                       f"scale {best} is the largest")
        result = self.learn("--data", self.folder / "nowhere", "--hidden", 262144, "--codec",
                            "mpeg4")
        self.assert_only_error(result, USAGE, "8191", "H.264")

    def test_encoders_that_are_missing(self):
        """Told before any work, with those there are."""
        result = self.learn("--data", self.folder / "nowhere", "--encoder", "device")
        self.assert_only_error(result, MISSING, "nowhere")  # it is there wherever a device is
        result = self.learn("--encoder", "device", "--preset", "fast")
        self.assert_only_error(result, USAGE, "device", "preset")
        result = self.learn("--data", self.folder / "nowhere", "--encoder", "libopenh264")
        if result.returncode == UNAVAILABLE:
            self.assert_only_error(result, UNAVAILABLE, "lacks libopenh264", "it has .*mpeg4")

    def test_endings_that_are_no_film_s(self):
        for name in ("film.2", "c.MOV", "d.avi", "e.png", "f/g.h.ogv"):
            self.assert_only_error(self.learn("-o", name), USAGE, re.escape(name), "no film",
                                   r"\.mp4, \.m4v, \.mkv, \.webm, \.gif, \.webp, \.apng or \.ts")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_picture_that_is_too_large(self):
        self.assert_only_error(self.learn("--hidden", 1024, "--scale", 2340), USAGE, "65,?535")


if __name__ == "__main__":
    main()
