/* SPDX-License-Identifier: MIT */
/* What an encoder made of frames, added up; and what that is a pixel. */
#ifndef CBX_BENCH_TALLY_H
#define CBX_BENCH_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "bench/encode.h"
#include "bench/excerpts.h"

/* Key frames [0] apart from all others [1], because few of many frames are key frames, and the
 * frames that are tried may be fewer than a group. */
typedef struct cbx_tally {
    uint64_t frames[2];
    double processor_seconds[2], device_seconds[2], bytes[2];
    double error[2]; /* squares, summed over luma */
} cbx_tally;

/* Σ (a − b)² of so many bytes. */
double cbx_squared_error(const uint8_t *a, const uint8_t *b, size_t bytes);

/* Of the usual run's film in groups of `group`: in each of its parts, as of cbx_excerpts_share(),
 * one key frame and then others that are like those of the excerpt's tally on average. */
cbx_bench_encoded cbx_tally_encoded(const cbx_tally tallies[CBX_EXCERPTS], double qp,
                                    const cbx_excerpts *excerpts, uint32_t group);

/* What the encoder would make of the frames at `psnr`, which lies between these two: times and
 * quantisers linearly in dB, and the logarithm of the bits. */
cbx_bench_encoded cbx_encoded_between(const cbx_bench_encoded *finer,
                                      const cbx_bench_encoded *coarser, double psnr);

#endif
