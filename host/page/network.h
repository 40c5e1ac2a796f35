/* SPDX-License-Identifier: MIT */
/* What a page tells of a network, whether it was just trained or comes from a file.
 *
 * Arrays, row by row, I = 784, n and m the images of the test and of the validation part:
 *
 *   w1              f32 (785, H)   row 0 the bias; or, where that would be too much for a page:
 *   w1_bias         f32 (H)        row 0
 *   w1_levels       i8  (784, H)   and w1[1+k][j] is near levels[k][j] · steps[j]
 *   w1_steps        f32 (H)
 *   w2              f32 (H+1, 10)  row 0 the bias
 *   test_images     u8  (n, 784)   grey levels; test_labels u8 (n)
 *   validation_images, validation_labels   likewise, m
 *   test_sums       f32 (n, 10)    Z2 of kernels/canon.h, as the device computed it
 *   test_outputs    f32 (n, 10)    A2, of these sums by the canon's sigmoid, on the host
 */
#ifndef CBX_PAGE_NETWORK_H
#define CBX_PAGE_NETWORK_H

#include "clearbox/dataset.h"
#include "clearbox/network.h"
#include "page/page.h"

/* Of how many neurons w1 is given as it is: 3.2 MB. */
#define CBX_PAGE_EXACT_HIDDEN 1024u

/* Beyond that a browser would have too much to hold. */
#define CBX_PAGE_MOST_HIDDEN 16384u

/* CBX_BAD_ARGUMENT: too many neurons. */
cbx_status cbx_page_check(uint32_t hidden);

/* Host memory that writing takes at most, for that many images of a part. */
uint64_t cbx_page_memory_bytes(uint32_t hidden, uint64_t images);

/* Writes all of these. `sums` (n, 10). CBX_NO_MEMORY. */
cbx_status cbx_page_network(cbx_output *to, const cbx_network *network, const cbx_dataset *dataset,
                            const float *sums);

/* {"mean", "deviation", "scale", "shift"}: x = scale · p + shift, the last two as floats. NULL:
 * no memory. */
json_t *cbx_page_normalisation(const cbx_dataset *dataset);

/* {"images", "loss", "accuracy", "confusion"}: rows are labels, columns answers. */
json_t *cbx_page_evaluation(uint64_t images, double loss,
                            const uint64_t confusion[CBX_CLASSES][CBX_CLASSES]);

#endif
