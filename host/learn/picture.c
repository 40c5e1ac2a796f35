/* SPDX-License-Identifier: MIT */
#include "learn/picture.h"

#include <stdlib.h>

#include "base/memory.h"
#include "picture/png.h"

cbx_status cbx_write_grid(cbx_painter *painter, cl_mem w1, const cbx_grid *grid, cbx_output *to) {
    uint8_t *rgb = NULL;
    cbx_status status = cbx_new(&rgb, (size_t)grid->width * grid->height * 3);
    if (!status) {
        status = cbx_painter_rgb(painter, w1, rgb);
    }
    if (!status) {
        status = cbx_png_write(to, rgb, grid->width, grid->height);
    }
    free(rgb);
    return status;
}
