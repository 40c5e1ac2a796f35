"""What people see: a bar on a terminal, plain lines elsewhere, colours only where wanted."""

import os
import pty
import re
import select

from support import OK, CliTest, environment, main, start

ESCAPE = "\033["


class Terminal(CliTest):
    def setUp(self):
        super().setUp()
        # Long enough for a bar to be drawn several times.
        self.flags = (*self.small(train=6000)[:-2], "--batch", 1, "--epochs", 2, "--no-video")

    def on_terminal(self, *flags, **changes):
        """Standard error as a terminal of 80 columns would get it."""
        ours, theirs = pty.openpty()
        process = start("learn", *self.flags, *flags, cwd=self.folder, stderr=theirs,
                        env=environment(**changes))
        self.addCleanup(process.kill)
        os.close(theirs)
        shown = b""
        while True:
            ready, _, _ = select.select([ours], [], [], 120)
            self.assertTrue(ready, "nothing for two minutes")
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        os.close(ours)
        out, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, OK, shown)
        self.assertEqual(out, "")
        return shown.decode()

    def bars(self, shown):
        return re.findall(r"epoch \d+/\d+ .*? left", shown)

    def test_a_bar(self):
        shown = self.on_terminal()
        self.assertGreater(len(self.bars(shown)), 1, shown)
        self.assertIn(ESCAPE, shown)
        self.assertRegex(shown, r"\d+ % .*images/s .*\d:\d\d left")

    def test_nothing_is_wider_than_80_columns(self):
        device = re.compile(r"\d+:\d+")
        for changes in ({}, {"LC_ALL": "C"}):
            shown = re.sub(r"\033\[\d*m", "", self.on_terminal(**changes))
            for line in re.split(r"[\r\n]+", shown):
                if not device.search(line) or " left" in line:  # names are as long as they are
                    self.assertLessEqual(len(line), 80, line)

    def test_a_narrow_window(self):
        shown = re.sub(r"\033\[\d*m", "", self.on_terminal(COLUMNS=40))
        for bar in self.bars(shown):
            self.assertLess(len(bar) + 2, 40)

    def test_no_color(self):
        shown = self.on_terminal(NO_COLOR=1)
        self.assertNotIn(ESCAPE, shown)
        self.assertGreater(len(self.bars(shown)), 1)

    def test_an_empty_no_color_counts_for_nothing(self):
        self.assertIn(ESCAPE, self.on_terminal(NO_COLOR=""))

    def test_a_dumb_terminal(self):
        for term in ("dumb", None):
            shown = self.on_terminal(TERM=term)
            self.assertNotIn(ESCAPE, shown)
            self.assertEqual(shown.count("\r"), shown.count("\r\n"))

    def test_plain_on_a_terminal(self):
        shown = self.on_terminal("--progress", "plain")
        self.assertEqual(shown.count("\r"), shown.count("\r\n"))

    def test_a_pipe_gets_plain_lines(self):
        result = self.learn(*self.flags)
        self.assert_done(result)
        self.assertNotIn(ESCAPE, result.stderr)
        self.assertNotIn("\r", result.stderr)
        self.assertEqual(result.stdout, "")
        rows = [line for line in result.stderr.splitlines()
                if re.fullmatch(r" +\d+ +[\d.]+ +[\d.]+ +[\d.]+ % +[\d.]+", line)]
        self.assertEqual(len(rows), 2, result.stderr)

    def test_a_bar_that_was_asked_for(self):
        result = self.learn(*self.flags, "--progress", "bar")
        self.assert_done(result)
        self.assertGreater(len(self.bars(result.stderr)), 1)
        self.assertNotIn(ESCAPE, result.stderr)

    def test_ascii_where_the_locale_wants_it(self):
        self.assertTrue(self.on_terminal(LC_ALL="C").isascii())

    def test_the_devices_table_fits(self):
        ours, theirs = pty.openpty()
        process = start("devices", cwd=self.folder, stdout=theirs, env=environment(COLUMNS=80))
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        os.close(ours)
        self.assertEqual(process.wait(timeout=60), OK)
        process.communicate()
        for line in re.sub(r"\033\[\d*m", "", shown.decode()).splitlines():
            self.assertLessEqual(len(line), 80, line)


if __name__ == "__main__":
    main()
