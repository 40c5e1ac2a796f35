#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Estimates, without a GPU, how many cycles NVIDIA's GPUs need for clearbox's kernels: replays their machine code
with the compiler's own control words on a model of one multiprocessor. README.md beside this says what that is worth.

  nest    the loops of kernels, for a person to say how often they run
  loop    the steady state of innermost loops: the share of the FP32 peak with so many warps
  kernel  a whole launch: cycles, multiply-adds, what the schedulers waited for, and the parts between barriers
  settings  the model's numbers and where they come from
"""
import argparse
import json
import sys
import tempfile

from slots import flow, machine, sass


class Problem:
    """A kernel with what a person's table says of it."""

    def __init__(self, function, table, options):
        known = {"warps", "trips", "branches", "access", "phases"}
        if set(table) - known:
            raise flow.FlowError(f"{function.name}: the table has {', '.join(sorted(set(table) - known))}; "
                                 f"there are {', '.join(sorted(known))}")
        self.flow = flow.Flow(function)
        self.table, self.options = table, options
        self.values = machine.settings(options.arch, options.set)
        self.access = machine.Access({**table.get("access", {}), **dict(options.access)})
        self.per_group = int(options.group or table.get("warps", 2))
        self.phases = ["begin"]

    def walk(self):
        return flow.Walk(self.flow, {**self.table.get("trips", {}), **dict(self.options.trips)},
                         self.table.get("branches", {}))

    def marks(self):
        """Phase of each instruction that begins one: named ones, or what comes after each barrier."""
        named = {int(k, 16): v for k, v in self.table.get("phases", {}).items()}
        marks, code = {}, self.flow.code
        for n, i in enumerate(code):
            after = not named and n and code[n - 1].name == "BAR"
            if i.offset in named or after:
                name = named.get(i.offset, f"{i.offset:#x}")
                if name not in self.phases:
                    self.phases.append(name)
                marks[n] = self.phases.index(name)
        return marks

    def play(self, player, paths, resident, groups, marks=None):
        numbers = [machine.encode(i, self.values, self.access, self.options.level, (marks or {}).get(n, -1),
                                  n in self.flow.useful) for n, i in enumerate(self.flow.code)]
        return player.play(self.values, numbers, paths, len(self.phases), self.per_group, resident, groups)

    def peak(self):
        return 4 * self.values["fma_lanes"] / 32  # multiply-adds of warps a cycle


def table_row(cells):
    return "| " + " | ".join(str(c) for c in cells) + " |"


def table_head(names, left=1):
    return [table_row(names), table_row(["---"] * left + ["---:"] * (len(names) - left))]


def counted(f, indices):
    """What is in a loop, by what it does."""
    names = [f.code[n].name for n in indices]
    useful = sum(n in f.useful for n in indices)
    multiplies = sum(machine.pipe_of(f.code[n]) == machine.FMA for n in indices)
    return [len(names), useful, multiplies - useful] + [names.count(k) for k in ("LDS", "STS", "LDG", "STG", "BAR")]


def print_nest(problem):
    f = problem.flow
    print(f"\n{f.name}: {len(f.code)} instructions\n")
    print("\n".join(table_head(["loop", "from", "to", "instructions", "FFMA useful", "other FP", "LDS", "STS", "LDG",
                                "STG", "BAR", "jumps within"], 3)))
    for loop in f.loops:
        code = f.instructions(loop, inner=False)
        last = max(f.code[b.last].offset for b in loop.blocks)
        jumps = [f"{f.code[n].offset:#x}" for n in code if f.code[n].name == "BRA" and flow.is_conditional(f.code[n])]
        print(table_row(["&nbsp;" * 2 * (loop.depth() - 1) + loop.name, f"{f.code[loop.head.first].offset:#x}",
                         f"{last:#x}"] + counted(f, code) + [" ".join(jumps)]))
    inside = {b for loop in f.loops for b in loop.blocks}
    jumps = [f"{f.code[b.last].offset:#x} → {f.code[b.taken.first].offset:#x}" for b in f.blocks
             if b.conditional and b not in inside]
    print("\nJumps outside of loops, not taken unless the table says so: " + (", ".join(jumps) or "none"))


def worth(problem, loop):
    return sum(n in problem.flow.useful for n in problem.flow.instructions(loop)) >= problem.options.least


