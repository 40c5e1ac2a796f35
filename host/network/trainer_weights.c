/* SPDX-License-Identifier: MIT */
/* Weights between the host's rows and the device's panels; see kernels/layout.h. A trainer
 * takes and gives its share of the neurons; W2's bias row is with every share. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "device/copy.h"
#include "network/crew.h"

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

/* ---- of others ---- */

/* One after the other, each its share. */
static cbx_status send_shares(const cbx_trainer *trainer, const cbx_network *network) {
    const cbx_exchange *exchange = &trainer->meeting.exchange;
    cbx_status status = cbx_crew_tell(trainer, &(cbx_command){.word = CBX_TELL_WEIGHTS}, NULL, 0);
    for (uint32_t rank = 1; rank < exchange->ranks && !status; rank++) {
        const size_t w1 = cbx_crew_w1_floats(trainer, rank);
        const size_t w2 = cbx_crew_w2_floats(trainer, rank);
        float *room = NULL;
        status = cbx_new(&room, w1 + w2);
        if (!status) {
            pack_w1(network, cbx_crew_share(trainer, rank), exchange->owned[rank].count, room);
            pack_w2(network, cbx_crew_share(trainer, rank), room + w1);
            status = cbx_crew_send(trainer, rank, room, w1 * sizeof *room);
        }
        if (!status) {
            status = cbx_crew_send(trainer, rank, room + w1, w2 * sizeof *room);
        }
        free(room);
    }
    return status;
}

/* W1 and W2 of a rank, one behind the other, into its part of the network. */
static void unpack_share(const cbx_trainer *trainer, uint32_t rank, const float *weights,
                         cbx_network *network) {
    const cbx_share share = cbx_crew_share(trainer, rank);
    unpack_w1(weights, share, network);
    unpack_w2(weights + cbx_crew_w1_floats(trainer, rank), share, network);
}

static size_t floats_of(const cbx_trainer *trainer, uint32_t rank) {
    return cbx_crew_w1_floats(trainer, rank) + cbx_crew_w2_floats(trainer, rank);
}

/* Of all of them. */
static size_t floats_of_others(const cbx_trainer *trainer) {
    size_t floats = 0;
    for (uint32_t rank = 1; rank < trainer->meeting.exchange.ranks; rank++) {
        floats += floats_of(trainer, rank);
    }
    return floats;
}

static cbx_status receive_share(const cbx_trainer *trainer, uint32_t rank, float *weights) {
    const size_t w1 = cbx_crew_w1_floats(trainer, rank), w2 = cbx_crew_w2_floats(trainer, rank);
    const cbx_status status = cbx_crew_receive(trainer, rank, weights, w1 * sizeof *weights);
    return status ? status : cbx_crew_receive(trainer, rank, weights + w1, w2 * sizeof *weights);
}

/* Of each in turn, one behind the other. */
static cbx_status receive_shares(const cbx_trainer *trainer, float *weights) {
    cbx_status status = cbx_crew_tell(trainer, &(cbx_command){.word = CBX_ASK_WEIGHTS}, NULL, 0);
    for (uint32_t rank = 1; rank < trainer->meeting.exchange.ranks && !status; rank++) {
        status = receive_share(trainer, rank, weights);
        weights += floats_of(trainer, rank);
    }
    return status;
}

static void unpack_shares(const cbx_trainer *trainer, const float *weights, cbx_network *network) {
    for (uint32_t rank = 1; rank < trainer->meeting.exchange.ranks; rank++) {
        unpack_share(trainer, rank, weights, network);
        weights += floats_of(trainer, rank);
    }
}

/* One share after the other: together they may be more than there is memory for. */
static cbx_status get_others(const cbx_trainer *trainer, cbx_network *network) {
    cbx_status status = cbx_crew_tell(trainer, &(cbx_command){.word = CBX_ASK_WEIGHTS}, NULL, 0);
    for (uint32_t rank = 1; rank < trainer->meeting.exchange.ranks && !status; rank++) {
        float *weights = NULL;
        status = cbx_new(&weights, floats_of(trainer, rank));
        if (!status) {
            status = receive_share(trainer, rank, weights);
        }
        if (!status) {
            unpack_share(trainer, rank, weights, network);
        }
        free(weights);
    }
    return status;
}

