/* SPDX-License-Identifier: MIT */
#include "film/still.h"

#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/input.h"
#include "film/still_grey.h"
#include "film/still_light.h"

typedef struct bytes {
    uint8_t *data; /* followed by AV_INPUT_BUFFER_PADDING_SIZE zeros */
    size_t size;
} bytes;

/* ---- what it is ---- */

static const struct kind {
    const char *name;
    const char *magic;
    size_t length; /* of magic */
    enum AVCodecID codec;
    const char *ending; /* that a whole file has somewhere; NULL: libavcodec sees to it */
    size_t ending_length;
    cbx_still_lighten *lighten; /* NULL: a file of so many bytes cannot do harm */
} kinds[] = {
    {"PNG", "\x89PNG\r\n\x1a\n", 8, AV_CODEC_ID_PNG, "IEND\xae\x42\x60\x82", 8,
     cbx_still_lighten_png},
    {"JPEG", "\xff\xd8\xff", 3, AV_CODEC_ID_MJPEG, "\xff\xd9", 2, cbx_still_lighten_jpeg},
    {"PBM", "P1", 2, AV_CODEC_ID_PBM, NULL, 0, NULL},
    {"PBM", "P4", 2, AV_CODEC_ID_PBM, NULL, 0, NULL},
    {"PGM", "P2", 2, AV_CODEC_ID_PGM, NULL, 0, NULL},
    {"PGM", "P5", 2, AV_CODEC_ID_PGM, NULL, 0, NULL},
    {"PPM", "P3", 2, AV_CODEC_ID_PPM, NULL, 0, NULL},
    {"PPM", "P6", 2, AV_CODEC_ID_PPM, NULL, 0, NULL},
};

enum { LONGEST_MAGIC = 8 };

