/* SPDX-License-Identifier: MIT */
/* Batches turned round as kernels/train/turn.cl lays them out, made on the host. */
#ifndef TEST_SUPPORT_TURNED_H
#define TEST_SUPPORT_TURNED_H

#include <stddef.h>
#include <stdint.h>

#include "layout.h"

enum {
    TURNED_LISTS = CBX_SLABS * CBX_LIST,       /* bytes of a batch's lists */
    TURNED_BLOCK = CBX_PIXELS * CBX_ROW_BLOCK, /* of the levels of a block of 64 rows */
    TURNED_BEHIND = 0xa5                       /* what is behind a list and its count */
};

/* Of levels (rows, 784): lists [7][CBX_LIST], turned [blocks][7][112][64]. */
void turned_make(const uint8_t *levels, size_t rows, size_t blocks, uint8_t *lists,
                 uint8_t *turned);

#endif
