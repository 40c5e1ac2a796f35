#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Estimates, without a GPU, how many cycles NVIDIA's GPUs need for clearbox's kernels: replays their machine code
with the compiler's own control words on a model of one multiprocessor. README.md beside this says what that is worth.

  nest      the loops of kernels, for a person to say how often they run
  loop      the steady state of loops that multiply: the share of the FP32 peak with so many warps
  kernel    a whole launch: cycles, multiply-adds, what the schedulers waited for, and the parts between barriers
  settings  the model's numbers and where they come from

The machine code comes from the compilers that targets.py finds, or from a file.
"""
import argparse
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import issue_flow as flow  # noqa: E402
import issue_machine as machine  # noqa: E402
import issue_sass as sass  # noqa: E402
import targets  # noqa: E402

TABLE = {"warps", "trips", "branches", "access", "phases", "work"}


class Code:
    """Machine code: `functions` by name; of those compiled here, warps of a group and groups that fit."""

    def __init__(self, options):
        self.warps, self.resident = {}, {}
        if options.sass:
            with open(options.sass, encoding="utf-8") as file:
                self.functions = sass.parse(file.read())
        else:
            self.functions = sass.parse(self.compiled(options))

    def compiled(self, options):
        target = targets.target_of(options.arch)
        with tempfile.TemporaryDirectory() as folder:
            built = targets.compile_program(options.program, target, targets.Tools(options.tools), folder,
                                            dict(options.define))
        if not built.listing:
            raise targets.Missing(built.why)
        for name, usage in built.kernels.items():
            if usage.group:
                self.warps[name] = -(-usage.group // 32)
                self.resident[name] = targets.resident(target, usage, usage.group)[0]
        return built.listing


class Problem:
    """A kernel with what a person's table says of it."""

    def __init__(self, name, code, table, options):
        if set(table) - TABLE:
            raise flow.FlowError(f"{name}: the table has '{sorted(set(table) - TABLE)[0]}'; "
                                 f"there are {', '.join(sorted(TABLE))}")
        self.flow = flow.Flow(code.functions[name])
        self.table, self.options = table, options
        self.values = machine.settings(options.arch, options.set)
        self.access = machine.Access({**table.get("access", {}), **dict(options.access)}, self.flow)
        self.per_group = options.group or table.get("warps") or code.warps.get(name, 2)
        self.resident = options.groups or [code.resident.get(name, 1)]
        self.work = table.get("work")  # multiply-adds of a warp, were nothing left out
        self.phases = ["begin"]

    def walk(self):
        return flow.Walk(self.flow, {**self.table.get("trips", {}), **dict(self.options.trips)},
                         {**self.table.get("branches", {}), **dict(self.options.branch)})

    def marks(self):
        """Phase of each instruction that begins one: named ones, or what comes after each barrier."""
        marks = {self.flow.place(k): v for k, v in self.table.get("phases", {}).items()}
        if not marks:
            marks = {n: f"{i.offset:#x}" for n, i in enumerate(self.flow.code)
                     if n and self.flow.code[n - 1].name == "BAR"}
        self.phases = ["begin"] + list(dict.fromkeys(marks[n] for n in sorted(marks)))
        return {n: self.phases.index(name) for n, name in marks.items()}

    def play(self, player, path, resident, groups, marks=None):
        numbers = [machine.encode(i, self.values, self.access, self.options.level, (marks or {}).get(n, -1),
                                  n in self.flow.useful) for n, i in enumerate(self.flow.code)]
        return player.play(self.values, numbers, [path], len(self.phases), self.per_group, resident, groups)

    def peak(self):
        """Multiply-adds of warps a cycle."""
        return 4 * self.values["fma_lanes"] / 32


# ---- tables ----

def row(cells):
    return "| " + " | ".join(str(c) for c in cells) + " |"


def head(names, left=1):
    return "\n".join([row(names), row(["---"] * left + ["---:"] * (len(names) - left))])


def counted(f, indices):
    """What is in a loop, by what it does."""
    names = [f.code[n].name for n in indices]
    useful = sum(n in f.useful for n in indices)
    multiplies = sum(machine.pipe_of(f.code[n]) == machine.FMA for n in indices)
    return [len(names), useful, multiplies - useful] + [names.count(k) for k in ("LDS", "STS", "LDG", "STG", "BAR")]


