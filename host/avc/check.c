/* SPDX-License-Identifier: MIT */
#include "avc/check.h"

#include <stdlib.h>
#include <string.h>

#include "avc/avc.h"
#include "base/error.h"
#include "base/memory.h"
#include "film/coding.h"
#include "film/decoder.h"

/* Seven macroblocks by eleven, none of the last ones whole: slices of two rows, and more macroblocks than
 * work-items put a slice together. Two groups. */
enum { WIDTH = 100, HEIGHT = 172, FRAMES = 8, GROUP = 4, FPS = 70, MBS_WIDE = 7 };
enum { LUMA = WIDTH * HEIGHT, CHROMA = LUMA / 4, PICTURE = LUMA + 2 * CHROMA };

/* How they are encoded: so finely that some macroblocks are samples, and coarsely. No coefficient is off
 * by more than 5/4 of what a level is worth, and so are the differences, in the mean of their
 * squares. */
typedef struct grade {
    int qp;
    uint32_t luma, chroma;
} grade;

static const grade grades[] = {{10, 7, 25}, {27, 313, 995}};

static const cbx_avc_settings usual = {
    .width = WIDTH, .height = HEIGHT, .group = GROUP, .frames = FRAMES, .chroma_changes = 1};

typedef struct trial {
    cbx_device *device;
    const grade *grade;
    cbx_avc_settings settings;
    cbx_avc *avc;
    cbx_decoder *decoder;
    cl_mem luma, chroma, samples, sizes;
    uint8_t pictures[FRAMES][PICTURE];
    uint8_t decoded[PICTURE], meant[PICTURE];
    uint8_t *one_by_one; /* a frame's samples, and those of all at once */
    uint8_t *at_once;
    uint32_t bytes[FRAMES], bytes_at_once[FRAMES];
} trial;

/* Where and when a sample is. */
typedef struct moment {
    uint32_t frame, plane, x, y, mb;
} moment;

/* Some macroblocks are as loud as no other near them, or black and white; most are flat, or gradients.
 * Then a few samples change a little, stripes turn round, and a few macroblocks are others. */
static uint8_t next_sample(moment m, uint32_t noise, uint8_t before) {
    const uint32_t loudness = (m.mb * 3 + m.frame) % 17;
    switch (m.frame % GROUP) {
    case 0:
        return (uint8_t)(loudness < 8    ? noise >> loudness
                         : loudness == 8 ? noise & 128 ? 255 : 0
                         : loudness < 12 ? m.x * 7 + m.y * m.y
                                         : m.mb * 37);
    case 1:
        return noise < 64 && m.mb % 4 == 1 ? (uint8_t)(before + noise % 8) : before;
    case 2:
        return m.x % 11 < 4 && m.mb % 8 == 2 ? (uint8_t)(255 - before) : before;
    default:
        return m.mb % 22 > 19                    ? noise & 128 ? 255 : 0
               : m.mb % 22 == 18 && m.plane == 2 ? (uint8_t)(before + 40)
                                                 : before;
    }
}

static void draw_plane(uint8_t *at, const uint8_t *before, uint32_t frame, uint32_t plane,
                       uint32_t *state) {
    const uint32_t part = plane > 0 ? 2 : 1, width = WIDTH / part, side = CBX_MB / part;
    for (uint32_t i = 0; i < width * (HEIGHT / part); i++) {
        const uint32_t x = i % width, y = i / width;
        const moment m = {frame, plane, x, y, y / side * MBS_WIDE + x / side};
        *state = *state * 1664525u + 1013904223u;
        at[i] = next_sample(m, *state >> 24, before[i]);
    }
}

static void draw(trial *this) {
    uint32_t state = 1;
    for (uint32_t frame = 0; frame < FRAMES; frame++) {
        uint8_t *picture = this->pictures[frame];
        const uint8_t *before = this->pictures[frame > 0 ? frame - 1 : 0];
        for (uint32_t plane = 0; plane < 3; plane++) {
            const size_t start = plane > 0 ? LUMA + (plane - 1) * CHROMA : 0;
            draw_plane(picture + start, before + start, frame, plane, &state);
        }
    }
}

