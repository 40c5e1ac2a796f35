/* SPDX-License-Identifier: MIT */
#include "network/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "layout.h"

const cbx_exchange cbx_exchange_alone = {.rank = 0, .ranks = 1};

cbx_share cbx_share_of(cbx_span panels, uint32_t hidden) {
    const uint32_t first = panels.first * CBX_PANEL, end = first + panels.count * CBX_PANEL;
    return (cbx_share){first, panels.count > 0 ? (end < hidden ? end : hidden) - first : 0};
}

cbx_status cbx_meeting_open(cbx_meeting *out, const cbx_exchange *exchange, uint32_t panels) {
    const uint32_t ranks = exchange->ranks;
    *out = (cbx_meeting){.exchange = *exchange, .panels = panels};
    cbx_status status = cbx_new(&out->counts, ranks);
    if (!status) {
        status = cbx_new(&out->starts, (size_t)ranks + 1);
    }
    for (uint32_t rank = 0; rank < ranks && ranks > 1 && !status; rank++) {
        cbx_span nodes[CBX_MOST_NODES];
        out->counts[rank] = cbx_tree_nodes(panels, exchange->owned[rank], nodes);
        out->all_nodes += out->counts[rank];
        if (rank == exchange->rank) {
            memcpy(out->nodes, nodes, out->counts[rank] * sizeof *nodes);
        }
    }
    return status;
}

void cbx_meeting_clear(cbx_meeting *meeting) {
    free(meeting->counts);
    free(meeting->starts);
    free(meeting->own);
    free(meeting->all);
    free(meeting->sum);
    *meeting = (cbx_meeting){.panels = 0};
}

uint32_t cbx_meeting_nodes(const cbx_meeting *meeting) {
    return meeting->counts[meeting->exchange.rank];
}

/* Room for at least so many floats. */
static cbx_status make_room(float **room, size_t *has, size_t floats) {
    if (*has >= floats) {
        return CBX_OK;
    }
    free(*room);
    *room = NULL;
    *has = 0;
    cbx_status status = cbx_allocate(room, floats, sizeof **room);
    *has = status ? 0 : floats;
    return status;
}

/* The shares, added up to the owner's nodes, in their place among those of all. */
static void add_up(const cbx_meeting *meeting, const cbx_sums *sums, float *mine) {
    const size_t numbers = (size_t)sums->rows * CBX_LANES_OUT;
    const size_t pitch = (size_t)sums->stride * CBX_LANES_OUT;
    float *shares = meeting->own;
    for (uint32_t i = 0; i < cbx_meeting_nodes(meeting); i++) {
        const uint32_t each = sums->share_panels;
        const uint32_t count = each > 0 ? (meeting->nodes[i].count + each - 1) / each : 1;
        memcpy(mine + i * numbers, cbx_tree_add(shares, count, pitch, numbers),
               numbers * sizeof *mine);
        shares += count * pitch;
    }
}

static void measure(const cbx_meeting *meeting, size_t numbers) {
    meeting->starts[0] = 0;
    for (uint32_t rank = 0; rank < meeting->exchange.ranks; rank++) {
        meeting->starts[rank + 1] = meeting->starts[rank] + meeting->counts[rank] * numbers;
    }
}

cbx_status cbx_exchange_sums(cbx_meeting *meeting, cbx_device *device, const cbx_sums *sums) {
    const cbx_exchange *exchange = &meeting->exchange;
    const size_t numbers = (size_t)sums->rows * CBX_LANES_OUT;
    const size_t share = (size_t)sums->stride * CBX_LANES_OUT, floats = sums->shares * share;
    const size_t at = sums->first * share * sizeof(float), bytes = floats * sizeof(float);
    if (exchange->ranks == 1) {
        return CBX_OK;
    }
    cbx_status status = CBX_OK;
    if (meeting->own_room < floats) { /* the last write is over before its memory goes */
        status = cbx_cl_check(clFinish(device->queue), "writing the outputs");
    }
    if (!status) {
        status = make_room(&meeting->own, &meeting->own_room, floats);
    }
    if (!status) {
        status = make_room(&meeting->all, &meeting->all_room, meeting->all_nodes * numbers);
    }
    if (!status) {
        status = make_room(&meeting->sum, &meeting->sum_room, meeting->all_nodes * numbers);
    }
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(device->queue, sums->buffer, CL_TRUE, at, bytes,
                                                  meeting->own, 0, NULL, NULL),
                              "reading a share of the outputs");
    }
    if (!status) {
        measure(meeting, numbers);
        add_up(meeting, sums, meeting->all + meeting->starts[exchange->rank]);
        status = exchange->gather(exchange->user, meeting->all, meeting->starts);
    }
    if (!status) {
        memcpy(meeting->sum, meeting->all, meeting->all_nodes * numbers * sizeof(float));
        cbx_tree_complete(meeting->panels, exchange->owned, meeting->sum, numbers);
        memset(meeting->own, 0, bytes);
        memcpy(meeting->own, meeting->sum, numbers * sizeof(float));
        /* Without waiting: the next one reads into that memory once it is written. */
        status = cbx_cl_check(clEnqueueWriteBuffer(device->queue, sums->buffer, CL_FALSE, at, bytes,
                                                   meeting->own, 0, NULL, NULL),
                              "writing the outputs");
    }
    return status;
}
