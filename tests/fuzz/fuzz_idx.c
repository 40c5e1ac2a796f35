/* SPDX-License-Identifier: MIT */
/* Any bytes as an IDX file. The first one chooses the kind, and whether they count as gzipped: a
 * gzipped input starts with 1 or 3 before the file's own bytes. What is accepted and written again, not
 * packed, is accepted and the same. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "clearbox/dataset.h"
#include "support/idx.h"
#include "support/scratch.h"

static void require_the_same_again(const cbx_idx *idx) {
    const size_t bytes = idx->count * (idx->kind == CBX_IDX_IMAGES ? CBX_IMAGE_PIXELS : 1u);
    blob file = {0};
    cbx_idx again;
    blob_add_u32(&file, idx->kind == CBX_IDX_IMAGES ? CBX_IDX_IMAGES_MAGIC : CBX_IDX_LABELS_MAGIC);
    blob_add_u32(&file, idx->count);
    if (idx->kind == CBX_IDX_IMAGES) {
        blob_add_u32(&file, CBX_IMAGE_SIDE);
        blob_add_u32(&file, CBX_IMAGE_SIDE);
    }
    blob_add(&file, idx->items, bytes);
    FUZZ_REQUIRE(idx_decode(&again, "again", file.bytes, file.size, 0, idx->kind) == CBX_OK);
    FUZZ_REQUIRE(again.count == idx->count);
    FUZZ_REQUIRE(memcmp(again.items, idx->items, bytes) == 0);
    cbx_idx_free(&again);
    blob_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    cbx_idx idx;
    if (size == 0) {
        return 0;
    }
    const int gzipped = bytes[0] & 1;
    const cbx_idx_kind kind = bytes[0] & 2 ? CBX_IDX_LABELS : CBX_IDX_IMAGES;
    fuzz_begin();
    const cbx_status status = idx_decode(&idx, "fuzz", bytes + 1, size - 1, gzipped, kind);
    fuzz_require_told(status);
    FUZZ_REQUIRE((status == CBX_OK) == (idx.items != NULL));
    FUZZ_REQUIRE(idx.source == NULL);
    if (status == CBX_OK) {
        FUZZ_REQUIRE(idx.kind == kind);
        require_the_same_again(&idx);
    }
    cbx_idx_free(&idx);
    return 0;
}
