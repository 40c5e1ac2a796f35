# SPDX-License-Identifier: MIT
"""What a shared libclearbox shows is what the public headers declare, and nothing else.

usage: test_exports.py SOURCE SCRATCH CMAKE GENERATOR MAKE_PROGRAM COMPILER NM
"""
import os
import re
import shutil
import subprocess
import sys

# Within another project clearbox is the library alone.
PROJECT = """cmake_minimum_required(VERSION 3.18)
project(exports LANGUAGES C)
add_subdirectory(${CLEARBOX} clearbox)
"""

source, scratch, cmake, generator, make_program, compiler, nm = sys.argv[1:]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def declared():
    names = set()
    folder = os.path.join(source, "include", "clearbox")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
        names.update(re.findall(r"\b(cbx_\w+)\(", text))
    return names


def exported(library):
    lines = run(nm, "-D", "--defined-only", library).splitlines()
    return {line.split()[-1].split("@")[0] for line in lines}


def main():
    build = os.path.join(scratch, "build")
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    with open(os.path.join(scratch, "CMakeLists.txt"), "w", encoding="utf-8") as file:
        file.write(PROJECT)
    run(cmake, "-G", generator, "-S", scratch, "-B", build, f"-DCMAKE_MAKE_PROGRAM={make_program}",
        f"-DCMAKE_C_COMPILER={compiler}", "-DBUILD_SHARED_LIBS=ON", f"-DCLEARBOX={source}")
    run(cmake, "--build", build)
    headers = declared()
    library = exported(os.path.join(build, "clearbox", "host", "libclearbox.so"))
    wrong = [f"declared, but not exported: {name}" for name in sorted(headers - library)]
    wrong += [f"exported, but in no public header: {name}" for name in sorted(library - headers)]
    if not headers:
        wrong.append("the public headers declare nothing")
    shutil.rmtree(scratch)
    sys.exit("\n".join(wrong) or 0)


main()
