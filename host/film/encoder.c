/* SPDX-License-Identifier: MIT */
#include "film/encoder.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "film/codec.h"

struct cbx_encoder {
    AVCodecContext *context;
    AVFrame *frame;
    AVPacket *packet;
    const cbx_chroma *chroma;
    uint32_t frames; /* pushed so far */
};

/* Whom to tell when libavcodec drops its last reference to a luma plane. */
typedef struct borrowed {
    void (*release)(void *);
    void *opaque;
} borrowed;

void cbx_packets_clear(cbx_packets *packets) {
    for (size_t i = 0; i < packets->count; i++) {
        av_packet_free(&packets->packets[i]);
    }
    free(packets->packets);
    *packets = (cbx_packets){0};
}

static cbx_status packets_append(cbx_packets *packets, AVPacket *packet) {
    if (packets->count == packets->capacity) {
        size_t capacity = packets->capacity ? 2 * packets->capacity : 64;
        AVPacket **grown = realloc(packets->packets, capacity * sizeof *grown);
        if (!grown) {
            return cbx_fail(CBX_NO_MEMORY, "no memory for %zu encoded frames", capacity);
        }
        packets->packets = grown;
        packets->capacity = capacity;
    }
    AVPacket *kept = av_packet_alloc();
    if (!kept) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for an encoded frame");
    }
    av_packet_move_ref(kept, packet);
    packets->packets[packets->count++] = kept;
    return CBX_OK;
}

static void describe_pictures(AVCodecContext *context, const cbx_film_settings *settings,
                              uint32_t group_frames) {
    context->width = (int)settings->width;
    context->height = (int)settings->height;
    context->pix_fmt = AV_PIX_FMT_YUV420P;
    context->sample_aspect_ratio = (AVRational){1, 1};
    context->time_base = (AVRational){1, (int)settings->fps};
    context->framerate = (AVRational){(int)settings->fps, 1};
    context->color_range = AVCOL_RANGE_MPEG;
    context->color_primaries = AVCOL_PRI_BT709;
    context->color_trc = AVCOL_TRC_BT709;
    context->colorspace = AVCOL_SPC_BT709;
    context->gop_size = (int)group_frames;
    context->max_b_frames = 0;
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    /* Lifts this context's messages above every level that libav prints. */
    context->log_level_offset = 2 * AV_LOG_TRACE;
}

static cbx_status open_context(cbx_encoder *encoder, const cbx_film_settings *settings,
                               uint32_t group_frames) {
    const AVCodec *codec = cbx_codec_find(settings->codec);
    AVDictionary *options = NULL;

    if (!codec) {
        return cbx_fail(CBX_NO_ENCODER, "libavcodec no longer finds the encoder of this film");
    }
    encoder->context = avcodec_alloc_context3(codec);
    encoder->frame = av_frame_alloc();
    encoder->packet = av_packet_alloc();
    if (!encoder->context || !encoder->frame || !encoder->packet) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a %s encoder", codec->name);
    }
    describe_pictures(encoder->context, settings, group_frames);
    int error = cbx_codec_options(&options, encoder->context, settings);
    if (error >= 0) {
        error = avcodec_open2(encoder->context, codec, &options);
    }
    av_dict_free(&options);
    if (error < 0) {
        return cbx_fail(error == AVERROR(ENOMEM) ? CBX_NO_MEMORY : CBX_NO_ENCODER,
                        "cannot open %s for %u x %u pixels: %s", codec->name, settings->width,
                        settings->height, av_err2str(error));
    }
    return CBX_OK;
}

cbx_status cbx_encoder_open(cbx_encoder **out, const cbx_film_settings *settings,
                            uint32_t group_frames, const cbx_chroma *chroma) {
    cbx_encoder *encoder;

    *out = NULL;
    cbx_status status = cbx_new(&encoder, 1);
    if (status) {
        return status;
    }
    encoder->chroma = chroma;
    status = open_context(encoder, settings, group_frames);
    if (status) {
        cbx_encoder_destroy(encoder);
        return status;
    }
    *out = encoder;
    return CBX_OK;
}

const char *cbx_encoder_name(const cbx_encoder *encoder) {
    return encoder->context->codec->name;
}

cbx_status cbx_encoder_describe(const cbx_encoder *encoder, AVCodecParameters *parameters) {
    int error = avcodec_parameters_from_context(parameters, encoder->context);

    if (error < 0) {
        return cbx_fail(CBX_NO_MEMORY, "cannot describe the film: %s", av_err2str(error));
    }
    return CBX_OK;
}

int cbx_encoder_matches(const cbx_encoder *encoder, const AVCodecParameters *parameters) {
    const AVCodecContext *context = encoder->context;
    int size = context->extradata_size;

    return size == parameters->extradata_size &&
           (size == 0 || memcmp(context->extradata, parameters->extradata, (size_t)size) == 0);
}

