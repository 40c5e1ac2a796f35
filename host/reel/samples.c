/* SPDX-License-Identifier: MIT */
#include "reel/samples.h"

#include <stdlib.h>

#include "avc/avc.h"
#include "base/error.h"
#include "base/memory.h"

enum { BLACK_LUMA = 16 };

typedef struct slot {
    cl_mem samples, sizes;
    uint8_t *mapped; /* samples, where host and device share memory */
    cl_uint sizes_read[CBX_SAMPLES_PLANES];
    cl_event drawn[CBX_SAMPLES_PLANES]; /* of launches that drew apart, kept for their times */
    cl_event begun, encoded;            /* likewise */
    cl_event ready; /* the sizes, and where memory is shared the samples, are there */
    uint32_t pictures;
} slot;

struct cbx_samples {
    cbx_painter *painter;
    cbx_avc_settings settings;
    cbx_avc *avc;
    size_t room; /* bytes for a sample */
    int drawn_apart;
    cl_mem luma, chroma;
    slot slots[CBX_SAMPLES_SLOTS];
    uint32_t first, outstanding; /* of the slots */
    int filling;                 /* the strip; its slot is the one behind the outstanding ones */
    uint64_t frames;             /* appended */
    uint8_t *copy;               /* of a strip's samples, where memory is not shared */
    double draw_seconds, encode_seconds, read_seconds;
};

static int shares_memory(const cbx_samples *samples) {
    return samples->painter->device->shares_memory;
}

/* ---- made and destroyed ---- */

static cbx_status make_slots(cbx_samples *samples) {
    cbx_device *device = samples->painter->device;
    const uint64_t bytes = (uint64_t)samples->settings.frames * samples->room;
    cbx_status status = CBX_OK;
    for (int i = 0; i < CBX_SAMPLES_SLOTS && !status; i++) {
        slot *each = &samples->slots[i];
        status =
            cbx_buffer_create(device, CL_MEM_READ_WRITE, bytes, "encoded frames", &each->samples);
        if (!status) {
            status = cbx_buffer_create(device, CL_MEM_READ_WRITE, sizeof each->sizes_read,
                                       "encoded frames", &each->sizes);
        }
    }
    return !status && !shares_memory(samples) ? cbx_new(&samples->copy, bytes) : status;
}

/* Where picture `plane` of the strip is drawn, if its chroma is its own. */
static cbx_planes planes_at(const cbx_samples *samples, uint32_t plane) {
    const uint64_t pixels = (uint64_t)samples->settings.width * samples->settings.height;
    return (cbx_planes){samples->luma, samples->chroma, plane * pixels, plane * (pixels / 2)};
}

static cbx_status write_chroma(cbx_samples *samples, const uint8_t *cb, const uint8_t *cr) {
    const size_t chroma = (size_t)samples->settings.width * samples->settings.height / 4;
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < 2 && !status; i++) {
        status = cbx_cl_check(clEnqueueWriteBuffer(samples->painter->device->queue, samples->chroma,
                                                   CL_TRUE, i * chroma, chroma, i ? cr : cb, 0,
                                                   NULL, NULL),
                              "writing a chroma plane");
    }
    return status;
}

static cbx_status lay_ground(cbx_samples *samples) {
    cbx_status status = CBX_OK;
    for (uint32_t i = 0; i < samples->settings.frames && !status; i++) {
        const cbx_planes planes = planes_at(samples, i);
        status = cbx_painter_ground(samples->painter, &planes);
    }
    return status;
}

static cbx_status make_strip(cbx_samples *samples, const uint8_t *cb, const uint8_t *cr) {
    cbx_device *device = samples->painter->device;
    const uint64_t bytes = cbx_samples_luma_bytes(&samples->settings);
    cbx_status status =
        cbx_buffer_create(device, CL_MEM_READ_WRITE, bytes, "frames", &samples->luma);
    if (!status) {
        status = cbx_painter_fill(samples->painter, samples->luma, (size_t)bytes, BLACK_LUMA);
    }
    if (!status) {
        status = cbx_buffer_create(device, CL_MEM_READ_WRITE,
                                   cbx_samples_chroma_bytes(&samples->settings), "a film's chroma",
                                   &samples->chroma);
    }
    if (status) {
        return status;
    }
    return samples->settings.chroma_changes ? lay_ground(samples) : write_chroma(samples, cb, cr);
}

