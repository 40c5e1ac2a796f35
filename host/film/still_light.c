/* SPDX-License-Identifier: MIT */
#include "film/still_light.h"

#include <string.h>

enum {
    MARK = 8,   /* bytes of a PNG before its first chunk */
    AROUND = 12 /* bytes of a chunk beside its data: size, name, check sum */
};

/* ---- PNG ---- */

static uint32_t big_endian(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int is_of_pixels(const uint8_t *name) {
    static const char names[][5] = {"IHDR", "PLTE", "tRNS", "IDAT", "IEND"};
    int found = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        found |= memcmp(name, names[i], 4) == 0;
    }
    return found;
}

/* Packed bytes that the picture of a header may have. */
static uint64_t most_packed(const uint8_t *header) {
    static const uint8_t channels[8] = {1, 0, 3, 1, 2, 0, 4, 0}; /* by colour type */
    const uint64_t width = big_endian(header), height = big_endian(header + 4);
    const uint64_t bits = width * (uint64_t)(header[8] * channels[header[9] & 7]);
    /* Interlaced rows are shorter and more, at most twice as many in all. */
    const uint64_t rows = height * (1 + bits / 8) * 2;
    return 2 * rows + ((uint64_t)1 << 16);
}

int cbx_still_lighten_png(uint8_t *file, size_t *bytes) {
    uint64_t most = 0, packed = 0;
    size_t kept = MARK;
    for (size_t at = MARK; *bytes - at >= AROUND;) {
        const uint8_t *name = file + at + 4;
        const uint64_t data = big_endian(file + at), whole = data + AROUND;
        if (whole > *bytes - at) {
            return 0;
        }
        if (memcmp(name, "IHDR", 4) == 0 && data >= 13) {
            most = most_packed(name + 4);
        }
        packed += memcmp(name, "IDAT", 4) == 0 ? data : 0;
        const int ends = memcmp(name, "IEND", 4) == 0;
        if (is_of_pixels(name)) {
            memmove(file + kept, file + at, (size_t)whole);
            kept += (size_t)whole;
        }
        if (ends) {
            break;
        }
        at += (size_t)whole;
    }
    *bytes = kept;
    return packed <= most;
}

/* ---- JPEG ---- */

enum { START_OF_SCAN = 0xDA, END_OF_IMAGE = 0xD9, COMMENT = 0xFE, MOST_SCANS = 100 };

static int is_frame(uint8_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/* What may hold anything, other pictures too, and is passed over by its size. */
static int is_foreign(uint8_t marker) {
    return (marker & 0xF0) == 0xE0 || marker == COMMENT;
}

/* Markers as libavcodec finds them: any byte but FF and 0 behind FF is one, wherever it is. */
int cbx_still_lighten_jpeg(uint8_t *file, size_t *bytes) {
    int scans = 0, frame = 0;
    for (size_t i = 2; i + 3 < *bytes; i++) {
        const uint8_t marker = file[i] == 0xFF ? file[i + 1] : 0;
        scans += marker == START_OF_SCAN;
        frame |= is_frame(marker);
        if (marker == END_OF_IMAGE && frame) {
            break;
        }
        if (is_foreign(marker)) {
            i += 1 + ((size_t)file[i + 2] << 8) + file[i + 3];
        }
    }
    return scans <= MOST_SCANS;
}
