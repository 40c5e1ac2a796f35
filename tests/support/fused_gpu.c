/* SPDX-License-Identifier: MIT */
#include "support/fused_gpu.h"

#include <string.h>

#include "support/chains.h"
#include "support/test.h"
#include "support/turned.h"

/* Slots of the two batches, and one between them that nobody may use. */
enum { SLOTS = 3, PENDING_SLOT = 2, SLOT = 0 };

static void turn(const fused *f, size_t first, size_t rows, uint8_t *lists, uint8_t *levels,
                 size_t slot) {
    const size_t blocks = f->s.stride / CBX_ROW_BLOCK;
    uint8_t *images = fused_levels(f, first, rows);
    turned_make(images, rows, blocks, lists + slot * TURNED_LISTS,
                levels + slot * blocks * TURNED_BLOCK);
    free(images);
}

void fused_turn(fused *f, cl_mem *of_lists, cl_mem *of_levels) {
    const size_t list_bytes = SLOTS * TURNED_LISTS;
    const size_t bytes = SLOTS * f->s.stride / CBX_ROW_BLOCK * TURNED_BLOCK;
    uint8_t *lists, *levels;
    TEST_NEW(lists, list_bytes);
    TEST_NEW(levels, bytes);
    memset(lists, 255, list_bytes);
    memset(levels, 255, bytes);
    f->launch.pending_slot = f->pending_rows > 0 ? PENDING_SLOT : SLOT;
    f->launch.slot = f->s.rows > 0 ? SLOT : PENDING_SLOT;
    if (f->pending_rows > 0) {
        turn(f, FUSED_PENDING_FIRST, f->pending_rows, lists, levels, PENDING_SLOT);
    }
    if (f->s.rows > 0) {
        turn(f, FUSED_FIRST, f->s.rows, lists, levels, SLOT);
    }
    *of_lists = bands_input(f->b, "lists", lists, list_bytes);
    *of_levels = bands_input(f->b, "levels", levels, bytes);
    free(lists);
    free(levels);
}

cl_mem fused_slopes(const fused *f) {
    shape pending = f->s;
    pending.rows = f->pending_rows;
    float *slopes;
    TEST_NEW(slopes, f->pending_rows * f->s.hidden);
    chain_derivatives(f->recipe, f->a1, f->pending_rows * f->s.hidden, slopes);
    float *packed = pack_panels(pending, slopes, 0.0f);
    cl_mem buffer =
        bands_output(f->b, "slopes", packed, f->s.panels * f->s.stride * CBX_PANEL * sizeof(float));
    free(slopes);
    free(packed);
    return buffer;
}
