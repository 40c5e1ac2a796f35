#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs clearbox and its peers in turns and prints Markdown tables with medians and ratios.

usage: run.py [--clearbox build/clearbox] [--hidden 64,1024] [--parts training,job,processor,start]
              [--peers lesson,numpy,torch,jax,tinygrad] [--repetitions 3] [--threads N] [--epochs 5]
              [--python python3] [--framework-python python3] [--lesson-epochs H:N,...] [--output FILE.md]

  training   seconds an epoch of training alone, no film, no evaluation
  job        the whole job with its film, from the start of the program to its end
  processor  processor seconds of the whole job, against those of training alone and of the ffmpeg program
             that encodes the same raw frames with the same settings
  start      seconds from the start of the program's job to the first batch, with warm and cold kernel caches

Both sides alternate, because machines are noisy; numbers are medians. All get the same processors: --threads of
them (default: all). Peers that are not installed for --python are left out and named. See README.md beside this.
"""
import argparse
import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
NOT_INSTALLED = 77
SCRIPTS = {"lesson": "lesson.py", "numpy": "numpy_fast.py", "torch": "torch_train.py",
           "jax": "jax_train.py", "tinygrad": "tinygrad_train.py"}
TITLES = {"lesson": "lesson.py", "numpy": "NumPy + OpenBLAS", "torch": "PyTorch", "jax": "JAX",
          "tinygrad": "tinygrad, OpenCL"}
# As host/film/codec.c has it; what the two films say about themselves is compared.
X264 = "ipratio=3:dct-decimate=0:psy=0:scenecut=0:weightp=0:rc-lookahead=0"


class Missing(Exception):
    pass


# ---- running programs ----

class Outcome:
    def __init__(self, text, wall, processor):
        self.text, self.wall, self.processor = text, wall, processor


def environment(options, **changes):
    threads = str(options.threads)
    env = dict(os.environ, OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads, MKL_NUM_THREADS=threads,
               POCL_MAX_PTHREAD_COUNT=threads, XLA_FLAGS=os.environ.get("XLA_FLAGS", ""))
    env.update(changes)
    return env


def bind(options):
    """All programs of a comparison share the same processors."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[:options.threads])


def run(options, command, stdin=None, **changes):
    """Runs a program to its end: what it printed, wall seconds, processor seconds with its children's."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        before = os.times()
        process = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=err,
                                   env=environment(options, **changes), preexec_fn=lambda: bind(options))
        if stdin:
            stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        wall = os.times().elapsed - before.elapsed
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        text, complaint = out.read(), err.read()
    if process.returncode == NOT_INSTALLED:
        raise Missing(text.strip() or complaint.strip())
    if process.returncode != 0:
        if re.search(r"^(ModuleNotFound|Import)Error", complaint, re.MULTILINE):
            raise Missing(complaint.strip().splitlines()[-1])
        sys.exit(f"{' '.join(map(str, command))}\nexit code {process.returncode}\n{text}{complaint}")
    return Outcome(text, wall, usage.ru_utime + usage.ru_stime)


def clearbox(options, hidden, film=None, epochs=None, flags=(), **changes):
    """Runs `clearbox learn`; the outcome also has its JSON events."""
    command = [options.clearbox, "learn", "--hidden", str(hidden), "--epochs", str(epochs or options.epochs),
               "--progress", "json"]
    command += ["-o", film, *flags] if film else ["--no-video"]
    outcome = run(options, command, **changes)
    outcome.events = [json.loads(line) for line in outcome.text.splitlines()]
    outcome.epochs = [event["seconds"] for event in outcome.events if event["type"] == "epoch"]
    outcome.result = outcome.events[-1]
    return outcome


def peer(options, name, hidden, film=None, epochs=None):
    python = options.python if name in ("lesson", "numpy") else options.framework_python or options.python
    command = [python, os.path.join(HERE, "peers", SCRIPTS[name]), "--hidden", str(hidden),
               "--epochs", str(epochs or options.epochs)]
    if name in ("lesson", "numpy"):
        command += ["--out", film] if film else ["--no-video"]
    outcome = run(options, command)
    outcome.epochs = [float(seconds) for seconds in re.findall(r"epoch seconds: ([\d.]+)", outcome.text)]
    if len(outcome.epochs) != (epochs or options.epochs):
        sys.exit(f"{' '.join(command)}\nprinted no seconds an epoch:\n{outcome.text}")
    first = outcome.text.splitlines()[0]
    outcome.about = first if not first.startswith("0 ") else ""
    return outcome


def alternate(options, sides):
    """Each side's outcomes; the sides take turns. A side whose peer is missing becomes its reason."""
    outcomes = {name: [] for name in sides}
    for turn in range(options.repetitions):
        for name, side in sides.items():
            if isinstance(outcomes[name], str):
                continue
            print(f"  {name}, {turn + 1} of {options.repetitions}", file=sys.stderr, flush=True)
            try:
                outcomes[name].append(side())
            except Missing as reason:
                outcomes[name] = str(reason)
    return outcomes


