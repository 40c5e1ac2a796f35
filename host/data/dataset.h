/* SPDX-License-Identifier: MIT */
/* Datasets that do not come from files, and the names of those that do. */
#ifndef CBX_DATA_DATASET_H
#define CBX_DATA_DATASET_H

#include <stddef.h>

#include "clearbox/dataset.h"
#include "layout.h"

/* A dataset from copies of what the two pairs of files would hold: `training` is
 * split as cbx_dataset_load() splits it, its last sixth validates. CBX_BAD_DATA:
 * a label over 9, fewer than 6 training images, no test image, no contrast. On
 * success *out is the caller's, to be given to cbx_dataset_destroy(). */
cbx_status cbx_dataset_from_memory(cbx_dataset **out, const cbx_images *training,
                                   const cbx_images *test);

/* How kernels normalise: x = scale · p + shift, each rounded once. */
cbx_normal cbx_dataset_normal(const cbx_dataset *dataset);

/* Replaces what pixels are normalised with, by what other images had: for a network that was
 * trained on those. CBX_BAD_ARGUMENT: the deviation is not above 0, or one is not finite. */
cbx_status cbx_dataset_normalise_by(cbx_dataset *dataset, double mean, double deviation);

/* Copies of `count` images (count, 784) as the training part, with labels 0, and no other part.
 * *out is the caller's. Statuses of cbx_dataset_normalise_by(), CBX_NO_MEMORY. */
cbx_status cbx_dataset_of_images(cbx_dataset **out, const uint8_t *pixels, size_t count,
                                 double mean, double deviation);

/* The i-th name that a file of the dataset in `directory` may have, to `path`; 0 when
 * there are no more, or the name does not fit. */
int cbx_dataset_file(const char *directory, size_t i, char *path, size_t size);

#endif
