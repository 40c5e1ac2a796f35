/* SPDX-License-Identifier: MIT */
/* The weights of a network with one hidden layer, as plain host arrays.
 *
 *   A1 = σ([1 X]·W1)   X (B, 784), W1 (785, H)
 *   A2 = σ([1 A1]·W2)  W2 (1+H, 10)
 *
 * Row 0 of each matrix is the bias.
 *
 * A network is plain memory: threads may work on different ones at once, and read the same.
 */
#ifndef CLEARBOX_NETWORK_H
#define CLEARBOX_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CBX_W1_ROWS 785u
#define CBX_MAX_HIDDEN 1048576u
#define CBX_MOST_OWNED 262144u /* of them by one device */

typedef struct cbx_network {
    uint32_t hidden; /* H, 1…CBX_MAX_HIDDEN */
    float *w1;       /* (785, H), row-major, row 0 the bias */
    float *w2;       /* (H+1, 10), row-major, row 0 the bias */
} cbx_network;

/* A string that travels with the weights, "seed" = "0" for example. */
typedef struct cbx_setting {
    const char *key;
    const char *value;
} cbx_setting;

/* All weights zero. *out is the caller's, to be given to cbx_network_destroy().
 * CBX_BAD_ARGUMENT: hidden is 0 or too large. */
CBX_API cbx_status cbx_network_create(cbx_network **out, uint32_t hidden);
CBX_API void cbx_network_destroy(cbx_network *network);

/* w1 ~ normal(0, 1/√785), w2 ~ normal(0, 1/√(1+H)), bias rows included, w1
 * first, row by row, from xoshiro256** seeded with `seed` and the polar method:
 * the same seed gives the same bits, on any processor and with any C library. */
CBX_API void cbx_network_randomise(cbx_network *network, uint64_t seed);

/* Reads tensors "w1" (785, H) and "w2" (H+1, 10), float32, of a safetensors
 * file. CBX_MISSING_INPUT: cannot be opened. CBX_BAD_DATA: not safetensors, cut
 * short, other shapes or types, offsets out of place, a weight not finite, a
 * header of more than 4 MiB. */
CBX_API cbx_status cbx_network_load(cbx_network **out, const char *path);

/* Writes the same, `settings` (count of them) as metadata strings, replacing
 * `path` only when complete. CBX_CANNOT_CREATE, CBX_CANNOT_WRITE. */
CBX_API cbx_status cbx_network_save(const cbx_network *network, const char *path,
                                    const cbx_setting *settings, size_t count);

#ifdef __cplusplus
}
#endif
#endif
