/* SPDX-License-Identifier: MIT */
/* The order in which an epoch takes the training images. */
#ifndef CBX_DATA_SAMPLER_H
#define CBX_DATA_SAMPLER_H

#include <stdint.h>

#include "base/random.h"

/* order becomes a fresh permutation of 0…count-1, every one equally likely
 * (Fisher–Yates). */
void cbx_sampler_shuffle(cbx_random *random, uint32_t *order, uint32_t count);

/* 0, 1, 2 … count-1 */
void cbx_sampler_in_order(uint32_t *order, uint32_t count);

#endif
