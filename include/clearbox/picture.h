/* SPDX-License-Identifier: MIT */
/* The grid that shows every hidden neuron as a 28×28 tile.
 *
 * The grid has g = ⌈√H⌉ tiles a column and ⌈H/g⌉ columns; neuron i sits at
 * column i div g, row i mod g. Unused tiles are black. Every used tile has a
 * pure red border one tile pixel wide.
 */
#ifndef CLEARBOX_PICTURE_H
#define CLEARBOX_PICTURE_H

#include <stdint.h>

#include "clearbox/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How the weights v of one neuron become grey levels 0…255. */
typedef enum cbx_tone {
    CBX_TONE_PEAK,  /* v / max(v) · 255, clipped; black where max(v) ≤ 0 */
    CBX_TONE_RANGE, /* min(v) → 0, max(v) → 255; black where they are equal */
    CBX_TONE_SIGNED /* 127.5 + 127.5·v / max|v|; 127 where all are zero */
} cbx_tone;

/* "peak", "range" or "signed", static; NULL: there is no such tone. */
CBX_API const char *cbx_tone_name(cbx_tone tone);

#define CBX_MAX_SIDE 65535u /* pixels of a side of a picture */

typedef struct cbx_grid {
    uint32_t tiles;   /* H */
    uint32_t rows;    /* g, tiles in a column */
    uint32_t columns; /* ⌈H/g⌉ */
    uint32_t scale;   /* every pixel of a tile becomes scale × scale pixels */
    uint32_t width;   /* of the picture in pixels: 28·scale·columns, always even */
    uint32_t height;  /* 28·scale·rows, always even */
} cbx_grid;

/* CBX_BAD_ARGUMENT: hidden or scale is 0, or a side exceeds CBX_MAX_SIDE. */
CBX_API cbx_status cbx_grid_lay_out(cbx_grid *out, uint32_t hidden, uint32_t scale);

#ifdef __cplusplus
}
#endif
#endif
