/* SPDX-License-Identifier: MIT */
/* The one maker of small datasets: of a pattern that tests of files know, of images that look a
 * little like digits and can be learnt, or with much and little ink; in memory, as IDX files, as
 * whole folders. */
#ifndef TEST_SUPPORT_DATASET_H
#define TEST_SUPPORT_DATASET_H

#include "data/dataset.h"
#include "support/scratch.h"

/* Pixel p of image i is (i·7 + p·13) mod 256, label i is i mod 10. */
uint8_t pattern_pixel(size_t image, size_t pixel);
uint8_t pattern_label(size_t image);

/* IDX files of `count` items of the pattern. */
blob blob_images(uint32_t count);
blob blob_labels(uint32_t count);

/* Writes the four files of a dataset of the pattern into the test's folder, gzipped. `train`
 * counts the whole training file, of which the last sixth validates. */
void scratch_write_dataset(void **state, uint32_t train, uint32_t test);

/* The same, then loads them; for cbx_dataset_destroy(). */
cbx_dataset *scratch_dataset(void **state, uint32_t train, uint32_t test);

/* What can be learnt: ten random prototypes, shifted, dimmed and noisy. The same seed gives
 * the same prototypes whatever the counts. The dataset is for cbx_dataset_destroy(). */
cbx_dataset *synthetic_dataset(size_t train, size_t test, uint64_t seed);

/* The same as four files in `folder`. */
void synthetic_write(const char *folder, size_t train, size_t test, uint64_t seed);

/* Random images of all classes but the last, in the order of an epoch: image order[p] is the one at place p. A fifth of the
 * pixels is ink. There are images of ink alone, one of none, two of a single pixel, and from place
 * 64 to 153 each has pixels that no other among 80 neighbours has. For cbx_dataset_destroy(). */
cbx_dataset *ink_dataset(const uint32_t *order, size_t train, size_t test, uint64_t seed);

/* Every pixel is 255 but a few. */
cbx_dataset *bright_dataset(size_t train, size_t test, uint64_t seed);

#endif
