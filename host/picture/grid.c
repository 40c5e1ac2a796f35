/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "clearbox/dataset.h"
#include "clearbox/picture.h"

cbx_status cbx_grid_lay_out(cbx_grid *out, uint32_t hidden, uint32_t scale) {
    if (hidden == 0) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a picture of 0 neurons is not possible; take at least 1");
    }
    if (scale == 0) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a picture at scale 0 is not possible; take at least 1");
    }
    /* ⌈√H⌉ in whole numbers, at most 65,536 steps: exact, whatever the size. */
    uint64_t rows = 1;
    while (rows * rows < hidden) {
        rows++;
    }
    /* The grid is never wider than high, so one side is enough to check. */
    uint64_t height = rows * CBX_IMAGE_SIDE * scale;
    if (height > CBX_MAX_SIDE) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a picture of %u neurons at scale %u would be %llu pixels high, more than "
                        "%u; take a smaller scale or fewer neurons",
                        (unsigned)hidden, (unsigned)scale, (unsigned long long)height,
                        CBX_MAX_SIDE);
    }
    uint32_t columns = (uint32_t)((hidden + rows - 1) / rows);
    *out = (cbx_grid){.tiles = hidden,
                      .rows = (uint32_t)rows,
                      .columns = columns,
                      .scale = scale,
                      .width = CBX_IMAGE_SIDE * scale * columns,
                      .height = (uint32_t)height};
    return CBX_OK;
}
