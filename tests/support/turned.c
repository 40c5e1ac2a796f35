/* SPDX-License-Identifier: MIT */
#include "support/turned.h"

#include <string.h>

static int has_ink(const uint8_t *levels, size_t rows, size_t pixel) {
    int has = 0;
    for (size_t row = 0; row < rows; row++) {
        has |= levels[row * CBX_PIXELS + pixel] != 0;
    }
    return has;
}

/* The pixels of a slab, those with ink first; returns how many have. */
static size_t list_slab(const uint8_t *levels, size_t rows, size_t slab, uint8_t *list) {
    size_t place = 0, ink = 0;
    for (int wanted = 1; wanted >= 0; wanted--) {
        for (size_t k = 0; k < CBX_SLAB; k++) {
            if (has_ink(levels, rows, slab * CBX_SLAB + k) == wanted) {
                list[place++] = (uint8_t)k;
            }
        }
        ink = wanted ? place : ink;
    }
    return ink;
}

void turned_make(const uint8_t *levels, size_t rows, size_t blocks, uint8_t *lists,
                 uint8_t *turned) {
    memset(lists, TURNED_BEHIND, TURNED_LISTS);
    memset(turned, 0, blocks * TURNED_BLOCK);
    for (size_t slab = 0; slab < CBX_SLABS; slab++) {
        uint8_t *list = lists + slab * CBX_LIST;
        list[CBX_SLAB] = (uint8_t)list_slab(levels, rows, slab, list);
        for (size_t row = 0; row < rows; row++) {
            uint8_t *block = turned + row / CBX_ROW_BLOCK * TURNED_BLOCK;
            for (size_t place = 0; place < CBX_SLAB; place++) {
                block[(slab * CBX_SLAB + place) * CBX_ROW_BLOCK + row % CBX_ROW_BLOCK] =
                    levels[row * CBX_PIXELS + slab * CBX_SLAB + list[place]];
            }
        }
    }
}
