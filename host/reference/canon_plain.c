/* SPDX-License-Identifier: MIT */
#define CBX_CANON_LOOPS cbx_canon_loops_plain
#include "reference/canon_bodies.h"
