/* SPDX-License-Identifier: MIT */
#include "network/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "network/schedule.h"

/* What of the batch is enqueued, to be copied within the device. W1 and W2 stay as they are from
 * before it until it is finished, while it is pending. */
typedef enum stage { NOTHING, WANTED, BEFORE, STARTED, FINISHED } stage;

struct cbx_watch {
    cbx_trainer *trainer; /* borrowed */
    uint32_t all, panels; /* P without padding; that are copied of W1 */
    cbx_watched batch;
    stage stage;
    cl_mem copies; /* all of it, one after the other: see `places` */
    float *host;
    float *sent;      /* (the owner's nodes, batch, 10) */
    float *sum;       /* (batch, 10) */
    cl_event reading; /* NULL: nothing is on its way to the host */
};

typedef struct places {
    size_t a1, w2, w2_new, w1, w1_new, end; /* in floats */
} places;

static places lay_out(size_t all, size_t stride, size_t panels) {
    const size_t w2 = (1 + all * CBX_PANEL) * CBX_LANES_OUT, w1 = panels * CBX_PANEL_SIZE;
    places p = {.a1 = 0};
    p.w2 = p.a1 + all * stride * CBX_PANEL;
    p.w2_new = p.w2 + w2;
    p.w1 = p.w2_new + w2;
    p.w1_new = p.w1 + w1;
    p.end = p.w1_new + w1;
    return p;
}

static places places_of(const cbx_watch *watch) {
    return lay_out(watch->all, watch->trainer->stride, watch->panels);
}

uint64_t cbx_watch_bytes(uint32_t hidden, uint32_t batch, uint32_t panels) {
    return lay_out(CBX_PANELS_OF(hidden), batch + CBX_ROW_BLOCK, panels).end * sizeof(float);
}

cbx_status cbx_watch_create(cbx_watch **out, cbx_trainer *trainer, uint32_t panels) {
    cbx_status status = cbx_new(out, 1);
    if (status) {
        return status;
    }
    cbx_watch *watch = *out;
    watch->trainer = trainer;
    watch->all = CBX_PANELS_OF(trainer->share.count);
    watch->panels = panels;
    const size_t floats = places_of(watch).end;
    status = cbx_new(&watch->host, floats);
    const size_t numbers = (size_t)trainer->settings.batch * CBX_CLASSES;
    if (!status && trainer->meeting.count > 0) {
        status = cbx_new(&watch->sent, trainer->meeting.count * numbers);
    }
    if (!status && trainer->meeting.count > 0) {
        status = cbx_new(&watch->sum, numbers);
    }
    if (!status) {
        status = cbx_buffer_create(trainer->device, CL_MEM_READ_WRITE, floats * sizeof(float),
                                   "the copy of a batch", &watch->copies);
    }
    if (status) {
        cbx_watch_destroy(watch);
        *out = NULL;
        return status;
    }
    trainer->watch = watch;
    return CBX_OK;
}

void cbx_watch_destroy(cbx_watch *watch) {
    if (!watch) {
        return;
    }
    if (watch->reading) {
        clWaitForEvents(1, &watch->reading);
        cbx_event_release(&watch->reading);
    }
    watch->trainer->watch = NULL;
    cbx_buffer_release(watch->copies);
    free(watch->sent);
    free(watch->sum);
    free(watch->host);
    free(watch);
}

void cbx_watch_batch(cbx_watch *watch, cbx_watched batch) {
    watch->batch = batch;
    watch->stage = WANTED;
}

/* ---- within the device ---- */

static cbx_status copy(cbx_watch *watch, cl_mem from, size_t first, size_t count, size_t to,
                       cl_event *done) {
    const size_t f = sizeof(float);
    return cbx_cl_check(clEnqueueCopyBuffer(watch->trainer->device->queue, from, watch->copies,
                                            first * f, to * f, count * f, 0, NULL, done),
                        "copying weights of a batch");
}

/* W1's panels; `done` is the end of all. */
static cbx_status copy_panels(cbx_watch *watch, size_t to, cl_event *done) {
    const cl_mem w1 = watch->trainer->w1;
    const uint32_t first = watch->batch.panel, left = watch->all - first;
    const uint32_t here = watch->panels < left ? watch->panels : left;
    const size_t size = CBX_PANEL_SIZE, wrapped = watch->panels - here;
    cbx_status status = copy(watch, w1, first * size, here * size, to, wrapped > 0 ? NULL : done);
    return status || wrapped == 0 ? status
                                  : copy(watch, w1, 0, wrapped * size, to + here * size, done);
}

