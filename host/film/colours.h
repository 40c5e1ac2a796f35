/* SPDX-License-Identifier: MIT */
/* From the frames of a film to the colours of a screen: BT.709 in limited range to RGB, in integers,
 * so that they are the same everywhere. */
#ifndef CBX_FILM_COLOURS_H
#define CBX_FILM_COLOURS_H

#include <libavutil/frame.h>
#include <stddef.h>
#include <stdint.h>

#include "clearbox/status.h"

/* Writes row `y` of a picture, (width, 3) bytes. Its format is 4:2:0, whose chroma are taken as
 * they are for all four pixels; 24-bit RGB; or BGRA. */
void cbx_rgb_row(const AVFrame *picture, int y, uint8_t *rgb);

/* Whether cbx_rgb_row() knows the format. */
int cbx_rgb_knows(int format);

/* 256 colours that stand for all: the last is see-through, 16 others are the corners of the cube and
 * greys, and the rest is what a picture has. */
typedef struct cbx_palette cbx_palette;

/* Chosen by `picture`. CBX_NO_MEMORY. */
cbx_status cbx_palette_create(cbx_palette **out, const AVFrame *picture);

/* NULL is allowed. */
void cbx_palette_destroy(cbx_palette *palette);

/* The (256) colours as libavcodec has them: opaque ones are 0xFFRRGGBB. */
const uint32_t *cbx_palette_colours(const cbx_palette *palette);

/* The place of the colour that is nearest, for (count) pixels of `rgb`. */
void cbx_palette_map(cbx_palette *palette, const uint8_t *rgb, size_t count, uint8_t *places);

#endif
