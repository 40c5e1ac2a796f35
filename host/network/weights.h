/* SPDX-License-Identifier: MIT */
/* All weights of a network in pieces (base/pieces.h): the floats of W1 and then of W2, row after row,
 * as they are in files and in hashes. So they go from where they are to where they are wanted in pieces, and
 * nobody has to hold all of W1. */
#ifndef CBX_NETWORK_WEIGHTS_H
#define CBX_NETWORK_WEIGHTS_H

#include "base/random.h"
#include "base/pieces.h"
#include "clearbox/dataset.h"
#include "clearbox/network.h"

/* How many floats there are of a network, and in its W1 and W2. */
uint64_t cbx_weights_floats(uint32_t hidden);
size_t cbx_w1_floats(uint32_t hidden);
size_t cbx_w2_floats(uint32_t hidden);

/* Rows of W1 that are taken at once: about 16 MiB of them. */
uint32_t cbx_w1_rows_at_once(uint32_t hidden);

/* cbx_network_randomise()'s. */
typedef struct cbx_random_weights {
    uint32_t hidden;
    cbx_random random; /* seeded, with CBX_STREAM_WEIGHTS */
    uint64_t given;    /* floats; 0 at first */
} cbx_random_weights;
cbx_status cbx_random_weights_next(void *random_weights, void *to, size_t bytes);

/* A network's in memory, borrowed. */
typedef struct cbx_network_weights {
    const cbx_network *network;
    uint64_t given;
} cbx_network_weights;
cbx_status cbx_network_weights_next(void *network_weights, void *to, size_t bytes);

/* Into a network's memory. */
cbx_status cbx_network_take_weights(cbx_network *network, const cbx_pieces *weights);

#endif
