/* SPDX-License-Identifier: MIT */
/* Weights between the host's rows and the device's panels; see kernels/layout.h. A trainer
 * takes and gives its share of the neurons; W2's bias row is with every share. */
#include <string.h>

#include "base/error.h"
#include "device/copy.h"
#include "network/schedule.h"

static cbx_status check_shape(const cbx_trainer *trainer, const cbx_network *network) {
    if (network->hidden != trainer->settings.hidden) {
        return cbx_fail(CBX_BAD_ARGUMENT, "weights of %u hidden neurons for a network of %u",
                        network->hidden, trainer->settings.hidden);
    }
    return CBX_OK;
}

/* Lanes of a panel that have a neuron. */
static size_t used_lanes(cbx_share share, size_t panel) {
    const size_t before = panel * CBX_PANEL;
    return before >= share.count              ? 0
           : share.count - before < CBX_PANEL ? share.count - before
                                              : CBX_PANEL;
}

static void pack_w1(const cbx_network *network, cbx_share share, uint32_t panels, float *w1) {
    for (size_t panel = 0; panel < panels; panel++) {
        const size_t used = used_lanes(share, panel);
        const size_t first = used ? share.first + panel * CBX_PANEL : 0;
        for (size_t row = 0; row < CBX_W1_ROWS; row++) {
            float *lanes = w1 + panel * CBX_PANEL_SIZE + row * CBX_PANEL;
            memcpy(lanes, network->w1 + row * network->hidden + first, used * sizeof *lanes);
            for (size_t lane = used; lane < CBX_PANEL; lane++) {
                lanes[lane] = row == 0 ? CBX_PADDING_BIAS : 0.0f;
            }
        }
    }
}

static void unpack_w1(const float *w1, cbx_share share, cbx_network *network) {
    for (size_t panel = 0; panel * CBX_PANEL < share.count; panel++) {
        const size_t first = share.first + panel * CBX_PANEL;
        for (size_t row = 0; row < CBX_W1_ROWS; row++) {
            memcpy(network->w1 + row * network->hidden + first,
                   w1 + panel * CBX_PANEL_SIZE + row * CBX_PANEL,
                   used_lanes(share, panel) * sizeof *w1);
        }
    }
}

/* Where a row of a share's W2 is in that of the network: the bias, then its neurons'. */
static size_t w2_row(cbx_share share, size_t row) {
    return row > 0 ? share.first + row : 0;
}

static void pack_w2(const cbx_network *network, cbx_share share, float *w2) {
    for (size_t row = 0; row <= share.count; row++) {
        memcpy(w2 + row * CBX_LANES_OUT, network->w2 + w2_row(share, row) * CBX_CLASSES,
               CBX_CLASSES * sizeof *w2);
    }
}

