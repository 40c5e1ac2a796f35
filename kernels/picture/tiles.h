/* SPDX-License-Identifier: MIT */
/* What the kernels that draw in any way and the host agree on. */
#ifndef CBX_TILES_H
#define CBX_TILES_H

#ifndef __OPENCL_VERSION__
#include "layout.h"
#endif

/* A palette: the colour of each level 0 … 255, and of what else there is. Four bytes each: red,
 * green and blue, or Y, Cb and Cr; the last is 0. */
#define CBX_COLOUR_BORDER 256
#define CBX_COLOUR_GROUND 257 /* behind the tiles */
#define CBX_COLOUR_TEXT 258   /* of captions */
#define CBX_COLOUR_DIM 259
#define CBX_COLOUR_CURVE 260
#define CBX_COLOUR_COUNT 261

/* See include/clearbox/picture.h. A tile is at (left + pitch·column, top + pitch·row). */
typedef struct cbx_tiles_layout {
    cbx_u32 count; /* neurons */
    cbx_u32 rows;  /* tiles in a column */
    cbx_u32 width, height;
    cbx_u32 scale;
    cbx_u32 tile, pitch, left, top;
    cbx_u32 bordered; /* 1: the outermost weights give way to a border */
} cbx_tiles_layout;

#endif
