/* SPDX-License-Identifier: MIT */
#include "avc/check.h"

#include <stdlib.h>
#include <string.h>

#include "avc/avc.h"
#include "base/error.h"
#include "base/memory.h"
#include "film/decoder.h"

/* Four macroblocks by three, none of the last ones whole; two groups. */
enum { WIDTH = 52, HEIGHT = 36, FRAMES = 6, GROUP = 4, QP = 24, FPS = 70 };
enum { LUMA = WIDTH * HEIGHT, CHROMA = LUMA / 4, PICTURE = LUMA + 2 * CHROMA };

static const cbx_avc_settings settings = {.width = WIDTH,
                                          .height = HEIGHT,
                                          .group = GROUP,
                                          .frames = FRAMES,
                                          .qp = QP,
                                          .chroma_changes = 1};

typedef struct trial {
    cbx_device *device;
    cbx_avc *avc;
    cbx_decoder *decoder;
    cl_mem luma, chroma, samples, sizes;
    uint8_t pictures[FRAMES][PICTURE];
    uint8_t decoded[PICTURE], meant[PICTURE];
    uint8_t *one_by_one; /* a frame's samples, and those of all at once */
    uint8_t *at_once;
    uint32_t bytes[FRAMES], bytes_at_once[FRAMES];
} trial;

/* Noise that fades; then some of it changes a little, some turns round, and nothing does. */
static uint8_t next_sample(uint32_t place_in_group, int i, uint32_t noise, uint8_t before) {
    switch (place_in_group) {
    case 0:
        return (uint8_t)(noise >> (i % WIDTH / 16));
    case 1:
        return noise < 64 ? (uint8_t)(before + noise % 8) : before;
    case 2:
        return i % 97 < 40 ? (uint8_t)(255 - before) : before;
    default:
        return before;
    }
}

static void draw(trial *this) {
    uint32_t state = 1;
    for (uint32_t frame = 0; frame < FRAMES; frame++) {
        for (int i = 0; i < PICTURE; i++) {
            state = state * 1664525u + 1013904223u;
            this->pictures[frame][i] = next_sample(frame % GROUP, i, state >> 24,
                                                   frame ? this->pictures[frame - 1][i] : 0);
        }
    }
}

static cbx_status make_buffers(trial *this) {
    static const cl_mem_flags flags = CL_MEM_READ_WRITE;
    const size_t room = FRAMES * cbx_avc_sample_bytes(&settings);
    cbx_device *device = this->device;
    cbx_status status = cbx_buffer_create(device, flags, FRAMES * LUMA + CBX_AVC_SPARE_BYTES,
                                          "pictures to be encoded", &this->luma);
    if (!status) {
        status = cbx_buffer_create(device, flags, (uint64_t)FRAMES * 2 * CHROMA,
                                   "pictures to be encoded", &this->chroma);
    }
    if (!status) {
        status = cbx_buffer_create(device, flags, room, "encoded pictures", &this->samples);
    }
    if (!status) {
        status =
            cbx_buffer_create(device, flags, sizeof this->bytes, "encoded pictures", &this->sizes);
    }
    if (!status) {
        status = cbx_new(&this->one_by_one, room);
    }
    return status ? status : cbx_new(&this->at_once, room);
}

static cbx_status write_pictures(trial *this) {
    cl_command_queue queue = this->device->queue;
    cl_int error = CL_SUCCESS;
    for (size_t frame = 0; frame < FRAMES && !error; frame++) {
        const uint8_t *picture = this->pictures[frame];
        error = clEnqueueWriteBuffer(queue, this->luma, CL_TRUE, frame * LUMA, LUMA, picture, 0,
                                     NULL, NULL);
        if (!error) {
            error = clEnqueueWriteBuffer(queue, this->chroma, CL_TRUE, frame * 2 * CHROMA,
                                         2 * CHROMA, picture + LUMA, 0, NULL, NULL);
        }
    }
    return cbx_cl_check(error, "writing pictures");
}

