/* SPDX-License-Identifier: MIT */
#include "support/jpeg.h"

#include <string.h>

enum { PIXELS = 64, CATEGORIES = 12 };

/* ---- markers ---- */

static void add_byte(blob *to, int byte) {
    const uint8_t one = (uint8_t)byte;
    blob_add(to, &one, 1);
}

static void add_two(blob *to, uint32_t value) {
    add_byte(to, (int)(value >> 8));
    add_byte(to, (int)(value & 255));
}

static void begin(blob *to, int marker, size_t bytes) {
    add_byte(to, 0xff);
    add_byte(to, marker);
    add_two(to, (uint32_t)bytes + 2);
}

static void add_exif(blob *to, int orientation) {
    const uint8_t body[] = {'E', 'x',  'i',  'f', 0,
                            0,   'I',  'I',  42,  0,
                            8,   0,    0,    0,   1,
                            0,   0x12, 0x01, 3,   0,
                            1,   0,    0,    0,   (uint8_t)orientation,
                            0,   0,    0,    0,   0,
                            0,   0};
    begin(to, 0xe1, sizeof body);
    blob_add(to, body, sizeof body);
}

static void add_adobe(blob *to, int transform) {
    const uint8_t body[] = {'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, (uint8_t)transform};
    begin(to, 0xee, sizeof body);
    blob_add(to, body, sizeof body);
}

/* The sum of a block's 64 pixels, an eighth of it in JPEG's scale, is divided by 8: the level. */
static void add_quantisers(blob *to) {
    begin(to, 0xdb, 1 + PIXELS);
    add_byte(to, 0);
    add_byte(to, 8);
    for (int i = 1; i < PIXELS; i++) {
        add_byte(to, 1);
    }
}

static void add_frame(blob *to, const jpeg_wishes *wishes) {
    begin(to, 0xc0, 6 + 3 * (size_t)wishes->components);
    add_byte(to, 8);
    add_two(to, wishes->rows * 8);
    add_two(to, wishes->columns * 8);
    add_byte(to, wishes->components);
    for (int c = 0; c < wishes->components; c++) {
        add_byte(to, c + 1);
        add_byte(to, 0x11);
        add_byte(to, 0);
    }
}

/* Codes of 4 bits for the categories of a mean, and of 1 bit for "nothing else". */
static void add_codes(blob *to) {
    begin(to, 0xc4, 17 + CATEGORIES + 17 + 1);
    for (int length = 0; length <= 16; length++) { /* the first byte is the table */
        add_byte(to, length == 4 ? CATEGORIES : 0);
    }
    for (int category = 0; category < CATEGORIES; category++) {
        add_byte(to, category);
    }
    add_byte(to, 0x10);
    for (int length = 1; length <= 16; length++) {
        add_byte(to, length == 1);
    }
    add_byte(to, 0);
}

static void add_scan(blob *to, int components) {
    begin(to, 0xda, 4 + 2 * (size_t)components);
    add_byte(to, components);
    for (int c = 0; c < components; c++) {
        add_byte(to, c + 1);
        add_byte(to, 0);
    }
    add_byte(to, 0);
    add_byte(to, 63);
    add_byte(to, 0);
}

/* ---- bits ---- */

typedef struct bits {
    blob *to;
    uint32_t held;
    int count;
} bits;

static void put(bits *into, uint32_t value, int count) {
    for (int i = count - 1; i >= 0; i--) {
        into->held = into->held << 1 | (value >> i & 1);
        if (++into->count == 8) {
            add_byte(into->to, (int)into->held);
            if (into->held == 255) {
                add_byte(into->to, 0);
            }
            into->held = 0;
            into->count = 0;
        }
    }
}

static void put_difference(bits *into, int difference) {
    int category = 0;
    for (int size = abs(difference); size > 0; size >>= 1) {
        category++;
    }
    put(into, (uint32_t)category, 4);
    put(into, (uint32_t)(difference < 0 ? difference + (1 << category) - 1 : difference), category);
    put(into, 0, 1);
}

blob jpeg_file(const jpeg_wishes *wishes) {
    blob out = {0};
    bits into = {&out, 0, 0};
    int last[4] = {128, 128, 128, 128};
    add_byte(&out, 0xff);
    add_byte(&out, 0xd8);
    if (wishes->orientation > 0) {
        add_exif(&out, wishes->orientation);
    }
    if (wishes->adobe >= 0) {
        add_adobe(&out, wishes->adobe);
    }
    add_quantisers(&out);
    add_frame(&out, wishes);
    add_codes(&out);
    add_scan(&out, wishes->components);
    for (uint32_t i = 0; i < wishes->rows * wishes->columns; i++) {
        for (int c = 0; c < wishes->components; c++) {
            const int level = wishes->levels[i * (uint32_t)wishes->components + (uint32_t)c];
            put_difference(&into, level - last[c]);
            last[c] = level;
        }
    }
    put(&into, 0x7f, into.count > 0 ? 8 - into.count : 0);
    add_byte(&out, 0xff);
    add_byte(&out, 0xd9);
    return out;
}
