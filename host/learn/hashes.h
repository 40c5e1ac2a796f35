/* SPDX-License-Identifier: MIT */
/* What two runs are compared by. */
#ifndef CBX_LEARN_HASHES_H
#define CBX_LEARN_HASHES_H

#include "base/digest.h"
#include "clearbox/dataset.h"
#include "clearbox/network.h"

/* SHA-256 of w1, then w2, row by row: the bytes of the tensors in a safetensors file.
 * CBX_NO_MEMORY; so for the other. */
cbx_status cbx_hash_weights(const cbx_network *network, char text[CBX_DIGEST_TEXT]);

/* Of all that training reads of a dataset: the pixels of its training images, then their
 * labels. */
cbx_status cbx_hash_training_images(const cbx_dataset *dataset, char text[CBX_DIGEST_TEXT]);

/* Of the four files of a dataset, unpacked: training images, training labels, test images, test
 * labels, one behind the other. */
cbx_status cbx_hash_dataset(const cbx_dataset *dataset, char text[CBX_DIGEST_TEXT]);

#endif