/* Encodes `count` frames from `first` on and reads their samples, each at its own place in `out`. */
static cbx_status encode(trial *this, uint32_t first, uint32_t count, uint8_t *out,
                         uint32_t *bytes) {
    const cbx_avc_pictures pictures = {this->luma, this->chroma, first, count};
    const size_t room = cbx_avc_sample_bytes(&settings);
    cl_command_queue queue = this->device->queue;
    cl_event done = NULL;
    cbx_status status =
        cbx_avc_encode(this->avc, &pictures, this->samples, this->sizes, NULL, &done);
    cbx_event_release(&done);
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(queue, this->sizes, CL_TRUE, 0,
                                                  count * sizeof *bytes, bytes, 0, NULL, NULL),
                              "encoding pictures");
    }
    for (uint32_t i = 0; i < count && !status; i++) {
        if (bytes[i] > room) {
            return cbx_fail(CBX_BAD_KERNEL, "the encoder on %s says that a frame has %u bytes",
                            this->device->info.name, bytes[i]);
        }
        status = cbx_cl_check(clEnqueueReadBuffer(queue, this->samples, CL_TRUE, i * room, bytes[i],
                                                  out + i * room, 0, NULL, NULL),
                              "encoding pictures");
    }
    return status;
}

static cbx_status compare(const trial *this, uint32_t frame) {
    static const struct {
        const char *name;
        int start, count;
    } planes[] = {{"luma", 0, LUMA}, {"Cb", LUMA, CHROMA}, {"Cr", LUMA + CHROMA, CHROMA}};
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++) {
        if (memcmp(this->decoded + planes[i].start, this->meant + planes[i].start,
                   (size_t)planes[i].count) != 0) {
            return cbx_fail(CBX_BAD_KERNEL,
                            "the encoder on %s errs: libavcodec sees another %s in frame %u of a "
                            "test",
                            this->device->info.name, planes[i].name, frame);
        }
    }
    return CBX_OK;
}

static cbx_status try_one(trial *this, uint32_t frame) {
    uint8_t *sample = this->one_by_one + frame * cbx_avc_sample_bytes(&settings);
    cbx_status status = encode(this, frame, 1, sample, &this->bytes[frame]);
    if (!status) {
        status = cbx_avc_reconstruction(this->avc, this->meant, this->meant + LUMA,
                                        this->meant + LUMA + CHROMA);
    }
    if (!status && cbx_decoder_decode(this->decoder, sample, this->bytes[frame], this->decoded)) {
        status = cbx_fail(CBX_BAD_KERNEL,
                          "the encoder on %s errs: libavcodec cannot decode frame %u of a test",
                          this->device->info.name, frame);
    }
    return status ? status : compare(this, frame);
}

static cbx_status try_all(trial *this) {
    const size_t room = cbx_avc_sample_bytes(&settings);
    cbx_avc_restart(this->avc);
    cbx_status status = encode(this, 0, FRAMES, this->at_once, this->bytes_at_once);
    for (uint32_t i = 0; i < FRAMES && !status; i++) {
        if (this->bytes_at_once[i] != this->bytes[i] ||
            memcmp(this->at_once + i * room, this->one_by_one + i * room, this->bytes[i]) != 0) {
            status = cbx_fail(CBX_BAD_KERNEL,
                              "the encoder on %s errs: frame %u of a test differs when several "
                              "are encoded at once",
                              this->device->info.name, i);
        }
    }
    return status;
}

static cbx_status run(trial *this) {
    const cbx_stream stream = {WIDTH, HEIGHT, FPS, CBX_AVC_CHROMA_QP_OFFSET};
    draw(this);
    cbx_status status = cbx_decoder_open(&this->decoder, &stream);
    if (!status) {
        status = cbx_avc_create(&this->avc, this->device, &settings);
    }
    if (!status) {
        status = make_buffers(this);
    }
    if (!status) {
        status = write_pictures(this);
    }
    for (uint32_t frame = 0; frame < FRAMES && !status; frame++) {
        status = try_one(this, frame);
    }
    return status ? status : try_all(this);
}

cbx_status cbx_avc_check(cbx_device *device) {
    trial *this = NULL;
    cbx_status status = cbx_new(&this, 1);
    if (status) {
        return status;
    }
    this->device = device;
    status = run(this);
    cbx_avc_destroy(this->avc);
    cbx_decoder_close(this->decoder);
    cl_mem buffers[] = {this->luma, this->chroma, this->samples, this->sizes};
    for (size_t i = 0; i < CBX_COUNT(buffers); i++) {
        cbx_buffer_release(buffers[i]);
    }
    free(this->one_by_one);
    free(this->at_once);
    free(this);
    return status;
}
