#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles clearbox's device programs for GPUs that are not here, and prints Markdown tables of what kernels
take and of what their loops are made of.

usage: targets.py [--targets sm_90,gfx90a,dg2 | nvidia,amd,intel] [--programs train,wide,split,picture,film]
                  [--kernels PATTERN] [--least 32] [--clang 22 | PATH] [--define NAME=VALUE]…
                  [--untold] [--tools DIR] [--keep DIR] [--output FILE.md] [--strict]
       targets.py --fetch DIR

Compilers are looked for in the system and in --tools, which --fetch fills with what Debian and PyPI have,
without installing anything. Targets that cannot be compiled for are named. Exit codes: 0; with --strict 1
where a program does not compile or a kernel spills; 77 where no compiler is there, with --strict also where
one is missing. See README.md beside this.

For other scripts: compile_program("train", target_of("sm_90"), Tools(folder), keep) gives a Built, whose
`listing` is nvdisasm's text with encodings (`-c -hex`), or AMD's or Intel's assembler.
"""
import argparse
import datetime
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from target_compile import INTEL, PROGRAMS, ROOT, Built, Failed, Usage, compile_program, macros_of, suits  # noqa: E402,F401
from target_loops import hot_loops  # noqa: E402
from target_tools import Missing, Tools, fetch  # noqa: E402
from target_units import KIB, TARGETS, resident, target_of  # noqa: E402,F401

LEFT_OUT = 77
USUAL_GROUP = 64  # what the host chooses where a kernel does not
# What a GPU never gets: kernels of the family for processors, and a name that Intel's compiler makes up.
NOT_FOR_GPUS = re.compile(r"_cpu$|^Intel_Symbol_Table")
# Kernels that the host takes from a program that has them in another form than `train`: nothing else of it is used.
VARIANTS = {"wide": ["train_gpu_hidden"], "split": ["split_gpu_errors", "split_gpu_hidden"]}


def shown(program, kernel):
    """A kernel's name in the tables, or None where it is not there."""
    if NOT_FOR_GPUS.search(kernel):
        return None
    if program in VARIANTS:
        return f"{program}: {kernel}" if kernel in VARIANTS[program] else None
    return kernel


class Table:
    """All that was compiled, and what was not: sentences by program and target."""

    def __init__(self, options):
        self.options, self.built, self.loops = options, [], {}
        self.missing, self.failed = [], []

    def compile(self, tools, folder):
        for target in self.options.targets:
            for program in [name for name in self.options.programs if suits(name, target)]:
                print(f"{program}, {target.name}", file=sys.stderr, flush=True)
                try:
                    built = compile_program(program, target, tools, folder, self.options.define,
                                            not self.options.untold)
                    self.loops[built] = hot_loops(built, self.options.least)
                    self.built.append(built)
                except Missing as error:
                    self.missing.append(f"{target.name}: {error}")
                    break
                except Failed as error:
                    self.failed.append(f"{target.name}, program {program}: {error}")

    def found(self):
        """Kernels that the tables have: name there, program as built, the program's name of it."""
        for program in self.options.programs:
            for built in self.built:
                for kernel in built.kernels if built.program == program else []:
                    name = shown(program, kernel)
                    if name and re.search(self.options.kernels, name):
                        yield name, built, kernel

    def kernels(self):
        """Names in the order of the programs."""
        return list(dict.fromkeys(name for name, _, _ in self.found()))

    def usages(self, name):
        """Of each target that has it: the program as built, and the kernel's usage."""
        return {built.target.name: (built, built.kernels[kernel])
                for same, built, kernel in self.found() if same == name}

    def loops_of(self, name):
        """Of each target: its hot loops."""
        return {built.target.name: self.loops[built].get(kernel, [])
                for same, built, kernel in self.found() if same == name}

    def spills(self):
        return [f"{built.target.name}: {kernel} spills" for kernel in self.kernels()
                for built, usage in self.usages(kernel).values() if usage.spills]


# ---- Markdown ----

def rows(head, lines):
    """A table; columns of numbers have them at the right."""
    rule = ["---:" if all(cell[:1].isdigit() or cell == "-" for cell in column) else "---" for column in zip(*lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *lines]) + "\n"


