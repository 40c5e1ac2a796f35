/* SPDX-License-Identifier: MIT */
/* xoshiro256** (Blackman, Vigna 2018), seeded through SplitMix64. */
#ifndef CBX_BASE_RANDOM_H
#define CBX_BASE_RANDOM_H

#include <stdint.h>

/* The whole state of a generator: plain values that can be read out and put back. */
typedef struct cbx_random {
    uint64_t state[4];
} cbx_random;

/* Independent streams of one seed: what each is for. */
enum { CBX_STREAM_WEIGHTS = 0, CBX_STREAM_ORDER = 1 };

void cbx_random_seed(cbx_random *random, uint64_t seed, uint64_t stream);
uint64_t cbx_random_bits(cbx_random *random);

/* Uniform in 0…bound-1 without bias (Lemire 2019); bound > 0. */
uint32_t cbx_random_below(cbx_random *random, uint32_t bound);

/* Standard normal (Marsaglia's polar method, one of each pair is dropped, so
 * that the generator's state is all there is). Of + − × ÷ and √ alone, which are rounded
 * correctly everywhere: the numbers do not depend on the C library. */
double cbx_random_normal(cbx_random *random);

#endif