# ---- tables ----

def number(value):
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def spread(values):
    middle = statistics.median(values)
    if len(values) == 1:
        return number(middle)
    return f"{number(middle)} ({number(min(values))}–{number(max(values))})"


def table(heads, rows):
    cells = [heads] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines) + "\n"


def compare(outcomes, measure, notes):
    """Rows of a side by side; clearbox comes first. `notes` collects who was missing."""
    ours = [measure(outcome) for outcome in outcomes["clearbox"]]
    rows = []
    for name, found in outcomes.items():
        if isinstance(found, str):
            notes.append(f"{TITLES.get(name, name)} was left out: {found}")
            continue
        values = [measure(outcome) for outcome in found]
        ratio = statistics.median(values) / statistics.median(ours)
        rows.append((TITLES.get(name, name), spread(values), f"{ratio:.2f} ×"))
        if getattr(found[0], "about", ""):
            notes.append(f"{TITLES[name]}: {found[0].about}")
    return rows


# ---- the parts ----

def later_epochs(outcome):
    """The median epoch; the first, which may hold compilation, is left out where there are others."""
    return statistics.median(outcome.epochs[1:] or outcome.epochs)


def training(options, hidden):
    sides = {"clearbox": lambda: clearbox(options, hidden)}
    notes = []
    for name in options.peers:
        epochs = options.lesson_epochs.get(hidden, options.epochs) if name == "lesson" else options.epochs
        if epochs != options.epochs:
            notes.append(f"lesson.py ran {epochs} of {options.epochs} epochs")
        sides[name] = lambda name=name, epochs=epochs: peer(options, name, hidden, epochs=epochs)
    rows = compare(alternate(options, sides), later_epochs, notes)
    return (f"### Training alone, H = {hidden}\n\nSeconds an epoch; evaluation, loading and start left out.\n\n"
            + table(["program", "seconds an epoch", "clearbox is faster by"], rows) + listing(notes))


def job_seconds(options):
    """The wall seconds of a whole job; those of a job cut short are scaled by its epochs."""
    def measure(outcome):
        missing = options.epochs - len(outcome.epochs)
        return outcome.wall + missing * statistics.median(outcome.epochs)
    return measure


def whole_job(options, hidden):
    notes = []
    with tempfile.TemporaryDirectory() as folder:
        film = os.path.join(folder, "learn.mp4")
        sides = {"clearbox": lambda: clearbox(options, hidden, film)}
        for name in (name for name in options.peers if name in ("lesson", "numpy")):
            epochs = options.lesson_epochs.get(hidden, options.epochs) if name == "lesson" else options.epochs
            if epochs != options.epochs:
                notes.append(f"lesson.py ran {epochs} of {options.epochs} epochs with film; the others were added "
                             "at the same seconds, without their evaluation")
            sides[name] = lambda name=name, epochs=epochs: peer(options, name, hidden, film, epochs)
        rows = compare(alternate(options, sides), job_seconds(options), notes)
    if any(row[0] == TITLES["numpy"] for row in rows):
        notes.append("NumPy's film goes through a pipe to the ffmpeg program with x264's preset ultrafast")
    return (f"### The whole job with its film, H = {hidden}, {options.epochs} epochs\n\n"
            "Seconds from the start of the program to its end.\n\n"
            + table(["program", "seconds", "clearbox is faster by"], rows) + listing(notes))


