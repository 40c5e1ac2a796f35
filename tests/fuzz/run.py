#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs fuzzers for so much processor time each, and says what came of it.

  run.py BUILD SUBJECT… [--seconds N] [--keep]

BUILD is a build folder with CBX_FUZZ=ON. A fuzzer begins with corpus/SUBJECT, the files of seeds.py and what it
found before, in BUILD/fuzz/SUBJECT; an input that fails is left there and ends it all. With --keep,
corpus/SUBJECT becomes the fewest files that reach as much; those with a name stay.
"""
import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# Bytes of an input; weights are what a network of one neuron takes, and some.
LONGEST = {"checkpoint": 9000, "decoder": 3000, "weights": 5000, "still": 4000, "bench_result": 4000, "planes": 700}
# Seconds by the clock that an input may take, on a machine that may be busy; a device's driver compiles
# the first time.
USUAL_PATIENCE = 25
PATIENCE = {"planes": 120}
PIECE = 120 # seconds, after which the processor time is looked at


def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def flags_of_the_program():
    """Words for the command line that a fuzzer would be long in finding."""
    names = set()
    folder = os.path.join(HERE, "../../host/cli")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            names.update(re.findall(r'^ +\{"([a-z][a-z-]+)", ', file.read(), re.M))
    return [f'"--{name}"' for name in sorted(names)]


class Fuzzer:
    def __init__(self, build, subject):
        self.subject = subject
        self.folder = os.path.join(build, "fuzz", subject)
        self.own = os.path.join(self.folder, "corpus")
        self.kept = os.path.join(HERE, "corpus", subject)
        self.seeds = os.path.join(build, "fuzz", "seeds", subject)
        self.command = [os.path.join(build, "fuzz_" + subject), "-rss_limit_mb=2048",
                        f"-timeout={PATIENCE.get(subject, USUAL_PATIENCE)}",
                        f"-max_len={LONGEST.get(subject, 1500)}", f"-artifact_prefix={self.folder}/"]
        os.makedirs(self.own, exist_ok=True)
        os.makedirs(self.kept, exist_ok=True)
        if subject == "options":
            words = os.path.join(self.folder, "words")
            with open(words, "w", encoding="utf-8") as file:
                file.write("\n".join(flags_of_the_program()) + "\n")
            self.command.append("-dict=" + words)
        # A driver that compiles leaks where nobody can say that it was the driver.
        leaks = 0 if subject == "planes" else 1
        suppressions = os.path.join(HERE, "../lsan.supp")
        self.environment = dict(
            os.environ, ASAN_OPTIONS=f"detect_leaks={leaks}",
            LSAN_OPTIONS=f"suppressions='{suppressions}':print_suppressions=0")

    def call(self, *arguments):
        return subprocess.run([*self.command, *arguments], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace")

    def run(self, seconds):
        start, begun, executions, reached = spent(), time.monotonic(), 0, ""
        while spent() - start < seconds:
            left = seconds - (spent() - start)
            result = self.call(f"-max_total_time={max(10, min(PIECE, int(left) + 1))}",
                               "-len_control=20", "-print_final_stats=1", self.own, self.kept,
                               self.seeds)
            if result.returncode != 0:
                sys.exit(f"{self.subject}:\n{result.stderr[-6000:]}")
            executions += int(re.search(r"number_of_executed_units: (\d+)", result.stderr)[1])
            reached = re.search(r"DONE +(cov: \d+ ft: \d+)", result.stderr)[1]
        print(json.dumps({"subject": self.subject, "executions": executions,
                          "processor_seconds": round(spent() - start),
                          "seconds": round(time.monotonic() - begun), "reached": reached}), flush=True)

    def keep(self):
        with tempfile.TemporaryDirectory() as fewest:
            result = self.call("-merge=1", "-use_counters=0", fewest, self.own, self.kept, self.seeds)
            if result.returncode != 0:
                sys.exit(f"{self.subject}:\n{result.stderr[-6000:]}")
            for name in os.listdir(self.kept):
                if re.fullmatch(r"[0-9a-f]{40}", name):
                    os.remove(os.path.join(self.kept, name))
            for name in os.listdir(fewest):
                shutil.copy(os.path.join(fewest, name), self.kept)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("subjects", nargs="+")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    os.nice(19)
    build = os.path.abspath(arguments.build)
    subprocess.run([sys.executable, "-B", os.path.join(HERE, "seeds.py"),
                    os.path.join(build, "fuzz", "seeds")], check=True)
    for subject in arguments.subjects:
        fuzzer = Fuzzer(build, subject)
        fuzzer.run(arguments.seconds)
        if arguments.keep:
            fuzzer.keep()


if __name__ == "__main__":
    main()