def print_loops(problem, player):
    f, options = problem.flow, problem.options
    loops = [f.find(options.loop)] if options.loop else [l for l in f.innermost() if worth(problem, l)]
    counts = options.warps
    print(f"\n{f.name}: share of the FP32 peak, by warps on a multiprocessor\n")
    print("\n".join(table_head(["loop", "from", "instructions", "useful", "share of issue"] + counts, 2)))
    for loop in loops:
        body = problem.walk().path(loop)
        useful = sum(n in f.useful for n in body)
        cells = [loop.name, f"{f.code[loop.head.first].offset:#x}", len(body), useful, f"{100 * useful / len(body):.1f} %"]
        for warps in counts:
            short, long = (problem.play(player, [body * n], groups := max(1, warps // problem.per_group), groups)
                           for n in (options.repeats, 3 * options.repeats))
            share = (long.useful_then - short.useful_then) / (long.first_end - short.first_end) / problem.peak()
            cells.append(f"{100 * share:.0f} %")
        print(table_row(cells))


def print_kernel(problem, player):
    walk, options = problem.walk(), problem.options
    path = walk.path()
    useful = sum(n in problem.flow.useful for n in path)
    marks, f = problem.marks(), problem.flow
    print(f"\n{f.name}: {len(path):,} instructions a warp, {useful:,} of them useful multiply-adds, {problem.per_group} "
          "warps a group\n")
    for loop in walk.unnamed():
        print(f"Loop {loop.name} at {f.code[loop.head.first].offset:#x} is not in the table: taken to run once.")
    rows, parts = [], []
    for resident in options.groups:
        groups = options.total or resident
        out = problem.play(player, [path], min(resident, groups), groups, marks)
        slots = out.cycles * 4
        rows.append([resident, groups, f"{out.cycles:,}", f"{100 * out.useful / out.cycles / problem.peak():.0f} %",
                     f"{100 * out.issued / slots:.0f} %"] + [f"{100 * r / slots:.0f} %" for r in out.reasons.values()])
        parts.append([resident] + [f"{p:,.0f}" for p in out.phases])
    print("\n".join(table_head(["resident", "groups", "cycles", "useful", "issued"] + machine.REASONS, 0)))
    print("\n".join(map(table_row, rows)))
    print("\nCycles of a warp in each part\n")
    print("\n".join(table_head(["resident"] + problem.phases, 0)))
    print("\n".join(map(table_row, parts)))


def print_settings(options):
    values = machine.settings(options.arch, options.set)
    print("\n".join(table_head(["setting", "value", "from"], 1)))
    for name, (_, origin) in machine.SETTINGS.items():
        print(table_row([name, values[name], origin]))


def pair(text):
    name, equals, value = text.rpartition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, int(value)


def numbers(text):
    return [int(n) for n in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("what", choices=("nest", "loop", "kernel", "settings"))
    add("kernels", nargs="*", help="names; default: the table's, or all that multiply")
    add("--sass", metavar="FILE", help="what nvdisasm -c -hex prints")
    add("--arch", default="sm_90", help="whose machine code it is (default: %(default)s)")
    add("--table", metavar="FILE", help="JSON: for each kernel trips, branches, access, phases, warps")
    add("--trips", metavar="LOOP=N", type=pair, action="append", default=[], help="how often a loop runs")
    add("--access", metavar="WHAT=N", type=pair, action="append", default=[],
        help="wavefronts of loads and stores, by offset or regular expression on their text")
    add("--level", choices=machine.LEVELS, default="l2", help="who answers loads from global memory (default: %(default)s)")
    add("--group", type=int, metavar="N", help="warps of a group (default: the table's, or 2)")
    add("--set", metavar="NAME=N", type=pair, action="append", default=[], help="change a number of the model")
    add("--warps", type=numbers, default=[2, 4, 6, 8, 12, 16], help="loop: warps on a multiprocessor")
    add("--loop", metavar="LOOP", help="loop: only this one, by name or offset")
    add("--least", type=int, default=16, metavar="N", help="loop: useful multiply-adds that make one worth a row")
    add("--repeats", type=int, default=20, metavar="N", help="loop: how often it runs, at least")
    add("--groups", type=numbers, default=[1], help="kernel: groups that are resident")
    add("--total", type=int, metavar="N", help="kernel: groups one after the other in those places")
    return parser.parse_args()


def main():
    options = arguments()
    if options.what == "settings":
        return print_settings(options)
    if not options.sass:
        raise flow.FlowError("--sass FILE is missing")
    with open(options.sass) as file:
        functions = sass.parse(file.read())
    table = {}
    if options.table:
        with open(options.table) as file:
            table = json.load(file)
    for name in options.kernels or list(table) or functions:
        if name not in functions:
            raise flow.FlowError(f"no kernel '{name}' in {options.sass}")
    with tempfile.TemporaryDirectory() as folder:
        player = machine.Player(folder) if options.what != "nest" else None
        for name in options.kernels or list(table) or functions:
            problem = Problem(functions[name], table.get(name, {}), options)
            if options.what == "nest":
                print_nest(problem)
            else:
                (print_loops if options.what == "loop" else print_kernel)(problem, player)


if __name__ == "__main__":
    try:
        main()
    except (flow.FlowError, machine.MachineError, OSError, ValueError) as error:
        sys.exit(f"issue.py: {error}")
