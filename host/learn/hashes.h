/* SPDX-License-Identifier: MIT */
/* What two runs are compared by. */
#ifndef CBX_LEARN_HASHES_H
#define CBX_LEARN_HASHES_H

#include "base/digest.h"
#include "base/pieces.h"
#include "clearbox/dataset.h"

/* SHA-256 of w1, then w2, row by row, as network/weights.h has them: the bytes of the tensors in a
 * safetensors file. CBX_NO_MEMORY, which the others return, too, and what the pieces say. */
cbx_status cbx_hash_weights(uint32_t hidden, const cbx_pieces *weights, char text[CBX_DIGEST_TEXT]);

/* Of all that training reads of a dataset: the pixels of its training images, then their
 * labels. */
cbx_status cbx_hash_training_images(const cbx_dataset *dataset, char text[CBX_DIGEST_TEXT]);

/* Of the four files of a dataset, unpacked: training images, training labels, test images, test
 * labels, one behind the other. */
cbx_status cbx_hash_dataset(const cbx_dataset *dataset, char text[CBX_DIGEST_TEXT]);

#endif
