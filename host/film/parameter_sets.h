/* SPDX-License-Identifier: MIT */
/* What a decoder has to know of a stream before its first picture, for the streams that are not
 * made by libavcodec: H.264, Constrained Baseline, progressive 4:2:0, BT.709 in limited range,
 * one reference picture, output in the order of decoding, every frame equally long.
 */
#ifndef CBX_FILM_PARAMETER_SETS_H
#define CBX_FILM_PARAMETER_SETS_H

#include <stddef.h>
#include <stdint.h>

#include "film/level.h"

enum { CBX_AVCC_MOST = 128 };

typedef struct cbx_stream {
    uint32_t width, height; /* pixels, even */
    uint32_t fps;
    int chroma_qp_offset; /* −12…12 */
} cbx_stream;

/* Writes the record that an mp4 file has in its box avcC, with the sets of sequence and picture,
 * number 0 both. The level changes no more than the value of two of its bytes. Returns its size. */
size_t cbx_avcc_write(uint8_t bytes[CBX_AVCC_MOST], const cbx_stream *stream,
                      const cbx_level *level);

#endif
