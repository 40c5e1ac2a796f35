/* SPDX-License-Identifier: MIT */
#include "film/libav.h"

#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "film/containers.h"
#include "film/headers.h"

int cbx_libav_is_there(const cbx_encoder_kind *kind) {
    return avcodec_find_encoder_by_name(kind->name) != NULL;
}

/* As the frames come, or as screens show them. */
static void describe_colours(AVCodecContext *context, enum AVPixelFormat pixels) {
    const int as_film = pixels == AV_PIX_FMT_YUV420P;
    context->pix_fmt = pixels;
    context->color_range = as_film ? AVCOL_RANGE_MPEG : AVCOL_RANGE_JPEG;
    context->color_primaries = AVCOL_PRI_BT709;
    context->color_trc = as_film ? AVCOL_TRC_BT709 : AVCOL_TRC_IEC61966_2_1;
    context->colorspace = as_film ? AVCOL_SPC_BT709 : AVCOL_SPC_RGB;
}

static void describe_pictures(AVCodecContext *context, const cbx_film_parts *parts) {
    const cbx_film_settings *settings = &parts->settings;
    context->width = (int)settings->width;
    context->height = (int)settings->height;
    context->sample_aspect_ratio = (AVRational){1, 1};
    context->time_base = (AVRational){1, (int)parts->rate};
    context->framerate = (AVRational){(int)parts->rate, 1};
    describe_colours(context, parts->kind->pixels);
    context->gop_size = (int)parts->group_frames;
    context->max_b_frames = 0;
    context->thread_count = 1;
    context->flags |= parts->container->global_headers ? AV_CODEC_FLAG_GLOBAL_HEADER : 0;
    /* Lifts this context's messages above every level that libav prints. */
    context->log_level_offset = 2 * AV_LOG_TRACE;
}

static cbx_status fail_open(const cbx_film_parts *parts, int error) {
    const cbx_encoder_kind *kind = parts->kind;
    return cbx_fail(error == AVERROR(ENOMEM) ? CBX_NO_MEMORY : CBX_NO_ENCODER,
                    "cannot open %s for %u x %u pixels: %s%s%s", kind->name, parts->settings.width,
                    parts->settings.height, av_err2str(error), kind->needs ? "; it needs " : "",
                    kind->needs ? kind->needs : "");
}

static cbx_status open_context(cbx_encoder *encoder, const cbx_film_parts *parts) {
    const cbx_film_settings *settings = &parts->settings;
    const AVCodec *codec = avcodec_find_encoder_by_name(parts->kind->name);
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
    describe_pictures(encoder->context, parts);
    int error = parts->kind->set(&options, encoder->context, settings);
    if (error >= 0) {
        error = avcodec_open2(encoder->context, codec, &options);
    }
    av_dict_free(&options);
    return error < 0 ? fail_open(parts, error) : CBX_OK;
}

void cbx_libav_destroy(cbx_encoder *encoder) {
    if (!encoder) {
        return;
    }
    avcodec_free_context(&encoder->context);
    av_frame_free(&encoder->frame);
    av_packet_free(&encoder->packet);
    free(encoder);
}

cbx_status cbx_libav_open(cbx_encoder **out, const cbx_film_parts *parts) {
    cbx_encoder *encoder;

    *out = NULL;
    cbx_status status = cbx_new(&encoder, 1);
    if (status) {
        return status;
    }
    encoder->format = AV_PIX_FMT_YUV420P;
    encoder->chroma[0] = parts->cb;
    encoder->chroma[1] = parts->cr;
    status = open_context(encoder, parts);
    if (status) {
        cbx_libav_destroy(encoder);
        return status;
    }
    *out = encoder;
    return CBX_OK;
}

int cbx_libav_matches(const cbx_encoder *encoder, const AVCodecParameters *parameters) {
    const AVCodecContext *context = encoder->context;
    int size = context->extradata_size;

    return size == 0 || (size == parameters->extradata_size &&
                         memcmp(context->extradata, parameters->extradata, (size_t)size) == 0);
}