static cbx_status make_buffers(trial *this) {
    static const cl_mem_flags flags = CL_MEM_READ_WRITE;
    const size_t room = FRAMES * cbx_avc_sample_bytes(&usual);
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
    const size_t room = cbx_avc_sample_bytes(&usual);
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

/* Whether `decoded` shows what was to be encoded. */
static int is_like_picture(const trial *this, uint32_t frame, int start, int count) {
    const uint8_t *picture = this->pictures[frame] + start, *decoded = this->decoded + start;
    uint32_t sum = 0;
    for (int i = 0; i < count; i++) {
        const int off = decoded[i] - picture[i];
        sum += (uint32_t)(off * off);
    }
    return sum <= (uint32_t)count * (start ? this->grade->chroma : this->grade->luma);
}

static cbx_status compare(const trial *this, uint32_t frame) {
    static const struct {
        const char *name;
        int start, count;
    } planes[] = {{"luma", 0, LUMA}, {"Cb", LUMA, CHROMA}, {"Cr", LUMA + CHROMA, CHROMA}};
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++) {
        const int start = planes[i].start, count = planes[i].count;
        if (memcmp(this->decoded + start, this->meant + start, (size_t)count) != 0) {
            return cbx_fail(CBX_BAD_KERNEL,
                            "the encoder on %s errs: libavcodec sees another %s in frame %u of a "
                            "test",
                            this->device->info.name, planes[i].name, frame);
        }
        if (!is_like_picture(this, frame, start, count)) {
            return cbx_fail(CBX_BAD_KERNEL,
                            "the encoder on %s errs: frame %u of a test has another %s than was "
                            "drawn",
                            this->device->info.name, frame, planes[i].name);
        }
    }
    return CBX_OK;
}

static cbx_status try_one(trial *this, uint32_t frame) {
    uint8_t *sample = this->one_by_one + frame * cbx_avc_sample_bytes(&usual);
    cbx_status status = encode(this, frame, 1, sample, &this->bytes[frame]);
    if (!status) {
        status = cbx_avc_reconstruction(this->avc, this->meant, this->meant + LUMA,
                                        this->meant + LUMA + CHROMA);
    }
    if (!status) {
        status = cbx_decoder_decode(this->decoder, sample, this->bytes[frame], this->decoded);
    }
    if (status == CBX_BAD_DATA) {
        status = cbx_fail(CBX_BAD_KERNEL,
                          "the encoder on %s errs: libavcodec cannot decode frame %u of a test",
                          this->device->info.name, frame);
    }
    return status ? status : compare(this, frame);
}

static cbx_status try_all(trial *this) {
    const size_t room = cbx_avc_sample_bytes(&usual);
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

/* With one of the grades; the buffers serve all. */
static cbx_status try_grade(trial *this, const grade *with) {
    const cbx_stream stream = {WIDTH, HEIGHT, FPS, cbx_avc_chroma_qp_offset(usual.chroma_changes)};
    this->grade = with;
    this->settings = usual;
    this->settings.qp = with->qp;
    cbx_status status = cbx_decoder_open(&this->decoder, &stream);
    if (!status) {
        status = cbx_avc_create(&this->avc, this->device, &this->settings);
    }
    for (uint32_t frame = 0; frame < FRAMES && !status; frame++) {
        status = try_one(this, frame);
    }
    if (!status) {
        status = try_all(this);
    }
    cbx_avc_destroy(this->avc);
    cbx_decoder_close(this->decoder);
    this->avc = NULL;
    this->decoder = NULL;
    return status;
}

static cbx_status run(trial *this) {
    draw(this);
    cbx_status status = make_buffers(this);
    if (!status) {
        status = write_pictures(this);
    }
    for (size_t i = 0; i < sizeof grades / sizeof *grades && !status; i++) {
        status = try_grade(this, &grades[i]);
    }
    return status;
}

cbx_status cbx_avc_check(cbx_device *device) {
    trial *this = NULL;
    cbx_status status = cbx_new(&this, 1);
    if (status) {
        return status;
    }
    this->device = device;
    status = run(this);
    cl_mem buffers[] = {this->luma, this->chroma, this->samples, this->sizes};
    for (size_t i = 0; i < CBX_COUNT(buffers); i++) {
        cbx_buffer_release(buffers[i]);
    }
    free(this->one_by_one);
    free(this->at_once);
    free(this);
    return status;
}
