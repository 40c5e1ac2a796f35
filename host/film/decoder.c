/* SPDX-License-Identifier: MIT */
#include "film/decoder.h"

#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

struct cbx_decoder {
    AVCodecContext *context;
    AVPacket *packet;
    AVFrame *frame;
    uint32_t width, height; /* of every picture */
    uint64_t pictures;      /* decoded so far */
};

static cbx_status set_up(cbx_decoder *decoder, const AVCodec *codec, const uint8_t *extradata,
                         size_t bytes) {
    decoder->context = avcodec_alloc_context3(codec);
    decoder->packet = av_packet_alloc();
    decoder->frame = av_frame_alloc();
    uint8_t *copy = av_mallocz(bytes + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!decoder->context || !decoder->packet || !decoder->frame || !copy) {
        av_free(copy);
        return cbx_fail(CBX_NO_MEMORY, "no memory for a decoder");
    }
    AVCodecContext *context = decoder->context;
    memcpy(copy, extradata, bytes);
    context->extradata = copy;
    context->extradata_size = (int)bytes;
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_LOW_DELAY;
    context->err_recognition = AV_EF_CAREFUL | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
    context->error_concealment = FF_EC_GUESS_MVS; /* which marks pictures that lack something */
    /* Lifts this context's messages above every level that libav prints. */
    context->log_level_offset = 2 * AV_LOG_TRACE;
    return CBX_OK;
}

cbx_status cbx_decoder_open_for(cbx_decoder **out, uint32_t width, uint32_t height,
                                const uint8_t *extradata, size_t bytes) {
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
    cbx_decoder *decoder;

    *out = NULL;
    if (!codec) {
        return cbx_fail(CBX_NO_ENCODER, "the linked libavcodec does not decode H.264");
    }
    cbx_status status = cbx_new(&decoder, 1);
    if (status) {
        return status;
    }
    decoder->width = width;
    decoder->height = height;
    status = set_up(decoder, codec, extradata, bytes);
    if (!status) {
        const int error = avcodec_open2(decoder->context, codec, NULL);
        if (error < 0) {
            status = cbx_fail(error == AVERROR(ENOMEM) ? CBX_NO_MEMORY : CBX_NO_ENCODER,
                              "cannot open %s: %s", codec->name, av_err2str(error));
        }
    }
    if (status) {
        cbx_decoder_close(decoder);
        return status;
    }
    *out = decoder;
    return CBX_OK;
}

cbx_status cbx_decoder_open(cbx_decoder **out, const cbx_stream *stream) {
    uint8_t avcc[CBX_AVCC_MOST];
    const size_t bytes = cbx_avcc_write(
        avcc, stream, cbx_level_of(stream->width, stream->height, stream->fps, NULL));
    return cbx_decoder_open_for(out, stream->width, stream->height, avcc, bytes);
}

static cbx_status fail_to_decode(const cbx_decoder *decoder, int error) {
    if (error == AVERROR(ENOMEM)) {
        return cbx_fail(CBX_NO_MEMORY, "no memory to decode a picture");
    }
    return cbx_fail(CBX_BAD_DATA, "%s finds picture %llu damaged: %s",
                    decoder->context->codec->name, (unsigned long long)decoder->pictures,
                    av_err2str(error));
}

/* The picture of a sample, which must come at once. */
static int decode(cbx_decoder *decoder, const uint8_t *sample, size_t bytes) {
    int error = bytes > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE
                    ? AVERROR_INVALIDDATA
                    : av_new_packet(decoder->packet, (int)bytes);
    if (error >= 0) {
        memcpy(decoder->packet->data, sample, bytes);
        error = avcodec_send_packet(decoder->context, decoder->packet);
        av_packet_unref(decoder->packet);
    }
    if (error >= 0) {
        error = avcodec_receive_frame(decoder->context, decoder->frame);
    }
    return error == AVERROR(EAGAIN) ? AVERROR_INVALIDDATA : error;
}

static int is_as_described(const cbx_decoder *decoder) {
    const AVFrame *frame = decoder->frame;
    return frame->width == (int)decoder->width && frame->height == (int)decoder->height &&
           frame->format == AV_PIX_FMT_YUV420P && frame->decode_error_flags == 0;
}

cbx_status cbx_decoder_decode(cbx_decoder *decoder, const uint8_t *sample, size_t bytes,
                              uint8_t *planes) {
    const AVFrame *frame = decoder->frame;
    const size_t size = (size_t)decoder->width * decoder->height * 3 / 2;
    int error = decode(decoder, sample, bytes);
    if (error >= 0) {
        error = is_as_described(decoder)
                    ? av_image_copy_to_buffer(planes, (int)size,
                                              (const uint8_t *const *)frame->data, frame->linesize,
                                              frame->format, frame->width, frame->height, 1)
                    : AVERROR_INVALIDDATA;
        av_frame_unref(decoder->frame);
    }
    if (error < 0) {
        return fail_to_decode(decoder, error);
    }
    decoder->pictures++;
    return CBX_OK;
}

void cbx_decoder_close(cbx_decoder *decoder) {
    if (decoder) {
        avcodec_free_context(&decoder->context);
        av_packet_free(&decoder->packet);
        av_frame_free(&decoder->frame);
        free(decoder);
    }
}
