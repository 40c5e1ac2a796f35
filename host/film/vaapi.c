/* SPDX-License-Identifier: MIT */
#include "film/vaapi.h"

#include <libavutil/hwcontext.h>

#include "base/error.h"
#include "film/libav.h"

/* What drivers take everywhere: luma, then cb and cr in turns. */
enum { UPLOADED = AV_PIX_FMT_NV12 };

int cbx_vaapi_attach(AVCodecContext *context) {
    AVBufferRef *device = NULL;
    int error = av_hwdevice_ctx_create(&device, AV_HWDEVICE_TYPE_VAAPI, NULL, NULL, 0);
    if (error < 0) {
        return error;
    }
    context->pix_fmt = AV_PIX_FMT_VAAPI;
    context->hw_frames_ctx = av_hwframe_ctx_alloc(device);
    av_buffer_unref(&device); /* the pool has it */
    if (!context->hw_frames_ctx) {
        return AVERROR(ENOMEM);
    }
    AVHWFramesContext *pool = (AVHWFramesContext *)(void *)context->hw_frames_ctx->data;
    pool->format = context->pix_fmt;
    pool->sw_format = (enum AVPixelFormat)UPLOADED;
    pool->width = context->width;
    pool->height = context->height;
    return av_hwframe_ctx_init(context->hw_frames_ctx);
}

static void destroy(cbx_encoder *encoder) {
    if (encoder) {
        av_buffer_unref(&encoder->chroma[0]);
        cbx_libav_destroy(encoder);
    }
}

/* The film's two planes of chroma as one, which is the encoder's own. */
static cbx_status interleave(cbx_encoder *encoder, const cbx_film_parts *parts) {
    const size_t count = (size_t)(parts->settings.width / 2) * (parts->settings.height / 2);
    encoder->format = (enum AVPixelFormat)UPLOADED;
    encoder->chroma[0] = encoder->chroma[1] = NULL;
    if (parts->settings.chroma_changes) {
        return CBX_OK;
    }
    encoder->chroma[0] = cbx_libav_interleave(parts->cb->data, parts->cr->data, count);
    return encoder->chroma[0]
               ? CBX_OK
               : cbx_fail(CBX_NO_MEMORY, "no memory for a chroma plane of %zu bytes", 2 * count);
}

static cbx_status open(cbx_encoder **out, const cbx_film_parts *parts) {
    cbx_status status = cbx_libav_open(out, parts);
    if (!status) {
        status = interleave(*out, parts);
        if (status) {
            destroy(*out);
            *out = NULL;
        }
    }
    return status;
}

/* encoder->frame becomes a copy of itself in the GPU's memory. */
static cbx_status upload(cbx_encoder *encoder) {
    AVFrame *there = av_frame_alloc(), *here = encoder->frame;
    int error =
        there ? av_hwframe_get_buffer(encoder->context->hw_frames_ctx, there, 0) : AVERROR(ENOMEM);
    if (error >= 0) {
        error = av_hwframe_transfer_data(there, here, 0);
    }
    if (error >= 0) {
        error = av_frame_copy_props(there, here);
    }
    if (error < 0) {
        av_frame_free(&there);
        return cbx_fail(error == AVERROR(ENOMEM) ? CBX_NO_MEMORY : CBX_NO_ENCODER,
                        "cannot give a frame to %s: %s", encoder->context->codec->name,
                        av_err2str(error));
    }
    av_frame_free(&encoder->frame);
    encoder->frame = there;
    return CBX_OK;
}

static cbx_status push(cbx_encoder *encoder, const cbx_film_frame *frame, cbx_packets *out) {
    cbx_status status = cbx_libav_fill(encoder, frame);
    if (!status) {
        status = upload(encoder);
    }
    return cbx_libav_send(encoder, status, out);
}

const cbx_encoder_calls cbx_vaapi_calls = {.is_there = cbx_libav_is_there,
                                           .open = open,
                                           .describe = cbx_libav_describe,
                                           .matches = cbx_libav_matches,
                                           .push = push,
                                           .finish = cbx_libav_finish,
                                           .destroy = destroy};
