/* SPDX-License-Identifier: MIT */
#include "reel/frames.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

enum { BLACK_LUMA = 16, DEVICE_STRIPS = 4 };

/* Planes of a strip: more than 16 save nothing that could be noticed. */
enum { STRIP_BYTES = 1 << 20, MOST_PLANES = 16 };

/* Beyond those whose frames are lent: one that is drawn on, one on its way. */
enum { SPARE_STRIPS = 2 };

typedef struct strip {
    struct cbx_frames *frames;
    cl_mem memory;     /* the planes themselves, or pinned host memory that they are read into */
    uint8_t *host;     /* address of that memory while it is mapped */
    cl_event drawn;    /* the end of drawing, kept for its times */
    cl_event ready;    /* the planes are in host memory */
    unsigned place;    /* of the device, that this strip is drawn on */
    uint32_t pictures; /* drawn, on the first planes */
    uint32_t lent;     /* of them, and not yet released; under the lock */
    struct strip *next;
} strip;

struct cbx_frames {
    cbx_painter *painter;
    size_t luma_bytes, frame_bytes;
    uint32_t planes; /* frames of a strip */
    strip *strips;
    uint32_t limit, made;
    int drawn_apart;
    strip *filling;      /* has room for more pictures; NULL: none */
    strip *first, *last; /* sent, in order */
    uint32_t outstanding;
    cl_mem places[DEVICE_STRIPS]; /* on a device of its own: where it draws */
    cl_event place_read[DEVICE_STRIPS];
    unsigned place;
    double draw_seconds, read_seconds;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t released;
    strip *free;
};

static int shares_memory(const cbx_frames *frames) {
    return frames->painter->device->shares_memory;
}

static size_t strip_bytes(const cbx_frames *frames) {
    return frames->planes * frames->frame_bytes;
}

static uint32_t planes_of_strip(uint64_t plane_bytes) {
    const uint64_t fit = STRIP_BYTES / plane_bytes;
    return fit < 1 ? 1 : fit < MOST_PLANES ? (uint32_t)fit : MOST_PLANES;
}

uint64_t cbx_frames_spare_bytes(uint64_t plane_bytes) {
    return ((SPARE_STRIPS + 1) * planes_of_strip(plane_bytes) - 1) * plane_bytes;
}

uint64_t cbx_frames_device_bytes(uint64_t plane_bytes) {
    return DEVICE_STRIPS * planes_of_strip(plane_bytes) * plane_bytes;
}

/* Where frame `plane` of a strip is drawn, unless it is plain. */
static cbx_planes planes_at(const cbx_frames *frames, cl_mem memory, uint32_t plane) {
    const uint64_t at = (uint64_t)plane * frames->frame_bytes;
    return (cbx_planes){memory, memory, at, at + frames->luma_bytes};
}

/* What no drawing changes. */
static cbx_status lay_ground(const cbx_frames *frames, cl_mem memory) {
    if (frames->painter->plain) {
        return cbx_painter_fill(frames->painter, memory, strip_bytes(frames), BLACK_LUMA);
    }
    cbx_status status = CBX_OK;
    for (uint32_t i = 0; i < frames->planes && !status; i++) {
        const cbx_planes planes = planes_at(frames, memory, i);
        status = cbx_painter_ground(frames->painter, &planes);
    }
    return status;
}

/* ---- made and destroyed ---- */

cbx_status cbx_frames_create(cbx_frames **out, cbx_painter *painter, uint32_t frames,
                             int drawn_apart) {
    cbx_frames *made = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&made, 1);
    if (status) {
        return status;
    }
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->released, NULL);
    made->painter = painter;
    made->luma_bytes = (size_t)painter->layout.width * painter->layout.height;
    made->frame_bytes = painter->plain ? made->luma_bytes : made->luma_bytes * 3 / 2;
    made->planes = drawn_apart ? 1 : planes_of_strip(made->frame_bytes);
    made->limit = (frames + made->planes - 1) / made->planes + SPARE_STRIPS;
    made->drawn_apart = drawn_apart;
    status = cbx_new(&made->strips, made->limit);
    for (int i = 0; i < DEVICE_STRIPS && !status && !shares_memory(made); i++) {
        status = cbx_buffer_create(painter->device, CL_MEM_READ_WRITE, strip_bytes(made), "frames",
                                   &made->places[i]);
        if (!status) {
            status = lay_ground(made, made->places[i]);
        }
    }
    if (status) {
        cbx_frames_destroy(made);
        return status;
    }
    *out = made;
    return CBX_OK;
}

