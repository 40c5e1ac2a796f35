/* SPDX-License-Identifier: MIT */
/* The letters of captions, as font/make_font.c drew them. */
#ifndef CBX_PICTURE_FONT_H
#define CBX_PICTURE_FONT_H

#include <stddef.h>
#include <stdint.h>

#include "picture/caption.h"

typedef struct cbx_font {
    unsigned line, ascent; /* pixels from line to line, and above the baseline */
} cbx_font;

/* By size, small to large. */
extern const cbx_font cbx_fonts[CBX_FONT_SIZES];
extern const cbx_glyph cbx_glyphs[CBX_FONT_SIZES * CBX_GLYPHS];

/* (cbx_glyph_bytes) */
extern const uint8_t cbx_glyph_coverage[];
extern const size_t cbx_glyph_bytes;

#endif