static cbx_status copy_weights(cbx_watch *watch, size_t w1, size_t w2, cl_event *done) {
    const size_t count = (1 + (size_t)watch->all * CBX_PANEL) * CBX_LANES_OUT;
    cbx_status status = copy(watch, watch->trainer->w2, 0, count, w2, NULL);
    return status ? status : copy_panels(watch, w1, done);
}

static cbx_status copy_old(cbx_watch *watch) {
    const places p = places_of(watch);
    return copy_weights(watch, p.w1, p.w2, NULL);
}

static cbx_status copy_a1(cbx_watch *watch) {
    const places p = places_of(watch);
    return copy(watch, watch->trainer->a1, 0, p.w2 - p.a1, p.a1, NULL);
}

/* And all of it on its way to the host, beside the training. */
static cbx_status copy_new(cbx_watch *watch) {
    const places p = places_of(watch);
    const cbx_device *device = watch->trainer->device;
    cl_event copied = NULL;
    cbx_status status = copy_weights(watch, p.w1_new, p.w2_new, &copied);
    if (!status) {
        status = cbx_cl_check(clFlush(device->queue), "submitting work");
    }
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(device->transfers, watch->copies, CL_FALSE, 0,
                                                  p.end * sizeof(float), watch->host, 1, &copied,
                                                  &watch->reading),
                              "reading weights of a batch");
    }
    if (!status) {
        status = cbx_cl_check(clFlush(device->transfers), "submitting work");
    }
    cbx_event_release(&copied);
    return status;
}

/* ---- around a launch ---- */

static int is_pending(const cbx_watch *watch) {
    const cbx_batch *pending = &watch->trainer->pending;
    return pending->rows > 0 && pending->number == (uint32_t)watch->batch.number;
}

static int starts(const cbx_watch *watch, const cbx_batch *first, uint32_t count) {
    return first && (uint32_t)watch->batch.number - first->number < count;
}

/* Where nothing is pending the launch may finish at once what it starts. */
cbx_status cbx_watch_before(cbx_watch *watch, const cbx_batch *first, uint32_t count) {
    if (!watch || watch->stage != WANTED || count != 1 || !starts(watch, first, count) ||
        watch->trainer->pending.rows > 0) {
        return CBX_OK;
    }
    watch->stage = BEFORE;
    return copy_old(watch);
}

cbx_status cbx_watch_after(cbx_watch *watch, const cbx_batch *first, uint32_t count) {
    cbx_status status = CBX_OK;
    if (!watch || watch->stage == NOTHING || watch->stage == FINISHED) {
        return CBX_OK;
    }
    if (watch->stage != STARTED && starts(watch, first, count)) {
        status = watch->stage == WANTED ? copy_old(watch) : CBX_OK;
        status = status ? status : copy_a1(watch);
        watch->stage = STARTED;
    }
    if (!status && watch->stage == STARTED && !is_pending(watch)) {
        status = copy_new(watch);
        watch->stage = FINISHED;
    }
    return status;
}

void cbx_watch_exchange(cbx_watch *watch, uint32_t number, uint32_t rows) {
    if (watch && watch->sum && watch->stage != NOTHING && watch->stage != FINISHED &&
        number == (uint32_t)watch->batch.number) {
        const cbx_meeting *meeting = &watch->trainer->meeting;
        const size_t bytes = (size_t)rows * CBX_CLASSES * sizeof(float);
        memcpy(watch->sent, meeting->sent, meeting->count * bytes);
        memcpy(watch->sum, meeting->sum, bytes);
    }
}

uint32_t cbx_watch_cut(const cbx_watch *watch, uint32_t number, uint32_t count) {
    if (!watch || watch->stage == NOTHING || watch->stage == FINISHED) {
        return count;
    }
    const uint32_t ahead = (uint32_t)watch->batch.number - number;
    return watch->stage == STARTED ? 1 : ahead < count ? ahead + 1 : count;
}

/* ---- on the host ---- */

cbx_status cbx_watch_look(cbx_watch *watch, int wait, int *there) {
    cbx_status status = CBX_OK;
    *there = 0;
    if (watch->stage == FINISHED) {
        status = cbx_event_look(watch->reading, wait, there, "reading weights of a batch");
    }
    if (*there || (wait && watch->stage != FINISHED)) {
        cbx_event_release(&watch->reading);
        watch->stage = NOTHING;
    }
    return status;
}

cbx_around cbx_watch_around(const cbx_watch *watch) {
    const places p = places_of(watch);
    const float *host = watch->host;
    return (cbx_around){host + p.a1,     host + p.w2, host + p.w2_new, host + p.w1,
                        host + p.w1_new, watch->sent, watch->sum};
}

uint32_t cbx_watch_stride(const cbx_watch *watch) {
    return watch->trainer->stride;
}
