/* SPDX-License-Identifier: MIT */
/* A picture of weights that lie on the device, as a PNG file. */
#ifndef CBX_LEARN_PICTURE_H
#define CBX_LEARN_PICTURE_H

#include "base/files.h"
#include "picture/draw.h"

/* Draws, and writes to `to`, which is open; the caller commits it. `w1` [P][785][32], `grid` the
 * painter's. CBX_NO_MEMORY, CBX_DEVICE_FAULT, CBX_CANNOT_WRITE. */
cbx_status cbx_write_grid(cbx_painter *painter, cl_mem w1, const cbx_grid *grid, cbx_output *to);

#endif