void cbx_frames_destroy(cbx_frames *frames) {
    if (!frames) {
        return;
    }
    cl_command_queue transfers = frames->painter->device->transfers;
    clFinish(frames->painter->device->queue);
    clFinish(transfers);
    for (uint32_t i = 0; i < frames->made; i++) {
        strip *each = &frames->strips[i];
        cbx_event_release(&each->drawn);
        cbx_event_release(&each->ready);
        if (each->host) {
            clEnqueueUnmapMemObject(transfers, each->memory, each->host, 0, NULL, NULL);
        }
    }
    clFinish(transfers);
    for (uint32_t i = 0; i < frames->made; i++) {
        cbx_buffer_release(frames->strips[i].memory);
    }
    for (int i = 0; i < DEVICE_STRIPS; i++) {
        cbx_event_release(&frames->place_read[i]);
        cbx_buffer_release(frames->places[i]);
    }
    pthread_cond_destroy(&frames->released);
    pthread_mutex_destroy(&frames->lock);
    free(frames->strips);
    free(frames);
}

/* A strip that nobody used yet. */
static cbx_status make_strip(cbx_frames *frames, strip **out) {
    cbx_device *device = frames->painter->device;
    const size_t bytes = strip_bytes(frames);
    strip *fresh = &frames->strips[frames->made];
    cl_int error = CL_SUCCESS;
    fresh->frames = frames;
    cbx_status status = cbx_buffer_create(device, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, bytes,
                                          "frames", &fresh->memory);
    if (status) {
        return status;
    }
    frames->made++;
    if (shares_memory(frames)) {
        status = lay_ground(frames, fresh->memory);
    } else {
        fresh->host =
            clEnqueueMapBuffer(device->transfers, fresh->memory, CL_TRUE,
                               CL_MAP_READ | CL_MAP_WRITE, 0, bytes, 0, NULL, NULL, &error);
        status = cbx_cl_check(error, "mapping frames");
    }
    *out = fresh;
    return status;
}

/* ---- to the device ---- */

static strip *take_free(cbx_frames *frames) {
    pthread_mutex_lock(&frames->lock);
    strip *taken = frames->free;
    if (taken) {
        frames->free = taken->next;
    }
    pthread_mutex_unlock(&frames->lock);
    return taken;
}

/* Makes a free strip the one that is filled; NULL: there is none. */
static cbx_status begin_strip(cbx_frames *frames) {
    cl_int error = CL_SUCCESS;
    strip *next = take_free(frames);
    if (!next && frames->made < frames->limit) {
        cbx_status status = make_strip(frames, &next);
        if (status) {
            return status;
        }
    }
    frames->filling = next;
    if (!next) {
        return CBX_OK;
    }
    next->pictures = 0;
    if (!shares_memory(frames)) {
        next->place = frames->place;
        frames->place = (frames->place + 1) % DEVICE_STRIPS;
    } else if (next->host) {
        /* On the queue that draws next: no event is needed. */
        error = clEnqueueUnmapMemObject(frames->painter->device->queue, next->memory, next->host, 0,
                                        NULL, NULL);
        next->host = NULL;
    }
    return cbx_cl_check(error, "reusing frames");
}

uint32_t cbx_frames_room(const cbx_frames *frames) {
    return frames->planes - (frames->filling ? frames->filling->pictures : 0);
}

cbx_status cbx_frames_acquire(cbx_frames *frames, cbx_canvas *canvas, int *ready) {
    cbx_status status = frames->filling ? CBX_OK : begin_strip(frames);
    const strip *on = frames->filling;
    *ready = on != NULL;
    if (on) {
        const int shared = shares_memory(frames);
        cl_mem place = shared ? on->memory : frames->places[on->place];
        *canvas = (cbx_canvas){.luma = place,
                               .plane = on->pictures,
                               .planes = planes_at(frames, place, on->pictures),
                               .wait = shared ? NULL : frames->place_read[on->place]};
    }
    return status;
}

