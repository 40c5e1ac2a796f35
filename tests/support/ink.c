/* SPDX-License-Identifier: MIT */
#include "support/ink.h"

#include <string.h>

#include "support/synthetic.h"
#include "support/test.h"

uint8_t *ink_images(uint64_t *state, size_t count) {
    uint8_t *levels;
    TEST_NEW(levels, count * CBX_PIXELS);
    for (size_t i = 0; i < count * CBX_PIXELS; i++) {
        const size_t kind = i / CBX_PIXELS % 16, k = i % CBX_PIXELS;
        const int ink = kind == 0   ? 0
                        : kind == 1 ? k == 0
                        : kind == 2 ? k == CBX_PIXELS - 1
                        : kind == 3 ? 1
                                    : synthetic_bits(state) % 5 == 0;
        levels[i] = ink ? (uint8_t)(1 + synthetic_bits(state) % 254) : 0;
    }
    return levels;
}

static size_t count_ink(const uint8_t *levels, size_t count) {
    size_t ink = 0;
    for (size_t i = 0; i < count; i++) {
        ink += levels[i] > 0;
    }
    return ink;
}

ink_lists ink_of(const uint8_t *images, size_t count) {
    ink_lists lists = {.count = count, .entries = count_ink(images, count * CBX_PIXELS)};
    size_t at = 0;
    TEST_NEW(lists.inks, count);
    TEST_NEW(lists.pixels, lists.entries + CBX_INK_SPARE);
    TEST_NEW(lists.levels, lists.entries + CBX_INK_SPARE);
    memset(lists.pixels, 0xff, (lists.entries + CBX_INK_SPARE) * sizeof *lists.pixels);
    memset(lists.levels, 0xff, lists.entries + CBX_INK_SPARE);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *image = images + i * CBX_PIXELS;
        lists.inks[i].first = (uint32_t)at;
        for (size_t slab = 0; slab <= CBX_SLABS; slab++) {
            lists.inks[i].starts[slab] = (uint16_t)count_ink(image, slab * CBX_SLAB);
        }
        for (size_t k = 0; k < CBX_PIXELS; k++) {
            if (image[k] > 0) {
                lists.pixels[at] = (uint16_t)k;
                lists.levels[at++] = image[k];
            }
        }
    }
    return lists;
}

void ink_free(ink_lists *lists) {
    free(lists->inks);
    free(lists->pixels);
    free(lists->levels);
}

void ink_turn(const uint8_t *images, const uint32_t *order, size_t rows, uint32_t *pixels,
              cbx_ink_mark *marks) {
    uint32_t at = 0;
    for (size_t k = 0; k < CBX_PIXELS; k++) {
        pixels[k] = at;
        for (size_t b = 0; b < rows; b++) {
            const uint8_t level = images[order[b] * (size_t)CBX_PIXELS + k];
            if (level > 0) {
                marks[at++] = (cbx_ink_mark){(uint32_t)b * CBX_INK_PITCH, level};
            }
        }
    }
    pixels[CBX_PIXELS] = at;
}
