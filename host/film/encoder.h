/* SPDX-License-Identifier: MIT */
/* One closed group of frames through one fresh, single-threaded encoder.
 *
 * An encoder that has seen nothing before gives the same bytes for the same
 * frames, whichever thread runs it and whenever the frames arrive; that is why
 * every group gets its own.
 */
#ifndef CBX_FILM_ENCODER_H
#define CBX_FILM_ENCODER_H

#include <libavcodec/avcodec.h>
#include <stddef.h>
#include <stdint.h>

#include "clearbox/film.h"

/* The encoded frames of one group, in decoding order; times count frames from
 * the group's first. */
typedef struct cbx_packets {
    AVPacket **packets;
    size_t count, capacity;
} cbx_packets;

/* Frees all packets and the list; a zeroed list is allowed. */
void cbx_packets_clear(cbx_packets *packets);

/* The chroma planes that every frame of a film shares: (height/2, width/2) bytes
 * each. Read by several threads at once. */
typedef struct cbx_chroma {
    AVBufferRef *cb, *cr;
} cbx_chroma;

typedef struct cbx_encoder cbx_encoder;

/* Opens an encoder for at most `group_frames` frames. `settings` must have passed
 * cbx_film_check(); `chroma` is borrowed until the encoder is destroyed. CBX_NO_ENCODER,
 * CBX_NO_MEMORY. */
cbx_status cbx_encoder_open(cbx_encoder **out, const cbx_film_settings *settings,
                            uint32_t group_frames, const cbx_chroma *chroma);

/* libavcodec's name of the encoder, static. */
const char *cbx_encoder_name(const cbx_encoder *encoder);

/* Fills `parameters`, of the muxer's stream, with what the encoder writes. */
cbx_status cbx_encoder_describe(const cbx_encoder *encoder, AVCodecParameters *parameters);

/* Whether this encoder's packets can follow those that `parameters` describe:
 * the global headers are identical. */
int cbx_encoder_matches(const cbx_encoder *encoder, const AVCodecParameters *parameters);

/* Encodes one frame. `luma`, (height, width) bytes, is read in place; `release`,
 * which may be NULL, is called once as soon as the encoder has copied it, on
 * failure too. Packets that are ready are appended to `out`. CBX_NO_MEMORY,
 * CBX_NO_ENCODER (the encoder failed). */
cbx_status cbx_encoder_push(cbx_encoder *encoder, const uint8_t *luma, void (*release)(void *),
                            void *opaque, cbx_packets *out);

/* Appends what the encoder still holds, and checks the group: as many packets as
 * frames, the first and no other a key frame. */
cbx_status cbx_encoder_finish(cbx_encoder *encoder, cbx_packets *out);

/* NULL is allowed. */
void cbx_encoder_destroy(cbx_encoder *encoder);

#endif