def version():
    try:
        return subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def heading(table):
    day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    lines = [f"Device programs of clearbox {version()}, {day}, compiled for GPUs that were not at hand: nothing ran."]
    for program in table.options.programs:
        vendors = dict.fromkeys(built.target.vendor for built in table.built if built.program == program)
        options = {" ".join(f"{name}={value}" for name, value in
                            {**macros_of(program, vendor), **table.options.define}.items()): None
                   for vendor in vendors}
        lines.append(f"- `{program}`: " + " or ".join(f"`{text}`" for text in options))
    if table.options.untold:
        lines.append("- NVIDIA's assembler was not told the size of work-groups")
    return "\n".join(lines[:1] + [""] + lines[1:]) + "\n"


def not_compiled(table):
    partly = [f"{built.target.name}: {built.why}" for built in table.built if built.why]
    sentences = list(dict.fromkeys(table.missing + table.failed + partly))
    indented = (sentence.replace("\n", "\n  ") for sentence in sentences)
    return "".join(f"- {sentence}\n" for sentence in indented) or "- nothing: every target was compiled for\n"


def rules(table):
    lines = []
    for target in table.options.targets:
        compilers = dict.fromkeys(f"{built.compiler} {built.libraries}".strip() for built in table.built
                                  if built.target is target)
        granules = "1, 2, 4, …" if target.local_sizes else f"{target.local_granule} B"
        files = f"{target.schedulers} × {target.registers}" if target.registers else "128 a thread"
        lines.append([target.name, target.like, "; ".join(compilers) or "-", files, str(target.granule),
                      str(target.lanes or "8 to 32"), f"{target.local // KIB} KiB", granules, f"{target.reserved} B",
                      str(target.groups), str(target.threads)])
    return rows(["target", "as in", "compiled by", "registers", "by", "lanes", "local memory", "by", "reserved",
                 "groups", "threads"], lines)


def usage_cell(found):
    built, usage = found
    if usage.registers is None:
        return "?"
    cell = f"SIMD{usage.lanes}" if built.target.vendor == INTEL else str(usage.registers)
    extra = [f"{usage.spills} spilled"] * bool(usage.spills) + [f"stack {usage.stack}"] * bool(usage.stack)
    return f"{cell} ({', '.join(extra)})" if extra else cell


def resident_cell(found):
    built, usage = found
    if usage.registers is None:
        return "?"
    count, limit = resident(built.target, usage, usage.group or USUAL_GROUP)
    return f"{count} {limit}"


def by_target(table, cell, wanted):
    """For each vendor a table with a row for each kernel and a column for each target."""
    names = {}
    for built in table.built:
        names.setdefault(built.target.vendor, {})[built.target.name] = None
    return "\n".join(f"{vendor}:\n\n" + of_vendor(table, cell, wanted, list(of)) for vendor, of in names.items())


def of_vendor(table, cell, wanted, names):
    lines = []
    for kernel in table.kernels():
        found = {name: usage for name, usage in table.usages(kernel).items() if name in names}
        usages = [usage for _, usage in found.values()]
        group = next((usage.group for usage in usages if usage.group), None)
        local = dict.fromkeys(str(usage.local) for usage in usages)
        if found and wanted(group):
            lines.append([kernel, str(group or "-"), " or ".join(local)]
                         + [cell(found[name]) if name in found else "-" for name in names])
    return rows(["kernel", "group", "local"] + names, lines) if lines else "- none\n"


def loops(table):
    lines = []
    for kernel in table.kernels():
        for target, found in table.loops_of(kernel).items():
            for loop in found:
                reads = ", ".join(f"{count} of {width}" for width, count in sorted(loop.reads.items())) or "-"
                lines.append([kernel, target, loop.label, str(loop.instructions), str(loop.multiply_adds),
                              f"{100 * loop.share:.0f} %", reads])
    if not lines:
        return "- none\n"
    return rows(["kernel", "target", "loop", "instructions", "multiply-adds", "share", "local reads"], lines)


