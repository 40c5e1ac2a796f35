# SPDX-License-Identifier: MIT
"""Machine code of NVIDIA's GPUs from Volta to Hopper, as nvdisasm prints it with -c -hex: instructions, their
operands, and the control words that ptxas leaves for the schedulers.

An instruction has 128 bits. From bit 105 on: 4 of stall (cycles until the warp may issue again), one that asks
the scheduler to turn to another warp where it is 0, 3 for the scoreboard that the result releases and 3 for the
one that the sources release (7: none), 6 of scoreboards that must be free before, 4 of operands to keep. NVIDIA
documents none of it; that is what "Dissecting the NVIDIA Volta GPU Architecture via Microbenchmarking" (Jia and
others, 2018, section 2) found, and free assemblers (maxas, turingas, CuAssembler) write.
"""
import re

NO_SCOREBOARD = 7
LINE = re.compile(r"^\s+/\*([0-9a-f]{4,})\*/\s+(.*?)\s*;?\s+/\* 0x([0-9a-f]{16}) \*/")
SECOND = re.compile(r"^\s+/\* 0x([0-9a-f]{16}) \*/")
SECTION = re.compile(r"^\.text\.(\S+):")
LABEL = re.compile(r"^(\S+):$")
GUARD = re.compile(r"^@(!?)(U?P\w+)\s+")
REGISTER = re.compile(r"^[-~|!]*R(\d+)(?:\.(?!reuse)\w+)*\|?(\.reuse)?$")


class Control:
    """What the scheduler reads of an instruction."""

    def __init__(self, high):
        bits = high >> 41  # of the upper half of 128
        self.stall = bits & 15
        self.yields = not bits >> 4 & 1
        self.write = bits >> 5 & 7
        self.read = bits >> 8 & 7
        self.wait = bits >> 11 & 63
        self.reuse = bits >> 17 & 15


class Instruction:
    def __init__(self, offset, text, high):
        self.offset, self.text, self.control = offset, text, Control(high)
        guard = GUARD.match(text)
        self.guarded = bool(guard) and guard.group(2) not in ("PT", "UPT")
        words = GUARD.sub("", text).split(None, 1)
        self.opcode = words[0]
        self.name = words[0].split(".")[0]
        self.operands = [o.strip() for o in words[1].split(",")] if len(words) > 1 else []
        target = re.search(r"`\(([^)]*)\)", text)
        self.label = target.group(1) if target else None
        if self.name == "CALL" and self.label and not self.label.startswith("$"):
            self.name = "BRA"  # until Ada some jumps are calls that nobody returns from

    def sources(self):
        """Number of the register and whether it stays cached, for three operands; (-1, 0) where there is none."""
        found = []
        for operand in self.operands[1:]:
            match = REGISTER.match(operand)
            if match:
                found.append((int(match.group(1)), 1 if match.group(2) else 0))
            elif not re.match(r"^!?U?P(T|\d)$", operand):
                found.append((-1, 0))
        return (found + [(-1, 0)] * 3)[:3]

    def addend(self):
        """Register that a multiply-add adds to, 255 for zero, or none."""
        if self.name != "FFMA" or len(self.operands) < 4:
            return None
        match = re.match(r"^R(\d+|Z)(\.reuse)?$", self.operands[3])
        return None if not match else 255 if match.group(1) == "Z" else int(match.group(1))

    def written(self):
        """Registers that this writes."""
        match = re.match(r"^R(\d+)$", self.operands[0]) if self.operands else None
        if not match or self.name in ("STG", "STS", "ST", "STL", "RED", "BAR", "RET"):
            return range(0)
        wide = max(1, self.width() // 4) if self.pipe_is_wide() else 1
        return range(int(match.group(1)), int(match.group(1)) + wide)

    def pipe_is_wide(self):
        return self.name in ("LDG", "LDS", "LD", "LDL", "LDC", "CS2R") or ".WIDE" in self.opcode

    def width(self):
        """Bytes that a lane loads, stores or gets."""
        for part in self.opcode.split(".")[1:]:
            if part in ("64", "128"):
                return int(part) // 8
            if part in ("U8", "S8"):
                return 1
            if part in ("U16", "S16"):
                return 2
        return 8 if self.name == "CS2R" or ".WIDE" in self.opcode else 4


class Function:
    """A kernel, with what it calls behind it."""

    def __init__(self, name):
        self.name, self.code, self.labels = name, [], {}


def parse(text):
    """Functions by name, of nvdisasm's text."""
    functions, current, waiting, first = {}, None, [], None
    for line in text.splitlines():
        section = SECTION.match(line)
        if section:
            current = functions.setdefault(section.group(1), Function(section.group(1)))
            continue
        if line.startswith(".section") or line.startswith("\t.section"):
            current = None
        if current is None:
            continue
        label = LABEL.match(line)
        if label:
            waiting.append(label.group(1))
            continue
        match = LINE.match(line)
        if match:
            first = match
            continue
        second = SECOND.match(line)
        if second and first:
            offset = int(first.group(1), 16)
            current.labels.update((name, offset) for name in waiting)
            current.code.append(Instruction(offset, first.group(2), int(second.group(1), 16)))
            waiting, first = [], None
    return functions
