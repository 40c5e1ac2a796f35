/* SPDX-License-Identifier: MIT */
#include "reel/frames.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

enum { BLACK_LUMA = 16, DEVICE_PLANES = 4 };

typedef struct slot {
    struct cbx_frames *frames;
    cl_mem memory;  /* the plane itself, or pinned host memory that it is read into */
    uint8_t *host;  /* address of that memory while it is mapped */
    cl_event drawn; /* the end of drawing, kept for its times */
    cl_event ready; /* the plane is in host memory */
    unsigned plane; /* of the device, that this frame is drawn on */
    struct slot *next;
} slot;

struct cbx_frames {
    cbx_painter *painter;
    size_t bytes; /* of a plane */
    slot *slots;
    uint32_t limit, made;
    int drawn_apart;
    slot *first, *last; /* drawn, in order */
    uint32_t outstanding;
    cl_mem planes[DEVICE_PLANES]; /* on a device of its own: where it draws */
    cl_event plane_read[DEVICE_PLANES];
    unsigned plane;
    double draw_seconds, read_seconds;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t released;
    slot *free;
};

static int shares_memory(const cbx_frames *frames) {
    return frames->painter->device->shares_memory;
}

cbx_status cbx_frames_create(cbx_frames **out, cbx_painter *painter, uint32_t slots,
                             int drawn_apart) {
    cbx_frames *frames = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&frames, 1);
    if (status) {
        return status;
    }
    pthread_mutex_init(&frames->lock, NULL);
    pthread_cond_init(&frames->released, NULL);
    frames->painter = painter;
    frames->bytes = (size_t)painter->layout.width * painter->layout.height;
    frames->limit = slots;
    frames->drawn_apart = drawn_apart;
    status = cbx_new(&frames->slots, slots);
    for (int i = 0; i < DEVICE_PLANES && !status && !shares_memory(frames); i++) {
        status = cbx_buffer_create(painter->device, CL_MEM_READ_WRITE, frames->bytes, "a frame",
                                   &frames->planes[i]);
        if (!status) {
            status = cbx_painter_fill(painter, frames->planes[i], frames->bytes, BLACK_LUMA);
        }
    }
    if (status) {
        cbx_frames_destroy(frames);
        return status;
    }
    *out = frames;
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
        slot *each = &frames->slots[i];
        cbx_event_release(&each->drawn);
        cbx_event_release(&each->ready);
        if (each->host) {
            clEnqueueUnmapMemObject(transfers, each->memory, each->host, 0, NULL, NULL);
        }
    }
    clFinish(transfers);
    for (uint32_t i = 0; i < frames->made; i++) {
        cbx_buffer_release(frames->slots[i].memory);
    }
    for (int i = 0; i < DEVICE_PLANES; i++) {
        cbx_event_release(&frames->plane_read[i]);
        cbx_buffer_release(frames->planes[i]);
    }
    pthread_cond_destroy(&frames->released);
    pthread_mutex_destroy(&frames->lock);
    free(frames->slots);
    free(frames);
}

/* A slot that nobody used yet. */
static cbx_status make_slot(cbx_frames *frames, slot **out) {
    cbx_device *device = frames->painter->device;
    slot *fresh = &frames->slots[frames->made];
    cl_int error = CL_SUCCESS;
    fresh->frames = frames;
    cbx_status status = cbx_buffer_create(device, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR,
                                          frames->bytes, "a frame", &fresh->memory);
    if (status) {
        return status;
    }
    frames->made++;
    if (shares_memory(frames)) {
        status = cbx_painter_fill(frames->painter, fresh->memory, frames->bytes, BLACK_LUMA);
    } else {
        fresh->host =
            clEnqueueMapBuffer(device->transfers, fresh->memory, CL_TRUE,
                               CL_MAP_READ | CL_MAP_WRITE, 0, frames->bytes, 0, NULL, NULL, &error);
        status = cbx_cl_check(error, "mapping a frame");
    }
    *out = fresh;
    return status;
}

