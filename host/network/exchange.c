/* SPDX-License-Identifier: MIT */
#include "network/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "clearbox/dataset.h"
#include "layout.h"

const cbx_exchange cbx_exchange_alone = {.rank = 0, .ranks = 1};

cbx_share cbx_share_of(cbx_span panels, uint32_t hidden) {
    const uint32_t first = panels.first * CBX_PANEL, end = first + panels.count * CBX_PANEL;
    return (cbx_share){first, panels.count > 0 ? (end < hidden ? end : hidden) - first : 0};
}

cbx_meeting cbx_meeting_open(const cbx_exchange *exchange, uint32_t panels) {
    cbx_meeting meeting = {.exchange = *exchange, .panels = panels};
    if (exchange->ranks > 1) {
        meeting.count = cbx_tree_nodes(panels, exchange->owned[exchange->rank], meeting.nodes);
    }
    return meeting;
}

void cbx_meeting_clear(cbx_meeting *meeting) {
    free(meeting->own);
    free(meeting->sent);
    free(meeting->sum);
    *meeting = (cbx_meeting){.count = 0};
}

/* Rows of outputs from lanes to lanes. */
static void copy_rows(const float *from, size_t from_lanes, float *to, size_t to_lanes,
                      uint32_t rows) {
    for (size_t row = 0; row < rows; row++) {
        memcpy(to + row * to_lanes, from + row * from_lanes, CBX_CLASSES * sizeof *to);
    }
}

/* The shares, added up to the owner's nodes. */
static void add_up(const cbx_meeting *meeting, const cbx_sums *sums) {
    const size_t numbers = (size_t)sums->rows * CBX_LANES_OUT;
    const size_t sent = (size_t)sums->rows * CBX_CLASSES;
    const size_t pitch = (size_t)sums->stride * CBX_LANES_OUT;
    float *shares = meeting->own;
    for (uint32_t i = 0; i < meeting->count; i++) {
        const uint32_t each = sums->share_panels;
        const uint32_t count = each > 0 ? (meeting->nodes[i].count + each - 1) / each : 1;
        copy_rows(cbx_tree_add(shares, count, pitch, numbers), CBX_LANES_OUT,
                  meeting->sent + i * sent, CBX_CLASSES, sums->rows);
        shares += count * pitch;
    }
}

cbx_status cbx_meanwhile_do(cbx_meanwhile *meanwhile) {
    const double start = meanwhile ? cbx_clock_seconds() : 0.0;
    const cbx_status status = meanwhile ? meanwhile->work(meanwhile->user) : CBX_OK;
    if (meanwhile) {
        meanwhile->seconds = cbx_clock_seconds() - start;
    }
    return status;
}

cbx_status cbx_exchange_sums(cbx_meeting *meeting, cbx_device *device, const cbx_sums *sums,
                             cbx_meanwhile *meanwhile) {
    const cbx_exchange *exchange = &meeting->exchange;
    const size_t numbers = (size_t)sums->rows * CBX_CLASSES;
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
        status = cbx_make_room(&meeting->own, &meeting->own_room, floats);
    }
    if (!status) {
        status = cbx_make_room(&meeting->sent, &meeting->sent_room, meeting->count * numbers);
    }
    if (!status) {
        status = cbx_make_room(&meeting->sum, &meeting->sum_room, numbers);
    }
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(device->queue, sums->buffer, CL_TRUE, at, bytes,
                                                  meeting->own, 0, NULL, NULL),
                              "reading a share of the outputs");
    }
    if (!status) {
        add_up(meeting, sums);
        status = exchange->add(exchange->user, meeting->sent, numbers, meeting->sum, meanwhile);
    }
    if (!status) {
        memset(meeting->own, 0, bytes);
        copy_rows(meeting->sum, CBX_CLASSES, meeting->own, CBX_LANES_OUT, sums->rows);
        /* Without waiting: the next one reads into that memory once it is written. */
        status = cbx_cl_check(clEnqueueWriteBuffer(device->queue, sums->buffer, CL_FALSE, at, bytes,
                                                   meeting->own, 0, NULL, NULL),
                              "writing the outputs");
    }
    return status;
}
