/* SPDX-License-Identifier: MIT */
/* Which batch each frame of a film shows. */
#ifndef CBX_LEARN_CLOCK_H
#define CBX_LEARN_CLOCK_H

#include "clearbox/learn.h"

/* Frames i = 1 … n move, then `held` more show the last batch, T.
 *
 *   batches, no length   frame i shows batch min(i·every, T); n = ⌈T/every⌉
 *   batches              ⌈T·i/n⌉
 *   log, T ≤ n           likewise: fewer batches than frames are shown one by one
 *   log, T > n           b(i) = (n/k)·(e^(k·i/n) − 1), rounded, with the k for which b(n) = T: it
 *                        begins with a batch a frame, and each frame goes further than the one
 *                        before. Its slope is at least 1, so no batch is shown twice
 *
 * The first frame shows batch 1 where n > 1 and the clock is log; the last always shows T. The
 * same on every machine: nothing is computed but sums, products and quotients. */
typedef struct cbx_timing {
    uint64_t batches; /* T */
    uint64_t every;   /* 0: the film has a length */
    uint64_t moving;  /* n */
    uint64_t held;
    double k; /* of the last formula; 0: it is another */
} cbx_timing;

/* The settings must have passed cbx_timing_check(). */
cbx_timing cbx_timing_of(const cbx_learn_settings *settings, uint64_t batches);

/* CBX_BAD_ARGUMENT: there is no such clock, or times that make no sense. */
cbx_status cbx_timing_check(const cbx_learn_settings *settings);

/* 1 … T, of frame 0 … moving + held − 1; later ones are as the last. */
uint64_t cbx_timing_batch(const cbx_timing *timing, uint64_t frame);

#endif
