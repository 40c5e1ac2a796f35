# SPDX-License-Identifier: MIT
"""What kits brought back, as a table in Markdown: a row for each platform, with the reasons of what it cannot do."""
import collections
import json
import os
import re
import tarfile

MOST_BYTES = 16 << 20  # of a file in an archive
FAMILIES = ("cpu", "gpu")
# What Oclgrind says; of itself it ends well after that.
WATCHED = re.compile(r"(?m)^.*(?:data race at|Invalid (?:read|write|argument)|[Uu]ninitialized (?:value|address|data)|"
                     r"divergence detected|Unsupported instruction).*$")
PLACE = re.compile(r"<?\S*/\S+:\d+:\d+\S*")  # of a compiler, in a file that is gone
SAYS = re.compile(r"(?m)^clearbox: (.*(?:(?<=:)\s+.*)?)$")
HEADS = ("platform", "OpenCL", "self-test cpu / gpu", "verify cpu / gpu", "tests", "film", "what it cannot, and why")


class Fault(Exception):
    pass


def read_archive(path):
    """Texts of an archive by their names, without films; nothing is unpacked."""
    files = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                if member.isfile() and member.size <= MOST_BYTES and not member.name.endswith((".mp4", ".gz")):
                    files[os.path.basename(member.name)] = archive.extractfile(member).read().decode("utf-8", "replace")
        summary = json.loads(files["summary.json"])
        if not isinstance(summary["steps"], list):
            raise KeyError("steps")
    except (OSError, EOFError, KeyError, TypeError, ValueError, tarfile.TarError) as error:
        raise Fault(f"{os.path.basename(path)} is no archive of a kit: {error}") from None
    return files, summary


def json_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def said(files, step):
    """The program's last sentence, with the first line of what it quotes."""
    sentences = SAYS.findall(files.get(f"{step}.log", ""))
    return sentences[-1] if sentences else ""


def ending(step):
    """How a step that is not done ended."""
    state, rc = step.get("state"), step.get("rc")
    return f"{state}, exit {rc}" if state == "failed" else f"{state} after {step.get('seconds')} s"


