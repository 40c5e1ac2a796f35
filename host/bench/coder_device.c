/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "avc/avc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "bench/coder.h"
#include "bench/meter.h"
#include "device/device.h"
#include "film/decoder.h"
#include "film/film.h"
#include "reel/samples.h"

typedef struct device_coder {
    cbx_coder calls;
    cbx_device *device;
    const cbx_excerpts *excerpts;
    cbx_avc_settings settings;
    cbx_avc *avc;
    cbx_decoder *decoder;
    cl_mem luma, chroma, samples, sizes;
    size_t room;               /* bytes for a sample */
    uint8_t *sample, *decoded; /* a frame's */
    cl_uint bytes[CBX_SAMPLES_PLANES];
} device_coder;

/* Frames that are encoded at one go. */
typedef struct strip {
    uint32_t excerpt, first, count;
} strip;

static cbx_status upload(device_coder *coder, const strip *of) {
    return cbx_cl_check(
        clEnqueueWriteBuffer(
            coder->device->queue, coder->luma, CL_TRUE, 0, of->count * coder->excerpts->plane,
            cbx_excerpts_frame(coder->excerpts, of->excerpt, of->first), 0, NULL, NULL),
        "writing frames to be encoded");
}

/* The strip that lies on the device, while nothing else is done. */
static cbx_status encode(device_coder *coder, const strip *of, double *processor, double *device) {
    const cbx_avc_pictures pictures = {coder->luma, coder->chroma, 0, of->count};
    cl_event begun = NULL, done = NULL;
    const double before = cbx_clock_process_seconds();
    cbx_status status =
        cbx_avc_encode(coder->avc, &pictures, coder->samples, coder->sizes, &begun, &done);
    if (!status) {
        status = cbx_cl_check(clFinish(coder->device->queue), "encoding frames");
    }
    *processor += cbx_clock_process_seconds() - before;
    *device += status ? 0.0 : cbx_event_seconds(begun, done);
    cbx_event_release(&begun);
    cbx_event_release(&done);
    return status;
}

static cbx_status read_sizes(device_coder *coder, const strip *of) {
    cbx_status status = cbx_cl_check(
        clEnqueueReadBuffer(coder->device->queue, coder->sizes, CL_TRUE, 0,
                            of->count * sizeof *coder->bytes, coder->bytes, 0, NULL, NULL),
        "reading the sizes of frames");
    for (uint32_t i = 0; i < of->count && !status; i++) {
        if (coder->bytes[i] > coder->room) {
            status =
                cbx_fail(CBX_DEVICE_FAULT, "the device says that an encoded frame has %u bytes",
                         coder->bytes[i]);
        }
    }
    return status;
}

static cbx_status judge(device_coder *coder, const strip *of, double *error) {
    cbx_status status = CBX_OK;
    for (uint32_t i = 0; i < of->count && !status; i++) {
        const uint8_t *meant = cbx_excerpts_frame(coder->excerpts, of->excerpt, of->first + i);
        status = cbx_cl_check(clEnqueueReadBuffer(coder->device->queue, coder->samples, CL_TRUE,
                                                  i * coder->room, coder->bytes[i], coder->sample,
                                                  0, NULL, NULL),
                              "reading an encoded frame");
        if (!status) {
            status =
                cbx_decoder_decode(coder->decoder, coder->sample, coder->bytes[i], coder->decoded);
        }
        if (!status) {
            *error += cbx_squared_error(meant, coder->decoded, coder->excerpts->plane);
        }
    }
    return status;
}

static cbx_status run_strip(device_coder *coder, const strip *of, int judged, cbx_tally *out) {
    const int other = !cbx_avc_is_key(&coder->settings, of->first);
    cbx_status status = upload(coder, of);
    if (!status) {
        status = encode(coder, of, &out->processor_seconds[other], &out->device_seconds[other]);
    }
    if (!status) {
        status = read_sizes(coder, of);
    }
    for (uint32_t i = 0; i < of->count && !status; i++) {
        out->bytes[other] += coder->bytes[i];
        out->frames[other]++;
    }
    return status || !judged ? status : judge(coder, of, &out->error[other]);
}

