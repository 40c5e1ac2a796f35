/* SPDX-License-Identifier: MIT */
/* Reading films, apart from the rest because only this needs libav. */
#include "support/learning.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <string.h>

#include "support/test.h"

static AVFormatContext *open_film(const char *path) {
    AVFormatContext *film = NULL;
    if (avformat_open_input(&film, path, NULL, NULL) < 0 ||
        avformat_find_stream_info(film, NULL) < 0) {
        fail_msg("%s cannot be read as a film", path);
    }
    assert_int_equal(film->nb_streams, 1);
    return film;
}

uint64_t learning_film_frames(const char *path, uint32_t *width, uint32_t *height) {
    uint64_t frames = 0;
    AVFormatContext *film = open_film(path);
    *width = (uint32_t)film->streams[0]->codecpar->width;
    *height = (uint32_t)film->streams[0]->codecpar->height;
    AVPacket *packet = av_packet_alloc();
    assert_non_null(packet);
    while (av_read_frame(film, packet) >= 0) {
        frames++;
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    avformat_close_input(&film);
    return frames;
}

static AVCodecContext *open_decoder(const AVCodecParameters *parameters) {
    const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
    assert_non_null(codec);
    AVCodecContext *decoder = avcodec_alloc_context3(codec);
    assert_non_null(decoder);
    assert_true(avcodec_parameters_to_context(decoder, parameters) >= 0);
    decoder->thread_count = 1;
    assert_int_equal(avcodec_open2(decoder, codec, NULL), 0);
    return decoder;
}

/* Visits every picture that the decoder has ready; returns the number of the next. */
static uint64_t visit_ready(AVCodecContext *decoder, AVFrame *frame, uint64_t number,
                            learning_visit *visit, void *user) {
    while (avcodec_receive_frame(decoder, frame) == 0) {
        size_t width = (size_t)frame->width, height = (size_t)frame->height;
        uint8_t *luma;
        TEST_NEW(luma, width * height);
        for (size_t y = 0; y < height; y++) {
            memcpy(luma + y * width, frame->data[0] + (ptrdiff_t)y * frame->linesize[0], width);
        }
        visit(user, number++, luma, (uint32_t)width, (uint32_t)height);
        free(luma);
    }
    return number;
}

uint64_t learning_film_decode(const char *path, learning_visit *visit, void *user) {
    uint64_t frames = 0;
    AVFormatContext *film = open_film(path);
    AVCodecContext *decoder = open_decoder(film->streams[0]->codecpar);
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    assert_true(packet != NULL && frame != NULL);
    while (av_read_frame(film, packet) >= 0) {
        assert_int_equal(avcodec_send_packet(decoder, packet), 0);
        av_packet_unref(packet);
        frames = visit_ready(decoder, frame, frames, visit, user);
    }
    assert_int_equal(avcodec_send_packet(decoder, NULL), 0);
    frames = visit_ready(decoder, frame, frames, visit, user);
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avformat_close_input(&film);
    return frames;
}