def x264_options(path):
    """What x264 wrote into the film about its settings."""
    with open(path, "rb") as file:
        found = re.search(rb"x264 - core .*? options: ([ -~]+)", file.read(1 << 22))
    return found.group(1).decode() if found else ""


def ffmpeg(options, hidden, epochs, film):
    """The ffmpeg program on the frames that raw_frames draws, with the settings of `film`."""
    settings = dict(pair.split("=", 1) for pair in x264_options(film).split() if "=" in pair)
    if not settings:
        raise Missing("the film was not made by x264")
    encoded = film + ".ffmpeg.mp4"
    command = ["ffmpeg", "-v", "error", "-y", "-i", "-", "-c:v", "libx264", "-preset", "ultrafast", "-qp",
               settings["qp"], "-bf", "0", "-g", settings["keyint"], "-threads", "1", "-x264-params", X264,
               "-pix_fmt", "yuv420p", encoded]
    drawing = subprocess.Popen([os.path.join(os.path.dirname(options.clearbox), "raw_frames"),
                                os.path.join(ROOT, "data", "mnist"), str(hidden), str(epochs)],
                               stdout=subprocess.PIPE, env=environment(options))
    outcome = run(options, command, drawing.stdout)
    if drawing.wait() != 0:
        sys.exit("raw_frames failed")
    outcome.same = x264_options(encoded) == x264_options(film)
    os.remove(encoded)
    return outcome


