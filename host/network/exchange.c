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

static size_t share_floats(const cbx_sums *sums) {
    return (size_t)sums->stride * CBX_LANES_OUT;
}

/* Room on the host, and this owner's shares in it. */
static cbx_status fetch_shares(cbx_meeting *meeting, cbx_device *device, const cbx_sums *from) {
    const size_t numbers = (size_t)from->rows * CBX_CLASSES;
    const size_t share = share_floats(from), floats = from->shares * share;
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
    return status ? status
                  : cbx_cl_check(clEnqueueReadBuffer(device->queue, from->buffer, CL_TRUE,
                                                     from->first * share * sizeof(float),
                                                     floats * sizeof(float), meeting->own, 0, NULL,
                                                     NULL),
                                 "reading a share of the outputs");
}

/* Without waiting: the next shares are fetched into that memory once it is written. */
static cbx_status write_sum(cbx_meeting *meeting, cbx_device *device, const cbx_sums *to) {
    static const cl_float zero = 0.0f;
    const size_t bytes = (size_t)to->rows * CBX_LANES_OUT * sizeof(float);
    const size_t share = share_floats(to) * sizeof(float), at = to->first * share;
    cl_int error = CL_SUCCESS;
    memset(meeting->own, 0, bytes);
    copy_rows(meeting->sum, CBX_CLASSES, meeting->own, CBX_LANES_OUT, to->rows);
    if (to->shares > 1) {
        error = clEnqueueFillBuffer(device->queue, to->buffer, &zero, sizeof zero, at + share,
                                    (to->shares - 1) * share, 0, NULL, NULL);
    }
    if (!error) {
        error = clEnqueueWriteBuffer(device->queue, to->buffer, CL_FALSE, at, bytes, meeting->own,
                                     0, NULL, NULL);
    }
    return cbx_cl_check(error, "writing the outputs");
}

cbx_status cbx_exchange_sums(cbx_meeting *meeting, cbx_device *device, const cbx_sums *from,
                             const cbx_sums *to, cbx_meanwhile *meanwhile) {
    const cbx_exchange *exchange = &meeting->exchange;
    if (exchange->ranks == 1) {
        return CBX_OK;
    }
    cbx_status status = fetch_shares(meeting, device, from);
    if (!status) {
        add_up(meeting, from);
        status = exchange->add(exchange->user, meeting->sent, (size_t)from->rows * CBX_CLASSES,
                               meeting->sum, meanwhile);
    }
    return status ? status : write_sum(meeting, device, to);
}
