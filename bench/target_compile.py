# SPDX-License-Identifier: MIT
"""Compiles programs of kernels for GPUs that are not here: program and target in, machine code as text and
what each kernel takes out. See targets.py.
"""
import os
import re

from target_tools import Missing

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NVIDIA, AMD, INTEL = "NVIDIA", "AMD", "Intel"
TRIPLES = {NVIDIA: "nvptx64--nvidiacl", AMD: "amdgcn-amd-amdhsa"}
PROGRAMS = ("train", "wide", "split", "picture", "film")
# A program that is another with a macro more: for the arithmetic split-bf16 as host/device/mma.c has it built.
ALTERED = {"split": ("train", {"CBX_MMA": 1})}
LACK_MMA = ("sm_75",)  # of NVIDIA's


class Failed(Exception):
    """A program does not compile; the message is the compiler's."""


class Usage:
    """What a work-item or a group of a kernel takes. None where it is not told."""

    def __init__(self, registers=None, spills=0, stack=0, local=0, group=None, lanes=None):
        self.registers, self.spills, self.stack, self.local = registers, spills, stack, local
        self.group = group  # work-items of a group, where the kernel fixes them
        self.lanes = lanes  # work-items of a thread, where the compiler chooses them


class Built:
    """A program for a target: `kernels`, their Usage by name; `listing`, the machine code as text, or None
    and `why`; `compiler`, one line."""

    def __init__(self, program, target, folder, tells_groups=True):
        self.program, self.target, self.folder = program, target, folder
        self.tells_groups = tells_groups
        self.kernels, self.listing, self.why, self.compiler, self.libraries = {}, None, "", "", ""

    def path(self, ending):
        return os.path.join(self.folder, f"{self.program}-{self.target.name}.{ending}")


# ---- sources and options, as the host has them ----

def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def suits(program, target):
    """Whether the host would build it for such a target."""
    return program != "split" or target.vendor == NVIDIA and target.name not in LACK_MMA


def sources_of(program):
    """The files of a program, in their order."""
    program, _ = ALTERED.get(program, (program, {}))
    found = re.search(rf"set\(CBX_SOURCES_{program}\s([^)]*)\)", read("kernels", "sources.cmake"))
    if not found:
        raise Failed(f"kernels/sources.cmake has no program {program}")
    return re.sub(r"#.*", "", found[1]).split()


def text_of(program):
    return "".join(f'#line 1 "{name}"\n{read("kernels", name)}' for name in sources_of(program))


def tunables():
    """The macros of the family for GPUs with their usual values: rows of host/device/tunables.c."""
    text = read("host", "device", "tunables.c")
    found = re.search(r"\bgpu\[\] = \{(.*?)\n\};", text, re.S)
    if not found:
        raise Failed("host/device/tunables.c has no table gpu[]")
    rows = re.findall(r'"\w+", "(CBX_\w+)",[^{}]*\{(\d+)', found[1])
    return {macro: int(usual) for macro, usual in rows}


def macros_of(program, vendor):
    """What host/device/program.c defines. Functions are inlined, as NVIDIA's own compiler does unasked."""
    macros = {"CBX_FAMILY_GPU": 1, "CBX_PREFETCH": 0, "CBX_INLINE": int(vendor != INTEL), "CBX_FMA": 0}
    program, more = ALTERED.get(program, (program, {}))
    return {**macros, **(tunables() if program == "train" else {}), **more}


def options_of(program, vendor, changes=None):
    macros = {**macros_of(program, vendor), **(changes or {})}
    return [f"-D{name}={value}" for name, value in macros.items()]