class Row:
    """A platform's cells, and the reasons of what is not as it should be."""

    def __init__(self, name, files, summary):
        self.name, self.files = name, files
        self.steps = {step["name"]: step for step in summary["steps"]}
        self.summary = summary
        self.remarks = []
        self.differs = False  # what passed the self-test computes other bits: never right

    def remark(self, about, reason):
        """One reason for several: the self-test's is also why `verify` and the film end."""
        lines = [line for line in str(reason).splitlines() if line.strip()][:2]
        reason = " ".join(PLACE.sub(" ", " ".join(lines)).split()) or "no reason was given"
        for abouts, other in self.remarks:
            if reason in other or other in reason:
                abouts.append(about)
                return
        self.remarks.append(([about], reason))

    def reasons(self):
        return "; ".join(f"{', '.join(abouts)}: {reason}" for abouts, reason in self.remarks)

    def opencl(self):
        words = self.summary.get("opencl", ""), self.summary.get("driver", "")
        return ", ".join(dict.fromkeys(word for word in words if word)) or self.summary.get("name", "")

    def self_test(self):
        step = self.steps.get("devices")
        if step is None:
            return "–"
        devices = json_of(self.files.get("devices.out", "")) or []
        ours = [device for device in devices if device.get("spec") == self.summary.get("device")]
        if not ours:
            self.remark("self-test", said(self.files, "devices") or ending(step))
            return ending(step)
        cells = []
        for name in FAMILIES:
            found = [family for family in ours[0].get("families", []) if family.get("family") == name]
            if found and not found[0].get("passed"):
                self.remark(name, found[0].get("reason"))
            cells.append("–" if not found else "passed" if found[0].get("passed") else "refused")
        return " / ".join(cells)

    def verify(self, family):
        name = f"verify-{family}"
        step = self.steps.get(name)
        if step is None or step["state"] == "skipped":
            return "–"
        told = json_of(self.files.get(f"{name}.out", ""))
        runs = told.get("runs") if isinstance(told, dict) else None
        if runs:
            wrong = [run for run in runs if not run.get("equal")]
            if wrong:
                self.differs = True
                self.remark(f"verify {family}", said(self.files, name))
                return f"**{len(wrong)} of {len(runs)} differ**"
            if step["state"] == "done":
                return f"{len(runs)} equal"
            self.remark(f"verify {family}", said(self.files, name) or ending(step))
            return f"{len(runs)} equal, then {ending(step)}"
        self.remark(f"verify {family}", said(self.files, name) or ending(step))
        return "refused" if step["state"] == "failed" and step.get("rc") in (69, 70) else ending(step)

    def tests(self):
        gone = sorted(name for name, step in self.steps.items() if step["state"] in ("skipped", "stopped")
                      or step["state"] == "cut short" and name.startswith("test_"))
        if gone:
            self.remark("no time for", ", ".join(gone))
        ran = {name: step for name, step in self.steps.items() if name.startswith("test_")
               and step["state"] not in ("skipped", "left out", "stopped", "cut short")}
        if not ran:
            return "–"
        good = []
        for name, step in ran.items():
            reason = self.watched(name) or step["state"] != "done" and (self.why_failed(name) or ending(step))
            if reason:
                self.remark(name, reason)
            else:
                good.append(name)
        left_out = sum(len(re.findall(r"(?m)^\[  SKIPPED \]", self.files.get(f"{name}.out", ""))) for name in ran)
        return f"{len(good)} of {len(ran)}" + (f", {left_out} cases left out" if left_out else "")

    def why_failed(self, name):
        text = self.files.get(f"{name}.log", "") + self.files.get(f"{name}.out", "")
        if self.steps[name]["state"] != "failed":
            return ""
        found = re.search(r"no device to test on: (.*)", text)
        return found[1] if found else ""

    def watched(self, name):
        """What Oclgrind reports of a test, first."""
        found = WATCHED.search(self.files.get(f"{name}.log", ""))
        return found and found[0].strip()

    def film(self):
        """The hashes of weights and film, or why there are none."""
        step = self.steps.get("film-64")
        if step is None or step["state"] in ("skipped", "cut short"):
            return None
        lines = self.files.get("film-64.jsonl", "").strip().splitlines()
        told = json_of(lines[-1]) if lines else None
        if step["state"] == "done" and isinstance(told, dict) and "weights_sha256" in told:
            return told["weights_sha256"], told.get("film_sha256")
        self.remark("film", said(self.files, "film-64") or ending(step))
        return ending(step) if step["state"] != "failed" else "refused"


def film_cells(rows):
    """Whether weights and film are those of the others."""
    films = {row: row.film() for row in rows}
    pairs = [film for film in films.values() if isinstance(film, tuple)]
    weights = collections.Counter(pair[0] for pair in pairs).most_common(1)
    films_seen = collections.Counter(pair[1] for pair in pairs).most_common(1)
    cells = {}
    for row, film in films.items():
        if isinstance(film, tuple):
            row.differs |= film[0] != weights[0][0]
            cells[row] = ("**other weights**" if film[0] != weights[0][0] else
                          "same" if film[1] == films_seen[0][0] else "same weights, other film")
        else:
            cells[row] = film or "–"
    return cells


def cell(text):
    return re.sub(r"[|\x00-\x1f]", "/", str(text))


def make(results):
    """The table of (platform, archive, reason), one of the latter two, and the names of what differs."""
    rows, cells = [], {}
    for platform, path, _ in results:
        if path:
            rows.append(Row(platform, *read_archive(path)))
    films = film_cells(rows)
    for row in rows:
        cells[row.name] = [row.opencl(), row.self_test(), " / ".join(row.verify(family) for family in FAMILIES),
                           row.tests(), films[row], row.reasons()]
    lines = [f"| {' | '.join(HEADS)} |", "|" + " --- |" * len(HEADS)]
    for platform, path, reason in results:
        values = cells[platform] if path else ["–"] * (len(HEADS) - 2) + [reason]
        lines.append("| " + " | ".join(map(cell, [platform, *values])) + " |")
    commits = sorted({row.summary.get("commit", "") for row in rows})
    dates = sorted({row.summary.get("date", "")[:10] for row in rows})
    if rows:
        lines += ["", f"clearbox {', '.join(commits)}; {' to '.join(dict.fromkeys([dates[0], dates[-1]]))}."]
    return "\n".join(lines) + "\n", [row.name for row in rows if row.differs]