cbx_status cbx_samples_create(cbx_samples **out, cbx_painter *painter, int drawn_apart,
                              const cbx_film_settings *film, const uint8_t *cb, const uint8_t *cr) {
    cbx_samples *made = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&made, 1);
    if (status) {
        return status;
    }
    made->painter = painter;
    made->drawn_apart = drawn_apart;
    made->settings = cbx_samples_settings(film);
    made->room = cbx_avc_sample_bytes(&made->settings);
    status = cbx_avc_create(&made->avc, painter->device, &made->settings);
    if (!status) {
        status = make_slots(made);
    }
    if (!status) {
        status = make_strip(made, cb, cr);
    }
    if (status) {
        cbx_samples_destroy(made);
        return status;
    }
    *out = made;
    return CBX_OK;
}

static void unmap(cbx_samples *samples, slot *which) {
    if (which->mapped) {
        clEnqueueUnmapMemObject(samples->painter->device->transfers, which->samples, which->mapped,
                                0, NULL, NULL);
        which->mapped = NULL;
    }
}

static void release_events(slot *which) {
    for (int i = 0; i < CBX_SAMPLES_PLANES; i++) {
        cbx_event_release(&which->drawn[i]);
    }
    cbx_event_release(&which->begun);
    cbx_event_release(&which->encoded);
    cbx_event_release(&which->ready);
}

void cbx_samples_destroy(cbx_samples *samples) {
    if (!samples) {
        return;
    }
    clFinish(samples->painter->device->queue);
    clFinish(samples->painter->device->transfers);
    for (int i = 0; i < CBX_SAMPLES_SLOTS; i++) {
        unmap(samples, &samples->slots[i]);
        release_events(&samples->slots[i]);
    }
    clFinish(samples->painter->device->transfers);
    for (int i = 0; i < CBX_SAMPLES_SLOTS; i++) {
        cbx_buffer_release(samples->slots[i].samples);
        cbx_buffer_release(samples->slots[i].sizes);
    }
    cbx_buffer_release(samples->luma);
    cbx_buffer_release(samples->chroma);
    cbx_avc_destroy(samples->avc);
    free(samples->copy);
    free(samples);
}

/* ---- drawn and encoded ---- */

static slot *filling_slot(cbx_samples *samples) {
    return &samples->slots[(samples->first + samples->outstanding) % CBX_SAMPLES_SLOTS];
}

uint32_t cbx_samples_room(const cbx_samples *samples) {
    const uint32_t next = (samples->first + samples->outstanding) % CBX_SAMPLES_SLOTS;
    return samples->settings.frames - (samples->filling ? samples->slots[next].pictures : 0);
}

cbx_status cbx_samples_acquire(cbx_samples *samples, cbx_canvas *canvas, int *ready) {
    slot *next = filling_slot(samples);
    *ready = samples->outstanding < CBX_SAMPLES_SLOTS;
    if (*ready && !samples->filling) {
        samples->filling = 1;
        next->pictures = 0;
    }
    /* What drew and encoded on the strip before is in front of it in the queue. */
    const uint32_t plane = *ready ? next->pictures : 0;
    *canvas =
        (cbx_canvas){.luma = samples->luma, .plane = plane, .planes = planes_at(samples, plane)};
    return CBX_OK;
}

cbx_status cbx_samples_drawn(cbx_samples *samples, uint32_t pictures, cl_event done) {
    slot *on = filling_slot(samples);
    if (samples->drawn_apart) {
        on->drawn[on->pictures] = done;
    } else {
        cbx_event_release(&done);
    }
    on->pictures += pictures;
    return on->pictures == samples->settings.frames ? cbx_samples_send(samples) : CBX_OK;
}

/* Asks for what the host has to know before it can read on. */
static cbx_status fetch(cbx_samples *samples, slot *which) {
    cl_command_queue transfers = samples->painter->device->transfers;
    const size_t sizes = which->pictures * sizeof *which->sizes_read;
    cl_int error = CL_SUCCESS;
    cbx_status status = cbx_cl_check(
        clEnqueueReadBuffer(transfers, which->sizes, CL_FALSE, 0, sizes, which->sizes_read, 1,
                            &which->encoded, shares_memory(samples) ? NULL : &which->ready),
        "reading the sizes of frames");
    if (!status && shares_memory(samples)) {
        which->mapped =
            clEnqueueMapBuffer(transfers, which->samples, CL_FALSE, CL_MAP_READ, 0,
                               which->pictures * samples->room, 0, NULL, &which->ready, &error);
        status = cbx_cl_check(error, "reading encoded frames");
    }
    return status ? status : cbx_cl_check(clFlush(transfers), "submitting a transfer");
}

