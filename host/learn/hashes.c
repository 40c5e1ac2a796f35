/* SPDX-License-Identifier: MIT */
#include "learn/hashes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/idx.h"
#include "network/weights.h"

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

/* A piece at a time. */
typedef struct hashing {
    cbx_digest *digest;
    uint8_t *piece;
} hashing;

static void *room(void *user) {
    const hashing *h = user;
    return h->piece;
}

static void add_piece(void *user, const void *piece, size_t size) {
    const hashing *h = user;
    cbx_digest_add(h->digest, piece, size);
}

cbx_status cbx_hash_weights(uint32_t hidden, const cbx_pieces *weights,
                            char text[CBX_DIGEST_TEXT]) {
    char whole[CBX_DIGEST_TEXT];
    hashing h = {.digest = NULL};
    cbx_status status = cbx_digest_begin(&h.digest);
    if (status) {
        return status;
    }
    status = cbx_new(&h.piece, CBX_PIECE_BYTES);
    if (!status) {
        status = cbx_pieces_each(weights, cbx_weights_floats(hidden) * sizeof(float),
                                 &(cbx_pieces_taker){room, add_piece, &h});
    }
    free(h.piece);
    cbx_digest_end(h.digest, whole);
    if (!status) { /* a part of them has no hash */
        memcpy(text, whole, sizeof whole);
    }
    return status;
}

cbx_status cbx_hash_training_images(const cbx_dataset *dataset, char text[CBX_DIGEST_TEXT]) {
    const cbx_images images = cbx_dataset_images(dataset, CBX_TRAIN);
    return hash(images.pixels, images.count * CBX_IMAGE_PIXELS, images.labels, images.count, text);
}

/* What an IDX file begins with: its magic number and counts, the largest byte first. */
static void add_header(cbx_digest *digest, uint32_t magic, size_t count, size_t sides) {
    const uint32_t words[] = {magic, (uint32_t)count, CBX_IMAGE_SIDE, CBX_IMAGE_SIDE};
    for (size_t i = 0; i < sides + 1; i++) {
        const uint8_t bytes[] = {(uint8_t)(words[i] >> 24), (uint8_t)(words[i] >> 16),
                                 (uint8_t)(words[i] >> 8), (uint8_t)words[i]};
        cbx_digest_add(digest, bytes, sizeof bytes);
    }
}

/* The two files whose contents became the parts first … last. */
static void add_files(cbx_digest *digest, const cbx_dataset *dataset, cbx_part first,
                      cbx_part last) {
    size_t count = 0;
    for (int part = (int)first; part <= (int)last; part++) {
        count += cbx_dataset_images(dataset, (cbx_part)part).count;
    }
    add_header(digest, CBX_IDX_IMAGES_MAGIC, count, 3);
    for (int part = (int)first; part <= (int)last; part++) {
        const cbx_images images = cbx_dataset_images(dataset, (cbx_part)part);
        cbx_digest_add(digest, images.pixels, images.count * CBX_IMAGE_PIXELS);
    }
    add_header(digest, CBX_IDX_LABELS_MAGIC, count, 1);
    for (int part = (int)first; part <= (int)last; part++) {
        const cbx_images images = cbx_dataset_images(dataset, (cbx_part)part);
        cbx_digest_add(digest, images.labels, images.count);
    }
}

cbx_status cbx_hash_dataset(const cbx_dataset *dataset, char text[CBX_DIGEST_TEXT]) {
    cbx_digest *digest = NULL;
    cbx_status status = cbx_digest_begin(&digest);
    if (!status) {
        add_files(digest, dataset, CBX_TRAIN, CBX_VALIDATION);
        add_files(digest, dataset, CBX_TEST, CBX_TEST);
        cbx_digest_end(digest, text);
    }
    return status;
}
