/* SPDX-License-Identifier: MIT */
/* A trainer as it is at one moment of the queue. */
#include "network/kept.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "device/copy.h"
#include "network/crew.h"

/* What a copy has of a trainer, one behind the other. */
enum { W1, W2, FAULT, LOSSES, KEPT };

int cbx_weights_are_gathered(uint32_t hidden) {
    return (uint64_t)hidden * CBX_W1_ROWS * sizeof(float) <= CBX_MOST_GATHERED;
}

int cbx_trainer_keeps_weights(const cbx_trainer *trainer) {
    return !cbx_crew_leads(trainer) || cbx_weights_are_gathered(trainer->settings.hidden);
}

static void list_kept(const cbx_trainer *trainer, cl_mem buffers[KEPT], size_t bytes[KEPT]) {
    const size_t panels = cbx_trainer_keeps_weights(trainer) ? trainer->panels : 0;
    buffers[W1] = trainer->w1;
    bytes[W1] = panels * CBX_PANEL_SIZE * sizeof(float);
    buffers[W2] = trainer->w2;
    bytes[W2] = panels > 0 ? (1 + panels * CBX_PANEL) * CBX_LANES_OUT * sizeof(float) : 0;
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

/* Those of the followers as they lie on their devices, W1 and W2 of each, one behind the other. */
static size_t floats_of(const cbx_trainer *trainer, uint32_t rank) {
    return cbx_crew_w1_floats(trainer, rank, CBX_W1_ROWS) + cbx_crew_w2_floats(trainer, rank);
}

static size_t floats_of_others(const cbx_trainer *trainer) {
    size_t floats = 0;
    for (uint32_t rank = 1; rank < trainer->meeting.exchange.ranks; rank++) {
        floats += floats_of(trainer, rank);
    }
    return floats;
}

/* What was asked for of all of them. */
static cbx_status receive_from_all(const cbx_trainer *trainer, float *to, int is_w2) {
    cbx_status status = CBX_OK;
    for (uint32_t rank = 1; rank < trainer->meeting.exchange.ranks && !status; rank++) {
        const size_t w1 = cbx_crew_w1_floats(trainer, rank, CBX_W1_ROWS);
        const size_t floats = is_w2 ? cbx_crew_w2_floats(trainer, rank) : w1;
        status = cbx_crew_receive(trainer, rank, to + (is_w2 ? w1 : 0), floats * sizeof *to);
        to += floats_of(trainer, rank);
    }
    return status;
}

static cbx_status receive_shares(const cbx_trainer *trainer, float *to) {
    const cbx_command w1 = {.word = CBX_ASK_W1, .rows = CBX_W1_ROWS}, w2 = {.word = CBX_ASK_W2};
    cbx_status status = cbx_crew_tell(trainer, &w1, NULL, 0);
    status = status ? status : receive_from_all(trainer, to, 0);
    status = status ? status : cbx_crew_tell(trainer, &w2, NULL, 0);
    return status ? status : receive_from_all(trainer, to, 1);
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
    const int gathers = cbx_crew_leads(trainer) && cbx_trainer_keeps_weights(trainer);
    return !status && gathers ? keep_others(trainer) : status;
}

/* Where they are in a copy's bytes. */
static void find_parts(const cbx_trainer *trainer, const uint8_t *kept, const void *parts[KEPT],
                       size_t bytes[KEPT]) {
    cl_mem buffers[KEPT];
    list_kept(trainer, buffers, bytes);
    for (int i = 0; i < KEPT; i++) {
        parts[i] = kept;
        kept += cbx_copy_room(bytes[i]);
    }
}

cbx_status cbx_trainer_kept(const cbx_trainer *trainer, const uint8_t *kept, float *losses) {
    size_t bytes[KEPT];
    const void *parts[KEPT];
    cl_uint fault;
    find_parts(trainer, kept, parts, bytes);
    memcpy(&fault, parts[FAULT], sizeof fault);
    if (fault != CBX_NO_FAULT) {
        return cbx_fail(CBX_DIVERGED, "the weights are no longer finite");
    }
    if (losses) {
        memcpy(losses, parts[LOSSES], bytes[LOSSES]);
    }
    return CBX_OK;
}

static void take_rows(const float *w1, cbx_share share, const cbx_w1_rows *to) {
    cbx_panels_unpack_w1(w1 + (size_t)to->first * CBX_PANEL, CBX_PANEL_SIZE, share, to);
}

void cbx_kept_w1(const cbx_trainer *trainer, const uint8_t *kept, const cbx_w1_rows *to) {
    size_t bytes[KEPT];
    const void *parts[KEPT];
    const float *others = trainer->kept_of_others;
    find_parts(trainer, kept, parts, bytes);
    take_rows(parts[W1], trainer->share, to);
    for (uint32_t rank = 1; others && rank < trainer->meeting.exchange.ranks; rank++) {
        take_rows(others, cbx_crew_share(trainer, rank), to);
        others += floats_of(trainer, rank);
    }
}

void cbx_kept_w2(const cbx_trainer *trainer, const uint8_t *kept, float *w2) {
    size_t bytes[KEPT];
    const void *parts[KEPT];
    const float *others = trainer->kept_of_others;
    find_parts(trainer, kept, parts, bytes);
    cbx_panels_unpack_w2(parts[W2], trainer->share, w2);
    for (uint32_t rank = 1; others && rank < trainer->meeting.exchange.ranks; rank++) {
        cbx_panels_unpack_w2(others + cbx_crew_w1_floats(trainer, rank, CBX_W1_ROWS),
                             cbx_crew_share(trainer, rank), w2);
        others += floats_of(trainer, rank);
    }
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
