/* SPDX-License-Identifier: MIT */
/* The encoders of libavcodec, each with one thread; and what one in hardware shares with them. */
#ifndef CBX_FILM_LIBAV_H
#define CBX_FILM_LIBAV_H

#include "film/encoder.h"

extern const cbx_encoder_calls cbx_libav_calls;

typedef struct cbx_image cbx_image; /* image.c */

struct cbx_encoder {
    AVCodecContext *context;
    AVFrame *frame;
    AVPacket *packet;
    enum AVPixelFormat format; /* of the frames that it is given */
    AVBufferRef *chroma[2];    /* planes 1 and 2 of them, the film's; NULL: each frame's own */
    uint64_t frames;           /* pushed so far */
    cbx_image *image;          /* NULL: it takes frames as they are */
};

/* The parts of cbx_encoder_calls. */
int cbx_libav_is_there(const cbx_encoder_kind *kind);
cbx_status cbx_libav_open(cbx_encoder **out, const cbx_film_parts *parts);
cbx_status cbx_libav_describe(const cbx_encoder *encoder, const cbx_film_parts *parts);
int cbx_libav_matches(const cbx_encoder *encoder, const AVCodecParameters *parameters);
cbx_status cbx_libav_finish(cbx_encoder *encoder, cbx_packets *out);
void cbx_libav_destroy(cbx_encoder *encoder);

/* Both planes of `bytes` as one, sample by sample; NULL: no memory. */
AVBufferRef *cbx_libav_interleave(const uint8_t *cb, const uint8_t *cr, size_t bytes);

/* The halves of push(): encoder->frame becomes the frame, whose planes it borrows; and goes
 * to the encoder, unless `status` is a failure already. */
cbx_status cbx_libav_fill(cbx_encoder *encoder, const cbx_film_frame *from);
cbx_status cbx_libav_send(cbx_encoder *encoder, cbx_status status, cbx_packets *out);

/* Gives a picture to the encoder, and appends what it has ready. */
cbx_status cbx_libav_encode(cbx_encoder *encoder, const AVFrame *picture, cbx_packets *out);

#endif