static void free_borrowed(void *opaque, uint8_t *data) {
    borrowed *luma = opaque;

    (void)data;
    if (luma->release) {
        luma->release(luma->opaque);
    }
    free(luma);
}

/* Wraps the caller's plane; from here on libav's reference count decides when
 * the caller gets it back. The flag keeps everyone from writing into it. */
static AVBufferRef *wrap_luma(const uint8_t *luma, size_t bytes, void (*release)(void *),
                              void *opaque) {
    borrowed *owner = malloc(sizeof *owner);
    AVBufferRef *buffer = NULL;

    if (owner) {
        *owner = (borrowed){release, opaque};
        buffer = av_buffer_create((uint8_t *)(uintptr_t)luma, bytes, free_borrowed, owner,
                                  AV_BUFFER_FLAG_READONLY);
    }
    if (!buffer) {
        free(owner);
        if (release) {
            release(opaque);
        }
    }
    return buffer;
}

static cbx_status fill_frame(cbx_encoder *encoder, const uint8_t *luma, void (*release)(void *),
                             void *opaque) {
    AVFrame *frame = encoder->frame;
    int width = encoder->context->width, height = encoder->context->height;

    frame->buf[0] = wrap_luma(luma, (size_t)width * (size_t)height, release, opaque);
    frame->buf[1] = av_buffer_ref(encoder->chroma->cb);
    frame->buf[2] = av_buffer_ref(encoder->chroma->cr);
    if (!frame->buf[0] || !frame->buf[1] || !frame->buf[2]) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for frame %u of a group", encoder->frames);
    }
    for (int plane = 0; plane < 3; plane++) {
        frame->data[plane] = frame->buf[plane]->data;
        frame->linesize[plane] = plane == 0 ? width : width / 2;
    }
    frame->width = width;
    frame->height = height;
    frame->format = encoder->context->pix_fmt;
    frame->color_range = encoder->context->color_range;
    frame->color_primaries = encoder->context->color_primaries;
    frame->color_trc = encoder->context->color_trc;
    frame->colorspace = encoder->context->colorspace;
    frame->sample_aspect_ratio = encoder->context->sample_aspect_ratio;
    frame->quality = encoder->context->global_quality;
    frame->pict_type = encoder->frames == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    frame->pts = encoder->frames;
    return CBX_OK;
}

/* Moves what is ready to `out`. */
static cbx_status drain(cbx_encoder *encoder, cbx_packets *out) {
    int error;

    while ((error = avcodec_receive_packet(encoder->context, encoder->packet)) >= 0) {
        encoder->packet->duration = 1;
        cbx_status status = packets_append(out, encoder->packet);
        if (status) {
            return status;
        }
    }
    if (error != AVERROR(EAGAIN) && error != AVERROR_EOF) {
        return cbx_fail(CBX_NO_ENCODER, "%s failed: %s", encoder->context->codec->name,
                        av_err2str(error));
    }
    return CBX_OK;
}

cbx_status cbx_encoder_push(cbx_encoder *encoder, const uint8_t *luma, void (*release)(void *),
                            void *opaque, cbx_packets *out) {
    cbx_status status = fill_frame(encoder, luma, release, opaque);

    if (!status) {
        int error = avcodec_send_frame(encoder->context, encoder->frame);
        if (error < 0) {
            status = cbx_fail(CBX_NO_ENCODER, "%s failed at frame %u of a group: %s",
                              encoder->context->codec->name, encoder->frames, av_err2str(error));
        }
    }
    av_frame_unref(encoder->frame);
    encoder->frames++;
    return status ? status : drain(encoder, out);
}

cbx_status cbx_encoder_finish(cbx_encoder *encoder, cbx_packets *out) {
    const char *name = encoder->context->codec->name;
    int error = avcodec_send_frame(encoder->context, NULL);

    if (error < 0) {
        return cbx_fail(CBX_NO_ENCODER, "%s failed: %s", name, av_err2str(error));
    }
    cbx_status status = drain(encoder, out);
    if (status) {
        return status;
    }
    if (out->count != encoder->frames) {
        return cbx_fail(CBX_NO_ENCODER, "%s made %zu pictures of %u frames", name, out->count,
                        encoder->frames);
    }
    for (size_t i = 0; i < out->count; i++) {
        int key = (out->packets[i]->flags & AV_PKT_FLAG_KEY) != 0;
        if (key != (i == 0)) {
            return cbx_fail(CBX_NO_ENCODER, "%s %s at frame %zu of a group", name,
                            key ? "put a key frame" : "put no key frame", i);
        }
    }
    return CBX_OK;
}

void cbx_encoder_destroy(cbx_encoder *encoder) {
    if (!encoder) {
        return;
    }
    avcodec_free_context(&encoder->context);
    av_frame_free(&encoder->frame);
    av_packet_free(&encoder->packet);
    free(encoder);
}