/* A key frame is a strip of its own, so that its time is known. */
static uint32_t next_strip(const device_coder *coder, uint32_t first) {
    uint32_t count = 1;
    while (!cbx_avc_is_key(&coder->settings, first) && count < coder->settings.frames &&
           first + count < coder->excerpts->frames &&
           !cbx_avc_is_key(&coder->settings, first + count)) {
        count++;
    }
    return count;
}

static cbx_status run(cbx_coder *calls, int judged, const cbx_bench_stop *stop,
                      cbx_tally out[CBX_EXCERPTS]) {
    device_coder *coder = (device_coder *)calls;
    cbx_status status = CBX_OK;
    for (uint32_t excerpt = 0; excerpt < CBX_EXCERPTS && !status; excerpt++) {
        out[excerpt] = (cbx_tally){0};
        cbx_avc_restart(coder->avc);
        for (uint32_t first = 0; first < coder->excerpts->frames && !status;) {
            const strip next = {excerpt, first, next_strip(coder, first)};
            status = run_strip(coder, &next, judged, &out[excerpt]);
            first += next.count;
            status = status ? status : cbx_meter_ask(stop);
        }
    }
    return status;
}

static void destroy(cbx_coder *calls) {
    device_coder *coder = (device_coder *)calls;
    cl_mem buffers[] = {coder->luma, coder->chroma, coder->samples, coder->sizes};
    cbx_avc_destroy(coder->avc);
    cbx_decoder_close(coder->decoder);
    for (size_t i = 0; i < CBX_COUNT(buffers); i++) {
        cbx_buffer_release(buffers[i]);
    }
    free(coder->sample);
    free(coder->decoded);
    (void)cbx_device_time(coder->device, 0); /* else it goes on, a little slower */
    free(coder);
}

static cbx_status take_buffers(device_coder *coder) {
    const size_t chroma = coder->excerpts->plane / 4;
    const uint64_t frames = coder->settings.frames;
    cl_command_queue queue = coder->device->queue;
    cbx_status status = cbx_buffer_create(coder->device, CL_MEM_READ_ONLY,
                                          frames * coder->excerpts->plane + CBX_AVC_SPARE_BYTES,
                                          "frames", &coder->luma);
    if (!status) {
        status = cbx_buffer_create(coder->device, CL_MEM_READ_ONLY, 2 * chroma, "a film's chroma",
                                   &coder->chroma);
    }
    for (size_t i = 0; i < 2 && !status; i++) {
        status = cbx_cl_check(
            clEnqueueWriteBuffer(queue, coder->chroma, CL_TRUE, i * chroma, chroma,
                                 i ? coder->excerpts->cr : coder->excerpts->cb, 0, NULL, NULL),
            "writing a chroma plane");
    }
    if (!status) {
        status = cbx_buffer_create(coder->device, CL_MEM_READ_WRITE, frames * coder->room,
                                   "encoded frames", &coder->samples);
    }
    if (!status) {
        status = cbx_buffer_create(coder->device, CL_MEM_READ_WRITE, sizeof coder->bytes,
                                   "encoded frames", &coder->sizes);
    }
    if (!status) {
        status = cbx_new(&coder->sample, coder->room);
    }
    return status ? status : cbx_new(&coder->decoded, coder->excerpts->plane * 3 / 2);
}

cbx_status cbx_coder_on_device(cbx_coder **out, cbx_device *device, const cbx_excerpts *excerpts,
                               const cbx_film_settings *film) {
    const cbx_stream stream = cbx_samples_stream(film);
    device_coder *coder = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&coder, 1);
    if (status) {
        return status;
    }
    *coder = (device_coder){.calls = {run, destroy}, .device = device, .excerpts = excerpts};
    *out = &coder->calls;
    coder->settings = cbx_samples_settings(film);
    coder->settings.group = CBX_CODER_GROUP;
    coder->room = cbx_avc_sample_bytes(&coder->settings);
    status = cbx_device_time(device, 1);
    if (!status) {
        status = cbx_decoder_open(&coder->decoder, &stream);
    }
    if (!status) {
        status = cbx_avc_create(&coder->avc, device, &coder->settings);
    }
    return status ? status : take_buffers(coder);
}
