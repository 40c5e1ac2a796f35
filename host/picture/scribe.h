/* SPDX-License-Identifier: MIT */
/* Dispatch of the kernels that draw captions: kernels/picture/caption.cl. */
#ifndef CBX_PICTURE_SCRIBE_H
#define CBX_PICTURE_SCRIBE_H

#include "picture/brush.h"
#include "picture/legend.h"

typedef struct cbx_scribe {
    const cbx_brush *brush; /* borrowed: the picture, its colours, its program */
    uint32_t strip;
    cl_kernel note, curve, text, yuv, rgb;
    cl_mem glyphs, coverage; /* of the fonts */
    cl_mem history;          /* see caption.cl */
    size_t history_bytes;
    cl_mem ink;
} cbx_scribe;

/* The losses of images that were trained since the frame before: losses[first … first + count), in
 * device memory; no more than CBX_NOTED_IMAGES are read. count 0: there is no news. */
typedef struct cbx_news {
    cl_mem losses;
    uint32_t first, count;
} cbx_news;

/* Fills *scribe, to be given to cbx_scribe_clear() in every case. The brush must be that of a
 * picture with a strip, and outlive it. */
cbx_status cbx_scribe_init(cbx_scribe *scribe, const cbx_brush *brush, const cbx_grid *grid);

/* Makes room for the losses of a film of so many frames, before the first of them; at first there is
 * room for one. */
cbx_status cbx_scribe_expect(cbx_scribe *scribe, uint64_t frames);

void cbx_scribe_clear(cbx_scribe *scribe);

/* Enqueue on the device's queue: the news into the history; the strip of a picture. */
cbx_status cbx_scribe_note(const cbx_scribe *scribe, const cbx_news *news, uint32_t frame);
cbx_status cbx_scribe_yuv(const cbx_scribe *scribe, const cbx_caption *caption,
                          const cbx_planes *to, cl_event *event);
cbx_status cbx_scribe_rgb(const cbx_scribe *scribe, const cbx_caption *caption, cl_mem rgb);

#endif
