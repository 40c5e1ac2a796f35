/* SPDX-License-Identifier: MIT */
#include "learn/hashes.h"

#include <stdint.h>

/* A block of memory after another. */
static cbx_status hash(const void *first, size_t first_bytes, const void *second,
                       size_t second_bytes, char text[CBX_DIGEST_TEXT]) {
    cbx_digest *digest = NULL;
    cbx_status status = cbx_digest_begin(&digest);
    if (!status) {
        cbx_digest_add(digest, first, first_bytes);
        cbx_digest_add(digest, second, second_bytes);
        cbx_digest_end(digest, text);
    }
    return status;
}

cbx_status cbx_hash_weights(const cbx_network *network, char text[CBX_DIGEST_TEXT]) {
    const size_t hidden = network->hidden;
    return hash(network->w1, CBX_W1_ROWS * hidden * sizeof *network->w1, network->w2,
                (hidden + 1) * CBX_CLASSES * sizeof *network->w2, text);
}

cbx_status cbx_hash_training_images(const cbx_dataset *dataset, char text[CBX_DIGEST_TEXT]) {
    const cbx_images images = cbx_dataset_images(dataset, CBX_TRAIN);
    return hash(images.pixels, images.count * CBX_IMAGE_PIXELS, images.labels, images.count, text);
}