/* libavcodec has dropped its last reference to a luma plane. */
static void give_back(void *opaque, uint8_t *data) {
    cbx_film_frame *lent = opaque;

    (void)data;
    cbx_film_frame_release(lent);
    free(lent);
}

/* Wraps the caller's plane; from here on libav's reference count decides when
 * the caller gets it back. The flag keeps everyone from writing into it. */
static AVBufferRef *wrap_luma(const cbx_film_frame *frame, size_t bytes) {
    cbx_film_frame *lent = malloc(sizeof *lent);
    AVBufferRef *buffer = NULL;

    if (lent) {
        *lent = *frame;
        buffer = av_buffer_create((uint8_t *)(uintptr_t)frame->luma, bytes, give_back, lent,
                                  AV_BUFFER_FLAG_READONLY);
    }
    if (!buffer) {
        free(lent);
        cbx_film_frame_release(frame);
    }
    return buffer;
}

/* A plane that comes with luma, and is lent for as long. */
static void let_go(void *luma, uint8_t *data) {
    AVBufferRef *held = luma;
    (void)data;
    av_buffer_unref(&held);
}

static AVBufferRef *wrap_beside(AVBufferRef *luma, const uint8_t *plane, size_t bytes) {
    AVBufferRef *held = luma ? av_buffer_ref(luma) : NULL;
    AVBufferRef *buffer = held ? av_buffer_create((uint8_t *)(uintptr_t)plane, bytes, let_go, held,
                                                  AV_BUFFER_FLAG_READONLY)
                               : NULL;
    if (!buffer) {
        av_buffer_unref(&held);
    }
    return buffer;
}

/* A frame's own chroma, as the encoder wants it: two planes, or cb and cr in turns. */
static void bring_chroma(AVFrame *frame, const cbx_film_frame *from, size_t bytes, int planes) {
    if (planes == 3) {
        frame->buf[1] = wrap_beside(frame->buf[0], from->cb, bytes);
        frame->buf[2] = wrap_beside(frame->buf[0], from->cr, bytes);
    } else {
        frame->buf[1] = cbx_libav_interleave(from->cb, from->cr, bytes);
    }
}

AVBufferRef *cbx_libav_interleave(const uint8_t *cb, const uint8_t *cr, size_t bytes) {
    AVBufferRef *plane = av_buffer_alloc(2 * bytes);
    for (size_t i = 0; i < bytes && plane; i++) {
        plane->data[2 * i] = cb[i];
        plane->data[2 * i + 1] = cr[i];
    }
    return plane;
}

cbx_status cbx_libav_fill(cbx_encoder *encoder, const cbx_film_frame *from) {
    AVFrame *frame = encoder->frame;
    int width = encoder->context->width, height = encoder->context->height;
    const int planes = av_pix_fmt_count_planes(encoder->format);

    frame->buf[0] = wrap_luma(from, (size_t)width * (size_t)height);
    if (from->cb) {
        bring_chroma(frame, from, (size_t)(width / 2) * (size_t)(height / 2), planes);
    }
    for (int plane = 1; plane < planes && !from->cb; plane++) {
        frame->buf[plane] = av_buffer_ref(encoder->chroma[plane - 1]);
    }
    for (int plane = 0; plane < planes; plane++) {
        if (!frame->buf[plane]) {
            return cbx_fail(CBX_NO_MEMORY, "no memory for frame %llu of a group",
                            (unsigned long long)encoder->frames);
        }
        frame->data[plane] = frame->buf[plane]->data;
        frame->linesize[plane] = plane == 0 || planes == 2 ? width : width / 2;
    }
    frame->width = width;
    frame->height = height;
    frame->format = encoder->format;
    frame->color_range = AVCOL_RANGE_MPEG;
    frame->color_primaries = AVCOL_PRI_BT709;
    frame->color_trc = AVCOL_TRC_BT709;
    frame->colorspace = AVCOL_SPC_BT709;
    frame->sample_aspect_ratio = encoder->context->sample_aspect_ratio;
    frame->quality = encoder->context->global_quality;
    frame->pict_type = encoder->frames == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    frame->pts = (int64_t)encoder->frames;
    return CBX_OK;
}

