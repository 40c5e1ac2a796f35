/* SPDX-License-Identifier: MIT */
/* Two excerpts of a run's film, in host memory: its beginning, where everything changes, and as many
 * frames from its middle, which are like most. */
#ifndef CBX_BENCH_EXCERPTS_H
#define CBX_BENCH_EXCERPTS_H

#include <stdint.h>

#include "bench/encode.h"

typedef struct cbx_excerpts {
    uint32_t width, height;       /* pixels of the film's pictures */
    uint32_t rows;                /* of pixels, the upper ones, that are kept */
    size_t plane;                 /* bytes of luma that are kept of a frame */
    uint32_t frames;              /* of each excerpt: whole groups */
    uint32_t first[CBX_EXCERPTS]; /* batches before the first of them */
    uint32_t run;                 /* batches of the whole run */
    uint8_t *luma;                /* [CBX_EXCERPTS][frames][rows][width] */
    uint8_t *cb, *cr;             /* of all frames, (rows/2, width/2) bytes each */
} cbx_excerpts;

/* Trains a network of settings->hidden neurons, with a picture after every batch; the middle is that
 * of cbx_learn()'s usual epochs, or what is reached in 2 · settings->seconds. An excerpt has two
 * groups of so many frames, or one where its half of 256 MiB has no room for more; of pictures that
 * are too large for that it has the upper rows of tiles alone. *out is to be cleared in every
 * case. */
cbx_status cbx_excerpts_draw(cbx_excerpts *out, cbx_bench *bench,
                             const cbx_bench_settings *settings, uint32_t group);

/* Which part of a film of so many frames an excerpt stands for: the first for its own frames, the
 * second for all others. */
double cbx_excerpts_share(const cbx_excerpts *excerpts, uint32_t excerpt, double film);

void cbx_excerpts_clear(cbx_excerpts *excerpts);

/* What is kept of a frame's luma. */
const uint8_t *cbx_excerpts_frame(const cbx_excerpts *excerpts, uint32_t excerpt, uint32_t frame);

#endif
