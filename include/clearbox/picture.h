/* SPDX-License-Identifier: MIT */
/* The grid that shows every hidden neuron as a 28×28 tile.
 *
 * The grid has g = ⌈√H⌉ tiles a column and ⌈H/g⌉ columns; neuron i sits at
 * column i div g, row i mod g. Where a picture of all would be too large to be
 * looked at, it may be one of the first. What is no tile is dark. A drawing says how
 * tiles are shown: grey, as in the lesson, with a pure red border one tile pixel wide
 * within the tile; or in signed colours, whole and with thin dark gaps between.
 * Nothing here keeps anything: any number of threads may call at once.
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

/* GREY: by a tone. SIGNED: v / max|v|, blue below zero, orange above, near black at zero; the tone
 * does not matter. */
typedef enum cbx_colours { CBX_COLOURS_GREY, CBX_COLOURS_SIGNED } cbx_colours;

/* "grey" or "signed", static; NULL: there are no such colours. */
CBX_API const char *cbx_colours_name(cbx_colours colours);

typedef struct cbx_drawing {
    cbx_tone tone; /* of grey */
    cbx_colours colours;
    /* Pixels of the picture per weight, each way. 0: what makes the grid about CBX_USUAL_HEIGHT
     * pixels high; of more than CBX_MOST_TILES neurons the first CBX_FIRST_TILES are shown then. */
    uint32_t scale;
    /* A strip at the foot that tells neurons, recipe, epoch, batch, accuracy and loss, with the loss
     * as a curve; what does not fit is left out. */
    int caption;
} cbx_drawing;

#define CBX_USUAL_HEIGHT 900u
#define CBX_MOST_TILES 1296u
#define CBX_FIRST_TILES 256u

#define CBX_MAX_SIDE 65535u /* pixels of a side of a picture */

typedef struct cbx_grid {
    uint32_t neurons; /* H */
    uint32_t tiles;   /* those that are shown, the first */
    uint32_t rows;    /* g, tiles in a column */
    uint32_t columns; /* ⌈tiles/g⌉ */
    uint32_t scale;   /* every pixel of a tile becomes scale × scale pixels */
    uint32_t width;   /* of the picture in pixels, a multiple of 4 */
    uint32_t height;  /* likewise */
    uint32_t tile;    /* pixels of a tile's side, 28·scale */
    uint32_t pitch;   /* from one tile to the next: `tile`, and the gap; even */
    uint32_t left;    /* of tile 0; even */
    uint32_t top;     /* likewise */
    uint32_t strip;   /* height of the caption's strip, at the foot; 0: there is none */
} cbx_grid;

/* The lesson's drawing at a scale: no gaps, no margin. CBX_BAD_ARGUMENT: hidden or scale is 0, or a
 * side exceeds CBX_MAX_SIDE. */
CBX_API cbx_status cbx_grid_lay_out(cbx_grid *out, uint32_t hidden, uint32_t scale);

/* Any drawing. CBX_BAD_ARGUMENT: hidden is 0, there is no such tone or colours, or a side exceeds
 * CBX_MAX_SIDE. */
CBX_API cbx_status cbx_grid_lay_out_as(cbx_grid *out, uint32_t hidden, const cbx_drawing *drawing);

/* The first pixel of neuron i's tile, of those that are shown. */
CBX_API void cbx_grid_place(const cbx_grid *grid, uint32_t neuron, uint32_t *x, uint32_t *y);

#ifdef __cplusplus
}
#endif
#endif