def write_text(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


# ---- compiling ----

def compile_clang(built, tools, macros):
    """Assembler by clang: PTX, or AMD's."""
    target = built.target
    triple = TRIPLES[target.vendor]
    clang, cpu, library, name = tools.clang_for(triple, target.cpus)
    built.compiler = f"clang {clang.number}" + (f" for {cpu}" if cpu != target.name else "")
    built.libraries = name
    output = built.path("ptx" if target.vendor == NVIDIA else "s")
    clang.compile(built.path("cl"), output, triple, cpu,
                  library + options_of(built.program, target.vendor, macros))
    return read_text(output)


def compile_nvidia(built, tools, macros):
    ptx, groups = with_groups(compile_clang(built, tools, macros), groups_asked(built, tools, macros),
                              built.tells_groups)
    write_text(built.path("ptx"), ptx)
    built.kernels = {name: Usage(group=group) for name, group in groups.items()}
    if not tools.ptxas:
        built.why = "no ptxas: NVIDIA's toolkit, or PyPI's nvidia-cuda-nvcc"
        return
    log = tools.ptxas.run("-v", f"-arch={built.target.name}", built.path("ptx"), "-o", built.path("cubin"))
    built.compiler += f", ptxas {tools.ptxas.version(r'V([0-9.]+)')}"
    for name, usage in usage_of_ptxas(log).items():
        usage.group = groups[name]
        built.kernels[name] = usage
    if not tools.nvdisasm:
        built.why = "no nvdisasm: NVIDIA's toolkit, or PyPI's nvidia-cuda-nvdisasm"
        return
    built.listing = tools.nvdisasm.run("-c", "-hex", built.path("cubin"))
    write_text(built.path("sass"), built.listing)


def groups_asked(built, tools, macros):
    """Of each kernel that fixes them the work-items of a group, as LLVM's metadata have them: clang does not
    hand them on to NVIDIA's assembler."""
    clang, cpu, library, _ = tools.clang_for(TRIPLES[NVIDIA], built.target.cpus)
    clang.compile(built.path("cl"), built.path("ll"), TRIPLES[NVIDIA], cpu, ["-emit-llvm", "-Xclang",
                  "-disable-llvm-passes", *options_of(built.program, NVIDIA, macros)])
    return groups_of_llvm(read_text(built.path("ll")))


def groups_of_llvm(text):
    sizes = {number: [int(size) for size in re.findall(r"i32 (\d+)", values)]
             for number, values in re.findall(r"^!(\d+) = !\{((?:i32 \d+(?:, )?){3})\}", text, re.M)}
    return {name: sizes[number] for name, number in
            re.findall(r"^define [^\n]*?@(\w+)\([^\n]*!reqd_work_group_size !(\d+)", text, re.M)}


def with_groups(ptx, groups, tell=True):
    """PTX with the groups that kernels ask for, if they are to be told; and of each kernel how many work-items
    that is, or None."""
    items = {}

    def add(found):
        size = groups.get(found[2])
        items[found[2]] = size and size[0] * size[1] * size[2]
        return found[1] + (f"\n.reqntid {size[0]}, {size[1]}, {size[2]}" if size and tell else "")

    return re.sub(r"(\.entry (\w+)\(.*?\n?\))", add, ptx, flags=re.S), items


def usage_of_ptxas(log):
    """What `ptxas -v` says of each kernel."""
    usages = {}
    for name, text in re.findall(r"Compiling entry function '(\w+)'(.*?registers.*?)\n", log, re.S):
        frame = re.search(r"Function properties for " + name + r"\s+(\d+) bytes stack frame, (\d+) bytes spill stores",
                          text)
        local = re.search(r"(\d+) bytes smem", text)
        usages[name] = Usage(registers=int(re.search(r"Used (\d+) registers", text)[1]), stack=int(frame[1]),
                             spills=int(frame[2]), local=int(local[1]) if local else 0)
    return usages


def compile_amd(built, tools, macros):
    built.listing = compile_clang(built, tools, macros)
    built.kernels = usage_of_amd(built.listing)


def usage_of_amd(assembler):
    """What the metadata behind AMD's assembler say of each kernel."""
    metadata = assembler.partition("amdhsa.kernels:")[2]
    usages = {}
    for text in re.split(r"\n  - ", metadata):
        name = re.search(r"\n    \.name: +(\w+)", text)
        if name:
            number = {key: int(value) for key, value in re.findall(r"^(?: {4})?\.(\w+): +(\d+)$", text, re.M)}
            sizes = re.search(r"\.reqd_workgroup_size:\n((?: +- \d+\n)+)", text)
            group = None
            for size in re.findall(r"\d+", sizes[1]) if sizes else []:
                group = (group or 1) * int(size)
            usages[name[1]] = Usage(registers=number["vgpr_count"], spills=number["vgpr_spill_count"],
                                    stack=number["private_segment_fixed_size"],
                                    local=number["group_segment_fixed_size"], group=group)
    return usages


def compile_intel(built, tools, macros):
    """ocloc's binaries, in the format that tells what kernels take; their machine code where it finds Intel's
    assembler."""
    if not tools.ocloc:
        raise Missing("no ocloc: Debian's intel-opencl-icd")
    name = f"{built.program}-{built.target.name}"
    tools.ocloc.link("libiga64.so.1", "libiga64.so", os.path.join(built.folder, "iga"))
    options = " ".join(["-w", "-cl-std=CL1.2", *options_of(built.program, INTEL, macros)])
    log = tools.ocloc.run("compile", "-file", built.path("cl"), "-device", built.target.name, "-output", f"{name}.bin",
                          "-output_no_suffix", "-out_dir", built.folder, "-options", options,
                          "-internal_options", "-cl-intel-allow-zebin")
    parts = os.path.join(built.folder, name)
    os.makedirs(parts, exist_ok=True)
    tools.ocloc.run("disasm", "-file", built.path("bin"), "-device", built.target.name, "-dump", parts)
    built.compiler = f"ocloc {ocloc_version(tools.ocloc, built.folder)}"
    built.kernels = usage_of_intel(read_text(os.path.join(parts, ".ze_info")), log)
    codes = {kernel: os.path.join(parts, f".text.{kernel}.asm") for kernel in built.kernels}
    if not all(os.path.exists(path) for path in codes.values()):
        built.why = "no disassembly: ocloc did not find libiga64, of Debian's libigc1"
        return
    built.listing = "".join(f"// kernel {kernel}\n{read_text(path)}\n" for kernel, path in codes.items())
    write_text(built.path("asm"), built.listing)


def ocloc_version(ocloc, folder):
    """It writes its answers to files."""
    ocloc.run("query", "OCL_DRIVER_VERSION", cwd=folder)
    return read_text(os.path.join(folder, "OCL_DRIVER_VERSION")).strip("\0 \n")


def usage_of_intel(info, log):
    """What a binary says of each kernel, and the compiler's log of its spills."""
    spills = {name: int(count) for name, count in
              re.findall(r"kernel (\w+)\s+compiled SIMD\d+ allocated \d+ regs and spilled around (\d+)", log)}
    usages = {}
    for text in re.split(r"\n  - (?=name:)", info.partition("\nkernels_misc_info:")[0])[1:]:
        name = re.match(r"name: +(\w+)", text)[1]
        number = {key: int(value) for key, value in re.findall(r"^ {6}(\w+): +(\d+)$", text, re.M)}
        sizes = re.search(r"required_work_group_size: \[([^\]]*)\]", text)
        group = None
        for size in re.findall(r"\d+", sizes[1]) if sizes else []:
            group = (group or 1) * int(size)
        scratch = re.findall(r"- type: +scratch\n(?:  .*\n)*? +size: +(\d+)", text)
        usages[name] = Usage(registers=number.get("grf_count"), spills=spills.get(name, 0), group=group,
                             local=number.get("slm_size", 0), lanes=number["simd_size"], stack=sum(map(int, scratch)))
    return usages


COMPILE = {NVIDIA: compile_nvidia, AMD: compile_amd, INTEL: compile_intel}


def compile_program(program, target, tools, folder, macros=None, tells_groups=True):
    """Compiles a program of kernels/sources.cmake for a target of target_units.py, with files in `folder`.
    macros: definitions beside or instead of the host's. tells_groups: NVIDIA's assembler learns the size of
    work-groups. Failed where it does not compile, Missing where a tool is not there."""
    built = Built(program, target, folder, tells_groups)
    os.makedirs(folder, exist_ok=True)
    write_text(built.path("cl"), text_of(program))
    try:
        COMPILE[target.vendor](built, tools, macros)
    except RuntimeError as error:
        raise Failed(str(error)) from error
    return built
