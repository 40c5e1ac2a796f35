/* SPDX-License-Identifier: MIT */
#include "support/film_reader.h"

#include <string.h>

#include "support/scratch.h"

typedef struct film_reader {
    AVFormatContext *file;
    AVCodecContext *decoder;
    AVFrame *picture;
    AVRational frame; /* 1/fps seconds */
    film_facts *facts;
    film_picture show;
    void *opaque;
} film_reader;

static void open_film(film_reader *reader, const char *path) {
    assert_true(avformat_open_input(&reader->file, path, NULL, NULL) >= 0);
    assert_true(avformat_find_stream_info(reader->file, NULL) >= 0);
    assert_int_equal(reader->file->nb_streams, 1);
    const AVCodecParameters *parameters = reader->file->streams[0]->codecpar;
    const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
    assert_non_null(codec);
    reader->decoder = avcodec_alloc_context3(codec);
    reader->picture = av_frame_alloc();
    assert_non_null(reader->decoder);
    assert_non_null(reader->picture);
    assert_true(avcodec_parameters_to_context(reader->decoder, parameters) >= 0);
    reader->decoder->thread_count = 1;
    reader->decoder->pkt_timebase = reader->file->streams[0]->time_base;
    reader->decoder->err_recognition = AV_EF_CAREFUL | AV_EF_EXPLODE;
    assert_true(avcodec_open2(reader->decoder, codec, NULL) >= 0);
}

static void note_stream(const film_reader *reader) {
    film_facts *facts = reader->facts;
    const AVStream *stream = reader->file->streams[0];
    const AVCodecParameters *parameters = stream->codecpar;

    facts->rate = stream->avg_frame_rate;
    facts->guess = stream->r_frame_rate;
    facts->duration_seconds = (double)reader->file->duration / AV_TIME_BASE;
    facts->width = parameters->width;
    facts->height = parameters->height;
    facts->level = parameters->level;
    facts->profile = parameters->profile;
    facts->delay = parameters->video_delay;
    facts->format = (enum AVPixelFormat)parameters->format;
    facts->codec = parameters->codec_id;
    facts->tag = parameters->codec_tag;
    facts->range = parameters->color_range;
    facts->primaries = parameters->color_primaries;
    facts->transfer = parameters->color_trc;
    facts->matrix = parameters->color_space;
}

/* Whether `time` is exactly `index` frames after the start. */
static int at_frame(const film_reader *reader, int64_t time, uint64_t index) {
    AVRational base = reader->file->streams[0]->time_base;
    return av_compare_ts(time, base, (int64_t)index, reader->frame) == 0;
}

static void show_pictures(film_reader *reader) {
    while (avcodec_receive_frame(reader->decoder, reader->picture) >= 0) {
        uint64_t index = reader->facts->pictures++;
        reader->facts->exact_times &= at_frame(reader, reader->picture->pts, index);
        if (reader->show) {
            reader->show(reader->opaque, index, reader->picture);
        }
    }
}

static void note_packet(const film_reader *reader, const AVPacket *packet) {
    film_facts *facts = reader->facts;
    uint64_t index = facts->packets++;

    facts->exact_times &= at_frame(reader, packet->pts, index) &&
                          at_frame(reader, packet->dts, index) &&
                          at_frame(reader, packet->duration, 1);
    if (packet->flags & AV_PKT_FLAG_KEY) {
        if (facts->keys == 0) {
            assert_int_equal(index, 0);
        } else if (facts->keys == 1) {
            facts->key_every = index;
        } else if (index != facts->keys * facts->key_every) {
            facts->key_every = 0;
        }
        facts->keys++;
    }
}

void film_read(const char *path, uint32_t fps, film_facts *facts, film_picture show, void *opaque) {
    film_reader reader = {.frame = {1, (int)fps}, .facts = facts, .show = show, .opaque = opaque};
    AVPacket *packet = av_packet_alloc();

    assert_non_null(packet);
    memset(facts, 0, sizeof *facts);
    facts->exact_times = 1;
    open_film(&reader, path);
    note_stream(&reader);
    while (av_read_frame(reader.file, packet) >= 0) {
        note_packet(&reader, packet);
        assert_true(avcodec_send_packet(reader.decoder, packet) >= 0);
        show_pictures(&reader);
        av_packet_unref(packet);
    }
    assert_true(avcodec_send_packet(reader.decoder, NULL) >= 0);
    show_pictures(&reader);
    av_packet_free(&packet);
    av_frame_free(&reader.picture);
    avcodec_free_context(&reader.decoder);
    avformat_close_input(&reader.file);
}

uint64_t film_packets(const char *path, film_packet take, void *opaque) {
    AVFormatContext *file = NULL;
    AVPacket *packet = av_packet_alloc();
    uint64_t count = 0;
    assert_non_null(packet);
    assert_true(avformat_open_input(&file, path, NULL, NULL) >= 0);
    for (; av_read_frame(file, packet) >= 0; count++) {
        take(opaque, count, packet->data, (size_t)packet->size);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    avformat_close_input(&file);
    return count;
}

int film_index_first(const uint8_t *bytes, size_t size) {
    for (size_t at = 0; at + 8 <= size;) {
        uint64_t length = (uint64_t)bytes[at] << 24 | (uint64_t)bytes[at + 1] << 16 |
                          (uint64_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (memcmp(bytes + at + 4, "moov", 4) == 0) {
            return 1;
        }
        if (memcmp(bytes + at + 4, "mdat", 4) == 0 || length < 8) {
            return 0;
        }
        at += length;
    }
    return 0;
}