def report(table):
    """The whole, a section at a time."""
    yield heading(table)
    yield "## Not compiled\n\n" + not_compiled(table)
    yield ("## Rules\n\nOf a unit: an SM, a CU (gfx9), a WGP (gfx10, gfx11), a subslice or an Xe core. Registers: of a "
           "lane, in the file of each scheduler, handed out by so many. Threads: warps, waves.\n\n" + rules(table))
    if table.built:
        yield ("## Registers\n\nOf a work-item; spilled: bytes (NVIDIA) or registers; stack: bytes. Local memory: "
               "bytes of a group.\n\n" + by_target(table, usage_cell, lambda group: True))
        yield ("## Work-groups that a unit has room for\n\nAnd what there is least of. Kernels whose groups have a "
               "fixed size.\n\n" + by_target(table, resident_cell, lambda group: group))
        yield (f"## Loops with {table.options.least} multiply-adds or more\n\nOf a work-item in one pass, without "
               "loops within the loop. Share: of the instructions, those that multiply and add; one may do it twice. "
               "Local reads: how many of how many bits.\n\n" + loops(table))


# ---- the command line ----

def parse_targets(text):
    vendors = {target.vendor.lower() for target in TARGETS}
    found = []
    for name in text.split(","):
        some = [target for target in TARGETS if name in (target.name, target.vendor.lower())]
        if not some:
            known = ", ".join([*sorted(vendors), *(target.name for target in TARGETS)])
            raise argparse.ArgumentTypeError(f"there is no target {name}; there are {known}")
        found += some
    return list(dict.fromkeys(found))


def parse_programs(text):
    names = text.split(",")
    for name in names:
        if name not in PROGRAMS:
            raise argparse.ArgumentTypeError(f"there is no program {name}; there are {', '.join(PROGRAMS)}")
    return names


def parse_pattern(text):
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"no regular expression: {error}") from error
    return text


def parse_macro(text):
    name, equals, value = text.partition("=")
    if not re.fullmatch(r"\w+", name):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value if equals else "1"


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS)
    parser.add_argument("--targets", type=parse_targets, default=TARGETS, help="names, or whole vendors")
    parser.add_argument("--programs", type=parse_programs, default=list(PROGRAMS))
    parser.add_argument("--kernels", type=parse_pattern, default="", help="only those that it is found in")
    parser.add_argument("--least", type=int, default=32, help="multiply-adds that make a loop hot")
    parser.add_argument("--clang", help="its major version, or the program; otherwise the newest that will do")
    parser.add_argument("--define", type=parse_macro, action="append", default=[],
                        help="a macro of the kernels, instead of the host's usual value")
    parser.add_argument("--untold", action="store_true",
                        help="leave NVIDIA's assembler without the size of work-groups, as clang does")
    parser.add_argument("--tools", help="where compilers lie that are not installed")
    parser.add_argument("--keep", help="leave PTX, binaries and disassemblies there")
    parser.add_argument("--output", help="also write the tables there")
    parser.add_argument("--strict", action="store_true",
                        help="fail where a program does not compile or a kernel spills")
    parser.add_argument("--fetch", metavar="DIR", help="unpack Debian's and PyPI's compilers there, and end")
    options = parser.parse_args(arguments)
    options.define = dict(options.define)
    for folder in (options.tools, options.clang if options.clang and not options.clang.isdigit() else None):
        if folder and not os.path.exists(folder):
            parser.error(f"{folder} does not exist")
    return options


def verdict(table):
    """The exit code, with reasons on standard output where CTest's log wants them."""
    wrong = table.failed + table.spills() if table.options.strict else []
    for sentence in wrong:
        print(f"fails: {sentence}")
    if wrong:
        return 1
    if not table.built and not table.failed or table.options.strict and table.missing:
        print(f"left out: {'; '.join(table.missing)}")
        return LEFT_OUT
    return 0


def main():
    options = parse()
    if options.fetch:
        absent = list(fetch(options.fetch))
        print("\n".join(["not to be had:", *absent] if absent else ["all is there"]))
        return 0
    table = Table(options)
    with tempfile.TemporaryDirectory() as scratch:
        table.compile(Tools(options.tools, options.clang), options.keep or scratch)
    text = "\n".join(report(table))
    print(text, flush=True)
    if options.output:
        os.makedirs(os.path.dirname(os.path.abspath(options.output)), exist_ok=True)
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(text)
    return verdict(table)


if __name__ == "__main__":
    sys.exit(main())
