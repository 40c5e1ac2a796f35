/* SPDX-License-Identifier: MIT */
/* What the kernels that draw captions and the host agree on. */
#ifndef CBX_CAPTION_H
#define CBX_CAPTION_H

#ifdef __OPENCL_VERSION__
typedef short cbx_i16;
#else
#include "layout.h"
typedef int16_t cbx_i16;
#endif

/* A glyph is a place in a font: ASCII from the space on, then these. */
#define CBX_GLYPH_DOT 95  /* · */
#define CBX_GLYPH_DASH 96 /* – */
#define CBX_GLYPH_BLANK 97 /* nothing, as wide as a point */
#define CBX_GLYPHS 98
#define CBX_FONT_SIZES 3

/* In a line, not in a font: the four places of the loss, which the device alone knows. */
#define CBX_GLYPH_LIVE 240
#define CBX_LIVE_PLACES 4

typedef struct cbx_glyph {
    cbx_u32 at; /* of its coverage (height, width), bytes */
    cbx_u16 width, height;
    cbx_i16 left, top; /* of the pen: to the right, and above the baseline */
    cbx_u16 advance;
    cbx_u16 nothing; /* whole words, for every compiler */
} cbx_glyph;

#define CBX_LINE_GLYPHS 54
#define CBX_CAPTION_LINES 4

typedef struct cbx_caption_line {
    cbx_u16 x, y; /* of the pen in the strip; y is the baseline */
    cbx_u16 size; /* of the font, 0 … */
    cbx_u16 colour;
    cbx_u16 count; /* of its glyphs */
    unsigned char glyphs[CBX_LINE_GLYPHS];
} cbx_caption_line;

/* In the strip, at the foot of the picture. */
typedef struct cbx_caption {
    cbx_caption_line lines[CBX_CAPTION_LINES];
    cbx_u32 left, top, width, height; /* of the curve; width 0: there is none */
    cbx_u32 frames; /* that the curve is as wide as */
    cbx_u32 frame;  /* the one that is drawn, from 0 on */
} cbx_caption;

/* Images whose losses are averaged, at most: the last ones. */
#define CBX_NOTED_IMAGES 4096

/* Losses in the history of a film are in units of 1/65,536 and end at 4,096. */
#define CBX_LOSS_ONE 65536
#define CBX_LOSS_MOST 4096

#endif
