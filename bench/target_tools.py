# SPDX-License-Identifier: MIT
"""Finds the compilers that targets.py needs: clang with libclc's or ROCm's bitcode, NVIDIA's ptxas and
nvdisasm, Intel's ocloc. They may be installed, or unpacked in a folder that has a root for each of them
(`dpkg -x` or `pip install --target`), so that nothing need be installed; fetch() fills such a folder.
"""
import functools
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

# What fetch() unpacks: packages of Debian by the name of the root, and of PyPI, a root for each.
DEBIAN = {
    "llvm-15": ["clang-15", "libllvm15", "libclang-cpp15", "libclang-common-15-dev", "libclc-15"],
    "llvm-22": ["clang-22", "libllvm22", "libclang-cpp22", "libclang-common-22-dev", "libclc-22"],
    "rocm": ["rocm-device-libs"],
    "intel": ["intel-opencl-icd", "libigc1", "libigdfcl1", "libigdgmm12", "libopencl-clang14", "libllvmspirvlib14",
              "libllvm14"],
}
PYPI = ["nvidia-cuda-nvcc", "nvidia-cuda-nvdisasm"]
# A kernel that needs a compiler, its library and little else.
PROBE = "kernel void probe(global float *p) { p[get_global_id(0)] = fmax(p[0], 1.0f); }\n"


class Missing(Exception):
    """A tool is not there; the message says which and where it comes from."""


