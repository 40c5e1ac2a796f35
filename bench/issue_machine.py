# SPDX-License-Identifier: MIT
"""The multiprocessor that issue_replay.c plays: a table of its numbers, what instructions need of it, and the call."""
import os
import re
import shutil
import subprocess

from issue_sass import NO_SCOREBOARD

HERE = os.path.dirname(os.path.abspath(__file__))

# name: value, and where it comes from; `--set NAME=VALUE` changes one. None was measured for this. LITERATURE is
# what these papers say of GPUs from Volta to Hopper, rounded and from memory: Jia and others, "Dissecting the NVIDIA
# Volta GPU Architecture via Microbenchmarking", 2018; Luo and others, "Dissecting the NVIDIA Hopper Architecture
# through Microbenchmarking and Multiple Level Analysis", 2025; Huerta and others, "Analyzing Modern NVIDIA GPU
# cores", 2025.
SETTINGS = {
    "fma_lanes": (32, "FP32 lanes of a scheduler: 32 from 8.6 on, 16 on 7.x and 8.0; NVIDIA's table of throughputs. "
                      "Half of 32 multiply integers too: estimate"),
    "alu_lanes": (16, "of a scheduler, for integers, logic, comparisons, selection; NVIDIA's table"),
    "xu_lanes": (4, "of a scheduler, for reciprocals, exponentials, conversions with a scoreboard; NVIDIA's table"),
    "uniform_lanes": (16, "an instruction of the uniform datapath every other cycle; estimate"),
    "memory_lanes": (16, "a scheduler hands over a load or store every other cycle; literature (Huerta)"),
    "tensor_cycles": (4, "of an HMMA.16816 of bf16: 512 multiply-adds a cycle and scheduler, NVIDIA's peak of an H100"),
    "register_window": (0, "3: an instruction reads its operands within 3 cycles, each of 2 banks gives one a cycle, "
                           "and kept operands are free; literature (Huerta). 0: no conflicts"),
    "queue": (8, "loads and stores of a scheduler that wait for the memory pipe; estimate"),
    "greedy": (1, "1: a warp goes on while it can, then the youngest that can; literature (Huerta). 2: then the "
                  "oldest. 0: always the oldest"),
    "shared": (29, "cycles of a load from local memory; literature (Luo)"),
    "l1": (34, "cycles of a load that L1 has; literature (Luo)"),
    "l2": (270, "cycles of a load that L2 has; literature (Luo)"),
    "dram": (600, "cycles of a load from device memory; literature (Luo)"),
    "atomic": (300, "cycles of an atomic in L2; estimate from l2"),
    "constant": (30, "cycles of LDC; estimate"),
    "special": (25, "cycles of S2R and S2UR; estimate"),
    "xu": (23, "cycles of MUFU and conversions; literature (Jia, Luo), between 16 and 26"),
    "shuffle": (24, "cycles of SHFL; literature (Jia)"),
    "barrier": (15, "cycles from the last warp's arrival until all go on; estimate"),
    "read": (10, "cycles until a load or store has read its registers; literature (Huerta), between 9 and 14"),
    "l2_bytes": (64, "bytes a cycle between a multiprocessor and L2; NVIDIA"),
    "dram_bytes": (14, "bytes a cycle of device memory for each multiprocessor: 3.35 TB/s, 132 and 1.755 GHz of an "
                       "H100; likewise A100 (sm_80), RTX 3090 (sm_86), RTX 4070 (sm_89)"),
}
TARGETS = {"sm_75": {"fma_lanes": 16}, "sm_80": {"fma_lanes": 16, "dram_bytes": 10},
           "sm_86": {"dram_bytes": 7}, "sm_89": {"dram_bytes": 4}}

NO_PIPE, FMA, HEAVY, ALU, XU, UNIFORM, MEMORY, TENSOR, FP64 = range(9)
PLAIN, LATENT, SHARED, GLOBAL, STORE, BARRIER, WAIT_SOME, FINISH = range(8)
REASONS = ["nothing left", "barrier", "stall count", "scoreboard", "pipe", "memory queue", "registers"]

PIPES = {FMA: "FFMA FADD FMUL FFMA32I FADD32I FMUL32I", HEAVY: "IMAD HFMA2 HADD2 HMUL2 IDP IMUL",
         XU: "MUFU I2F F2I F2F I2I FRND POPC FLO BREV", TENSOR: "HMMA IMMA", FP64: "DFMA DADD DMUL DSETP",
         MEMORY: "LDS STS LDSM LDG STG LD ST LDL STL ATOM ATOMG ATOMS RED LDC S2R S2UR SHFL REDUX VOTE",
         NO_PIPE: "BRA EXIT RET CALL NOP BSSY BSYNC BAR WARPSYNC YIELD DEPBAR MEMBAR ERRBAR CCTL BMOV BREAK LDGDEPBAR"}
PIPE_OF = {name: pipe for pipe, names in PIPES.items() for name in names.split()}
LATENCY = {"LDC": "constant", "S2R": "special", "S2UR": "special", "SHFL": "shuffle", "REDUX": "shuffle"}
LEVELS = ("l1", "l2", "dram")
LOCAL = ("LDS", "STS", "LDSM", "ATOMS")
GLOBALS = ("LDG", "STG", "LD", "ST", "LDL", "STL", "ATOM", "ATOMG", "RED")
ACCESSES = LOCAL + GLOBALS


class MachineError(Exception):
    pass


def settings(target, changes):
    values = {name: value for name, (value, _) in SETTINGS.items()}
    values.update(TARGETS.get(target, {}))
    for name, value in changes:
        if name not in values:
            raise MachineError(f"no setting '{name}'; --settings lists them")
        values[name] = int(value)
    if min(v for n, v in values.items() if n not in ("register_window", "greedy")) < 1:
        raise MachineError("a setting is less than 1")
    return values


