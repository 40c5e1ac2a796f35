/* SPDX-License-Identifier: MIT */
/* Small datasets that look a little like digits and can be learnt, written as IDX
 * files into a temporary folder. */
#ifndef TEST_SUPPORT_SYNTHETIC_H
#define TEST_SUPPORT_SYNTHETIC_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/dataset.h"
#include "clearbox/network.h"

/* SplitMix64, so that test data does not depend on the library's generator. */
uint64_t synthetic_bits(uint64_t *state);
double synthetic_uniform(uint64_t *state); /* 0 ≤ u < 1 */
double synthetic_normal(uint64_t *state);

#define SYNTHETIC_PATH 256

/* Makes an empty folder below $TMPDIR or /tmp; `path` gets its name. */
void synthetic_folder(char path[SYNTHETIC_PATH]);

/* Removes a folder and the files in it, which must not be folders themselves. */
void synthetic_remove_folder(const char *path);

/* Writes the four files: ten random prototypes, shifted, dimmed and noisy. The
 * same seed gives the same prototypes whatever the counts. `train` counts the
 * whole training file, of which the last sixth validates. */
void synthetic_write(const char *folder, size_t train, size_t test, uint64_t seed);

/* Writes, loads and removes such a set: the caller's, for cbx_dataset_destroy(). */
cbx_dataset *synthetic_dataset(size_t train, size_t test, uint64_t seed);

/* Weights ~ normal(0, 1/√fan-in), bias rows included, for cbx_network_destroy(). */
cbx_network *synthetic_network(uint32_t hidden, uint64_t seed);

/* A permutation of 0…count-1, for free(). */
uint32_t *synthetic_order(uint32_t count, uint64_t seed);

#endif
