/* SPDX-License-Identifier: MIT */
/* A film's frames that come encoded already: by the kernels of a device, or from a spool. */
#ifndef CBX_FILM_CODED_H
#define CBX_FILM_CODED_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "film/muxer.h"
#include "film/parameter_sets.h"
#include "film/spool.h"

typedef struct cbx_coded {
    const char *encoder; /* of libavcodec, static; NULL: the device's */
    cbx_stream stream;
    uint64_t frames;     /* in the file */
    cbx_buffers buffers; /* what they ask of a decoder */
    cbx_fault fault;     /* the first */
    uint8_t avcc[CBX_AVCC_MOST];
} cbx_coded;

void cbx_coded_begin(cbx_coded *coded, const cbx_stream *stream);

/* Notes by whom the frames are, and fills `parameters`, as far as it can be known before the first frame: the
 * level of the device's is that of size and rate. CBX_NO_MEMORY. */
cbx_status cbx_coded_describe(cbx_coded *coded, const cbx_spool_head *head,
                              AVCodecParameters *parameters);

/* Writes the next frame, see cbx_film_append(). */
cbx_status cbx_coded_append(cbx_coded *coded, cbx_muxer *muxer, const uint8_t *sample, size_t bytes,
                            int key);

/* The record for the parameters after the last frame, with the level that the frames' bits ask
 * for; NULL: it is the one that they have, or libavcodec's. */
const uint8_t *cbx_coded_extradata(cbx_coded *coded);

#endif