def pipe_of(i):
    if i.name in PIPE_OF:
        return PIPE_OF[i.name]
    return UNIFORM if i.name.startswith("U") or i.name == "R2UR" else ALU


class Access:
    """What a person says of loads and stores: the wavefronts that the memory pipe needs, what is asked of L2 in
    bytes, and who answers. By a regular expression on their text, after `LOOP: ` on those in a loop, or by place."""

    def __init__(self, rules, flow):
        self.rules = {}
        for key, rule in rules.items():
            rule = rule if isinstance(rule, dict) else {"wavefronts": rule}
            if set(rule) - {"wavefronts", "bytes", "from"} or rule.get("from", "l2") not in LEVELS:
                raise MachineError(f"access '{key}' has wavefronts, bytes, and from: {', '.join(LEVELS)}")
            chosen = [n for n in self._meant(key, flow) if flow.code[n].name in ACCESSES]
            if not chosen:
                raise MachineError(f"{flow.name}: access '{key}' is no load or store")
            for n in chosen:
                self.rules.setdefault(flow.code[n], {}).update(rule)

    @staticmethod
    def _meant(key, flow):
        if re.match(r"^0x[0-9a-f]+$", key):
            return [flow.place(key)]
        within = re.match(r"^(L[\d.]+): (.*)", key)
        where = flow.instructions(flow.find(within.group(1))) if within else range(len(flow.code))
        return [n for n in where if re.search(within.group(2) if within else key, flow.code[n].text)]

    def of(self, i, level):
        return {"wavefronts": max(1, i.width() // 4), "bytes": i.width() * 32, "from": level, **self.rules.get(i, {})}


def busy_cycles(pipe, values):
    lanes = {FMA: 16, HEAVY: 16, ALU: values["alu_lanes"], XU: values["xu_lanes"], UNIFORM: values["uniform_lanes"],
             MEMORY: values["memory_lanes"], FP64: 16}
    return values["tensor_cycles"] if pipe == TENSOR else 32 // lanes[pipe] if pipe in lanes else 0


def encode(i, values, access, level, mark, useful):
    """The numbers of issue_replay.c's `instruction`, in its order."""
    pipe, kind, latency, wavefronts, size, dram, scoreboard, left = pipe_of(i), PLAIN, 0, 1, 0, 0, NO_SCOREBOARD, 0
    if i.name in LOCAL:
        kind, latency = STORE if i.name == "STS" else SHARED, values["shared"]
        wavefronts = access.of(i, "l1")["wavefronts"]
    elif i.name in GLOBALS:
        said = access.of(i, "l1" if i.name in ("LDL", "STL") else level)
        kind = STORE if i.name in ("STG", "ST", "STL", "RED") else GLOBAL
        latency = values["atomic"] if i.name.startswith("ATOM") else values[said["from"]]
        wavefronts, dram = said["wavefronts"], said["from"] == "dram"
        size = 0 if said["from"] == "l1" else said["bytes"]
    elif i.control.write != NO_SCOREBOARD:
        kind, latency = LATENT, values[LATENCY.get(i.name, "xu")]
    elif i.name == "BAR":
        kind = BARRIER
    elif i.name == "DEPBAR":
        kind = WAIT_SOME
        board = re.search(r"SB(\d)", i.text)
        if board:
            scoreboard = int(board.group(1))
            left = int(i.operands[1], 0) if len(i.operands) > 1 and i.operands[1].startswith("0x") else 0
    if i.name == "DEPBAR" and scoreboard == NO_SCOREBOARD:
        kind = PLAIN
    c = i.control
    numbers = [pipe, busy_cycles(pipe, values), kind, max(1, c.stall), int(c.yields), c.write, c.read, c.wait, latency,
               wavefronts, size, int(dram), mark, int(useful), scoreboard, left]
    for register, kept in i.sources() if pipe not in (MEMORY, NO_PIPE) else [(-1, 0)] * 3:
        numbers += [register, kept]
    return numbers


class Outcome:
    def __init__(self, words, warps):
        self.cycles, self.issued, self.useful, self.first_end, self.useful_then = words[:5]
        self.reasons = dict(zip(REASONS, words[5:12]))
        self.phases = [w / warps for w in words[12:]]


class Player:
    """issue_replay.c, compiled into a folder."""

    def __init__(self, folder):
        compiler = next((c for c in ("cc", "gcc", "clang") if shutil.which(c)), None)
        if not compiler:
            raise MachineError("no C compiler: the inner loop is written in C")
        self.program = os.path.join(folder, "replay")
        subprocess.run([compiler, "-O2", "-o", self.program, os.path.join(HERE, "issue_replay.c")], check=True)

    def play(self, values, numbers, paths, phases, per_group, resident, groups):
        """`numbers` of all instructions, `paths` of a group's warps in turn."""
        halves = values["fma_lanes"] // 16
        head = [halves, 2, values["queue"], values["register_window"], values["barrier"], values["read"],
                values["l2_bytes"], values["dram_bytes"], values["greedy"], len(numbers), len(paths), phases,
                per_group, resident, groups]
        lines = [" ".join(map(str, head))] + [" ".join(map(str, n)) for n in numbers]
        lines += [f"{len(p)} " + " ".join(map(str, p)) for p in paths]
        done = subprocess.run([self.program], input="\n".join(lines), capture_output=True, text=True)
        if done.returncode:
            raise MachineError(done.stderr.strip() or f"replay ended with {done.returncode}")
        return Outcome([int(w) for w in done.stdout.split()], per_group * groups)
