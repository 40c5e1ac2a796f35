/* SPDX-License-Identifier: MIT */
#include "film/coded.h"

#include <limits.h>
#include <string.h>

#include "base/names.h"
#include "film/encoder.h"
#include "film/headers.h"

#ifndef AV_PROFILE_H264_CONSTRAINED_BASELINE /* before FFmpeg 6.1; the other name is gone since 9 */
#define AV_PROFILE_H264_CONSTRAINED_BASELINE FF_PROFILE_H264_CONSTRAINED_BASELINE
#endif

/* NULL: by size and rate alone. */
static const cbx_level *level_of(const cbx_coded *coded, const cbx_buffers *buffers) {
    return cbx_level_of(coded->stream.width, coded->stream.height, coded->stream.fps, buffers);
}

void cbx_coded_begin(cbx_coded *coded, const cbx_stream *stream) {
    *coded = (cbx_coded){.stream = *stream, .buffers = {.fps = stream->fps}};
}

/* What all have in common. */
static void describe_pictures(const cbx_coded *coded, AVCodecParameters *parameters) {
    parameters->codec_type = AVMEDIA_TYPE_VIDEO;
    parameters->width = (int)coded->stream.width;
    parameters->height = (int)coded->stream.height;
    parameters->format = AV_PIX_FMT_YUV420P;
    parameters->sample_aspect_ratio = (AVRational){1, 1};
    parameters->color_range = AVCOL_RANGE_MPEG;
    parameters->color_primaries = AVCOL_PRI_BT709;
    parameters->color_trc = AVCOL_TRC_BT709;
    parameters->color_space = AVCOL_SPC_BT709;
}

static cbx_status describe_device(const cbx_coded *coded, AVCodecParameters *parameters) {
    const cbx_level *level = level_of(coded, NULL);
    uint8_t avcc[CBX_AVCC_MOST];
    const cbx_status status =
        cbx_headers_set(parameters, avcc, cbx_avcc_write(avcc, &coded->stream, level));
    if (status) {
        return status;
    }
    parameters->codec_id = AV_CODEC_ID_H264;
    parameters->profile = AV_PROFILE_H264_CONSTRAINED_BASELINE;
    parameters->level = level->idc;
    return CBX_OK;
}

static cbx_status describe_libav(cbx_coded *coded, const cbx_spool_head *head,
                                 AVCodecParameters *parameters) {
    const cbx_film_settings named = {.encoder = head->encoder};
    const cbx_encoder_kind *kind = cbx_encoder_kind_of(&named);
    const char *codec = cbx_codec_name(kind->format->codec);
    const AVCodecDescriptor *known = avcodec_descriptor_get_by_name(codec);
    if (head->extradata_bytes > 0) {
        const cbx_status status =
            cbx_headers_set(parameters, head->extradata, head->extradata_bytes);
        if (status) {
            return status;
        }
    }
    coded->encoder = kind->name;
    parameters->codec_id = known ? known->id : AV_CODEC_ID_NONE; /* which no container takes */
    return CBX_OK;
}

cbx_status cbx_coded_describe(cbx_coded *coded, const cbx_spool_head *head,
                              AVCodecParameters *parameters) {
    describe_pictures(coded, parameters);
    return head->encoder ? describe_libav(coded, head, parameters)
                         : describe_device(coded, parameters);
}

static cbx_status append(cbx_coded *coded, cbx_muxer *muxer, const uint8_t *sample, size_t bytes,
                         int key) {
    if (!sample || bytes == 0 || bytes > INT_MAX) {
        return cbx_fail(CBX_BAD_ARGUMENT, "frame %llu of the film has %zu bytes: must be 1 to %d",
                        (unsigned long long)coded->frames, bytes, INT_MAX);
    }
    if (coded->frames == 0 && !key) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a film begins with a key frame");
    }
    cbx_status status = cbx_muxer_append(muxer, sample, bytes, key);
    if (!status) {
        cbx_buffers_add(&coded->buffers, bytes);
        coded->frames++;
    }
    return status;
}

cbx_status cbx_coded_append(cbx_coded *coded, cbx_muxer *muxer, const uint8_t *sample, size_t bytes,
                            int key) {
    if (!coded->fault.status) {
        cbx_fault_take(&coded->fault, append(coded, muxer, sample, bytes, key));
    }
    return cbx_fault_raise(&coded->fault);
}

const uint8_t *cbx_coded_extradata(cbx_coded *coded) {
    const cbx_level *level = level_of(coded, &coded->buffers);
    if (coded->encoder || level == level_of(coded, NULL)) {
        return NULL;
    }
    cbx_avcc_write(coded->avcc, &coded->stream, level);
    return coded->avcc;
}
