/* SPDX-License-Identifier: MIT */
#include "network/crew.h"

#include <stdlib.h>

#include "base/memory.h"
#include "network/device_weights.h"

int cbx_crew_leads(const cbx_trainer *trainer) {
    return trainer->links && trainer->meeting.exchange.rank == 0;
}

cbx_status cbx_crew_send(const cbx_trainer *trainer, uint32_t rank, const void *bytes,
                         size_t size) {
    return trainer->links->send(trainer->links->user, rank, bytes, size);
}

cbx_status cbx_crew_receive(const cbx_trainer *trainer, uint32_t rank, void *bytes, size_t size) {
    return trainer->links->receive(trainer->links->user, rank, bytes, size);
}

cbx_status cbx_crew_tell(const cbx_trainer *trainer, const cbx_command *command, const void *more,
                         size_t bytes) {
    cbx_status status = CBX_OK;
    if (!cbx_crew_leads(trainer)) {
        return CBX_OK;
    }
    for (uint32_t rank = 1; rank < trainer->meeting.exchange.ranks && !status; rank++) {
        status = cbx_crew_send(trainer, rank, command, sizeof *command);
        if (!status && bytes > 0) {
            status = cbx_crew_send(trainer, rank, more, bytes);
        }
    }
    return status;
}

cbx_share cbx_crew_share(const cbx_trainer *trainer, uint32_t rank) {
    return cbx_share_of(trainer->meeting.exchange.owned[rank], trainer->settings.hidden);
}

size_t cbx_crew_w1_floats(const cbx_trainer *trainer, uint32_t rank, uint32_t rows) {
    return (size_t)trainer->meeting.exchange.owned[rank].count * rows * CBX_PANEL;
}

size_t cbx_crew_w2_floats(const cbx_trainer *trainer, uint32_t rank) {
    return (1 + (size_t)trainer->meeting.exchange.owned[rank].count * CBX_PANEL) * CBX_LANES_OUT;
}

cbx_status cbx_crew_send_w1(cbx_trainer *trainer, uint32_t first, uint32_t rows) {
    const uint32_t rank = trainer->meeting.exchange.rank;
    const size_t floats = cbx_crew_w1_floats(trainer, rank, rows);
    float *room = NULL;
    cbx_status status = cbx_new(&room, floats);
    if (!status) {
        status = cbx_w1_read(trainer, first, rows, room);
    }
    if (!status) {
        status = cbx_crew_send(trainer, 0, room, floats * sizeof *room);
    }
    free(room);
    return status;
}

cbx_status cbx_crew_send_w2(cbx_trainer *trainer) {
    const size_t floats = cbx_crew_w2_floats(trainer, trainer->meeting.exchange.rank);
    float *room = NULL;
    cbx_status status = cbx_new(&room, floats);
    if (!status) {
        status = cbx_w2_read(trainer, floats, room);
    }
    if (!status) {
        status = cbx_crew_send(trainer, 0, room, floats * sizeof *room);
    }
    free(room);
    return status;
}

/* Panels that no neuron is in, behind those that are sent. */
static void pad_w1(float *w1, uint32_t first, uint32_t rows, uint32_t from, uint32_t panels) {
    for (size_t panel = from; panel < panels && first == 0; panel++) {
        for (size_t lane = 0; lane < CBX_PANEL; lane++) {
            w1[panel * rows * CBX_PANEL + lane] = CBX_PADDING_BIAS;
        }
    }
}

cbx_status cbx_crew_receive_w1(cbx_trainer *trainer, uint32_t first, uint32_t rows) {
    const uint32_t rank = trainer->meeting.exchange.rank;
    const size_t sent = cbx_crew_w1_floats(trainer, rank, rows);
    float *room = NULL;
    cbx_status status = cbx_new(&room, (size_t)trainer->panels * rows * CBX_PANEL);
    if (!status) {
        pad_w1(room, first, rows, trainer->meeting.exchange.owned[rank].count, trainer->panels);
        status = cbx_crew_receive(trainer, 0, room, sent * sizeof *room);
    }
    if (!status) {
        status = cbx_w1_write(trainer, first, rows, room);
    }
    free(room);
    return status;
}

