/* SPDX-License-Identifier: MIT */
/* What can encode a film: a kind of encoder is a row of the table in kinds.c.
 *
 * An encoder takes one closed group of frames and gives packets. One that has seen
 * nothing before gives the same bytes for the same frames, whichever thread runs it and
 * whenever the frames arrive; that is why every group gets its own.
 */
#ifndef CBX_FILM_ENCODER_H
#define CBX_FILM_ENCODER_H

#include <libavcodec/avcodec.h>
#include <stdint.h>

#include "clearbox/film.h"
#include "film/packets.h"

typedef struct cbx_encoder_kind cbx_encoder_kind;
typedef struct cbx_encoder cbx_encoder; /* what it is, each kind knows for itself */

/* A frame's luma plane, (height, width) bytes, lent until `release`, which may be NULL,
 * is called: once, from any thread. */
typedef struct cbx_film_frame {
    const uint8_t *luma;
    void (*release)(void *opaque);
    void *opaque;
} cbx_film_frame;

static inline void cbx_film_frame_release(const cbx_film_frame *frame) {
    if (frame->release) {
        frame->release(frame->opaque);
    }
}

/* What all groups of a film share; everything outlives the encoders. */
typedef struct cbx_film_parts {
    const cbx_encoder_kind *kind;
    cbx_film_settings settings; /* as cbx_encoder_settle() left them */
    uint32_t workers, group_frames;
    AVBufferRef *cb, *cr;          /* (height/2, width/2) bytes; read by several threads at once */
    AVCodecParameters *parameters; /* what every group's encoder must agree with */
    struct cbx_muxer *muxer;       /* used by one worker at a time */
} cbx_film_parts;

/* What an encoder does; kinds may share it. */
typedef struct cbx_encoder_calls {
    int (*is_there)(const cbx_encoder_kind *kind);

    /* For at most parts->group_frames frames. CBX_NO_ENCODER, CBX_NO_MEMORY. */
    cbx_status (*open)(cbx_encoder **out, const cbx_film_parts *parts);

    /* Fills `parameters`, of the muxer's stream, with what the encoder writes. */
    cbx_status (*describe)(const cbx_encoder *encoder, AVCodecParameters *parameters);

    /* Whether its packets can follow those that `parameters` describe: the global headers
     * are identical. */
    int (*matches)(const cbx_encoder *encoder, const AVCodecParameters *parameters);

    /* Encodes one frame and releases it as soon as it is no longer read, on failure too.
     * Packets that are ready are appended to `out`. CBX_NO_MEMORY, CBX_NO_ENCODER (the
     * encoder failed). */
    cbx_status (*push)(cbx_encoder *encoder, const cbx_film_frame *frame, cbx_packets *out);

    /* Appends what the encoder still holds. */
    cbx_status (*finish)(cbx_encoder *encoder, cbx_packets *out);

    /* NULL is allowed. */
    void (*destroy)(cbx_encoder *encoder);
} cbx_encoder_calls;

/* What a codec allows, whoever encodes it. */
typedef struct cbx_format {
    cbx_codec codec;
    const char *name;          /* in sentences */
    int best, coarsest, usual; /* quality */
    uint32_t largest_side;
    const char *const *presets; /* the usual one first; NULL: what stands there is ignored */
} cbx_format;

struct cbx_encoder_kind {
    const char *name; /* libavcodec's */
    const cbx_format *format;
    const cbx_encoder_calls *calls;
    /* libavcodec's: puts quality and preset into `context` and `options` for
     * avcodec_open2(). 0 or one of libav's errors; the caller frees `options`. */
    int (*set)(AVDictionary **options, AVCodecContext *context, const cbx_film_settings *settings);
};

/* libav.c: the encoders of libavcodec. */
extern const cbx_encoder_calls cbx_libav_calls;

/* The kinds there are, best first: each stands in for those above it. Ended by a row
 * without a name. */
extern const cbx_encoder_kind cbx_encoder_kinds[];

/* The codec's first kind that is there; where none is, its first of all; NULL: there is no
 * such codec. */
const cbx_encoder_kind *cbx_encoder_kind_of(cbx_codec codec);

/* Puts what the kind usually does where the settings, which must have passed
 * cbx_film_check(), leave the choice; the preset's name is static then. */
void cbx_encoder_settle(const cbx_encoder_kind *kind, cbx_film_settings *settings);

#endif