def jumps(f, loop):
    """A loop's conditional jumps with their numbers, and where to they go."""
    shown = []
    for number, n in enumerate(f.jumps(loop), 1):
        block = next(b for b in f.blocks if b.last == n)
        to = f"{f.code[block.taken.first].offset:#x}" if block.taken else "end"
        shown.append(f"#{number} {f.code[n].offset:#x} → {to}")
    return ", ".join(shown)


def print_nest(problem):
    f = problem.flow
    print(f"\n{f.name}: {len(f.code)} instructions\n")
    print(head(["loop", "from", "to", "instructions", "FFMA useful", "other FP", "LDS", "STS", "LDG", "STG", "BAR",
                "conditional jumps"], 3))
    for loop in f.loops:
        print(row(["&nbsp;" * 2 * (loop.depth() - 1) + loop.name, f"{f.code[loop.head.first].offset:#x}",
                   f"{f.code[max(b.last for b in loop.blocks)].offset:#x}"] +
                  counted(f, f.instructions(loop, inner=False)) + [jumps(f, loop)]))
    print("\nA row has what is in no loop within its own. Outside of all loops: " + (jumps(f, None) or "no jumps"))


def steady(problem, player, body, warps):
    """Share of the peak of a loop that so many warps repeat, and shares of the schedulers' cycles: issued, and what
    was waited for."""
    groups, repeats = warps // problem.per_group, problem.options.repeats
    # Until the first warp ends, so that no scheduler is idle; the second run less the first, the beginning.
    short, long = (problem.play(player, body * n, groups, groups) for n in (repeats, 3 * repeats))
    share = (long.useful_then - short.useful_then) / (long.first_end - short.first_end) / problem.peak()
    waited = [(long.issued - short.issued)] + [long.reasons[r] - short.reasons[r] for r in machine.REASONS]
    return share, [w / sum(waited) for w in waited]


def percent(share):
    return f"{100 * share:.0f} %"


def print_loops(problem, player):
    f, options = problem.flow, problem.options
    loops = [f.find(options.loop)] if options.loop else f.that_multiply(options.least)
    counts = [w for w in options.warps if w % problem.per_group == 0]
    if not loops or not counts:
        return
    print(f"\n{f.name}: share of the FP32 peak, by warps on a multiprocessor, and what schedulers did at the last\n")
    print(head(["loop", "from", "instructions", "FFMA useful", "share of issue"] + counts + ["slots issued"] +
               machine.REASONS[1:], 2))
    for loop in loops:
        body = problem.walk().path(loop)
        useful = sum(n in f.useful for n in body)
        found = [steady(problem, player, body, warps) for warps in counts]
        print(row([loop.name, f"{f.code[loop.head.first].offset:#x}", len(body), useful,
                   f"{100 * useful / len(body):.1f} %"] + [percent(share) for share, _ in found] +
                  [percent(found[-1][1][0])] + [percent(w) for w in found[-1][1][2:]]))


def print_kernel(problem, player):
    walk, f = problem.walk(), problem.flow
    path, marks = walk.path(), problem.marks()
    useful = sum(n in f.useful for n in path)
    print(f"\n{f.name}: {len(path):,} instructions a warp, {useful:,} of them useful multiply-adds, "
          f"{problem.per_group} warps a group\n")
    for loop in walk.unnamed():
        print(f"Loop {loop.name} at {f.code[loop.head.first].offset:#x} is not in the table: taken to run once.\n")
    rows, parts = [], []
    for resident in problem.resident:
        groups = problem.options.total or resident
        out = problem.play(player, path, min(resident, groups), groups, marks)
        slots = out.cycles * 4
        shares = [out.issued / slots] + [r / slots for r in out.reasons.values()]
        of_peak = [out.useful] + ([problem.work * problem.per_group * groups] if problem.work else [])
        rows.append([resident, groups, f"{out.cycles:,}"] +
                    [percent(done / out.cycles / problem.peak()) for done in of_peak] + [percent(s) for s in shares])
        parts.append([resident] + [f"{p:,.0f}" for p in out.phases])
    print(head(["resident", "groups", "cycles", "of FP32 peak"] + ["with all work"] * bool(problem.work) +
               ["slots issued"] + machine.REASONS, 0))
    print("\n".join(map(row, rows)))
    print("\nCycles of a warp in each part:\n")
    print(head(["resident"] + problem.phases, 0))
    print("\n".join(map(row, parts)))