cbx_status cbx_crew_receive_w2(cbx_trainer *trainer) {
    const size_t sent = cbx_crew_w2_floats(trainer, trainer->meeting.exchange.rank);
    float *room = NULL;
    cbx_status status = cbx_new(&room, cbx_w2_device_floats(trainer));
    if (!status) {
        status = cbx_crew_receive(trainer, 0, room, sent * sizeof *room);
    }
    if (!status) {
        status = cbx_w2_write(trainer, room);
    }
    free(room);
    return status;
}

static cbx_status place_w1(cbx_trainer *trainer, uint32_t rank, float *room) {
    const size_t bytes = cbx_crew_w1_floats(trainer, rank, CBX_W1_ROWS) * sizeof *room;
    const size_t at = (size_t)trainer->meeting.exchange.owned[rank].first * CBX_PANEL_SIZE;
    const cbx_status status = cbx_crew_receive(trainer, rank, room, bytes);
    return status ? status
                  : cbx_cl_check(clEnqueueWriteBuffer(trainer->device->queue, trainer->whole_w1,
                                                      CL_TRUE, at * sizeof *room, bytes, room, 0,
                                                      NULL, NULL),
                                 "putting W1 together");
}

/* Of runs without pictures nobody needs it. */
static cbx_status make_whole_w1(cbx_trainer *trainer) {
    const uint64_t bytes = (uint64_t)trainer->meeting.panels * CBX_PANEL_SIZE * sizeof(float);
    return trainer->whole_w1 ? CBX_OK
                             : cbx_buffer_create(trainer->device, CL_MEM_READ_WRITE, bytes,
                                                 "the W1 of all", &trainer->whole_w1);
}

cbx_status cbx_crew_collect_w1(cbx_trainer *trainer) {
    const uint32_t ranks = trainer->meeting.exchange.ranks;
    size_t most = 1;
    float *room = NULL;
    for (uint32_t rank = 1; rank < ranks; rank++) {
        const size_t floats = cbx_crew_w1_floats(trainer, rank, CBX_W1_ROWS);
        most = floats > most ? floats : most;
    }
    cbx_status status = cbx_new(&room, most);
    if (!status) {
        status = make_whole_w1(trainer);
    }
    if (!status) {
        const size_t own = cbx_crew_w1_floats(trainer, 0, CBX_W1_ROWS) * sizeof *room;
        status = cbx_cl_check(clEnqueueCopyBuffer(trainer->device->queue, trainer->w1,
                                                  trainer->whole_w1, 0, 0, own, 0, NULL, NULL),
                              "putting W1 together");
    }
    for (uint32_t rank = 1; rank < ranks && !status; rank++) {
        status = place_w1(trainer, rank, room);
    }
    free(room);
    return status;
}

cbx_status cbx_trainer_begin_checks(const cbx_trainer *trainer, uint32_t first, uint32_t rows,
                                    cbx_rates rates, uint64_t number) {
    const cbx_command command = {
        .word = CBX_TELL_CHECK, .first = first, .rows = rows, .rates = rates, .number = number};
    return cbx_crew_tell(trainer, &command, NULL, 0);
}

cbx_status cbx_trainer_end_checks(const cbx_trainer *trainer) {
    const uint32_t ranks = cbx_crew_leads(trainer) ? trainer->meeting.exchange.ranks : 1;
    cbx_status status = cbx_crew_tell(trainer, &(cbx_command){.word = CBX_ASK_VERDICT}, NULL, 0);
    for (uint32_t rank = 1; rank < ranks && !status; rank++) {
        char right;
        status = cbx_crew_receive(trainer, rank, &right, sizeof right);
    }
    return status;
}

void cbx_crew_end(cbx_trainer *trainer) {
    const cbx_command command = {.word = CBX_TELL_END};
    (void)cbx_crew_tell(trainer, &command, NULL, 0);
}
