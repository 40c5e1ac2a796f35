/* SPDX-License-Identifier: MIT */
/* Any bytes as an IDX file. The first one chooses the kind, and whether they count
 * as gzipped; a gzipped corpus starts with 1 or 3 before the file's own bytes. */
#include "support/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    cbx_idx idx;
    if (size == 0) {
        return 0;
    }
    int gzipped = bytes[0] & 1;
    cbx_idx_kind kind = bytes[0] & 2 ? CBX_IDX_LABELS : CBX_IDX_IMAGES;
    cbx_status status = idx_decode(&idx, "fuzz", bytes + 1, size - 1, gzipped, kind);
    if ((status == CBX_OK) != (idx.items != NULL)) {
        __builtin_trap();
    }
    cbx_idx_free(&idx);
    return 0;
}