def print_settings(options):
    values = machine.settings(options.arch, options.set)
    print(head(["setting", "value", "from"]))
    for name, (_, origin) in machine.SETTINGS.items():
        print(row([name, values[name], origin]))


# ---- the command line ----

def pair(text):
    name, equals, value = text.rpartition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=NUMBER")
    return name, int(value)


def direction(text):
    place, _, rule = text.rpartition("=")
    return place, rule


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def several(text):
    return [positive(n) for n in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("what", choices=("nest", "loop", "kernel", "settings"))
    add("kernels", nargs="*", help="names (default: the table's, or else all)")
    add("--arch", default="sm_90", help="which GPU: sm_75 … sm_90 (default: %(default)s)")
    add("--sass", metavar="FILE", help="machine code, what nvdisasm -c -hex prints, instead of compiling")
    add("--program", default="train", help="which program of kernels to compile (default: %(default)s)")
    add("--tools", metavar="FOLDER", help="where compilers lie, as for targets.py")
    add("--define", metavar="NAME=N", type=pair, action="append", default=[], help="a macro for the kernels")
    add("--table", metavar="FILE", help="JSON: for each kernel trips, branches, access, phases, warps")
    add("--trips", metavar="LOOP=N", type=pair, action="append", default=[], help="how often a loop runs")
    add("--branch", metavar="PLACE=tn", type=direction, action="append", default=[],
        help="what a conditional jump does: t or n, or a text of them, one time after the other")
    add("--access", metavar="WHAT=N", type=pair, action="append", default=[],
        help="wavefronts of loads and stores, by offset or by a regular expression on their text")
    add("--level", choices=machine.LEVELS, default="l2", help="who answers loads from global memory "
        "(default: %(default)s)")
    add("--group", type=positive, metavar="N", help="warps of a group (default: the table's, the kernel's, or 2)")
    add("--set", metavar="NAME=N", type=pair, action="append", default=[], help="change a number of the model")
    add("--warps", type=several, default=[2, 4, 6, 8, 12, 16], metavar="N,N…", help="loop: warps on a multiprocessor")
    add("--loop", metavar="LOOP", help="loop: only this one, by name or offset")
    add("--least", type=positive, default=16, metavar="N", help="loop: useful multiply-adds that make one worth a row")
    add("--repeats", type=positive, default=20, metavar="N", help="loop: how often it runs, at least")
    add("--groups", type=several, metavar="N,N…", help="kernel: groups that are resident (default: as many as fit)")
    add("--total", type=positive, metavar="N", help="kernel: so many groups, one after the other in those places")
    return parser.parse_args()


def main(options):
    if options.what == "settings":
        return print_settings(options)
    table = {}
    if options.table:
        with open(options.table, encoding="utf-8") as file:
            table = json.load(file)
    code = Code(options)
    names = options.kernels or list(table) or list(code.functions)
    for name in names:
        if name not in code.functions:
            raise flow.FlowError(f"no kernel '{name}': there are {', '.join(sorted(code.functions))}")
    with tempfile.TemporaryDirectory() as folder:
        player = machine.Player(folder) if options.what != "nest" else None
        for name in names:
            problem = Problem(name, code, table.get(name, {}), options)
            if options.what == "nest":
                print_nest(problem)
            elif options.what == "loop":
                print_loops(problem, player)
            else:
                print_kernel(problem, player)


if __name__ == "__main__":
    try:
        main(arguments())
    except KeyError as error:
        sys.exit(f"issue.py: no target {error}")
    except (flow.FlowError, machine.MachineError, targets.Failed, targets.Missing, OSError, ValueError) as error:
        sys.exit(f"issue.py: {error}")
