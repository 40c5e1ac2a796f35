/* SPDX-License-Identifier: MIT */
#include "picture/palette.h"

#include <math.h>

/* From zero to the largest weight, a quarter each: small ones dim, so that strokes stand out; told
 * apart by whoever sees no red or no green. None is as dark as the gaps. */
enum { STOPS = 5 };
static const uint8_t orange[STOPS][3] = {
    {14, 15, 20}, {70, 34, 14}, {164, 82, 20}, {244, 148, 46}, {255, 228, 168}};
static const uint8_t blue[STOPS][3] = {
    {14, 15, 20}, {14, 42, 84}, {28, 94, 172}, {80, 162, 246}, {196, 230, 255}};

static const cbx_colour black = {{0, 0, 0, 0}}, red = {{255, 0, 0, 0}}, dark = {{7, 7, 10, 0}};

/* Level 127.5 is zero. In whole numbers, the same on every machine. */
static cbx_colour signed_colour(int level) {
    enum { WHOLE = 255, PIECE = WHOLE * 16 };
    const uint8_t(*stops)[3] = level < 128 ? blue : orange;
    const int from_zero = level < 128 ? 255 - 2 * level : 2 * level - 255; /* 1 … 255 */
    const int at = from_zero * 16 * (STOPS - 1);
    const int stop = at / PIECE < STOPS - 2 ? at / PIECE : STOPS - 2, rest = at - stop * PIECE;
    cbx_colour colour = {{0}};
    for (int i = 0; i < 3; i++) {
        const int mixed = stops[stop][i] * (PIECE - rest) + stops[stop + 1][i] * rest;
        colour.parts[i] = (uint8_t)((mixed + PIECE / 2) / PIECE);
    }
    return colour;
}

static uint8_t rounded(double value) {
    return (uint8_t)floor(value + 0.5);
}

cbx_colour cbx_colour_yuv(cbx_colour rgb) {
    const double r = rgb.parts[0], g = rgb.parts[1], b = rgb.parts[2];
    const double y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return (cbx_colour){{rounded(16.0 + y * 219.0 / 255.0),
                         rounded(128.0 + (b - y) / 1.8556 * 224.0 / 255.0),
                         rounded(128.0 + (r - y) / 1.5748 * 224.0 / 255.0), 0}};
}

void cbx_tile_palette_fill(cbx_tile_palette *out, cbx_colours colours) {
    const int is_grey = colours == CBX_COLOURS_GREY;
    for (int i = 0; i < 256; i++) {
        const uint8_t grey = (uint8_t)i;
        out->rgb[i] = is_grey ? (cbx_colour){{grey, grey, grey, 0}} : signed_colour(i);
    }
    out->rgb[CBX_COLOUR_BORDER] = red;
    out->rgb[CBX_COLOUR_GROUND] = is_grey ? black : dark;
    out->rgb[CBX_COLOUR_TEXT] = (cbx_colour){{236, 238, 242, 0}};
    out->rgb[CBX_COLOUR_DIM] = (cbx_colour){{146, 152, 166, 0}};
    out->rgb[CBX_COLOUR_CURVE] = (cbx_colour){{248, 162, 62, 0}};
    for (int i = 0; i < CBX_COLOUR_COUNT; i++) {
        out->yuv[i] = cbx_colour_yuv(out->rgb[i]);
    }
}
