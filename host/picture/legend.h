/* SPDX-License-Identifier: MIT */
/* What a caption says, and where: two lines beside a curve where the picture is wide, else lines
 * above one. What would not fit at the end of the run is left out, what matters least first. */
#ifndef CBX_PICTURE_LEGEND_H
#define CBX_PICTURE_LEGEND_H

#include "clearbox/picture.h"
#include "picture/caption.h"

typedef struct cbx_facts {
    uint32_t neurons, shown; /* the first of them */
    const char *recipe;
    uint32_t epoch, epochs;
    uint64_t batch, batches;
    double accuracy; /* 0 … 1, of the last evaluation; below 0: there was none */
    int has_loss;    /* the device notes losses: they and their curve are shown */
    uint32_t frame;  /* from 0 on */
    uint32_t frames; /* that the curve is as wide as */
} cbx_facts;

/* Pixels that a picture with a caption is wide at least, a multiple of 4. */
enum { CBX_CAPTION_LEAST_WIDTH = 160 };

/* How high the strip of such a picture is, a multiple of 4. */
uint32_t cbx_legend_strip(uint32_t width);

void cbx_legend_compose(cbx_caption *out, const cbx_grid *grid, const cbx_facts *facts);

#endif
