/* SPDX-License-Identifier: MIT */
/* Reading a film back with libavformat and libavcodec, picture by picture. */
#ifndef TEST_SUPPORT_FILM_READER_H
#define TEST_SUPPORT_FILM_READER_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdint.h>

/* One decoded picture, in the order of display. */
typedef void (*film_picture)(void *opaque, uint64_t index, const AVFrame *picture);

typedef struct film_facts {
    uint64_t packets, pictures;
    uint64_t keys;           /* packets that are key frames */
    uint64_t key_every;      /* the distance of all key frames, 0: they are uneven */
    int exact_times;         /* packet and picture i both start at i/fps and last 1/fps */
    AVRational rate, guess;  /* avg_frame_rate, r_frame_rate */
    double duration_seconds; /* of the file */
    int width, height, level, profile;
    int delay; /* pictures that a decoder holds back */
    enum AVPixelFormat format;
    enum AVCodecID codec;
    uint32_t tag; /* avc1, mp4v */
    enum AVColorRange range;
    enum AVColorPrimaries primaries;
    enum AVColorTransferCharacteristic transfer;
    enum AVColorSpace matrix;
} film_facts;

/* Decodes the whole file and tells `show`, which may be NULL, every picture. The
 * test fails when anything in the file cannot be read. */
void film_read(const char *path, uint32_t fps, film_facts *facts, film_picture show, void *opaque);

/* Calls `take` with the bytes of each packet; returns how many there were. */
typedef void (*film_packet)(void *opaque, uint64_t index, const uint8_t *bytes, size_t size);
uint64_t film_packets(const char *path, film_packet take, void *opaque);

/* Whether the index (moov) lies before the pictures (mdat). */
int film_index_first(const uint8_t *bytes, size_t size);

#endif
