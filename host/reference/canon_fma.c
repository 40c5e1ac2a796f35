/* SPDX-License-Identifier: MIT */
/* Compiled for processors that have the instruction: host/CMakeLists.txt. */
#define CBX_CANON_LOOPS cbx_canon_loops_fma
#include "reference/canon_bodies.h"
