# SPDX-License-Identifier: MIT
"""What bash, zsh and fish complete, by the scripts that `clearbox completions` prints."""

import os
import pty
import re
import select
import shutil
import subprocess

from support import CANNOT_WRITE, OK, PROGRAM, USAGE, CliTest, environment, main

COMMANDS = re.findall(r"^  ([a-z]+)  ", subprocess.run([PROGRAM, "--help"], check=True, text=True,
                                                       capture_output=True).stdout, re.MULTILINE)

# What the shells' functions for files come down to, seen from without.
BASH = """
compopt() { printf '<%s>\\n' "$*"; }
source "$1"; shift
COMP_CWORD=$1; shift
COMP_WORDS=("$@")
_clearbox "$PROGRAM" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def have(shell):
    if not shutil.which(shell):
        print(f"\nleft out: {shell} is not installed", flush=True)
        return False
    return True


def split(word):
    """As bash cuts the word of a line for COMP_WORDS: "--device", "=", "0", ":", "0"."""
    return [part for part in re.split("([=:]+)", word) if part] or [""]


class Completions(CliTest):
    def setUp(self):
        super().setUp()
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "clearbox").symlink_to(PROGRAM)
        self.env = environment(PATH=f"{bin_folder}:{os.environ['PATH']}", HOME=self.folder,
                               PROGRAM=PROGRAM)

    def script(self, shell):
        """Where it is; the folder's name has a blank, and is left out."""
        path = self.folder / "scripts" / ("_clearbox" if shell == "zsh" else "clearbox")
        path.parent.mkdir(exist_ok=True)
        result = self.run_cli("completions", shell)
        self.assertEqual((result.returncode, result.stderr), (OK, ""))
        path.write_text(result.stdout)
        return f"./scripts/{path.name}"

    def shell(self, *command, env=None):
        result = subprocess.run(command, env=env or self.env, cwd=self.folder, text=True,
                                capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual((result.returncode, result.stderr), (0, ""), command)
        return result.stdout

    def bash(self, *words, breaks="\"'@><=;|&(:", **changes):
        """What is offered when the last of the words is being typed."""
        line = ["clearbox"]
        for word in words:
            line += split(word) if "=" in breaks else [word]
        env = dict(self.env, COMP_WORDBREAKS=breaks, **changes)
        out = self.shell("bash", "-c", f"COMP_WORDBREAKS='{breaks.replace(chr(39), '')}'\n{BASH}",
                         "bash", self.script("bash"), str(len(line) - 1), *line, env=env)
        return sorted(out.split())

    def help_of(self, command):
        return self.run_cli(command, "--help").stdout

    def devices(self):
        rows = self.run_cli("devices", "--list").stdout.splitlines()
        self.assertGreater(len(rows), 0)
        return [row.split("\t")[0] for row in rows]

    def beginning(self):
        """What to type of the first device, so that TAB does the rest."""
        first, *others = self.devices()
        return first if any(other.startswith(first[:-1]) for other in others) else first[:-1]

    def on_terminal(self, *command, before, typed):
        """What an interactive shell makes of the typed keys. `clearbox` prints its arguments."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe(command[0], command, dict(self.env, TERM="dumb"))
        shown = b""
        ends = [b"READY", b"READY", b"<end>"]
        keys = ["clearbox() { printf '<%s>' \"$@\"; printf '%s\\n' '<e''nd>'; }; PS1=RE'AD'Y\n",
                f"{before}\n", f"{typed}\n"]
        for end, line in zip(ends, keys):
            os.write(terminal, line.encode())
            shown = b""
            while end not in shown and select.select([terminal], [], [], 60)[0]:
                try:
                    shown += os.read(terminal, 65536)
                except OSError:
                    break
            self.assertIn(end, shown, shown.decode())
        os.close(terminal)
        os.waitpid(pid, 0)
        return re.findall("<([^<>]*)>", shown.decode().split("<end>")[0])


class Bash(Completions):
    def test_commands(self):
        self.assertEqual(self.bash(""), sorted(COMMANDS))
        self.assertEqual(self.bash("le"), ["learn"])
        self.assertEqual(self.bash("--"), ["--help", "--version"])
        self.assertEqual(self.bash("help", ""), sorted(COMMANDS))
        self.assertEqual(self.bash("completions", ""), ["bash", "fish", "zsh"])

    def test_every_flag_that_help_names(self):
        for command in COMMANDS:
            told = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", self.help_of(command), re.MULTILINE)
            self.assertEqual(self.bash(command, "-"), sorted(told), command)

    def test_every_choice_that_help_names(self):
        seen = 0
        for command in COMMANDS:
            for flag, choices in re.findall(r"^  (?:-\w, )?(--[a-z-]+) ((?:[\w-]+\|)+[\w-]+)",
                                            self.help_of(command), re.MULTILINE):
                self.assertEqual(self.bash(command, flag, ""), sorted(choices.split("|")), flag)
                self.assertEqual(self.bash(command, f"{flag}="), sorted(choices.split("|")), flag)
                seen += 1
        self.assertGreater(seen, 10)
        self.assertEqual(self.bash("learn", "--encoder", "libx"), ["libx264"])
        self.assertEqual(self.bash("learn", "--hidden", "8", "--tone", "s"), ["signed"])

    def test_files_and_folders(self):
        """Left to readline."""
        for words in (("learn", "--output", "f"), ("learn", "-o", ""), ("learn", "--save=f"),
                      ("learn", "--init", ""), ("bench", "--plot", ""), ("look", "m"),
                      ("look", "--no-clobber", "")):
            self.assertEqual(self.bash(*words), ["<-o", "default>"], words)
        self.assertEqual(self.bash("verify", "--data", "d"), ["<-o", "dirnames>"])

    def test_devices(self):
        every = sorted(["gpu", "cpu", *self.devices()])
        self.assertEqual(self.bash("learn", "--device", ""), every)
        self.assertEqual(self.bash("verify", "--device="), every)
        self.assertEqual(self.bash("verify", "--device", "g"), ["gpu"])
        # What is before the colon counts as a word of its own.
        spec = self.devices()[0]
        rest = spec.split(":")[1]
        self.assertIn(rest, self.bash("learn", "--device", spec.split(":")[0] + ":"))
        self.assertIn(rest, self.bash("learn", f"--device={spec.split(':')[0]}:"))
        self.assertIn(f"--device={spec}", self.bash("learn", "--device=", breaks=" "))

    def test_lists(self):
        self.assertEqual(self.bash("bench", "--schedule", "fused,s"), ["fused,sparse",
                                                                       "fused,stepwise"])
        self.assertEqual(self.bash("bench", "--device", "gpu,c"), ["gpu,cpu"])
        self.assertEqual(self.bash("learn", "--schedule", "fused,s"), [])

    def test_words(self):
        self.assertEqual(self.bash("verify", "lesson-4"), ["lesson-4096"])
        self.assertEqual(self.bash("verify", "lesson-64", "--all", "nll-10"),
                         ["nll-100", "nll-1024-epochs-5"])
        self.assertEqual(self.bash("verify", "--family", "cpu", "nll-3"), ["nll-33-batch-1"])
        for words in (("learn", ""), ("learn", "--hidden", ""), ("learn", "--no-video", ""),
                      ("nonsense", ""), ("nonsense", "--"), ("learn", "--nonsense=")):
            self.assertEqual(self.bash(*words), [], words)

    def test_where_no_device_can_be_listed(self):
        """Nothing is said, and a driver that never answers is not waited for."""
        self.assertEqual(self.bash("learn", "--device", "", OCL_ICD_VENDORS="/nowhere"),
                         ["cpu", "gpu"])
        stuck = self.folder / "stuck"
        stuck.write_text("#!/bin/sh\necho trouble >&2\nexec sleep 600\n")
        stuck.chmod(0o755)
        self.assertEqual(self.bash("learn", "--device", "", PROGRAM=str(stuck)), ["cpu", "gpu"])

    def test_interactively(self):
        before = f"set +o history; bind 'set enable-bracketed-paste off'; source {self.script('bash')}"
        spec = self.devices()[0]
        (self.folder / "a film.mp4").touch()
        typed = f"clearbox lear\t--recipe=n\t--device {self.beginning()}\t-o a\\ f\t--fami\tg\t"
        self.assertEqual(self.on_terminal("bash", "--noprofile", "--norc", "-i", before=before,
                                          typed=typed)[:8],
                         ["learn", "--recipe=nll", "--device", spec, "-o", "a film.mp4", "--family",
                          "gpu"])


class Zsh(Completions):
    def setUp(self):
        super().setUp()
        if not have("zsh"):
            self.skipTest("zsh is not installed")

    def test_the_script_is_one(self):
        self.shell("zsh", "-n", self.script("zsh"))

    def test_interactively(self):
        script = self.script("zsh")
        spec = self.devices()[0]
        (self.folder / "a film.mp4").touch()
        typed = (f"clearbox lear\t--recipe=n\t--device {self.beginning()}\t-o a\\ f\t--fami\tg\t")
        arguments = ["learn", "--recipe=nll", "--device", spec, "-o", "a film.mp4", "--family=gpu"]
        for before in (f"fpath=($PWD/scripts $fpath); autoload -Uz compinit; compinit -u -D",
                       f"autoload -Uz compinit; compinit -u -D; source {script}"):
            shown = self.on_terminal("zsh", "-f", "-i", before=before, typed=typed)
            self.assertEqual(shown[:7], arguments)


class Fish(Completions):
    def setUp(self):
        super().setUp()
        if not have("fish"):
            self.skipTest("fish is not installed")

    def fish(self, line):
        script = self.script("fish")
        out = self.shell("fish", "--no-config", "-c",
                         f"source {script}; complete -C '{line}'")
        return sorted(row.split("\t")[0] for row in out.splitlines())

    def test_the_script_is_one(self):
        self.shell("fish", "--no-config", "-n", self.script("fish"))

    def test_what_it_offers(self):
        self.assertEqual(self.fish("clearbox "), sorted(COMMANDS))
        self.assertEqual(self.fish("clearbox learn --rec"), ["--recipe"])
        self.assertEqual(self.fish("clearbox learn --recipe="), ["--recipe=lesson", "--recipe=nll"])
        self.assertEqual(self.fish("clearbox verify --device "),
                         sorted(["gpu", "cpu", *self.devices()]))
        self.assertEqual(self.fish("clearbox bench --schedule fused,s"),
                         ["fused,sparse", "fused,stepwise"])
        self.assertEqual(self.fish("clearbox help lea"), ["learn"])
        self.assertEqual(self.fish("clearbox help learn --"), ["--help"])
        self.assertEqual(self.fish("clearbox verify lesson-4"), ["lesson-4096"])
        self.assertEqual(self.fish("clearbox learn "), [])
        (self.folder / "film.mp4").touch()
        self.assertEqual(self.fish("clearbox learn -o f"), ["film.mp4"])
        self.assertEqual(self.fish("clearbox learn --data b"), ["bin/"])

    def test_every_flag_that_help_names(self):
        for command in COMMANDS:
            told = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", self.help_of(command), re.MULTILINE)
            self.assertEqual(self.fish(f"clearbox {command} --"), sorted(told), command)


class Command(Completions):
    def test_shells_that_there_are_none_for(self):
        self.assert_only_error(self.run_cli("completions"), USAGE, "bash, zsh or fish")
        self.assert_only_error(self.run_cli("completions", "bash", "zsh"), USAGE, "wants a shell")
        self.assert_only_error(self.run_cli("completions", "bahs"), USAGE, "did you mean 'bash'")
        self.assert_only_error(self.run_cli("completions", "powershell"), USAGE,
                               "'powershell', but for bash, zsh and fish")

    def test_a_full_standard_output_is_told(self):
        for shell in ("bash", "zsh", "fish"):
            with open("/dev/full", "w") as full:
                result = self.run_cli("completions", shell, stdout=full)
            self.assertEqual(result.returncode, CANNOT_WRITE)


if __name__ == "__main__":
    main()