static const struct kind *find_kind(const bytes *file) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (file->size >= kinds[i].length &&
            memcmp(file->data, kinds[i].magic, kinds[i].length) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* ---- the file ---- */

/* Up to the file's end, in pieces: a pipe does not tell its size. What is no picture is not read
 * to its end. */
static cbx_status read_input(cbx_input *from, bytes *out, const struct kind **kind) {
    size_t room = 0, got = 1;
    while (got > 0) {
        if (out->size == room) {
            room = room > 0 ? 2 * room : (size_t)1 << 16;
            uint8_t *larger = realloc(out->data, room + AV_INPUT_BUFFER_PADDING_SIZE);
            if (!larger) {
                return cbx_fail(CBX_NO_MEMORY, "no memory for the picture %s", from->name);
            }
            out->data = larger;
        }
        cbx_status status = cbx_input_read(from, out->data + out->size, room - out->size, &got);
        if (status) {
            return status;
        }
        out->size += got;
        if (out->size > CBX_STILL_MOST_BYTES) {
            return cbx_fail(CBX_BAD_DATA, "%s: the file is larger than %llu MiB", from->name,
                            (unsigned long long)(CBX_STILL_MOST_BYTES >> 20));
        }
        *kind = find_kind(out);
        if (!*kind && out->size >= LONGEST_MAGIC) {
            break;
        }
    }
    memset(out->data + out->size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    if (out->size == 0) {
        return cbx_fail(CBX_BAD_DATA, "%s: the file is empty", from->name);
    }
    return *kind ? CBX_OK
                 : cbx_fail(CBX_BAD_DATA,
                            "%s is no picture that can be read: PNG, JPEG, PGM can be", from->name);
}

static cbx_status read_file(const char *path, bytes *out, const struct kind **kind) {
    static const char what[] = "the picture ";
    cbx_input from = {0};
    cbx_status status = CBX_OK;
    if (strcmp(path, "-") == 0) {
        cbx_input_standard(&from, what);
    } else {
        status = cbx_input_open(&from, what, path);
    }
    if (!status) {
        status = read_input(&from, out, kind);
    }
    cbx_input_close(&from);
    return status;
}

/* ---- whether it is whole, and harmless ---- */

/* Looked for from behind: a thumbnail within the file has an end of its own. */
static int is_whole(const struct kind *kind, const bytes *file) {
    const size_t length = kind->ending_length;
    const size_t last = 1 << 16; /* what may follow the end */
    const size_t least = file->size > last ? file->size - last : kind->length;
    for (size_t at = file->size - length; kind->ending && at >= least; at--) {
        if (memcmp(file->data + at, kind->ending, length) == 0) {
            return 1;
        }
    }
    return !kind->ending;
}

/* ---- decoding ---- */

typedef struct bound {
    int exceeded;
} bound;

/* Called before memory for the picture is taken, with its size. */
static int get_buffer(AVCodecContext *context, AVFrame *frame, int flags) {
    bound *most = context->opaque;
    most->exceeded = (uint64_t)frame->width * (uint64_t)frame->height > CBX_STILL_MOST_PIXELS;
    return most->exceeded ? AVERROR(EINVAL) : avcodec_default_get_buffer2(context, frame, flags);
}

static cbx_status open_decoder(AVCodecContext **out, const struct kind *kind, bound *most) {
    const AVCodec *codec = avcodec_find_decoder(kind->codec);
    if (!codec) {
        return cbx_fail(CBX_BAD_DATA, "the linked libavcodec does not decode %s", kind->name);
    }
    AVCodecContext *context = *out = avcodec_alloc_context3(codec);
    if (!context) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a decoder");
    }
    context->thread_count = 1;
    context->err_recognition = AV_EF_CRCCHECK | AV_EF_CAREFUL | AV_EF_BUFFER | AV_EF_EXPLODE;
    context->log_level_offset = 2 * AV_LOG_TRACE; /* above every level that libav prints */
    context->opaque = most;
    context->get_buffer2 = get_buffer;
    const int error = avcodec_open2(context, codec, NULL);
    return error >= 0 ? CBX_OK
                      : cbx_fail(CBX_BAD_DATA, "libavcodec cannot decode %s: %s", kind->name,
                                 av_err2str(error));
}

static int decode(AVCodecContext *context, const bytes *file, AVFrame *frame) {
    AVPacket *packet = av_packet_alloc();
    int error = packet ? 0 : AVERROR(ENOMEM);
    if (!error) {
        packet->data = file->data;
        packet->size = (int)file->size;
        packet->flags = AV_PKT_FLAG_KEY;
        error = avcodec_send_packet(context, packet);
    }
    av_packet_free(&packet);
    if (error >= 0) {
        avcodec_send_packet(context, NULL); /* nothing follows */
        error = avcodec_receive_frame(context, frame);
    }
    return error < 0 ? error : frame->decode_error_flags != 0 ? AVERROR_INVALIDDATA : 0;
}

static cbx_status fail_to_decode(const struct kind *kind, const bound *most, int error,
                                 const char *path) {
    if (most->exceeded) {
        return cbx_fail(CBX_BAD_DATA, "%s: the picture has more than %llu pixels", path,
                        (unsigned long long)CBX_STILL_MOST_PIXELS);
    }
    return error == AVERROR(ENOMEM)
               ? cbx_fail(CBX_NO_MEMORY, "no memory for the picture %s", path)
               : cbx_fail(CBX_BAD_DATA, "%s: this %s is damaged, cut short or far too large", path,
                          kind->name);
}

static cbx_status decode_still(const struct kind *kind, const bytes *file, const char *path,
                               cbx_still *out) {
    AVCodecContext *context = NULL;
    AVFrame *frame = av_frame_alloc();
    bound most = {0};
    cbx_status status = frame ? CBX_OK : cbx_fail(CBX_NO_MEMORY, "no memory for a decoder");
    if (!status) {
        status = open_decoder(&context, kind, &most);
    }
    if (!status) {
        const int error = decode(context, file, frame);
        status = error < 0 ? fail_to_decode(kind, &most, error, path) : CBX_OK;
    }
    if (!status) {
        status = cbx_still_grey(out, frame, path);
    }
    av_frame_free(&frame);
    avcodec_free_context(&context);
    return status;
}

cbx_status cbx_still_read(cbx_still *out, const char *path) {
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    const struct kind *kind = kinds; /* until the file says */
    bytes file = {0};
    *out = (cbx_still){0};
    cbx_status status = read_file(path, &file, &kind);
    if (!status &&
        (!is_whole(kind, &file) || (kind->lighten && !kind->lighten(file.data, &file.size)))) {
        status = fail_to_decode(kind, &(bound){0}, 0, name);
    }
    if (!status) {
        memset(file.data + file.size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
        status = decode_still(kind, &file, name, out);
    }
    free(file.data);
    return status;
}
