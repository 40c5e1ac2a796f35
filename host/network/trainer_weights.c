/* SPDX-License-Identifier: MIT */
/* Weights between the host's rows and the device's panels; see kernels/layout.h. */
#include <string.h>

#include "base/error.h"
#include "network/schedule.h"

static cbx_status check_shape(const cbx_trainer *trainer, const cbx_network *network) {
    if (network->hidden != trainer->settings.hidden) {
        return cbx_fail(CBX_BAD_ARGUMENT, "weights of %u hidden neurons for a network of %u",
                        network->hidden, trainer->settings.hidden);
    }
    return CBX_OK;
}

static void pack_w1(const cbx_network *network, uint32_t panels, float *w1) {
    for (size_t panel = 0; panel < panels; panel++) {
        const size_t first = panel * CBX_PANEL;
        const size_t used = first >= network->hidden              ? 0
                            : network->hidden - first < CBX_PANEL ? network->hidden - first
                                                                  : CBX_PANEL;
        for (size_t row = 0; row < CBX_W1_ROWS; row++) {
            float *lanes = w1 + panel * CBX_PANEL_SIZE + row * CBX_PANEL;
            memcpy(lanes, network->w1 + row * network->hidden + (used ? first : 0),
                   used * sizeof *lanes);
            for (size_t lane = used; lane < CBX_PANEL; lane++) {
                lanes[lane] = row == 0 ? CBX_PADDING_BIAS : 0.0f;
            }
        }
    }
}

static void unpack_w1(const float *w1, cbx_network *network) {
    for (size_t first = 0; first < network->hidden; first += CBX_PANEL) {
        const size_t left = network->hidden - first;
        const float *panel = w1 + first / CBX_PANEL * CBX_PANEL_SIZE;
        for (size_t row = 0; row < CBX_W1_ROWS; row++) {
            memcpy(network->w1 + row * network->hidden + first, panel + row * CBX_PANEL,
                   (left < CBX_PANEL ? left : CBX_PANEL) * sizeof *w1);
        }
    }
}

static cbx_status map(cbx_trainer *trainer, cl_mem buffer, cl_map_flags flags, size_t floats,
                      float **out) {
    cl_int error = CL_SUCCESS;
    *out = clEnqueueMapBuffer(trainer->device->queue, buffer, CL_TRUE, flags, 0,
                              floats * sizeof(float), 0, NULL, NULL, &error);
    return cbx_cl_check(error, "mapping weights");
}

static cbx_status unmap(cbx_trainer *trainer, cl_mem buffer, float *mapped) {
    return cbx_cl_check(
        clEnqueueUnmapMemObject(trainer->device->queue, buffer, mapped, 0, NULL, NULL),
        "copying weights");
}

cbx_status cbx_trainer_set_weights(cbx_trainer *trainer, const cbx_network *network) {
    const size_t w2_rows = 1 + (size_t)trainer->panels * CBX_PANEL;
    float *w1 = NULL, *w2 = NULL;
    cbx_status status = check_shape(trainer, network);
    if (!status) {
        status = cbx_trainer_flush(trainer);
    }
    if (!status) {
        status = map(trainer, trainer->w1, CL_MAP_WRITE_INVALIDATE_REGION,
                     (size_t)trainer->panels * CBX_PANEL_SIZE, &w1);
    }
    if (status) {
        return status;
    }
    pack_w1(network, trainer->panels, w1);
    status = unmap(trainer, trainer->w1, w1);
    if (!status) {
        status =
            map(trainer, trainer->w2, CL_MAP_WRITE_INVALIDATE_REGION, w2_rows * CBX_LANES_OUT, &w2);
    }
    if (status) {
        return status;
    }
    memset(w2, 0, w2_rows * CBX_LANES_OUT * sizeof *w2);
    for (size_t row = 0; row <= network->hidden; row++) {
        memcpy(w2 + row * CBX_LANES_OUT, network->w2 + row * CBX_CLASSES, CBX_CLASSES * sizeof *w2);
    }
    status = unmap(trainer, trainer->w2, w2);
    return status ? status
                  : cbx_cl_check(clFinish(trainer->device->queue), "uploading the weights");
}

cbx_status cbx_trainer_get_weights(cbx_trainer *trainer, cbx_network *network) {
    float *w1 = NULL, *w2 = NULL;
    cbx_status status = check_shape(trainer, network);
    if (!status) {
        status = cbx_trainer_flush(trainer);
    }
    if (!status) {
        status =
            map(trainer, trainer->w1, CL_MAP_READ, (size_t)trainer->panels * CBX_PANEL_SIZE, &w1);
    }
    if (status) {
        return status;
    }
    unpack_w1(w1, network);
    status = unmap(trainer, trainer->w1, w1);
    if (!status) {
        status = map(trainer, trainer->w2, CL_MAP_READ,
                     (1 + (size_t)network->hidden) * CBX_LANES_OUT, &w2);
    }
    if (status) {
        return status;
    }
    for (size_t row = 0; row <= network->hidden; row++) {
        memcpy(network->w2 + row * CBX_CLASSES, w2 + row * CBX_LANES_OUT, CBX_CLASSES * sizeof *w2);
    }
    status = unmap(trainer, trainer->w2, w2);
    return status ? status : cbx_cl_check(clFinish(trainer->device->queue), "reading the weights");
}