def processor(options, hidden):
    epochs = min(options.epochs, options.film_epochs)
    if not shutil.which("ffmpeg"):
        return f"### Processor seconds, H = {hidden}\n\nNot measured: there is no ffmpeg program.\n"
    subprocess.run(["cmake", "--build", os.path.dirname(options.clearbox), "--target", "raw_frames"],
                   check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        film = os.path.join(folder, "learn.mp4")
        sides = {"clearbox": lambda: clearbox(options, hidden, film, epochs, ("--encoder", "libx264")),
                 "by default": lambda: clearbox(options, hidden, os.path.join(folder, "default.mp4"), epochs),
                 "training alone": lambda: clearbox(options, hidden, None, epochs),
                 "ffmpeg": lambda: ffmpeg(options, hidden, epochs, film)}
        outcomes = alternate(options, sides)
    if isinstance(outcomes["ffmpeg"], str):
        return f"### Processor seconds, H = {hidden}\n\nNot measured: {outcomes['ffmpeg']}.\n"
    seconds = {name: [outcome.processor for outcome in found] for name, found in outcomes.items()}
    together = [a + b for a, b in zip(seconds["training alone"], seconds["ffmpeg"])]
    ratios = {name: statistics.median(job / apart for job, apart in zip(seconds[name], together))
              for name in ("clearbox", "by default")}
    encoder = outcomes["by default"][0].result["film"]["encoder"]
    rows = [("clearbox, the whole job, film by libx264", spread(seconds["clearbox"]),
             f"{ratios['clearbox']:.2f} ×"),
            (f"clearbox, the whole job, film by {encoder}", spread(seconds["by default"]),
             f"{ratios['by default']:.2f} ×"),
            ("clearbox, training alone", spread(seconds["training alone"]), ""),
            ("ffmpeg, the same raw frames", spread(seconds["ffmpeg"]), ""),
            ("the last two together", spread(together), "1 ×")]
    same = all(outcome.same for outcome in outcomes["ffmpeg"])
    notes = ["both films by x264 name the same settings" if same else
             "THE TWO FILMS NAME DIFFERENT x264 SETTINGS: the comparison does not hold"]
    return (f"### Processor seconds, H = {hidden}, {epochs} epoch{'s' if epochs > 1 else ''}\n\n"
            + table(["what", "processor seconds", "ratio"], rows) + listing(notes))


def start(options, hidden):
    def cold():
        with tempfile.TemporaryDirectory() as folder:
            return clearbox(options, hidden, epochs=1, POCL_CACHE_DIR=folder, CUDA_CACHE_PATH=folder)

    outcomes = alternate(options, {"warm": lambda: clearbox(options, hidden, epochs=1), "cold": cold})
    rows = [(name, spread([outcome.result["times"]["first_batch"] for outcome in found]))
            for name, found in outcomes.items()]
    return (f"### Start, H = {hidden}\n\nSeconds until the first batch is enqueued: data, device, kernels and "
            "self-test.\n\n" + table(["kernel caches", "seconds"], rows))


def listing(notes):
    return "".join(f"\n- {note}" for note in dict.fromkeys(notes)) + ("\n" if notes else "")


PARTS = {"training": training, "job": whole_job, "processor": processor, "start": start}


# ---- where and with what ----

def first_line(command):
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        return (result.stdout or result.stderr).strip().splitlines()[0]
    except (OSError, IndexError):
        return "none"


def cpu_name():
    try:
        with open("/proc/cpuinfo") as file:
            return re.search(r"model name\s*: (.*)", file.read()).group(1)
    except (OSError, AttributeError):
        return platform.processor() or "unknown"


def numpy_versions(options):
    code = ("import numpy, sys; print('Python', sys.version.split()[0] + ', NumPy', numpy.__version__); "
            "numpy.show_config()")
    result = subprocess.run([options.python, "-c", code], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        return "no NumPy"
    blas = "openblas" if "openblas" in result.stdout.lower() else "BLAS unknown"
    return f"{result.stdout.splitlines()[0]} ({blas})"


def heading(options):
    devices = json.loads(subprocess.run([options.clearbox, "devices", "--json"], capture_output=True, text=True,
                                        check=True).stdout)
    lines = [f"machine: {cpu_name()}, {os.cpu_count()} processors, {options.threads} used; {platform.platform()}",
             f"versions: {first_line([options.clearbox, '--version'])}; {numpy_versions(options)}; "
             f"{first_line(['ffmpeg', '-version'])}",
             *(f"device {device['spec']}: {device['name']}, {device['version']}, driver {device['driver']}"
               for device in devices),
             "command: run.py " + " ".join(sys.argv[1:]),
             f"date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}; "
             f"{options.repetitions} alternating repetitions, medians (and extremes); batch 64, recipe lesson"]
    return "## clearbox beside its peers\n" + listing(lines)


def choices(known):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return names
    return parse


def numbers(text):
    return [int(part) for part in text.split(",")]


def by_hidden(text):
    return {int(part.split(":")[0]): int(part.split(":")[1]) for part in text.split(",") if part}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clearbox", default=os.path.join(ROOT, "build", "clearbox"))
    parser.add_argument("--hidden", type=numbers, default=[64, 1024])
    parser.add_argument("--parts", type=choices(PARTS), default=list(PARTS))
    parser.add_argument("--peers", type=choices(SCRIPTS), default=list(SCRIPTS))
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--film-epochs", type=int, default=1, help="of the part `processor`")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--framework-python", help="the Python of torch, jax and tinygrad, where it is another")
    parser.add_argument("--lesson-epochs", type=by_hidden, default={1024: 1, 4096: 1},
                        help="epochs that lesson.py gets at some H; its seconds are scaled")
    parser.add_argument("--output", help="also write the tables there")
    options = parser.parse_args()
    options.clearbox = os.path.abspath(options.clearbox)
    if not os.access(options.clearbox, os.X_OK):
        parser.error(f"{options.clearbox} is no program; build clearbox first, or name it with --clearbox")
    return options


def main():
    options = parse()
    pieces = [heading(options)]
    print(pieces[0], flush=True)
    clearbox(options, options.hidden[0], epochs=1)      # kernels into the driver's cache
    for hidden in options.hidden:
        for part in options.parts:
            print(f"{part}, H = {hidden}", file=sys.stderr, flush=True)
            pieces.append(PARTS[part](options, hidden))
            print(pieces[-1], flush=True)
    if options.output:
        os.makedirs(os.path.dirname(os.path.abspath(options.output)), exist_ok=True)
        with open(options.output, "w") as file:
            file.write("\n".join(pieces))


if __name__ == "__main__":
    main()
