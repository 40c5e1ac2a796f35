/* SPDX-License-Identifier: MIT */
/* The colours of a drawing. */
#ifndef CBX_PICTURE_PALETTE_H
#define CBX_PICTURE_PALETTE_H

#include <stdint.h>

#include "clearbox/picture.h"
#include "picture/tiles.h"

typedef struct cbx_colour {
    uint8_t parts[4]; /* red, green, blue or Y, Cb, Cr; 0 */
} cbx_colour;

typedef struct cbx_tile_palette {
    cbx_colour rgb[CBX_COLOUR_COUNT], yuv[CBX_COLOUR_COUNT];
} cbx_tile_palette;

/* BT.709 in limited range, rounded. */
cbx_colour cbx_colour_yuv(cbx_colour rgb);

void cbx_tile_palette_fill(cbx_tile_palette *out, cbx_colours colours);

#endif