cbx_status cbx_samples_send(cbx_samples *samples) {
    slot *full = filling_slot(samples);
    if (!samples->filling || full->pictures == 0) {
        return CBX_OK;
    }
    const cbx_avc_pictures pictures = {samples->luma, samples->chroma, 0, full->pictures};
    samples->filling = 0;
    cbx_status status = cbx_avc_encode(samples->avc, &pictures, full->samples, full->sizes,
                                       &full->begun, &full->encoded);
    if (!status) {
        status = cbx_cl_check(clFlush(samples->painter->device->queue), "submitting work");
    }
    if (!status) {
        status = fetch(samples, full);
    }
    samples->outstanding += !status;
    return status;
}

uint32_t cbx_samples_outstanding(const cbx_samples *samples) {
    return samples->outstanding;
}

/* ---- to the film ---- */

static void note_times(cbx_samples *samples, const slot *which) {
    samples->encode_seconds += cbx_event_seconds(which->begun, which->encoded);
    samples->read_seconds += cbx_event_seconds(which->ready, which->ready);
    for (int i = 0; i < CBX_SAMPLES_PLANES; i++) {
        samples->draw_seconds += cbx_event_seconds(which->drawn[i], which->drawn[i]);
    }
}

/* Whether the sizes can be true: they are used to read by. */
static cbx_status check_sizes(const cbx_samples *samples, const slot *from) {
    for (uint32_t i = 0; i < from->pictures; i++) {
        if (from->sizes_read[i] > samples->room) {
            return cbx_fail(CBX_DEVICE_FAULT,
                            "the device says that an encoded frame has %u bytes, for which there "
                            "is no room",
                            from->sizes_read[i]);
        }
    }
    return CBX_OK;
}

/* The samples of a strip in host memory, each at its place; until the next call. Reads are enqueued
 * all at once, and the last one is waited for. */
static cbx_status read_samples(cbx_samples *samples, const slot *from, const uint8_t **out) {
    cl_command_queue transfers = samples->painter->device->transfers;
    cbx_status status = check_sizes(samples, from);
    *out = from->mapped ? from->mapped : samples->copy;
    for (uint32_t i = 0; i < from->pictures && !status && !from->mapped; i++) {
        const size_t at = i * samples->room;
        const cl_bool is_last = i + 1 == from->pictures;
        status = cbx_cl_check(clEnqueueReadBuffer(transfers, from->samples, is_last, at,
                                                  from->sizes_read[i], samples->copy + at, 0, NULL,
                                                  NULL),
                              "reading encoded frames");
    }
    return status;
}

static cbx_status append(cbx_samples *samples, cbx_film *film, const slot *from, int *torn) {
    const uint8_t *first = NULL;
    cbx_status status = read_samples(samples, from, &first);
    for (uint32_t i = 0; i < from->pictures && !status; i++) {
        status = cbx_film_append(film, first + i * samples->room, from->sizes_read[i],
                                 cbx_avc_is_key(&samples->settings, samples->frames));
        *torn = status != CBX_OK;
        samples->frames++;
    }
    return status;
}

cbx_status cbx_samples_hand_over(cbx_samples *samples, cbx_film *film, int wait, int *done,
                                 uint64_t *frames, int *torn) {
    slot *oldest = &samples->slots[samples->first];
    *done = 0;
    if (samples->outstanding == 0) {
        return CBX_OK;
    }
    cbx_status status =
        cbx_event_look(oldest->ready, wait, done, "training, drawing or encoding frames");
    if (status || !*done) {
        return status;
    }
    note_times(samples, oldest);
    status = append(samples, film, oldest, torn);
    *frames += oldest->pictures;
    unmap(samples, oldest);
    release_events(oldest);
    samples->first = (samples->first + 1) % CBX_SAMPLES_SLOTS;
    samples->outstanding--;
    return status;
}

cbx_avc *cbx_samples_avc(const cbx_samples *samples) {
    return samples->avc;
}

void cbx_samples_count(cbx_samples *samples, uint64_t frames) {
    samples->frames = frames;
}

double cbx_samples_draw_seconds(const cbx_samples *samples) {
    return samples->draw_seconds;
}

double cbx_samples_encode_seconds(const cbx_samples *samples) {
    return samples->encode_seconds;
}

double cbx_samples_read_seconds(const cbx_samples *samples) {
    return samples->read_seconds;
}
