# SPDX-License-Identifier: MIT
"""Reads machine code as text, of nvdisasm, clang for AMD, or ocloc, and counts what its loops do."""
import collections
import re

from target_compile import AMD, INTEL, NVIDIA


class Instruction:
    """fma: multiply-adds of one work-item; reads: what it reads from local memory, as a text, or None; to: the
    label that it may jump to."""

    def __init__(self, text, fma=0, reads=None, to=None):
        self.text, self.fma, self.reads, self.to = text, fma, reads, to


class Code:
    """A kernel's instructions, and where labels are among them."""

    def __init__(self):
        self.instructions, self.labels = [], {}


class Loop:
    """What is in a loop, but not in those within it. Counters of one work-item's pass."""

    def __init__(self, label, own):
        self.label, self.instructions = label, len(own)
        self.multiply_adds = round(sum(instruction.fma for instruction in own))
        self.multiplying = sum(instruction.fma > 0 for instruction in own)
        self.reads = collections.Counter(instruction.reads for instruction in own if instruction.reads)

    @property
    def share(self):
        """Of the instructions, those that multiply and add."""
        return self.multiplying / self.instructions


# ---- NVIDIA ----

def read_nvidia(text):
    """nvdisasm's: a section a kernel, `/*0a30*/  @P0 FFMA R1, R2, R3, R4 ;`, labels `.L_x_7:`."""
    codes = {}
    for name, body in re.findall(r"^\s*\.section\s+\.text\.(\w+),(.*?)(?=^\s*\.section\s|\Z)", text, re.M | re.S):
        code = codes[name] = Code()
        for line in body.splitlines():
            label = re.match(r"\.(L_\w+):", line)
            found = re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][\w.]*)\s*(.*?);", line)
            if label:
                code.labels[label[1]] = len(code.instructions)
            elif found:
                code.instructions.append(nvidia_instruction(found[1], found[2]))
    return codes


def nvidia_instruction(operation, operands):
    base, *modifiers = operation.split(".")
    to = re.search(r"`\(\.(L_\w+)\)", operands) if base == "BRA" else None
    width = next((m.strip("US") for m in modifiers if re.fullmatch(r"\d+|[US](8|16)", m)), "32")
    tensor = base == "HMMA" and "16816" in modifiers  # 16 × 8 × 16 of 32 work-items
    return Instruction(operation, fma=64 if tensor else {"FFMA": 1, "FFMA2": 2}.get(base, 0), reads=width if base == "LDS" else None,
                       to=to and to[1])


# ---- AMD ----

def read_amd(text):
    """clang's: from `name:` to `.Lfunc_end`, labels `.LBB5_3:`."""
    codes = {}
    for name, body in re.findall(r"^(\w+):.*?\n(.*?)^\.Lfunc_end", text, re.M | re.S):
        code = codes[name] = Code()
        for line in body.splitlines():
            label = re.match(r"\.?(LBB\w+):", line)
            found = re.match(r"\t([a-z]\w+)\s*([^;]*)", line)
            if label:
                code.labels[label[1]] = len(code.instructions)
            elif found:
                code.instructions.append(amd_instruction(found[1], found[2]))
    return codes


def amd_instruction(operation, operands):
    text = f"{operation} {operands}"
    to = re.match(r"\.?(LBB\w+)", operands) if re.match(r"s_c?branch", operation) else None
    fma = len(re.findall(r"\bv_(?:dual_)?(?:fma|fmac|fmaak|fmamk|mac|mad)_f32", text))
    fma += 2 * len(re.findall(r"\bv_pk_fma_f32", text))
    read = re.match(r"ds_(?:read|load)_?(2?)(?:addr)?(?:st64|_stride64)?_[a-z](\d+)", operation)
    return Instruction(operation, fma=fma, to=to and to[1], reads=read and ("2×" if read[1] else "") + read[2])


# ---- Intel ----

def read_intel(text, lanes):
    """ocloc's: what compile_intel() joins, `// kernel name` and then IGA's text, labels `L1160:`. lanes: of
    each kernel the work-items of a thread."""
    codes = {}
    for name, body in re.findall(r"^// kernel (\w+)\n(.*?)(?=^// kernel |\Z)", text, re.M | re.S):
        code = codes[name] = Code()
        for line in body.splitlines():
            label = re.match(r"(L\d+):", line)
            found = re.match(r"(?:\([^)]*\))?\s+(?:\([^)]*\)\s+)?([a-z][\w.]*)\s*(?:\((\d+)\|M\d+\))?(.*)", line)
            if label:
                code.labels[label[1]] = len(code.instructions)
            elif found:
                code.instructions.append(intel_instruction(found[1], int(found[2] or 1), found[3], lanes[name]))
    return codes


def intel_instruction(operation, size, operands, lanes):
    """A mad of 8 is half a multiply-add of each of 16 work-items."""
    to = re.search(r"\b(L\d+)\b", operands) if re.match(r"jmpi|while|brc|brd|goto", operation) else None
    single = re.match(r"\s*(?:\([^)]*\)\S+\s+)?\S+:f\s", operands)
    fma = min(size / lanes, 1) if operation == "mad" and single and size > 1 else 0
    return Instruction(operation, fma=fma, to=to and to[1], reads=intel_reads(operation, operands))


def intel_reads(operation, operands):
    """Since Xe-HPG a message of its own; before it, that of any buffer, with 254 for its number."""
    found = re.search(r"load\.slm\.d(\d+)(?:u32)?(?:x(\d+))?", operands)
    if found:
        return str(int(found[1]) * int(found[2] or 1))
    found = re.search(r"0x([0-9A-F]+)\s+(?:\{[^}]*\}\s*)?// "
                      r".*(?:untyped surface read with (\w+)|gathering read (\d+)b)", operands)
    if operation.startswith("send") and found and int(found[1], 16) & 0xFF == 254:
        return found[3] or str(32 * len(found[2]))
    return None


# ---- loops ----

def loops_of(code):
    """A Loop for each label that is jumped back to, in their order."""
    ends = {}
    for place, instruction in enumerate(code.instructions):
        start = code.labels.get(instruction.to, place + 1)
        if start <= place:
            ends[start] = max(place, ends.get(start, 0))
    names = {place: label for label, place in code.labels.items()}
    loops = []
    for start, end in sorted(ends.items()):
        inner = {n for s, e in ends.items() if (s, e) != (start, end) and start <= s and e <= end
                 for n in range(s, e + 1)}
        own = [code.instructions[n] for n in range(start, end + 1) if n not in inner]
        if own:
            loops.append(Loop(names[start], own))
    return loops


def hot_loops(built, least):
    """Of each kernel the loops with `least` multiply-adds a pass, or more. Where a kernel's code is not found,
    `why` of what was built says so."""
    if not built.listing:
        return {}
    if built.target.vendor == INTEL:
        codes = read_intel(built.listing, {name: usage.lanes for name, usage in built.kernels.items()})
    else:
        codes = {NVIDIA: read_nvidia, AMD: read_amd}[built.target.vendor](built.listing)
    lost = [name for name in built.kernels if name not in codes or not codes[name].instructions]
    if lost:
        built.why = f"no code of {', '.join(lost)} in the disassembly"
    found = {name: loops_of(codes[name]) for name in built.kernels if name not in lost}
    return {name: [loop for loop in loops if loop.multiply_adds >= least] for name, loops in found.items()}