static void unpack_w2(const float *w2, cbx_share share, cbx_network *network) {
    for (size_t row = 0; row <= share.count; row++) {
        memcpy(network->w2 + w2_row(share, row) * CBX_CLASSES, w2 + row * CBX_LANES_OUT,
               CBX_CLASSES * sizeof *w2);
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
    pack_w1(network, trainer->share, trainer->panels, w1);
    status = unmap(trainer, trainer->w1, w1);
    if (!status) {
        status =
            map(trainer, trainer->w2, CL_MAP_WRITE_INVALIDATE_REGION, w2_rows * CBX_LANES_OUT, &w2);
    }
    if (status) {
        return status;
    }
    memset(w2, 0, w2_rows * CBX_LANES_OUT * sizeof *w2);
    pack_w2(network, trainer->share, w2);
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
    unpack_w1(w1, trainer->share, network);
    status = unmap(trainer, trainer->w1, w1);
    if (!status) {
        status = map(trainer, trainer->w2, CL_MAP_READ,
                     (1 + (size_t)trainer->share.count) * CBX_LANES_OUT, &w2);
    }
    if (status) {
        return status;
    }
    unpack_w2(w2, trainer->share, network);
    status = unmap(trainer, trainer->w2, w2);
    return status ? status : cbx_cl_check(clFinish(trainer->device->queue), "reading the weights");
}

/* ---- as they are at one moment of the queue ---- */

/* What a copy has of a trainer, one behind the other. */
enum { W1, W2, FAULT, LOSSES, KEPT };

static void list_kept(const cbx_trainer *trainer, cl_mem buffers[KEPT], size_t bytes[KEPT]) {
    const size_t panels = trainer->panels;
    buffers[W1] = trainer->w1;
    bytes[W1] = panels * CBX_PANEL_SIZE * sizeof(float);
    buffers[W2] = trainer->w2;
    bytes[W2] = (1 + panels * CBX_PANEL) * CBX_LANES_OUT * sizeof(float);
    buffers[FAULT] = trainer->fault;
    bytes[FAULT] = sizeof(cl_uint);
    buffers[LOSSES] = trainer->losses;
    bytes[LOSSES] = trainer->keeps_losses ? trainer->images_of[CBX_TRAIN] * sizeof(float) : 0;
}

size_t cbx_trainer_kept_bytes(const cbx_trainer *trainer) {
    cl_mem buffers[KEPT];
    size_t bytes[KEPT], sum = 0;
    list_kept(trainer, buffers, bytes);
    for (int i = 0; i < KEPT; i++) {
        sum += cbx_copy_room(bytes[i]);
    }
    return sum;
}

cbx_status cbx_trainer_keep(cbx_trainer *trainer, cbx_copy *to) {
    cl_mem buffers[KEPT];
    size_t bytes[KEPT];
    list_kept(trainer, buffers, bytes);
    cbx_status status = cbx_trainer_flush(trainer);
    for (int i = 0; i < KEPT && !status; i++) {
        status = bytes[i] > 0 ? cbx_copy_add(to, buffers[i], bytes[i]) : CBX_OK;
    }
    return status;
}

static int is_finite(const float *numbers, size_t count) {
    uint32_t bits, most = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(&bits, &numbers[i], sizeof bits);
        bits &= 0x7f800000u;
        most = bits > most ? bits : most;
    }
    return most < 0x7f800000u;
}

cbx_status cbx_trainer_kept(const cbx_trainer *trainer, const uint8_t *kept, cbx_network *network,
                            float *losses) {
    cl_mem buffers[KEPT];
    size_t bytes[KEPT];
    const void *parts[KEPT];
    cl_uint fault;
    list_kept(trainer, buffers, bytes);
    for (int i = 0; i < KEPT; i++) {
        parts[i] = kept;
        kept += cbx_copy_room(bytes[i]);
    }
    memcpy(&fault, parts[FAULT], sizeof fault);
    if (fault != CBX_NO_FAULT || !is_finite(parts[W1], bytes[W1] / sizeof(float)) ||
        !is_finite(parts[W2], (1 + (size_t)trainer->share.count) * CBX_LANES_OUT)) {
        return cbx_fail(CBX_DIVERGED, "the weights are no longer finite");
    }
    unpack_w1(parts[W1], trainer->share, network);
    unpack_w2(parts[W2], trainer->share, network);
    if (losses) {
        memcpy(losses, parts[LOSSES], bytes[LOSSES]);
    }
    return CBX_OK;
}

cbx_status cbx_trainer_set_losses(cbx_trainer *trainer, const float *losses, uint32_t count) {
    if (count > trainer->images_of[CBX_TRAIN]) {
        return cbx_fail(CBX_BAD_ARGUMENT, "losses of %u images, of which there are %u", count,
                        trainer->images_of[CBX_TRAIN]);
    }
    return count == 0 ? CBX_OK
                      : cbx_cl_check(clEnqueueWriteBuffer(trainer->device->queue, trainer->losses,
                                                          CL_TRUE, 0, count * sizeof *losses,
                                                          losses, 0, NULL, NULL),
                                     "uploading losses");
}
