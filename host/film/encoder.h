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

/* A frame's luma plane, (height, width) bytes, and its own chroma planes where it has them,
 * (height/2, width/2) bytes, else NULL; lent until `release`, which may be NULL, is called: once,
 * from any thread. */
typedef struct cbx_film_frame {
    const uint8_t *luma, *cb, *cr;
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
    const struct cbx_container_kind *container;
    uint32_t rate; /* pictures a second in the file */
    uint32_t workers, group_frames;
    /* (height/2, width/2) bytes, read by several threads at once; NULL: each frame has its own. */
    AVBufferRef *cb, *cr;
    AVCodecParameters *parameters; /* what every group's encoder must agree with */
    /* Both used by one worker at a time. */
    struct cbx_muxer *muxer;
    struct cbx_spool *spool; /* borrowed; NULL: none */
} cbx_film_parts;

/* Fills all but the numbers of workers and frames and the muxer. The settings must have passed
 * cbx_film_check(). CBX_NO_MEMORY; to be cleared in every case. */
cbx_status cbx_film_parts_fill(cbx_film_parts *parts, const cbx_film_settings *settings,
                               const uint8_t *cb, const uint8_t *cr);
/* `parameters` alone, empty. */
cbx_status cbx_film_parts_describe(cbx_film_parts *parts);
/* All but the muxer. */
void cbx_film_parts_clear(cbx_film_parts *parts);

/* What an encoder does; kinds may share it. */
typedef struct cbx_encoder_calls {
    int (*is_there)(const cbx_encoder_kind *kind);

    /* For at most parts->group_frames frames. CBX_NO_ENCODER, CBX_NO_MEMORY. */
    cbx_status (*open)(cbx_encoder **out, const cbx_film_parts *parts);

    /* Fills parts->parameters with what the encoder writes, which was opened for those parts. */
    cbx_status (*describe)(const cbx_encoder *encoder, const cbx_film_parts *parts);

    /* Whether its packets can follow those that `parameters` describe: the global headers
     * are identical. */
    int (*matches)(const cbx_encoder *encoder, const AVCodecParameters *parameters);

    /* Encodes one frame and releases it as soon as it is no longer read, on failure too.
     * Packets that are ready are appended to `out`. CBX_NO_MEMORY, CBX_NO_ENCODER (the
     * encoder failed). */
    cbx_status (*push)(cbx_encoder *encoder, const cbx_film_frame *frame, cbx_packets *out);

    /* Appends what the encoder still holds. Where the container is in pieces that is the film's end,
     * and the encoder has had the frames of all groups. */
    cbx_status (*finish)(cbx_encoder *encoder, cbx_packets *out);

    /* NULL is allowed. */
    void (*destroy)(cbx_encoder *encoder);
} cbx_encoder_calls;

/* What a codec allows, whoever encodes it, and what its films take. */
typedef struct cbx_format {
    cbx_codec codec;
    const char *name; /* in sentences */
    uint32_t largest_side;
    /* Of a pixel in a frame, as it was measured; 0: little. */
    double bytes, nanoseconds;
    int in_memory; /* those bytes stay there until the end */
} cbx_format;

struct cbx_encoder_kind {
    const char *name; /* libavcodec's, if it is one of those */
    const cbx_format *format;
    int best, coarsest, usual;  /* quality */
    const char *const *presets; /* the usual one first; NULL: it has none */
    /* What there must be beside libavcodec. Such a kind is only taken when it is named, because
     * nobody can promise its bytes. NULL: nothing. */
    const char *needs;
    enum AVPixelFormat pixels;      /* that libavcodec's takes; 0 is 4:2:0, as the frames come */
    int late_headers;               /* global ones come with the first packet */
    const cbx_encoder_calls *calls; /* NULL: a run's own, which needs more than frames */
    /* libavcodec's: puts quality and preset into `context` and `options` for
     * avcodec_open2(). 0 or one of libav's errors; the caller frees `options`. */
    int (*set)(AVDictionary **options, AVCodecContext *context, const cbx_film_settings *settings);
};

/* The kinds there are, best first: each stands in for those above it. Ended by a row
 * without a name. */
extern const cbx_encoder_kind cbx_encoder_kinds[];

/* The kind that the settings name; NULL: there is no such name. Where they name none, the
 * codec's first that is there, or where the container does not take the codec, the first whose
 * codec it does; where none is, the first of them all; NULL: there is none. */
const cbx_encoder_kind *cbx_encoder_kind_of(const cbx_film_settings *settings);

/* Whether frames can be given to it here and now. */
int cbx_encoder_is_there(const cbx_encoder_kind *kind);

/* Puts what the kind usually does where the settings, which must have passed
 * cbx_film_check(), leave the choice; all names are static then. */
void cbx_encoder_settle(const cbx_encoder_kind *kind, cbx_film_settings *settings);

#endif