/* Panels that no neuron is in, behind those that are sent. */
static void pad_w1(float *w1, uint32_t from, uint32_t panels) {
    for (size_t panel = from; panel < panels; panel++) {
        for (size_t lane = 0; lane < CBX_PANEL; lane++) {
            w1[panel * CBX_PANEL_SIZE + lane] = CBX_PADDING_BIAS;
        }
    }
}

static cbx_status receive(const cbx_trainer *trainer, float *to, size_t floats) {
    return cbx_crew_receive(trainer, 0, to, floats * sizeof *to);
}

static cbx_status upload(const cbx_trainer *trainer, cl_mem to, const float *from, size_t floats) {
    return cbx_cl_check(clEnqueueWriteBuffer(trainer->device->queue, to, CL_TRUE, 0,
                                             floats * sizeof *from, from, 0, NULL, NULL),
                        "uploading the weights");
}

cbx_status cbx_trainer_receive_weights(cbx_trainer *trainer) {
    const uint32_t rank = trainer->meeting.exchange.rank;
    const uint32_t sent = trainer->meeting.exchange.owned[rank].count, panels = trainer->panels;
    const size_t w2_floats = (1 + (size_t)panels * CBX_PANEL) * CBX_LANES_OUT;
    float *w1 = NULL, *w2 = NULL;
    cbx_status status = cbx_new(&w1, (size_t)panels * CBX_PANEL_SIZE);
    if (!status) {
        status = cbx_new(&w2, w2_floats);
    }
    if (!status) {
        pad_w1(w1, sent, panels);
        status = receive(trainer, w1, cbx_crew_w1_floats(trainer, rank));
    }
    if (!status) {
        status = receive(trainer, w2, cbx_crew_w2_floats(trainer, rank));
    }
    if (!status) {
        status = upload(trainer, trainer->w1, w1, (size_t)panels * CBX_PANEL_SIZE);
    }
    if (!status) {
        status = upload(trainer, trainer->w2, w2, w2_floats);
    }
    free(w1);
    free(w2);
    return status;
}

/* ---- all ---- */

cbx_status cbx_trainer_set_weights(cbx_trainer *trainer, const cbx_network *network) {
    const size_t w2_rows = 1 + (size_t)trainer->panels * CBX_PANEL;
    float *w1 = NULL, *w2 = NULL;
    cbx_status status = check_shape(trainer, network);
    if (!status) {
        status = cbx_trainer_flush(trainer);
    }
    if (!status && cbx_crew_leads(trainer)) {
        status = send_shares(trainer, network);
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
    if (!status) {
        status = cbx_cl_check(clFinish(trainer->device->queue), "reading the weights");
    }
    return !status && cbx_crew_leads(trainer) ? get_others(trainer, network) : status;
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

/* The weights of the others are there at once. */
static cbx_status keep_others(cbx_trainer *trainer) {
    cbx_status status = CBX_OK;
    if (!trainer->kept_of_others) {
        status = cbx_new(&trainer->kept_of_others, floats_of_others(trainer));
    }
    return status ? status : receive_shares(trainer, trainer->kept_of_others);
}

cbx_status cbx_trainer_keep(cbx_trainer *trainer, cbx_copy *to) {
    cl_mem buffers[KEPT];
    size_t bytes[KEPT];
    list_kept(trainer, buffers, bytes);
    cbx_status status = cbx_trainer_flush(trainer);
    for (int i = 0; i < KEPT && !status; i++) {
        status = bytes[i] > 0 ? cbx_copy_add(to, buffers[i], bytes[i]) : CBX_OK;
    }
    return !status && cbx_crew_leads(trainer) ? keep_others(trainer) : status;
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
        !is_finite(parts[W2], (1 + (size_t)trainer->share.count) * CBX_LANES_OUT) ||
        (trainer->kept_of_others &&
         !is_finite(trainer->kept_of_others, floats_of_others(trainer)))) {
        return cbx_fail(CBX_DIVERGED, "the weights are no longer finite");
    }
    unpack_w1(parts[W1], trainer->share, network);
    unpack_w2(parts[W2], trainer->share, network);
    if (trainer->kept_of_others) {
        unpack_shares(trainer, trainer->kept_of_others, network);
    }
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
