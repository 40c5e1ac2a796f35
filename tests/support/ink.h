/* SPDX-License-Identifier: MIT */
/* Images with little ink, and lists of ink as kernels/train/ink.cl lays them out, counted on the
 * host. */
#ifndef TEST_SUPPORT_INK_H
#define TEST_SUPPORT_INK_H

#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/* (count, 784) grey levels 0…254, for free(); the state goes on. A fifth of the pixels is ink; of
 * every 16 images from the first on, one each has none, at the first pixel alone, at the last
 * alone, everywhere. */
uint8_t *ink_images(uint64_t *state, size_t count);

/* Of `count` images; ink_free(). */
typedef struct ink_lists {
    size_t count, entries;
    cbx_ink *inks;    /* (count) */
    uint16_t *pixels; /* (entries + CBX_INK_SPARE), out of range behind the last */
    uint8_t *levels;  /* the same */
} ink_lists;

ink_lists ink_of(const uint8_t *images, size_t count);
void ink_free(ink_lists *lists);

/* What turn_ink leaves of the rows order[0 … rows): pixels [785] and as many marks as pixels[784]
 * says, of room for 784 · rows. */
void ink_turn(const uint8_t *images, const uint32_t *order, size_t rows, uint32_t *pixels,
              cbx_ink_mark *marks);

#endif
