/* SPDX-License-Identifier: MIT */
/* A set of 28×28 grey images with labels 0…9, as MNIST ships it.
 *
 * A folder holds four IDX files, each gzipped (….gz) or not:
 *   train-images-idx3-ubyte  train-labels-idx1-ubyte
 *   t10k-images-idx3-ubyte   t10k-labels-idx1-ubyte
 * The last sixth of the training file validates, the rest trains: 50,000 and
 * 10,000 of MNIST's 60,000. The t10k files are the test set.
 *
 * A dataset never changes once it is loaded: any number of threads may read it at once.
 */
#ifndef CLEARBOX_DATASET_H
#define CLEARBOX_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CBX_IMAGE_SIDE 28u
#define CBX_IMAGE_PIXELS 784u
#define CBX_CLASSES 10u

typedef struct cbx_dataset cbx_dataset;

typedef enum cbx_part { CBX_TRAIN = 0, CBX_VALIDATION = 1, CBX_TEST = 2 } cbx_part;

/* A view into a dataset; valid as long as the dataset. */
typedef struct cbx_images {
    size_t count;
    const uint8_t *pixels; /* (count, 784), row-major, 0…255 */
    const uint8_t *labels; /* (count), 0…9 */
} cbx_images;

/* Reads the four files of `directory`, the training and the test files in
 * parallel. CBX_MISSING_INPUT: folder or file missing, unreadable.
 * CBX_BAD_DATA: damaged gzip, wrong magic number, not 28×28, cut short, more
 * bytes than the header says, counts of images and labels that differ, a label
 * over 9, fewer than 6 training images, no test image, no contrast at all.
 * Headers are read first, and checked against each other and against what the
 * files can hold; nothing is read or unpacked beyond what they promise.
 * CBX_TOO_LARGE: more than the memory that this process may use. On success *out is
 * the caller's, to be given to cbx_dataset_destroy(). */
CBX_API cbx_status cbx_dataset_load(cbx_dataset **out, const char *directory);

/* NULL is allowed. */
CBX_API void cbx_dataset_destroy(cbx_dataset *dataset);

CBX_API cbx_images cbx_dataset_images(const cbx_dataset *dataset, cbx_part part);

/* Mean and standard deviation (population, divisor n) over every pixel of the
 * training part, in grey levels 0…255; every part is normalised with them. */
CBX_API double cbx_dataset_mean(const cbx_dataset *dataset);
CBX_API double cbx_dataset_deviation(const cbx_dataset *dataset);

/* Pixels of a part that are not 0, its ink: all that the schedule `sparse` works on. */
CBX_API uint64_t cbx_dataset_ink(const cbx_dataset *dataset, cbx_part part);

/* The share of the training part's pixels that it is, 0…1. */
CBX_API double cbx_dataset_ink_share(const cbx_dataset *dataset);

/* out[i] = (pixels[i] - mean) / deviation, in double, rounded once to float.
 * pixels and out: `count` elements each, host memory, the caller's. For computing on the
 * host: a device holds grey levels and takes fma(pixel, 1/deviation, -mean/deviation) in
 * float, which may differ in the last bits. */
CBX_API void cbx_dataset_normalise(const cbx_dataset *dataset, const uint8_t *pixels, size_t count,
                                   float *out);

#ifdef __cplusplus
}
#endif
#endif
