/* SPDX-License-Identifier: MIT */
#include "network/device_weights.h"

/* Rows of W1 in the panels of a device, and in a block of memory. */
typedef struct region {
    size_t origin[3], size[3]; /* bytes of a panel's rows, panels */
    size_t pitch, block_pitch; /* bytes from panel to panel */
} region;

static region region_of(uint32_t first, uint32_t rows, size_t panels) {
    const size_t row = CBX_PANEL * sizeof(float);
    return (region){.origin = {first * row, 0, 0},
                    .size = {rows * row, panels, 1},
                    .pitch = CBX_PANEL_SIZE * sizeof(float),
                    .block_pitch = rows * row};
}

cbx_status cbx_w1_read(const cbx_trainer *trainer, uint32_t first, uint32_t rows, float *panels) {
    static const size_t start[3] = {0, 0, 0};
    const region r =
        region_of(first, rows, ((size_t)trainer->share.count + CBX_PANEL - 1) / CBX_PANEL);
    return cbx_cl_check(clEnqueueReadBufferRect(trainer->device->queue, trainer->w1, CL_TRUE,
                                                r.origin, start, r.size, r.pitch, 0, r.block_pitch,
                                                0, panels, 0, NULL, NULL),
                        "reading the weights");
}

cbx_status cbx_w1_write(const cbx_trainer *trainer, uint32_t first, uint32_t rows,
                        const float *panels) {
    static const size_t start[3] = {0, 0, 0};
    const region r = region_of(first, rows, trainer->panels);
    return cbx_cl_check(clEnqueueWriteBufferRect(trainer->device->queue, trainer->w1, CL_TRUE,
                                                 r.origin, start, r.size, r.pitch, 0, r.block_pitch,
                                                 0, panels, 0, NULL, NULL),
                        "uploading the weights");
}

size_t cbx_w2_device_floats(const cbx_trainer *trainer) {
    return (1 + (size_t)trainer->panels * CBX_PANEL) * CBX_LANES_OUT;
}

cbx_status cbx_w2_read(const cbx_trainer *trainer, size_t floats, float *w2) {
    return cbx_cl_check(clEnqueueReadBuffer(trainer->device->queue, trainer->w2, CL_TRUE, 0,
                                            floats * sizeof *w2, w2, 0, NULL, NULL),
                        "reading the weights");
}

cbx_status cbx_w2_write(const cbx_trainer *trainer, const float *w2) {
    return cbx_cl_check(clEnqueueWriteBuffer(trainer->device->queue, trainer->w2, CL_TRUE, 0,
                                             cbx_w2_device_floats(trainer) * sizeof *w2, w2, 0,
                                             NULL, NULL),
                        "uploading the weights");
}
