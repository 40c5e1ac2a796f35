#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles clearbox's device programs for GPUs that are not here.

For other scripts: compile_program("train", target_of("sm_90"), Tools(folder), keep) gives a Built, whose
`listing` is nvdisasm's text with encodings (`-c -hex`).
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from target_compile import PROGRAMS, Built, Failed, Usage, compile_program  # noqa: E402,F401
from target_tools import Missing, Tools, fetch  # noqa: E402,F401
from target_units import TARGETS, resident, target_of  # noqa: E402,F401
