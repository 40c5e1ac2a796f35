/* SPDX-License-Identifier: MIT */
/* Random numbers, networks and orders that do not depend on the library's generator. */
#ifndef TEST_SUPPORT_SYNTHETIC_H
#define TEST_SUPPORT_SYNTHETIC_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/network.h"

/* SplitMix64. */
uint64_t synthetic_bits(uint64_t *state);
double synthetic_uniform(uint64_t *state); /* 0 ≤ u < 1 */
double synthetic_normal(uint64_t *state);

/* Weights ~ normal(0, 1/√fan-in), bias rows included, for cbx_network_destroy(). */
cbx_network *synthetic_network(uint32_t hidden, uint64_t seed);

/* A network on the edge of what the canon takes for 0: a third of the neurons hardly stir, another
 * third hardly matter, and neither does the last output. Their other weights are 0, so that
 * the faintest update shows. */
cbx_network *synthetic_faint_network(uint32_t hidden, uint64_t seed);

/* A permutation of 0…count-1, for free(). */
uint32_t *synthetic_order(uint32_t count, uint64_t seed);

#endif