/* The end of drawing: sends the plane on its way to the host. Takes the event. */
static cbx_status drawn(void *user, cl_event done) {
    slot *this = user;
    cbx_frames *frames = this->frames;
    cl_command_queue transfers = frames->painter->device->transfers;
    cl_int error = CL_SUCCESS;
    if (shares_memory(frames)) {
        this->host = clEnqueueMapBuffer(transfers, this->memory, CL_FALSE, CL_MAP_READ, 0,
                                        frames->bytes, 1, &done, &this->ready, &error);
    } else {
        error = clEnqueueReadBuffer(transfers, frames->planes[this->plane], CL_FALSE, 0,
                                    frames->bytes, this->host, 1, &done, &this->ready);
        cbx_event_release(&frames->plane_read[this->plane]);
        if (error == CL_SUCCESS) {
            clRetainEvent(this->ready);
            frames->plane_read[this->plane] = this->ready;
        }
    }
    this->drawn = done;
    this->next = NULL;
    if (frames->last) {
        frames->last->next = this;
    } else {
        frames->first = this;
    }
    frames->last = this;
    frames->outstanding++;
    cbx_status status = cbx_cl_check(error, "reading a frame");
    if (!status) {
        status = cbx_cl_check(clFlush(frames->painter->device->queue), "submitting work");
    }
    return status ? status : cbx_cl_check(clFlush(transfers), "submitting a transfer");
}

cbx_status cbx_frames_acquire(cbx_frames *frames, cbx_canvas *canvas, int *ready) {
    slot *free_slot = NULL;
    cl_int error = CL_SUCCESS;
    pthread_mutex_lock(&frames->lock);
    if (frames->free) {
        free_slot = frames->free;
        frames->free = free_slot->next;
    }
    pthread_mutex_unlock(&frames->lock);
    *ready = free_slot != NULL || frames->made < frames->limit;
    if (!*ready) {
        return CBX_OK;
    }
    if (!free_slot) {
        cbx_status status = make_slot(frames, &free_slot);
        if (status) {
            return status;
        }
    }
    canvas->painter = frames->painter;
    canvas->drawn = drawn;
    canvas->user = free_slot;
    canvas->wait = NULL;
    if (shares_memory(frames)) {
        canvas->luma = free_slot->memory;
        if (free_slot->host) {
            /* On the queue that draws next: no event is needed. */
            error = clEnqueueUnmapMemObject(frames->painter->device->queue, free_slot->memory,
                                            free_slot->host, 0, NULL, NULL);
            free_slot->host = NULL;
        }
    } else {
        free_slot->plane = frames->plane;
        frames->plane = (frames->plane + 1) % DEVICE_PLANES;
        canvas->luma = frames->planes[free_slot->plane];
        canvas->wait = frames->plane_read[free_slot->plane];
    }
    return cbx_cl_check(error, "reusing a frame");
}

void cbx_frames_wait_released(cbx_frames *frames) {
    pthread_mutex_lock(&frames->lock);
    while (!frames->free) {
        pthread_cond_wait(&frames->released, &frames->lock);
    }
    pthread_mutex_unlock(&frames->lock);
}

uint32_t cbx_frames_outstanding(const cbx_frames *frames) {
    return frames->outstanding;
}

static double seconds_of(cl_event event) {
    cl_ulong start = 0, end = 0;
    if (clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL) ||
        clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL)) {
        return 0.0;
    }
    return end > start ? (double)(end - start) * 1e-9 : 0.0;
}

cbx_status cbx_frames_collect(cbx_frames *frames, int wait, const uint8_t **luma, void **out) {
    slot *oldest = frames->first;
    cl_int state = CL_QUEUED;
    *luma = NULL;
    if (!oldest) {
        return CBX_OK;
    }
    cl_int error = wait ? clWaitForEvents(1, &oldest->ready) : CL_SUCCESS;
    if (error == CL_SUCCESS) {
        error = clGetEventInfo(oldest->ready, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state,
                               &state, NULL);
    }
    if (error == CL_SUCCESS && state < 0) {
        error = state;
    }
    cbx_status status = cbx_cl_check(error, "training, drawing or reading a frame");
    if (status || state != CL_COMPLETE) {
        return status;
    }
    frames->read_seconds += seconds_of(oldest->ready);
    frames->draw_seconds += frames->drawn_apart ? seconds_of(oldest->drawn) : 0.0;
    cbx_event_release(&oldest->ready);
    cbx_event_release(&oldest->drawn);
    frames->first = oldest->next;
    frames->last = frames->first ? frames->last : NULL;
    frames->outstanding--;
    *luma = oldest->host;
    *out = oldest;
    return CBX_OK;
}

void cbx_frames_release(void *lent) {
    slot *this = lent;
    cbx_frames *frames = this->frames;
    pthread_mutex_lock(&frames->lock);
    this->next = frames->free;
    frames->free = this;
    pthread_cond_signal(&frames->released);
    pthread_mutex_unlock(&frames->lock);
}

double cbx_frames_draw_seconds(const cbx_frames *frames) {
    return frames->draw_seconds;
}

double cbx_frames_read_seconds(const cbx_frames *frames) {
    return frames->read_seconds;
}