/* ---- to the host ---- */

cbx_status cbx_frames_send(cbx_frames *frames) {
    strip *full = frames->filling;
    cl_command_queue queue = frames->painter->device->queue;
    cl_command_queue transfers = frames->painter->device->transfers;
    cl_int error = CL_SUCCESS;
    if (!full || full->pictures == 0) {
        return CBX_OK;
    }
    const size_t bytes = full->pictures * frames->frame_bytes;
    frames->filling = NULL;
    if (shares_memory(frames)) {
        full->host = clEnqueueMapBuffer(transfers, full->memory, CL_FALSE, CL_MAP_READ, 0, bytes, 1,
                                        &full->drawn, &full->ready, &error);
    } else {
        error = clEnqueueReadBuffer(transfers, frames->places[full->place], CL_FALSE, 0, bytes,
                                    full->host, 1, &full->drawn, &full->ready);
        cbx_event_release(&frames->place_read[full->place]);
        if (error == CL_SUCCESS) {
            clRetainEvent(full->ready);
            frames->place_read[full->place] = full->ready;
        }
    }
    full->next = NULL;
    if (frames->last) {
        frames->last->next = full;
    } else {
        frames->first = full;
    }
    frames->last = full;
    frames->outstanding++;
    cbx_status status = cbx_cl_check(error, "reading frames");
    if (!status) {
        status = cbx_cl_check(clFlush(queue), "submitting work");
    }
    return status ? status : cbx_cl_check(clFlush(transfers), "submitting a transfer");
}

cbx_status cbx_frames_drawn(cbx_frames *frames, uint32_t pictures, cl_event done) {
    strip *on = frames->filling;
    cbx_event_release(&on->drawn); /* that of an earlier launch */
    on->drawn = done;
    on->pictures += pictures;
    return on->pictures == frames->planes ? cbx_frames_send(frames) : CBX_OK;
}

uint32_t cbx_frames_outstanding(const cbx_frames *frames) {
    return frames->outstanding;
}

cbx_status cbx_frames_collect(cbx_frames *frames, int wait, cbx_frames_lent *out) {
    strip *oldest = frames->first;
    int there = 0;
    out->luma = NULL;
    if (!oldest) {
        return CBX_OK;
    }
    cbx_status status =
        cbx_event_look(oldest->ready, wait, &there, "training, drawing or reading frames");
    if (status || !there) {
        return status;
    }
    frames->read_seconds += cbx_event_seconds(oldest->ready, oldest->ready);
    frames->draw_seconds +=
        frames->drawn_apart ? cbx_event_seconds(oldest->drawn, oldest->drawn) : 0.0;
    cbx_event_release(&oldest->ready);
    cbx_event_release(&oldest->drawn);
    frames->first = oldest->next;
    frames->last = frames->first ? frames->last : NULL;
    frames->outstanding--;
    oldest->lent = oldest->pictures; /* nobody else knows it yet */
    *out = (cbx_frames_lent){oldest->host, oldest->pictures, frames->frame_bytes, oldest};
    return CBX_OK;
}

void cbx_frames_release(void *lent) {
    strip *this = lent;
    cbx_frames *frames = this->frames;
    pthread_mutex_lock(&frames->lock);
    if (--this->lent == 0) {
        this->next = frames->free;
        frames->free = this;
        pthread_cond_signal(&frames->released);
    }
    pthread_mutex_unlock(&frames->lock);
}

void cbx_frames_wait_released(cbx_frames *frames) {
    pthread_mutex_lock(&frames->lock);
    while (!frames->free) {
        pthread_cond_wait(&frames->released, &frames->lock);
    }
    pthread_mutex_unlock(&frames->lock);
}

double cbx_frames_draw_seconds(const cbx_frames *frames) {
    return frames->draw_seconds;
}

double cbx_frames_read_seconds(const cbx_frames *frames) {
    return frames->read_seconds;
}