/* Moves what is ready to `out`. */
static cbx_status drain(cbx_encoder *encoder, cbx_packets *out) {
    int error;

    while ((error = avcodec_receive_packet(encoder->context, encoder->packet)) >= 0) {
        encoder->packet->duration = 1;
        cbx_status status = cbx_packets_append(out, encoder->packet);
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

cbx_status cbx_libav_encode(cbx_encoder *encoder, const AVFrame *picture, cbx_packets *out) {
    const int error = avcodec_send_frame(encoder->context, picture);
    if (error < 0) {
        return cbx_fail(CBX_NO_ENCODER, "%s failed at frame %llu of a group: %s",
                        encoder->context->codec->name, (unsigned long long)encoder->frames,
                        av_err2str(error));
    }
    return drain(encoder, out);
}

cbx_status cbx_libav_send(cbx_encoder *encoder, cbx_status status, cbx_packets *out) {
    if (!status) {
        status = cbx_libav_encode(encoder, encoder->frame, out);
    }
    av_frame_unref(encoder->frame);
    encoder->frames++;
    return status;
}

static cbx_status push(cbx_encoder *encoder, const cbx_film_frame *frame, cbx_packets *out) {
    return cbx_libav_send(encoder, cbx_libav_fill(encoder, frame), out);
}

cbx_status cbx_libav_finish(cbx_encoder *encoder, cbx_packets *out) {
    int error = avcodec_send_frame(encoder->context, NULL);

    if (error < 0) {
        return cbx_fail(CBX_NO_ENCODER, "%s failed: %s", encoder->context->codec->name,
                        av_err2str(error));
    }
    return drain(encoder, out);
}

/* Without them the film is as the encoder wants it. */
static cbx_status take_headers(const cbx_packets *packets, AVCodecParameters *parameters) {
    const AVPacket *first = packets->count > 0 ? packets->packets[0] : NULL;
    for (int i = 0; first && i < first->side_data_elems; i++) {
        const AVPacketSideData *side = &first->side_data[i];
        if (side->type == AV_PKT_DATA_NEW_EXTRADATA && side->size > 0) {
            return cbx_headers_set(parameters, side->data, (size_t)side->size);
        }
    }
    return CBX_OK;
}

/* Another encoder's, of a grey picture: files that cannot be rewritten, and what is left of a film, need
 * the headers before there is a packet. */
static cbx_status ask_headers(const cbx_film_parts *parts) {
    const size_t pixels = (size_t)parts->settings.width * parts->settings.height;
    cbx_encoder *encoder = NULL;
    cbx_packets packets = {0};
    uint8_t *grey = NULL;
    cbx_status status = cbx_new(&grey, pixels);
    if (!status) {
        memset(grey, 0x80, pixels);
        status = cbx_libav_open(&encoder, parts);
    }
    if (!status) {
        const int own = !parts->cb;
        status =
            push(encoder, &(cbx_film_frame){grey, own ? grey : NULL, own ? grey : NULL, NULL, NULL},
                 &packets);
    }
    if (!status) {
        status = cbx_libav_finish(encoder, &packets);
    }
    if (!status) {
        status = take_headers(&packets, parts->parameters);
    }
    cbx_packets_clear(&packets);
    cbx_libav_destroy(encoder);
    free(grey);
    return status;
}

cbx_status cbx_libav_describe(const cbx_encoder *encoder, const cbx_film_parts *parts) {
    const int error = avcodec_parameters_from_context(parts->parameters, encoder->context);
    if (error < 0) {
        return cbx_fail(CBX_NO_MEMORY, "cannot describe the film: %s", av_err2str(error));
    }
    return parts->kind->late_headers && parts->container->global_headers &&
                   parts->parameters->extradata_size == 0
               ? ask_headers(parts)
               : CBX_OK;
}

const cbx_encoder_calls cbx_libav_calls = {.is_there = cbx_libav_is_there,
                                           .open = cbx_libav_open,
                                           .describe = cbx_libav_describe,
                                           .matches = cbx_libav_matches,
                                           .push = push,
                                           .finish = cbx_libav_finish,
                                           .destroy = cbx_libav_destroy};