def run(command, env=None, cwd=None):
    """What a command printed; RuntimeError with that when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          env=env, cwd=cwd, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"{os.path.basename(command[0])} ended with {done.returncode}:\n{done.stdout.strip()}")
    return done.stdout


class Tool:
    """A program, and the root that its libraries lie in where it was only unpacked."""

    def __init__(self, path, root=""):
        self.path, self.root = path, root
        self.libraries = [f"{root}/usr/lib/x86_64-linux-gnu", f"{root}/usr/lib"] if root else []

    def environment(self):
        if not self.libraries:
            return dict(os.environ)
        old = os.environ.get("LD_LIBRARY_PATH")
        return dict(os.environ, LD_LIBRARY_PATH=":".join(self.libraries + ([old] if old else [])))

    def run(self, *arguments, cwd=None):
        return run([self.path, *arguments], env=self.environment(), cwd=cwd)

    def link(self, library, name, place):
        """Makes a library of the root known by a name without its version, which needs a development package."""
        path = next((path for folder in self.libraries + ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"]
                     for path in [os.path.join(folder, library)] if os.path.exists(path)), None)
        if path:
            os.makedirs(place, exist_ok=True)
            if not os.path.lexists(os.path.join(place, name)):
                os.symlink(path, os.path.join(place, name))
            self.libraries = [place] + [folder for folder in self.libraries if folder != place]

    def version(self, pattern, *arguments):
        try:
            found = re.search(pattern, self.run(*(arguments or ["--version"])))
        except (OSError, RuntimeError):
            return None
        return found[1] if found else None


class Clang(Tool):
    """A clang, and the bitcode that it can read."""

    def __init__(self, path, root, roots):
        super().__init__(path, root)
        self.number = self.version(r"clang version ([0-9.]+)")
        self.major = int(self.number.split(".")[0]) if self.number else 0
        self.bitcode = [place for r in [root] + [other for other in roots if other != root]
                        for place in [f"{r}/usr/lib/clc"] if os.path.isdir(place)]
        self.rocm = [place for r in roots for place in glob.glob(f"{r}/usr/lib/*/amdgcn/bitcode")]

    def candidates(self, triple):
        """Options that bring OpenCL's functions, each with the name of the library; the best first."""
        names = {"nvptx64--nvidiacl": ["nvptx64--nvidiacl"],
                 "amdgcn-amd-amdhsa": ["amdgcn-amd-amdhsa", "amdgcn--amdhsa"]}[triple]
        for place in self.bitcode:
            for path in (f"{place}/{name}.bc" for name in names):
                if os.path.isfile(path):
                    yield ["-nogpulib", "-Xclang", "-mlink-builtin-bitcode", "-Xclang", path], "libclc"
        if triple.startswith("amdgcn"):
            for place in self.rocm:
                yield [f"--rocm-device-lib-path={place}"], "rocm-device-libs"

    @functools.lru_cache(maxsize=None)
    def library(self, triple, cpu):
        """Options and the library's name for a processor; None where this clang cannot compile for it."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "probe.cl")
            with open(path, "w", encoding="utf-8") as file:
                file.write(PROBE)
            for options, name in self.candidates(triple):
                try:
                    self.compile(path, os.path.join(folder, "probe.s"), triple, cpu, options)
                except RuntimeError:
                    continue
                return options, name
        return None

    def compile(self, source, output, triple, cpu, options):
        cpu = ["-Xclang", "-target-cpu", "-Xclang", cpu] if triple.startswith("nvptx") else [f"-mcpu={cpu}"]
        self.run("-x", "cl", "-O3", "-target", triple, *cpu, *options, "-Xclang", "-finclude-default-header",
                 "-D__OPENCL_VERSION__=120", "-cl-std=CL1.2", "-w", "-S", "-o", output, source)


class Tools:
    """What was found. `folder`: where roots may lie; `clang`: only this major version, or this program."""

    def __init__(self, folder=None, clang=None):
        roots = [r for r in sorted(glob.glob(f"{folder}/*/")) + [folder] if os.path.isdir(r)] if folder else []
        self.roots = [os.path.abspath(r) for r in roots]
        self.clangs = self.find_clangs(clang)
        self.ptxas = self.find_nvidia("ptxas")
        self.nvdisasm = self.find_nvidia("nvdisasm")
        self.ocloc = self.find_ocloc()

    def find_clangs(self, wanted):
        """The newest first, one for each version."""
        found = []
        for root in [""] + self.roots:
            for path in glob.glob(f"{root}/usr/lib/llvm-*/bin/clang") + ([] if root else [shutil.which("clang")]):
                found.append((path, root))
        if wanted and not str(wanted).isdigit():
            found = [(wanted, "")]
        clangs = {}
        for path, root in found:
            clang = Clang(path, root, [""] + self.roots) if path and os.access(path, os.X_OK) else None
            if clang and clang.major and (not str(wanted).isdigit() or clang.major == int(wanted)):
                clangs.setdefault(clang.major, clang)
        return [clangs[major] for major in sorted(clangs, reverse=True)]

    def find_nvidia(self, name):
        path = shutil.which(name) or next(iter(glob.glob(f"/usr/local/cuda*/bin/{name}")), None)
        for root in self.roots + sys.path:
            path = path or next(iter(sorted(glob.glob(f"{root}/nvidia/*/bin/{name}"), reverse=True)), None)
        return Tool(path) if path and os.access(path, os.X_OK) else None

    def find_ocloc(self):
        for root in self.roots:
            path = f"{root}/usr/bin/ocloc"
            if os.access(path, os.X_OK):
                return Tool(path, root)
        path = shutil.which("ocloc")
        return Tool(path) if path else None

    def clang_for(self, triple, cpus):
        """The newest clang that knows the first of the processors, or else the next: clang, cpu, options,
        the library's name."""
        if not self.clangs:
            raise Missing("no clang: Debian's clang-15 and libclc-15, or newer")
        for cpu in cpus:
            for clang in self.clangs:
                library = clang.library(triple, cpu)
                if library:
                    return clang, cpu, *library
        known = ", ".join(f"clang {clang.number}" for clang in self.clangs)
        raise Missing(f"{known}: does not know {cpus[0]}, or has no libclc or rocm-device-libs that it can read")


def fetch(folder):
    """Unpacks every package that can be had into roots of the folder; says what could not."""
    for root, packages in DEBIAN.items():
        place = os.path.join(folder, root)
        os.makedirs(place, exist_ok=True)
        for package in packages:
            with tempfile.TemporaryDirectory() as work:
                try:
                    run(["apt-get", "download", package], cwd=work)
                    for file in os.listdir(work):
                        run(["dpkg", "-x", os.path.join(work, file), place])
                except (OSError, RuntimeError) as error:
                    yield f"{package}: {str(error).splitlines()[-1]}"
    for package in PYPI:
        try:
            run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target",
                 os.path.join(folder, package), package])
        except RuntimeError as error:
            yield f"{package}: {str(error).splitlines()[-1]}"
