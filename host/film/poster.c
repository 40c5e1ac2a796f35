/* SPDX-License-Identifier: MIT */
#include "film/poster.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "film/colours.h"

typedef struct reader {
    const char *path;
    AVFormatContext *file;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *picture, *last; /* `last` is the one that is kept */
} reader;

int cbx_poster_can(cbx_container container) {
    return container != CBX_CONTAINER_WEBP;
}

static cbx_status fail(const reader *from, int error) {
    return error == AVERROR(ENOMEM)
               ? cbx_fail(CBX_NO_MEMORY, "no memory to read %s", from->path)
               : cbx_fail(CBX_BAD_DATA, "cannot read %s again: %s", from->path, av_err2str(error));
}

static cbx_status open_decoder(reader *to) {
    const AVCodecParameters *parameters = to->file->streams[0]->codecpar;
    const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
    if (!codec) {
        return cbx_fail(CBX_NO_ENCODER, "the linked libavcodec does not decode %s",
                        avcodec_get_name(parameters->codec_id));
    }
    to->decoder = avcodec_alloc_context3(codec);
    to->packet = av_packet_alloc();
    to->picture = av_frame_alloc();
    to->last = av_frame_alloc();
    if (!to->decoder || !to->packet || !to->picture || !to->last) {
        return fail(to, AVERROR(ENOMEM));
    }
    to->decoder->thread_count = 1;
    to->decoder->log_level_offset = 2 * AV_LOG_TRACE;
    int error = avcodec_parameters_to_context(to->decoder, parameters);
    if (error >= 0) {
        error = avcodec_open2(to->decoder, codec, NULL);
    }
    return error < 0 ? fail(to, error) : CBX_OK;
}

/* The prefix keeps a name like "a:b.mp4" from being read as a protocol. */
static cbx_status open_film(reader *to) {
    const size_t size = strlen(to->path) + sizeof "file:";
    char *url = NULL;
    cbx_status status = cbx_new(&url, size);
    if (status) {
        return status;
    }
    (void)snprintf(url, size, "file:%s", to->path);
    int error = avformat_open_input(&to->file, url, NULL, NULL);
    free(url);
    if (error >= 0) {
        error = avformat_find_stream_info(to->file, NULL);
    }
    if (error < 0 || to->file->nb_streams < 1) {
        return fail(to, error < 0 ? error : AVERROR_INVALIDDATA);
    }
    return open_decoder(to);
}

static void close_film(reader *from) {
    av_frame_free(&from->last);
    av_frame_free(&from->picture);
    av_packet_free(&from->packet);
    avcodec_free_context(&from->decoder);
    avformat_close_input(&from->file);
}

static void keep_pictures(reader *from) {
    while (avcodec_receive_frame(from->decoder, from->picture) >= 0) {
        av_frame_unref(from->last);
        av_frame_move_ref(from->last, from->picture);
    }
}

/* From where the file stands to its end. */
static cbx_status decode(reader *from) {
    int error;
    while ((error = av_read_frame(from->file, from->packet)) >= 0) {
        error =
            from->packet->stream_index == 0 ? avcodec_send_packet(from->decoder, from->packet) : 0;
        av_packet_unref(from->packet);
        if (error < 0 && error != AVERROR_INVALIDDATA) {
            return fail(from, error);
        }
        keep_pictures(from);
    }
    (void)avcodec_send_packet(from->decoder, NULL);
    keep_pictures(from);
    return error == AVERROR_EOF ? CBX_OK : fail(from, error);
}

/* From the last key frame on, where it can be found, else from the first. */
static cbx_status find_last(reader *from) {
    const int64_t start = from->file->start_time == AV_NOPTS_VALUE ? 0 : from->file->start_time;
    const int64_t end = start + (from->file->duration > 0 ? from->file->duration : 0);
    (void)av_seek_frame(from->file, -1, end, AVSEEK_FLAG_BACKWARD);
    cbx_status status = decode(from);
    if (!status && !from->last->data[0]) {
        avcodec_flush_buffers(from->decoder);
        const int error = av_seek_frame(from->file, -1, start, AVSEEK_FLAG_BACKWARD);
        status = error < 0 ? fail(from, error) : decode(from);
    }
    if (!status && (!from->last->data[0] || !cbx_rgb_knows(from->last->format))) {
        status = fail(from, AVERROR_INVALIDDATA);
    }
    return status;
}

cbx_status cbx_poster_read(const char *path, uint8_t **rgb, uint32_t *width, uint32_t *height) {
    reader from = {.path = path};
    *rgb = NULL;
    cbx_status status = open_film(&from);
    if (!status) {
        status = find_last(&from);
    }
    if (!status) {
        *width = (uint32_t)from.last->width;
        *height = (uint32_t)from.last->height;
        status = cbx_new(rgb, (size_t)*width * *height * 3);
    }
    for (int y = 0; !status && y < from.last->height; y++) {
        cbx_rgb_row(from.last, y, *rgb + (size_t)y * *width * 3);
    }
    close_film(&from);
    return status;
}
