# SPDX-License-Identifier: MIT
"""What people see: a bar on a terminal, plain lines elsewhere, colours only where wanted."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios

from support import INTERRUPTED, OK, CliTest, environment, main, start, write_dataset

ESCAPE = "\033["
ERASE = "\r\033[J"  # from the line's first column on


def resize(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 40, columns, 0, 0))


def plain(shown):
    return re.sub(r"\033\[\d*[mJ]", "", shown)


class Terminal(CliTest):
    def setUp(self):
        super().setUp()
        self.short = (*self.small(), "--no-video")
        self.endless = (*self.short, "--epochs", 1000000)

    def read_all(self, terminal, enough=None):
        """What is written until the other end is closed; calls `enough` after each part."""
        shown = b""
        while select.select([terminal], [], [], 120)[0]:
            try:
                part = os.read(terminal, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
            if enough:
                enough(shown)
        os.close(terminal)
        return shown.decode()

    def on_terminal(self, *flags, columns=0, enough_bars=3, **changes):
        """What a terminal gets of a run that is stopped once it drew so many bars, if it
        comes that far; 0 columns: it does not know its width."""
        ours, theirs = pty.openpty()
        resize(ours, columns)
        process = start("learn", *flags, cwd=self.folder, stderr=theirs,
                        env=environment(**changes))
        self.addCleanup(process.kill)
        os.close(theirs)
        stopped = []

        def enough(shown):
            if shown.count(b" left") >= enough_bars and not stopped:
                stopped.append(process.send_signal(signal.SIGINT))

        shown = self.read_all(ours, enough)
        out, _ = process.communicate(timeout=300)
        self.assertEqual(process.returncode, INTERRUPTED if stopped else OK, shown)
        self.assertEqual(out, "")
        return shown

    def bars(self, shown):
        return re.findall(r"epoch \d+/\d+ .*? left", shown)

    def test_a_bar(self):
        shown = self.on_terminal(*self.endless)
        self.assertGreater(len(self.bars(shown)), 1, shown)
        self.assertIn(ESCAPE, shown)
        self.assertRegex(shown, r"\d+ % .*images/s .*:.. left")

    def test_nothing_is_wider_than_80_columns(self):
        device = re.compile(r"\d+:\d+")
        for changes in ({}, {"LC_ALL": "C"}):
            shown = re.sub(r"\033\[\d*m", "", self.on_terminal(*self.endless, **changes))
            for line in re.split(r"[\r\n]+", shown):
                if not device.search(line) or " left" in line:  # names are as long as they are
                    self.assertLessEqual(len(line), 80, line)

    def test_a_narrow_window(self):
        shown = re.sub(r"\033\[\d*m", "", self.on_terminal(*self.endless, COLUMNS=40))
        for bar in self.bars(shown):
            self.assertLess(len(bar) + 2, 40)
            self.assertNotIn("images/s", bar)

    def test_done_and_undone_differ_without_colours(self):
        few = ("--epochs", 3, "--data", write_dataset(self.folder / "more", train=6000))
        for locale, done, undone in (("C.UTF-8", "━", "─"), ("C", "#", ".")):
            shown = plain(self.on_terminal(*self.short, *few, "--hidden", 3000, LC_ALL=locale))
            bars = [bar for bar in self.bars(shown) if done in bar]
            self.assertTrue(bars, shown)
            for bar in bars:
                self.assertRegex(bar, f"{re.escape(done)}+{re.escape(undone)}+ ")

    def test_a_window_that_becomes_narrower(self):
        ours, theirs = pty.openpty()
        resize(ours, 100)
        # Epochs of many bars: one of them is on the screen when the window changes.
        process = start("learn", *self.endless, "--hidden", 3000, "--data",
                        write_dataset(self.folder / "more", train=6000), cwd=self.folder,
                        stderr=theirs, env=environment())
        self.addCleanup(process.kill)
        os.close(theirs)
        narrowed = []

        def enough(shown):
            if shown.count(b" left") > 2 and not narrowed:
                resize(ours, 55)
                narrowed.append(len(shown))
            elif narrowed and re.search(rb"seconds.*\n.*\d %", shown[narrowed[0]:]):
                process.send_signal(signal.SIGINT)

        shown = self.read_all(ours, enough)
        process.communicate(timeout=300)
        self.assertEqual(process.returncode, INTERRUPTED, shown)
        # The terminal broke the old line; it is erased from its first column, where the
        # cursor waited, and only that once.
        self.assertEqual(shown.count(ERASE), 1, shown)
        self.assertRegex(shown.split(ERASE)[0], r"\r\Z")
        after = plain(shown.split(ERASE)[1])
        head = re.search(r" epoch +loss +validation +accuracy +seconds\r\n", after)
        self.assertTrue(head, after)
        for line in re.split(r"[\r\n]+", after[head.start():]):
            if not line.startswith("clearbox:"):
                self.assertLess(len(line), 55, line)

    def test_the_table_of_epochs_fits(self):
        for columns in (20, 40, 49, 50, 60, 73, 74, 120):
            shown = plain(self.on_terminal(*self.short, columns=columns))
            rows = re.findall(r" +\d+ +\d\.\d{4}.*%.*", shown)
            self.assertEqual(len(rows), 2, shown)
            head = re.findall(r"[^\r\n]*epoch .*(?:accuracy|seconds)", shown)[0]
            for line in [head.rstrip(), *(row.rstrip() for row in rows)]:
                self.assertLessEqual(len(line), max(columns, 27), shown)

    def test_evaluation_is_told_and_counted(self):
        shown = self.on_terminal(*self.short, "--hidden", 40000, columns=80, enough_bars=1000)
        bars = self.bars(shown)
        self.assertTrue(any("evaluating" in bar for bar in bars), shown)
        self.assertTrue(any("loss" in bar for bar in bars), shown)
        for bar in bars:
            self.assertNotIn("100 %", bar)  # the last evaluation is still to come
        shares = [int(re.search(r"(\d+) %", bar)[1]) for bar in bars]
        self.assertEqual(shares, sorted(shares))

    def test_a_new_epoch_begins_with_the_rate_of_the_last(self):
        shown = plain(self.on_terminal(*self.endless, "--batch", 100, enough_bars=40))
        self.assertNotIn(" 0 images/s", shown)

    def test_no_color(self):
        shown = self.on_terminal(*self.endless, NO_COLOR=1)
        self.assertNotIn(ESCAPE, shown)
        self.assertGreater(len(self.bars(shown)), 1)

    def test_an_empty_no_color_counts_for_nothing(self):
        self.assertIn(ESCAPE, self.on_terminal(*self.endless, NO_COLOR=""))

    def test_a_dumb_terminal(self):
        for term in ("dumb", None):
            shown = self.on_terminal(*self.short, TERM=term)
            self.assertNotIn(ESCAPE, shown)
            self.assertEqual(shown.count("\r"), shown.count("\r\n"))

    def test_plain_on_a_terminal(self):
        shown = self.on_terminal(*self.short, "--progress", "plain")
        self.assertEqual(shown.count("\r"), shown.count("\r\n"))

    def test_a_pipe_gets_plain_lines(self):
        result = self.learn(*self.short)
        self.assert_done(result)
        self.assertNotIn(ESCAPE, result.stderr)
        self.assertNotIn("\r", result.stderr)
        self.assertEqual(result.stdout, "")
        rows = [line for line in result.stderr.splitlines()
                if re.fullmatch(r" +\d+ +[\d.]+ +[\d.]+ +[\d.]+ % +[\d.]+", line)]
        self.assertEqual(len(rows), 2, result.stderr)

    def test_a_line_is_written_whole(self):
        """Others may write to the same place: other processes of a job, another clearbox."""
        for arguments in (("learn", *self.short), ("learn", "--hidden", "1" * 99), ("learn", "--data", "not\nthere")):
            with self.subTest(arguments=arguments):
                ours, theirs = os.pipe2(os.O_DIRECT)  # each read gets what one write put there
                process = start(*arguments, cwd=self.folder, stderr=theirs)
                self.addCleanup(process.kill)
                os.close(theirs)
                written = []
                while part := os.read(ours, 65536):
                    written.append(part.decode())
                os.close(ours)
                process.communicate(timeout=300)
                self.assertTrue(written)
                self.assertEqual([part for part in written if not part.endswith("\n")], [])

    def test_a_bar_that_was_asked_for(self):
        process = start("learn", *self.endless, "--progress", "bar", cwd=self.folder)
        self.addCleanup(process.kill)
        shown = ""
        while shown.count(" left") < 3:
            part = process.stderr.read(100)
            self.assertTrue(part, shown)
            shown += part
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertNotIn(ESCAPE, shown)

    def test_ascii_where_the_locale_wants_it(self):
        self.assertTrue(self.on_terminal(*self.endless, LC_ALL="C").isascii())

    def test_the_devices_table_fits(self):
        ours, theirs = pty.openpty()
        process = start("devices", cwd=self.folder, stdout=theirs, env=environment(COLUMNS=80))
        os.close(theirs)
        shown = self.read_all(ours)
        self.assertEqual(process.wait(timeout=300), OK)
        process.communicate()
        for line in re.sub(r"\033\[\d*m", "", shown).splitlines():
            self.assertLessEqual(len(line), 80, line)


if __name__ == "__main__":
    main()
